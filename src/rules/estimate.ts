/**
 * Two answers of one question, for rules that must not be quieted by missing data. `fresh` looks at what is recent enough
 * and decides whether an alert rises. `carried` looks at the last known value of everything, however old, and decides
 * whether an open alert may end: a probe that was lost keeps the points it last gave.
 */

import { ruleLimits } from '../limits.ts'
import type { StayContext } from '../seams.ts'
import { gather, type Gathered } from './inputs.ts'
import { lastSample, scoreSample } from './vitals.ts'
import type { View } from './watcher.ts'

export type Estimate<Answer> = {
  /** What it was computed from: asked again only when one of these changed or an input expired. */
  readonly sequence: number
  readonly context: StayContext
  /** Time on the rules' clock from which a fresh input is too old; null: none will be. */
  readonly expiresAt: number | null
  readonly fresh: Answer
  readonly carried: Answer
}

function expiryOf({ readings }: Gathered): number | null {
  let firstAt: number | null = null
  for (const { source, sample } of Object.values(readings)) {
    const endsAt = sample.measuredAt + (source.episodic ? ruleLimits.scoreEpisodicAgeMs : ruleLimits.scorePeriodicAgeMs)
    if (firstAt === null || endsAt < firstAt) firstAt = endsAt
  }
  return firstAt
}

export const gatherFresh = (view: View): Gathered => gather(view, (source) => scoreSample(source, view.at))

/** The known estimate while it still stands; else a new one. */
export function estimated<Answer>(known: Estimate<Answer> | null, view: View, answer: (gathered: Gathered) => Answer): Estimate<Answer> {
  const { vitals: { sequence }, context, at } = view
  if (known?.sequence === sequence && known.context === context && (known.expiresAt === null || at <= known.expiresAt)) return known
  const gathered = gatherFresh(view)
  return { sequence, context, expiresAt: expiryOf(gathered), fresh: answer(gathered), carried: answer(gather(view, lastSample)) }
}
