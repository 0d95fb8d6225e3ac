/**
 * MEDIBUS (protocol definition 4.03), the bytes below 80h: a command is ESC, its code, arguments; an answer is SOH, the code it
 * answers, data; both end with two digits of checksum and CR. A command of one side may stand within the answer it is giving.
 */

import { GrowingBytes, driverLimits } from '#driver'

const SOH = 0x01
const CR = 0x0d
const CANCEL = 0x18
const ESC = 0x1b
/** Start, code, checksum, CR. */
const FRAME_BYTES_MIN = 5

/** `bytes`: from ESC or SOH to CR, without what stood within it. */
export type Unit =
  | { readonly kind: 'frame'; readonly isCommand: boolean; readonly bytes: Uint8Array; readonly code: number; readonly data: Uint8Array }
  | { readonly kind: 'bad'; readonly isCommand: boolean; readonly bytes: Uint8Array; readonly why: string }

/** What became of one byte: it belongs to nothing, it began a frame between frames, it ended or broke one. */
export type Step = 'noise' | 'begun' | 'within' | Unit

/** The low byte of the sum, in two hexadecimal digits. */
export function checksumOf(bytes: Uint8Array): string {
  let sum = 0
  for (const byte of bytes) sum += byte
  return (sum & 0xff).toString(16).toUpperCase().padStart(2, '0')
}

function framed(start: number, code: number, data: string): Uint8Array {
  const head = Uint8Array.from([start, code, ...Array.from(data, (character) => character.charCodeAt(0))])
  return Uint8Array.from([...head, ...Array.from(checksumOf(head), (digit) => digit.charCodeAt(0)), CR])
}
export const command = (code: number, data = ''): Uint8Array => framed(ESC, code, data)
export const answer = (code: number, data = ''): Uint8Array => framed(SOH, code, data)

export class MedibusFramer {
  /** What is under way; empty for nothing. A command within an answer is the inner one. */
  readonly #outer = new GrowingBytes()
  readonly #inner = new GrowingBytes()

  get isAtRest(): boolean {
    return this.#outer.length === 0
  }

  step(byte: number): Step {
    if (byte === SOH) return this.#begin(byte)
    if (byte === ESC) return this.#outer.view()[0] === SOH && this.#inner.length === 0 ? this.#append(this.#inner, byte) : this.#begin(byte)
    if (this.isAtRest) return 'noise'
    if (byte === CANCEL) return this.#broken('cancelled by its sender')
    const top = this.#inner.length > 0 ? this.#inner : this.#outer
    const step = this.#append(top, byte)
    if (byte === CR) return judge(top.take())
    return top.length < driverLimits.medibusFrameBytesMax ? step : this.#broken('longer than any')
  }

  /** The line is over: what is under way will not be whole. */
  end(): Unit | null {
    return this.isAtRest ? null : this.#broken('cut off')
  }

  #append(to: GrowingBytes, byte: number): 'within' {
    to.append(Uint8Array.of(byte))
    return 'within'
  }

  /** A start where none may be: what is under way never ended. */
  #begin(byte: number): Step {
    const lost = this.isAtRest ? null : this.#broken('without an end')
    this.#append(this.#outer, byte)
    return lost ?? 'begun'
  }

  #broken(why: string): Unit {
    const isCommand = this.#inner.length > 0 || this.#outer.view()[0] === ESC
    this.#inner.take()
    return { kind: 'bad', isCommand, bytes: this.#outer.take(), why }
  }
}

function judge(bytes: Uint8Array): Unit {
  const isCommand = bytes[0] === ESC
  const end = bytes.length - 3
  const stated = String.fromCharCode(bytes[end] ?? 0, bytes[end + 1] ?? 0)
  if (bytes.length < FRAME_BYTES_MIN || checksumOf(bytes.subarray(0, end)) !== stated) return { kind: 'bad', isCommand, bytes, why: 'checksum' }
  return { kind: 'frame', isCommand, bytes, code: bytes[1] ?? 0, data: bytes.slice(2, end) }
}
