/** Alerts and watch ledger of a time, read back from the log for the report of what the rules said. */

import type { Database } from 'better-sqlite3'
import { AlertSpans } from '../evaluate/compare.ts'
import type { Said } from '../evaluate/commissioning.ts'
import type { WallMs } from '../domain/time.ts'
import type { WatchChange } from '../domain/watch.ts'
import { houseLimits, storeLimits, watchLimits } from '../limits.ts'
import { seqsBetween } from './marks.ts'
import { readerQueries } from './queries.ts'
import { type Damage, type EventRow, eventOf } from './rows.ts'

export type SaidQuery = { readonly from: WallMs; readonly to: WallMs }
export type KeptSaid = Said & { readonly damaged: readonly Damage[] }

/** In the order in which it was written; an alert that began before `from` is not among them. */
export function readSaid(db: Database, { from, to }: SaidQuery, eventsMax: number = houseLimits.commissioningEventsMax): KeptSaid {
  const span = seqsBetween(db, from - 2 * watchLimits.wholeMs, null)
  const alerts = new AlertSpans()
  const changes: WatchChange[] = []
  const damaged: Damage[] = []
  const eventsAfter = db.prepare<[{ afterSeq: number; rowsMax: number }], EventRow>(readerQueries.LOGGED_EVENTS_AFTER)
  let isCut = span !== null
  let rows = 0
  const rowsMax = Math.min(storeLimits.readerPageRowsMax, eventsMax)
  for (let afterSeq = (span?.firstSeq ?? 0) - 1; isCut && rows < eventsMax; ) {
    const page = eventsAfter.all({ afterSeq, rowsMax })
    for (const row of page) {
      afterSeq = row.seq
      const stored = eventOf(row)
      if (stored.kind === 'damaged') damaged.push(stored.damage)
      else if (stored.value.kind === 'alert') alerts.add(stored.value.event)
      else if (stored.value.kind === 'watch') for (const change of stored.value.changes) if (change.from <= to) changes.push(change)
    }
    rows += page.length
    isCut = page.length === rowsMax
  }
  return { spans: alerts.all(), changes, damaged, isCut }
}
