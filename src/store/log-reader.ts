/** The log on a read-only connection of its own, for sync and for the command line. */

import type { Database, Statement } from 'better-sqlite3'
import { type Metric, metricOfId } from '../domain/metrics.ts'
import { type WallMs, wallMs } from '../domain/time.ts'
import { storeLimits } from '../limits.ts'
import type { LogReader, LoggedRow } from '../seams.ts'
import { bytesCrc } from './crc.ts'
import { inTime, readBootTimes } from './boot-times.ts'
import { openReaderDatabase } from './database.ts'
import { readerQueries } from './queries.ts'
import { type LogRow, LogRows } from './log-rows.ts'
import { type RevisionRow, Revisions } from './revisions.ts'
import { type Damage, DamageList, RowReader, type SnapshotRow, eventOf } from './rows.ts'

/** Measured values of one metric from one device, all channels together. */
export type ValueCount = { readonly device: string; readonly metric: string; readonly values: number }

export type KeptFrame = {
  readonly id: number
  readonly at: WallMs
  /** Empty where nobody knew the device. */
  readonly device: string
  readonly peer: string
  readonly why: string
  /** Bytes on the wire; `bytes` may hold fewer. */
  readonly length: number
  readonly bytes: Uint8Array
  /** When a mended driver read it after all; null while it waits. */
  readonly replayedAt: WallMs | null
}

export interface StoreReader extends LogReader, Disposable {
  /**
   * Rows that were passed over because they cannot be believed, since the reader was opened: their numbers are missing from
   * what `read` answered. Each once, the first `storeLimits.damagedRowsNamedMax`.
   */
  damaged(): readonly Damage[]
  /** Measured values in the whole log, for each device and metric. Reads every row. */
  countValues(): readonly ValueCount[]
  /** The newest frames in quarantine, newest first. */
  quarantined(framesMax: number): readonly KeptFrame[]
  /** Frames that had to leave quarantine for newer ones. */
  quarantineDropped(): number
}

/**
 * @param metricOf the table of metrics, for sites that add to it.
 * @throws StoreUnreadable when there is no database, or none that this version can read.
 */
export function openLogReader(folder: string, metricOf: (id: string) => Metric | undefined = metricOfId): StoreReader {
  const { db, epoch, epochs } = openReaderDatabase(folder)
  const rows = new RowReader(db, metricOf)
  const damage = new DamageList()
  const statements = statementsOf(db)
  const log = new LogRows(db)
  const revisions = new Revisions(db)
  const boots = readBootTimes(db)
  const close = (): void => {
    db.close()
  }
  return {
    epoch,
    epochs,
    lastSeq: () => statements.lastSeq.get()?.seq ?? 0,
    read: (afterSeq, rowsMax) => readLog(log, { afterSeq, rowsMax, rows, revisions, damage }).map((row) => (boots.length === 0 ? row : inTime(row, boots))),
    readAlerts: (afterSeq, lastSeq, rowsMax) => log.alerts({ afterSeq, lastSeq, rowsMax })?.flatMap((row) => loggedRow(row, rows)).flatMap((found) => {
      if (found.kind === 'good') return [inTime(found.row, boots)]
      damage.add(found.damage)
      return []
    }) ?? null,
    damaged: () => damage.all(),
    countValues: () => countValues(statements.snapshotsAfter, { rows, revisions, damage }),
    quarantined: (framesMax) => keptFrames(statements.quarantine.all({ rowsMax: framesMax }), damage),
    quarantineDropped: () => statements.dropped.get()?.frames ?? 0,
    close,
    [Symbol.dispose]: close,
  }
}

type Page = { readonly afterSeq: number; readonly rowsMax: number }
export type FrameRow = Omit<KeptFrame, 'at' | 'replayedAt'> & { readonly at: number; readonly replayedAt: number | null; readonly crc: number }

const statementsOf = (db: Database) => ({
  lastSeq: db.prepare<[], { readonly seq: number }>(readerQueries.LAST_SEQ),
  snapshotsAfter: db.prepare<[Page], SnapshotRow>(readerQueries.SNAPSHOTS_AFTER),
  quarantine: db.prepare<[{ rowsMax: number }], FrameRow>(readerQueries.QUARANTINE_NEWEST),
  dropped: db.prepare<[], { readonly frames: number }>(readerQueries.QUARANTINE_DROPPED),
})

