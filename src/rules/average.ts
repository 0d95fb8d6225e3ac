/** Values of a sensor averaged over some seconds before they are compared with a limit. Bounded by a count and by time. */

import type { Variable } from '../domain/metrics.ts'
import type { MonoMs } from '../domain/time.ts'
import { ruleLimits } from '../limits.ts'
import type { Best } from './vitals.ts'

type Window = {
  /** Of the source: another sensor begins anew. */
  readonly key: string
  readonly sequence: number
  readonly values: readonly { readonly value: number; readonly at: MonoMs }[]
}
export type Averages = { readonly [Name in Variable]?: Window }

/** With the value of `best` counted once; the same object when there is nothing new. A single measurement stands alone. */
export function averaged(averages: Averages, { source, sample }: Best, at: MonoMs, seconds: number): Averages {
  const { variable, key, episodic } = source
  const known = averages[variable]
  if (known?.key === key && known.sequence === sample.sequence) return averages
  const before = known?.key === key && !episodic ? known.values.filter((value) => at - value.at < seconds * 1_000) : []
  const values = [...before, { value: sample.value, at }].slice(-ruleLimits.averagedValuesMax)
  return { ...averages, [variable]: { key, sequence: sample.sequence, values } }
}

/** The mean of what was counted; the value itself where nothing was. */
export function averageOf(averages: Averages, { source, sample }: Best): number {
  const values = averages[source.variable]?.values ?? []
  return values.length === 0 ? sample.value : values.reduce((sum, { value }) => sum + value, 0) / values.length
}
