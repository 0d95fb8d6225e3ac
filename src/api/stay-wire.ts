/** What travels between gateway and page of one stay: sets of vital signs, and limits. Types only. */

import type { ObservedName } from '../domain/confirmed.ts'
import type { Variable } from '../domain/metrics.ts'
import type { Population } from '../domain/population.ts'
import type { LimitSide, StayLimit } from '../domain/stay-limit.ts'

/** GET /api/stays/{id}/freeze: what the sensors say at this instant, to be looked at, corrected and confirmed. */
export type FrozenView = {
  readonly at: number
  readonly values: readonly FrozenValue[]
  /** What nothing is known of. */
  readonly missing: readonly ObservedName[]
  readonly spo2Scale: 1 | 2
  /** What may be entered, ends included. */
  readonly ranges: Readonly<Record<ObservedName, { readonly low: number; readonly high: number; readonly decimals: number; readonly unit: string }>>
}

export type FrozenValue = {
  readonly name: ObservedName
  /** As the sensor is called, and the device that sent it. */
  readonly label: string
  readonly device: string
  readonly value: number
  readonly at: number
  readonly isDoubtful: boolean
  readonly isTimeUncertain: boolean
}

export type TakenSet = {
  readonly rr?: number
  readonly spo2?: number
  readonly sbp?: number
  readonly pulse?: number
  readonly temperature?: number
  readonly onOxygen?: boolean
  readonly consciousness?: 'A' | 'C' | 'V' | 'P' | 'U'
}

/** A set that a nurse has confirmed: its NEWS2 is no estimate. */
export type ObservedView = {
  readonly takenAt: number
  readonly confirmedAt: number
  readonly by: string
  readonly values: TakenSet
  readonly total: number
  readonly min: number
  readonly max: number
  readonly complete: boolean
  readonly missing: readonly string[]
  readonly parts: Readonly<Record<string, number>>
  /** What the nurse changed of what stood there; null: nothing stood there. */
  readonly corrected: readonly { readonly name: string; readonly from: number | null; readonly to: number }[]
  /** Until then it can be taken back. */
  readonly takeBackUntil: number
}

/** GET /api/stays/{id}/limits: the alarm limits in force, who set them, and what the last hour would propose. */
export type LimitsView = {
  readonly population: Population
  readonly ward: { readonly name: string; readonly setBy: string; readonly signedBy: { readonly name: string; readonly at: string } | null }
  readonly limits: readonly LimitView[]
  readonly proposals: readonly LimitProposal[]
}

export type LimitView = {
  readonly variable: Variable
  readonly side: LimitSide
  readonly unit: string
  /** The ward's, the innermost of its side; null: it has none. */
  readonly ward: { readonly beyond: number; readonly priority: 'high' | 'medium' | 'low'; readonly delaySeconds: number } | null
  /** The ward's limit rests on memory and nobody signed it: it does not act. */
  readonly isDraft: boolean
  /** In place of the ward's. */
  readonly stay: StayLimit | null
  /** How far it may be moved, ends included. */
  readonly from: number
  readonly to: number
  /** Below this a clinician answers for it, by name; null: none needs to. */
  readonly signedBelow: number | null
}

export type LimitProposal = {
  readonly variable: Variable
  readonly side: LimitSide
  readonly beyond: number
  readonly now: number | null
  /** It would let more pass than the limit in force. */
  readonly widens: boolean
  readonly median: number
  readonly values: number
}
