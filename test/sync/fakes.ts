/** Stand-ins for what is outside: a log, a clock, a central. */

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AlertEvent } from '../../src/domain/alert.ts'
import { alertId, bedId, deviceId, stayId } from '../../src/domain/ids.ts'
import { metricOfId } from '../../src/domain/metrics.ts'
import { type MedicationGiven, type ReadingFlag, absent, measured } from '../../src/domain/reading.ts'
import { monoMs, wallMs } from '../../src/domain/time.ts'
import type { Clock, LogReader, LoggedRow, Sink, SinkAnswer, SinkBatch } from '../../src/seams.ts'

export const START = wallMs(Date.UTC(2026, 0, 5, 10, 0, 0))
export const EPOCH = 'e1'

export type Value = { readonly metric?: string; readonly value: number | null; readonly at?: number; readonly channel?: string; readonly flags?: readonly ReadingFlag[] }

export function snapshotRow(
  seq: number,
  values: readonly Value[],
  { device = 'monitor-1', bed = 'bed-1', stay = 'stay-1' as string | null, at = START + seq * 1_000 }: { device?: string; bed?: string | null; stay?: string | null; at?: number } = {},
): LoggedRow {
  return {
    kind: 'snapshot',
    seq,
    snapshot: {
      device: deviceId(device),
      bed: bed === null ? null : bedId(bed),
      stay: stay === null ? null : stayId(stay),
      receivedAt: wallMs(at),
      at: monoMs(at),
      sentAt: null,
      observations: values.map((value) => {
        const metric = metricOfId(value.metric ?? 'MDC_ECG_HEART_RATE')
        if (!metric) throw new Error(`no metric ${value.metric}`)
        return {
          metric,
          measurement: value.value === null ? absent('lead-off') : measured(value.value),
          channel: value.channel ?? '',
          deviceAt: null,
          flags: value.flags ?? [],
          correctedAt: wallMs(value.at ?? at),
          boundMs: 1_000,
        }
      }),
    },
  }
}

export type PhaseEvent = AlertEvent & { readonly kind: 'phase' }

export const phaseEvent = (over: Partial<PhaseEvent> = {}): PhaseEvent => ({
  kind: 'phase',
  alertId: alertId('alert-1'),
  at: START,
  phase: 'start',
  state: 'active',
  priority: 'medium',
  type: 'physiological',
  condition: 'threshold/spo2-low',
  text: 'SpO₂ 84 % below 90',
  bed: bedId('bed-1'),
  stay: stayId('stay-1'),
  device: deviceId('monitor-1'),
  because: {
    rule: 'threshold',
    version: '1',
    inputs: [{ name: 'SpO₂', value: 84, unit: '%', at: wallMs(START - 2_000) }],
    limit: { text: 'SpO₂ low 90 %; high below 85, after 10 s', setBy: 'nurse-anna' },
    missing: [],
  },
  ...over,
})

export const alertRow = (seq: number, event: AlertEvent): LoggedRow => ({ kind: 'event', seq, stored: { at: event.at, kind: 'alert', event } })

export const gatewayRow = (seq: number): LoggedRow => ({
  kind: 'event', seq, stored: { at: START, kind: 'gateway', what: 'started', subject: { bed: null, stay: null, device: null } },
})

export const givenRow = (seq: number, over: Partial<MedicationGiven> = {}, stay: string | null = 'stay-1'): LoggedRow => ({
  kind: 'event', seq,
  stored: {
    at: START, kind: 'given', subject: { bed: bedId('bed-1'), stay: stay === null ? null : stayId(stay), device: null },
    given: {
      id: 'order-4711', code: 'C01CA03', system: 'ATC', name: 'Norepinephrine for Jane', dose: { amount: 4, unit: 'mg', per: 'h' }, route: 'IV', from: wallMs(START - 60_000), until: null, status: 'complete',
      action: 'added', flags: [], ...over,
    },
  },
})

export type FakeLog = LogReader & { readonly rows: LoggedRow[]; reads: number }

export function fakeLog(rows: LoggedRow[] = [], epoch = EPOCH): FakeLog {
  const log: FakeLog = {
    rows,
    reads: 0,
    epoch,
    epochs: [{ epoch, firstSeq: 1, why: 'created' }],
    lastSeq: () => rows.at(-1)?.seq ?? 0,
    read(afterSeq, rowsMax) {
      log.reads++
      const start = rows.findIndex((row) => row.seq > afterSeq)
      return start === -1 ? [] : rows.slice(start, start + rowsMax)
    },
    readAlerts: (afterSeq, lastSeq, rowsMax) =>
      rows.filter((row) => row.seq > afterSeq && row.seq <= lastSeq && row.kind === 'event' && row.stored.kind === 'alert').slice(0, rowsMax),
    close() {},
  }
  return log
}

