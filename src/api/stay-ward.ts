/** What the API asks of the gateway about one stay. */

import type { StayId } from '../domain/ids.ts'
import type { Variable } from '../domain/metrics.ts'
import type { LimitSide } from '../domain/stay-limit.ts'
import type { ObservationAnswer, ObservationRequest } from '../pump/stay-hands.ts'
import type { StayContext } from '../seams.ts'
import type { FrozenView, LimitsView } from './stay-wire.ts'

/** A limit that somebody would set for a stay. `hours`: null holds until it is changed or the stay ends. */
export type LimitRequest = {
  readonly variable: Variable
  readonly side: LimitSide
  readonly beyond: number
  readonly delaySeconds?: number
  readonly reason: string
  readonly hours: number | null
  /** The clinician who answers for it, where one must. */
  readonly signedBy?: string
}

/** What is to be said of the stay, where the limit may be set. */
export type LimitChange =
  | { readonly kind: 'change'; readonly change: Pick<StayContext, 'limits'> }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly why: string }

export interface StayWard {
  /** null: no such stay holds a bed. */
  freeze(stay: StayId): FrozenView | null
  /** Acts at once, and is saved soon after. */
  observe(stay: StayId, request: ObservationRequest, by: string): ObservationAnswer
  takeBack(stay: StayId, confirmedAt: number, by: string): ObservationAnswer
  /** null: no such stay holds a bed. */
  limits(stay: StayId): Promise<LimitsView | null>
  /** Judges, and sets nothing. */
  limitChange(stay: StayId, request: LimitRequest, by: string): LimitChange
  /** The same, for the ward's limit again. */
  wardLimitChange(stay: StayId, variable: Variable, side: LimitSide): LimitChange
}
