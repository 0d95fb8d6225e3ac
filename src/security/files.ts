/** Small files that must survive a power cut and be read by nobody else: 0600, written whole or not at all. Never blocks. */

import type { FileHandle } from 'node:fs/promises'
import { open, readFile, rename, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '../seams.ts'

export type Saved = { readonly kind: 'saved' } | { readonly kind: 'failed'; readonly why: string }

/** The text of a file; null when there is none. @throws when it is there and cannot be read. */
export async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

/** Replaces a file that this process alone writes. After `saved` it is on disk, the folder entry too. */
export async function writeWhole(path: string, text: string): Promise<Saved> {
  try {
    await using file = await open(newOf(path), 'w', 0o600)
    await replace(path, file, text)
    return { kind: 'saved' }
  } catch (error) {
    return { kind: 'failed', why: whyOf(error) }
  }
}

/** What another process may be writing at the same time, too. */
export type Change<Result> = (text: string | null) => Promise<{ readonly text: string | null; readonly result: Result }>

/** Older than this, an unfinished file belongs to a process that died. */
const ABANDONED_MS = 10_000
const RETRY_MS = 50

/**
 * Reads, changes and replaces a file that several processes may change: the unfinished new file is the lock.
 * A change to null writes nothing. @throws when the disk does, or when another process keeps the lock.
 */
export async function changeWhole<Result>(path: string, { clock, stop }: { clock: Clock; stop: AbortSignal }, change: Change<Result>): Promise<Result> {
  await using file = await lock(newOf(path), clock, stop)
  try {
    const { text, result } = await change(await readText(path))
    if (text !== null) await replace(path, file, text)
    else await unlink(newOf(path))
    return result
  } catch (error) {
    await unlink(newOf(path)).catch(() => undefined)
    throw error
  }
}

/** Saves what `text` says, again and again, one write at a time: changes that come meanwhile share the next write. */
export type Saver = {
  save(): void
  /** Resolves when all that was asked so far was tried. */
  settled(): Promise<void>
}

export function openSaver(path: string, text: () => string, failed: (why: string) => void): Saver {
  let asked = false
  let running: Promise<void> | null = null
  const run = async (): Promise<void> => {
    while (asked) {
      asked = false
      const saved = await writeWhole(path, text())
      if (saved.kind === 'failed') failed(saved.why)
    }
    running = null
  }
  return {
    save: () => {
      asked = true
      running ??= run()
    },
    settled: async () => {
      await running
    },
  }
}

/** The error's code and system call, never its path or content: safe for any log. */
export function whyOf(error: unknown): string {
  const code = codeOf(error)
  return code === null ? (error instanceof Error ? error.name : 'unknown error') : code
}

export function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}

/** What JSON.parse gave, as far as it is an object. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value)

const newOf = (path: string): string => `${path}.new`

async function replace(path: string, file: FileHandle, text: string): Promise<void> {
  await file.writeFile(text)
  await file.sync()
  await rename(newOf(path), path)
  // The new name itself is only durable once the folder is.
  await using folder = await open(dirname(path), 'r')
  await folder.sync()
}

async function lock(path: string, clock: Clock, stop: AbortSignal): Promise<FileHandle> {
  const since = clock.mono()
  for (;;) {
    try {
      return await open(path, 'wx', 0o600)
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
    const seen = await stat(path).catch(() => null)
    if (seen && clock.wall() - seen.mtimeMs > ABANDONED_MS) await unlink(path).catch(() => undefined)
    else await clock.sleep(RETRY_MS, stop)
    if (stop.aborted || clock.mono() - since > ABANDONED_MS * 2) throw new Error(`${path} is kept by another process: if none is running, delete it`)
  }
}
