/** What the house says aloud of beds, goals and the ward. No names in it: it is shown to the whole ward. Pure. */

import { readZone } from '../codec/zone.ts'
import type { Priority } from '../domain/alert.ts'
import { AWAY_WORDS, type BedMark, bedText, GOAL_WORDS, type MarkPhase, reviewDueAt, type StayGoal } from '../domain/bed-state.ts'
import type { WallMs } from '../domain/time.ts'
import type { WardMode } from '../domain/ward-mode.ts'
import { houseLimits } from '../limits.ts'
import { isQuietening } from './house-phases.ts'

export const AWAY_OVERDUE = 'technical/away-overdue'
export const BED_MEASURED = 'technical/bed-measured'
export const BED_STILL_TAKEN = 'technical/bed-still-taken'
export const BED_MAINTENANCE_OVER = 'technical/bed-maintenance-over'
export const GOAL_REVIEW = 'technical/goal-review'
/** Of the gateway. */
export const WARD_MAINTENANCE_OVER = 'technical/ward-maintenance-over'

export const HOUSE_CONDITIONS: readonly string[] = [AWAY_OVERDUE, BED_MEASURED, BED_STILL_TAKEN, BED_MAINTENANCE_OVER, GOAL_REVIEW]

export type HouseSaid = { readonly priority: Priority; readonly text: string }

/** `14:30`; of a ward whose configuration names no zone, `14:30 UTC`. */
export function clockIn(timeZone: string): (at: WallMs) => string {
  const zone = readZone(timeZone)?.name ?? 'UTC'
  const format = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: zone })
  return (at) => `${format.format(at)}${zone === 'UTC' ? ' UTC' : ''}`
}

type Of = { readonly label: string; readonly clock: (at: WallMs) => string }

/** What is to be said of a mark, by condition. */
export function markSaid(mark: BedMark, phase: MarkPhase, { label, clock }: Of): readonly (readonly [string, HouseSaid])[] {
  if (phase === 'measured') return [[BED_MEASURED, { priority: 'medium', text: `${bedText(label)} is marked ${mark.kind === 'cleaning' ? 'in cleaning' : mark.kind}, but a patient is being measured: who lies here?` }]]
  if (phase !== 'overdue' || !('until' in mark)) return []
  if (mark.kind === 'away') return [[AWAY_OVERDUE, { priority: 'medium', text: `${bedText(label)} was to be back at ${clock(mark.until)} (${AWAY_WORDS[mark.reason]}): where is the patient?` }]]
  return [[BED_MAINTENANCE_OVER, { priority: 'medium', text: `${bedText(label)}: the test of its monitor was to be over at ${clock(mark.until)}. Its values count again` }]]
}

/**
 * A bed that is marked empty, or in cleaning, while somebody whose name is known lies there as far as the ledger goes: one of the two is
 * wrong. As its monitor is silent, nothing else would ever say so if it is the mark. `markedMs`: since when, by whichever clock says more.
 */
export function takenSaid(mark: BedMark, phase: MarkPhase, { label, markedMs }: { readonly label: string; readonly markedMs: number }): readonly (readonly [string, HouseSaid])[] {
  if ((mark.kind !== 'empty' && mark.kind !== 'cleaning') || phase !== 'in-force' || markedMs < houseLimits.bedStillTakenMs) return []
  const priority = markedMs < houseLimits.bedStillTakenLoudMs ? 'low' : 'medium'
  const text = `${bedText(label)} is marked ${mark.kind === 'cleaning' ? 'in cleaning' : mark.kind}, but a patient is registered there: look at the bed, then discharge the patient or mark the bed occupied`
  return [[BED_STILL_TAKEN, { priority, text }]]
}

export function goalSaid(goal: StayGoal, wall: WallMs, { label, clock }: Of): readonly (readonly [string, HouseSaid])[] {
  const due = reviewDueAt(goal)
  if (goal.kind === 'full' || (wall < due && (goal.kind === 'limited' || isQuietening(goal, wall)))) return []
  const calls = goal.kind === 'comfort' ? '; its prompts call again until then' : ''
  return [[GOAL_REVIEW, { priority: 'low', text: `${bedText(label)}: ${GOAL_WORDS[goal.kind]} was to be reviewed by ${clock(due)}${calls}` }]]
}

export const wardSaid = (mode: WardMode, isOver: boolean, clock: Of['clock']): HouseSaid | null =>
  mode.kind === 'maintenance' && isOver ? { priority: 'medium', text: `The maintenance of this ward was to be over at ${clock(mode.until)}: end it on the page “Ward”, or say how long it still takes` } : null

/** What is written into the log of a mark. Its free words are for people, and are in it. */
export function markWords(mark: BedMark): string {
  const words = 'words' in mark && mark.words !== '' ? ` because ${JSON.stringify(mark.words)}` : ''
  const until = 'until' in mark ? ` until ${new Date(mark.until).toISOString()}` : ''
  return `${mark.kind}${mark.kind === 'away' ? ` (${mark.reason})` : ''}${until}${words} by ${mark.by}`
}
