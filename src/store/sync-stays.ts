/** Rows by stay, for the release lane: read from vigil.db on a connection of its own, written nowhere. */

import type { Statement } from 'better-sqlite3'
import type { StayId } from '../domain/ids.ts'
import { RELEASED_KEY, releasedIn } from '../domain/releases.ts'
import { type WallMs, wallMs } from '../domain/time.ts'
import { releaseLimits } from '../limits.ts'
import type { LoggedRow, StayContext } from '../seams.ts'
import type { PersonFound, StayFound, StayReader } from '../sync/release-ledger.ts'
import { rowCrc } from './crc.ts'
import { inTime, readBootTimes, shownSince, trueTime } from './boot-times.ts'
import { isDamage, openReaderDatabase } from './database.ts'
import { minuteOf } from './marks.ts'
import { readerQueries } from './queries.ts'
import { type RevisionRow, Revisions, revisionCrc } from './revisions.ts'
import { type EventRow, RowReader, type SnapshotRow, eventOf } from './rows.ts'
import { standingOf } from './standing.ts'
import { stayQueries as Q } from './sync-release-queries.ts'

type StayRow = { readonly id: string; readonly bed: string; readonly patient: number | null; readonly openedAt: number; readonly closedAt: number | null; readonly context: string; readonly crc: number }
type Range = { readonly firstSeq: number; readonly lastSeq: number }

const CHILDREN: readonly StayContext['population'][] = ['adolescent', 'child', 'young-child', 'infant', 'neonate', 'paediatric']

