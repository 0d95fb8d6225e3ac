/**
 * The last five minutes of each signal, sampled: what a score of continuous values rests on. One noisy value, or a minute of
 * them, does not move a median.
 */

import type { Variable } from '../domain/metrics.ts'
import type { MonoMs } from '../domain/time.ts'
import { ruleLimits } from '../limits.ts'
import { type Best, bestSource, type Look, SCORED } from './vitals.ts'

type Point = { readonly value: number; readonly at: MonoMs }
/** Points that grow in time, and the middle of them. */
type Signal = { readonly points: readonly Point[]; readonly median: number }
export type Medians = { readonly [Name in Variable]?: Signal }
export const NO_MEDIANS: Medians = {}

const STEADIED = ['rr', 'spo2', 'sbp', 'dbp', 'map', 'hr', 'temperature', 'fio2'] as const

/** A single measurement is not steadied: it is what it is. */
export function hearSignals(medians: Medians, look: Look): Medians {
  const next: { [Name in Variable]?: Signal } = {}
  for (const variable of STEADIED) {
    const known = medians[variable]
    const best = bestSource(look, variable, SCORED)
    const isNew = best !== null && !best.source.episodic && best.sample.measuredAt > (known?.points.at(-1)?.at ?? -Infinity)
    const signal = isNew ? withPoint(known?.points ?? [], { value: best.sample.value, at: best.sample.measuredAt }) : known
    if (signal !== undefined) next[variable] = signal
  }
  return next
}

/** Loops, for this runs every few seconds for each signal of each bed. */
function withPoint(before: readonly Point[], point: Point): Signal {
  let from = Math.max(0, before.length + 1 - ruleLimits.medianPointsMax)
  while (from < before.length && point.at - (before[from]?.at ?? point.at) >= ruleLimits.medianMs) from++
  const points = before.slice(from)
  points.push(point)
  // Numbers of one kind are sorted several times as fast as others.
  const values = new Float64Array(points.length)
  for (let index = 0; index < points.length; index++) values[index] = points[index]?.value ?? point.value
  return { points, median: medianOf(values) }
}

/** The middle of an even number is the mean of the two. Sorts what it is given: at least one. */
export function medianOf(values: Float64Array): number {
  values.sort()
  const middle = values.length >> 1
  const upper = values[middle] ?? Number.NaN
  return values.length % 2 === 1 ? upper : (upper + (values[middle - 1] ?? upper)) / 2
}

/** What a variable says, with the median of its signal instead of the last value; of one that fell silent the last that was known. */
export function steadied(medians: Medians, variable: Variable, best: Best): Best {
  const signal = medians[variable]
  if (best.source.episodic || signal === undefined || signal.median === best.sample.value) return best
  // Nothing of the last minutes is in it: the signal was away, and has not been looked at since.
  const latest = signal.points.at(-1)
  if (latest === undefined || best.sample.measuredAt - latest.at >= ruleLimits.medianMs) return best
  return { source: best.source, sample: { ...best.sample, value: signal.median } }
}
