/**
 * Where messages begin and end. RS-232: `C0 | 11 01 | length | payload | FCS | C1` with escapes, CRC-16/X.25. LAN: one
 * message a datagram; each says its own length, so that datagrams laid end to end in a file part again. Which of the two
 * a recording holds is seen from its first message. Linear in the bytes, bounded, indifferent to how they were cut.
 */

import { GrowingBytes, driverLimits } from '#driver'

export type Format = 'rs232' | 'lan'

/** `offset` and `length` count bytes since the framer was made. */
export type Piece = { readonly offset: number; readonly length: number } & (
  /** `bytes` as they came; `payload` is what the frame carries. */
  | { readonly kind: 'message'; readonly bytes: Uint8Array; readonly payload: Uint8Array }
  | { readonly kind: 'bad'; readonly bytes: Uint8Array; readonly why: string }
  | { readonly kind: 'skipped'; readonly why: string }
)

const BEGIN = 0xc0
const END = 0xc1
const ESCAPE = 0x7d
const ESCAPE_BIT = 0x20
/** Protocol id and length before the payload, FCS behind it. */
const OVERHEAD_BYTES = 6

const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0x8408
  return crc
})
/** Of a whole frame with its FCS: without the last inversion, so a good one leaves this behind. */
const GOOD_RESIDUE = 0xf0b8

function residueOf(bytes: Uint8Array, end: number): number {
  let crc = 0xffff
  for (let at = 0; at < end; at++) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0)
  return crc
}

/** A payload as it goes out on a serial line. */
export function serialFrame(payload: Uint8Array): Uint8Array {
  const plain = new Uint8Array(payload.length + OVERHEAD_BYTES)
  plain.set([0x11, 0x01, payload.length >> 8, payload.length & 0xff])
  plain.set(payload, 4)
  const fcs = residueOf(plain, plain.length - 2) ^ 0xffff
  plain.set([fcs & 0xff, fcs >> 8], plain.length - 2)
  const framed = [BEGIN]
  for (const byte of plain) {
    if (byte === BEGIN || byte === END || byte === ESCAPE) framed.push(ESCAPE, byte ^ ESCAPE_BIT)
    else framed.push(byte)
  }
  framed.push(END)
  return Uint8Array.from(framed)
}

/** What stands between C0 and C1, escapes undone. */
function unescaped(bytes: Uint8Array): Uint8Array {
  let escape = bytes.indexOf(ESCAPE, 1)
  if (escape < 0) return bytes.subarray(1, bytes.length - 1)
  const plain = new Uint8Array(bytes.length)
  let length = 0
  let from = 1
  while (escape >= 0) {
    plain.set(bytes.subarray(from, escape), length)
    length += escape - from
    plain[length++] = (bytes[escape + 1] ?? 0) ^ ESCAPE_BIT
    from = escape + 2
    escape = bytes.indexOf(ESCAPE, from)
  }
  plain.set(bytes.subarray(from, bytes.length - 1), length)
  return plain.subarray(0, length + Math.max(0, bytes.length - 1 - from))
}

/** The payload of one frame from C0 to C1, or what is wrong with it. */
function payloadOf(bytes: Uint8Array): Uint8Array | string {
  const plain = unescaped(bytes)
  if (residueOf(plain, plain.length) !== GOOD_RESIDUE) return 'checksum'
  if (plain.length < OVERHEAD_BYTES || plain[0] !== 0x11 || plain[1] !== 0x01) return 'a frame of another protocol'
  if ((((plain[2] ?? 0) << 8) | (plain[3] ?? 0)) !== plain.length - OVERHEAD_BYTES) return 'its length is not the one it states'
  return plain.subarray(4, plain.length - 2)
}

