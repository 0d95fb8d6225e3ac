/** What the tests of the store are made of: folders that go away, snapshots of any kind, and a disk that obeys. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import type { AlertEvent, AlertState } from '../../src/domain/alert.ts'
import { alertId, bedId, deviceId, stayId } from '../../src/domain/ids.ts'
import { METRICS, type Metric, metricOfId } from '../../src/domain/metrics.ts'
import { type Observation, type Snapshot, correct } from '../../src/domain/observation.ts'
import { ABSENT_REASONS, type Measurement, READING_FLAGS, type ReadingFlag, absent, measured } from '../../src/domain/reading.ts'
import { type WallMs, monoMs, wallMs } from '../../src/domain/time.ts'
import type { QuarantinedFrame, StayRecord, StoredEvent, Tick } from '../../src/seams.ts'

export const START = wallMs(Date.UTC(2026, 0, 15, 2, 0, 0))

/** A folder for one test; `using` removes it. */
export function tempFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'vigil-store-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

export function metric(id: string): Metric {
  const found = metricOfId(id)
  if (!found) throw new Error(`no metric ${id}`)
  return found
}

const TWELVE: readonly (readonly [string, number])[] = [
  ['MDC_ECG_HEART_RATE', 82], ['MDC_PULS_OXIM_SAT_O2', 97], ['MDC_PULS_OXIM_PULS_RATE', 81], ['MDC_RESP_RATE', 16],
  ['MDC_PRESS_BLD_ART_ABP_SYS', 121], ['MDC_PRESS_BLD_ART_ABP_DIA', 74], ['MDC_PRESS_BLD_ART_ABP_MEAN', 90], ['MDC_TEMP_CORE', 36.8],
  ['MDC_CONC_AWAY_CO2_ET', 38], ['MDC_PRESS_BLD_VEN_CENT_MEAN', 7], ['MDC_BLD_PERF_INDEX', 2.35], ['MDC_ECG_AMPL_ST_II', 0.08],
]

type SnapshotSetting = {
  readonly device?: string
  readonly bed?: string | null
  readonly stay?: string | null
  readonly receivedAt?: number
  readonly sentAt?: number | null
  readonly deviceAt?: number | null
  readonly flags?: readonly ReadingFlag[]
  readonly values?: readonly (readonly [string, number | Measurement])[]
  readonly channel?: string
}

export function snapshot({
  device = 'monitor-1', bed = 'bed-1', stay = 'stay-1', receivedAt = START, sentAt = null, deviceAt = null, flags = [], values = TWELVE, channel = '',
}: SnapshotSetting = {}): Snapshot {
  const times = { receivedAt: wallMs(receivedAt), sentAt: sentAt === null ? null : wallMs(sentAt), deviceAt: deviceAt === null ? null : wallMs(deviceAt) }
  return {
    device: deviceId(device),
    bed: bed === null ? null : bedId(bed),
    stay: stay === null ? null : stayId(stay),
    receivedAt: times.receivedAt,
    at: monoMs(receivedAt),
    sentAt: times.sentAt,
    observations: values.map(([id, value]) => ({
      metric: metric(id),
      measurement: typeof value === 'number' ? measured(value) : value,
      channel,
      deviceAt: times.deviceAt,
      flags,
      ...correct(times),
    })),
  }
}

export const heartRate = (value: number, setting: SnapshotSetting = {}): Snapshot => snapshot({ ...setting, values: [['MDC_ECG_HEART_RATE', value]] })

export const tick = (part: Partial<Tick> = {}): Tick => ({ snapshots: [], events: [], stays: [], quarantined: [], messages: [], ...part })

