/**
 * Files that cannot be used are moved away, never deleted: into `set-aside/<time>/` of the data folder. For vigil.db that is
 * the first of several steps, and a start that finds no vigil.db takes that for a new ward: so a note, on the disk before the
 * first step and until after the last, says what is being done, and whoever starts after a cut goes on from there.
 */

import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { storeLimits } from '../limits.ts'
import { flush } from './flush.ts'

export const SET_ASIDE = 'set-aside'
const NOTE = 'set-aside.json'

/** vigil.db or sync.db with what SQLite keeps beside it. */
export const filesOf = (file: string): readonly string[] => [file, `${file}-wal`, `${file}-shm`, `${file}-journal`]

/** Moving vigil.db away, as the note has it. */
export type Move = {
  /** The name of the folder in `set-aside/`. */
  readonly into: string
  readonly files: readonly string[]
  readonly why: string
  /** All of them lie there: what has their names now is new. */
  readonly isMoved: boolean
}

/**
 * Moves what there is of these files into a folder of their own, and returns it. Beyond `setAsideMax` such folders the one
 * that holds least goes.
 * @throws Error with a code when the disk does not let it.
 */
export function moveAside(folder: string, files: readonly string[], at: Date): string {
  const into = freshName(folder, at)
  moveInto(folder, { files, into })
  return join(folder, SET_ASIDE, into)
}

/**
 * The same under a note, which stands until `endMove`; a move that was cut off is gone on with, into its own folder, but
 * never over what lies there. @throws Error with a code.
 */
export function beginMove(folder: string, { files, why, at }: Pick<Move, 'files' | 'why'> & { readonly at: Date }): Move {
  const found = unfinishedMove(folder)
  // Somebody put files back by hand meanwhile, or a restore did.
  const isOver = found === null || found.isMoved || found.files.some((file) => existsSync(join(folder, file)) && existsSync(join(folderOf(folder, found), file)))
  const move = isOver ? { into: freshName(folder, at), files, why, isMoved: false } : { ...found, files: [...new Set([...found.files, ...files])] }
  // What it says is on the disk before anything is where nobody would look for it.
  writeNote(folder, move)
  moveInto(folder, move)
  const moved = { ...move, isMoved: true }
  writeNote(folder, moved)
  return moved
}

/** The note of a process that was cut off; null where there is none, or none of ours. @throws Error with a code when the disk does not give it. */
export function unfinishedMove(folder: string): Move | null {
  const path = join(folder, NOTE)
  return existsSync(path) ? moveOf(readFileSync(path, 'utf8')) : null
}

function moveOf(text: string): Move | null {
  try {
    const { into, files, why, isMoved }: Partial<Record<keyof Move, unknown>> = JSON.parse(text)
    const isRight = typeof into === 'string' && typeof why === 'string' && typeof isMoved === 'boolean' && isNames(files) && isNames([into])
    return isRight ? { into, files, why, isMoved } : null
  } catch {
    return null
  }
}

/** What is to be in its place is there, and told. A note that cannot be taken away makes the next start tell it again, which is better than to fail here. */
export function endMove(folder: string): void {
  try {
    rmSync(join(folder, NOTE), { force: true })
    flush(folder)
  } catch {
    // See above.
  }
}

/** Everything back to where it was. @throws Error with a code; the note stands, and a start goes on from it. */
export function undoMove(folder: string, { files, into }: Pick<Move, 'files' | 'into'>): void {
  const from = join(folder, SET_ASIDE, into)
  for (const file of files) if (existsSync(join(from, file))) renameSync(join(from, file), join(folder, file))
  flush(folder)
  rmSync(from, { recursive: true, force: true })
  endMove(folder)
}

export const folderOf = (folder: string, { into }: Pick<Move, 'into'>): string => join(folder, SET_ASIDE, into)

const isNames = (names: unknown): names is readonly string[] => Array.isArray(names) && names.every((name) => typeof name === 'string' && name !== '' && name === basename(name))

function freshName(folder: string, at: Date): string {
  const name = at.toISOString().replaceAll(':', '-').replace(/\.\d+Z$/, 'Z')
  let fresh = name
  for (let count = 2; existsSync(join(folder, SET_ASIDE, fresh)); count++) fresh = `${name}.${count}`
  return fresh
}

/** Synced, and under its name only then: it is there whole or not at all. */
function writeNote(folder: string, move: Move): void {
  const path = join(folder, NOTE)
  try {
    writeFileSync(`${path}.new`, JSON.stringify(move), { mode: 0o600, flush: true })
    renameSync(`${path}.new`, path)
  } catch (error) {
    rmSync(`${path}.new`, { force: true })
    throw error
  }
  flush(folder)
}

function moveInto(folder: string, { files, into }: Pick<Move, 'files' | 'into'>): void {
  const all = join(folder, SET_ASIDE)
  const target = join(all, into)
  mkdirSync(target, { recursive: true, mode: 0o700 })
  for (const file of files) if (existsSync(join(folder, file))) renameSync(join(folder, file), join(target, file))
  // Neither is what a note still names: a start goes on from it.
  makeRoom(all, [into, unfinishedMove(folder)?.into ?? into])
  for (const path of [target, all, folder]) flush(path)
}

/**
 * A disk that fails makes one empty database after the other, and what there was of the ward lies in the oldest folder: so the
 * one that holds fewest bytes goes first, of two alike the older. Never those that are `kept`: they were not looked at yet.
 */
function makeRoom(all: string, kept: readonly string[]): void {
  const there = readdirSync(all).toSorted()
  const others = there.filter((name) => !kept.includes(name))
  const tooMany = there.length - storeLimits.setAsideMax
  if (tooMany <= 0) return
  const least = others.map((name) => ({ name, bytes: bytesIn(join(all, name)) })).toSorted((a, b) => a.bytes - b.bytes).slice(0, tooMany)
  try {
    for (const { name } of least) rmSync(join(all, name), { recursive: true, force: true })
  } catch {
    // A folder too many is no reason not to start; the next one that is set aside tries again.
  }
}

/** What cannot be measured is not what goes. */
function bytesIn(folder: string): number {
  try {
    return readdirSync(folder, { recursive: true }).reduce((sum, name) => sum + lstatSync(join(folder, String(name))).size, 0)
  } catch {
    return Number.MAX_SAFE_INTEGER
  }
}
