/**
 * A backup put back. It is verified first, and opened beside what is there; only then names change: the files that are there
 * are set aside, not deleted, and put back where the rest fails. What is put back goes on under a new incarnation, for the
 * numbers behind its last row were given before, to rows that central may have.
 */

import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statfsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { MANIFEST, type Manifest, readManifest, sha256Of } from './backup-manifest.ts'
import { type OnProgress, checkCopy, copyInto } from './backup.ts'
import { databaseFile, lockFolder, openReaderDatabase, openWriterDatabase, whyOf } from './database.ts'
import { flush } from './flush.ts'
import { KEYS, keyOf, sealKeys } from './seal-key.ts'
import { SET_ASIDE, beginMove, endMove, filesOf, folderOf, undoMove, unfinishedMove } from './set-aside.ts'
import { knowsEpoch } from './sync-reach.ts'

export type RestoreOrder = { readonly from: string; readonly folder: string; readonly now: number }

export type RestoreResult =
  | {
      readonly kind: 'done'
      readonly manifest: Manifest
      readonly epoch: string
      /** Where the files lie that were here; null when there were none. */
      readonly setAside: string | null
      /** `kept`: the one that is here knows what central has taken since. */
      readonly ledger: 'kept' | 'restored' | 'none'
      readonly damagedRows: number
      readonly tampered: number
      readonly unproved: number
    }
  /** What happened and what to do; the folder is as it was, or it says where what was in it lies. */
  | { readonly kind: 'failed'; readonly why: string }

const HASH_SHARE = 0.3
const CHECK_SHARE = 0.4
/** Where the backup is made ready, in the data folder: from there on it is a matter of names. */
const READY = 'restoring'

/** Never rejects for trouble with disks and files. */
export async function restoreBackup(order: RestoreOrder, onProgress: OnProgress, stop: AbortSignal): Promise<RestoreResult> {
  const folder = resolve(order.folder)
  const lock = lockFolder(folder)
  if (lock.kind === 'refused') return { kind: 'failed', why: lock.how === 'locked' ? `A gateway is running on ${folder}: stop it first.` : lock.why }
  try {
    return await restore({ ...order, folder, from: resolve(order.from) }, onProgress, stop)
  } catch (error) {
    const why = error instanceof Displaced ? error.message : `${whyOf(error)}. The data folder is as it was.`
    const remedy = /ENOSPC|SQLITE_FULL/.test(why) ? ' Free some space on the disk of the data folder.' : ''
    return { kind: 'failed', why: stop.aborted && !(error instanceof Displaced) ? 'Stopped; the data folder is as it was.' : `The backup was not restored: ${why}${remedy}` }
  } finally {
    sweep(join(folder, READY))
    lock.release()
  }
}

/** What was in the folder could not be put back; the message says where it lies. */
class Displaced extends Error {
  override readonly name = 'Displaced'
}

async function restore({ from, folder, now }: RestoreOrder, onProgress: OnProgress, stop: AbortSignal): Promise<RestoreResult> {
  const manifest = readManifest(join(from, MANIFEST))
  await checkHashes(from, manifest)
  onProgress(HASH_SHARE)
  const check = await checkCopy(from, folder, (part) => onProgress(HASH_SHARE + part * CHECK_SHARE), stop)
  const stranger = strangerIn(folder, manifest)
  if (stranger !== null) return { kind: 'failed', why: stranger }
  const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0)
  const { bavail, bsize } = statfsSync(folder)
  if (bavail * bsize < bytes) return { kind: 'failed', why: `${folder} has room for ${bavail * bsize} bytes, and ${bytes} are needed: what is there is set aside, not deleted.` }

  const ledger = ledgerFor(from, folder, manifest)
  const names = ['vigil.db', ...(ledger === 'restored' ? ['sync.db'] : [])]
  const epoch = makeReady({ from, folder, now }, manifest, names)
  onProgress(0.95)
  const replaced = [...filesOf('vigil.db'), ...(ledger === 'kept' ? [] : filesOf('sync.db'))]
  const keys: string[] = []
  try {
    bringKeys(from, folder, keys)
    const setAside = swapIn(folder, { names, replaced, now })
    onProgress(1)
    const { damaged, tampered, verdict } = check
    return { kind: 'done', manifest, epoch, setAside, ledger, damagedRows: damaged.length, tampered: tampered.length, unproved: verdict.unproved }
  } catch (error) {
    for (const path of keys) sweep(path)
    throw error
  }
}

