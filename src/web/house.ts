/** Words of beds, goals and the ward, and what takes a word back. Pure but for the zone of the screen. */

import type { BedMarkView, GoalView, WardModeView } from '../api/house-wire.ts'
import { AWAY_WORDS, GOAL_WORDS } from '../domain/bed-state.ts'
import { minuteText, momentText } from './age.ts'

/** What may be asked of a bed. */
export type BedStateRequest =
  | { readonly state: 'occupied' | 'empty' | 'cleaning' }
  | { readonly state: 'away'; readonly reason: NonNullable<BedMarkView['reason']>; readonly words: string; readonly minutes: number }
  | { readonly state: 'maintenance'; readonly words: string; readonly minutes: number }

/** The word on the tile, in capitals: `AWAY`. */
export const stateWord = ({ state }: BedMarkView): string => (state === 'maintenance' ? 'MONITOR TEST' : state === 'cleaning' ? 'CLEANING' : state.toUpperCase())

/** What stands behind it: `until 14:30 · Ana · imaging`. */
export function markText(mark: BedMarkView, now: number): string {
  const { state, phase, by, at, until, reason, words = '' } = mark
  const parts = [
    phase === 'overdue' && until !== undefined ? `was to be ${state === 'maintenance' ? 'over' : 'back'} by ${minuteText(until)}` : until === undefined ? `since ${momentText(at, now)}` : `until ${momentText(until, now)}`,
    by,
    ...(reason === undefined ? [] : [AWAY_WORDS[reason]]),
    ...(words === '' ? [] : [words]),
  ]
  return parts.join(' · ')
}

/** How far it has come, in a sentence; what a nurse must know of it. */
export function phaseText({ state, phase }: BedMarkView): string {
  switch (phase) {
    case 'leaving':
      return 'Values still come, and are watched. Rules rest when nothing valid is measured any more.'
    case 'in-force':
      return state === 'maintenance' ? 'Rules of this bed rest: what its monitor sends is nobody’s.' : 'Rules of this bed rest. The first valid value is watched again.'
    case 'overdue':
      return state === 'maintenance' ? 'Its time is over: what its monitor sends counts again.' : 'The time is over: the bed is watched again.'
    case 'measured':
      return 'A patient is being measured here, and is watched. Say how the bed is.'
  }
}

/** What says again what stood before; null: occupied, nothing said. An away that is over anyway is not said again. */
export function saidBefore(mark: BedMarkView | undefined, now: number): BedStateRequest {
  if (mark === undefined) return { state: 'occupied' }
  const { state, until = now, reason = 'other', words = '' } = mark
  const minutes = Math.ceil((until - now) / 60_000)
  if (state === 'away') return minutes > 0 ? { state, reason, words, minutes } : { state: 'occupied' }
  if (state === 'maintenance') return minutes > 0 ? { state, words, minutes } : { state: 'occupied' }
  return { state }
}

export const goalText = ({ goal, decidedBy, reason }: GoalView): string => `${GOAL_WORDS[goal]}: ${decidedBy}, ${reason}`

export const isReviewDue = ({ goal, reviewDueAt }: GoalView, now: number): boolean => goal !== 'full' && now >= reviewDueAt

/** On the tile: nothing for full treatment. */
export function goalMark(goal: GoalView | undefined, now: number): string {
  if (goal === undefined || goal.goal === 'full') return ''
  return `${GOAL_WORDS[goal.goal]}${isReviewDue(goal, now) ? ', review due' : ''}`
}

/** What stands on every screen; null: the ward is live. */
export function wardBanner(watching: WardModeView | undefined, now: number): { readonly head: string; readonly words: string } | null {
  if (watching === undefined || watching.mode === 'live') return null
  const { mode, words, by, until, isSilent } = watching
  if (mode === 'commissioning') return { head: 'COMMISSIONING: silent, do not rely on it', words: '— look at the monitors' }
  const end = until === undefined ? '' : now >= until ? `was to be over at ${momentText(until, now)}` : `until ${momentText(until, now)}`
  return { head: `MAINTENANCE${isSilent ? ', SILENT' : ''}: do not rely on Vigil`, words: [end, words, by ?? ''].filter((part) => part !== '').join(' · ') }
}

const MODE_WORDS = { commissioning: 'Commissioning: nothing sounds, nobody is called, what would have been said is recorded.', live: 'Live: alerts sound and call.', maintenance: 'Maintenance: alerts go on, and every screen says not to rely on them.' } as const
export const modeText = ({ mode }: Pick<WardModeView, 'mode'>): string => MODE_WORDS[mode]

export const rateText = (value: number): string => (value >= 100 ? String(Math.round(value)) : value >= 10 ? value.toFixed(1) : value.toFixed(2))
export const shareText = (share: number | null): string => (share === null ? '—' : `${Math.round(share * 100)} %`)
export function secondsText(seconds: number | null): string {
  if (seconds === null) return '—'
  if (seconds < 90) return `${Math.round(seconds)} s`
  return seconds < 5_400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`
}
