/** A scanner types what it reads, and Enter: which two codes belong together, and whether it was a scanner at all. Pure. */

import { webLimits } from '../limits.ts'

export type Place = { readonly bed: string } | { readonly device: string }

/** What was read and waits for its other half. `typed`: by hand, so that a second person has to confirm it. */
export type Held =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'wristband'; readonly number: string; readonly typed: boolean; readonly at: number }
  | { readonly kind: 'place'; readonly place: Place; readonly typed: boolean; readonly at: number }

export const NOTHING_HELD: Held = { kind: 'nothing' }

export type Read = { readonly code: string; readonly typed: boolean; /** Page time, ms. */ readonly at: number }

export type Step =
  | { readonly kind: 'held'; readonly held: Held }
  | { readonly kind: 'both'; readonly number: string; readonly place: Place; readonly typed: boolean }
  /** Two codes, and neither is a place: nobody is paired with anything. */
  | { readonly kind: 'no-place'; readonly code: string }

/** Codes of beds and monitors, however they are written. */
export type Places = { readonly beds: readonly string[]; readonly devices: readonly string[] }

export function placeOf(code: string, { beds, devices }: Places): Place | null {
  const isIt = (id: string): boolean => id.toLowerCase() === code.toLowerCase()
  const bed = beds.find(isIt)
  if (bed !== undefined) return { bed }
  const device = devices.find(isIt)
  return device === undefined ? null : { device }
}

/** null once it waited too long: it must not meet what somebody else scans later. */
export const stillHeld = (held: Held, now: number): Held => (held.kind !== 'nothing' && now - held.at >= webLimits.scanHoldMs ? NOTHING_HELD : held)

export function readCode(before: Held, { code: raw, typed, at }: Read, places: Places): Step {
  const code = raw.trim()
  const held = stillHeld(before, at)
  if (code === '') return { kind: 'held', held }
  const place = placeOf(code, places)
  if (place !== null) {
    if (held.kind === 'wristband') return { kind: 'both', number: held.number, place, typed: typed || held.typed }
    return { kind: 'held', held: { kind: 'place', place, typed, at } }
  }
  if (held.kind === 'place') return { kind: 'both', number: code, place: held.place, typed: typed || held.typed }
  // The same wristband again: the scanner was pressed twice.
  if (held.kind === 'wristband' && held.number !== code) return { kind: 'no-place', code }
  return { kind: 'held', held: { kind: 'wristband', number: code, typed: typed || (held.kind === 'wristband' && held.typed), at } }
}

/** Nobody types as fast as a scanner. `keysAt`: page times of the keys of one code. */
export function isTyped(keysAt: readonly number[], code: string): boolean {
  const [first] = keysAt
  const last = keysAt.at(-1)
  // Pasted, or filled in by something else than keys.
  if (first === undefined || last === undefined || keysAt.length < code.length) return true
  return last - first > webLimits.scanKeyMsMax * (keysAt.length - 1)
}
