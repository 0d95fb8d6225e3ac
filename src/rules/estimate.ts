/**
 * Two answers of one question, for rules that must not be quieted by missing data. `fresh` looks at what is recent enough
 * and decides whether an alert rises. `carried` looks at the last known value of everything, however old, and decides
 * whether an open alert may end: a probe that was lost keeps the points it last gave.
 */

import type { StayContext } from '../seams.ts'
import { gather, type Gathered } from './inputs.ts'
import type { Memory } from './memory.ts'
import { LAST, SCORED, scoreSample } from './vitals.ts'
import type { View } from './watcher.ts'

export type Estimate<Answer> = {
  /** What it was computed from: asked again only when the signals were looked at again, more was said, or an input expired. */
  readonly version: number
  readonly sequence: number
  readonly context: StayContext
  /** Time on the rules' clock from which a fresh input is too old; null: none will be. */
  readonly expiresAt: number | null
  readonly fresh: Answer
  readonly carried: Answer
}

function expiryOf({ readings }: Gathered, { labs }: Memory, at: number): number | null {
  let firstAt: number | null = null
  for (const lab of Object.values(labs)) if (lab.until >= at && (firstAt === null || lab.until < firstAt)) firstAt = lab.until
  for (const { source, sample } of Object.values(readings)) {
    const endsAt = sample.measuredAt + source.terms.scoredMs
    if (firstAt === null || endsAt < firstAt) firstAt = endsAt
  }
  return firstAt
}

/** What was last gathered: the rules of a bed look at one view one after the other. */
let last: { readonly view: View; readonly fresh: Gathered; readonly carried: Gathered } | null = null

function gathered(view: View): { readonly fresh: Gathered; readonly carried: Gathered } {
  if (last?.view === view) return last
  const fresh = gather(view, SCORED)
  // While nothing is too old for a score both questions have one answer.
  const isAllFresh = view.vitals.sources.every((source) => source.good === null || scoreSample(source, view.at) !== null)
  last = { view, fresh, carried: isAllFresh ? fresh : gather(view, LAST) }
  return last
}

export const gatherFresh = (view: View): Gathered => gathered(view).fresh

/** The known estimate while it still stands; else a new one. */
export function estimated<Answer>(known: Estimate<Answer> | null, view: View, answer: (gathered: Gathered) => Answer): Estimate<Answer> {
  const { memory, context, at, vitals: { sequence } } = view
  const isLookedAt = known?.version === memory.version && (known.sequence === sequence || at < memory.dueAt)
  if (isLookedAt && known.context === context && (known.expiresAt === null || at <= known.expiresAt)) return known
  const { fresh, carried } = gathered(view)
  const freshAnswer = answer(fresh)
  const carriedAnswer = carried === fresh ? freshAnswer : answer(carried)
  return { version: memory.version, sequence, context, expiresAt: expiryOf(fresh, memory, at), fresh: freshAnswer, carried: carriedAnswer }
}
