/** A ward whose stays end, in a real vigil.db beside a real sync.db; and all that is random drawn from a seed. */

import { createHash, createHmac } from 'node:crypto'
import { surrogate } from '../../src/domain/batch.ts'
import { bedId, deviceId } from '../../src/domain/ids.ts'
import { type WallMs, wallMs } from '../../src/domain/time.ts'
import type { StayRecord } from '../../src/seams.ts'
import { type StoreReader, openLogReader } from '../../src/store/log-reader.ts'
import { type Ledger, openSyncLedger } from '../../src/store/sync-ledger.ts'
import { openStayReader } from '../../src/store/sync-stays.ts'
import type { Cutter, CutterParts } from '../../src/sync/cutter.ts'
import { type Pump, type PumpParts, createPump } from '../../src/sync/pump.ts'
import { createReleaseCutter } from '../../src/sync/release-cutter.ts'
import type { ReleaseSettings } from '../../src/sync/release-stays.ts'
import { START, heartRate, phase, snapshot, stay, tick } from '../store/fixture.ts'
import { writing } from '../store/writing.ts'
import { START as CLOCK_START, type FakeCentral, type FakeClock, NEVER, fakeCentral, fakeClock } from './fakes.ts'

export const HOUR_MS = 3_600_000
export const SINK = 'https-batch'
export { START } from '../store/fixture.ts'

export const SETTINGS: ReleaseSettings = {
  method: 'safe-harbor', delayFromMs: HOUR_MS, delayToMs: 25 * HOUR_MS, staysMin: 1, gatherMs: 0, fields: [], values: {},
}

/** The same numbers for the same seed, and no pattern in them. */
export function seeded(seed: number): { readonly random: () => number; readonly mint: () => ReturnType<typeof surrogate> } {
  let drawn = 0
  const next = (): Buffer => createHash('sha256').update(`${seed}/${drawn++}`).digest()
  return { random: () => next().readUIntBE(0, 6) / 2 ** 48, mint: () => surrogate(next().toString('hex').slice(0, 32)) }
}

/** One stay as a test says it: minutes from START. */
export type Lain = { readonly id: string; readonly from: number; readonly to: number | null; readonly bed?: string; readonly device?: string; readonly mrn?: string }

const at = (minute: number): WallMs => wallMs(START + minute * 60_000)
export const recordOf = ({ id, from, to, bed = 'bed-1', mrn = `MRN-${id}` }: Lain): StayRecord =>
  stay(id, { bed: bedId(bed), openedAt: at(from), closedAt: to === null ? null : at(to), identity: { mrn, name: `Doe^${id}` } })

/** A value each minute, an alert, and the watch ledger at the beginning. */
export function write(folder: string, stays: readonly Lain[], values: readonly Lain[] = stays): void {
  using open = writing(folder)
  open.write(tick({ stays: stays.map(recordOf) }))
  for (const { id, from, to, bed = 'bed-1', device = 'monitor-1' } of values) {
    const minutes = Array.from({ length: (to ?? from + 10) - from }, (_, minute) => from + minute)
    const where = { stay: id, bed, device }
    open.write(tick({
      snapshots: minutes.flatMap((minute) => [heartRate(60 + (minute % 60), { ...where, receivedAt: at(minute) + 500 }), snapshot({ ...where, receivedAt: at(minute) + 20_250 })]),
      events: [
        phase(`alert-${id}`, 'active', at(from + 1), { stay: recordOf({ id, from, to }).id, bed: bedId(bed), device: deviceId(device) }),
        { at: at(from), kind: 'watch', changes: [{ bed: bedId(bed), stay: recordOf({ id, from, to }).id, rule: 'score', from: at(from), state: 'armed' }], subject: { bed: bedId(bed), stay: recordOf({ id, from, to }).id, device: null } },
      ],
    }))
  }
}

export type ReleaseWard = {
  readonly ledger: Ledger
  readonly log: StoreReader
  readonly pump: Pump
  readonly clock: FakeClock
  readonly central: FakeCentral
  readonly advanced: number[]
  close(): void
}

type Options = { readonly settings?: Partial<ReleaseSettings>; readonly seed?: number; readonly central?: FakeCentral; readonly over?: Partial<PumpParts>; readonly released?: (again: readonly string[]) => void }

/** Opened anew on the same folder, it is as after a restart. */
export function openWard(folder: string, clock: FakeClock, { settings = {}, seed = 1, central = fakeCentral(), over = {}, released = () => undefined }: Options = {}): ReleaseWard {
  const log = openLogReader(folder)
  const ledger = openSyncLedger(folder)
  const reader = openStayReader(folder)
  const { random, mint } = seeded(seed)
  const advanced: number[] = []
  const cutterOf = (parts: CutterParts): Cutter => createReleaseCutter({
    ...parts, ledger, releases: ledger.releases, reader, settings: { ...SETTINGS, ...settings }, random, mint, released,
    hmac: (key, text) => createHmac('sha256', key).update(text).digest(),
  })
  const pump = createPump({
    gatewayId: 'gw', organizationId: 'org', ledger, log, clock, sink: central.sink, random: () => 0.5, identifiers: () => [], lane: 'release', cutterOf,
    onAdvanced: (seq) => void advanced.push(seq), ...over,
  })
  return {
    ledger, log, pump, clock, central, advanced,
    close() {
      ledger.close()
      log.close()
      reader.close()
    },
  }
}

/** Shows START. */
export function wardClock(): FakeClock {
  const clock = fakeClock()
  clock.now = START - CLOCK_START
  return clock
}

/** Looks and sends until a minute of the ward, counted from START. */
export async function runUntil({ pump, clock }: Pick<ReleaseWard, 'pump' | 'clock'>, minute: number, stepMs = 300_000): Promise<void> {
  const untilMs = START - CLOCK_START + minute * 60_000
  for (let steps = 0; steps < 100_000; steps++) {
    const next = await pump.step(NEVER)
    if (next.kind === 'done') continue
    if (clock.now >= untilMs) return
    clock.now += next.kind === 'wait' ? Math.max(1, next.ms) : stepMs
  }
  throw new Error('the pump does not come to an end')
}
