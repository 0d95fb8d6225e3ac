/**
 * The only writer of vigil.db: a group of ticks is one transaction and one fsync. A disk that fails is an answer, not an
 * exception: the group is rolled back, every tick in it is told why, and the next group tries anew.
 *
 * A tick that the database itself refuses (a constraint, a value of the wrong type) fails alone: the group is written
 * again without it. It costs nothing while all is well, and no frame of one bed can make the frames of another fail.
 */

import Database from 'better-sqlite3'
import { storeLimits } from '../limits.ts'
import type { CommitResult } from '../seams.ts'
import { numbered } from './crc.ts'
import { type Identity, type Refused, openWriterDatabase, whyOf } from './database.ts'
import { minuteOf } from './marks.ts'
import { MessageRing } from './message-ring.ts'
import { type KnownNames, type SeriesName, type StreamName, seriesCrc, streamCrc } from './names.ts'
import { type EncodedTick, decodeTick } from './tick-codec.ts'
import { type Connection, connectionOf, lastSeqOf } from './writer-connection.ts'
import { addEvent, addQuarantined, putStay } from './writer-rows.ts'

export type WriterSettings = Identity & {
  readonly folder: string
  /** The incarnation that must be found, after a restart of the thread; null at the first start. */
  readonly epoch: string | null
}

export type QueuedTick = { readonly id: number; readonly buffer: ArrayBuffer }
export type Answer = { readonly id: number; readonly result: CommitResult }

/** What a test may do to the disk. */
export type WriterHooks = { readonly afterOpen?: (db: Database.Database) => void; readonly beforeCommit?: (db: Database.Database) => void }

const PAGE_BYTES = 4_096
/** No minute: the next row leaves a mark. */
const UNMARKED = Number.NaN
/**
 * Failures in a row after which the file is opened anew. Not at the first: a failed commit is overwritten in place, while a
 * new connection could find it whole in the WAL and bring back what was answered "failed".
 */
const FAILURES_BEFORE_REOPEN = 3
/** A new connection would find the same full disk, or the same program holding the file. */
const NO_REASON_TO_REOPEN = /^SQLITE_(FULL|BUSY)/
const REOPEN_AT_ONCE: readonly string[] = ['SQLITE_READONLY_DBMOVED', 'SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_CANTOPEN']

type NumberedTick = EncodedTick & { readonly id: number }
type Attempt =
  | { readonly kind: 'durable'; readonly lastSeqs: readonly number[] }
  | { readonly kind: 'without'; readonly tick: NumberedTick; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string }

export class Writer {
  readonly #settings: WriterSettings
  readonly #hooks: WriterHooks
  readonly #epoch: string
  #connection: Connection | null
  #lastSeq: number
  #minute = UNMARKED
  #failures = 0
  #checkpointTrouble: string | null = null
  #messages: MessageRing
  /** Names that main has given and no commit has yet made durable. */
  #streams: StreamName[] = []
  #series: SeriesName[] = []

  private constructor(settings: WriterSettings, hooks: WriterHooks, db: Database.Database, epoch: string) {
    this.#settings = settings
    this.#hooks = hooks
    this.#epoch = epoch
    hooks.afterOpen?.(db)
    this.#connection = connectionOf(db)
    this.#lastSeq = lastSeqOf(this.#connection)
    this.#messages = new MessageRing(this.#connection)
  }

  static open(settings: WriterSettings, hooks: WriterHooks = {}): Writer | Refused {
    const opened = openWriterDatabase(settings.folder, settings, settings.epoch)
    return opened.kind === 'refused' ? opened : new Writer(settings, hooks, opened.db, opened.epoch)
  }

  get epoch(): string {
    return this.#epoch
  }

  get lastSeq(): number {
    return this.#lastSeq
  }

  /** Why the WAL cannot be emptied into the file; null while it can. Commits stay durable meanwhile. */
  get checkpointTrouble(): string | null {
    return this.#checkpointTrouble
  }

  /** What main needs to go on numbering. Names whose row is damaged are left out, so that nobody uses them again. */
  knownNames(): KnownNames {
    const connection = this.#connection
    if (!connection) throw new Error('names asked of a closed database')
    const streams = connection.streamsNewest.all({ rowsMax: storeLimits.streamsRememberedMax })
    const series = connection.seriesAll.all()
    return {
      streams: streams.filter((row) => row.crc === streamCrc(row)).toReversed(),
      series: series.filter((row) => row.crc === seriesCrc(row)),
      lastStream: streams[0]?.id ?? 0,
      lastSeries: series.at(-1)?.id ?? 0,
    }
  }

