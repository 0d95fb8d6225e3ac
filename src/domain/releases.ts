/**
 * How many releases a sink has begun is counted twice: in its ledger, and beside the log. A ledger that was deleted, or put back from an older copy, knows
 * of fewer than the log: it cannot say which stays have left. Pure.
 */

/** The name of the count in the ledger. */
export const RELEASES = 'releases'
/** What stands beside the log; the sink's id comes behind it. */
export const RELEASED_KEY = 'released/'

export type ReleasedSoFar = { readonly times: number }

/** 0 for what is damaged, of another Vigil, or was never said. */
export const releasesIn = (value: unknown): number =>
  typeof value === 'object' && value !== null && 'times' in value && typeof value.times === 'number' && Number.isSafeInteger(value.times) ? value.times : 0
