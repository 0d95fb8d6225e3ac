/**
 * A disk that loses its power. Of each file it keeps what was last synced, and what was written since; at a cut any of the
 * latter may have reached the disk: none, the first ones, or some, and a fifth of the writes torn between two sectors.
 *
 * What is not modelled: entries of folders. A file that was made is there, one that was removed is gone.
 */

import { basename } from 'node:path'
import type { randomOf } from './prove.ts'
import type { TraceEvent } from './trace.ts'

type Random = ReturnType<typeof randomOf>
type Pending = { readonly at: number } & (
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly length: number }
)

const SECTOR_BYTES = 512
const TORN_ONE_IN = 5

/** The files that make up the database; its shared memory is gone with the power. */
const IS_KEPT = /^vigil\.db(-wal|-journal)?$/

export class DiskImage {
  readonly #files = new Map<string, { readonly synced: Growing; pending: Pending[] }>()
  #at = 0

  /** Goes on by one event of the trace. */
  apply(event: TraceEvent): void {
    const at = this.#at++
    if (event.kind === 'sent' || !IS_KEPT.test(basename(event.file))) return
    const name = basename(event.file)
    const file = this.#files.get(name) ?? { synced: new Growing(), pending: [] }
    this.#files.set(name, file)
    switch (event.kind) {
      case 'write':
        file.pending.push({ at, kind: 'write', offset: event.offset, bytes: event.bytes })
        return
      case 'truncate':
        file.pending.push({ at, kind: 'truncate', length: event.length })
        return
      case 'unlink':
        this.#files.delete(name)
        return
      case 'sync':
        for (const pending of file.pending) if (pending.at < event.since) file.synced.apply(pending)
        file.pending = file.pending.filter((pending) => pending.at >= event.since)
    }
  }

  /** The power goes now: what the files may hold afterwards. */
  cut(random: Random): ReadonlyMap<string, Buffer> {
    return new Map(
      [...this.#files].map(([name, { synced, pending }]) => {
        const copy = synced.copy()
        for (const reached of survivors(pending, random)) copy.apply(reached)
        return [name, copy.bytes()]
      }),
    )
  }
}

function survivors(pending: readonly Pending[], random: Random): readonly Pending[] {
  const [none, first] = [0, 1]
  const how = random.int(3)
  if (how === none || pending.length === 0) return []
  if (how === first) {
    const reached = pending.slice(0, random.int(pending.length + 1))
    return reached.map((write, place) => (place === reached.length - 1 ? torn(write, random) : write))
  }
  return pending.filter(() => random.int(2) === 0).map((write) => torn(write, random))
}

function torn(write: Pending, random: Random): Pending {
  if (write.kind === 'truncate' || random.int(TORN_ONE_IN) > 0) return write
  return { ...write, bytes: write.bytes.subarray(0, SECTOR_BYTES * random.int(Math.ceil(write.bytes.length / SECTOR_BYTES))) }
}

/** Bytes of a file that grows in place; what was never written is zero. */
class Growing {
  #buffer: Buffer
  #length: number

  constructor(buffer = Buffer.alloc(65_536), length = 0) {
    this.#buffer = buffer
    this.#length = length
  }

  apply(pending: Pending): void {
    if (pending.kind === 'truncate') {
      if (pending.length < this.#length) this.#buffer.fill(0, pending.length, this.#length)
      this.#grow(pending.length)
      this.#length = pending.length
      return
    }
    const end = pending.offset + pending.bytes.length
    if (pending.bytes.length === 0) return
    this.#grow(end)
    pending.bytes.copy(this.#buffer, pending.offset)
    this.#length = Math.max(this.#length, end)
  }

  copy(): Growing {
    return new Growing(Buffer.from(this.#buffer.subarray(0, Math.max(this.#length, 1))), this.#length)
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  #grow(length: number): void {
    if (length <= this.#buffer.length) return
    const larger = Buffer.alloc(Math.max(length, 2 * this.#buffer.length))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}
