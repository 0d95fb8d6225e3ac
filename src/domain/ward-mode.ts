/** How a ward is watched: being commissioned, live, or in maintenance. Pure. */

import { isLoose, timeIn } from './bed-state.ts'
import type { WallMs } from './time.ts'

export const WARD_MODES = ['commissioning', 'live', 'maintenance'] as const
export type WardModeKind = (typeof WARD_MODES)[number]

/** `by` null: the site's configuration. `words`: with what a person went live, or why the ward is in maintenance. */
export type WardMode = { readonly since: WallMs; readonly by: string | null; readonly words: string } & (
  | { readonly kind: 'commissioning' | 'live' }
  /** `from`: what the ward is again when it is over. Nothing is silent that was not silent before. */
  | { readonly kind: 'maintenance'; readonly until: WallMs; readonly from: 'commissioning' | 'live' }
)

/** Nothing sounds and nobody is called: what the rules say is shown, and recorded for the report. */
export const isSilent = (mode: WardMode): boolean => mode.kind === 'commissioning' || (mode.kind === 'maintenance' && mode.from === 'commissioning')

/** What stood of the ward. null where nothing does, and where what is stored is damaged or of another version. */
export function readWardMode(value: unknown): WardMode | null {
  if (!isLoose(value)) return null
  const { kind, by, words, from } = value
  const [since, until] = [timeIn(value['since']), timeIn(value['until'])]
  if (since === null || typeof words !== 'string' || (by !== null && typeof by !== 'string')) return null
  if (kind === 'live' || kind === 'commissioning') return { kind, since, by, words }
  return kind === 'maintenance' && until !== null && (from === 'live' || from === 'commissioning') ? { kind, since, by, words, until, from } : null
}