/** How messages of the association begin behind their length; ISO 8327 session data, the same in each. */
const SESSION_DATA = [0x05, 0x08, 0x13, 0x01, 0x00, 0x16, 0x01, 0x02] as const
const STARTS: ReadonlyMap<number, readonly number[]> = new Map<number, readonly number[]>([
  [0x0d, SESSION_DATA],
  [0x0e, SESSION_DATA],
  [0x0c, [0x32, 0x01]],
  [0x09, [0xc1]],
  [0x0a, [0xc1]],
  [0x19, [0x11, 0x01, 0x03]],
])
/** Session E100, presentation context 2; or the nomenclature version of a connect indication, 00000100. Then an operation. */
const DATA = [0xe1, 0x00, 0x00, 0x02, 0x00] as const
const INDICATION = [0x00, 0x00, 0x01, 0x00, 0x00, 0x01] as const

/** Length of the LAN message that begins at `at`; 0: none begins there; -1: too few bytes to tell. */
function lanLengthAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? -1
  if (first === 0xe1) return operationLengthAt(bytes, at, DATA)
  if (first === 0x00) return operationLengthAt(bytes, at, INDICATION)
  const start = STARTS.get(first)
  if (start === undefined) return 0
  const indicator = bytes[at + 1]
  if (indicator === undefined) return -1
  const headBytes = indicator === 0xff ? 4 : 2
  const matched = matchAt(bytes, at + headBytes, start)
  if (matched !== 1) return matched
  const length = indicator === 0xff ? ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0) : indicator
  return within(headBytes + length)
}

function operationLengthAt(bytes: Uint8Array, at: number, start: readonly number[]): number {
  const matched = matchAt(bytes, at, start)
  if (matched !== 1) return matched
  if (at + 8 > bytes.length) return -1
  const operation = bytes[at + 5] ?? 0
  if (operation !== 1 && operation !== 2 && operation !== 3 && operation !== 5) return 0
  return within(8 + (((bytes[at + 6] ?? 0) << 8) | (bytes[at + 7] ?? 0)))
}

const within = (length: number): number => (length <= driverLimits.intellivueMessageBytesMax ? length : 0)

/** 1: they stand there; 0: others do; -1: so far as there are bytes. */
function matchAt(bytes: Uint8Array, at: number, start: readonly number[]): 1 | 0 | -1 {
  for (let index = 0; index < start.length; index++) {
    const byte = bytes[at + index]
    if (byte === undefined) return -1
    if (byte !== start[index]) return 0
  }
  return 1
}

const SERIAL_START = [BEGIN, 0x11, 0x01] as const
const isSerialStartAt = (bytes: Uint8Array, at: number): 1 | 0 | -1 => (bytes[at] === BEGIN ? matchAt(bytes, at, SERIAL_START) : 0)

export class Framer {
  readonly #fixed: Format | null
  /** Bytes not judged yet; the first of them is at #offset. */
  readonly #held = new GrowingBytes()
  #offset = 0
  /** Held bytes that were looked at: nothing begins (or, within a frame, ends) before. */
  #scanned = 0
  /** Bytes just before the held ones that belong to no frame. */
  #noiseLength = 0
  #pieces: Piece[] = []
  #format: Format | null

  /** `fixed` null: what begins first tells. */
  constructor(fixed: Format | null) {
    this.#fixed = fixed
    this.#format = fixed
  }

  get format(): Format | null {
    return this.#format
  }

  get isAtRest(): boolean {
    return this.#held.length === 0
  }

