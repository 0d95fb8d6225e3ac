/**
 * Whose bytes were being read when the process died. Before a conversation's bytes are read its name is written down with
 * one unsynced pwrite, and wiped at the end of that turn of the event loop: what stands there at the next start is a suspect.
 *
 * The mark lies in memory (tmpfs) where there is one, for on a slow disk even an unsynced write can wait for the journal,
 * and nothing of the alarm path waits for a disk. A stall is told apart from other deaths by the watchdog, which says so in the
 * mark before it kills: it waits for no disk either.
 */

import { createHash } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import * as host from 'node:process'
import { pumpLimits } from '../limits.ts'

/** `stalled`: an endless loop, as the watchdog saw it. `died`: for a reason that nobody knows; a kill and a power cut are such. */
export type LastWords = { readonly key: string; readonly how: 'stalled' | 'died' }

export interface InFlight {
  /** What the process before this one left, once. */
  readonly found: LastWords | null
  /** The file of the mark, for the watchdog. */
  readonly path: string
  /** The bytes that `begin` writes for a conversation. */
  markOf(key: string): Uint8Array
  /** These bytes are read now; forgotten at the end of this turn of the event loop. */
  begin(mark: Uint8Array): void
  close(): void
}

const MEMORY = '/dev/shm'
const AT_REST = Uint8Array.of(0)
const IN_FLIGHT = 1
const STALLED = 2
/** State, length, then the name in UTF-8. */
const HEAD_BYTES = 2
const MARK_BYTES = HEAD_BYTES + pumpLimits.suspectKeyBytesMax

/** `folder`: absolute, and always written alike. */
export function openInFlight(folder: string): InFlight {
  const mark = openMark(folder)
  const found = lastWords(mark.left)
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
    path: mark.path,
    markOf(key) {
      const name = Buffer.from(key).subarray(0, pumpLimits.suspectKeyBytesMax)
      return Buffer.concat([Uint8Array.of(IN_FLIGHT, name.length), name])
    },
    begin(mark) {
      if (mark !== last) write(mark)
      last = mark
      resting ??= setImmediate(rest)
    },
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

/** For the watchdog, before it kills: whoever is in flight has stalled. */
export function tellStall(path: string): void {
  const descriptor = openSync(path, 'r+')
  const state = new Uint8Array(1)
  if (readSync(descriptor, state, 0, 1, 0) === 1 && state[0] === IN_FLIGHT) writeSync(descriptor, Uint8Array.of(STALLED), 0, 1, 0)
  closeSync(descriptor)
}

/** `left`: what stood there. A descriptor of null: nowhere can a mark be made. */
type Mark = { readonly descriptor: number | null; readonly path: string; readonly left: Buffer }

/** In memory if there is such a place with room in it and the file there is ours; else in the data folder. */
function openMark(folder: string): Mark {
  // Not by `userInfo`: in a container the user may have no name.
  const uid = host.getuid?.() ?? 0
  // The folder may lie on a disk that is gone: nothing is asked of it.
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16)
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

function lastWords(left: Buffer): LastWords | null {
  const [state, length = 0] = left
  if (state !== IN_FLIGHT && state !== STALLED) return null
  return { key: left.toString('utf8', HEAD_BYTES, HEAD_BYTES + length), how: state === STALLED ? 'stalled' : 'died' }
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // It is wiped, and the next start finds nothing in it.
  }
}
