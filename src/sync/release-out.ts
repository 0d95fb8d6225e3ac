/** What is out: a stay of which nothing leaves any more, and rows that went with it. Pure. */

import type { KnownStay } from './release-ledger.ts'

/** Those of which something has left, or is on its way. */
export const outOf = (stays: readonly KnownStay[]): ReadonlySet<string> => new Set(stays.flatMap(({ stay, state }) => (state === 'waiting' ? [] : [stay])))

/** Nothing of it ever leaves again, and nothing that it was known by out there is kept. */
export const gone = (stay: KnownStay): KnownStay => ({ ...stay, state: 'released', fromSeq: stay.throughSeq + 1, shiftDays: 0, told: '' })

/** A row that took the place of another, and whose that one was. */
type Link = { readonly seq: number; readonly supersedes: number; readonly before: string | null }

/**
 * Whether the row whose place was taken had been drawn to leave by then: as it is out there, it stays. What took its place earlier
 * was seen when it was drawn, and leaves in its stead.
 */
export function hasLeft(known: ReadonlyMap<string, KnownStay>, { seq, supersedes, before }: Link): boolean {
  const stay = before === null ? undefined : known.get(before)
  if (stay === undefined || stay.state === 'waiting') return false
  const drawnTo = stay.state === 'leaving' ? stay.throughSeq : stay.fromSeq - 1
  return supersedes <= drawnTo && seq > drawnTo
}
