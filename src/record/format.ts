/**
 * The recording of what came in, as it lies on the disk. A segment is a file of its own: eight bytes that name the format,
 * then blocks; its first records say who recorded and which conversations were open, so that each can be read without the
 * one before. Little-endian.
 *
 *   block:   u32 bytes packed · u32 bytes unpacked · u32 CRC-32 of the packed bytes · zstd
 *   record:  u8 kind · u32 conversation · double wall ms · double mono ms · u32 bytes · bytes (JSON in UTF-8, or as they came)
 */

import { crc32, zstdDecompressSync } from 'node:zlib'
import type { DeviceId } from '../domain/ids.ts'
import type { Priority } from '../domain/alert.ts'
import { recordLimits } from '../limits.ts'
import type { HouseRequest } from '../pump/house-requests.ts'
import type { AssociationRequest } from '../pump/ledger-hands.ts'
import type { ShiftSaying } from '../pump/people.ts'
import type { ObservationRequest, Saying } from '../pump/stay-hands.ts'
import type { Suspect, SuspectParts } from '../pump/suspects.ts'
import type { Profiles } from '../rules/profile.ts'
import type { StayContext } from '../seams.ts'

export const MAGIC = Buffer.from('VIGILFR1', 'latin1')
export const BLOCK_HEAD_BYTES = 12
export const RECORD_HEAD_BYTES = 25

/** One instant on both clocks. */
export type Instant = { readonly wall: number; readonly mono: number }

export type LineHead = { readonly link: string; readonly driver: string; readonly address: string; readonly device: DeviceId | null }

/** Who recorded: at the beginning of each segment. `site` and `profiles` as they were then, without secrets. */
export type Head = {
  readonly version: 1
  /** One life of the gateway. */
  readonly run: string
  readonly began: Instant
  readonly gateway: string
  readonly kind: 'demo' | 'real'
  readonly site: unknown
  readonly profiles: Profiles
  /** Ids given in this life before this segment. */
  readonly minted: number
  /** Conversations that were not read, or were under suspicion, when this life began; not told by an earlier Vigil. */
  readonly suspects?: { readonly known: readonly Suspect[]; readonly found: SuspectParts['found'] }
}

/** What people and the gateway itself did, besides the bytes: they move alerts too. */
export type Hand =
  | { readonly what: 'acknowledge'; readonly alert: string; readonly by: string }
  | { readonly what: 'pause'; readonly alert: string; readonly by: string; readonly ms: number }
  | { readonly what: 'context'; readonly stay: string; readonly by: string; readonly change: Partial<StayContext>; readonly saying?: Saying }
  /** A nurse confirmed a set of vital signs, or took one back. */
  | { readonly what: 'observe'; readonly stay: string; readonly by: string; readonly request: ObservationRequest }
  | { readonly what: 'take-back'; readonly stay: string; readonly by: string; readonly confirmedAt: number }
  | { readonly what: 'condition'; readonly condition: string; readonly said: { readonly priority: Priority; readonly text: string } | null }
  /** A conversation may speak again. */
  | { readonly what: 'release'; readonly key: string }
  /** Who lies where, by a person; and facts that are over are forgotten. */
  | { readonly what: 'associate'; readonly request: AssociationRequest; readonly by: string }
  | { readonly what: 'forget'; readonly now: number }
  /** Who has which bed, by a person. */
  | { readonly what: 'shift'; readonly request: ShiftSaying; readonly by: string }
  /** How a bed is, what a treatment is for, how the ward is watched, by a person. */
  | { readonly what: 'house'; readonly request: HouseRequest; readonly by: string }

export type Input =
  | { readonly kind: 'head'; readonly head: Head }
  /** `again`: it was open before this segment began. */
  | { readonly kind: 'opened'; readonly line: number; readonly of: LineHead; readonly again?: boolean }
  /** `settled`: the link asked what became of it, and these bytes are one message. */
  | { readonly kind: 'bytes'; readonly line: number; readonly bytes: Uint8Array; readonly settled: boolean }
  | { readonly kind: 'status'; readonly line: number; readonly state: 'up' | 'down'; readonly why: string }
  | { readonly kind: 'closed'; readonly line: number; readonly why: string }
  | { readonly kind: 'tick' }
  | { readonly kind: 'hand'; readonly hand: Hand }
  /** Here something is missing: the disk was slow or full. */
  | { readonly kind: 'gap'; readonly records: number; readonly bytes: number }

export type Recorded = Instant & Input

const KINDS = ['head', 'opened', 'bytes', 'message', 'status', 'closed', 'tick', 'hand', 'gap'] as const
const NOTHING = new Uint8Array(0)
const encoder = new TextEncoder()

const textOf = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value))

