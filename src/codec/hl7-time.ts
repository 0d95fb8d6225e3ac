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
const PLUS = 0x2b
const MINUS = 0x2d
const POINT = 0x2e

/** The number that `text` spells from `from` to `to`, which are digits: the caller has checked. */
function digits(text: string, from: number, to: number): number {
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
  const sign = text.charCodeAt(text.length - OFFSET_CHARS)
  return sign === PLUS || sign === MINUS ? offsetMinutesOf(text.slice(-OFFSET_CHARS)) : null
}

/** `zone` is for times that name none. */
export function hl7Time(text: string, zone: Zone): Hl7Time {
  const trimmed = text.trim()
  if (trimmed === '' || trimmed === '""') return NONE
  const wholeEnd = digitsEnd(trimmed, 0)
  const dotted = trimmed.charCodeAt(wholeEnd) === POINT
  const fractionEnd = dotted ? digitsEnd(trimmed, wholeEnd + 1) : wholeEnd
  if (!DIGITS_ALLOWED.has(wholeEnd) || (dotted && wholeEnd !== 14)) return BROKEN
  const tailChars = trimmed.length - fractionEnd
  const stated = tailChars === OFFSET_CHARS ? hl7Offset(trimmed) : null
  if (tailChars > 0 && stated === null) return BROKEN
  const local = localMsOf(trimmed, wholeEnd, fractionEnd)
  if (local === 'broken') return BROKEN
  if (local === 'zeros') return NONE
  return { kind: 'at', at: (stated === null ? zone : fixedZone(stated)).instantOf(local), zoned: stated !== null }
}

function localMsOf(text: string, wholeEnd: number, fractionEnd: number): number | 'broken' | 'zeros' {
  const field = (from: number, to: number, otherwise: number): number => (to <= wholeEnd ? digits(text, from, to) : otherwise)
  const year = digits(text, 0, 4)
  const month = field(4, 6, 1)
  const day = field(6, 8, 1)
  const hour = field(8, 10, 0)
  const minute = field(10, 12, 0)
  const second = field(12, 14, 0)
  if (year === 0 && /^0*$/.test(text.slice(0, wholeEnd))) return 'zeros'
  // A second 60 is a leap second.
  if (year < 1000 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 60) return 'broken'
  const dayMs = Date.UTC(year, month - 1, day)
  if (day > 28 && new Date(dayMs).getUTCDate() !== day) return 'broken'
  return dayMs + ((hour * 60 + minute) * 60 + second) * 1_000 + fractionMs(text, wholeEnd, fractionEnd)
}

/** Milliseconds: behind the dot, or the last three of seventeen digits. */
function fractionMs(text: string, wholeEnd: number, fractionEnd: number): number {
  const from = wholeEnd === 17 ? 14 : wholeEnd + 1
  const to = Math.min(from + 3, wholeEnd === 17 ? wholeEnd : fractionEnd)
  return from >= to ? 0 : digits(text, from, to) * 10 ** (3 - (to - from))
}
