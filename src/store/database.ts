/**
 * Opening vigil.db: whose it is, how it writes, who may write. Nothing here is believed before it is checked, and a file
 * that is not meant for us is left as it was found.
 *
 * In the gateway's own process nobody may open these files but through SQLite, not even to copy them: POSIX takes all locks
 * of a process on a file when any descriptor of it is closed.
 */

import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { storeLimits } from '../limits.ts'
import { APPLICATION_ID, MIGRATIONS, migrate, versionOf } from './migrations.ts'
import { readerQueries, writerQueries } from './queries.ts'

/** A demo never touches real rows, nor a real ward the rows of a demo. */
export type StoreKind = 'demo' | 'real'

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

const isDamage = (error: unknown): boolean =>
  error instanceof Database.SqliteError && (error.code.startsWith('SQLITE_CORRUPT') || error.code === 'SQLITE_NOTADB')

// ── The lock ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export type FolderLock = { readonly kind: 'locked'; release(): void }

/**
 * Takes the folder for this process, making it where there is none. The lock is SQLite's own exclusive lock (fcntl) on an
 * empty lock.db, held for as long as the connection is open: the kernel takes it back when the process dies, however it
 * dies, so there is no stale lock to clean up. vigil.db itself stays free for readers.
 */
export function lockFolder(folder: string): FolderLock | Refused {
  let db: Database.Database | null = null
  try {
    makeFolder(folder)
    db = new Database(join(folder, 'lock.db'), { timeout: 0 })
    db.pragma('journal_mode = MEMORY')
    db.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    db?.close()
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) {
      return refused('locked', `Another Vigil is running on ${folder}: stop it first, or choose another data folder.`)
    }
    return refused('disk', `The data folder ${folder} cannot be used: ${whyOf(error)}`)
  }
  const held = db
  return { kind: 'locked', release: () => held.close() }
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

export type Identity = { readonly kind: StoreKind; readonly gatewayId: string; readonly createdAt: number }
export type WriterDatabase = { readonly kind: 'open'; readonly db: Database.Database; readonly epoch: string }
type Meta = { readonly epoch: string; readonly kind: StoreKind; readonly gateway: string; readonly seqFloor: number }

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
 * swapped under a running gateway is not written to as if nothing had happened.
 */
export function openWriterDatabase(folder: string, identity: Identity, epoch: string | null = null): WriterDatabase | Refused {
  const file = databaseFile(folder)
  let db: Database.Database | null = null
  try {
    db = new Database(file, { timeout: storeLimits.busyMs, fileMustExist: epoch !== null })
    const opened = prepare(db, identity, file)
    if (opened.kind === 'open' && epoch !== null && opened.epoch !== epoch) {
      db.close()
      return refused('foreign', `${file} was replaced while the gateway was running: restart it.`)
    }
    if (opened.kind === 'refused') db.close()
    return opened
  } catch (error) {
    db?.close()
    return isDamage(error) ? refused('damaged', `${file} is damaged: ${whyOf(error)}`) : refused('disk', `${file} cannot be opened: ${whyOf(error)}`)
  }
}

function prepare(db: Database.Database, identity: Identity, file: string): WriterDatabase | Refused {
  const stranger = refuseStranger(db, identity, file)
  if (stranger) return stranger
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
  const meta = db.prepare<[], Meta>(writerQueries.META).get() ?? createMeta(db, identity)
  // After a write, for before the first one the pragma says FULL whatever is true. The proof is a count of fsyncs, in the tests.
  if (db.pragma('synchronous', { simple: true }) !== 2) {
    return refused('sqlite', 'This SQLite does not keep synchronous=FULL: acknowledgements would not mean stored.')
  }
  return { kind: 'open', db, epoch: meta.epoch }
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
  if (found > known) {
    return refused('newer', `${file} was written by a newer Vigil (schema ${found}, this one knows ${known}): install that version again.`)
  }
  if (found === 0) return null
  const meta = db.prepare<[], Meta>(writerQueries.META).get()
  if (!meta) return null
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

function createMeta(db: Database.Database, { kind, gatewayId, createdAt }: Identity): Meta {
  // Random, not derived from the time: the epoch travels to central as a part of every key.
  const meta: Meta = { epoch: randomBytes(8).toString('hex'), kind, gateway: gatewayId, seqFloor: 0 }
  db.prepare(writerQueries.CREATE_META).run({ ...meta, createdAt })
  return meta
}

// ── Readers' connections ─────────────────────────────────────────────────────────────────────────────────────────────

/** There is nothing here that can be read; the message says what in a sentence. */
export class StoreUnreadable extends Error {
  override readonly name = 'StoreUnreadable'
}

export type ReaderDatabase = { readonly db: Database.Database; readonly epoch: string }

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
    const meta = db.prepare<[], Meta>(readerQueries.META).get()
    if (!meta) throw new StoreUnreadable(`${file} is not finished: the gateway that made it was stopped too early.`)
    return { db, epoch: meta.epoch }
  } catch (error) {
    db?.close()
    throw error instanceof StoreUnreadable ? error : new StoreUnreadable(`${file} cannot be read: ${whyOf(error)}`)
  }
}
