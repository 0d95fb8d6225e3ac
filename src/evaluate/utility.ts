/** The utility of the PhysioNet/CinC Challenge 2019: what a prediction at one hour of one stay is worth. Pure. */

/** Times from onset, in hours: predictions before −12 harm, −6 is best, from +3 on they are worth nothing. */
const EARLY = -12
const OPTIMAL = -6
const LATE = 3
const MAX_TRUE_POSITIVE = 1
const MIN_FALSE_NEGATIVE = -2
const FALSE_POSITIVE = -0.05

/** The label turns 1 six hours before onset. */
export const onsetOf = (labels: readonly boolean[]): number | null => {
  const first = labels.indexOf(true)
  return first === -1 ? null : first - OPTIMAL
}

/** `hoursFromOnset`: null for a stay without sepsis. */
export function utilityOf(hoursFromOnset: number | null, predicted: boolean): number {
  if (hoursFromOnset === null) return predicted ? FALSE_POSITIVE : 0
  if (hoursFromOnset > LATE) return 0
  if (!predicted) return hoursFromOnset <= OPTIMAL ? 0 : (MIN_FALSE_NEGATIVE * (hoursFromOnset - OPTIMAL)) / (LATE - OPTIMAL)
  if (hoursFromOnset <= OPTIMAL) return Math.max((MAX_TRUE_POSITIVE * (hoursFromOnset - EARLY)) / (OPTIMAL - EARLY), FALSE_POSITIVE)
  return (MAX_TRUE_POSITIVE * (LATE - hoursFromOnset)) / (LATE - OPTIMAL)
}

/** The best that can be done: a prediction from twelve hours before onset until three after. */
export const isBestPrediction = (hoursFromOnset: number | null): boolean => hoursFromOnset !== null && hoursFromOnset >= EARLY && hoursFromOnset <= LATE

/** 1: as good as can be. 0: no prediction at all. */
export const normalised = ({ seen, none, best }: { readonly seen: number; readonly none: number; readonly best: number }): number | null =>
  best === none ? null : (seen - none) / (best - none)

/** A new alert counts in this window around onset. */
export const ALERT_WINDOW = { from: EARLY, to: LATE } as const