  push(chunk: Uint8Array): readonly Piece[] {
    this.#pieces = []
    this.#held.append(chunk)
    while (this.#step()) continue
    return this.#pieces
  }

  /** The input is over: what is held is judged, and the next bytes begin afresh. Offsets go on. */
  end(): readonly Piece[] {
    const pieces = this.endOfDatagram()
    this.#format = this.#fixed
    return pieces
  }

  /** What is held will not go on; the format stays. */
  endOfDatagram(): readonly Piece[] {
    this.#pieces = []
    if (this.#held.length > 0) {
      if (this.#isWithinMessage()) this.#bad(this.#held.length, 'cut off')
      else this.#noise(this.#held.length)
    }
    this.#endNoise()
    return this.#pieces
  }

  /** What is held begins with a message of which the rest is missing. */
  #isWithinMessage(): boolean {
    const bytes = this.#held.view()
    if (this.#format === 'rs232') return bytes[0] === BEGIN
    return this.#format === 'lan' && lanLengthAt(bytes, 0) > 0
  }

  /** Judges as much as can be judged at once; false when more bytes are needed. */
  #step(): boolean {
    if (this.#held.length === 0) return false
    if (this.#format === null) return this.#findFormat()
    return this.#format === 'rs232' ? this.#serial() : this.#lan()
  }

  #findFormat(): boolean {
    const bytes = this.#held.view()
    let at = 0
    for (; at < bytes.length; at++) {
      const serial = isSerialStartAt(bytes, at)
      const lan = serial === 0 ? lanLengthAt(bytes, at) : 0
      if (serial === 1 || lan > 0) this.#format = serial === 1 ? 'rs232' : 'lan'
      if (serial !== 0 || lan !== 0) break
    }
    this.#noise(at)
    return this.#format !== null
  }

  #serial(): boolean {
    const bytes = this.#held.view()
    if (bytes[0] !== BEGIN) {
      const begin = bytes.indexOf(BEGIN)
      this.#noise(begin < 0 ? bytes.length : begin)
      return begin >= 0
    }
    const from = Math.max(1, this.#scanned)
    const window = bytes.subarray(0, driverLimits.intellivueMessageBytesMax)
    const end = window.indexOf(END, from)
    const next = window.indexOf(BEGIN, from)
    this.#scanned = window.length
    if (next >= 0 && (end < 0 || next < end)) {
      // Two in a row: the first is an idle flag, or the tail of something.
      if (next === 1) this.#noise(1)
      else this.#bad(next, 'cut off by the next frame')
    } else if (end >= 0) this.#frame(end + 1)
    else if (window.length === driverLimits.intellivueMessageBytesMax) this.#bad(window.length, 'longer than any message')
    else return false
    return true
  }

  #frame(length: number): void {
    const bytes = this.#held.view().slice(0, length)
    // MIB: an escape just before the end takes the frame back.
    if (bytes[length - 2] === ESCAPE) return this.#emit({ kind: 'skipped', offset: this.#offset, length, why: 'a frame that its sender broke off' })
    const payload = payloadOf(bytes)
    if (typeof payload === 'string') this.#bad(length, payload)
    else this.#emit({ kind: 'message', offset: this.#offset, length, bytes, payload })
  }

  #lan(): boolean {
    const bytes = this.#held.view()
    let at = 0
    let length = 0
    while (at < bytes.length && (length = lanLengthAt(bytes, at)) === 0) at++
    this.#noise(at)
    if (length <= 0 || bytes.length - at < length) return false
    const message = this.#held.view().slice(0, length)
    this.#emit({ kind: 'message', offset: this.#offset, length, bytes: message, payload: message })
    return true
  }

  #bad(length: number, why: string): void {
    this.#emit({ kind: 'bad', offset: this.#offset, length, bytes: this.#held.view().slice(0, length), why })
  }

  #emit(piece: Piece): void {
    this.#endNoise()
    this.#pieces.push(piece)
    this.#drop(piece.length)
  }

  #drop(count: number): void {
    this.#held.drop(count)
    this.#offset += count
    this.#scanned = 0
  }

  #noise(count: number): void {
    let left = count
    while (left > 0) {
      const taken = Math.min(left, driverLimits.noiseSpanBytesMax - this.#noiseLength)
      this.#noiseLength += taken
      this.#drop(taken)
      left -= taken
      if (this.#noiseLength === driverLimits.noiseSpanBytesMax) this.#endNoise()
    }
  }

  #endNoise(): void {
    if (this.#noiseLength === 0) return
    this.#pieces.push({ kind: 'skipped', offset: this.#offset - this.#noiseLength, length: this.#noiseLength, why: 'bytes outside of frames' })
    this.#noiseLength = 0
  }
}
