/** How the times of a stay are shown to central: intervals as they were, the date hidden. Pure. */

import { type WallMs, isoOf, wallMs } from '../domain/time.ts'
import { releaseLimits } from '../limits.ts'

/**
 * `safe-harbor`: the stay begins at the first instant of its year. `date-shift`: it is moved back by whole days, drawn once for the
 * stay; the time of day is kept, the weekday is not. The weaker of the two: day and night, and who was there at the same time, can be guessed.
 */
export const RELEASE_METHODS = ['safe-harbor', 'date-shift'] as const
export type ReleaseMethod = (typeof RELEASE_METHODS)[number]

export type StayTimes = { readonly openedAt: WallMs; readonly closedAt: WallMs; readonly shiftDays: number }

const DAY_MS = 86_400_000

/** Of its beginning, by UTC. */
export const yearOf = (at: number): number => new Date(at).getUTCFullYear()

/** What is told of dates whatever the method: the year in which the stay began; with shifted dates, that in which it is shown. */
export const shownYearOf = (method: ReleaseMethod, { openedAt, shiftDays }: StayTimes): number =>
  yearOf(method === 'safe-harbor' ? openedAt : openedAt - shiftDays * DAY_MS)

/** Where the beginning of the stay is shown. */
const anchorOf = (method: ReleaseMethod, times: StayTimes): number =>
  method === 'safe-harbor' ? Date.UTC(yearOf(times.openedAt), 0, 1) : times.openedAt - times.shiftDays * DAY_MS

/** Where a moment of the stay is shown, in whole seconds; null before its beginning: in a stay that lies at the begin of its year, that would be a date. */
export function shownAt(method: ReleaseMethod, times: StayTimes, at: number): number | null {
  if (at < times.openedAt) return null
  const { resolutionMs } = releaseLimits
  return Math.floor((anchorOf(method, times) + (at - times.openedAt)) / resolutionMs) * resolutionMs
}

export const shownText = (shown: number): string => isoOf(wallMs(shown))

/** Time of a batch: the first instant of the year in which it was cut. When it comes, central sees anyway; when it was cut, it need not know. */
export const coarse = (at: WallMs): WallMs => wallMs(Date.UTC(yearOf(at), 0, 1))
