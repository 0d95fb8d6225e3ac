/**
 * Weeks of a ward of 20 beds. The first hours and the last are written by the product's own store, with stays, alerts and
 * messages; the weeks between are those hours again, later, with the checksums that the store would have given them.
 */

import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { AlertEvent } from '../../src/domain/alert.ts'
import { alertId, bedId, deviceId, stayId } from '../../src/domain/ids.ts'
import { METRICS } from '../../src/domain/metrics.ts'
import type { Snapshot } from '../../src/domain/observation.ts'
import { measured } from '../../src/domain/reading.ts'
import { type WallMs, monoMs, wallMs } from '../../src/domain/time.ts'
import { REAL_TIME, realClock } from '../../src/ops/clock.ts'
import type { MessageIdentity, StayRecord, StoredEvent, Tick } from '../../src/seams.ts'
import { snapshotCrc } from '../../src/store/crc.ts'
import { openStore } from '../../src/store/store.ts'

export const HISTORY_BEDS = 20
const VALUES = 12
const SECONDS_PER_TICK = 30
const TICKS_ON_THEIR_WAY = 8
const STAY_SECONDS = 3 * 86_400
/** One alert of a bed begins and ends so often. */
const ALERT_SECONDS = 600
/** A snapshot with its share of the index. */
const ROW_BYTES = 116
/** Whole minutes, for that is what marks count. */
const HEAD_SECONDS = 7_200
const TAIL_SECONDS = 1_800
/** Ids that the store remembers of a device, and a few more. */
const MESSAGES_SECONDS = 300
const SAY_EVERY_MS = 20_000

export type Span = { readonly fromMs: number; readonly seconds: number }

type Say = (line: string) => void

/** A history of about `bytes` that ends at `endMs`, in a folder that is made where there is none. */
export async function writeLongHistory(folder: string, { bytes, endMs, say }: { readonly bytes: number; readonly endMs: number; readonly say: Say }): Promise<void> {
  const copies = Math.max(0, Math.round(bytes / ROW_BYTES / HISTORY_BEDS / HEAD_SECONDS) - 1)
  const fromMs = endMs - (TAIL_SECONDS + (copies + 1) * HEAD_SECONDS) * 1_000
  await writeHistory(folder, { fromMs, seconds: HEAD_SECONDS })
  repeat(folder, copies, say)
  await writeHistory(folder, { fromMs: endMs - TAIL_SECONDS * 1_000, seconds: TAIL_SECONDS })
}

/** Appends a second-by-second history to the store in `folder`, and closes it cleanly. */
export async function writeHistory(folder: string, { fromMs, seconds }: Span): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const opened = await openStore({ folder, kind: 'real', gatewayId: 'bench', clock: realClock(REAL_TIME) })
  if (opened.kind === 'refused') throw new Error(opened.why)
  const waiting: Promise<void>[] = []
  for (let second = 0; second < seconds; second += SECONDS_PER_TICK) {
    const count = Math.min(SECONDS_PER_TICK, seconds - second)
    waiting.push(commit(opened.store, tickOf(fromMs, { second, count, isLast: second + MESSAGES_SECONDS >= seconds })))
    if (waiting.length >= TICKS_ON_THEIR_WAY) await waiting.shift()
  }
  await Promise.all(waiting)
  await opened.store.close()
}

/** All snapshots and marks again, so many times, each time later by the hours of the head. */
function repeat(folder: string, copies: number, say: Say): void {
  const file = join(folder, 'vigil.db')
  const db = new Database(file)
  // Nobody's data: a machine that stops here begins anew.
  for (const pragma of ['journal_mode = OFF', 'synchronous = OFF', 'locking_mode = EXCLUSIVE', 'cache_size = -200000']) db.pragma(pragma)
  db.function('snapshot_crc', { deterministic: true }, (seq: number, stream: number, receivedAt: number, sentAt: number | null, readings: Uint8Array) => snapshotCrc({ seq, stream, receivedAt, sentAt, readings }))
  const last = Number(db.prepare('SELECT max(seq) FROM snapshot').pluck().get())
  const addSnapshots = db.prepare<Shift>(`
    INSERT INTO snapshot (seq, stream, received_at, sent_at, readings, crc)
    SELECT seq + @by, stream, received_at + @laterMs, sent_at + @laterMs, readings, snapshot_crc(seq + @by, stream, received_at + @laterMs, sent_at + @laterMs, readings)
    FROM snapshot WHERE seq <= @last`)
  const addMarks = db.prepare<Shift>('INSERT INTO mark (minute, seq) SELECT minute + @laterMs / 60000, seq + @by FROM mark WHERE seq <= @last')
  const started = performance.now()
  let said = started
  for (let copy = 1; copy <= copies; copy++) {
    const shift = { by: copy * last, laterMs: copy * HEAD_SECONDS * 1_000, last }
    addSnapshots.run(shift)
    addMarks.run(shift)
    if (performance.now() - said < SAY_EVERY_MS) continue
    said = performance.now()
    say(`${(statSync(file).size / 1e9).toFixed(1)} GB of history after ${((said - started) / 1_000).toFixed(0)} s`)
  }
  db.pragma('journal_mode = WAL')
  db.close()
}

