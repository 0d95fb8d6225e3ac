/**
 * The only writer of vigil.db: a group of ticks is one transaction and one fsync. A disk that fails is an answer, not an
 * exception: the group is rolled back, every tick in it is told why, and the next group tries anew.
 *
 * A row that the database itself refuses (a constraint, a value of the wrong type) goes to quarantine with the reason, and the
 * rest of its tick is written: nobody sends it for ever, and no frame of one bed can make the frames of another fail. Where
 * that does not help, its tick fails alone: the group is written again without it.
 */

import { performance } from 'node:perf_hooks'
import Database from 'better-sqlite3'
import { type WallMs, wallMs } from '../domain/time.ts'
import { storeLimits } from '../limits.ts'
import type { CommitResult, EpochReason } from '../seams.ts'
import { numbered } from './crc.ts'
import { type Identity, type Refused, openWriterDatabase, whyOf } from './database.ts'
import { minuteOf } from './marks.ts'
import { beginEpoch } from './meta.ts'
import { MessageRing } from './message-ring.ts'
import { type KnownNames, type SeriesName, type StreamName, seriesCrc, streamCrc } from './names.ts'
import { type Recovered, openWhateverItHolds } from './recover.ts'
import { Retention, type RetentionOrder, type RetentionReport, forcedSentence } from './retention.ts'
import { Reissuer, addReissue } from './reissue.ts'
import { Sealer } from './seal.ts'
import { type SealKey, openSealKey } from './seal-key.ts'
import { type EncodedFrame, type EncodedTick, decodeTick } from './tick-codec.ts'
import { type Connection, connectionOf, lastSeqOf } from './writer-connection.ts'
import { addQuarantined, markReplayed } from './quarantine-rows.ts'
import { addEvent, addStrip, putStay, refusedRow, refusedSnapshot, whole } from './writer-rows.ts'

export type WriterSettings = Identity & {
  readonly folder: string
  /** The incarnation that must be found, after a restart of the thread; null at the first start. */
  readonly epoch: string | null
  /** Why the file is to be set aside whatever it looks like: the thread before could not write to it. */
  readonly condemned?: string | null
}

/** The file takes no row and will not get better: the thread ends, and the next one sets it aside. */
export class StoreCondemned extends Error {
  override readonly name = 'StoreCondemned'
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
const DAMAGES_BEFORE_END = 3
const REOPEN_AT_ONCE: readonly string[] = ['SQLITE_READONLY_DBMOVED', 'SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_CANTOPEN']

type NumberedTick = EncodedTick & { readonly id: number }
/** `refused`: rows that the database would not take, which lie in quarantine. */
type WrittenTick = { readonly lastSeq: number; readonly refused: number }
type Attempt =
  | { readonly kind: 'durable'; readonly written: readonly WrittenTick[] }
  | { readonly kind: 'without'; readonly tick: NumberedTick; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string }

export class Writer {
  readonly #settings: WriterSettings
  readonly #hooks: WriterHooks
  readonly #opened: Recovered
  #epoch: string
  #connection: Connection | null
  /**
   * A connection that was given up, kept until the next one is open: without any, SQLite would recover the WAL and find whole
   * what was answered "failed", for it was written, only not synced.
   */
  #stale: Database.Database | null = null
  #lastSeq: number
  #minute = UNMARKED
  #failures = 0
  #damages = 0
  /** Since when the file cannot be opened anew, though it is there; null while it can. */
  #unreadableAt: number | null = null
  #checkpointTrouble: string | null = null
  #messages: MessageRing
  #retention: Retention
  #sealer: Sealer | null
  #reissuer: Reissuer
  readonly #key: SealKey | null
  /** Names that main has given and no commit has yet made durable. */
  #streams: StreamName[] = []
  #series: SeriesName[] = []

  private constructor(settings: WriterSettings, hooks: WriterHooks, opened: Recovered) {
    const { db, epoch } = opened
    this.#settings = settings
    this.#hooks = hooks
    this.#opened = opened
    this.#epoch = epoch
    hooks.afterOpen?.(db)
    this.#connection = connectionOf(db)
    this.#lastSeq = lastSeqOf(this.#connection)
    this.#messages = new MessageRing(this.#connection)
    this.#retention = new Retention(db)
    this.#reissuer = new Reissuer(this.#connection.db)
    this.#key = sealKeyOf(settings.folder)
    this.#sealer = this.#key && new Sealer(db, this.#key)
  }

