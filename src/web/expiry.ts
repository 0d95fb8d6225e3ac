/** How long a limit or a decision holds, as a person chooses it. */

export const EXPIRIES = [
  { id: '4', words: 'for 4 hours' },
  { id: '12', words: 'for 12 hours' },
  { id: '24', words: 'for 24 hours' },
  { id: '72', words: 'for 3 days' },
  { id: 'stay', words: 'until it is changed or the stay ends' },
] as const
export type Expiry = (typeof EXPIRIES)[number]['id']

/** null: it does not end by itself. */
export const hoursOf = (expiry: Expiry): number | null => (expiry === 'stay' ? null : Number(expiry))
