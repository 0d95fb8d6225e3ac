/**
 * Seals: one HMAC-SHA256 (RFC 2104, FIPS 180-4) over each closed block of 4,096 numbers of the log, with the names that came
 * up since the block before. A CRC finds rot; it does not find who knows how to compute one. A MAC a row would cost most of
 * the writer's speed, so a block is sealed in small steps while nobody waits, and its seal goes along with the next group.
 */

import { type Hmac, createHmac } from 'node:crypto'
import type { Database, Statement } from 'better-sqlite3'
import { sealLimits } from '../limits.ts'
import { snapshotHead } from './crc.ts'
import type { LogRow } from './log-rows.ts'
import type { SeriesRow, StreamRow } from './names.ts'
import { readerQueries, sealQueries } from './queries.ts'
import type { SealKey } from './seal-key.ts'

/** Numbers in a block. Part of the format: never changed. */
export const BLOCK_NUMBERS = 4_096

export const blockOf = (seq: number): number => Math.floor(seq / BLOCK_NUMBERS)
const firstOf = (block: number): number => block * BLOCK_NUMBERS

export type Segment = {
  readonly block: number
  readonly rowCount: number
  /** The names up to these numbers, from those of the block before on, are under this seal. */
  readonly streamTo: number
  readonly seriesTo: number
  readonly keyId: string
  /** Null: rows of it were deleted by us since, and it is to be sealed anew. */
  readonly mac: Buffer | null
}

type Names = { readonly streamTo: number; readonly seriesTo: number }
const NO_NAMES: Names = { streamTo: 0, seriesTo: 0 }

const ROWS_BYTES = 65_536

/** What is being computed over one block. Rows gather, for a call of the hash each costs more than the hash. */
export class BlockMac {
  readonly #hmac: Hmac
  readonly #gathered = Buffer.allocUnsafe(ROWS_BYTES)
  #length = 0
  rows = 0

  constructor(key: SealKey, block: number) {
    this.#hmac = createHmac('sha256', key.bytes).update(JSON.stringify(['vigil segment', 1, block]))
  }

  add(row: LogRow): void {
    this.rows++
    if (row.kind === null) {
      // What is no bytes any more is damage, and no row that was sealed.
      const readings = row.readings instanceof Uint8Array ? row.readings : new Uint8Array()
      const { stream, at: receivedAt, sentAt } = row
      this.#put(snapshotHead({ stream, receivedAt, sentAt }))
      this.#putNumbers(row.seq, readings.length)
      this.#put(readings)
    } else {
      this.#put(Buffer.from(JSON.stringify([row.seq, row.at, row.kind, row.alertId, row.body])))
    }
  }

  /** As JSON has them. */
  #putNumbers(one: number, other: number): void {
    const text = `[${one},${other}]`
    if (this.#length + text.length > ROWS_BYTES) this.#flush()
    this.#length += this.#gathered.write(text, this.#length, 'latin1')
  }

  #put(bytes: Uint8Array): void {
    if (this.#length + bytes.length > ROWS_BYTES) this.#flush()
    if (bytes.length > ROWS_BYTES) this.#hmac.update(bytes)
    else {
      this.#gathered.set(bytes, this.#length)
      this.#length += bytes.length
    }
  }

  #flush(): void {
    this.#hmac.update(this.#gathered.subarray(0, this.#length))
    this.#length = 0
  }

  /** With the names between those of the block before and these. */
  digest(db: Database, after: Names, to: Names): Buffer {
    this.#flush()
    const streams = db.prepare<[object], StreamRow>(sealQueries.STREAMS_BETWEEN).iterate({ after: after.streamTo, to: to.streamTo })
    for (const { id, device, bed, stay } of streams) this.#hmac.update(JSON.stringify([id, device, bed, stay]))
    const series = db.prepare<[object], SeriesRow>(sealQueries.SERIES_BETWEEN).iterate({ after: after.seriesTo, to: to.seriesTo })
    for (const { id, metric, channel, unit } of series) this.#hmac.update(JSON.stringify([id, metric, channel, unit]))
    return this.#hmac.update(JSON.stringify([this.rows, to.streamTo, to.seriesTo])).digest()
  }
}

/** The names under the seals before this block. */
export const namesBefore = (db: Database, block: number): Names => db.prepare<[object], Names>(sealQueries.NAMES_BEFORE).get({ block }) ?? NO_NAMES

type Work = { readonly block: number; readonly mac: BlockMac; /** Of a block that was sealed before: its names stay its own. */ readonly names: Names | null; after: number }
type Page = { readonly afterSeq: number; readonly rowsMax: number }

/** The writer's side: finds the next block that is closed, and computes its seal step by step. */
export class Sealer {
  readonly #db: Database
  readonly #key: SealKey
  readonly #rows: Statement<[Page], LogRow>
  readonly #reopened: Statement<[], Segment>
  readonly #lastBlock: Statement<[], { readonly block: number | null }>
  #work: Work | null = null
  #ready: Segment | null = null

  constructor(db: Database, key: SealKey) {
    this.#db = db
    this.#key = key
    this.#rows = db.prepare(readerQueries.LOG_AFTER)
    this.#reopened = db.prepare(sealQueries.SEGMENT_OPEN)
    this.#lastBlock = db.prepare(sealQueries.LAST_BLOCK)
  }

  /** Computed, and not yet written: goes into the transaction of the next group. */
  get ready(): Segment | null {
    return this.#ready
  }

  /** The group with `ready` in it was committed. */
  written(): void {
    this.#ready = null
  }

  /** Rows were deleted: what was computed may hold them. */
  forget(): void {
    this.#work = null
    this.#ready = null
  }

  /** One bounded step. False when nothing is left to do before the log has grown. @throws SqliteError when pages cannot be read. */
  step(lastSeq: number): boolean {
    if (this.#ready) return false
    this.#work ??= this.#next(lastSeq)
    const work = this.#work
    if (!work) return false
    const rows = this.#rows.all({ afterSeq: work.after, rowsMax: sealLimits.rowsPerStepMax })
    const end = firstOf(work.block + 1) - 1
    for (const row of rows) {
      if (row.seq > end) break
      work.mac.add(row)
      work.after = row.seq
    }
    const last = rows.at(-1)
    if (last !== undefined && last.seq <= end && rows.length === sealLimits.rowsPerStepMax) return true
    const to = work.names ?? this.#db.prepare<[], Names>(sealQueries.NAMES_NOW).get() ?? NO_NAMES
    const mac = work.mac.digest(this.#db, namesBefore(this.#db, work.block), to)
    this.#ready = { block: work.block, rowCount: work.mac.rows, ...to, keyId: this.#key.id, mac }
    this.#work = null
    return true
  }

  #next(lastSeq: number): Work | null {
    const reopened = this.#reopened.get()
    if (reopened) return this.#begin(reopened.block, reopened)
    const after = this.#lastBlock.get()?.block ?? -1
    // Blocks of which no row is left need no seal.
    const [first] = this.#rows.all({ afterSeq: firstOf(after + 1) - 1, rowsMax: 1 })
    const block = first === undefined ? null : blockOf(first.seq)
    return block === null || firstOf(block + 1) - 1 > lastSeq ? null : this.#begin(block, null)
  }

  #begin(block: number, names: Names | null): Work {
    return { block, mac: new BlockMac(this.#key, block), names, after: firstOf(block) - 1 }
  }
}