type Reading = { readonly rows: RowReader; readonly revisions: Revisions; readonly damage: DamageList }

/** Fewer rows than were asked for means that there are no more: damaged ones are passed over, not counted. */
function readLog(
  log: LogRows,
  { afterSeq, rowsMax, rows, revisions, damage }: Page & Reading,
): readonly LoggedRow[] {
  const read: LoggedRow[] = []
  let after = afterSeq
  while (read.length < rowsMax) {
    const asked = rowsMax - read.length
    const page = log.sweep({ afterSeq: after, rowsMax: asked }, (unreadable) => damage.add(unreadable))
    const lines = { firstSeq: page[0]?.seq ?? 0, lastSeq: page.at(-1)?.seq ?? 0 }
    const superseded = revisions.superseded(lines)
    const revised = revisions.of(lines)
    for (const row of page) {
      const found = loggedRow(row, rows)
      if (found.kind === 'damaged') damage.add(found.damage)
      else read.push(superseded.size + revised.size === 0 ? found.row : withRevision(found.row, { superseded, revised }))
      after = row.seq
    }
    if (page.length < asked) break
  }
  return read
}

function loggedRow(row: LogRow, rows: RowReader): { readonly kind: 'good'; readonly row: LoggedRow } | { readonly kind: 'damaged'; readonly damage: Damage } {
  if (row.kind === null) {
    const snapshot = rows.snapshot({ ...row, receivedAt: row.at })
    return snapshot.kind === 'damaged' ? snapshot : { kind: 'good', row: { kind: 'snapshot', seq: row.seq, snapshot: snapshot.value } }
  }
  const stored = eventOf(row)
  return stored.kind === 'damaged' ? stored : { kind: 'good', row: { kind: 'event', seq: row.seq, stored: stored.value } }
}

function withRevision(row: LoggedRow, of: { readonly superseded: ReadonlySet<number>; readonly revised: ReadonlyMap<number, RevisionRow> }): LoggedRow {
  if (row.kind === 'event') return row
  const revision = of.revised.get(row.seq)
  return {
    ...row,
    ...(revision ? { supersedes: revision.supersedes, revision: revision.revision } : {}),
    ...(of.superseded.has(row.seq) ? { isSuperseded: true } : {}),
  }
}

/** A value that was written again counts once. */
function countValues(snapshotsAfter: Statement<[Page], SnapshotRow>, { rows, revisions, damage }: Reading): readonly ValueCount[] {
  const counts = new Map<string, Map<string, number>>()
  let afterSeq = 0
  for (;;) {
    const page = snapshotsAfter.all({ afterSeq, rowsMax: storeLimits.readerPageRowsMax })
    const superseded = revisions.superseded({ firstSeq: page[0]?.seq ?? 0, lastSeq: page.at(-1)?.seq ?? 0 })
    for (const row of page) {
      const snapshot = rows.snapshot(row)
      if (snapshot.kind === 'damaged') damage.add(snapshot.damage)
      else if (!superseded.has(row.seq)) addCounts(counts, snapshot.value.device, snapshot.value.observations)
      afterSeq = row.seq
    }
    if (page.length < storeLimits.readerPageRowsMax) break
  }
  return [...counts].flatMap(([device, metrics]) => [...metrics].map(([metric, values]) => ({ device, metric, values })))
}

function addCounts(
  counts: Map<string, Map<string, number>>,
  device: string,
  observations: readonly { readonly metric: Metric; readonly measurement: { readonly kind: 'measured' | 'absent' } }[],
): void {
  let metrics = counts.get(device)
  if (!metrics) counts.set(device, (metrics = new Map()))
  for (const { metric, measurement } of observations) {
    if (measurement.kind === 'measured') metrics.set(metric.id, (metrics.get(metric.id) ?? 0) + 1)
  }
}

export function keptFrames(frames: readonly FrameRow[], damage: DamageList): readonly KeptFrame[] {
  const isRight = ({ crc, bytes, at, device, peer, why, length }: FrameRow): boolean => crc === bytesCrc(bytes, at, device, peer, why, length)
  for (const { id } of frames.filter((frame) => !isRight(frame))) damage.add({ table: 'quarantine', row: id, why: 'its bytes are not those that were written' })
  return frames.filter(isRight).map(({ crc: _crc, at, replayedAt, ...frame }) => ({ ...frame, at: wallMs(at), replayedAt: replayedAt === null ? null : wallMs(replayedAt) }))
}
