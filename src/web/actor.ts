/** Who taps, asked at a screen of the ward at each tap: what a name, digits and a scanner come to. Pure. */

import type { ActorProof, ShiftView } from '../api/shift-wire.ts'
import { apiLimits } from '../limits.ts'

/** `pin`: what was typed so far. */
export type Asking = { readonly name: string | null; readonly pin: string }

export const NOBODY_YET: Asking = { name: null, pin: '' }

export type Entered =
  | { readonly kind: 'proof'; readonly proof: ActorProof }
  /** Not yet: what is missing, in words. */
  | { readonly kind: 'more'; readonly hint: string }

/** Another name begins anew: digits that were meant for one person are never tried on another. */
export const chosen = (asking: Asking, name: string): Asking => (asking.name === name ? asking : { name, pin: '' })

export const pressed = (asking: Asking, digit: string): Asking => (asking.pin.length >= apiLimits.pinDigitsMax ? asking : { ...asking, pin: asking.pin + digit })

export const erased = (asking: Asking): Asking => ({ ...asking, pin: asking.pin.slice(0, -1) })

export const isWhole = ({ name, pin }: Asking): boolean => name !== null && pin.length >= apiLimits.pinDigitsMin

/**
 * Enter was pressed behind `text`. `typed`: not at the speed of a scanner. A scanner says who it is by itself, whatever was chosen
 * before; what is typed by hand is a PIN, and never a badge: a code that stands printed on a card proves nothing when typed.
 */
export function entered({ name }: Asking, text: string, typed: boolean): Entered {
  const code = text.trim()
  if (!typed && code.length >= apiLimits.badgeCharsMin) return { kind: 'proof', proof: { badge: code } }
  if (name === null) return { kind: 'more', hint: 'Choose your name first, or scan your badge.' }
  if (!/^[0-9]+$/.test(code) || code.length < apiLimits.pinDigitsMin) return { kind: 'more', hint: `A PIN has ${apiLimits.pinDigitsMin} digits or more.` }
  return { kind: 'proof', proof: { name, pin: code } }
}

/** Whose name stands there to be chosen: those of this shift first; who has no PIN has only the badge. */
export function namesToChoose({ people, shift }: Pick<ShiftView, 'people' | 'shift'>): readonly string[] {
  const here = new Set(shift?.nurses.map(({ name }) => name))
  const able = people.filter(({ pin }) => pin).map(({ name }) => name)
  return [...able.filter((name) => here.has(name)), ...able.filter((name) => !here.has(name))]
}

/** What is about to be done, as the question names it. */
export function deedText(path: string): string {
  const [, , kind = '', , act = ''] = path.split('/')
  if (kind === 'alerts') return act === 'acknowledge' ? 'acknowledge this alert' : 'pause the sound'
  if (kind === 'beds' && act === 'state') return 'say how this bed is'
  if (kind === 'stays' && act === 'goal') return 'say what the treatment is for'
  if (kind === 'shift') return 'change the shift'
  if (kind === 'stays') return act === 'observations' ? 'save this observation' : act === 'limits' ? 'change a limit' : 'change what is known of this patient'
  if (kind === 'associations' || act === 'unassign') return 'say who lies where'
  if (kind === 'beds') return 'change this bed'
  return 'do this'
}
