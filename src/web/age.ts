/** Ages and times of day as a nurse reads them. */

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** Below this an age is "now": digits that tick without news would only draw the eye. */
const NOW_BELOW_MS = 3 * SECOND_MS

/** `now`, `12 s`, `4 min`, `2 h`, `3 d`. Rounded down; a negative age is `now`. */
export function ageText(ageMs: number): string {
  if (ageMs < NOW_BELOW_MS) return 'now'
  if (ageMs < MINUTE_MS) return `${Math.floor(ageMs / SECOND_MS)} s`
  if (ageMs < HOUR_MS) return `${Math.floor(ageMs / MINUTE_MS)} min`
  if (ageMs < DAY_MS) return `${Math.floor(ageMs / HOUR_MS)} h`
  return `${Math.floor(ageMs / DAY_MS)} d`
}

/** How long a span is, rounded: `15 min`, `75 min`, `2 h`. */
export function spanText(spanMs: number): string {
  const minutes = Math.round(spanMs / MINUTE_MS)
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`
}

/** `now`, or the age with `ago`. */
export function agoText(ageMs: number): string {
  const age = ageText(ageMs)
  return age === 'now' ? age : `${age} ago`
}

const two = (part: number): string => String(part).padStart(2, '0')

/** Time of day in the zone of the screen, `hh:mm:ss`. */
export function clockText(at: number): string {
  const date = new Date(at)
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** Time of day in the zone of the screen, `hh:mm`. */
export const minuteText = (at: number): string => clockText(at).slice(0, 5)

/** `14:02` on the same day, `21 Nov 14:02` on another. */
export function momentText(at: number, now: number): string {
  const date = new Date(at)
  if (date.toDateString() === new Date(now).toDateString()) return minuteText(at)
  return `${date.getDate()} ${date.toLocaleString('en-GB', { month: 'short' })} ${minuteText(at)}`
}