type Shift = { readonly by: number; readonly laterMs: number; readonly last: number }

async function commit(store: { readonly commit: (tick: Tick) => Promise<{ readonly kind: string; readonly why?: string }> }, tick: Tick): Promise<void> {
  const result = await store.commit(tick)
  if (result.kind !== 'durable') throw new Error(result.why)
}

type Part = { readonly second: number; readonly count: number; readonly isLast: boolean }

function tickOf(fromMs: number, { second, count, isLast }: Part): Tick {
  const snapshots: Snapshot[] = []
  const events: StoredEvent[] = []
  const stays: StayRecord[] = []
  const messages: MessageIdentity[] = []
  for (let at = second; at < second + count; at++) {
    for (let bed = 0; bed < HISTORY_BEDS; bed++) {
      // Beds change hands and alarm one after the other, not all at once.
      const own = at + bed * 97
      const wall = wallMs(fromMs + at * 1_000 + bed * 50)
      if (at === 0 || own % STAY_SECONDS === 0) stays.push(...stayChange(bed, own, wall))
      if (own % ALERT_SECONDS < 2) events.push({ at: wall, kind: 'alert', event: alertEvent(bed, own, wall) })
      snapshots.push(snapshotOf(bed, own, wall))
      if (isLast) messages.push({ device: deviceId(`MON-${bed + 1}`), slot: at % 256, id: String(at).padStart(9, '0'), hash: (at * 2_654_435_761) | 0 })
    }
  }
  return { snapshots, events, stays, messages, quarantined: [] }
}

const stayOf = (bed: number, own: number): ReturnType<typeof stayId> => stayId(`stay-${bed + 1}-${Math.floor(own / STAY_SECONDS)}`)

function stayChange(bed: number, own: number, at: WallMs): StayRecord[] {
  const record = (index: number, openedAt: WallMs, closedAt: WallMs | null): StayRecord => ({
    id: stayOf(bed, index),
    bed: bedId(`bed-${bed + 1}`),
    identity: { mrn: String(10_000 + bed), name: 'Example, Ada' },
    openedAt,
    closedAt,
    context: { population: 'adult', spo2Scale: 1, onOxygen: null, consciousness: null, infectionSuspected: false },
  })
  const before = own - STAY_SECONDS
  return [...(own % STAY_SECONDS === 0 && before >= 0 ? [record(before, wallMs(at - STAY_SECONDS * 1_000), at)] : []), record(own, at, null)]
}

function alertEvent(bed: number, own: number, at: WallMs): AlertEvent {
  const isStart = own % ALERT_SECONDS === 0
  return {
    kind: 'phase',
    alertId: alertId(`alert-${bed + 1}-${Math.floor(own / ALERT_SECONDS)}`),
    at,
    phase: isStart ? 'start' : 'end',
    state: isStart ? 'active' : 'inactive',
    priority: 'medium',
    type: 'physiological',
    condition: 'threshold/spo2-low',
    text: 'SpO₂ 84 % below 90',
    because: { rule: 'threshold', version: '1', inputs: [{ name: 'SpO₂', value: 84, unit: '%', at }], limit: { text: 'below 90 %', setBy: 'adult profile' }, missing: [] },
    bed: bedId(`bed-${bed + 1}`),
    stay: stayOf(bed, own),
    device: deviceId(`MON-${bed + 1}`),
  }
}

const SERIES = METRICS.slice(0, VALUES).map((metric, place) => ({ metric, channel: `1.${place}`, middle: metric.scored.low + (metric.scored.high - metric.scored.low) / 2 }))

function snapshotOf(bed: number, own: number, at: WallMs): Snapshot {
  const sentAt = wallMs(at - 40)
  return {
    device: deviceId(`MON-${bed + 1}`),
    bed: bedId(`bed-${bed + 1}`),
    stay: stayOf(bed, own),
    receivedAt: at,
    at: monoMs(0),
    sentAt,
    observations: SERIES.map(({ metric, channel, middle }, place) => ({ metric, measurement: measured(Math.round(middle) + ((own + place) % 7)), channel, deviceAt: sentAt, flags: [], correctedAt: at, boundMs: 1_000 })),
  }
}