function payloadOf(input: Input): { readonly kind: (typeof KINDS)[number]; readonly line: number; readonly bytes: Uint8Array } {
  switch (input.kind) {
    case 'bytes':
      return { kind: input.settled ? 'message' : 'bytes', line: input.line, bytes: input.bytes }
    case 'tick':
      return { kind: 'tick', line: 0, bytes: NOTHING }
    case 'head':
      return { kind: 'head', line: 0, bytes: textOf(input.head) }
    case 'hand':
      return { kind: 'hand', line: 0, bytes: textOf(input.hand) }
    case 'gap':
      return { kind: 'gap', line: 0, bytes: textOf({ records: input.records, bytes: input.bytes }) }
    case 'opened':
      return { kind: 'opened', line: input.line, bytes: textOf({ of: input.of, again: input.again ?? false }) }
    case 'status':
      return { kind: 'status', line: input.line, bytes: textOf({ state: input.state, why: input.why }) }
    case 'closed':
      return { kind: 'closed', line: input.line, bytes: textOf({ why: input.why }) }
  }
}

/** Records that gather until they are packed. */
export class Block {
  readonly #bytes = Buffer.allocUnsafe(recordLimits.blockBytesMax)
  #length = 0
  records = 0

  get length(): number {
    return this.#length
  }

  /** False when it does not fit any more. */
  add(input: Input, at: Instant): boolean {
    const { kind, line, bytes } = payloadOf(input)
    const start = this.#length
    if (start + RECORD_HEAD_BYTES + bytes.length > this.#bytes.length) return false
    this.#bytes.writeUInt8(KINDS.indexOf(kind), start)
    this.#bytes.writeUInt32LE(line, start + 1)
    this.#bytes.writeDoubleLE(at.wall, start + 5)
    this.#bytes.writeDoubleLE(at.mono, start + 13)
    this.#bytes.writeUInt32LE(bytes.length, start + 21)
    this.#bytes.set(bytes, start + RECORD_HEAD_BYTES)
    this.#length = start + RECORD_HEAD_BYTES + bytes.length
    this.records++
    return true
  }

  /** What gathered, as a copy; then it is empty. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length))
    this.#length = 0
    this.records = 0
    return taken
  }
}

/** A packed block with its head, ready to be appended. */
export function framedBlock(packed: Uint8Array, unpackedBytes: number): Buffer {
  const framed = Buffer.allocUnsafe(BLOCK_HEAD_BYTES + packed.length)
  framed.writeUInt32LE(packed.length, 0)
  framed.writeUInt32LE(unpackedBytes, 4)
  framed.writeUInt32LE(crc32(packed), 8)
  framed.set(packed, BLOCK_HEAD_BYTES)
  return framed
}

/** The block at an offset, unpacked; null where none is whole: the end, a torn tail, or damage. */
export function blockAt(file: Buffer, offset: number): { readonly bytes: Buffer; readonly end: number } | null {
  if (offset + BLOCK_HEAD_BYTES > file.length) return null
  const end = offset + BLOCK_HEAD_BYTES + file.readUInt32LE(offset)
  const unpackedBytes = file.readUInt32LE(offset + 4)
  if (end > file.length || unpackedBytes > recordLimits.blockBytesMax) return null
  const packed = file.subarray(offset + BLOCK_HEAD_BYTES, end)
  if (crc32(packed) !== file.readUInt32LE(offset + 8)) return null
  const bytes = zstdDecompressSync(packed, { maxOutputLength: recordLimits.blockBytesMax })
  return bytes.length === unpackedBytes ? { bytes, end } : null
}

/** @throws RangeError when the block is not one of `Block`: a bug, for its checksum was right. */
export function* recordsOf(block: Buffer): Generator<Recorded, void, undefined> {
  for (let at = 0; at < block.length; ) {
    const kind = KINDS[block.readUInt8(at)]
    const line = block.readUInt32LE(at + 1)
    const instant = { wall: block.readDoubleLE(at + 5), mono: block.readDoubleLE(at + 13) }
    const end = at + RECORD_HEAD_BYTES + block.readUInt32LE(at + 21)
    const bytes = block.subarray(at + RECORD_HEAD_BYTES, end)
    at = end
    yield { ...instant, ...inputOf(kind, line, bytes) }
  }
}

function inputOf(kind: (typeof KINDS)[number] | undefined, line: number, bytes: Buffer): Input {
  switch (kind) {
    case undefined:
      throw new RangeError('a record of no known kind')
    case 'bytes':
    case 'message':
      return { kind: 'bytes', line, bytes, settled: kind === 'message' }
    case 'tick':
      return { kind }
    case 'head': {
      const head: Head = JSON.parse(bytes.toString())
      return { kind, head }
    }
    case 'hand': {
      const hand: Hand = JSON.parse(bytes.toString())
      return { kind, hand }
    }
    case 'gap': {
      const gap: { records: number; bytes: number } = JSON.parse(bytes.toString())
      return { kind, ...gap }
    }
    case 'opened': {
      const opened: { of: LineHead; again: boolean } = JSON.parse(bytes.toString())
      return { kind, line, ...opened }
    }
    case 'status': {
      const status: { state: 'up' | 'down'; why: string } = JSON.parse(bytes.toString())
      return { kind, line, ...status }
    }
    case 'closed': {
      const closed: { why: string } = JSON.parse(bytes.toString())
      return { kind, line, ...closed }
    }
  }
}