/** @throws StoreUnreadable when there is no database, or none that this version can read. */
export function openStayReader(folder: string): StayReader & { close(): void } {
  const { db } = openReaderDatabase(folder)
  const stays = db.prepare<[], StayRow>(Q.STAYS)
  const mrnOf = db.prepare<[object], { mrn: string | null }>(Q.MRN_OF_STAY)
  const facts = db.prepare<[], { body: string }>(Q.FACTS_NEWEST)
  const mark = db.prepare<[object], { seq: number | null }>(Q.FIRST_MARK_BETWEEN)
  const streams = db.prepare<[object], { id: number }>(Q.STREAMS_OF_STAY)
  const snapshots: Statement<[Range & { stream: number }], SnapshotRow> = db.prepare(Q.SNAPSHOTS_OF_STREAM)
  const events: Statement<[Range], EventRow> = db.prepare(Q.EVENTS_BETWEEN)
  const revised = db.prepare<[object], RevisionRow>(Q.REVISED_AFTER)
  const revision = db.prepare<[object], RevisionRow>(Q.REVISION)
  const oneSnapshot = db.prepare<[object], SnapshotRow>(Q.SNAPSHOT)
  const marksOf = db.prepare<[object], { firstSeq: number | null; lastMark: number | null }>(readerQueries.MARKS_BETWEEN)
  // Opened once the time is known.
  const boots = readBootTimes(db)
  const inTrueTime = (at: number): WallMs => trueTime(wallMs(at), boots, (of) => marksOf.get(of))
  const rows = new RowReader(db)
  const revisions = new Revisions(db)

  /** Of a stretch of the log; null where its pages cannot be read. */
  function read(stay: string, streamIds: readonly number[], range: Range): { readonly rows: readonly LoggedRow[]; readonly damaged: number } {
    const found: LoggedRow[] = []
    let damaged = 0
    const superseded = revisions.superseded(range)
    const corrected = revisions.of(range)
    for (const stream of streamIds) {
      for (const row of snapshots.all({ stream, ...range })) {
        const snapshot = rows.snapshot(row)
        if (snapshot.kind === 'damaged') damaged++
        else {
          const made = corrected.get(row.seq)
          found.push({
            kind: 'snapshot', seq: row.seq, snapshot: snapshot.value, ...(superseded.has(row.seq) ? { isSuperseded: true as const } : {}),
            ...(made === undefined ? {} : { supersedes: made.supersedes, revision: made.revision }),
          })
        }
      }
    }
    for (const row of events.all(range)) {
      // Most are of others: they need not be read.
      if (!row.body.includes(stay)) continue
      const stored = eventOf(row)
      if (stored.kind === 'damaged') damaged++
      else found.push({ kind: 'event', seq: row.seq, stored: stored.value })
    }
    return { rows: found.toSorted((a, b) => a.seq - b.seq).map((row) => inTime(row, boots)), damaged }
  }

  function readOver(stay: string, streamIds: readonly number[], range: Range): ReturnType<typeof read> {
    try {
      return read(stay, streamIds, range)
    } catch (error) {
      // Some page of it is rotten: the rest of the stay leaves without it.
      if (!isDamage(error)) throw error
      return { rows: [], damaged: 1 }
    }
  }

  function linksOf(seq: number): ReturnType<StayReader['linksOf']> {
    const links: { readonly seq: number; readonly supersedes: number; readonly before: StayId | null }[] = []
    // Each number is smaller than the last, whatever stands there.
    for (let row = revision.get({ seq }); row !== undefined && row.supersedes < row.seq; row = revision.get({ seq: row.supersedes })) {
      links.push({ seq: row.seq, supersedes: row.supersedes, before: ownerOf(row.supersedes).stay })
    }
    return links
  }

  const ownerOf = (seq: number): { readonly stay: StayId | null; readonly readings: number } => {
    const row = oneSnapshot.get({ seq })
    const snapshot = row === undefined ? null : rows.snapshot(row)
    return snapshot?.kind === 'good' ? { stay: snapshot.value.stay, readings: snapshot.value.observations.length } : { stay: null, readings: 0 }
  }

  return {
    stays: () => stays.all().flatMap((row): StayFound[] => {
      // A stay whose row cannot be believed is none: it never leaves.
      if (row.crc !== rowCrc(row.id, row.bed, row.patient, row.openedAt, row.closedAt, row.context)) return []
      return [{
        stay: row.id, bed: row.bed, openedAt: inTrueTime(row.openedAt), closedAt: row.closedAt === null ? null : inTrueTime(row.closedAt), isChild: isChild(row.context),
      }]
    }),
    personOf: (stay) => personIn(mrnOf.get({ stay })?.mrn ?? null, facts),
    firstSeqSince(from, to) {
      const seqs = [mark.get({ minute: minuteOf(from), lastMinute: minuteOf(to) })?.seq ?? null, shownSince(from, boots)].filter((seq) => seq !== null)
      return seqs.length === 0 ? null : Math.min(...seqs)
    },
    rowsOf(stay, { seqFrom, seqTo }, { rowsMax, readingsMax }) {
      const streamIds = streams.all({ stay }).map(({ id }) => id)
      const found: LoggedRow[] = []
      let damaged = 0
      let readings = 0
      for (let firstSeq = seqFrom; firstSeq <= seqTo; firstSeq += releaseLimits.seqsPerReadMax) {
        if (found.length >= rowsMax || readings >= readingsMax) return { rows: found, nextSeq: firstSeq, damaged }
        const some = readOver(stay, streamIds, { firstSeq, lastSeq: Math.min(seqTo, firstSeq + releaseLimits.seqsPerReadMax - 1) })
        found.push(...some.rows)
        damaged += some.damaged
        for (const row of some.rows) if (row.kind === 'snapshot') readings += row.snapshot.observations.length
      }
      return { rows: found, nextSeq: null, damaged }
    },
    released: (sink) => releasedIn(standingOf(db, `${RELEASED_KEY}${sink}`)),
    revisedAfter: (afterSeq, rowsMax) => revised.all({ afterSeq, rowsMax }).filter((row) => row.crc === revisionCrc(row)).map(({ seq, supersedes }) => {
      const { stay, readings } = ownerOf(seq)
      return { seq, supersedes, stay, before: ownerOf(supersedes).stay, readings }
    }),
    linksOf,
    close: () => void db.close(),
  }
}

function isChild(context: string): boolean | null {
  const { population }: { readonly population?: StayContext['population'] } = JSON.parse(context)
  return population === undefined ? null : CHILDREN.includes(population)
}

/** The newest word of each. */
function personIn(mrn: string | null, facts: Statement<[], { readonly body: string }>): PersonFound {
  if (mrn === null) return {}
  let born: string | undefined
  let sex: PersonFound['sex']
  for (const { body } of facts.iterate()) {
    const patient = patientIn(body)
    if (patient?.mrn !== mrn) continue
    born ??= patient.bornOn
    sex ??= patient.sex
    if (born !== undefined && sex !== undefined) break
  }
  return { mrn, ...(born === undefined ? {} : { bornOn: born }), ...(sex === undefined ? {} : { sex }) }
}

type Patient = { readonly mrn?: string | null; readonly bornOn?: string; readonly sex?: PersonFound['sex'] }

/** A fact that cannot be read says nothing. */
function patientIn(body: string): Patient | undefined {
  try {
    const { patient }: { readonly patient?: Patient } = JSON.parse(body)
    return patient
  } catch {
    return undefined
  }
}
