/** Files that cannot be used are moved away, never deleted: into `set-aside/<time>/` of the data folder. */

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { storeLimits } from '../limits.ts'
import { flush } from './flush.ts'

export const SET_ASIDE = 'set-aside'

/** vigil.db or sync.db with what SQLite keeps beside it. */
export const filesOf = (file: string): readonly string[] => [file, `${file}-wal`, `${file}-shm`, `${file}-journal`]

/**
 * Moves what there is of these files into a folder of their own, and returns it. Beyond `setAsideMax` such folders the oldest
 * goes, for each may be as large as the database.
 * @throws Error with a code when the disk does not let it.
 */
export function moveAside(folder: string, files: readonly string[], at: Date): string {
  const all = join(folder, SET_ASIDE)
  const name = at.toISOString().replaceAll(':', '-').replace(/\.\d+Z$/, 'Z')
  let target = join(all, name)
  for (let count = 2; existsSync(target); count++) target = join(all, `${name}.${count}`)
  mkdirSync(target, { recursive: true, mode: 0o700 })
  for (const file of files) if (existsSync(join(folder, file))) renameSync(join(folder, file), join(target, file))
  // By name, not by age of the files; but never this one, whatever the clock says.
  const old = readdirSync(all).filter((other) => other !== basename(target)).toSorted().slice(0, 1 - storeLimits.setAsideMax)
  for (const oldest of old) rmSync(join(all, oldest), { recursive: true, force: true })
  for (const path of [target, all, folder]) flush(path)
  return target
}