export function phase(id: string, state: AlertState, at: WallMs = START, part: Partial<Extract<AlertEvent, { kind: 'phase' }>> = {}): StoredEvent {
  return {
    at,
    kind: 'alert',
    event: {
      kind: 'phase', alertId: alertId(id), at, phase: state === 'inactive' ? 'end' : 'start', state, priority: 'medium', type: 'physiological',
      condition: 'threshold/spo2-low', text: 'SpO₂ 84 % below 90', bed: bedId('bed-1'), stay: stayId('stay-1'), device: deviceId('monitor-1'),
      because: {
        rule: 'threshold', version: '1', inputs: [{ name: 'SpO₂', value: 84, unit: '%', at }], limit: { text: '90 %', setBy: 'profile adult' }, missing: [],
      },
      ...part,
    },
  }
}

export const acknowledged = (id: string, by: string, at: WallMs = START): StoredEvent => ({
  at, kind: 'alert', event: { kind: 'acknowledged', alertId: alertId(id), at, by },
})

export const gatewayEvent = (what: string): StoredEvent => ({ at: START, kind: 'gateway', what, subject: { bed: null, stay: null, device: null } })

export const stay = (id: string, part: Partial<StayRecord> = {}): StayRecord => ({
  id: stayId(id), bed: bedId('bed-1'), identity: { mrn: '4711', name: 'Meyer^Anna' }, openedAt: START, closedAt: null,
  context: { population: 'adult', spo2Scale: 1, onOxygen: null, consciousness: null, infectionSuspected: false },
  ...part,
})

export const frame = (why: string, part: Partial<QuarantinedFrame> = {}): QuarantinedFrame => ({
  at: START, device: deviceId('monitor-1'), peer: '10.0.0.5:40122', why, bytes: new Uint8Array([77, 83, 72]), ...part,
})

// ── Anything that may be ─────────────────────────────────────────────────────────────────────────────────────────────

/** Whole and fractional times, near one another and far apart. */
const anyTime = fc
  .oneof(fc.integer({ min: START - 100_000, max: START + 100_000 }), fc.double({ min: -8e15, max: 8e15, noNaN: true }))
  .map((ms) => wallMs(ms + 0))
const anyValue = fc.oneof(
  fc.integer({ min: -3_000, max: 3_000 }),
  fc.integer({ min: -9_000_000, max: 9_000_000 }),
  fc.tuple(fc.integer({ min: -99_999, max: 99_999 }), fc.constantFrom(1, 2, 3, 7)).map(([mantissa, decimals]) => mantissa / 10 ** decimals),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)
const anyMeasurement: fc.Arbitrary<Measurement> = fc.oneof(anyValue.map(measured), fc.constantFrom(...ABSENT_REASONS).map(absent))

const anyObservation = (times: { readonly receivedAt: WallMs; readonly sentAt: WallMs | null }): fc.Arbitrary<Observation> =>
  fc.record({
    metric: fc.constantFrom(...METRICS),
    measurement: anyMeasurement,
    channel: fc.oneof(fc.constant(''), fc.string({ maxLength: 12 })),
    deviceAt: fc.option(fc.oneof(fc.constant(times.receivedAt), anyTime)),
    flags: fc.subarray([...READING_FLAGS]),
    strange: fc.option(fc.record({ correctedAt: anyTime, boundMs: fc.double({ noNaN: true }) }), { freq: 4 }),
  }).map(({ strange, ...reading }) => ({ ...reading, ...(strange ?? correct({ ...times, deviceAt: reading.deviceAt })) }))

export const anySnapshot: fc.Arbitrary<Snapshot> = fc
  .record({
    device: fc.constantFrom('monitor-1', 'monitor-2').map(deviceId),
    bed: fc.option(fc.constantFrom('bed-1', 'bed-2').map(bedId)),
    stay: fc.option(fc.constantFrom('stay-1', 'stay-2').map(stayId)),
    receivedAt: anyTime,
    sentAt: fc.option(anyTime),
  })
  .chain((head) => fc.array(anyObservation(head), { maxLength: 15 }).map((observations) => ({ ...head, at: monoMs(head.receivedAt), observations })))
