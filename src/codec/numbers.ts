/** Numbers as devices write them. A sentinel, a dash or an empty field is no number and never becomes one. */

import type { AbsentReason } from '../domain/reading.ts'

export type Written =
  | { readonly kind: 'number'; readonly value: number; /** Marked so by the device, with a leading `?`. */ readonly questionable: boolean }
  | { readonly kind: 'absent'; readonly reason: AbsentReason }
  | { readonly kind: 'unreadable'; readonly why: string }

const NOT_MEASURED: Written = { kind: 'absent', reason: 'not-measured' }
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)$/
/** No number of any metric is so long, and it keeps the patterns below cheap. */
const FIELD_CHARS_MAX = 32

/**
 * Numbers that mean "no value" in numeric fields of monitors: Mindray -100, Northern and XH80X -999 and -99.9, 16-bit and
 * 24-bit signed limits and the codes next to them (DRI -32767 to -32761). None can be measured by any metric.
 */
const SMALLEST_POSITIVE_SENTINEL = 32_767
const SENTINELS: ReadonlySet<number> = new Set([-100, -10_000, -999, -99.9, 32_767, 8_388_607, -8_388_608])
export const isSentinel = (value: number): boolean => SENTINELS.has(value) || (value >= -32_768 && value <= -32_761)

/** IEEE 11073 FLOAT specials that some gateways print as they are. */
const SPECIALS: ReadonlySet<string> = new Set(['007FFFFF', '7FFFFF', '00800000', '007FFFFE', '00800002'])
const DASHES = /^[-_.*]*-[-_.*]*$/
const COMMA = /^[+-]?\d+,\d+$/
/** `1,926`: a group of three digits after one to three others is a thousand to some and a decimal to others. */
const GROUPED = /^[+-]?[1-9]\d{0,2},\d{3}$/

const TENS = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000] as const

/** Digits with at most one point among them, which is what nearly all values are; null for anything else. Exact: both parts are small integers. */
function digitsOf(text: string): number | null {
  if (text.length === 0 || text.length >= TENS.length) return null
  let whole = 0
  let decimals = -1
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code >= 48 && code <= 57) {
      whole = whole * 10 + code - 48
      if (decimals >= 0) decimals++
    } else if (code === 46 && decimals < 0 && text.length > 1) decimals = 0
    else return null
  }
  return decimals > 0 ? whole / (TENS[decimals] ?? 1) : whole
}

/** The number that a field of a message spells. */
export function readNumber(text: string): Written {
  const digits = digitsOf(text)
  if (digits !== null && digits < SMALLEST_POSITIVE_SENTINEL) return { kind: 'number', value: digits, questionable: false }
  const trimmed = text.trim()
  if (trimmed.length > FIELD_CHARS_MAX) return { kind: 'unreadable', why: 'not a number' }
  return trimmed.startsWith('?') ? readUnmarked(trimmed.slice(1).trim(), true) : readUnmarked(trimmed, false)
}

function readUnmarked(text: string, questionable: boolean): Written {
  if (text === '' || text === '""' || DASHES.test(text) || SPECIALS.has(text.toUpperCase())) return NOT_MEASURED
  if (NUMBER.test(text)) return plain(text, questionable)
  if (!COMMA.test(text)) return { kind: 'unreadable', why: 'not a number' }
  return GROUPED.test(text) ? { kind: 'unreadable', why: 'a comma that may part decimals or thousands' } : plain(text.replace(',', '.'), questionable)
}

function plain(text: string, questionable: boolean): Written {
  const value = Number(text)
  return isSentinel(value) ? NOT_MEASURED : { kind: 'number', value, questionable }
}
