/**
 * What was said of a patient moves with him: when he is moved to another bed of the ward his stay there begins with his limits,
 * his goal, what was said of him and that he is away. Whoever comes after him inherits nothing. Pure.
 */

import type { StayContext, StayRecord } from '../seams.ts'

/** Nobody has said anything of this stay yet. */
const isUntouched = ({ said = {}, limits = [], observations = [], away, goal }: StayContext): boolean =>
  Object.keys(said).length === 0 && limits.length === 0 && observations.length === 0 && away === undefined && goal === undefined

/** The stay with what was said of the same patient in the bed before; null: there is nothing that it has not. Sets of vital signs stay where they were taken. */
export function withWhatWasSaid(stay: StayRecord, before: StayRecord): StayRecord | null {
  if (!isUntouched(stay.context) || isUntouched(before.context)) return null
  const { observations: _taken, population, ...said } = before.context
  return { ...stay, context: { ...stay.context, ...said, population: said.said?.population === undefined ? stay.context.population : population } }
}
