/** Whether the ledger of a release lane is the one that its last release was written in (domain/releases.ts). */

import { RELEASES } from '../domain/releases.ts'

/** The part of a ledger that is asked. */
export interface ReleaseCounts {
  transaction<Result>(work: () => Result): Result
  counts(sink: string): readonly { readonly what: string; readonly times: number }[]
  count(sink: string, what: string, times: number): void
  beginLost(): void
}

export const releasesOf = (ledger: Pick<ReleaseCounts, 'counts'>, sink: string): number => ledger.counts(sink).find(({ what }) => what === RELEASES)?.times ?? 0

/**
 * A ledger that knows of fewer releases than stand beside the log (`kept`) says from now on that it was lost, once. Answers how many stand in it now: where
 * those are more than `kept`, the log is still to be told.
 */
export function missReleases(ledger: ReleaseCounts, sink: string, kept: number): number {
  const own = releasesOf(ledger, sink)
  if (own >= kept) return own
  return ledger.transaction(() => {
    ledger.beginLost()
    ledger.count(sink, RELEASES, kept - own)
    return kept
  })
}
