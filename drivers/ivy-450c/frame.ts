/**
 * Messages of ANSAR-B: FF, `ANSAR-B `, 400 bytes of waves that may be anything, lines of text, FE. There is no checksum, and
 * FE may stand among the waves: a message is found by its nine bytes of head, and its end is looked for behind the waves.
 */

import { driverLimits } from '#driver'

const HEAD = Uint8Array.from([0xff, ...Array.from('ANSAR-B ', (letter) => letter.charCodeAt(0))])
const END = 0xfe
export const WAVE_BYTES = 400
const TEXT_AT = HEAD.length + WAVE_BYTES
const MESSAGE_BYTES_MAX = TEXT_AT + driverLimits.ansarTextBytesMax + 1

/** `offset` and `length` count bytes since the framer was made. */
export type AnsarFrame = { readonly offset: number; readonly length: number } & (
  | { readonly kind: 'message'; readonly bytes: Uint8Array; readonly waves: Uint8Array; readonly text: Uint8Array }
  | { readonly kind: 'bad'; readonly bytes: Uint8Array; readonly why: 'cut off' | 'too long' }
  /** Bytes outside of messages. */
  | { readonly kind: 'noise' }
)

export class AnsarFramer {
  readonly #held = new Uint8Array(MESSAGE_BYTES_MAX)
  #length = 0
  /** Absolute offset of the first byte held. */
  #offset = 0
  /** Bytes of noise before it. */
  #noise = 0
  #frames: AnsarFrame[] = []

  get isAtRest(): boolean {
    return this.#length === 0 && this.#noise === 0
  }

  push(chunk: Uint8Array): readonly AnsarFrame[] {
    this.#frames = []
    for (let from = 0; from < chunk.length; ) {
      const taken = Math.min(chunk.length - from, this.#held.length - this.#length)
      this.#held.set(chunk.subarray(from, from + taken), this.#length)
      this.#length += taken
      from += taken
      while (this.#step()) continue
    }
    return this.#frames
  }

  /** The input is over. The framer may be used again; offsets go on. */
  end(): readonly AnsarFrame[] {
    this.#frames = []
    if (this.#length >= HEAD.length) this.#bad(this.#length, 'cut off')
    else this.#pass(this.#length)
    this.#flushNoise()
    return this.#frames
  }

  /** Takes one unit off what is held; false when only more bytes can tell. */
  #step(): boolean {
    const window = this.#held.subarray(0, this.#length)
    const start = headIn(window, 0)
    if (start > 0) this.#pass(start)
    if (start > 0 || window.length < HEAD.length) return start > 0
    const next = headIn(window, HEAD.length)
    const end = window.indexOf(END, TEXT_AT)
    // Another head before the end of this message: its end never came. A head that has only begun has yet to prove itself.
    if (next + HEAD.length <= window.length && (end < 0 || next < end)) this.#bad(next, 'cut off')
    else if (end >= 0) this.#message(end + 1)
    else if (window.length === MESSAGE_BYTES_MAX) this.#bad(Math.min(next, window.length), 'too long')
    else return false
    return true
  }

  #message(length: number): void {
    this.#flushNoise()
    const bytes = this.#held.slice(0, length)
    const [waves, text] = [bytes.subarray(HEAD.length, TEXT_AT), bytes.subarray(TEXT_AT, length - 1)]
    this.#frames.push({ kind: 'message', offset: this.#offset, length, bytes, waves, text })
    this.#drop(length)
  }

  #bad(length: number, why: 'cut off' | 'too long'): void {
    this.#flushNoise()
    this.#frames.push({ kind: 'bad', offset: this.#offset, length, bytes: this.#held.slice(0, length), why })
    this.#drop(length)
  }

  #pass(length: number): void {
    this.#noise += length
    this.#drop(length)
  }

  #drop(length: number): void {
    this.#held.copyWithin(0, length, this.#length)
    this.#length -= length
    this.#offset += length
  }

  #flushNoise(): void {
    if (this.#noise > 0) this.#frames.push({ kind: 'noise', offset: this.#offset - this.#noise, length: this.#noise })
    this.#noise = 0
  }
}

/** Where a head begins, or where one may have begun at the end of the window; the window's length for nowhere. */
function headIn(window: Uint8Array, from: number): number {
  for (let at = window.indexOf(HEAD[0] ?? 0, from); at >= 0; at = window.indexOf(HEAD[0] ?? 0, at + 1)) {
    const there = Math.min(HEAD.length, window.length - at)
    let matched = 1
    while (matched < there && window[at + matched] === HEAD[matched]) matched++
    if (matched === there) return at
  }
  return window.length
}
