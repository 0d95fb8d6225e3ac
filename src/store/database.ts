/**
 * Opening vigil.db: whose it is, how it writes, who may write. Nothing here is believed before it is checked, and a file
 * that is not meant for us is left as it was found.
 *
 * In the gateway's own process nobody may open these files but through SQLite, not even to copy them: POSIX takes all locks
 * of a process on a file when any descriptor of it is closed.
 */

import { closeSync, existsSync, fsyncSync, lstatSync, mkdirSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { storeLimits } from '../limits.ts'
import type { EpochReason } from '../seams.ts'
import { type Epoch, epochsOf } from './epochs.ts'
import { type Beginning, type Identity, type Meta, metaOf, settleMeta } from './meta.ts'
import { APPLICATION_ID, MIGRATIONS, migrate, versionOf } from './migrations.ts'
import { isSamePlace, placeOf } from './place.ts'
import { moveAside } from './set-aside.ts'
import { ledgerReach } from './sync-reach.ts'

export type { Identity, StoreKind } from './meta.ts'

export type Refused = {
  readonly kind: 'refused'
  /** `locked` another Vigil runs there · `newer` written by a later version · `foreign` not a Vigil database · `sqlite` unfit library. */
  readonly how: 'locked' | 'other-kind' | 'other-gateway' | 'newer' | 'foreign' | 'damaged' | 'disk' | 'sqlite'
  /** One sentence for the engineer. */
  readonly why: string
}

const refused = (how: Refused['how'], why: string): Refused => ({ kind: 'refused', how, why })

export const databaseFile = (folder: string): string => join(folder, 'vigil.db')

/** What a failed call on the database says, in one line. */
export const whyOf = (error: unknown): string =>
  error instanceof Database.SqliteError ? `${error.code}: ${error.message}` : error instanceof Error ? error.message : String(error)

/** Codes that speak of the disk, of rights or of other programs. What is left, in a file of ours, is not what was written. */
const NOT_DAMAGE = /^SQLITE_(BUSY|LOCKED|FULL|READONLY|PERM|AUTH|NOMEM|NOLFS|PROTOCOL|INTERRUPT|CANTOPEN|IOERR)/
const DAMAGE_ALL_THE_SAME: readonly string[] = ['SQLITE_IOERR_READ', 'SQLITE_IOERR_SHORT_READ', 'SQLITE_IOERR_DATA', 'SQLITE_IOERR_CORRUPTFS', 'SQLITE_CANTOPEN_ISDIR']

/** The file does not hold what was written: to be set aside, for it will not get better by being opened again. */
export const isDamage = (error: unknown): boolean =>
  error instanceof RangeError || error instanceof SyntaxError ||
  (error instanceof Database.SqliteError && (DAMAGE_ALL_THE_SAME.includes(error.code) || !NOT_DAMAGE.test(error.code)))

/** Holds the thread: never on main. */
export const rest = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

/** A disk may need a moment: tries again what it did not read, before that is judged. Holds the thread meanwhile: never on main. */
export function patiently<Result>(read: () => Result): Result {
  for (let tries = 1; ; tries++) {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof Database.SqliteError) || !error.code.startsWith('SQLITE_IOERR') || tries >= storeLimits.readsMax) throw error
      rest(storeLimits.readPauseMs)
    }
  }
}

/** vigil.db or what belongs to it is no file at all. */
function isNoFile(file: string): boolean {
  try {
    return ['', '-wal', '-shm'].some((end) => lstatSync(`${file}${end}`, { throwIfNoEntry: false })?.isFile() === false)
  } catch {
    return false
  }
}

// ── The lock ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export type FolderLock = { readonly kind: 'locked'; release(): void }

/**
 * Takes the folder for this process, making it where there is none. The lock is SQLite's own exclusive lock (fcntl) on an
 * empty lock.db, held for as long as the connection is open: the kernel takes it back when the process dies, however it
 * dies, so there is no stale lock to clean up. vigil.db itself stays free for readers.
 */
export function lockFolder(folder: string): FolderLock | Refused {
  const first = tryLock(folder)
  if (first.kind === 'locked' || first.how !== 'damaged') return first
  // It holds nothing. While another process holds it, it answers "busy" before anybody reads what is wrong with it.
  try {
    moveAside(folder, [LOCK_FILE, `${LOCK_FILE}-journal`], new Date())
  } catch (error) {
    return refused('disk', `The data folder ${folder} cannot be used: ${whyOf(error)}`)
  }
  return tryLock(folder)
}

const LOCK_FILE = 'lock.db'

