/** When a sink may send: at most so many events a second, and only at certain hours of the ward's clock. Pure. */

import type { Zone } from '../codec/zone.ts'
import type { WallMs } from '../domain/time.ts'

/** Minutes since midnight on the ward's clock; `to` before `from` goes over midnight. */
export type Hours = { readonly fromMinute: number; readonly toMinute: number; readonly zone: Zone }

export type Pace = { readonly eventsPerSecond: number | null; readonly hours: Hours | null }

export const UNPACED: Pace = { eventsPerSecond: null, hours: null }

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

/** How long after a batch of so many events the next one may go. */
export const restMs = ({ eventsPerSecond }: Pace, events: number): number => (eventsPerSecond === null ? 0 : Math.ceil((events * 1_000) / eventsPerSecond))

/** How long until the hours begin; 0 within them. On the days when clocks are set, they last an hour more or less. */
export function closedMs({ hours }: Pace, now: WallMs): number {
  if (hours === null) return 0
  const { fromMinute, toMinute, zone } = hours
  const today = Math.floor(now / DAY_MS) * DAY_MS
  const lengthMs = (toMinute > fromMinute ? 0 : DAY_MS) + (toMinute - fromMinute) * MINUTE_MS
  let nextMs = DAY_MS
  // No zone is further from UTC than a day, so what is open now began on one of these.
  for (const day of [-2, -1, 0, 1, 2]) {
    const shown = today + day * DAY_MS + fromMinute * MINUTE_MS
    const from = zone.instantOf(shown)
    const to = zone.instantOf(shown + lengthMs)
    if (now >= from && now < to) return 0
    if (from > now) nextMs = Math.min(nextMs, from - now)
  }
  return nextMs
}

const twoDigits = (count: number): string => String(count).padStart(2, '0')
const clockOf = (minute: number): string => `${twoDigits(Math.floor(minute / 60))}:${twoDigits(minute % 60)}`
export const hoursText = ({ fromMinute, toMinute }: Hours): string => `${clockOf(fromMinute)} to ${clockOf(toMinute)}`