  /**
   * Writes all ticks in one transaction and answers each. Durable: synced to the disk before this returns.
   * @throws Error only for a bug; then nothing was committed.
   */
  commit(ticks: readonly QueuedTick[]): readonly Answer[] {
    let left: readonly NumberedTick[] = ticks.map(({ id, buffer }) => ({ id, ...decodeTick(buffer) }))
    for (const { names } of left) {
      this.#streams.push(...names.streams)
      this.#series.push(...names.series)
    }
    const answers: Answer[] = []
    while (left.length > 0) {
      const attempt = this.#attempt(left)
      if (attempt.kind === 'without') {
        answers.push({ id: attempt.tick.id, result: { kind: 'failed', why: attempt.why } })
        left = left.filter((tick) => tick !== attempt.tick)
        continue
      }
      for (const [place, { id }] of left.entries()) {
        answers.push({ id, result: attempt.kind === 'failed' ? attempt : { kind: 'durable', lastSeq: attempt.lastSeqs[place] ?? this.#lastSeq } })
      }
      break
    }
    return answers
  }

  /** Keeps the WAL bounded: when nobody waits early, else only when it is long. Returns the pages that lie in it. */
  relieve(isIdle: boolean): number {
    const connection = this.#connection
    if (!connection) return 0
    try {
      const { log, checkpointed } = connection.checkpoint('NOOP')
      const isDue = isIdle ? log - checkpointed >= storeLimits.idleWalPagesMax : log * PAGE_BYTES >= storeLimits.walBytesMax && log > checkpointed
      if (isDue) connection.checkpoint('PASSIVE')
      this.#checkpointTrouble = null
      return log
    } catch (error) {
      this.#checkpointTrouble = whyOf(error)
      return 0
    }
  }

  /** @throws SqliteError when the last sync fails; nothing that was answered durable is lost by it. */
  close(): void {
    this.#connection?.db.close()
    this.#connection = null
  }

  #attempt(ticks: readonly NumberedTick[]): Attempt {
    const connection = this.#connect()
    if (typeof connection === 'string') return { kind: 'failed', why: connection }
    let current: NumberedTick | null = null
    try {
      connection.begin.run()
      this.#addNames(connection)
      let seq = this.#lastSeq
      const lastSeqs: number[] = []
      for (const tick of ticks) {
        current = tick
        seq = this.#addTick(connection, tick, seq)
        lastSeqs.push(seq)
      }
      current = null
      this.#hooks.beforeCommit?.(connection.db)
      connection.commit.run()
      this.#lastSeq = seq
      this.#failures = 0
      this.#messages.keep()
      this.#streams = []
      this.#series = []
      return { kind: 'durable', lastSeqs }
    } catch (error) {
      this.#minute = UNMARKED
      this.#messages.forget()
      if (current && isOfTheTick(error)) {
        this.#undo(connection, null)
        return { kind: 'without', tick: current, why: whyOf(error) }
      }
      this.#undo(connection, error)
      if (!(error instanceof Database.SqliteError)) throw error
      return { kind: 'failed', why: whyOf(error) }
    }
  }

  #connect(): Connection | string {
    if (this.#connection) return this.#connection
    const opened = openWriterDatabase(this.#settings.folder, this.#settings, this.#epoch)
    if (opened.kind === 'refused') return opened.why
    this.#hooks.afterOpen?.(opened.db)
    this.#connection = connectionOf(opened.db)
    this.#lastSeq = lastSeqOf(this.#connection)
    this.#messages = new MessageRing(this.#connection)
    return this.#connection
  }

  /** SQLite may have rolled back by itself (a full disk). `error` is null where the disk is not to blame. */
  #undo(connection: Connection, error: unknown): void {
    const code = error instanceof Database.SqliteError ? error.code : ''
    if (error && !NO_REASON_TO_REOPEN.test(code)) this.#failures++
    let isBroken = REOPEN_AT_ONCE.includes(code) || this.#failures >= FAILURES_BEFORE_REOPEN
    try {
      if (connection.db.inTransaction) connection.rollback.run()
    } catch {
      isBroken = true
    }
    if (!isBroken) return
    this.#failures = 0
    this.#connection = null
    try {
      connection.db.close()
    } catch {
      // It is being given up: the next group opens the file anew and says what is wrong with it.
    }
  }

  #addNames(connection: Connection): void {
    for (const name of this.#streams) {
      if (connection.addStream.run({ ...name, crc: streamCrc(name) }).changes !== 1) throw new Error(`stream ${name.id} means two things`)
    }
    for (const name of this.#series) {
      if (connection.addSeries.run({ ...name, crc: seriesCrc(name) }).changes !== 1) throw new Error(`series ${name.id} means two things`)
    }
  }

  /** Returns the last seq that was used. */
  #addTick(connection: Connection, tick: EncodedTick, before: number): number {
    let seq = before
    for (const stay of tick.stays) putStay(connection, stay)
    for (const { stream, receivedAt, sentAt, readings, crc } of tick.snapshots) {
      connection.addSnapshot.run(++seq, stream, receivedAt, sentAt, readings, numbered(crc, seq))
      const minute = minuteOf(receivedAt)
      if (minute !== this.#minute) connection.addMark.run({ minute, seq })
      this.#minute = minute
    }
    for (const event of tick.events) addEvent(connection, event, ++seq)
    for (const message of tick.messages) this.#messages.put(connection, message)
    addQuarantined(connection, tick.quarantined)
    return seq
  }
}

/** A fault of what was to be written, not of the disk. */
const isOfTheTick = (error: unknown): boolean =>
  error instanceof TypeError ||
  error instanceof RangeError ||
  (error instanceof Database.SqliteError && (error.code.startsWith('SQLITE_CONSTRAINT') || error.code === 'SQLITE_MISMATCH' || error.code === 'SQLITE_TOOBIG'))
