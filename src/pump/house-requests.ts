/** What people may say of the house, and why it may not be. Pure. */

import { type AwayReason, type BedState, GOAL_WORDS, type GoalKind } from '../domain/bed-state.ts'
import type { BedId, StayId } from '../domain/ids.ts'
import type { WardMode } from '../domain/ward-mode.ts'
import { houseLimits } from '../limits.ts'

export type BedRequest = { readonly what: 'bed'; readonly bed: BedId } & (
  | { readonly state: 'occupied' | 'empty' | 'cleaning' }
  | { readonly state: 'away'; readonly reason: AwayReason; readonly words: string; readonly minutes: number }
  | { readonly state: 'maintenance'; readonly words: string; readonly minutes: number }
)

export type GoalRequest =
  | { readonly what: 'goal'; readonly stay: StayId; readonly goal: GoalKind; readonly decidedBy: string; readonly reason: string; readonly reviewHours: number }
  /** The goal was looked at, and stays. */
  | { readonly what: 'review'; readonly stay: StayId }

export type ModeRequest = { readonly what: 'mode' } & (
  | { readonly mode: 'live'; readonly words: string }
  | { readonly mode: 'maintenance'; readonly words: string; readonly minutes: number }
  /** What was before the maintenance again. */
  | { readonly mode: 'over' }
)

export type HouseRequest = BedRequest | GoalRequest | ModeRequest

export type HouseAnswer = { readonly kind: 'done' } | { readonly kind: 'unknown' } | { readonly kind: 'refused'; readonly why: string }

export type BedAsked = {
  readonly now: BedState
  readonly isMeasured: boolean
  /** Somebody whose name is known lies there; nobody known, but somebody; nobody. */
  readonly lies: 'patient' | 'unidentified' | 'nobody'
}

const isWithin = (minutes: number, most: number): boolean => minutes > 0 && minutes <= most

/** null: it may be said. */
export function bedRefusal(request: BedRequest, { now, isMeasured, lies }: BedAsked): string | null {
  switch (request.state) {
    case 'occupied':
    case 'empty':
    case 'cleaning':
      return null
    case 'away':
      if (lies === 'nobody') return 'Nobody is known in this bed, so nobody is away from it.'
      return isWithin(request.minutes, houseLimits.awayMinutesMax) ? null : `A return within ${houseLimits.awayMinutesMax / 60} hours is to be named.`
    case 'maintenance':
      if (!isWithin(request.minutes, houseLimits.bedMaintenanceMinutesMax)) return `A test of a monitor takes ${houseLimits.bedMaintenanceMinutesMax} minutes at most.`
      if (now === 'maintenance') return null
      if (isMeasured) return 'Somebody is measured in this bed now. Take the sensors off first; then its monitor can be tested.'
      return lies === 'patient' && now !== 'away' ? 'A patient is known in this bed. Say first that he is away; then its monitor can be tested.' : null
  }
}

/** null: it may be said. */
export function modeRefusal(request: ModeRequest, mode: WardMode): string | null {
  switch (request.mode) {
    case 'live':
      return mode.kind === 'commissioning' ? null : mode.kind === 'live' ? 'The ward is live already.' : 'The ward is in maintenance: end that first.'
    case 'maintenance':
      return isWithin(request.minutes, houseLimits.wardMaintenanceMinutesMax) ? null : `Maintenance takes ${houseLimits.wardMaintenanceMinutesMax / 60} hours at most.`
    case 'over':
      return mode.kind === 'maintenance' ? null : 'The ward is not in maintenance.'
  }
}

/** null: it may be said. */
export const goalRefusal = ({ reviewHours, goal }: { readonly reviewHours: number; readonly goal: GoalKind }): string | null =>
  reviewHours > 0 && reviewHours <= houseLimits.goalReviewHoursMax ? null : `${GOAL_WORDS[goal]} is to be looked at again within ${houseLimits.goalReviewHoursMax} hours.`
