/** What the sensors of a stay say at one instant, as far as it may be scored: where a nurse's set of vital signs begins. */

import { OBSERVED_NAMES, type ObservedName } from '../domain/confirmed.ts'
import type { DeviceId } from '../domain/ids.ts'
import type { Variable } from '../domain/metrics.ts'
import type { MonoMs, WallMs } from '../domain/time.ts'
import { roundHalfUp } from './rounding.ts'
import { bestSource, SCORED } from './vitals.ts'
import type { Seen } from './watcher.ts'

export type Frozen = {
  readonly name: ObservedName
  readonly label: string
  readonly device: DeviceId
  /** As it is printed: what is confirmed is what was read. */
  readonly value: number
  readonly at: WallMs
  readonly isDoubtful: boolean
  readonly isTimeUncertain: boolean
}

const VARIABLE_OF: Readonly<Record<ObservedName, Variable>> = { rr: 'rr', spo2: 'spo2', sbp: 'sbp', pulse: 'hr', temperature: 'temperature' }

/** The last value of the best source of each; those of which nothing is known, or nothing that is young enough, are not among them. */
export const freeze = ({ vitals }: Pick<Seen, 'vitals'>, at: MonoMs): readonly Frozen[] =>
  OBSERVED_NAMES.flatMap((name) => {
    const best = bestSource({ vitals, at }, VARIABLE_OF[name], SCORED)
    if (best === null) return []
    const { source: { label, device, decimals }, sample: { value, wall, doubtful, timeUncertain } } = best
    return [{ name, label, device, value: roundHalfUp(value, decimals), at: wall, isDoubtful: doubtful, isTimeUncertain: timeUncertain }]
  })
