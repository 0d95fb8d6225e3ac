/**
 * AnonymizationConfig (contract with central, §1): what is done to a field that a site has added, before it leaves. Pure: keys, tokens
 * and what is random come through an argument.
 */

import { type WallMs, wallMs } from '../domain/time.ts'
import { releaseLimits } from '../limits.ts'

export const FIELD_METHODS = ['hash', 'mask', 'tokenize'] as const

export type AnonymizationConfig = {
  readonly fields: readonly string[]
  /**
   * `hash`: HMAC-SHA-256 under a key that never leaves; the same value is the same for ever. `mask`: what it is made of, and nothing of
   * what it says. `tokenize`: drawn at random and kept in a table, derived from nothing.
   */
  readonly method: (typeof FIELD_METHODS)[number]
  /** As long as it was, a digit for a digit, a letter for a letter, signs as they are. */
  readonly preserveFormat: boolean
  /** Seconds for which a token stands for its value; then another is drawn. Null: for as long as it is known. */
  readonly ttl: number | null
}

export type FieldParts = {
  /** HMAC-SHA-256 under the key of this site, 32 bytes. */
  readonly hmac: (text: string) => Uint8Array
  /** 0 ≤ x < 1. */
  readonly random: () => number
  readonly now: WallMs
  readonly tokens: {
    of(field: string, value: string): string | null
    isTaken(field: string, token: string): boolean
    put(field: string, value: string, token: string, until: WallMs): void
  }
}

/** The end of time, as dates know it: a token without an end. */
const FOREVER_MS = 8_000_000_000_000_000
const DIGITS = '0123456789'
const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const UPPER = LOWER.toUpperCase()

/**
 * What leaves instead of the value; null where nothing may: no rule names the field, it is too long, or no token is left that looks like it.
 */
export function anonymised(field: string, value: string, config: readonly AnonymizationConfig[], parts: FieldParts): string | null {
  const rule = config.find(({ fields }) => fields.includes(field))
  if (rule === undefined || value === '' || value.length > releaseLimits.fieldCharactersMax) return null
  switch (rule.method) {
    case 'mask':
      return rule.preserveFormat ? reshaped(value, () => 0) : '***'
    case 'hash':
      return hashed(field, value, rule.preserveFormat, parts)
    case 'tokenize':
      return tokenFor(field, value, rule, parts)
  }
}

/** The field is part of it: two fields of one value are not seen to be. */
function hashed(field: string, value: string, preserveFormat: boolean, { hmac }: FieldParts): string {
  const bytes = hmac(`${field}\u0000${value}`)
  if (!preserveFormat) return [...bytes.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  // Longer than a digest: the next is that of a counter and the value.
  const at = (place: number): number => {
    const block = Math.floor(place / bytes.length)
    const source = block === 0 ? bytes : hmac(`${block}\u0000${field}\u0000${value}`)
    return (source[place % bytes.length] ?? 0) / 256
  }
  return reshaped(value, at)
}

function tokenFor(field: string, value: string, { preserveFormat, ttl }: AnonymizationConfig, { tokens, random, now }: FieldParts): string | null {
  const known = tokens.of(field, value)
  if (known !== null) return known
  for (let tries = 0; tries < releaseLimits.tokenTriesMax; tries++) {
    const drawn = reshaped(preserveFormat ? value : '0'.repeat(16), random)
    if (drawn === value || tokens.isTaken(field, drawn)) continue
    tokens.put(field, value, drawn, wallMs(ttl === null ? FOREVER_MS : now + ttl * 1_000))
    return drawn
  }
  return null
}

/** Each character by another of its class; `at` says which, 0 ≤ x < 1. Letters that are none of a to z become such. */
function reshaped(value: string, at: (place: number) => number): string {
  return Array.from(value, (character, place) => {
    const among = classOf(character)
    return among === null ? character : (among[Math.floor(at(place) * among.length)] ?? character)
  }).join('')
}

/** null: a sign, which says nothing. */
function classOf(character: string): string | null {
  if (/\p{N}/u.test(character)) return DIGITS
  if (/\p{Lu}/u.test(character)) return UPPER
  return /[\p{L}\p{M}]/u.test(character) ? LOWER : null
}
