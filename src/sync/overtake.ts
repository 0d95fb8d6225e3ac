/**
 * Which stretch of the log is cut next. A sink that is in time goes through it in order. One that is behind takes the newest rows first, again and
 * again, and what lies between them and its cursor in turns with them: so a ward shows as it is within seconds of central's return, whatever waits
 * behind. Stretches that were cut ahead are few and kept; a cursor that comes to one goes on at its end. Pure.
 */

import type { SeqRange } from '../domain/batch.ts'
import { syncLimits } from '../limits.ts'
import type { Span } from './position.ts'

/** Rows behind `after`, up to and with `lastSeq`. `fresh`: ahead of the cursor, which stays where it is. */
export type Stretch = { readonly epoch: string; readonly after: number; readonly lastSeq: number; readonly isFresh: boolean }

export type Standing = {
  /** Not done yet, in their order; the last is the current one. */
  readonly spans: readonly Span[]
  readonly lastSeq: number
  /** With more than this behind the cursor, it is behind; and so many of the newest go first. */
  readonly rowsMax: number
}

/** Rows that are still to be cut: an upper bound, for numbers may be missing from the log. */
export function lagOf({ spans, lastSeq }: Omit<Standing, 'rowsMax'>): number {
  const position = spans[0]?.after ?? lastSeq
  return Math.max(0, lastSeq - position - spans.flatMap(({ ahead }) => ahead).reduce((sum, { seqFrom, seqTo }) => sum + seqTo - seqFrom + 1, 0))
}

/** In the order in which they are to be tried. `isFreshDue`: the last fresh stretch is so long ago that values have gathered for columns. */
export function stretchesOf(standing: Standing, isFreshDue: boolean): readonly Stretch[] {
  const fresh = isFreshDue ? freshOf(standing) : null
  return [...(fresh === null ? [] : [fresh]), ...standing.spans.map(inTurn)]
}

/** Up to where others were cut ahead. */
function inTurn({ epoch, after, lastSeq, ahead: [first] }: Span): Stretch {
  return { epoch, after, lastSeq: first === undefined ? lastSeq : Math.min(lastSeq, first.seqFrom - 1), isFresh: false }
}

function freshOf(standing: Standing): Stretch | null {
  const { spans, lastSeq, rowsMax } = standing
  const current = spans.at(-1)
  if (current === undefined) return null
  const { ahead } = current
  const newest = ahead.at(-1)
  if (newest === undefined && lagOf(standing) <= rowsMax) return null
  const goesOn = newest !== undefined && (lastSeq - newest.seqTo <= rowsMax || ahead.length >= syncLimits.aheadRangesMax)
  const after = goesOn ? newest.seqTo : Math.max(lastSeq - rowsMax, newest?.seqTo ?? 0)
  // What begins at the cursor is its turn anyway.
  if (after <= current.after) return null
  return { epoch: current.epoch, after, lastSeq: current.lastSeq, isFresh: true }
}

/** Up to where all is cut when the cursor comes to `seqTo`. */
export const throughOf = (seqTo: number, ahead: readonly SeqRange[]): number =>
  ahead.reduce((reached, range) => (range.seqFrom <= reached + 1 ? Math.max(reached, range.seqTo) : reached), seqTo)