/** Of a row: `isMeant` values belong to `stay`, the others stay where they are; as the store writes it anew. */
export function reissue(log: FakeLog, seq: number, stay: string | null, isMeant: (at: number) => boolean = () => true): void {
  const place = log.rows.findIndex((row) => row.seq === seq)
  const row = log.rows[place]
  if (row?.kind !== 'snapshot' || row.isSuperseded === true) return
  const parts = [{ stay: stay === null ? null : stayId(stay), is: true }, { stay: row.snapshot.stay, is: false }].map((part) => ({
    stay: part.stay, observations: row.snapshot.observations.filter(({ correctedAt }) => isMeant(correctedAt) === part.is),
  }))
  if (parts[0]?.observations.length === 0) return
  log.rows[place] = { ...row, isSuperseded: true }
  for (const part of parts) {
    if (part.observations.length === 0) continue
    log.rows.push({ kind: 'snapshot', seq: log.lastSeq() + 1, snapshot: { ...row.snapshot, ...part }, supersedes: seq, revision: (row.revision ?? 0) + 1 })
  }
}

export type FakeClock = Clock & { now: number; readonly slept: number[] }

/** Sleeping moves it. */
export function fakeClock(): FakeClock {
  const clock: FakeClock = {
    now: 0,
    slept: [],
    wall: () => wallMs(START + clock.now),
    mono: () => monoMs(clock.now),
    async sleep(ms) {
      clock.slept.push(ms)
      clock.now += ms
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
  return clock
}

export type ReceivedEvent = {
  readonly streamId: string
  readonly eventType: string
  readonly partitionKey: string
  readonly key: string
  readonly revision: number
  readonly data: Readonly<Record<string, unknown>> & { readonly metric?: string; readonly v?: readonly (number | null)[]; readonly t?: readonly number[]; readonly q?: readonly number[] }
  readonly timestamp: string
}
export type ReceivedBody = { readonly batchId: string; readonly events: readonly ReceivedEvent[]; readonly metadata: Readonly<Record<string, string | number>> }

export const bodyOf = (bytes: Uint8Array): ReceivedBody => JSON.parse(new TextDecoder().decode(bytes)) as ReceivedBody

/** What the fake central does with the next batch. `lost`: takes it, and the answer does not arrive. */
export type Plan = 'accept' | 'duplicate-answer' | 'lost' | 'unavailable' | 'too-large' | 'pause' | 'dead' | 'reject-first' | 'later'

export class Crash extends Error {}

export type FakeCentral = {
  readonly sink: Sink
  /** Every call, as the bytes came. */
  readonly calls: SinkBatch[]
  /** What it holds: the first event of each key, in the order of arrival. */
  readonly held: Map<string, ReceivedEvent>
  plan: () => Plan
}

/** Drops repeats by event key, as central must. */
export function fakeCentral(plan: () => Plan = () => 'accept', eventsMax = Number.POSITIVE_INFINITY): FakeCentral {
  const batches = new Set<string>()
  const central: FakeCentral = {
    calls: [],
    held: new Map(),
    plan,
    sink: {
      id: 'https-batch',
      async send(batch) {
        central.calls.push(batch)
        return answer(batch)
      },
    },
  }
  const take = (batch: SinkBatch, events: readonly ReceivedEvent[]): void => {
    batches.add(batch.batchId)
    for (const event of events) if (!central.held.has(event.key)) central.held.set(event.key, event)
  }
  function answer(batch: SinkBatch): SinkAnswer {
    const { events } = bodyOf(batch.body)
    const next = central.plan()
    if (events.length > eventsMax) return { kind: 'refused', how: 'split', why: 'too many' }
    switch (next) {
      case 'accept': {
        const known = batches.has(batch.batchId)
        take(batch, events)
        return known ? { kind: 'duplicate' } : { kind: 'accepted' }
      }
      case 'duplicate-answer':
        take(batch, events)
        return { kind: 'duplicate' }
      case 'lost':
        take(batch, events)
        return { kind: 'retry', why: 'no answer', afterMs: null }
      case 'unavailable':
        return { kind: 'retry', why: '503', afterMs: null }
      case 'later':
        return { kind: 'retry', why: '429', afterMs: 5_000 }
      case 'too-large':
        return { kind: 'refused', how: 'split', why: '413' }
      case 'pause':
        return { kind: 'refused', how: 'pause', why: '401' }
      case 'dead':
        return { kind: 'refused', how: 'dead', why: 'ANALYTICS_003' }
      case 'reject-first':
        take(batch, events.slice(1))
        return { kind: 'partly', rejected: [{ index: 0, code: 'ANALYTICS_003', detail: 'out of range' }] }
    }
  }
  return central
}

/** A folder that is gone afterwards. */
export function scratch(): { readonly folder: string; [Symbol.dispose](): void } {
  // In memory where there is such a place: these tests are about order and loss, and a shared disk syncs slowly.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'vigil-sync-'))
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}

export const NEVER = new AbortController().signal
