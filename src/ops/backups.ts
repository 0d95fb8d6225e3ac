/** Scheduled backups: when the next one is due, made in a thread of its own, the old ones removed, what fails told. */

import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import { backupLimits } from '../limits.ts'
import type { Clock } from '../seams.ts'

export type BackupSetting = {
  readonly folder: string
  /** A time of day on this machine, `HH:MM`; or every so many hours. */
  readonly at?: string | undefined
  readonly everyHours: number
  readonly keep: number
  readonly keys: boolean
}

export type BackupsParts = {
  /** The gateway's data folder. */
  readonly data: string
  readonly gatewayId: string
  readonly version: string
  readonly setting: BackupSetting
  readonly clock: Clock
  /** Why the last one failed; null: it did not. */
  readonly told: (why: string | null) => void
  readonly log: Logger
  /** For tests: makes one, and answers why it could not; null when it is there. */
  readonly make?: Make
}

type Make = (target: string, stop: AbortSignal) => Promise<string | null>

const HOUR_MS = 3_600_000
const STAMP = /-(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/

export const backupName = (gatewayId: string, at: number): string =>
  `vigil-${gatewayId.replace(/[^A-Za-z0-9._-]/g, '_')}-${new Date(at).toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '')}`

/** When a backup of this name was begun; null when it is none of this gateway's: others may keep theirs in the same folder. */
function madeAt(name: string, gatewayId: string): number | null {
  const [, year, month, day, hour, minute, second] = STAMP.exec(name) ?? []
  if (year === undefined) return null
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(at) || backupName(gatewayId, at) !== name ? null : at
}

/** When the next one is due, given when the newest was made; at once where there is none, or where one was missed. */
export function nextDue({ at, everyHours }: Pick<BackupSetting, 'at' | 'everyHours'>, newest: number | null, now: number): number {
  if (newest === null) return now
  if (at === undefined) return newest + everyHours * HOUR_MS
  const [hours = 0, minutes = 0] = at.split(':').map(Number)
  const due = new Date(newest)
  due.setHours(hours, minutes, 0, 0)
  // Of the next day where that time had passed when the newest was made; by the calendar, for not every day has 24 hours.
  if (due.getTime() <= newest) due.setDate(due.getDate() + 1)
  return due.getTime()
}

type Look =
  /** Of late enough: nothing to do. */
  | { readonly kind: 'fresh' }
  | { readonly kind: 'made' }
  | { readonly kind: 'failed'; readonly why: string }

/**
 * Runs until stopped. The folder may lie on a share that hangs, and what is removed may be large: main asks for it, and goes on.
 */
export async function keepBackups(parts: BackupsParts, stop: AbortSignal): Promise<void> {
  const { setting, clock, told, log } = parts
  const make = parts.make ?? makerOf(parts)
  /** An earlier life of the gateway may have said so. */
  let isFailing = true
  let notBefore: number = clock.mono()
  while (!stop.aborted) {
    if (clock.mono() >= notBefore) {
      const look = await unlessStopped(lookOnce(parts, make, stop), clock, stop)
      if (look === null || stop.aborted) return
      if (look.kind === 'made') log.info({ folder: setting.folder }, 'Backup made and read back.')
      if (look.kind === 'failed') {
        log.error({ why: look.why }, 'No backup could be made.')
        notBefore = clock.mono() + backupLimits.retryMs
      }
      if (look.kind === 'failed' || isFailing) told(look.kind === 'failed' ? look.why : null)
      isFailing = look.kind === 'failed'
    }
    await clock.sleep(backupLimits.lookMs, stop)
  }
}

/** A folder that cannot be read is a backup that failed. Never rejects. */
async function lookOnce({ setting, gatewayId, clock }: BackupsParts, make: Make, stop: AbortSignal): Promise<Look> {
  const { folder, keep } = setting
  const now = clock.wall()
  try {
    const known = await backupsIn(folder, gatewayId, now)
    if (now < nextDue(setting, known.at(-1)?.at ?? null, now)) return { kind: 'fresh' }
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await removePartial(folder, gatewayId)
    const why = await make(join(folder, backupName(gatewayId, now)), stop)
    if (why !== null) return { kind: 'failed', why }
    for (const { name } of (await backupsIn(folder, gatewayId, now)).slice(0, -keep)) await rm(join(folder, name), { recursive: true, force: true })
    return { kind: 'made' }
  } catch (error) {
    return { kind: 'failed', why: error instanceof Error ? error.message : String(error) }
  }
}

/** When a backup that was made before `now` is the last to go, given that all goes as set; null: there is none. */
export async function lastGone({ setting, gatewayId, now }: Pick<BackupsParts, 'setting' | 'gatewayId'> & { readonly now: number }): Promise<{ readonly names: readonly string[]; readonly at: number } | null> {
  const known = await backupsIn(setting.folder, gatewayId, now)
  const newest = known.at(-1)
  if (newest === undefined) return null
  // The newest goes when so many were made after it; each is made when it is due, the first not before now.
  let at = Math.max(now, nextDue(setting, newest.at, now))
  for (let made = 1; made < setting.keep; made++) at = nextDue(setting, at, now)
  return { names: known.map(({ name }) => name), at }
}

/** Those of this gateway, the oldest first. */
async function backupsIn(folder: string, gatewayId: string, now: number): Promise<readonly { readonly name: string; readonly at: number }[]> {
  const found = (await namesIn(folder)).flatMap((name) => {
    const at = madeAt(name, gatewayId)
    return at === null || at > now + backupLimits.aheadMsMax ? [] : [{ name, at }]
  })
  return found.toSorted((a, b) => a.at - b.at)
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

const PARTIAL = '.partial'

/** Left by a process that was killed in the middle. */
async function removePartial(folder: string, gatewayId: string): Promise<void> {
  const left = (await readdir(folder)).filter((name) => name.endsWith(PARTIAL) && madeAt(name.slice(0, -PARTIAL.length), gatewayId) !== null)
  for (const name of left) await rm(join(folder, name), { recursive: true, force: true })
}

/** Null when it was stopped and the work does not end. */
async function unlessStopped<Result>(work: Promise<Result>, clock: Clock, stop: AbortSignal): Promise<Result | null> {
  const over = new AbortController()
  const stopped = Promise.withResolvers<null>()
  const wait = (): void => void clock.sleep(backupLimits.stopMsMax, over.signal).then(() => stopped.resolve(null))
  stop.addEventListener('abort', wait, { once: true })
  try {
    return await Promise.race([work, stopped.promise])
  } finally {
    stop.removeEventListener('abort', wait)
    over.abort()
  }
}

const THREAD = new URL('../thread-backup.ts', import.meta.url)

function makerOf({ data, setting, version, clock }: BackupsParts): Make {
  return async (target, stop) => {
    const worker = new Worker(THREAD, { workerData: { folder: data, target, withKeys: setting.keys, version, now: clock.wall() }, name: 'vigil-backup' })
    const ended = Promise.withResolvers<string | null>()
    worker.on('message', (result: { readonly kind: 'done' } | { readonly kind: 'failed'; readonly why: string }) => ended.resolve(result.kind === 'done' ? null : result.why))
    worker.on('error', (error) => ended.resolve(error instanceof Error ? error.message : String(error)))
    worker.on('exit', () => ended.resolve('the thread that makes backups ended'))
    const over = new AbortController()
    stop.addEventListener('abort', () => over.abort(), { once: true })
    const late = clock.sleep(backupLimits.backupMsMax, over.signal).then(() => (stop.aborted ? 'stopped' : `it took longer than ${backupLimits.backupMsMax / HOUR_MS} hours`))
    const why = await Promise.race([ended.promise, late])
    over.abort()
    await worker.terminate()
    return why
  }
}
