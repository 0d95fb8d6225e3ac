/** What travels between gateway and page of the house: how beds are, goals of stays, how the ward is watched. Types only. */

import type { AwayReason, BedState, GoalKind, MarkPhase } from '../domain/bed-state.ts'
import type { WardModeKind } from '../domain/ward-mode.ts'

/** What a person said of a bed. `until`, `reason`, `words`: of those that have them. */
export type BedMarkView = {
  readonly state: Exclude<BedState, 'occupied'>
  readonly phase: MarkPhase
  readonly by: string
  readonly at: number
  readonly until?: number
  readonly reason?: AwayReason
  readonly words?: string
}

/** What the treatment of a stay is for. `quiets`: its prompts are shown and call nobody, as long as its review is not due. */
export type GoalView = {
  readonly goal: GoalKind
  readonly by: string
  readonly at: number
  readonly decidedBy: string
  readonly reason: string
  readonly reviewHours: number
  readonly reviewedBy: string
  readonly reviewDueAt: number
  readonly quiets: boolean
}

/** How the ward is watched. `isSilent`: nothing sounds, and nobody is called. */
export type WardModeView = {
  readonly mode: WardModeKind
  readonly isSilent: boolean
  readonly since: number
  /** null: the configuration. */
  readonly by: string | null
  readonly words: string
  /** Of a maintenance. */
  readonly until?: number
}

type CountView = { readonly alerts: number; readonly perBedDay: number }

/** GET /api/commissioning: what the rules said, or would have said, in a time. Per bed and day: of beds at which something was measured. */
export type CommissioningView = {
  readonly from: number
  readonly to: number
  readonly beds: number
  /** Days in which at least one rule of a bed had something to look at, summed over the beds. */
  readonly bedDays: number
  readonly alerts: number
  readonly perBedDay: number
  /** Of those that ended: over within 15 s. null: none ended. */
  readonly shortShare: number | null
  readonly rules: readonly (CountView & { readonly condition: string; readonly words: string; readonly priority: 'high' | 'medium' | 'low'; readonly medianSeconds: number | null; readonly shortShare: number | null })[]
  readonly perBed: readonly (CountView & { readonly bed: string; readonly label: string; readonly bedDays: number; readonly high: number })[]
  readonly perDay: readonly { readonly from: number; readonly alerts: number; readonly high: number; readonly medium: number; readonly low: number }[]
  readonly offenders: readonly { readonly label: string; readonly condition: string; readonly words: string; readonly alerts: number }[]
  /** More was written than is read at once: the latest is missing. */
  readonly isCut: boolean
}
