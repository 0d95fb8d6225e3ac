/** The watch ledger read back from the log. */

import type { Database } from 'better-sqlite3'
import type { WallMs } from '../domain/time.ts'
import type { WatchChange } from '../domain/watch.ts'
import { storeLimits, watchLimits } from '../limits.ts'
import { seqsBetween } from './marks.ts'
import { readerQueries } from './queries.ts'
import { type Damage, type EventRow, eventOf } from './rows.ts'

export type WatchQuery = { readonly from: WallMs; readonly to: WallMs }
/** `isCut`: more events than are read at once; the latest are missing. */
export type KeptWatch = { readonly changes: readonly WatchChange[]; readonly damaged: readonly Damage[]; readonly isCut: boolean }

/** Changes of all beds that tell what was watched from `from` to `to`, in the order in which they were written. */
export function readWatch(db: Database, { from, to }: WatchQuery): KeptWatch {
  // All of it is written once in `wholeMs`, and a gateway that was away writes when it is back.
  const span = seqsBetween(db, from - 2 * watchLimits.wholeMs, null)
  const changes: WatchChange[] = []
  const damaged: Damage[] = []
  if (!span) return { changes, damaged, isCut: false }
  const eventsAfter = db.prepare<[{ afterSeq: number; rowsMax: number }], EventRow>(readerQueries.LOGGED_EVENTS_AFTER)
  let rows = 0
  for (let afterSeq = span.firstSeq - 1; rows < watchLimits.eventsReadMax; ) {
    const page = eventsAfter.all({ afterSeq, rowsMax: storeLimits.readerPageRowsMax })
    for (const row of page) {
      afterSeq = row.seq
      const stored = eventOf(row)
      if (stored.kind === 'damaged') damaged.push(stored.damage)
      else if (stored.value.kind === 'watch') for (const change of stored.value.changes) if (change.from <= to) changes.push(change)
    }
    rows += page.length
    if (page.length < storeLimits.readerPageRowsMax) return { changes, damaged, isCut: false }
  }
  return { changes, damaged, isCut: true }
}
