/**
 * Looks at everything that a database holds: each row against its CRC (rot), each sealed block against its MAC (tampering),
 * and what is derived against what it was derived from. In steps, so that whoever runs it may rest or stop between them.
 */

import type { Database } from 'better-sqlite3'
import { sealLimits } from '../limits.ts'
import { bytesCrc, rowCrc, snapshotCrc } from './crc.ts'
import { type LogRow, LogRows } from './log-rows.ts'
import { type FactRow, isRightFact } from './facts.ts'
import { minuteOf } from './marks.ts'
import { type SeriesRow, type StreamRow, seriesCrc, streamCrc } from './names.ts'
import { readerQueries, verifyQueries } from './queries.ts'
import { type OrderRow, isRightOrder } from './reissue.ts'
import { type RevisionRow, revisionCrc } from './revisions.ts'
import { type Damage, type MessageRow, RowReader, type StayRow, eventOf, messageCrc, stayOf } from './rows.ts'
import type { SealKey } from './seal-key.ts'
import { type StandingRow, isRightStanding } from './standing.ts'
import { type StripRow, stripCrc } from './strips.ts'
import { BLOCK_NUMBERS, BlockMac, type Segment, blockOf, namesBefore } from './seal.ts'

/** A block whose rows are not those that were sealed. */
export type Tampering = { readonly firstSeq: number; readonly lastSeq: number; readonly why: string }

export type Verdict = {
  readonly rows: number
  /** Blocks whose seal was checked and is right. */
  readonly sealed: number
  /** Blocks whose key is not here. */
  readonly unproved: number
}

export type Verifying = {
  readonly db: Database
  readonly keys: ReadonlyMap<string, SealKey>
  readonly onDamage: (damage: Damage) => void
  readonly onTampering: (tampering: Tampering) => void
}

export type VerifyProgress = { readonly done: number; readonly of: number }

/** Runs through the file once; returns what it counted. @throws SqliteError when what lies beside the log cannot be read. */
export function* verifying({ db, keys, onDamage, onTampering }: Verifying): Generator<VerifyProgress, Verdict, undefined> {
  const last = db.prepare<[], { readonly seq: number }>(readerQueries.LAST_SEQ).get()?.seq ?? 0
  const first = db.prepare<[], { readonly seq: number | null }>(verifyQueries.FIRST_SEQ).get()?.seq ?? 0
  const of = Math.max(1, last - first + 1)
  yield { done: 0, of }
  // In one go: a cursor that stays open over a rest keeps the WAL from being emptied.
  for (const damage of besideTheLog(db)) onDamage(damage)
  for (const page of pagesOfStrips(db)) {
    for (const row of page) if (row.crc !== stripCrc(row)) onDamage({ table: 'strip', row: row.id, why: WRONG })
    yield { done: 0, of }
  }
  const log = new LogRows(db)
  const names = new RowReader(db)
  const isNamed = (stream: number): boolean => knows(names, stream)
  const segmentOf = db.prepare<[{ block: number }], Segment>(verifyQueries.SEGMENT)
  // Blocks are sealed in their order: below the last that is, one with rows and no seal has lost it.
  const lastBlock = db.prepare<[], { readonly block: number | null }>(verifyQueries.LAST_BLOCK).get()?.block ?? -1
  for (const segment of db.prepare<[{ numbers: number }], Segment>(verifyQueries.SEGMENTS_EMPTIED).all({ numbers: BLOCK_NUMBERS })) onTampering(tampering(segment, 0))
  let verdict: Verdict = { rows: 0, sealed: 0, unproved: 0 }
  let open: { readonly segment: Segment; readonly mac: BlockMac } | null = null
  let at = -1
  const close = (): void => {
    if (!open) return
    const { segment, mac } = open
    const isRight = mac.rows === segment.rowCount && Buffer.isBuffer(segment.mac) && mac.digest(db, namesBefore(db, segment.block), segment).equals(segment.mac)
    // A block may have been sealed anew, after rows of it were deleted, while it was read.
    const now = segmentOf.get({ block: segment.block })
    if (isRight) verdict = { ...verdict, sealed: verdict.sealed + 1 }
    else if (now && String(now.mac) === String(segment.mac)) onTampering(tampering(segment, mac.rows))
  }
  for (let after = first - 1; ; ) {
    const page: readonly LogRow[] = log.sweep({ afterSeq: after, rowsMax: sealLimits.rowsPerLookMax }, onDamage)
    for (const row of page) {
      const block = blockOf(row.seq)
      if (block !== at) {
        close()
        at = block
        const segment = segmentOf.get({ block })
        open = begin(segment, keys)
        if (!segment && block < lastBlock) onTampering({ ...numbersOf(block), why: 'its seal is gone' })
        if (open === null && segment?.mac) verdict = { ...verdict, unproved: verdict.unproved + 1 }
      }
      open?.mac.add(row)
      const damage = row.kind === null ? snapshotDamage(row, isNamed) : eventDamage(row)
      if (damage) onDamage(damage)
      after = row.seq
    }
    verdict = { ...verdict, rows: verdict.rows + page.length }
    yield { done: after - first + 1, of }
    if (page.length < sealLimits.rowsPerLookMax) break
  }
  close()
  return verdict
}

