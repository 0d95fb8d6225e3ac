/** Scheduled backups: when the next one is due, made in a thread of its own, the old ones removed, what fails told. */

import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
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
  readonly make?: (target: string, stop: AbortSignal) => Promise<string | null>
}

const HOUR_MS = 3_600_000
const STAMP = /-(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/

export const backupName = (gatewayId: string, at: number): string =>
  `vigil-${gatewayId.replace(/[^A-Za-z0-9._-]/g, '_')}-${new Date(at).toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '')}`

/** When a backup of this name was begun; null when it is none of ours. */
function madeAt(name: string): number | null {
  const [, year, month, day, hour, minute, second] = STAMP.exec(name) ?? []
  if (year === undefined) return null
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
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

/** Runs until stopped. */
export async function keepBackups(parts: BackupsParts, stop: AbortSignal): Promise<void> {
  const { setting, gatewayId, clock, told, log, make = makerOf(parts) } = parts
  const mine = (): readonly { readonly name: string; readonly at: number }[] => {
    const prefix = backupName(gatewayId, 0).replace(STAMP, '-')
    const names = existsSync(setting.folder) ? readdirSync(setting.folder) : []
    return names.filter((name) => name.startsWith(prefix)).flatMap((name) => {
      const at = madeAt(name)
      return at === null || Number.isNaN(at) ? [] : [{ name, at }]
    }).toSorted((a, b) => a.at - b.at)
  }
  let notBefore = 0
  while (!stop.aborted) {
    const now = clock.wall()
    const why = await attempt(async () => {
      const due = nextDue(setting, mine().at(-1)?.at ?? null, now)
      if (now < Math.max(due, notBefore)) return 'not due'
      mkdirSync(setting.folder, { recursive: true, mode: 0o700 })
      removePartial(setting.folder, gatewayId)
      const failed = await make(join(setting.folder, backupName(gatewayId, now)), stop)
      if (failed === null) for (const { name } of mine().slice(0, -setting.keep)) rmSync(join(setting.folder, name), { recursive: true, force: true })
      return failed
    })
    if (stop.aborted) return
    if (why !== 'not due') {
      if (why === null) log.info({ folder: setting.folder }, 'Backup made and read back.')
      else log.error({ why }, 'No backup could be made.')
      told(why)
      notBefore = why === null ? 0 : now + backupLimits.retryMs
    }
    await clock.sleep(backupLimits.lookMs, stop)
  }
}

/** Left by a process that was killed in the middle. */
function removePartial(folder: string, gatewayId: string): void {
  const prefix = backupName(gatewayId, 0).replace(STAMP, '-')
  for (const name of readdirSync(folder)) if (name.startsWith(prefix) && name.endsWith('.partial')) rmSync(join(folder, name), { recursive: true, force: true })
}

/** A folder that cannot be read is a backup that failed. */
async function attempt(work: () => Promise<string | null>): Promise<string | null> {
  try {
    return await work()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const THREAD = new URL('../thread-backup.ts', import.meta.url)

function makerOf({ data, setting, version, clock }: BackupsParts): (target: string, stop: AbortSignal) => Promise<string | null> {
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
