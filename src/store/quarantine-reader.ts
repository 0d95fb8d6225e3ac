/** Quarantine, and what is stored around a frame of it, on a read-only connection: for `vigil quarantine`. */

import type { Database } from 'better-sqlite3'
import type { BedId, DeviceId } from '../domain/ids.ts'
import type { Snapshot } from '../domain/observation.ts'
import { type WallMs, wallMs } from '../domain/time.ts'
import { pumpLimits, storeLimits } from '../limits.ts'
import type { MessageIdentity, StayRecord } from '../seams.ts'
import { type StoreKind, openReaderDatabase } from './database.ts'
import { type FrameRow, type KeptFrame, keptFrames } from './log-reader.ts'
import { seqsBetween } from './marks.ts'
import { readerQueries } from './queries.ts'
import { Revisions } from './revisions.ts'
import { DamageList, type MessageRow, RowReader, type SnapshotRow, type StayRow, messageOf, stayOf } from './rows.ts'

/** A frame without its bytes. */
export type FrameHead = Omit<KeptFrame, 'bytes'>

export interface QuarantineReader extends Disposable {
  /** Whose database this is. */
  readonly of: { readonly kind: StoreKind; readonly gateway: string }
  /** The newest first. */
  heads(framesMax: number): readonly FrameHead[]
  /** Null where there is none; `damaged` where its bytes are not those that were written. */
  frame(id: number): KeptFrame | 'damaged' | null
  /** Snapshots of a device that came in this very millisecond. */
  snapshotsAt(device: DeviceId, at: WallMs): readonly Snapshot[]
  /** The stay that held a bed then. */
  stayAt(bed: BedId, at: WallMs): StayRecord | null
  /** Messages that were taken, those that are still remembered. */
  messages(): readonly MessageIdentity[]
}

/** @throws StoreUnreadable when there is no database, or none that this version can read. */
export function openQuarantineReader(folder: string): QuarantineReader {
  const { db } = openReaderDatabase(folder)
  const meta = db.prepare<[], { readonly kind: StoreKind; readonly gateway: string }>(readerQueries.META).get()
  if (!meta) throw new Error('an open database says nothing of itself')
  const rows = new RowReader(db)
  const heads = db.prepare<[{ rowsMax: number }], Omit<FrameRow, 'bytes' | 'crc'>>(readerQueries.QUARANTINE_HEADS)
  const frame = db.prepare<[{ id: number }], FrameRow>(readerQueries.QUARANTINE_FRAME)
  const stayAt = db.prepare<[{ bed: string; at: number }], StayRow>(readerQueries.STAY_AT)
  return {
    of: { kind: meta.kind, gateway: meta.gateway },
    heads: (framesMax) =>
      heads.all({ rowsMax: Math.min(framesMax, pumpLimits.quarantinedFramesMax) }).map(({ at, replayedAt, ...head }) => ({
        ...head, at: wallMs(at), replayedAt: replayedAt === null ? null : wallMs(replayedAt),
      })),
    frame(id) {
      const row = frame.get({ id })
      return row === undefined ? null : (keptFrames([row], new DamageList())[0] ?? 'damaged')
    },
    snapshotsAt: (device, at) => snapshotsAt(db, rows, { device, at }),
    stayAt(bed, at) {
      const row = stayAt.get({ bed, at })
      return row ? stayOf(row).stay : null
    },
    messages: () =>
      db.prepare<[], MessageRow>(readerQueries.MESSAGES).all().flatMap((row) => {
        const message = messageOf(row)
        return message.kind === 'good' ? [message.value] : []
      }),
    [Symbol.dispose]: () => void db.close(),
  }
}

function snapshotsAt(db: Database, rows: RowReader, { device, at }: { readonly device: DeviceId; readonly at: WallMs }): readonly Snapshot[] {
  const span = seqsBetween(db, at, at)
  if (!span) return []
  const after = db.prepare<[{ afterSeq: number; rowsMax: number }], SnapshotRow>(readerQueries.SNAPSHOTS_AFTER)
  const found: Snapshot[] = []
  const superseded = new Revisions(db).superseded(span)
  for (let afterSeq = span.firstSeq - 1; afterSeq < span.lastSeq; ) {
    const page = after.all({ afterSeq, rowsMax: storeLimits.readerPageRowsMax })
    for (const row of page.filter(({ seq, receivedAt }) => seq <= span.lastSeq && receivedAt === at && !superseded.has(seq))) {
      const snapshot = rows.snapshot(row)
      if (snapshot.kind === 'good' && snapshot.value.device === device) found.push(snapshot.value)
    }
    if (page.length < storeLimits.readerPageRowsMax) break
    afterSeq = page.at(-1)?.seq ?? span.lastSeq
  }
  return found
}
