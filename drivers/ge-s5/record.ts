/**
 * Records of the Datex-Ohmeda Record Interface on a serial line (S/5 Computer Interface): 7E, record and checksum with 7E and
 * 7D escaped, 7E. The checksum is the sum of the record's bytes modulo 256. Incremental, total on any bytes, bounded, and
 * indifferent to how the bytes were cut into chunks.
 *
 * A sum sees any one byte that was changed, and no byte of zero that was lost: for that the record must be as long as its
 * header says. Two bytes that changed places are seen by neither.
 */

import { EMPTY_BYTES, driverLimits } from '#driver'

const FLAG = 0x7e
const ESCAPE = 0x7d
/** Little-endian all through. */
export const u16 = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
export const i16 = (bytes: Uint8Array, at: number): number => (u16(bytes, at) << 16) >> 16
export const u32 = (bytes: Uint8Array, at: number): number => u16(bytes, at) + u16(bytes, at + 2) * 65_536

/** The record's header, and the checksum behind it. */
export const HEADER_BYTES = 40
const CONTENT_BYTES_MIN = HEADER_BYTES + 1

/** `offset` and `length` count bytes since the framer was made, flags included. */
export type RecordFrame = { readonly offset: number; readonly length: number } & (
  /** `bytes` as they came; `record` is header and data, without escapes and checksum. */
  | { readonly kind: 'record'; readonly bytes: Uint8Array; readonly record: Uint8Array }
  /** `bytes` is at most its first driFrameBytesMax. */
  | { readonly kind: 'bad'; readonly bytes: Uint8Array; readonly why: string }
  /** Bytes that no record could be made of: text between frames, stray bytes. */
  | { readonly kind: 'noise' }
)

/** What stands between two flags as a record, or why it is none. */
function read(content: Uint8Array): Uint8Array | string {
  const plain = unescape(content)
  if (plain === null) return 'an escape byte that escapes nothing'
  if (plain.length < CONTENT_BYTES_MIN) return 'too short for a record'
  const record = plain.subarray(0, -1)
  let sum = 0
  for (const byte of record) sum += byte
  if ((sum & 0xff) !== plain[record.length]) return 'checksum does not fit'
  return u16(record, 0) === record.length ? record : 'not as long as its header says'
}

/** Null: 7D is followed by something that is never escaped. */
function unescape(content: Uint8Array): Uint8Array | null {
  let escape = content.indexOf(ESCAPE)
  if (escape < 0) return content
  const plain = new Uint8Array(content.length)
  let length = 0
  let from = 0
  while (escape >= 0) {
    plain.set(content.subarray(from, escape), length)
    length += escape - from
    const escaped = content[escape + 1]
    if (escaped !== 0x5e && escaped !== 0x5d) return null
    plain[length++] = escaped | 0x20
    from = escape + 2
    escape = content.indexOf(ESCAPE, from)
  }
  plain.set(content.subarray(from), length)
  return plain.subarray(0, length + content.length - from)
}

export class RecordFramer {
  /** The unit under way, as far as it came with earlier chunks: its flag if it has one, and at most driFrameBytesMax bytes in all. */
  readonly #held = new Uint8Array(driverLimits.driFrameBytesMax)
  #heldLength = 0
  /** All bytes of the unit that came with earlier chunks, kept or not. */
  #length = 0
  /** Whether the unit begins with a flag, which may open a record. Between a flag that closed one and the next flag nothing is expected. */
  #opened = false
  /** Absolute offset of the next byte. */
  #offset = 0
  #frames: RecordFrame[] = []

  /** Whether no byte waits for the end of its frame: a flag alone may as well have closed one. */
  get isAtRest(): boolean {
    return this.#length <= (this.#opened ? 1 : 0)
  }

  /** The chunk must not be changed afterwards: frames that lie within one chunk are views of it. */
  push(chunk: Uint8Array): readonly RecordFrame[] {
    this.#frames = []
    let from = 0
    // A flag that opens the unit under way has been dealt with.
    for (let flag = chunk.indexOf(FLAG); flag >= 0; flag = chunk.indexOf(FLAG, flag + 1)) {
      const isRecord = this.#finish(chunk, from, flag)
      this.#offset += flag - from + (isRecord ? 1 : 0)
      from = isRecord ? flag + 1 : flag
      this.#opened = !isRecord
    }
    this.#hold(chunk, from, chunk.length)
    this.#offset += chunk.length - from
    return this.#frames
  }

