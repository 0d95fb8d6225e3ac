/**
 * How a bed is, as a person says it, and what is made of it: who is away, which bed is empty, cleaned or has its monitor
 * tested. Such a word never outweighs a valid value: what is measured is watched. The goal of a stay. Pure.
 */

import { type WallMs, wallMs } from './time.ts'

export const BED_STATES = ['occupied', 'away', 'empty', 'cleaning', 'maintenance'] as const
export type BedState = (typeof BED_STATES)[number]

export const AWAY_REASONS = ['imaging', 'theatre', 'procedure', 'dialysis', 'therapy', 'bathroom', 'leave', 'other'] as const
export type AwayReason = (typeof AWAY_REASONS)[number]
export const AWAY_WORDS: Readonly<Record<AwayReason, string>> = {
  imaging: 'imaging', theatre: 'theatre', procedure: 'a procedure', dialysis: 'dialysis', therapy: 'therapy or mobilisation', bathroom: 'bathroom', leave: 'leave', other: 'elsewhere',
}

/** What people call a bed: `Bed 7` for a label that is a mere number or letter code, the label itself when it says so already. */
export const bedText = (label: string): string => (/\p{L}{3}/u.test(label) ? label : `Bed ${label}`)

type Said = { readonly by: string; readonly at: WallMs }

/** Of the stay: it moves with the patient, and the next patient inherits nothing of it. `words`: freely, may be empty. */
export type Away = Said & { readonly reason: AwayReason; readonly words: string; /** When he is to be back. */ readonly until: WallMs }

/** Of the bed itself. `measuredAt`: somebody was measured there after it was said, which is to be cleared up. */
export type BedWord =
  | (Said & { readonly kind: 'empty' | 'cleaning'; readonly measuredAt?: WallMs })
  | (Said & { readonly kind: 'maintenance'; readonly words: string; readonly until: WallMs })

/** What stands of a bed beside "occupied". */
export type BedMark = BedWord | (Away & { readonly kind: 'away' })

/**
 * How far a mark has come. `leaving`: something valid is still measured, and watched. `in-force`: nothing is, and rules are
 * suspended. `overdue`: its time is over, rules act again, and it is said aloud. `measured`: somebody is measured where
 * nobody is said to be: watched, and said aloud until a person clears it up.
 */
export type MarkPhase = 'leaving' | 'in-force' | 'overdue' | 'measured'

/** `over`: a valid value came, so the patient is there. */
export type MarkVerdict = MarkPhase | 'over'

/** Rules of a bed are suspended while its mark is in force, and at no other time. */
export const isSuspending = (phase: MarkPhase | null): boolean => phase === 'in-force'

/** Why the rules of a bed are suspended, in the word of the watch ledger. A bed that is cleaned is empty. */
export const unwatchedBy = ({ kind }: BedMark): 'away' | 'empty' | 'maintenance' => (kind === 'cleaning' ? 'empty' : kind)

// ── Goals ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export const GOALS = ['full', 'limited', 'comfort'] as const
export type GoalKind = (typeof GOALS)[number]
export const GOAL_WORDS: Readonly<Record<GoalKind, string>> = { full: 'full treatment', limited: 'limited treatment', comfort: 'comfort care' }

/** The goal of a stay, where somebody has set one. `decidedBy`: the clinician who answers for it, by name. */
export type StayGoal = Said & {
  readonly kind: GoalKind
  readonly decidedBy: string
  readonly reason: string
  /** How often it is looked at again, in hours, and when it was last. */
  readonly reviewHours: number
  readonly reviewed: Said
}

export const reviewDueAt = ({ reviewed, reviewHours }: StayGoal): WallMs => wallMs(reviewed.at + reviewHours * 3_600_000)

/** Scores and screens, which ask for somebody to come and look; limits, and what a monitor says, are none. */
export const isPrompt = (condition: string): boolean => /^(news2|pews|sepsis)\//.test(condition)

/** A prompt that comfort care has made an advisory: it is shown, and neither sounds nor calls. */
export const isQuietened = ({ condition = '', type }: { readonly condition?: string; readonly type?: string }): boolean => type === 'advisory' && isPrompt(condition)

// ── What is stored ───────────────────────────────────────────────────────────────────────────────────────────────────

type Loose = Readonly<Record<string, unknown>>
export const isLoose = (value: unknown): value is Loose => typeof value === 'object' && value !== null
/** A wall time that a Date can name; null: it is none. */
export const timeIn = (value: unknown): WallMs | null => (typeof value === 'number' && Math.abs(value) <= 8.64e15 ? wallMs(value) : null)

/** What stood of a bed. null where nothing does, and where what is stored is damaged or of another version. */
export function readBedWord(value: unknown): BedWord | null {
  if (!isLoose(value)) return null
  const { kind, by, words, measuredAt } = value
  const [at, until, measured] = [timeIn(value['at']), timeIn(value['until']), measuredAt === undefined ? undefined : timeIn(measuredAt)]
  if (typeof by !== 'string' || at === null || measured === null) return null
  if (kind === 'empty' || kind === 'cleaning') return { kind, by, at, ...(measured === undefined ? {} : { measuredAt: measured }) }
  return kind === 'maintenance' && typeof words === 'string' && until !== null ? { kind, by, at, words, until } : null
}
