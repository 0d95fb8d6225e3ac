/**
 * What one person left in recordings is taken out, while no gateway writes them: messages and hands that name the person, and all that the
 * devices of the bed sent while the person lay there. A gap stands where something was, so that a replay says that it is not whole.
 */

import { open, readFile, readdir, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import type { WallMs } from '../domain/time.ts'
import { Block, type Head, type Input, type Instant, MAGIC, type Recorded, blockAt, framedBlock, recordsOf } from './format.ts'
import { FRAMES_FOLDER, segmentsIn } from './tape.ts'

export type Forgotten = {
  /** Words that name the person, or a stay of the person. */
  readonly words: readonly string[]
  /** `closedAt` null: it is not over. */
  readonly stays: readonly { readonly bed: string; readonly openedAt: WallMs; readonly closedAt: WallMs | null }[]
}

/** `cutBytes`: of torn ends, which nobody can read any more. */
export type ErasedFrames = { readonly records: number; readonly files: number; readonly cutBytes: number }

/** @throws Error of the file system. Doing it again does the rest. */
export async function eraseFrames(folder: string, who: Forgotten): Promise<ErasedFrames> {
  const sieve = new Sieve(who)
  let [records, files, cutBytes] = [0, 0, 0]
  const frames = join(folder, FRAMES_FOLDER)
  const names = await readdir(frames).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  })
  // Of an erasing that was cut off.
  for (const name of names) if (name.endsWith(NEW)) await unlink(join(frames, name))
  for (const path of names.length === 0 ? [] : await segmentsIn(frames)) {
    const done = eraseIn(await readFile(path), sieve)
    if (done.records === 0 && done.cutBytes === 0) continue
    await replace(path, done.blocks)
    records += done.records
    cutBytes += done.cutBytes
    files++
  }
  if (files > 0) {
    // Else a power cut could bring the old ones back.
    await using entries = await open(frames, 'r')
    await entries.sync()
  }
  return { records, files, cutBytes }
}

/** What a file is called until it is whole. */
const NEW = '.new'

type Cleaned = { readonly blocks: readonly Buffer[]; readonly records: number; readonly cutBytes: number }

function eraseIn(file: Buffer, sieve: Sieve): Cleaned {
  if (!file.subarray(0, MAGIC.length).equals(MAGIC)) return { blocks: [MAGIC], records: 0, cutBytes: file.length }
  const all: Recorded[] = []
  let end = MAGIC.length
  for (let block = blockAt(file, end); block; block = blockAt(file, end)) {
    for (const record of recordsOf(block.bytes)) all.push(record)
    end = block.end
  }
  const theirs = sieve.theirs(all)
  return { blocks: [MAGIC, ...packed(all, theirs)], records: theirs.size, cutBytes: file.length - end }
}

class Sieve {
  readonly #words: readonly Buffer[]
  readonly #stays: Forgotten['stays']
  /** As much of a message as may be the beginning of a word that ends in the next. */
  readonly #tailBytes: number
  /** Bed of each device, as the recording says; a line keeps its number over the segments of one life. */
  #bedOf: ReadonlyMap<string, string> = new Map()

  constructor({ words, stays }: Forgotten) {
    this.#words = words.flatMap((word) => [Buffer.from(word, 'utf8'), Buffer.from(word, 'latin1'), Buffer.from(JSON.stringify(word).slice(1, -1))])
    this.#stays = stays
    this.#tailBytes = Math.max(0, ...this.#words.map(({ length }) => length - 1))
  }

