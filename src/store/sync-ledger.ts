/**
 * sync.db: what delivery to central must not forget. A file of its own beside vigil.db, so that the sync thread never
 * waits for the store's writer; WAL, `synchronous=FULL`: a cursor that moved has moved on the disk.
 */

import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { CutBatch, DeadEvent, DeadLetter, EventOrigin, StoredBatch, SyncStatus, Withheld } from '../domain/batch.ts'
import type { WallMs } from '../domain/time.ts'
import { syncLimits } from '../limits.ts'
import { isDamage, patiently } from './database.ts'
import { migrate, versionOf } from './migrations.ts'
import { filesOf, moveAside } from './set-aside.ts'
import {
  type BatchRow, LedgerDamaged, type LetterRow, type StatusRow, batchCrc, cursorCrc, damaged, itemsText, letterOf, originText, storedBatchOf, statusOf,
} from './sync-rows.ts'
import { type LedgerCuts, cutsOn, examineAhead } from './sync-cuts.ts'
import { type ReleaseTables, releaseTables } from './sync-release.ts'
import { SYNC_APPLICATION_ID, SYNC_MIGRATIONS, syncQueries as Q } from './sync-queries.ts'
import { type LedgerSurrogates, surrogateLookup } from './sync-surrogates.ts'

export const SYNC_FILE = 'sync.db'

/** So many parts of split batches have room before it and behind it. */
const FIRST_EARLY_PLACE = -1_000_000_000
/** The CLI may write while the thread does; each waits for the other's transaction. */
const BUSY_MS = 5_000

export type SavedStatus = Pick<SyncStatus, 'kind' | 'why' | 'lastAcceptedAt' | 'breaker' | 'stoppedByScanner'> & { readonly at: WallMs }

type Settled = { readonly acknowledged: readonly EventOrigin[]; readonly dead: readonly DeadEvent[]; readonly at: WallMs }

/** Opened by the sync thread, and for a moment by `vigil sync`. Every call is one durable transaction. */
export type Ledger = Disposable & LedgerCuts & {
  transaction<Result>(work: () => Result): Result
  openEpoch(epoch: string): void
  /** The ledger before this one was lost, or this one is older than what it was: whoever asks `lostIn` next is told. */
  beginLost(): void
  /** The ledger before this one was lost while this epoch was the current one. */
  lostIn(epoch: string): boolean
  /** The greatest number of this epoch that was cut or needs nothing more. */
  reach(sink: string, epoch: string): number
  /** The epoch that was opened last; null before the first. */
  currentEpoch(): string | null
  surrogates(epoch: string): LedgerSurrogates
  cursor(sink: string, epoch: string): number
  advance(sink: string, epoch: string, seq: number): void
  withhold(sink: string, epoch: string, withheld: readonly Withheld[]): void
  withheld(sink: string, epoch: string): readonly { readonly reason: string; readonly rows: number; readonly readings: number }[]
  keep(sink: string, epoch: string, movesCursor: boolean, batches: readonly CutBatch[]): void
  /** Behind others of these, and before all that waits else; moves no cursor. */
  keepEarly(sink: string, epoch: string, batches: readonly CutBatch[]): void
  pending(sink: string): StoredBatch | null
  settle(sink: string, batch: StoredBatch, settlement: Settled): void
  replace(sink: string, batch: StoredBatch, parts: readonly CutBatch[]): void
  addDead(sink: string, epoch: string, at: WallMs, dead: readonly DeadEvent[]): void
  /** The oldest first, at most `lettersMax`. */
  deadLetters(sink: string, lettersMax: number): readonly DeadLetter[]
  lettersToRetry(sink: string, lettersMax: number): readonly DeadLetter[]
  /** Asks the thread to send this letter again; false when there is none. */
  askRetry(id: number): boolean
  refuseRetry(id: number, why: string): void
  /** How many of these there were. */
  removeDead(ids: readonly number[]): number
  deadCount(sink: string): number
  /** How many letters were lost because there were too many. */
  deadDropped(sink: string): number
  saveStatus(sink: string, at: WallMs, status: Omit<SyncStatus, 'fenced'>): void
  status(sink: string): SavedStatus | null
  /** Says which sinks there are now, in their order. */
  nameSinks(sinks: readonly NamedSink[]): void
  /** Those that the configuration names; none before version 3 has run once. */
  sinks(): readonly NamedSink[]
  /** Of which something is left here although the configuration names them no more. */
  sinksLeft(): readonly string[]
  /** What the sink put there; null when nothing, or when too much else was put since. */
  memory(sink: string, name: string): string | null
  /** @throws RangeError when it is longer than a memory may be. null forgets it. */
  remember(sink: string, name: string, value: string | null): void
  count(sink: string, what: string, times: number): void
  counts(sink: string): readonly { readonly what: string; readonly times: number }[]
  readonly releases: ReleaseTables
  close(): void
}

