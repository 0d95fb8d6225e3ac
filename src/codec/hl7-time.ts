/** HL7 v2 timestamps (data types TS and DTM): YYYY[MM[DD[HH[MM[SS[.S+]]]]]][±ZZZZ], and what devices make of them. */

import type { WallMs } from '../domain/time.ts'
import { type Zone, fixedZone, offsetMinutesOf } from './zone.ts'

export type Hl7Time =
  /** `zoned`: the text named its offset from UTC itself. */
  | { readonly kind: 'at'; readonly at: WallMs; readonly zoned: boolean }
  /** Empty, `""`, or zeros: the device has no time to tell. */
  | { readonly kind: 'none' }
  | { readonly kind: 'broken' }

const NONE: Hl7Time = { kind: 'none' }
const BROKEN: Hl7Time = { kind: 'broken' }

/** Digits of a time to the year, month, day, hour, minute and second; 17 is milliseconds without their dot, as Mindray sends them. */
const DIGITS_ALLOWED = new Set([4, 6, 8, 10, 12, 14, 17])
const OFFSET_CHARS = 5

/** The number that `text` spells from `from` to `to`; `otherwise` when it is shorter. Digits only: the caller has checked. */
function digits(text: string, from: number, to: number, otherwise: number): number {
  if (text.length < to) return otherwise
  let value = 0
  for (let at = from; at < to; at++) value = value * 10 + text.charCodeAt(at) - 48
  return value
}

function digitsEnd(text: string, from: number): number {
  let at = from
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code < 48 || code > 57) break
    at++
  }
  return at
}

/** Minutes east of UTC that a timestamp states, or null. HL7 2.6, 2.A.22: an offset in MSH-7 holds for the whole message. */
export function hl7Offset(text: string): number | null {
  const trimmed = text.trim()
  const sign = trimmed.at(-OFFSET_CHARS)
  return sign === '+' || sign === '-' ? offsetMinutesOf(trimmed.slice(-OFFSET_CHARS)) : null
}

/** `zone` is for times that name none. */
export function hl7Time(text: string, zone: Zone): Hl7Time {
  const trimmed = text.trim()
  if (trimmed === '' || trimmed === '""') return NONE
  const wholeEnd = digitsEnd(trimmed, 0)
  const dotted = trimmed[wholeEnd] === '.'
  const fractionEnd = dotted ? digitsEnd(trimmed, wholeEnd + 1) : wholeEnd
  if (!DIGITS_ALLOWED.has(wholeEnd) || (dotted && wholeEnd !== 14)) return BROKEN
  const tailChars = trimmed.length - fractionEnd
  const stated = tailChars === OFFSET_CHARS ? hl7Offset(trimmed) : null
  if (tailChars > 0 && stated === null) return BROKEN
  const whole = trimmed.slice(0, wholeEnd)
  if (digitsAreZero(whole)) return NONE
  const fraction = wholeEnd === 17 ? whole.slice(14) : trimmed.slice(wholeEnd + 1, fractionEnd)
  const local = localMsOf(whole, digits(fraction.padEnd(3, '0'), 0, 3, 0))
  if (local === null) return BROKEN
  return { kind: 'at', at: (stated === null ? zone : fixedZone(stated)).instantOf(local), zoned: stated !== null }
}

const digitsAreZero = (text: string): boolean => /^0+$/.test(text)

function localMsOf(whole: string, ms: number): number | null {
  const year = digits(whole, 0, 4, 0)
  const month = digits(whole, 4, 6, 1)
  const day = digits(whole, 6, 8, 1)
  const hour = digits(whole, 8, 10, 0)
  const minute = digits(whole, 10, 12, 0)
  const second = digits(whole, 12, 14, 0)
  // A second 60 is a leap second.
  if (year < 1000 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 60) return null
  const local = Date.UTC(year, month - 1, day, hour, minute, second, ms)
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day ? local : null
}
