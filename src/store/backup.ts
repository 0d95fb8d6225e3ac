/**
 * A backup: a copy of vigil.db and sync.db as they stand, made while the gateway writes, and believed only after it was read
 * again. The log is copied within one read transaction, so it is one instant; sync.db comes after it, so that it knows of
 * every row in the copy that central has. What stands in no backup unless asked for: the keys of the seals.
 */

import { closeSync, copyFileSync, cpSync, existsSync, fdatasyncSync, mkdirSync, openSync, realpathSync, renameSync, rmSync, statSync, statfsSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { backupLimits } from '../limits.ts'
import { type Manifest, MANIFEST, sha256Of, writeManifest } from './backup-manifest.ts'
import { databaseFile, openReaderDatabase, whyOf } from './database.ts'
import { flush } from './flush.ts'
import { versionOf } from './migrations.ts'
import type { Damage } from './rows.ts'
import { KEYS, sealKeys } from './seal-key.ts'
import { type Tampering, type Verdict, verifying } from './verify.ts'

export type BackupOrder = {
  /** The gateway's data folder. */
  readonly folder: string
  /** The folder that becomes the backup; it must not be there yet. */
  readonly target: string
  readonly withKeys: boolean
  /** Of this Vigil, for the manifest. */
  readonly version: string
  /** Wall time, in ms. */
  readonly now: number
}

/** 0 to 1 of the whole. */
export type OnProgress = (done: number) => void

export type BackupResult =
  | { readonly kind: 'done'; readonly target: string; readonly manifest: Manifest }
  /** A sentence with what to do about it; nothing is left behind. */
  | { readonly kind: 'failed'; readonly why: string }

const SLOW = `the gateway wrote more than ${Math.round(backupLimits.walBytesMax / 1e6)} MB meanwhile, which its own disk must hold until the copy is made: name a faster disk, or an hour in which less is written`

const COPY_SHARE = 0.6
const HASH_SHARE = 0.1

/** Never rejects for trouble with disks and files. */
export async function makeBackup(order: BackupOrder, onProgress: OnProgress, stop: AbortSignal): Promise<BackupResult> {
  const target = resolve(order.target)
  const unfit = refuseTarget(order.folder, target)
  if (unfit !== null) return { kind: 'failed', why: unfit }
  const partial = `${target}.partial`
  try {
    rmSync(partial, { recursive: true, force: true })
    mkdirSync(partial, { recursive: true, mode: 0o700 })
    const manifest = await copyAndVerify(order, partial, onProgress, stop)
    renameSync(partial, target)
    flush(dirname(target))
    onProgress(1)
    return { kind: 'done', target, manifest }
  } catch (error) {
    rmSync(partial, { recursive: true, force: true })
    return { kind: 'failed', why: stop.aborted ? 'Stopped; nothing was kept.' : sentenceOf(error, target) }
  }
}

/** Why nothing may be put there; null when it may. */
function refuseTarget(folder: string, target: string): string | null {
  if (!existsSync(databaseFile(folder))) return `There is no database in ${folder}: name the gateway's data folder with --data, or its site file with --config.`
  if (existsSync(target)) return `${target} is there already: name a folder that is not.`
  // The nearest folder that exists: what lies below it is made.
  let parent = dirname(target)
  while (!existsSync(parent)) parent = dirname(parent)
  const within = relative(realpathSync(folder), realpathSync(parent))
  if (within === '' || !within.startsWith('..')) return `${target} lies inside the data folder: a backup belongs on another disk.`
  const { bavail, bsize } = statfsSync(parent)
  const wanted = ['vigil.db', 'vigil.db-wal', 'sync.db'].reduce((sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0)
  if (bavail * bsize < wanted) return `${parent} has room for ${megabytes(bavail * bsize)}, and ${megabytes(wanted)} are needed: free some space or name another disk.`
  return null
}

async function copyAndVerify(order: BackupOrder, partial: string, onProgress: OnProgress, stop: AbortSignal): Promise<Manifest> {
  const { folder } = order
  await copyDatabase(databaseFile(folder), join(partial, 'vigil.db'), (part) => onProgress(part * COPY_SHARE), stop)
  const ledger = join(folder, 'sync.db')
  if (existsSync(ledger)) await copyDatabase(ledger, join(partial, 'sync.db'), () => {}, stop)
  if (order.withKeys && existsSync(join(folder, KEYS))) {
    cpSync(join(folder, KEYS), join(partial, KEYS), { recursive: true })
    flush(join(partial, KEYS))
  }
  const check = await checkCopy(partial, folder, (part) => onProgress(COPY_SHARE + part * (1 - COPY_SHARE - HASH_SHARE)), stop)
  const names = ['vigil.db', ...(existsSync(ledger) ? ['sync.db'] : [])]
  const files = await Promise.all(names.map(async (name) => ({ name, bytes: statSync(join(partial, name)).size, sha256: await sha256Of(join(partial, name)) })))
  const { db, epoch, epochs, meta } = openReaderDatabase(partial)
  try {
    const manifest: Manifest = {
      format: 1,
      vigil: order.version,
      schema: versionOf(db),
      madeAt: new Date(order.now).toISOString(),
      gateway: meta.gateway,
      kind: meta.kind,
      epoch,
      epochs: epochs.map((known) => known.epoch),
      lastSeq: check.lastSeq,
      rows: check.verdict.rows,
      damagedRows: check.damaged.length,
      hasKeys: order.withKeys,
      files,
    }
    writeManifest(join(partial, MANIFEST), manifest)
    flush(partial)
    return manifest
  } finally {
    db.close()
  }
}

/**
 * Copies page by page, with a rest between, and to the disk at once: a heap of unwritten pages would hold up the gateway's own
 * commits. One read transaction from the first page to the last: else every commit meanwhile would make it begin again.
 */
async function copyDatabase(from: string, to: string, onPart: (part: number) => void, stop: AbortSignal): Promise<void> {
  const source = new Database(from, { readonly: true, fileMustExist: true, timeout: backupLimits.busyMs })
  let descriptor: number | null = null
  let unwritten = 0
  try {
    source.pragma('mmap_size = 0')
    source.exec('BEGIN')
    source.prepare('SELECT count(*) FROM sqlite_schema').get()
    await source.backup(to, {
      progress({ totalPages, remainingPages }) {
        if (stop.aborted) throw new Error('stopped')
        if ((statSync(`${from}-wal`, { throwIfNoEntry: false })?.size ?? 0) > backupLimits.walBytesMax) throw new Error(SLOW)
        onPart(totalPages === 0 ? 0 : 1 - remainingPages / totalPages)
        unwritten += backupLimits.pagesPerStepMax
        if (unwritten >= backupLimits.pagesUnwrittenMax && existsSync(to)) {
          descriptor ??= openSync(to, 'r')
          fdatasyncSync(descriptor)
          unwritten = 0
        }
        return backupLimits.pagesPerStepMax
      },
    })
  } finally {
    source.close()
    if (descriptor !== null) closeSync(descriptor)
  }
  // One file, without a WAL beside it: what is read of it later makes no files.
  const copy = new Database(to)
  try {
    copy.pragma('journal_mode = DELETE')
  } finally {
    copy.close()
  }
  flush(to)
}

export type Check = { readonly verdict: Verdict; readonly lastSeq: number; readonly damaged: readonly Damage[]; readonly tampered: readonly Tampering[] }

/**
 * Reads a backup from end to end: its pages, each row, and the seals whose key is in one of the folders.
 * @throws Error with a sentence when its pages are not in order.
 */
export async function checkCopy(copy: string, keysFolder: string, onPart: (part: number) => void, stop: AbortSignal): Promise<Check> {
  const { db } = openReaderDatabase(copy)
  try {
    const pages = String(db.pragma('quick_check(1)', { simple: true }))
    if (pages !== 'ok') throw new Error(`the copy is damaged (${pages}): run \`vigil verify\` on the data folder, the database itself may be`)
    const damaged: Damage[] = []
    const tampered: Tampering[] = []
    const keys = new Map([...sealKeys(keysFolder), ...sealKeys(copy)])
    const steps = verifying({ db, keys, onDamage: (damage) => damaged.push(damage), onTampering: (found) => tampered.push(found) })
    for (;;) {
      const step = steps.next()
      if (step.done === true) {
        const lastSeq = db.prepare<[], { readonly seq: number }>('SELECT max(ifnull((SELECT max(seq) FROM snapshot), 0), ifnull((SELECT max(seq) FROM event), 0)) AS seq').get()?.seq ?? 0
        return { verdict: step.value, lastSeq, damaged, tampered }
      }
      onPart(step.value.done / step.value.of)
      if (stop.aborted) throw new Error('stopped')
      await new Promise((next) => setImmediate(next))
    }
  } finally {
    db.close()
  }
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`

/** What failed, and what to do about it. */
function sentenceOf(error: unknown, target: string): string {
  const why = whyOf(error)
  if (/ENOSPC|SQLITE_FULL/.test(why)) return `The disk of ${target} is full: free some space or name another disk. The backup was not made.`
  if (/EACCES|EPERM|EROFS|READONLY|CANTOPEN/.test(why)) return `${basename(target)} cannot be written in ${dirname(target)} (${why}): check who may write there.`
  return `The backup was not made: ${why}.`
}

/** For who copies a file of a backup into place. */
export function copyInto(from: string, to: string): void {
  copyFileSync(from, to)
  flush(to)
}
