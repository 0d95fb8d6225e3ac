/** The statements of retention, prepared. */

import type { Database } from 'better-sqlite3'
import { writerQueries } from './queries.ts'
import { retentionQueries as Q } from './retention-queries.ts'
import type { RetentionState } from './retention.ts'

type NamedStay = {
  readonly id: string
  readonly bed: string
  readonly patient: number
  readonly openedAt: number
  readonly closedAt: number
  readonly context: string
  readonly crc: number
}
type Seq = { readonly seq: number }
type OldEvent = Seq & { readonly at: number; readonly alertId: string | null }
type Some = { readonly rowsMax: number }

export type RetentionStatements = ReturnType<typeof retentionStatementsOf>

export const retentionStatementsOf = (db: Database) => ({
  pages: db.prepare<[], { readonly page_count: number }>(Q.PAGES),
  freePages: db.prepare<[], { readonly freelist_count: number }>(Q.FREE_PAGES),
  truncateWal: db.prepare<[], { readonly busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)'),
  lastSeq: db.prepare<[], Seq>(writerQueries.LAST_SEQ),
  state: db.prepare<[], RetentionState>(Q.STATE),
  putState: db.prepare<[RetentionState]>(Q.PUT_STATE),
  setUnbound: db.prepare<[{ unboundSeq: number }]>(Q.SET_UNBOUND),
  raiseFloor: db.prepare<[Seq]>(Q.RAISE_FLOOR),
  unseal: db.prepare<[{ block: number }]>(Q.UNSEAL),
  staysNamed: db.prepare<[Some & { before: number }], NamedStay>(Q.STAYS_NAMED),
  unnameStay: db.prepare<[{ id: string; crc: number }]>(Q.UNNAME_STAY),
  forgetPatient: db.prepare<[{ patient: number; crc: number }]>(Q.FORGET_PATIENT),
  removeFact: db.prepare<[{ id: number }]>(Q.REMOVE_FACT),
  removeRevisions: db.prepare<[Some & Seq]>(Q.REMOVE_REVISIONS),
  removeFrames: db.prepare<[Some & { before: number }]>(Q.REMOVE_FRAMES),
  removeStrips: db.prepare<[Some & { before: number }]>(Q.REMOVE_STRIPS),
  removeStripsOf: db.prepare<[{ alertId: string }]>(Q.REMOVE_STRIPS_OF),
  staysEnded: db.prepare<[Some & { before: number }], { readonly id: string; readonly openedAt: number; readonly closedAt: number }>(Q.STAYS_ENDED),
  stayKnown: db.prepare<[{ stay: string }], { readonly known: number }>(Q.STAY_KNOWN),
  removeStay: db.prepare<[{ id: string }]>(Q.REMOVE_STAY),
  streamsOfStay: db.prepare<[{ stay: string }], { readonly id: number }>(Q.STREAMS_OF_STAY),
  streamsUnbound: db.prepare<[], { readonly id: number }>(Q.STREAMS_UNBOUND),
  seqsOfStream: db.prepare<[{ stream: number; firstSeq: number; lastSeq: number }], Seq>(Q.SEQS_OF_STREAM),
  removeSnapshot: db.prepare<[number]>(Q.REMOVE_SNAPSHOT),
  firstSnapshot: db.prepare<[], Seq & { readonly at: number }>(Q.FIRST_SNAPSHOT),
  eventsAfter: db.prepare<[Some & { afterSeq: number; lastSeq: number }], OldEvent & { readonly body: string }>(Q.EVENTS_AFTER),
  firstOfAlert: db.prepare<[{ alertId: string }], { readonly body: string }>(Q.FIRST_OF_ALERT),
  alertIsOpen: db.prepare<[{ alertId: string }], { readonly open: number }>(Q.ALERT_IS_OPEN),
  removeEvent: db.prepare<[number]>(Q.REMOVE_EVENT),
  oldestSnapshots: db.prepare<[Some], Seq & { readonly at: number }>(Q.OLDEST_SNAPSHOTS),
  oldestEvents: db.prepare<[Some & { lastSeq: number }], OldEvent>(Q.OLDEST_EVENTS),
  markUpToMinute: db.prepare<[{ minute: number }], Seq>(Q.MARK_UP_TO_MINUTE),
  markAfterMinute: db.prepare<[{ minute: number; lastMinute: number }], Seq>(Q.MARK_AFTER_MINUTE),
  markFromMinute: db.prepare<[{ minute: number }], Seq>(Q.MARK_FROM_MINUTE),
  markUpToSeq: db.prepare<[Seq], { readonly seq: number | null }>(Q.MARK_UP_TO_SEQ),
  removeMarks: db.prepare<[Some & Seq]>(Q.REMOVE_MARKS),
})