function tryLock(folder: string): FolderLock | Refused {
  const file = join(folder, LOCK_FILE)
  let db: Database.Database | null = null
  try {
    makeFolder(folder)
    db = new Database(file, { timeout: 0 })
    db.pragma('journal_mode = MEMORY')
    db.exec('BEGIN EXCLUSIVE')
    const held = db
    return { kind: 'locked', release: () => held.close() }
  } catch (error) {
    db?.close()
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) {
      return refused('locked', `Another Vigil is running on ${folder}: stop it first, or choose another data folder.`)
    }
    const how = isNoFile(file) || (error instanceof Database.SqliteError && isDamage(error)) ? 'damaged' : 'disk'
    return refused(how, `The data folder ${folder} cannot be used: ${whyOf(error)}`)
  }
}

/** SQLite syncs the folder for the files that it makes in it; the folder's own entry is for us to sync, or a power cut takes all of it. */
function makeFolder(folder: string): void {
  const firstMade = mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (firstMade === undefined) return
  const top = dirname(firstMade)
  for (let path = folder; ; path = dirname(path)) {
    const descriptor = openSync(path, 'r')
    try {
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    if (path === top || path === dirname(path)) return
  }
}

// ── The writer's connection ──────────────────────────────────────────────────────────────────────────────────────────

export type WriterDatabase = {
  readonly kind: 'open'
  readonly db: Database.Database
  readonly epoch: string
  readonly epochs: readonly Epoch[]
  /** Why an incarnation began with this opening; null when the one before goes on. */
  readonly began: EpochReason | null
}

/** What is known before the file is opened. */
export type Asked = {
  /** It must be this very incarnation, in this very place: after a restart of the thread. */
  readonly epoch?: string | null
  /** A new incarnation is wanted, whatever is found. */
  readonly why?: EpochReason | null
  /** How to begin where there is no file. */
  readonly beginning?: Beginning | null
}

/** 3.51.3 mends a fault of 3.7.0 to 3.51.2 that could corrupt a WAL when two connections check-point. */
const SQLITE_VERSION_MIN = '3.51.3'

/** Whether a dotted version is at least another. */
export function isAtLeast(version: string, least: string): boolean {
  const have = version.split('.').map(Number)
  const want = least.split('.').map(Number)
  const place = want.findIndex((part, at) => (have[at] ?? 0) !== part)
  return place === -1 || (have[place] ?? 0) > (want[place] ?? 0)
}

/**
 * Opens vigil.db to write, makes or migrates it. With `epoch` it must be that very incarnation: a file that was deleted or
 * swapped under a running gateway is not written to as if nothing had happened. Without, a copy, or a file that is older than
 * what sync has sent of it, goes on under a new one.
 */
export function openWriterDatabase(folder: string, identity: Identity, asked: Asked = {}): WriterDatabase | Refused {
  const file = databaseFile(folder)
  if (isNoFile(file)) return refused('damaged', `${file}, or a file that belongs to it, is a folder or something stranger.`)
  let db: Database.Database | null = null
  try {
    db = new Database(file, { timeout: storeLimits.busyMs, fileMustExist: (asked.epoch ?? null) !== null })
    const opened = prepare(db, { identity, asked, folder })
    if (opened.kind === 'refused') db.close()
    return opened
  } catch (error) {
    db?.close()
    return isDamage(error) ? refused('damaged', `${file} is damaged: ${whyOf(error)}`) : refused('disk', `${file} cannot be opened: ${whyOf(error)}`)
  }
}

type Preparing = { readonly identity: Identity; readonly asked: Asked; readonly folder: string }

function prepare(db: Database.Database, { identity, asked, folder }: Preparing): WriterDatabase | Refused {
  const file = databaseFile(folder)
  const stranger = refuseStranger(db, identity, file)
  if (stranger) return stranger
  const place = placeOf(file)
  if (asked.epoch) {
    const meta = metaOf(db)
    if (meta?.epoch !== asked.epoch || (meta.place !== null && !isSamePlace(meta.place, place))) {
      return refused('foreign', `${file} was replaced while the gateway was running: restart it.`)
    }
  }
  if (db.pragma('journal_mode = WAL', { simple: true }) !== 'wal') {
    return refused('disk', `${file} lies on a file system without shared memory: choose a local disk.`)
  }
  // Said again on each connection: better-sqlite3 is built so that a WAL falls back to NORMAL, which does not sync a commit.
  db.pragma('synchronous = FULL')
  db.pragma('mmap_size = 0')
  db.pragma('wal_autocheckpoint = 0')
  db.pragma(`journal_size_limit = ${storeLimits.walBytesMax}`)
  db.pragma('foreign_keys = ON')
  db.pragma('trusted_schema = OFF')
  if (versionOf(db) === 0) db.pragma(`application_id = ${APPLICATION_ID}`)
  migrate(db)
  const { epochs, began } = db
    .transaction(() => settleMeta(db, {
      identity, place, why: asked.why ?? null, beginning: asked.beginning ?? null, now: identity.createdAt,
      reachOf: (epoch) => (asked.epoch ? 0 : ledgerReach(folder, epoch)),
    }))
    .immediate()
  // After a write, for before the first one the pragma says FULL whatever is true. The proof is a count of fsyncs, in the tests.
  if (db.pragma('synchronous', { simple: true }) !== 2) {
    return refused('sqlite', 'This SQLite does not keep synchronous=FULL: acknowledgements would not mean stored.')
  }
  return { kind: 'open', db, epoch: epochs.at(-1)?.epoch ?? '', epochs, began }
}

/** Looks without writing. */
function refuseStranger(db: Database.Database, identity: Identity, file: string): Refused | null {
  const version = String(db.prepare('SELECT sqlite_version()').pluck().get())
  if (!isAtLeast(version, SQLITE_VERSION_MIN)) {
    return refused('sqlite', `SQLite ${version} can corrupt a database in WAL mode: ${SQLITE_VERSION_MIN} or later is needed.`)
  }
  const found = versionOf(db)
  const known = MIGRATIONS.at(-1)?.version ?? 0
  const isOurs = db.pragma('application_id', { simple: true }) === APPLICATION_ID
  const isEmpty = Number(db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get()) === 0
  if (!isOurs && !isEmpty) return refused('foreign', `${file} is not a Vigil database.`)
  if (found === 0) {
    // All of it is made in one transaction with its version: a file that holds tables and no version has lost it.
    return isEmpty ? null : refused('damaged', `${file} is damaged: it has lost its version.`)
  }
  if (found > known) {
    const written = writtenBy(db)
    if (written !== null && written < found) return refused('damaged', `${file} is damaged: it says version ${found} of itself, and ${written} within.`)
    return refused('newer', `${file} was written by a newer Vigil (schema ${found}, this one knows ${known}): install that version again.`)
  }
  const meta = metaOf(db)
  if (!meta) return null
  if (meta.version !== null && meta.version > found) return refused('damaged', `${file} is damaged: it says version ${found} of itself, and ${meta.version} within.`)
  if (meta.kind !== identity.kind) {
    const why = identity.kind === 'demo' ? 'holds the rows of a real ward: a demo never opens it.' : 'holds the rows of a demo: a real ward never opens it.'
    return refused('other-kind', `${file} ${why} Choose another data folder.`)
  }
  if (meta.gateway !== identity.gatewayId) {
    const why = `belongs to the gateway "${meta.gateway}", and this one is called "${identity.gatewayId}": its rows carry that name to central.`
    return refused('other-gateway', `${file} ${why}`)
  }
  return null
}

/** The version by its second witness; null where nobody can say, for a newer Vigil may keep it elsewhere. */
function writtenBy(db: Database.Database): number | null {
  try {
    return metaOf(db)?.version ?? null
  } catch {
    return null
  }
}

// ── Readers' connections ─────────────────────────────────────────────────────────────────────────────────────────────

/** There is nothing here that can be read; the message says what in a sentence. */
export class StoreUnreadable extends Error {
  override readonly name = 'StoreUnreadable'
}

export type ReaderDatabase = { readonly db: Database.Database; readonly epoch: string; readonly epochs: readonly Epoch[]; readonly meta: Meta }

/**
 * A read-only connection. It waits for nobody and holds nobody up.
 * @throws StoreUnreadable when there is no database, or none that this version can read.
 */
export function openReaderDatabase(folder: string): ReaderDatabase {
  const file = databaseFile(folder)
  if (!existsSync(file)) throw new StoreUnreadable(`There is no database in ${folder}.`)
  let db: Database.Database | null = null
  try {
    db = new Database(file, { readonly: true, fileMustExist: true, timeout: storeLimits.busyMs })
    db.pragma('mmap_size = 0')
    const found = versionOf(db)
    const known = MIGRATIONS.at(-1)?.version ?? 0
    if (found !== known) throw new StoreUnreadable(`${file} has schema ${found}, and this Vigil reads ${known}: let the gateway of this version open it first.`)
    const meta = metaOf(db)
    const epochs = epochsOf(db)
    if (!meta || epochs.length === 0) throw new StoreUnreadable(`${file} is not finished: the gateway that made it was stopped too early.`)
    return { db, epoch: meta.epoch, epochs, meta }
  } catch (error) {
    db?.close()
    throw error instanceof StoreUnreadable ? error : new StoreUnreadable(`${file} cannot be read: ${whyOf(error)}`)
  }
}