  /** The input is over: what is held is judged. The framer may be used again; offsets go on. */
  end(): readonly RecordFrame[] {
    this.#frames = []
    this.#finish(EMPTY_BYTES, 0, 0)
    this.#opened = false
    return this.#frames
  }

  #hold(chunk: Uint8Array, from: number, end: number): void {
    this.#length += end - from
    const kept = Math.min(end - from, this.#held.length - this.#heldLength)
    this.#held.set(chunk.subarray(from, from + kept), this.#heldLength)
    this.#heldLength += kept
  }

  /** The unit under way ends with chunk[from, flag); `#offset` is that of `from`. Says whether it is a record, which the flag belongs to. */
  #finish(chunk: Uint8Array, from: number, flag: number): boolean {
    const offset = this.#offset - this.#length
    const length = this.#length + flag - from
    const opening = this.#opened ? 1 : 0
    const closing = flag < chunk.length ? 1 : 0
    const bytes = this.#take(chunk, from, flag + closing)
    if (length <= opening) return false
    const isWhole = bytes.length === length + closing
    const record = isWhole ? read(bytes.subarray(opening, length)) : `more than ${driverLimits.driFrameBytesMax} bytes without an end`
    if (typeof record !== 'string') {
      this.#frames.push({ kind: 'record', offset, length: length + closing, bytes, record })
      return true
    }
    const isNoise = opening === 0 || length < CONTENT_BYTES_MIN
    this.#frames.push(isNoise ? { kind: 'noise', offset, length } : { kind: 'bad', offset, length, bytes: bytes.subarray(0, length), why: record })
    return false
  }

  /** The bytes of the unit, as many as are kept; nothing is held any more. */
  #take(chunk: Uint8Array, from: number, end: number): Uint8Array {
    const max = driverLimits.driFrameBytesMax
    const held = this.#heldLength
    this.#heldLength = 0
    this.#length = 0
    if (held === 0) return chunk.subarray(from, Math.min(end, from + max))
    const bytes = new Uint8Array(Math.min(max, held + end - from))
    bytes.set(this.#held.subarray(0, held))
    bytes.set(chunk.subarray(from, from + bytes.length - held), held)
    return bytes
  }
}

/** One part of a record. `bytes`: from where it begins to where the next one, or the record, ends. */
export type Subrecord = { readonly type: number; readonly bytes: Uint8Array }

const DESCRIPTORS = 8
const DESCRIPTOR_BYTES = 3
const END_OF_LIST = 0xff

export const RECORD_TYPES = { physiological: 0, wave: 1, alarm: 4 } as const

export type RecordHeader = {
  readonly level: number
  /** Seconds since 1970 as the monitor's clock shows them, in its own zone; 0 when it does not know. */
  readonly time: number
  readonly type: number
}
export const headerOf = (record: Uint8Array): RecordHeader => ({ level: record[3] ?? 0, time: u32(record, 6), type: i16(record, 14) })

/** The parts of a record in their order, or why there are none to be believed. What follows the end of the list is garbage in real records. */
export function subrecordsOf(record: Uint8Array): readonly Subrecord[] | string {
  const listed: { readonly type: number; readonly from: number }[] = []
  for (let index = 0; index < DESCRIPTORS; index++) {
    const at = 16 + index * DESCRIPTOR_BYTES
    const type = record[at + 2] ?? END_OF_LIST
    if (type === END_OF_LIST) break
    const from = HEADER_BYTES + i16(record, at)
    if (from < HEADER_BYTES || from >= record.length) return `part ${index + 1} lies outside of its record`
    listed.push({ type, from })
  }
  return listed.map(({ type, from }) => {
    const end = listed.reduce((nearest, other) => (other.from > from && other.from < nearest ? other.from : nearest), record.length)
    return { type, bytes: record.subarray(from, end) }
  })
}
