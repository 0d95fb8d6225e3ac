/** How far a sink has come in a log of several incarnations. Pure but for the ledger that it asks. */

import type { SeqRange } from '../domain/batch.ts'
import type { LogEpoch, LogReader } from '../seams.ts'
import type { SyncLedger } from './ledger.ts'

/** A stretch of the log that belongs to one incarnation, with what is behind its cursor still to send. */
export type Span = { readonly epoch: string; readonly after: number; /** Infinity for the current one. */ readonly lastSeq: number; /** Of it, what was cut already, in its order. */ readonly ahead: readonly SeqRange[] }

type Cursors = Pick<SyncLedger, 'cursor' | 'ahead'>
type Log = Pick<LogReader, 'epochs'>

/** Those that are not known to be done, in their order; the current one is always there. */
export function spansOf(ledger: Cursors, { epochs }: Log, sink: string): readonly Span[] {
  const spans = epochs.map(({ epoch, firstSeq }, place): Span => {
    const lastSeq = Math.min(Number.POSITIVE_INFINITY, ...epochs.slice(place + 1).map((next) => next.firstSeq - 1))
    return { epoch, after: Math.max(ledger.cursor(sink, epoch), firstSeq - 1), lastSeq, ahead: ledger.ahead(sink, epoch) }
  })
  return spans.filter(({ after, lastSeq }) => after < lastSeq)
}

/** The number up to which nothing is left to send. */
export const positionOf = (ledger: Cursors, log: Log, sink: string): number => spansOf(ledger, log, sink)[0]?.after ?? 0

/**
 * The epoch under which surrogates of this one are kept. What stands for a patient goes on over a restore, so that a stay stays
 * one stay; a copy draws anew, for its patients are not those of the original.
 */
export function scopeOf(epochs: readonly LogEpoch[], epoch: string): string {
  const place = epochs.findIndex((known) => known.epoch === epoch)
  const begins = epochs.slice(0, place + 1).findLast(({ why }) => why === 'created' || why === 'cloned')
  return begins?.epoch ?? epochs[0]?.epoch ?? epoch
}