export type NamedSink = { readonly id: string; readonly kind: string; readonly lane: string }

export type OpenLedgerOptions = {
  /** `existing`: throws rather than make a new file. */
  readonly mode?: 'create' | 'existing'
  readonly random?: (bytes: number) => Buffer
  /** A damaged ledger lies in this folder now. */
  readonly onSetAside?: (folder: string, why: string) => void
}

/**
 * A ledger that is damaged is moved aside and begun anew, where it may be made; it then says that the one before was lost.
 * @throws Error with a sentence when the file is missing, of another program, or of a newer version.
 */
export function openSyncLedger(folder: string, options: OpenLedgerOptions = {}): Ledger {
  const { mode = 'create' } = options
  const file = join(folder, SYNC_FILE)
  if (!existsSync(file)) {
    if (mode === 'existing') throw new Error(`${file} does not exist: nothing was ever sent from this folder`)
    closeSync(openSync(file, 'a', 0o600))
  }
  try {
    return patiently(() => open(file, options))
  } catch (reason) {
    if (mode === 'existing' || !isLedgerDamage(file, reason)) throw reason
    const moved = moveAside(folder, filesOf(SYNC_FILE), new Date())
    closeSync(openSync(file, 'a', 0o600))
    const ledger = open(file, options)
    ledger.beginLost()
    options.onSetAside?.(moved, reason instanceof Error ? reason.message : String(reason))
    return ledger
  }
}

const isLedgerDamage = (file: string, reason: unknown): boolean =>
  reason instanceof LedgerDamaged || statSync(file, { throwIfNoEntry: false })?.isFile() === false || (reason instanceof Database.SqliteError && isDamage(reason))

function open(file: string, { mode = 'create', random = randomBytes }: OpenLedgerOptions): Ledger {
  const db = new Database(file, { timeout: BUSY_MS })
  try {
    prepare(db, file)
    if (mode === 'create') examine(db)
    return ledgerOn(db, random)
  } catch (reason) {
    db.close()
    throw reason
  }
}

/** Looks at all of it once: what is wrong is better found now than in the middle of a batch. */
function examine(db: Database.Database): void {
  if (db.pragma('quick_check(1)', { simple: true }) !== 'ok') throw damaged('a page')
  type CursorRow = { readonly sink: string; readonly epoch: string; readonly seq: number; readonly crc: number | null }
  const isRight = ({ sink, epoch, seq, crc }: CursorRow): boolean => crc === null || crc === cursorCrc(sink, epoch, seq)
  if (!db.prepare<[], CursorRow>(Q.CURSORS).all().every(isRight)) throw damaged('a cursor')
  examineAhead(db)
  // What waits is little; what cannot be believed of it would stand in the way of all that comes behind, after each start.
  for (const row of db.prepare<[], BatchRow>(Q.BATCHES).iterate()) storedBatchOf(row)
}

function prepare(db: Database.Database, file: string): void {
  const owner = Number(db.pragma('application_id', { simple: true }))
  // Whatever it is, it is in the way; and nothing of it is lost by being moved.
  if (owner !== SYNC_APPLICATION_ID && (owner !== 0 || versionOf(db) !== 0)) throw new LedgerDamaged(`${file} is no ledger of ours`)
  db.pragma('journal_mode = WAL')
  // better-sqlite3 is built to fall back to NORMAL in WAL mode unless it is told so.
  db.pragma('synchronous = FULL')
  // Within pages that are written anyway, what is deleted is overwritten: it costs nothing.
  db.pragma('secure_delete = FAST')
  if (owner === 0) db.pragma(`application_id = ${SYNC_APPLICATION_ID}`)
  const migrated = migrate(db, SYNC_MIGRATIONS)
  if (migrated.kind === 'newer') throw new Error(`${file} is of version ${migrated.version}, this program knows ${migrated.known}: install the newer Vigil`)
}


