/**
 * Records on their way to the disk: gathered, packed and appended beside the alarm path, which never waits. Nothing is
 * fsynced and nobody is promised anything: what the disk does not take in time is dropped, and the recording says so.
 */

import { type FileHandle, mkdir, open, readdir, stat, statfs, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { constants, zstdCompress } from 'node:zlib'
import type { Logger } from 'pino'
import { recordLimits } from '../limits.ts'
import type { Clock } from '../seams.ts'
import { Block, type Input, type Instant, MAGIC, framedBlock } from './format.ts'

export const FRAMES_FOLDER = 'frames'
const SEGMENT = /^\d{8}\.vfr$/
const compress = promisify(zstdCompress)
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

export type TapeParts = {
  /** Made where there is none, for this user alone. */
  readonly folder: string
  readonly bytesMax: number
  readonly keptMs: number
  readonly realTime: Clock
  readonly log: Logger
  /** What each segment begins with, as it stands when the segment begins. */
  readonly preface: () => readonly Input[]
}

export type TapeHealth = { readonly droppedRecords: number; readonly writtenBytes: number; readonly why: string | null }

/** The records of a block, what they begin with in a new segment, and when the first of them came. */
type Waiting = { readonly bytes: Buffer; readonly records: number; readonly preface: readonly Input[]; readonly at: Instant }
type Segment = { readonly file: FileHandle; readonly path: string; length: number; readonly openedAt: number }

/** The segments of a folder, the oldest first. */
export const segmentsIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => SEGMENT.test(name)).sort().map((name) => join(folder, name))

export class Tape {
  readonly #parts: TapeParts
  readonly #block = new Block()
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #began: { readonly preface: readonly Input[]; readonly at: Instant } | null = null
  #segment: Segment | null = null
  #number = 0
  #missing = { records: 0, bytes: 0 }
  #droppedRecords = 0
  #writtenBytes = 0
  #why: string | null = null
  #wake: (() => void) | null = null

  constructor(parts: TapeParts) {
    this.#parts = parts
  }

