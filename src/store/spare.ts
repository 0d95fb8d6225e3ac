/**
 * A start whose data folder lets nobody in: the disk is full, read-only, gone, or belongs to somebody else. Patients are watched
 * all the same, on an empty database in memory that takes nothing: what was before is not known, what comes is not kept, and
 * no sender is told that it was. Once the folder can be opened the gateway starts anew on it.
 */

import { mkdirSync, rmSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { storeLimits } from '../limits.ts'
import type { Clock } from '../seams.ts'
import type { Refused } from './database.ts'
import { type Opened, type StoreSettings, openStore } from './store.ts'

/** `place`: a folder in memory, made empty and removed at the end. `why` the data folder cannot be used is what every commit is answered. */
export async function openSpare(settings: StoreSettings, { place, why }: { readonly place: string; readonly why: string }): Promise<Opened | Refused> {
  try {
    rmSync(place, { recursive: true, force: true })
    mkdirSync(place, { mode: 0o700 })
  } catch {
    return { kind: 'refused', how: 'disk', why }
  }
  const opened = await openStore({ ...settings, folder: place })
  if (opened.kind === 'refused') return opened
  const failed = { kind: 'failed', why } as const
  const close = async (): Promise<void> => {
    await opened.store.close()
    forgetSpare(place)
  }
  return { ...opened, store: { commit: () => Promise.resolve(failed), close }, beginEpoch: () => Promise.resolve(false), retain: () => Promise.resolve(failed) }
}

/** Also what a process left that was killed: memory is swept by nobody. */
export function forgetSpare(place: string): void {
  try {
    rmSync(place, { recursive: true, force: true })
  } catch {
    // It holds nobody's values.
  }
}

/** Looks until the data folder can be opened, and leaves it as it is; false: stopped before. */
export async function untilStoreOpens(settings: StoreSettings, realTime: Clock, stop: AbortSignal): Promise<boolean> {
  for (;;) {
    await realTime.sleep(storeLimits.spareLookMs, stop)
    if (stop.aborted) return false
    // Main holds the lock of the folder: a disk that hangs is found out by others first.
    if (!(await takesWrites(settings.folder))) continue
    const opened = await openStore(settings)
    if (opened.kind === 'refused') continue
    await opened.store.close()
    return true
  }
}

async function takesWrites(folder: string): Promise<boolean> {
  const probe = join(folder, '.probe')
  try {
    await using file = await open(probe, 'w', 0o600)
    await file.writeFile(Buffer.alloc(storeLimits.spareProbeBytes))
    await file.sync()
    return true
  } catch {
    return false
  } finally {
    await rm(probe, { force: true }).catch(() => undefined)
  }
}
