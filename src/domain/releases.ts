/**
 * How many releases a sink has begun is counted twice: in its ledger, and beside the log. A ledger that was deleted, or put back from an older copy, knows
 * of fewer than the log: it cannot say which stays have left. Pure.
 */

/** The name of the count in the ledger. */
export const RELEASES = 'releases'
/** What stands beside the log; the sink's id comes behind it. */
export const RELEASED_KEY = 'released/'

/** `again`: stays that have left, were opened again, and are not over: nothing else would say so of a stay that lasts. */
export type ReleasedSoFar = { readonly times: number; readonly again: readonly string[] }

/** 0, and none, for what is damaged, of another Vigil, or was never said. */
export function releasedIn(value: unknown): ReleasedSoFar {
  const { times, again }: { readonly times?: unknown; readonly again?: unknown } = typeof value === 'object' && value !== null ? value : {}
  return {
    times: typeof times === 'number' && Number.isSafeInteger(times) ? times : 0,
    again: Array.isArray(again) ? again.filter((stay) => typeof stay === 'string') : [],
  }
}
