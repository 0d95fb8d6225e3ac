/** An open vigil.db with every statement of the writer prepared. */

import type { Database } from 'better-sqlite3'
import type { FactRow } from './facts.ts'
import type { StandingRow } from './standing.ts'
import type { SeriesRow, StreamRow } from './names.ts'
import { readerQueries, sealQueries, writerQueries } from './queries.ts'
import type { ReplayedFrame } from '../seams.ts'
import type { EventRow, MessageRow, StayRow } from './rows.ts'
import type { Segment } from './seal.ts'
import type { PackedStrip } from './strips.ts'
import type { EncodedFrame } from './tick-codec.ts'

export type Connection = ReturnType<typeof connectionOf>

/** The last number that the log has given. */
export const lastSeqOf = (connection: Connection): number => connection.lastSeq.get()?.seq ?? 0

type Checkpointed = { readonly busy: number; readonly log: number; readonly checkpointed: number }

export function connectionOf(db: Database) {
  const noop = db.prepare<[], Checkpointed>('PRAGMA wal_checkpoint(NOOP)')
  const passive = db.prepare<[], Checkpointed>('PRAGMA wal_checkpoint(PASSIVE)')
  return {
    db,
    begin: db.prepare(writerQueries.BEGIN),
    commit: db.prepare(writerQueries.COMMIT),
    rollback: db.prepare(writerQueries.ROLLBACK),
    savepoint: db.prepare(writerQueries.SAVEPOINT),
    rollbackTo: db.prepare(writerQueries.ROLLBACK_TO),
    release: db.prepare(writerQueries.RELEASE),
    lastSeq: db.prepare<[], { readonly seq: number }>(writerQueries.LAST_SEQ),
    streamsNewest: db.prepare<[{ rowsMax: number }], StreamRow>(writerQueries.STREAMS_NEWEST),
    seriesAll: db.prepare<[], SeriesRow>(writerQueries.SERIES_ALL),
    stream: db.prepare<[{ id: number }], StreamRow>(readerQueries.STREAM),
    addStream: db.prepare<[StreamRow]>(writerQueries.ADD_STREAM),
    addSeries: db.prepare<[SeriesRow]>(writerQueries.ADD_SERIES),
    addSnapshot: db.prepare<[number, number, number, number | null, Uint8Array, number]>(writerQueries.ADD_SNAPSHOT),
    addEvent: db.prepare<[EventRow]>(writerQueries.ADD_EVENT),
    addMark: db.prepare<[{ minute: number; seq: number }]>(writerQueries.ADD_MARK),
    openAlert: db.prepare<[{ alertId: string; crc: number }]>(writerQueries.OPEN_ALERT),
    closeAlert: db.prepare<[{ alertId: string }]>(writerQueries.CLOSE_ALERT),
    patientOfStay: db.prepare<[{ stay: string }], { readonly patient: number | null }>(writerQueries.PATIENT_OF_STAY),
    addPatient: db.prepare<[{ mrn: string | null; name: string | null; crc: number }]>(writerQueries.ADD_PATIENT),
    changePatient: db.prepare<[{ id: number; mrn: string | null; name: string | null; crc: number }]>(writerQueries.CHANGE_PATIENT),
    putStay: db.prepare<[Omit<StayRow, 'mrn' | 'name' | 'patientCrc'>]>(writerQueries.PUT_STAY),
    messages: db.prepare<[], MessageRow>(writerQueries.MESSAGES),
    addMessage: db.prepare<[MessageRow]>(writerQueries.ADD_MESSAGE),
    removeMessage: db.prepare<[{ row: number }]>(writerQueries.REMOVE_MESSAGE),
    addQuarantined: db.prepare<[EncodedFrame & { readonly crc: number }]>(writerQueries.ADD_QUARANTINED),
    trimQuarantine: db.prepare<[{ device: string; framesMax: number }]>(writerQueries.TRIM_QUARANTINE),
    quarantinePeers: db.prepare<[], { readonly id: number; readonly peer: string }>(writerQueries.QUARANTINE_PEERS),
    quarantineBeyond: db.prepare<[{ framesMax: number }], { readonly id: number }>(writerQueries.QUARANTINE_BEYOND),
    removeQuarantined: db.prepare<[{ id: number }], { readonly device: string }>(writerQueries.REMOVE_QUARANTINED),
    markReplayed: db.prepare<[ReplayedFrame]>(writerQueries.MARK_REPLAYED),
    addStrip: db.prepare<[PackedStrip & { readonly crc: number }]>(writerQueries.ADD_STRIP),
    addFact: db.prepare<[FactRow]>(writerQueries.ADD_FACT),
    putStanding: db.prepare<[StandingRow]>(writerQueries.PUT_STANDING),
    countDropped: db.prepare<[{ device: string; frames: number }]>(writerQueries.COUNT_DROPPED),
    putSegment: db.prepare<[Segment]>(sealQueries.PUT_SEGMENT),
    checkpoint: (mode: 'NOOP' | 'PASSIVE'): Checkpointed => (mode === 'NOOP' ? noop : passive).get() ?? { busy: 0, log: 0, checkpointed: 0 },
  }
}
