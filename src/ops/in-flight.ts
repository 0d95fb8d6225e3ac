/**
 * Whose bytes were being read when the process died. Before a conversation's bytes are read its name is written down with
 * one unsynced pwrite, and wiped at the end of that turn of the event loop: what stands there at the next start is a suspect.
 *
 * The mark lies in memory (tmpfs) where there is one, for on a slow disk even an unsynced write can wait for the journal,
 * and nothing of the alarm path waits for a disk. A stall is told apart from other deaths by the watchdog, which copies the
 * mark into the data folder, synced, before it kills.
 */

import { createHash } from 'node:crypto'
import { closeSync, constants, fstatSync, fsyncSync, openSync, readFileSync, readSync, realpathSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import * as host from 'node:process'
import { pumpLimits } from '../limits.ts'

/** `stalled`: an endless loop, as the watchdog saw it. `died`: for a reason that nobody knows; a kill and a power cut are such. */
export type LastWords = { readonly key: string; readonly how: 'stalled' | 'died' }

export type MarkFiles = { readonly mark: string; readonly stalled: string }

export interface InFlight {
  /** What the process before this one left, once. */
  readonly found: LastWords | null
  readonly files: MarkFiles
  /** The bytes that `begin` writes for a conversation. */
  markOf(key: string): Uint8Array
  /** These bytes are read now; forgotten at the end of this turn of the event loop. */
  begin(mark: Uint8Array): void
  /** What was found is remembered elsewhere, durably. */
  taken(): void
  close(): void
}

const MEMORY = '/dev/shm'
const IN_FLIGHT = 1
const AT_REST = Uint8Array.of(0)
/** State, length, then the name in UTF-8. */
const HEAD_BYTES = 2
const MARK_BYTES = HEAD_BYTES + pumpLimits.suspectKeyBytesMax

export function openInFlight(folder: string): InFlight {
  const mark = openMark(folder)
  const files: MarkFiles = { mark: mark.path, stalled: join(folder, 'stalled') }
  const found = lastWords(files, mark.left)
  let { descriptor } = mark
  /** A place that is full or broken costs the mark, never the reading. */
  const write = (bytes: Uint8Array): void => {
    if (descriptor === null) return
    try {
      writeSync(descriptor, bytes, 0, bytes.length, 0)
    } catch {
      // Then nobody is suspected.
    }
  }
  let last: Uint8Array | null = null
  let resting: NodeJS.Immediate | null = null
  const rest = (): void => {
    resting = null
    last = null
    write(AT_REST)
  }
  write(AT_REST)
  return {
    found,
    files,
    markOf(key) {
      const name = Buffer.from(key).subarray(0, pumpLimits.suspectKeyBytesMax)
      return Buffer.concat([Uint8Array.of(IN_FLIGHT, name.length), name])
    },
    begin(mark) {
      if (mark !== last) write(mark)
      last = mark
      resting ??= setImmediate(rest)
    },
    taken: () => unlinkIfThere(files.stalled),
    close() {
      if (resting) clearImmediate(resting)
      rest()
      if (descriptor !== null) closeSync(descriptor)
      descriptor = null
      // Nobody died: nothing is left behind in a place that nobody sweeps.
      if (mark.path.startsWith(MEMORY)) unlinkIfThere(mark.path)
    },
  }
}

/** For the watchdog, before it kills: whose turn it is, kept through whatever comes. */
export function tellStall({ mark, stalled }: MarkFiles): void {
  const key = keyIn(readFileSync(mark))
  if (key === null) return
  const descriptor = openSync(stalled, 'w', 0o600)
  writeSync(descriptor, key)
  fsyncSync(descriptor)
  closeSync(descriptor)
}

/** `left`: what stood there. A descriptor of null: nowhere can a mark be made. */
type Mark = { readonly descriptor: number | null; readonly path: string; readonly left: Buffer }

/** In memory if there is such a place with room in it and the file there is ours; else in the data folder. */
function openMark(folder: string): Mark {
  // Not by `userInfo`: in a container the user may have no name.
  const uid = host.getuid?.() ?? 0
  const name = createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 16)
  const own = join(folder, 'in-flight')
  return markAt(join(MEMORY, `vigil-${uid}-${name}`), uid) ?? markAt(own, null) ?? { descriptor: null, path: own, left: Buffer.alloc(0) }
}

/** null: no such folder, no room for a mark, or somebody else's file under that name. `uid` null: whose it is does not matter. */
function markAt(path: string, uid: number | null): Mark | null {
  const { O_CREAT, O_RDWR, O_NOFOLLOW } = constants
  let descriptor: number | null = null
  try {
    descriptor = openSync(path, O_CREAT | O_RDWR | O_NOFOLLOW, 0o600)
    const bytes = Buffer.alloc(MARK_BYTES)
    const left = bytes.subarray(0, readSync(descriptor, bytes, 0, MARK_BYTES, 0))
    if (uid === null || fstatSync(descriptor).uid === uid) {
      // Room for the longest name, taken now: what is written later fits.
      writeSync(descriptor, AT_REST, 0, 1, MARK_BYTES - 1)
      return { descriptor, path, left }
    }
  } catch {
    // As said above.
  }
  if (descriptor !== null) closeSync(descriptor)
  return null
}

function lastWords({ stalled }: MarkFiles, left: Buffer): LastWords | null {
  const key = textOf(stalled)
  if (key !== null && key !== '') return { key, how: 'stalled' }
  const died = keyIn(left)
  return died === null ? null : { key: died, how: 'died' }
}

const keyIn = (bytes: Buffer): string | null => (bytes[0] === IN_FLIGHT ? bytes.toString('utf8', HEAD_BYTES, HEAD_BYTES + (bytes[1] ?? 0)) : null)

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').slice(0, pumpLimits.suspectKeyBytesMax)
  } catch {
    return null
  }
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // It was not there, or the disk is read-only: then the same is believed again at the next start.
  }
}