  /** Takes a record. Never waits, never throws. */
  add(input: Input, at: Instant): void {
    // What was open when the first record of a block came is what a segment that begins with this block begins with.
    this.#began ??= { preface: this.#parts.preface(), at }
    if (this.#block.add(input, at)) return
    this.#seal()
    this.#began = { preface: this.#parts.preface(), at }
    if (!this.#block.add(input, at)) this.#drop(1, input.kind === 'bytes' ? input.bytes.length : 0)
  }

  health(): TapeHealth {
    return { droppedRecords: this.#droppedRecords, writtenBytes: this.#writtenBytes, why: this.#why }
  }

  /** Writes what gathers until stopped, then the rest. Never rejects for trouble on the disk. */
  async run(stop: AbortSignal): Promise<void> {
    let prunedAt = Number.NEGATIVE_INFINITY
    for (;;) {
      const over = stop.aborted
      if (this.#parts.realTime.mono() - prunedAt >= recordLimits.pruneEveryMs) {
        prunedAt = this.#parts.realTime.mono()
        await this.#prune()
      }
      await this.#writeAll()
      // What gathers now has room to wait.
      this.#seal()
      await this.#writeAll()
      if (over && this.#block.records === 0) break
      await this.#rest(stop)
    }
    await this.#close()
  }

  async #rest(stop: AbortSignal): Promise<void> {
    if (stop.aborted || this.#waiting.length > 0) return
    const woken = new AbortController()
    this.#wake = () => woken.abort()
    await this.#parts.realTime.sleep(recordLimits.flushMs, AbortSignal.any([stop, woken.signal]))
    this.#wake = null
  }

  #seal(): void {
    const began = this.#began
    if (!began || this.#block.records === 0) return
    const { records } = this.#block
    const bytes = this.#block.take()
    this.#began = null
    if (this.#waitingBytes + bytes.length > recordLimits.waitingBytesMax) return this.#drop(records, bytes.length)
    this.#waiting.push({ bytes, records, ...began })
    this.#waitingBytes += bytes.length
    this.#wake?.()
  }

  #drop(records: number, bytes: number): void {
    this.#missing = { records: this.#missing.records + records, bytes: this.#missing.bytes + bytes }
    this.#droppedRecords += records
  }

  async #writeAll(): Promise<void> {
    for (let block = this.#waiting.shift(); block; block = this.#waiting.shift()) {
      try {
        await this.#write(block)
        this.#why = null
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        if (this.#why === null) this.#parts.log.warn({ why }, 'Frames are not recorded.')
        this.#why = why
        this.#drop(block.records, block.bytes.length)
        // A block may be half there: the rest goes to a file of its own.
        await this.#close()
      }
      this.#waitingBytes -= block.bytes.length
    }
  }

  async #write({ bytes, preface, at }: Waiting): Promise<void> {
    const { realTime } = this.#parts
    const old = this.#segment
    if (old && (old.length >= recordLimits.segmentBytesMax || realTime.mono() - old.openedAt >= recordLimits.segmentMsMax)) await this.#close()
    const segment = this.#segment ?? (await this.#open(preface, at))
    if (this.#missing.records > 0) {
      for (const gap of blocksOf([{ kind: 'gap', ...this.#missing }], at)) await this.#append(segment, gap)
      this.#missing = { records: 0, bytes: 0 }
    }
    await this.#append(segment, bytes)
  }

  async #append(segment: Segment, bytes: Buffer): Promise<void> {
    const framed = framedBlock(await compress(bytes, LEVEL), bytes.length)
    await segment.file.appendFile(framed)
    segment.length += framed.length
    this.#writtenBytes += framed.length
  }

  async #open(preface: readonly Input[], at: Instant): Promise<Segment> {
    const { folder, realTime } = this.#parts
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const { bavail, bsize } = await statfs(folder)
    if (bavail * bsize < recordLimits.freeBytesMin) throw new Error(`less than ${recordLimits.freeBytesMin / 1e6} MB are free`)
    const last = (await segmentsIn(folder)).at(-1)
    this.#number = Math.max(this.#number, last === undefined ? 0 : Number(/(\d{8})\.vfr$/.exec(last)?.[1])) + 1
    const path = join(folder, `${String(this.#number).padStart(8, '0')}.vfr`)
    const file = await open(path, 'ax', 0o600)
    this.#segment = { file, path, length: 0, openedAt: realTime.mono() }
    await file.appendFile(MAGIC)
    for (const block of blocksOf(preface, at)) await this.#append(this.#segment, block)
    return this.#segment
  }

  async #close(): Promise<void> {
    const segment = this.#segment
    this.#segment = null
    // It is finished or given up; what a failing close would say was said by the write before it.
    await segment?.file.close().catch(() => undefined)
  }

  /** The oldest go: those past their time, and those beyond the space. The one that is being written stays. */
  async #prune(): Promise<void> {
    const { folder, bytesMax, keptMs, realTime } = this.#parts
    try {
      const files = await Promise.all((await segmentsIn(folder)).map(async (path) => ({ path, of: await stat(path) })))
      let bytes = files.reduce((sum, { of }) => sum + of.size, 0)
      for (const { path, of } of files) {
        if (path === this.#segment?.path) break
        if (bytes <= bytesMax && realTime.wall() - of.mtimeMs < keptMs) break
        await unlink(path)
        bytes -= of.size
      }
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return
      this.#parts.log.warn({ why: error instanceof Error ? error.message : String(error) }, 'Old recordings cannot be removed.')
    }
  }
}

/** As many blocks as they need. */
function* blocksOf(inputs: readonly Input[], at: Instant): Generator<Buffer, void, undefined> {
  const block = new Block()
  for (const input of inputs) {
    if (block.add(input, at)) continue
    yield block.take()
    block.add(input, at)
  }
  if (block.records > 0) yield block.take()
}
