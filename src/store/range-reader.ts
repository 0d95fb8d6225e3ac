/** A stretch of the log with all stays that it tells of: what a comparison of rules reads. On read-only connections of its own. */

import type { LoggedRow, StayRecord } from '../seams.ts'
import { openReaderDatabase } from './database.ts'
import { openLogReader } from './log-reader.ts'
import { seqsBetween, type SeqSpan } from './marks.ts'
import type { StoreKind } from './meta.ts'
import { readerQueries, verifyQueries } from './queries.ts'
import { type StayRow, stayOf } from './rows.ts'

export interface RangeReader extends Disposable {
  readonly kind: StoreKind
  /** Rows among which all that was received between lies; null: none. */
  span(from: number | null, to: number | null): SeqSpan | null
  read(afterSeq: number, rowsMax: number): readonly LoggedRow[]
  stays(): readonly StayRecord[]
  /** Rows that were passed over because they cannot be believed. */
  damagedRows(): number
}

/** @throws StoreUnreadable when there is no database, or none that this version can read. */
export function openRangeReader(folder: string): RangeReader {
  const log = openLogReader(folder)
  const { db } = openReaderDatabase(folder)
  const meta = db.prepare<[], { readonly kind: StoreKind }>(readerQueries.META).get()
  if (!meta) throw new Error('an open database says nothing of itself')
  return {
    kind: meta.kind,
    span: (from, to) => seqsBetween(db, from ?? 0, to),
    read: (afterSeq, rowsMax) => log.read(afterSeq, rowsMax),
    stays: () => db.prepare<[], StayRow>(verifyQueries.STAYS).all().flatMap((row) => stayOf(row).stay ?? []),
    damagedRows: () => log.damaged().length,
    [Symbol.dispose]: () => {
      log.close()
      db.close()
    },
  }
}