function statementsOf(db: Database.Database) {
  return {
    openEpoch: db.prepare<[object]>(Q.OPEN_EPOCH),
    lost: db.prepare<[], { epoch: string | null }>(Q.LOST),
    putLost: db.prepare<[object]>(Q.PUT_LOST),
    findAgain: db.prepare(Q.FIND_AGAIN),
    reach: db.prepare<[object]>(Q.REACH).pluck(),
    epochNow: db.prepare<[], { epoch: string }>(Q.EPOCH_NOW),
    cursor: db.prepare<[object], { seq: number; crc: number | null }>(Q.CURSOR),
    moveCursor: db.prepare<[object]>(Q.MOVE_CURSOR),
    lastEarlyPlace: db.prepare<[object], { place: number | null }>(Q.LAST_EARLY_PLACE),
    lastPlace: db.prepare<[object], { place: number }>(Q.LAST_PLACE),
    addBatch: db.prepare<[object]>(Q.ADD_BATCH),
    firstBatch: db.prepare<[object], BatchRow & { place: number }>(Q.FIRST_BATCH),
    removeBatch: db.prepare<[object]>(Q.REMOVE_BATCH),
    rangeLeft: db.prepare<[object], { batches: number }>(Q.RANGE_LEFT),
    addAcknowledged: db.prepare<[object]>(Q.ADD_ACKNOWLEDGED),
    addWithheld: db.prepare<[object]>(Q.ADD_WITHHELD),
    withheld: db.prepare<[object], { reason: string; rows: number; readings: number }>(Q.WITHHELD),
    addDead: db.prepare<[object]>(Q.ADD_DEAD),
    deadCount: db.prepare<[object], { letters: number }>(Q.DEAD_COUNT),
    trimDead: db.prepare<[object]>(Q.TRIM_DEAD),
    countDropped: db.prepare<[object]>(Q.COUNT_DROPPED),
    dropped: db.prepare<[object], { letters: number }>(Q.DROPPED),
    deadLetters: db.prepare<[object], LetterRow>(Q.DEAD_LETTERS),
    lettersToRetry: db.prepare<[object], LetterRow>(Q.LETTERS_TO_RETRY),
    askRetry: db.prepare<[object]>(Q.ASK_RETRY),
    refuseRetry: db.prepare<[object]>(Q.REFUSE_RETRY),
    removeDead: db.prepare<[object]>(Q.REMOVE_DEAD),
    saveStatus: db.prepare<[object]>(Q.SAVE_STATUS),
    status: db.prepare<[object], StatusRow>(Q.STATUS),
    unnameSinks: db.prepare(Q.UNNAME_SINKS),
    nameSink: db.prepare<[object]>(Q.NAME_SINK),
    sinks: db.prepare<[], NamedSink>(Q.SINKS),
    sinksLeft: db.prepare<[], { sink: string }>(Q.SINKS_LEFT),
    memory: db.prepare<[object], { value: string }>(Q.MEMORY),
    putMemory: db.prepare<[object]>(Q.PUT_MEMORY),
    dropMemory: db.prepare<[object]>(Q.DROP_MEMORY),
    trimMemory: db.prepare<[object]>(Q.TRIM_MEMORY),
    count: db.prepare<[object]>(Q.COUNT),
    counts: db.prepare<[object], { what: string; times: number }>(Q.COUNTS),
  }
}

