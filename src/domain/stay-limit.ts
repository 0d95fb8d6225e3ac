/** A limit of one stay, in place of the ward's: who set it, when and why are part of it. It moves with the patient. */

import type { Variable } from './metrics.ts'
import type { WallMs } from './time.ts'

export const LIMIT_SIDES = ['low', 'high'] as const
export type LimitSide = (typeof LIMIT_SIDES)[number]

export type StayLimit = {
  readonly variable: Variable
  readonly side: LimitSide
  /** The alarm limit, in the unit of the variable; the ward's graver limits that lie further out stay. */
  readonly beyond: number
  /** Not there: the ward's. */
  readonly delaySeconds?: number
  readonly by: string
  readonly at: WallMs
  readonly reason: string
  /** The clinician who answers for it, where it needs one. */
  readonly signedBy?: string
  /** When the ward's limit holds again; null: until it is changed or the stay ends. */
  readonly until: WallMs | null
}