type SnapshotPart = Extract<LogRow, { readonly kind: null }>

/** By its CRC alone, without making its values: this runs over the whole file. */
function snapshotDamage(row: SnapshotPart, isNamed: (stream: number) => boolean): Damage | null {
  const { seq, stream, at: receivedAt, sentAt, readings, crc } = row
  if (crc !== snapshotCrc({ seq, stream, receivedAt, sentAt, readings })) return { table: 'snapshot', row: seq, why: WRONG }
  return isNamed(stream) ? null : { table: 'snapshot', row: seq, why: `the name of its stream ${stream} is damaged or missing` }
}

function eventDamage(row: Exclude<LogRow, SnapshotPart>): Damage | null {
  const found = eventOf(row)
  return found.kind === 'damaged' ? found.damage : null
}

function knows(names: RowReader, stream: number): boolean {
  try {
    names.stream(stream)
    return true
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return false
  }
}

function begin(segment: Segment | undefined, keys: ReadonlyMap<string, SealKey>): { readonly segment: Segment; readonly mac: BlockMac } | null {
  const key = segment && keys.get(segment.keyId)
  return segment?.mac && key ? { segment, mac: new BlockMac(key, segment.block) } : null
}

const numbersOf = (block: number): Omit<Tampering, 'why'> => ({ firstSeq: block * BLOCK_NUMBERS, lastSeq: (block + 1) * BLOCK_NUMBERS - 1 })

const tampering = ({ block, rowCount }: Segment, found: number): Tampering => ({
  ...numbersOf(block),
  why: found === rowCount ? 'its rows or their names are not those that were sealed' : `it holds ${found} rows, and ${rowCount} were sealed`,
})

const WRONG = 'its bytes are not those that were written'

/** Tables that are small, or that a start reads: names, stays, messages, quarantine, and the marks. */
function* besideTheLog(db: Database): Generator<Damage, void, undefined> {
  for (const row of db.prepare<[], StreamRow>(verifyQueries.STREAMS).iterate()) if (row.crc !== streamCrc(row)) yield { table: 'stream', row: row.id, why: WRONG }
  for (const row of db.prepare<[], SeriesRow>(readerQueries.SERIES_ALL).iterate()) if (row.crc !== seriesCrc(row)) yield { table: 'series', row: row.id, why: WRONG }
  for (const row of db.prepare<[], StayRow>(verifyQueries.STAYS).iterate()) {
    const { damage } = stayOf(row)
    if (damage) yield damage
  }
  for (const row of db.prepare<[], MessageRow>(readerQueries.MESSAGES).iterate()) if (row.crc !== messageCrc(row)) yield { table: 'message', row: row.row, why: WRONG }
  type AlertRow = { readonly alertId: string; readonly crc: number }
  for (const { alertId, crc } of db.prepare<[], AlertRow>(readerQueries.OPEN_ALERTS).iterate()) if (crc !== rowCrc(alertId)) yield { table: 'open_alert', row: alertId, why: WRONG }
  for (const row of db.prepare<[], QuarantineRow>(verifyQueries.QUARANTINE).iterate()) {
    const { crc, bytes, at, device, peer, why, length } = row
    if (crc !== bytesCrc(bytes, at, device, peer, why, length)) yield { table: 'quarantine', row: row.id, why: WRONG }
  }
  for (const row of db.prepare<[], FactRow>(readerQueries.FACTS).iterate()) if (!isRightFact(row)) yield { table: 'fact', row: row.id, why: WRONG }
  for (const row of db.prepare<[], StandingRow>(readerQueries.STANDING).iterate()) if (!isRightStanding(row)) yield { table: 'standing', row: row.key, why: WRONG }
  for (const row of db.prepare<[], RevisionRow>(verifyQueries.REVISIONS).iterate()) if (row.crc !== revisionCrc(row)) yield { table: 'revision', row: row.seq, why: WRONG }
  for (const row of db.prepare<[], OrderRow>(verifyQueries.REISSUES).iterate()) if (!isRightOrder(row)) yield { table: 'reissue', row: row.id, why: WRONG }
  for (const { minute, seq, at } of db.prepare<[], MarkRow>(verifyQueries.MARKS).iterate()) {
    // Rows are deleted by retention; a mark whose row is there must name its minute.
    if (at !== null && minuteOf(at) !== minute) yield { table: 'mark', row: seq, why: 'it names another minute than its row' }
  }
}

/** They may be many and large: page by page, each in a transaction of its own. */
function* pagesOfStrips(db: Database): Generator<readonly StripRow[], void, undefined> {
  const rowsMax = sealLimits.stripsPerLookMax
  const after = db.prepare<[{ after: number; rowsMax: number }], StripRow>(verifyQueries.STRIPS_AFTER)
  for (let page = after.all({ after: 0, rowsMax }); page.length > 0; page = after.all({ after: page.at(-1)?.id ?? 0, rowsMax })) yield page
}

type QuarantineRow = {
  readonly id: number; readonly at: number; readonly device: string; readonly peer: string; readonly why: string
  readonly length: number; readonly bytes: Uint8Array; readonly crc: number
}
type MarkRow = { readonly minute: number; readonly seq: number; readonly at: number | null }