function ledgerOn(db: Database.Database, random: (bytes: number) => Buffer): Ledger {
  const q = statementsOf(db)
  const close = (): void => void db.close()
  const surrogatesOf = surrogateLookup(db, random)
  const { absorbed, reachAhead, ...cuts } = cutsOn(db)

  /** Nested calls are one transaction. IMMEDIATE: a reader that turns writer half-way could be refused. */
  const atomic = <Result>(work: () => Result): Result => (db.inTransaction ? work() : db.transaction(work).immediate())

  function addDead(sink: string, epoch: string, at: WallMs, dead: readonly DeadEvent[]): void {
    for (const { seqFrom, seqTo, why, retries, event, origin } of dead) {
      q.addDead.run({ sink, epoch, seqFrom, seqTo, at, why: why.slice(0, syncLimits.reasonCharsMax), retries, event, origin: originText(origin) })
    }
    if (dead.length === 0) return
    const letters = q.trimDead.run({ sink, lettersMax: syncLimits.deadLettersMax }).changes
    if (letters > 0) q.countDropped.run({ sink, letters })
  }

  function acknowledge(sink: string, epoch: string, origins: readonly EventOrigin[]): void {
    const sums = new Map<string, EventOrigin>()
    for (const origin of origins) {
      const name = `${origin.device}\u0000${origin.metric}`
      sums.set(name, { ...origin, measured: origin.measured + (sums.get(name)?.measured ?? 0) })
    }
    for (const { device, metric, measured } of sums.values()) q.addAcknowledged.run({ sink, epoch, device, metric, readings: measured })
  }

  const add = (sink: string, epoch: string, movesCursor: boolean, batch: CutBatch, place: number): void =>
    void q.addBatch.run({
      sink, place, epoch, batchId: batch.batchId, seqFrom: batch.seqFrom, seqTo: batch.seqTo, movesCursor: movesCursor ? 1 : 0,
      body: batch.body, items: itemsText(batch.items), crc: batchCrc({ ...batch, epoch, items: itemsText(batch.items) }),
    })

  const moveTo = (sink: string, epoch: string, seq: number): void => void q.moveCursor.run({ sink, epoch, seq, crc: cursorCrc(sink, epoch, seq) })
  const move = (sink: string, epoch: string, seq: number): void => atomic(() => moveTo(sink, epoch, absorbed(sink, epoch, seq)))

  return {
    ...cuts,
    transaction: atomic,
    openEpoch: (epoch) => void q.openEpoch.run({ epoch }),
    currentEpoch: () => q.epochNow.get()?.epoch ?? null,
    surrogates: surrogatesOf,
    beginLost: () => void q.putLost.run({ epoch: null }),
    lostIn: (epoch) => atomic(() => {
      const lost = q.lost.get()
      if (lost === undefined) return false
      if (lost.epoch === null) q.putLost.run({ epoch })
      else if (lost.epoch !== epoch) q.findAgain.run()
      return (lost.epoch ?? epoch) === epoch
    }),
    reach: (sink, epoch) => Math.max(Number(q.reach.get({ sink, epoch })), reachAhead(sink, epoch)),
    cursor(sink, epoch) {
      const row = q.cursor.get({ sink, epoch })
      if (row === undefined) return 0
      if (row.crc !== null && row.crc !== cursorCrc(sink, epoch, row.seq)) throw damaged('a cursor')
      return row.seq
    },
    advance: move,
    withhold: (sink, epoch, withheld) => atomic(() => {
      for (const { reason, rows, readings } of withheld) q.addWithheld.run({ sink, epoch, reason, rows, readings })
    }),
    withheld: (sink, epoch) => q.withheld.all({ sink, epoch }),
    keep: (sink, epoch, movesCursor, batches) => atomic(() => {
      const last = q.lastPlace.get({ sink })?.place ?? 0
      batches.forEach((batch, index) => add(sink, epoch, movesCursor, batch, last + 1 + index))
    }),
    keepEarly: (sink, epoch, batches) => atomic(() => {
      const last = q.lastEarlyPlace.get({ sink })?.place ?? FIRST_EARLY_PLACE
      batches.forEach((batch, index) => add(sink, epoch, false, batch, last + 1 + index))
    }),
    pending(sink) {
      const row = q.firstBatch.get({ sink })
      return row === undefined ? null : storedBatchOf(row)
    },
    settle: (sink, batch, { acknowledged, dead, at }) => atomic(() => {
      const { id, epoch, seqTo } = batch
      // Settled already (by a thread that was thought dead): what it counted is not counted again.
      if (q.removeBatch.run({ id }).changes === 0) return
      acknowledge(sink, epoch, acknowledged)
      addDead(sink, epoch, at, dead)
      if (batch.movesCursor && q.rangeLeft.get({ sink, epoch, seqTo })?.batches === 0) move(sink, epoch, seqTo)
    }),
    replace: (sink, batch, parts) => atomic(() => {
      const first = q.firstBatch.get({ sink })
      if (first === undefined || first.id !== batch.id) throw new Error(`batch ${batch.batchId} is not the one to be sent next`)
      q.removeBatch.run({ id: batch.id })
      parts.forEach((part, index) => add(sink, batch.epoch, batch.movesCursor, part, first.place - parts.length + 1 + index))
    }),
    addDead: (sink, epoch, at, dead) => atomic(() => addDead(sink, epoch, at, dead)),
    deadLetters: (sink, lettersMax) => q.deadLetters.all({ sink, lettersMax }).map(letterOf),
    lettersToRetry: (sink, lettersMax) => q.lettersToRetry.all({ sink, lettersMax }).map(letterOf),
    askRetry: (id) => q.askRetry.run({ id }).changes > 0,
    refuseRetry: (id, why) => void q.refuseRetry.run({ id, why: why.slice(0, syncLimits.reasonCharsMax) }),
    removeDead: (ids) => atomic(() => ids.reduce((removed, id) => removed + q.removeDead.run({ id }).changes, 0)),
    deadCount: (sink) => q.deadCount.get({ sink })?.letters ?? 0,
    deadDropped: (sink) => q.dropped.get({ sink })?.letters ?? 0,
    saveStatus(sink, at, { kind, why, breaker, lastAcceptedAt, stoppedByScanner }) {
      q.saveStatus.run({ sink, at, kind, why, breaker, lastAcceptedAt, stoppedByScanner })
    },
    status(sink) {
      const row = q.status.get({ sink })
      return row === undefined ? null : statusOf(row)
    },
    nameSinks: (sinks) => atomic(() => {
      q.unnameSinks.run()
      sinks.forEach(({ id, kind, lane }, place) => q.nameSink.run({ id, place, kind, lane }))
    }),
    sinks: () => q.sinks.all(),
    sinksLeft: () => q.sinksLeft.all().map(({ sink }) => sink),
    memory: (sink, name) => q.memory.get({ sink, name })?.value ?? null,
    remember(sink, name, value) {
      if (value === null) return void q.dropMemory.run({ sink, name })
      if (value.length > syncLimits.sinkMemoryCharsMax) throw new RangeError(`a sink remembers at most ${syncLimits.sinkMemoryCharsMax} characters under one name`)
      atomic(() => {
        q.putMemory.run({ sink, name, value })
        q.trimMemory.run({ sink, memoriesMax: syncLimits.sinkMemoriesMax })
      })
    },
    count: (sink, what, times) => void q.count.run({ sink, what, times }),
    counts: (sink) => q.counts.all({ sink }),
    releases: releaseTables(db, random, surrogatesOf),
    close,
    [Symbol.dispose]: close,
  }
}

const firstToCentral = (db: Database.Database): string => (versionOf(db) < 3 ? undefined : db.prepare<[], { id: string }>(Q.FIRST_TO_CENTRAL).get()?.id) ?? 'https-batch'

/**
 * How many measured values central has acknowledged, in all epochs: keyed device + '\u0000' + metric reference id. Of several sinks,
 * the first that leaves the hospital.
 * Empty when nothing was ever sent from this folder.
 */
export function acknowledgedCounts(folder: string): ReadonlyMap<string, number> {
  const file = join(folder, SYNC_FILE)
  if (!existsSync(file)) return new Map()
  const db = new Database(file, { readonly: true, timeout: BUSY_MS })
  try {
    if (versionOf(db) === 0) return new Map()
    const rows = db.prepare<[object], { device: string; metric: string; readings: number }>(Q.ACKNOWLEDGED).all({ sink: firstToCentral(db) })
    return new Map(rows.map(({ device, metric, readings }) => [`${device}\u0000${metric}`, readings]))
  } finally {
    db.close()
  }
}

