/**
 * ASTM E1381 (CLSI LIS01), the bytes: ENQ and EOT around a transmission; frames of STX, a number from 0 to 7, text, ETX (the
 * text is whole) or ETB (it goes on in the next frame), two digits of checksum, CR LF.
 */

import { GrowingBytes, driverLimits } from '#driver'

export const STX = 0x02
export const ETX = 0x03
export const EOT = 0x04
export const ENQ = 0x05
export const ACK = 0x06
export const NAK = 0x15
const ETB = 0x17
const LF = 0x0a
const CR = 0x0d

/** STX and the number before the text; ETX or ETB, the checksum, CR and LF behind it. */
const BEFORE_TEXT = 2
const BEHIND_TEXT = 5

/** One stretch of the bytes. */
export type Piece = { readonly offset: number; readonly length: number } & (
  | { readonly kind: 'enquiry' | 'end' | 'answer' | 'noise' }
  | { readonly kind: 'frame'; readonly bytes: Uint8Array; readonly number: number; readonly text: Uint8Array; /** ETX. */ readonly isWhole: boolean }
  /** `isOver`: its end was heard, and its sender waits for an answer. */
  | { readonly kind: 'bad'; readonly bytes: Uint8Array; readonly why: string; readonly isOver: boolean }
)

/** The last two hexadecimal digits of the sum of number, text and ETX or ETB (E1381, 6.3.3). */
export function checksumOf(bytes: Uint8Array): string {
  let sum = 0
  for (const byte of bytes) sum += byte
  return (sum & 0xff).toString(16).toUpperCase().padStart(2, '0')
}

export class FrameSplitter {
  /** The frame under way, from its STX on; empty between frames. */
  readonly #frame = new GrowingBytes()
  #at = 0
  #noise = 0

  get isAtRest(): boolean {
    return this.#frame.length === 0
  }

  push(bytes: Uint8Array): readonly Piece[] {
    const pieces: Piece[] = []
    for (let index = 0; index < bytes.length; index++) {
      const byte = bytes[index] ?? 0
      if (this.#frame.length > 0) this.#inFrame(byte, bytes.subarray(index, index + 1), pieces)
      else this.#between(byte, bytes.subarray(index, index + 1), pieces)
      this.#at++
    }
    return pieces
  }

  end(): readonly Piece[] {
    const pieces: Piece[] = []
    if (this.#frame.length > 0) pieces.push(this.#cut('cut off within a frame'))
    this.#flushNoise(pieces)
    return pieces
  }

  #between(byte: number, one: Uint8Array, pieces: Piece[]): void {
    const kind = CONTROLS.get(byte)
    if (byte === STX || kind !== undefined) this.#flushNoise(pieces)
    if (byte === STX) this.#frame.append(one)
    else if (kind !== undefined) pieces.push({ kind, offset: this.#at, length: 1 })
    else if (++this.#noise >= driverLimits.noiseSpanBytesMax) this.#flushNoise(pieces, 1)
  }

  /** E1381, 6.5: none of the characters that end a frame here may stand in a text. */
  #inFrame(byte: number, one: Uint8Array, pieces: Piece[]): void {
    if (byte === STX || byte === ENQ || byte === EOT) {
      pieces.push(this.#cut('a frame without an end'))
      this.#between(byte, one, pieces)
      return
    }
    this.#frame.append(one)
    const { length } = this.#frame
    const offset = this.#at + 1 - length
    if (byte === LF) pieces.push({ offset, length, ...judge(this.#frame.take()) })
    else if (length >= driverLimits.astmFrameBytesMax) {
      pieces.push({ offset, length, kind: 'bad', bytes: this.#frame.take(), why: 'a frame longer than any', isOver: false })
    }
  }

  /** The frame under way, which ends before the present byte. */
  #cut(why: string): Piece {
    const bytes = this.#frame.take()
    return { kind: 'bad', offset: this.#at - bytes.length, length: bytes.length, bytes, why, isOver: false }
  }

  /** `counted`: of the noise, so many bytes are not yet behind us. */
  #flushNoise(pieces: Piece[], counted = 0): void {
    if (this.#noise > 0) pieces.push({ kind: 'noise', offset: this.#at + counted - this.#noise, length: this.#noise })
    this.#noise = 0
  }
}

const CONTROLS: ReadonlyMap<number, 'enquiry' | 'end' | 'answer'> = new Map([
  [ENQ, 'enquiry'],
  [EOT, 'end'],
  [ACK, 'answer'],
  [NAK, 'answer'],
])

type Judged =
  | { readonly kind: 'frame'; readonly bytes: Uint8Array; readonly number: number; readonly text: Uint8Array; readonly isWhole: boolean }
  | { readonly kind: 'bad'; readonly bytes: Uint8Array; readonly why: string; readonly isOver: boolean }

/** From STX to LF. */
function judge(bytes: Uint8Array): Judged {
  const end = bytes.length - BEHIND_TEXT
  const last = bytes[end]
  const number = (bytes[1] ?? 0) - 0x30
  const isFrame = end >= BEFORE_TEXT && (last === ETX || last === ETB) && bytes[bytes.length - 2] === CR && number >= 0 && number <= 7
  if (!isFrame) return { kind: 'bad', bytes, why: 'no frame between STX and line feed', isOver: true }
  const stated = String.fromCharCode(bytes[end + 1] ?? 0, bytes[end + 2] ?? 0)
  if (checksumOf(bytes.subarray(1, end + 1)) !== stated) return { kind: 'bad', bytes, why: 'checksum', isOver: true }
  return { kind: 'frame', bytes, number, text: bytes.slice(BEFORE_TEXT, end), isWhole: last === ETX }
}