  static open(settings: WriterSettings, hooks: WriterHooks = {}): Writer | Refused {
    const { folder, epoch, condemned = null } = settings
    const opened = openWhateverItHolds({ folder, identity: settings, asked: { epoch }, condemned, monoMs: () => performance.now() })
    return opened.kind === 'refused' ? opened : new Writer(settings, hooks, opened)
  }

  get epoch(): string {
    return this.#epoch
  }

  /** What was found at the opening. */
  get opened(): Pick<Recovered, 'opening' | 'setAside' | 'began'> {
    return this.#opened
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
        answers.push({ id, result: attempt.kind === 'failed' ? attempt : durable(attempt.written[place] ?? { lastSeq: this.#lastSeq, refused: 0 }) })
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

  /**
   * One bounded step of retention, in a transaction of its own. What went before its time is named in the log by the same
   * transaction.
   * @throws Error only for a bug; then nothing was deleted.
   */
  retain(order: RetentionOrder): RetentionReport {
    const connection = this.#connect()
    if (typeof connection === 'string') return { kind: 'failed', why: connection }
    try {
      connection.begin.run()
      const report = this.#retention.step(order, () => performance.now())
      this.#sealer?.forget()
      let seq = this.#lastSeq
      if (report.forced) seq = this.#addTick(connection, saying(forcedSentence(report.forced), order.now), seq).lastSeq
      this.#hooks.beforeCommit?.(connection.db)
      connection.commit.run()
      this.#lastSeq = seq
      return report
    } catch (error) {
      this.#retention.forget()
      this.#undo(connection, error)
      if (!(error instanceof Database.SqliteError)) throw error
      return { kind: 'failed', why: whyOf(error) }
    }
  }

  /**
   * Rows behind `afterSeq` (null: those that are still to come) belong to a new incarnation from now on. Null when the disk fails.
   * @throws Error only for a bug.
   */
  beginEpoch(why: EpochReason, afterSeq: number | null, now: WallMs): string | null {
    const connection = this.#connect()
    if (typeof connection === 'string') return null
    try {
      connection.begin.run()
      const epoch = beginEpoch(connection.db, why, (afterSeq ?? this.#lastSeq) + 1, now)
      connection.commit.run()
      this.#epoch = epoch
      return epoch
    } catch (error) {
      this.#undo(connection, error)
      if (!(error instanceof Database.SqliteError)) throw error
      return null
    }
  }

  /**
   * One bounded step of putting rows right, in a transaction of its own, for when nobody waits. `more`: there is more to do at
   * once; `later`: the disk fails, and it is to be tried again.
   * @throws Error only for a bug; then nothing was written.
   */
  reissue(): 'nothing' | 'more' | 'later' {
    const connection = this.#connection
    // The next group opens the file anew, and after it this is asked again.
    if (!connection) return 'nothing'
    try {
      if (!this.#reissuer.isWanted) return 'nothing'
      connection.begin.run()
      const step = this.#reissuer.step(connection, this.#lastSeq)
      let seq = step.lastSeq
      if (step.said) seq = this.#addTick(connection, saying(step.said.what, wallMs(step.said.at), { bed: step.said.bed, stay: step.said.stay, device: null }), seq).lastSeq
      this.#hooks.beforeCommit?.(connection.db)
      connection.commit.run()
      this.#lastSeq = seq
      return 'more'
    } catch (error) {
      this.#undo(connection, error)
      if (!(error instanceof Database.SqliteError)) throw error
      return 'later'
    }
  }

  /** One bounded step of sealing, for when nobody waits. False when there is nothing to do until the log has grown. */
  seal(): boolean {
    try {
      return this.#connection !== null && this.#sealer !== null && this.#sealer.step(this.#lastSeq)
    } catch (error) {
      if (!(error instanceof Database.SqliteError)) throw error
      // A page that cannot be read is told by who looks for rot; its block stays without a seal, and so do those behind it.
      this.#sealer = null
      return false
    }
  }

  /** What was erased lies no more in old pages of the WAL. For when nobody waits; false: a reader is in the way, ask again. */
  eraseTraces(): boolean {
    try {
      return this.#connection === null || this.#retention.eraseTraces()
    } catch (error) {
      this.#checkpointTrouble = whyOf(error)
      return false
    }
  }

  /** @throws SqliteError when the last sync fails; nothing that was answered durable is lost by it. */
  close(): void {
    this.#closeStale()
    this.#connection?.db.close()
    this.#connection = null
  }

  #closeStale(): void {
    try {
      this.#stale?.close()
    } catch {
      // It was given up: the next group opens the file anew and says what is wrong with it.
    }
    this.#stale = null
  }

  #attempt(ticks: readonly NumberedTick[]): Attempt {
    const connection = this.#connect()
    if (typeof connection === 'string') return { kind: 'failed', why: connection }
    let current: NumberedTick | null = null
    try {
      connection.begin.run()
      this.#addNames(connection)
      if (this.#sealer?.ready) connection.putSegment.run(this.#sealer.ready)
      let seq = this.#lastSeq
      const written: WrittenTick[] = []
      for (const tick of ticks) {
        current = tick
        const result = this.#addTick(connection, tick, seq)
        seq = result.lastSeq
        written.push(result)
      }
      current = null
      this.#hooks.beforeCommit?.(connection.db)
      connection.commit.run()
      this.#lastSeq = seq
      this.#failures = 0
      this.#damages = 0
      this.#messages.keep()
      this.#sealer?.written()
      this.#streams = []
      this.#series = []
      return { kind: 'durable', written }
    } catch (error) {
      this.#minute = UNMARKED
      this.#messages.forget()
      if (current && isOfTheTick(error)) {
        this.#undo(connection, null)
        return { kind: 'without', tick: current, why: whyOf(error) }
      }
      // Counted for commits alone: old rows that cannot be deleted are no reason to give up a file that takes new ones.
      if (error instanceof Database.SqliteError && /^SQLITE_(CORRUPT|NOTADB)/.test(error.code)) this.#damages++
      this.#undo(connection, error)
      if (!(error instanceof Database.SqliteError)) throw error
      return { kind: 'failed', why: whyOf(error) }
    }
  }

  #connect(): Connection | string {
    if (this.#connection) return this.#connection
    const opened = openWriterDatabase(this.#settings.folder, this.#settings, { epoch: this.#epoch })
    if (opened.kind === 'refused') {
      if (opened.how !== 'damaged') return opened.why
      // A disk that is away for a moment reads nothing either: what is whole is not given up for that.
      this.#unreadableAt ??= performance.now()
      if (/SQLITE_IOERR/.test(opened.why) && performance.now() - this.#unreadableAt < storeLimits.unreadableMsMax) return opened.why
      throw new StoreCondemned(opened.why)
    }
    this.#unreadableAt = null
    this.#closeStale()
    this.#hooks.afterOpen?.(opened.db)
    this.#connection = connectionOf(opened.db)
    this.#lastSeq = lastSeqOf(this.#connection)
    this.#messages = new MessageRing(this.#connection)
    this.#retention = new Retention(opened.db)
    this.#reissuer = new Reissuer(opened.db)
    this.#sealer = this.#key && new Sealer(opened.db, this.#key)
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
    this.#closeStale()
    this.#stale = connection.db
    // Opened anew since, and damaged still: nothing will ever be stored in this file.
    if (this.#damages >= DAMAGES_BEFORE_END) throw new StoreCondemned(whyOf(error))
  }

  #addNames(connection: Connection): void {
    for (const name of this.#streams) {
      if (connection.addStream.run({ ...name, crc: streamCrc(name) }).changes !== 1) throw new Error(`stream ${name.id} means two things`)
    }
    for (const name of this.#series) {
      if (connection.addSeries.run({ ...name, crc: seriesCrc(name) }).changes !== 1) throw new Error(`series ${name.id} means two things`)
    }
  }

  /** A row that the database itself refuses takes no number and lies in quarantine; the rest of the tick is written. */
  #addTick(connection: Connection, tick: EncodedTick, before: number): WrittenTick {
    let seq = before
    // First, and for the tick as a whole: values that were brought before are not brought again.
    if (tick.replayed) markReplayed(connection, tick.replayed)
    const refused: EncodedFrame[] = []
    const orRefuse = (what: string, row: object, write: () => void): boolean => {
      try {
        write()
        return true
      } catch (error) {
        if (!isOfTheTick(error)) throw error
        refused.push(refusedRow(what, row, whyOf(error)))
        return false
      }
    }
    for (const standing of tick.standing ?? []) orRefuse('word of what stands', { key: standing.key, at: standing.at }, () => connection.putStanding.run(standing))
    for (const fact of tick.facts ?? []) orRefuse('fact', { id: fact.id, at: fact.learnedAt }, () => connection.addFact.run(fact))
    for (const stay of tick.stays) orRefuse('stay', stay, () => whole(connection, () => putStay(connection, stay)))
    for (const snapshot of tick.snapshots) {
      const { stream, receivedAt, sentAt, readings, crc } = snapshot
      // Without a closure, for this runs for every message.
      try {
        connection.addSnapshot.run(seq + 1, stream, receivedAt, sentAt, readings, numbered(crc, seq + 1))
      } catch (error) {
        if (!isOfTheTick(error)) throw error
        refused.push(refusedSnapshot(connection, snapshot, whyOf(error)))
        continue
      }
      seq++
      const minute = minuteOf(receivedAt)
      if (minute !== this.#minute) connection.addMark.run({ minute, seq })
      this.#minute = minute
    }
    for (const event of tick.events) {
      if (orRefuse('event', event, () => whole(connection, () => addEvent(connection, event, seq + 1)))) seq++
    }
    for (const reissue of tick.reissues ?? []) orRefuse('order to put rows right', { from: reissue.from, to: reissue.to }, () => addReissue(connection.db, reissue))
    for (const message of tick.messages) orRefuse('message identity', message, () => this.#messages.put(connection, message))
    for (const strip of tick.strips) orRefuse('strip', { ...strip, samples: strip.samples.length }, () => addStrip(connection, strip))
    try {
      if (tick.quarantined.length > 0) whole(connection, () => addQuarantined(connection, tick.quarantined))
    } catch (error) {
      if (!isOfTheTick(error)) throw error
      for (const frame of tick.quarantined) {
        orRefuse('frame', { ...frame, bytes: frame.bytes.length }, () => whole(connection, () => addQuarantined(connection, [frame])))
      }
    }
    if (refused.length > 0) addQuarantined(connection, refused)
    return { lastSeq: seq, refused: refused.length }
  }
}

const durable = ({ lastSeq, refused }: WrittenTick): CommitResult => (refused === 0 ? { kind: 'durable', lastSeq } : { kind: 'durable', lastSeq, refused })

/** Null where the folder takes no key: rows are stored all the same, without a seal. */
function sealKeyOf(folder: string): SealKey | null {
  try {
    return openSealKey(folder)
  } catch {
    return null
  }
}

type Subject = { readonly bed: string | null; readonly stay: string | null; readonly device: string | null }

/** A tick that says one thing of the gateway itself. */
const saying = (what: string, at: WallMs, subject: Subject = { bed: null, stay: null, device: null }): EncodedTick => ({
  names: { streams: [], series: [] }, snapshots: [], stays: [], messages: [], quarantined: [], strips: [],
  events: [{ at, kind: 'gateway', alertId: null, opens: null, body: JSON.stringify({ what, subject }) }],
})

/** A fault of what was to be written, not of the disk. */
const isOfTheTick = (error: unknown): boolean =>
  error instanceof TypeError ||
  error instanceof RangeError ||
  (error instanceof Database.SqliteError && (error.code.startsWith('SQLITE_CONSTRAINT') || error.code === 'SQLITE_MISMATCH' || error.code === 'SQLITE_TOOBIG'))
