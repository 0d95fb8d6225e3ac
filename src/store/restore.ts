/**
 * A backup put back. It is verified first; the files that are there are set aside, not deleted; and what is put back goes on
 * under a new incarnation, for the numbers behind its last row were given before, to rows that central may have.
 */

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statfsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { MANIFEST, type Manifest, readManifest, sha256Of } from './backup-manifest.ts'
import { type OnProgress, checkCopy, copyInto } from './backup.ts'
import { databaseFile, lockFolder, openReaderDatabase, openWriterDatabase, whyOf } from './database.ts'
import { flush } from './flush.ts'
import { KEYS } from './seal-key.ts'
import { filesOf, moveAside } from './set-aside.ts'
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
  /** A sentence with what to do; the folder is as it was. */
  | { readonly kind: 'failed'; readonly why: string }

const HASH_SHARE = 0.3
const CHECK_SHARE = 0.4

/** Never rejects for trouble with disks and files. */
export async function restoreBackup(order: RestoreOrder, onProgress: OnProgress, stop: AbortSignal): Promise<RestoreResult> {
  const folder = resolve(order.folder)
  const lock = lockFolder(folder)
  if (lock.kind === 'refused') return { kind: 'failed', why: lock.how === 'locked' ? `A gateway is running on ${folder}: stop it first.` : lock.why }
  try {
    return await restore({ ...order, folder, from: resolve(order.from) }, onProgress, stop)
  } catch (error) {
    for (const name of ['vigil.db', 'sync.db']) rmSync(join(folder, coming(name)), { force: true })
    const why = whyOf(error)
    const remedy = /ENOSPC|SQLITE_FULL/.test(why) ? ' Free some space on the disk of the data folder.' : ''
    return { kind: 'failed', why: stop.aborted ? 'Stopped; the data folder is as it was.' : `The backup was not restored: ${why}.${remedy}` }
  } finally {
    lock.release()
  }
}

const coming = (name: string): string => `${name}.restoring`

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
  for (const name of names) copyInto(join(from, name), join(folder, coming(name)))
  onProgress(0.95)
  // From here on it is a matter of names. Whoever is cut off in between finds a file in a new place, which is a new incarnation too.
  const replaced = [...filesOf('vigil.db'), ...(ledger === 'kept' ? [] : filesOf('sync.db'))]
  const setAside = replaced.some((name) => existsSync(join(folder, name))) ? moveAside(folder, replaced, new Date(now)) : null
  for (const name of names) renameSync(join(folder, coming(name)), join(folder, name))
  bringKeys(from, folder)
  flush(folder)
  const identity = { kind: manifest.kind === 'demo' ? 'demo' : 'real', gatewayId: manifest.gateway, createdAt: now } as const
  const opened = openWriterDatabase(folder, identity, { why: 'restored' })
  if (opened.kind === 'refused') throw new Error(opened.why)
  opened.db.close()
  onProgress(1)
  const { damaged, tampered, verdict } = check
  return { kind: 'done', manifest, epoch: opened.epoch, setAside, ledger, damagedRows: damaged.length, tampered: tampered.length, unproved: verdict.unproved }
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

/** Under their own names beside those that are here: a seal says which key made it. */
function bringKeys(from: string, folder: string): void {
  const keys = join(from, KEYS)
  if (!existsSync(keys)) return
  mkdirSync(join(folder, KEYS), { recursive: true, mode: 0o700 })
  for (const name of readdirSync(keys)) {
    const target = join(folder, KEYS, name)
    copyInto(join(keys, name), existsSync(target) ? join(folder, KEYS, `from-backup-${name}`) : target)
  }
}
