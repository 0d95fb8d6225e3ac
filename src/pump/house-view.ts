/** What the screens see of the house. Pure. */

import type { BedMarkView, GoalView, WardModeView } from '../api/house-wire.ts'
import { type BedMark, type MarkPhase, reviewDueAt, type StayGoal } from '../domain/bed-state.ts'
import type { WallMs } from '../domain/time.ts'
import { isSilent, type WardMode } from '../domain/ward-mode.ts'
import { isQuietening } from './house-phases.ts'

export type Marked = { readonly mark: BedMark; readonly phase: MarkPhase }

export function markView({ mark, phase }: Marked): BedMarkView {
  const { kind: state, by, at } = mark
  return { state, phase, by, at, ...('until' in mark ? { until: mark.until, words: mark.words } : {}), ...('reason' in mark ? { reason: mark.reason } : {}) }
}

export function goalView(goal: StayGoal, now: WallMs): GoalView {
  const { kind, by, at, decidedBy, reason, reviewHours, reviewed } = goal
  return { goal: kind, by, at, decidedBy, reason, reviewHours, reviewedBy: reviewed.by, reviewDueAt: reviewDueAt(goal), quiets: isQuietening(goal, now) }
}

export function wardModeView(mode: WardMode): WardModeView {
  const { kind, since, by, words } = mode
  return { mode: kind, isSilent: isSilent(mode), since, by, words, ...(mode.kind === 'maintenance' ? { until: mode.until } : {}) }
}
