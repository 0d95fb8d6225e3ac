/**
 * What holds now of what was said of a stay. A suspicion of infection ends by itself, oxygen and consciousness grow too old
 * to be counted, limits of the stay go back to those of the ward: nothing that a nurse said once holds for ever unseen.
 */

import { populationOf } from '../domain/population.ts'
import type { WallMs } from '../domain/time.ts'
import { ruleLimits } from '../limits.ts'
import type { ContextFact, StayContext, StayRecord, Word } from '../seams.ts'

const CONTEXT_FACTS = ['population', 'spo2Scale', 'onOxygen', 'consciousness', 'infectionSuspected'] as const satisfies readonly ContextFact[]

/** Facts that end by themselves: what is left of them then, and when that is where the word itself does not say. */
const ENDING: { readonly [Fact in ContextFact]?: { readonly after: Partial<StayContext>; readonly ms: number } } = {
  infectionSuspected: { after: { infectionSuspected: false }, ms: ruleLimits.infectionMs },
  onOxygen: { after: { onOxygen: null }, ms: ruleLimits.scoreEpisodicAgeMs },
  consciousness: { after: { consciousness: null }, ms: ruleLimits.scoreEpisodicAgeMs },
  // A clinician's decision stands until it is changed, unless it was made for a time.
  spo2Scale: { after: { spo2Scale: 1 }, ms: Infinity },
}

/** `until`: wall time in ms from which something else holds; Infinity: nothing will change by itself. */
export type Effective = { readonly context: StayContext; readonly until: number }

const endOf = (word: Word, ms: number): number => word.until ?? word.at + ms

/** The same context where all that was said holds. */
export function effectiveContext(context: StayContext, wall: WallMs): Effective {
  let until = Infinity
  let effective = context
  for (const fact of CONTEXT_FACTS) {
    const ending = ENDING[fact]
    const word = context.said?.[fact]
    if (ending === undefined || word === undefined) continue
    const end = endOf(word, ending.ms)
    if (wall >= end) effective = { ...effective, ...ending.after }
    else until = Math.min(until, end)
  }
  const limits = context.limits ?? []
  const standing = limits.filter((limit) => limit.until === null || wall < limit.until)
  if (standing.length < limits.length) effective = { ...effective, limits: standing }
  for (const { until: end } of standing) if (end !== null) until = Math.min(until, end)
  return { context: effective, until }
}

/**
 * What was said of a stay, with the population by the patient's age: as a person said it for this patient; else by the date
 * of birth; else as the ward declared it. The same object where the age says nothing new.
 */
export function contextOf({ context, identity }: Pick<StayRecord, 'context' | 'identity'>, wall: WallMs): StayContext {
  if (context.said?.population !== undefined) return context
  const population = populationOf(identity?.bornOn, context.population, wall)
  return population === context.population ? context : { ...context, population }
}

/** When a fact was said; null where that is not known. */
export const saidAt = ({ said }: StayContext, fact: ContextFact): WallMs | null => said?.[fact]?.at ?? null

/** The context with a change, and who said it and when: also of what is said again as it was. */
export function withChange(context: StayContext, change: Partial<StayContext>, word: Word): StayContext {
  const said = { ...context.said }
  for (const fact of CONTEXT_FACTS) if (change[fact] !== undefined) said[fact] = word
  return { ...context, ...change, said }
}
