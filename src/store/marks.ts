/** From times to rows: the writer leaves a mark each time the log enters another minute of the wall clock. */

import type { Database } from 'better-sqlite3'
import { readerQueries } from './queries.ts'

const MINUTE_MS = 60_000

export const minuteOf = (at: number): number => Math.floor(at / MINUTE_MS)

type Minutes = { readonly firstMinute: number; readonly lastMinute: number }
type Marks = { readonly firstSeq: number | null; readonly lastMark: number | null }

export type SeqSpan = { readonly firstSeq: number; readonly lastSeq: number }

/**
 * The rows among which all snapshots lie that were received from `from` to `to` (null: to the end of the log), ends
 * included; null when there are none. Others lie among them too: at the edges, and where the wall clock was set back.
 */
export function seqsBetween(db: Database, from: number, to: number | null): SeqSpan | null {
  const between = db.prepare<[Minutes], Marks>(readerQueries.MARKS_BETWEEN)
  const found = between.get({ firstMinute: minuteOf(from), lastMinute: to === null ? Number.MAX_SAFE_INTEGER : minuteOf(to) })
  if (!found || found.firstSeq === null || found.lastMark === null) return null
  const after = db.prepare<[{ seq: number }], { readonly seq: number | null }>(readerQueries.MARK_AFTER).get({ seq: found.lastMark })
  const end = db.prepare<[], { readonly seq: number }>(readerQueries.LAST_SEQ).get()?.seq ?? found.lastMark
  return { firstSeq: found.firstSeq, lastSeq: after?.seq === null || after === undefined ? end : after.seq - 1 }
}
