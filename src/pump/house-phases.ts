/** What is made of a word on a bed against what is measured there, and of a goal against the time. Pure. */

import { type BedMark, type MarkPhase, type MarkVerdict, reviewDueAt, type StayGoal } from '../domain/bed-state.ts'
import type { MonoMs, WallMs } from '../domain/time.ts'
import { houseLimits } from '../limits.ts'

export type MarkLook = {
  readonly mark: BedMark
  /** null: this mark is new to us. */
  readonly before: MarkPhase | null
  readonly wall: WallMs
  readonly at: MonoMs
  /** Something valid was measured there just now. */
  readonly isMeasured: boolean
  /** When the mark's time is over, on the clock that never steps; null: never. */
  readonly untilAt: MonoMs | null
}

/** The next phase of a mark. Whichever clock says that its time is over is believed. */
export function phaseOf({ mark, before, wall, at, isMeasured, untilAt }: MarkLook): MarkVerdict {
  const isOver = 'until' in mark && (wall >= mark.until || (untilAt !== null && at >= untilAt))
  if (mark.kind === 'maintenance') return isOver || before === 'overdue' ? 'overdue' : 'in-force'
  const found = mark.kind === 'away' ? 'over' : 'measured'
  if (mark.kind !== 'away' && mark.measuredAt !== undefined) return 'measured'
  switch (before) {
    case null: {
      // A restart, or the patient was moved: a mark that is not of just now is believed, or refuted at once.
      const isFresh = wall - mark.at < houseLimits.bedLeavingMs
      if (isMeasured && !isFresh) return found
      return isOver ? 'overdue' : isMeasured ? 'leaving' : 'in-force'
    }
    case 'leaving':
      if (isMeasured && Math.abs(wall - mark.at) >= houseLimits.bedLeavingMs) return found
      return isOver ? 'overdue' : isMeasured ? 'leaving' : 'in-force'
    case 'in-force':
      return isMeasured ? found : isOver ? 'overdue' : 'in-force'
    case 'overdue':
      return isMeasured ? found : 'overdue'
    case 'measured':
      return 'measured'
  }
}

/** Comfort quietens prompts only as long as its review is not due; a clock that was set back does not lengthen it. */
export function isQuietening(goal: StayGoal | undefined, wall: WallMs): boolean {
  return goal?.kind === 'comfort' && wall < reviewDueAt(goal) && goal.reviewed.at - wall < houseLimits.bedLeavingMs
}
