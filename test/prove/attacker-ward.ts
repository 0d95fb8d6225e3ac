/** Months of several wards, and all that central ever sees of them: each call with its bytes and the moment when it came. */

import { crc32 } from 'node:zlib'
import { bedId, deviceId, stayId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import type { Sink } from '../../src/seams.ts'
import { createCutter } from '../../src/sync/cutter.ts'
import { START, heartRate, metric, phase, stay, tick } from '../store/fixture.ts'
import { writing } from '../store/writing.ts'
import { START as CLOCK_START, NEVER } from '../sync/fakes.ts'
import { HOUR_MS, openWard, wardClock } from '../sync/release-ward.ts'
import { randomOf } from './prove.ts'

export type TrueStay = { readonly ward: number; readonly device: string; readonly openedAt: number; readonly closedAt: number }
export type Call = { readonly at: number; readonly body: Uint8Array }
export type Seen = { readonly calls: readonly Call[]; readonly truth: ReadonlyMap<number, TrueStay> }

export type Months = { readonly seed: number; readonly wards: number; readonly beds: number; readonly days: number; readonly lane: 'release' | 'live'; readonly folderOf: () => string }

const DAY_MS = 86_400_000
/** So much apart are values: five in an hour, at a second that the monitor keeps. */
const BEAT_MS = 12 * 60_000
/** Far less often than a gateway looks, for the sake of the trial's own time. */
const LOOK_MS = 8 * HOUR_MS
/** A volume that no rule looks at: the number of the stay, by which the judge knows whose a row is. No attacker looks at it. */
export const NUMBER = 'MDC_VOL_AWAY_TIDAL'
export const DELAY_HOURS = { from: 24, to: 168 } as const

/** Each ward has a gateway, a database and a clock of its own. */
export async function seenBy(months: Months): Promise<Seen> {
  const calls: Call[] = []
  const truth = new Map<number, TrueStay>()
  for (let ward = 0; ward < months.wards; ward++) await liveThrough(ward, months, { calls, truth })
  return { calls: calls.toSorted((a, b) => a.at - b.at), truth }
}

async function liveThrough(ward: number, { seed, beds, days, lane, wards, folderOf }: Months, { calls, truth }: { readonly calls: Call[]; readonly truth: Map<number, TrueStay> }): Promise<void> {
  const random = randomOf(seed * 31 + ward)
  const folder = folderOf()
  const stays = Array.from({ length: beds }, (_, bed) => staysOf(ward, { bed, days, random })).flat().toSorted((a, b) => a.openedAt - b.openedAt)
  stays.forEach((one, place) => truth.set(place * wards + ward + 1, one))
  write(folder, stays.map((one, place) => ({ ...one, number: place * wards + ward + 1 })))
  const clock = wardClock()
  const sink: Sink = {
    id: 'https-batch',
    send(batch) {
      calls.push({ at: clock.wall(), body: batch.body })
      return Promise.resolve({ kind: 'accepted' })
    },
  }
  const over = { sink, gatewayId: `gateway-${ward}`, organizationId: 'hospital', ...(lane === 'live' ? { lane, cutterOf: createCutter } : {}) }
  const settings = { delayFromMs: DELAY_HOURS.from * HOUR_MS, delayToMs: DELAY_HOURS.to * HOUR_MS, staysMin: 5, gatherMs: 72 * HOUR_MS }
  const open = openWard(folder, clock, { seed: seed * 1_009 + ward, settings, over })
  const end = START - CLOCK_START + (days + 14) * DAY_MS
  for (;;) {
    const next = await open.pump.step(NEVER)
    if (next.kind === 'done') continue
    if (clock.now >= end || (lane === 'live' && next.kind === 'idle')) break
    // Commits wake it at moments of their own, so it keeps no second of the minute.
    clock.now += next.kind === 'idle' ? LOOK_MS + random.int(LOOK_MS) : Math.max(1, next.ms)
  }
  open.close()
}

/** One patient after the other, of hours to two days, with a few days between. */
function staysOf(ward: number, { bed, days, random }: { readonly bed: number; readonly days: number; readonly random: ReturnType<typeof randomOf> }): readonly TrueStay[] {
  const stays: TrueStay[] = []
  let at = START + random.int(4 * DAY_MS)
  while (at < START + days * DAY_MS) {
    const closedAt = at + (3 + random.int(28)) * HOUR_MS + random.int(HOUR_MS)
    stays.push({ ward, device: `monitor-${ward}-${bed}`, openedAt: at, closedAt })
    at = closedAt + HOUR_MS + random.int(4 * DAY_MS)
  }
  return stays
}

/** Hearts are slower at night. */
const rhythm = (at: number): number => Math.round(80 - 12 * Math.cos(((at % DAY_MS) / DAY_MS) * 2 * Math.PI))

function write(folder: string, stays: readonly (TrueStay & { readonly number: number })[]): void {
  using open = writing(folder, undefined, { gatewayId: 'gw' })
  for (const { number, device, openedAt, closedAt } of stays) {
    const id = `stay-${number}`
    const bed = `bed-${device}`
    const phaseMs = crc32(device) % BEAT_MS
    const first = Math.ceil((openedAt - phaseMs) / BEAT_MS) * BEAT_MS + phaseMs
    const times = Array.from({ length: Math.floor((closedAt - first) / BEAT_MS) }, (_, beat) => first + beat * BEAT_MS)
    const where = { stay: id, bed, device }
    open.write(tick({ stays: [stay(id, { bed: bedId(bed), openedAt: wallMs(openedAt), closedAt: wallMs(closedAt), identity: { mrn: `MRN-${number}`, name: null } })] }))
    open.write(tick({
      snapshots: times.map((receivedAt) => ({
        ...heartRate(rhythm(receivedAt) + (number % 7), { ...where, receivedAt }),
        observations: [...heartRate(rhythm(receivedAt) + (number % 7), { ...where, receivedAt }).observations, ...heartRate(number, { ...where, receivedAt }).observations.map((one) => ({ ...one, metric: numberMetric }))],
      })),
      events: [phase(`alert-${number}`, 'active', wallMs(openedAt + HOUR_MS), { stay: stayId(id), bed: bedId(bed), device: deviceId(device) })],
    }))
  }
}

const numberMetric = metric(NUMBER)
