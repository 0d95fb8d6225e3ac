/** What systolic pressure is usual for this patient: the median of the half hours of the last four. Pure and bounded. */

import type { MonoMs } from '../domain/time.ts'

type HalfHour = { readonly number: number; readonly sum: number; readonly count: number }
export type Baseline = { readonly sequence: number; readonly halfHours: readonly HalfHour[] }

const HALF_HOUR_MS = 1_800_000
const HALF_HOURS_KEPT = 9

export const NO_BASELINE: Baseline = { sequence: 0, halfHours: [] }

/** The same object when the sample was counted before. */
export function countPressure(baseline: Baseline, sample: { readonly value: number; readonly sequence: number; readonly measuredAt: MonoMs }): Baseline {
  if (sample.sequence === baseline.sequence) return baseline
  const number = Math.floor(sample.measuredAt / HALF_HOUR_MS)
  const latest = baseline.halfHours.at(-1)
  if (latest?.number === number) {
    const counted: HalfHour = { number, sum: latest.sum + sample.value, count: latest.count + 1 }
    return { sequence: sample.sequence, halfHours: [...baseline.halfHours.slice(0, -1), counted] }
  }
  const known = baseline.halfHours.find((halfHour) => halfHour.number === number)
  const counted: HalfHour = { number, sum: (known?.sum ?? 0) + sample.value, count: (known?.count ?? 0) + 1 }
  const others = baseline.halfHours.filter((halfHour) => halfHour.number !== number)
  const halfHours = [...others, counted].sort((a, b) => a.number - b.number).slice(-HALF_HOURS_KEPT)
  return { sequence: sample.sequence, halfHours }
}

/** Usual pressure in mmHg from the half hours that are over; null while there is none in the last four hours. */
export function usualPressure({ halfHours }: Baseline, at: MonoMs): number | null {
  const now = Math.floor(at / HALF_HOUR_MS)
  const means = halfHours.filter(({ number }) => number < now && number >= now - HALF_HOURS_KEPT + 1).map(({ sum, count }) => sum / count)
  means.sort((a, b) => a - b)
  const middle = Math.floor(means.length / 2)
  const upper = means[middle]
  if (upper === undefined) return null
  const lower = means.length % 2 === 0 ? means[middle - 1] : undefined
  return lower === undefined ? upper : (lower + upper) / 2
}
