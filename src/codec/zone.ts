/** Time zones of devices that state none: an IANA name or a fixed offset. Pure: Intl is asked about given instants only. */

import { type WallMs, wallMs } from '../domain/time.ts'

export type Zone = {
  readonly name: string
  /**
   * The instant at which a clock in this zone shows `localMs` (its reading counted as if it were UTC). A time shown twice
   * (clocks set back) is the earlier one; a time never shown (clocks set forward) is moved forward by the jump.
   */
  readonly instantOf: (localMs: number) => WallMs
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const OFFSET = /^([+-])(\d{2}):?(\d{2})$/

/** No zone on Earth is further from UTC, in minutes. */
const OFFSET_MINUTES_MAX = 14 * 60

/** There are few offsets, and each is asked for again and again. */
const FIXED = new Map<number, Zone>()

export function fixedZone(offsetMinutes: number): Zone {
  const known = FIXED.get(offsetMinutes)
  if (known !== undefined) return known
  const sign = offsetMinutes < 0 ? '-' : '+'
  const hours = String(Math.floor(Math.abs(offsetMinutes) / 60)).padStart(2, '0')
  const minutes = String(Math.abs(offsetMinutes) % 60).padStart(2, '0')
  const name = offsetMinutes === 0 ? 'UTC' : `${sign}${hours}:${minutes}`
  const zone: Zone = { name, instantOf: (localMs) => wallMs(localMs - offsetMinutes * MINUTE_MS) }
  if (Math.abs(offsetMinutes) <= OFFSET_MINUTES_MAX) FIXED.set(offsetMinutes, zone)
  return zone
}

export const UTC: Zone = fixedZone(0)

/** Minutes east of UTC of `+0530`, `+05:30` and the like; null when the text is no offset. */
export function offsetMinutesOf(text: string): number | null {
  const [, sign, hours = '', minutes = ''] = OFFSET.exec(text) ?? []
  if (sign === undefined || Number(minutes) > 59) return null
  const offset = Number(hours) * 60 + Number(minutes)
  return offset > OFFSET_MINUTES_MAX ? null : sign === '-' ? -offset : offset
}

/** All that is needed to count back from what a clock shows. */
const SHOWN: Intl.DateTimeFormatOptions = {
  calendar: 'gregory', hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
}

/** The zone that a setting names: `UTC`, `Europe/Berlin`, `+05:30`; null when there is none of that name. */
export function readZone(text: string): Zone | null {
  if (text === 'UTC' || text === 'Z') return UTC
  const offset = offsetMinutesOf(text)
  if (offset !== null) return fixedZone(offset)
  if (!/^[A-Za-z]/.test(text)) return null
  try {
    return namedZone(text, new Intl.DateTimeFormat('en-US', { ...SHOWN, timeZone: text }))
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

function namedZone(name: string, format: Intl.DateTimeFormat): Zone {
  const offsetMsAt = (utcMs: number): number => {
    const shown = new Map(format.formatToParts(utcMs).map((part) => [part.type, Number(part.value)]))
    const field = (type: Intl.DateTimeFormatPartTypes): number => shown.get(type) ?? 0
    const local = Date.UTC(field('year'), field('month') - 1, field('day'), field('hour'), field('minute'), field('second'))
    return local - Math.floor(utcMs / 1_000) * 1_000
  }
  const offsetMsFor = (localMs: number): number => {
    const earlier = offsetMsAt(localMs - DAY_MS)
    const later = offsetMsAt(localMs + DAY_MS)
    if (earlier === later) return earlier
    const shownBy = [earlier, later].filter((offsetMs) => offsetMsAt(localMs - offsetMs) === offsetMs)
    return shownBy.length === 0 ? earlier : Math.max(...shownBy)
  }
  // Asking Intl costs microseconds; the times of one message lie in one minute, and no zone changes within one.
  let minute = NaN
  let offsetMs = 0
  return {
    name,
    instantOf(localMs) {
      const asked = Math.floor(localMs / MINUTE_MS)
      if (asked !== minute) {
        offsetMs = offsetMsFor(asked * MINUTE_MS)
        minute = asked
      }
      return wallMs(localMs - offsetMs)
    },
  }
}