/** The files as they will be, opened once, so that what is wrong with them is known before anything moves. Returns the new epoch. */
function makeReady({ from, folder, now }: RestoreOrder, manifest: Manifest, names: readonly string[]): string {
  const ready = join(folder, READY)
  sweep(ready)
  mkdirSync(ready, { mode: 0o700 })
  for (const name of names) copyInto(join(from, name), join(ready, name))
  const identity = { kind: manifest.kind === 'demo' ? 'demo' : 'real', gatewayId: manifest.gateway, createdAt: now } as const
  const opened = openWriterDatabase(ready, identity, { why: 'restored' })
  if (opened.kind === 'refused') throw new Error(opened.why)
  opened.db.close()
  flush(ready)
  return opened.epoch
}

/**
 * Names alone. Returns where what was here lies; null where nothing was. A start after a cut in the middle finds the note of
 * the move, and goes on from what was set aside.
 * @throws Error when the folder is as it was, Displaced when it is not.
 */
function swapIn(folder: string, { names, replaced, now }: { readonly names: readonly string[]; readonly replaced: readonly string[]; readonly now: number }): string | null {
  const before = unfinishedMove(folder)
  const brought = names.flatMap(filesOf).filter((name) => existsSync(join(folder, READY, name)))
  const isEmpty = !replaced.some((name) => existsSync(join(folder, name)))
  let move = null
  try {
    move = isEmpty ? null : beginMove(folder, { files: replaced, why: 'A restore was cut off: run it again.', at: new Date(now) })
    for (const name of brought) renameSync(join(folder, READY, name), join(folder, name))
    flush(folder)
  } catch (error) {
    putBack(folder, { brought, before: before?.isMoved ? before.into : null, why: whyOf(error) })
    throw error
  }
  endMove(folder)
  return move && folderOf(folder, move)
}

/** `before`: what lies there was moved by somebody else. */
function putBack(folder: string, { brought, before, why }: { readonly brought: readonly string[]; readonly before: string | null; readonly why: string }): void {
  let lies = ''
  try {
    const move = unfinishedMove(folder)
    const isOurs = move !== null && move.into !== before
    if (isOurs) lies = ` What was in ${folder} lies in ${folderOf(folder, move)} as far as it is not there still: move it back, or run the restore again.`
    // Those that came so far; of the others the name is still that of what was here.
    for (const name of brought) if (!existsSync(join(folder, READY, name))) renameSync(join(folder, name), join(folder, READY, name))
    if (isOurs) undoMove(folder, move)
  } catch (error) {
    throw new Displaced(`${why}. Nor could everything be put back: ${whyOf(error)}.${lies || ` Look into ${join(folder, SET_ASIDE)}, or run the restore again.`}`)
  }
}

/** What was made ready and is not needed, also by a restore that was cut off. */
function sweep(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true })
  } catch {
    // It is in nobody's way but the next restore's, which says so.
  }
}

async function checkHashes(from: string, { files }: Manifest): Promise<void> {
  for (const { name, sha256 } of files) {
    if (!existsSync(join(from, name))) throw new Error(`${name} is missing in ${from}`)
    if ((await sha256Of(join(from, name))) !== sha256) throw new Error(`${name} in ${from} is not as it was written: use an older backup`)
  }
}

/** Another ward's rows are not replaced by these. What cannot be read is nobody's, and set aside. */
function strangerIn(folder: string, manifest: Manifest): string | null {
  if (!existsSync(databaseFile(folder))) return null
  try {
    const { db, meta } = openReaderDatabase(folder)
    db.close()
    if (meta.gateway === manifest.gateway && meta.kind === manifest.kind) return null
    return `${folder} holds the rows of the gateway "${meta.gateway}" (${meta.kind}), and this is a backup of "${manifest.gateway}" (${manifest.kind}): name another data folder.`
  } catch {
    return null
  }
}

/** The ledger that is here knows more than the backup's, if it is of the same history: it stays. */
function ledgerFor(from: string, folder: string, { epoch }: Manifest): 'kept' | 'restored' | 'none' {
  if (knowsEpoch(folder, epoch)) return 'kept'
  return existsSync(join(from, 'sync.db')) ? 'restored' : 'none'
}

/** Beside those that are here, each under a name that none has: a seal says which key made it. `brought` holds the paths of those that came. */
function bringKeys(from: string, folder: string, brought: string[]): void {
  const keys = join(from, KEYS)
  if (!existsSync(keys)) return
  mkdirSync(join(folder, KEYS), { recursive: true, mode: 0o700 })
  const here = sealKeys(folder)
  for (const name of readdirSync(keys)) {
    const { id } = keyOf(readFileSync(join(keys, name)))
    if (here.has(id)) continue
    const target = join(folder, KEYS, name)
    const path = existsSync(target) ? join(folder, KEYS, `from-backup-${id}.key`) : target
    brought.push(path)
    copyInto(join(keys, name), path)
  }
  flush(join(folder, KEYS))
}