  theirs(records: readonly Recorded[]): ReadonlySet<Recorded> {
    const theirs = new Set<Recorded>()
    const deviceOf = new Map<number, string>()
    const before = new Map<number, readonly (Recorded & { readonly kind: 'bytes' })[]>()
    for (const record of records) {
      if (record.kind === 'head') this.#bedOf = bedsOf(record.head)
      if (record.kind === 'opened' && record.of.device !== null) deviceOf.set(record.line, record.of.device)
      if (record.kind === 'hand' && this.#names(Buffer.from(JSON.stringify(record.hand)))) theirs.add(record)
      if (record.kind !== 'bytes') continue
      const known = before.get(record.line) ?? []
      if (this.#names(Buffer.from(record.bytes))) theirs.add(record)
      // A word may begin in what came before: a serial line brings a few bytes at a time.
      else if (this.#endsIn(record.bytes, this.#tailOf(known))) for (const one of [...known, record]) theirs.add(one)
      before.set(record.line, this.#recent([...known, record]))
      if (this.#isOfBed(deviceOf.get(record.line), record.wall)) theirs.add(record)
    }
    return theirs
  }

  /** The last of them, in which a word may have begun that is not over. */
  #recent<One extends { readonly bytes: Uint8Array }>(records: readonly One[]): readonly One[] {
    let bytes = 0
    return records.slice(records.findLastIndex((one) => (bytes += one.bytes.length) >= this.#tailBytes))
  }

  #tailOf(records: readonly { readonly bytes: Uint8Array }[]): Buffer {
    const all = Buffer.concat(records.map(({ bytes }) => bytes))
    return all.subarray(Math.max(0, all.length - this.#tailBytes))
  }

  /** Whether a word that began in `tail` ends in these bytes. */
  #endsIn(bytes: Uint8Array, tail: Buffer): boolean {
    const all = Buffer.concat([tail, bytes])
    return this.#words.some((word) => all.includes(word, Math.max(0, tail.length - word.length + 1)))
  }

  #names(bytes: Buffer): boolean {
    return this.#words.some((word) => bytes.includes(word))
  }

  #isOfBed(device: string | undefined, wall: number): boolean {
    const bed = device === undefined ? undefined : this.#bedOf.get(device)
    return bed !== undefined && this.#stays.some((stay) => stay.bed === bed && wall >= stay.openedAt && wall <= (stay.closedAt ?? Number.POSITIVE_INFINITY))
  }
}

/** Total: a site of another Vigil may look otherwise. */
function bedsOf({ site }: Head): ReadonlyMap<string, string> {
  const devices: unknown = isRecord(site) ? site['devices'] : null
  const found = (Array.isArray(devices) ? devices : []).flatMap((one: unknown) => {
    if (!isRecord(one)) return []
    const { id, bed } = one
    return typeof id === 'string' && typeof bed === 'string' ? [[id, bed] as const] : []
  })
  return new Map(found)
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** What is left, in blocks; what went is counted in its place. */
function* packed(all: readonly Recorded[], theirs: ReadonlySet<Recorded>): Generator<Buffer, void, undefined> {
  const block = new Block()
  const gap = { records: 0, bytes: 0, at: { wall: 0, mono: 0 } }
  function* gapEnd(): Generator<Buffer, void, undefined> {
    if (gap.records > 0) yield* added(block, { kind: 'gap', records: gap.records, bytes: gap.bytes }, gap.at)
    gap.records = 0
    gap.bytes = 0
  }
  for (const record of all) {
    if (theirs.has(record)) {
      if (gap.records++ === 0) gap.at = record
      if (record.kind === 'bytes') gap.bytes += record.bytes.length
      continue
    }
    yield* gapEnd()
    yield* added(block, record, record)
  }
  yield* gapEnd()
  if (block.records > 0) yield framed(block.take())
}

function* added(block: Block, input: Input, at: Instant): Generator<Buffer, void, undefined> {
  if (block.add(input, at)) return
  yield framed(block.take())
  block.add(input, at)
}

const framed = (bytes: Buffer): Buffer => framedBlock(zstdCompressSync(bytes), bytes.length)

/** As old as before, for it goes when its time is over. */
async function replace(path: string, blocks: readonly Buffer[]): Promise<void> {
  const { atime, mtime } = await stat(path)
  {
    await using file = await open(path + NEW, 'w', 0o600)
    for (const block of blocks) await file.appendFile(block)
    await file.utimes(atime, mtime)
    await file.sync()
  }
  await rename(path + NEW, path)
}
