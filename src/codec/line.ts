/**
 * Lines of ASCII protocols: CR, LF or CR LF ends one. Incremental, bounded, linear in the bytes whatever they are, and
 * indifferent to how they were cut into chunks. Empty lines are dropped; NULs around a line (a serial break, a C string's
 * end) are noise and dropped too.
 */

import { GrowingBytes } from './growing.ts'

const CR = 0x0d
const LF = 0x0a

/** `offset` and `length` count bytes since the framer was made, without the line end. */
export type LineFrame = { readonly offset: number; readonly length: number } & (
  | { readonly kind: 'line'; readonly bytes: Uint8Array }
  /** More than the longest line without an end: one span, however long. `bytes` is its head. */
  | { readonly kind: 'bad'; readonly bytes: Uint8Array; readonly why: 'too long' }
  /** The input ended within a line. */
  | { readonly kind: 'unfinished'; readonly bytes: Uint8Array }
)

export type LineBounds = { readonly lineBytesMax: number }

export class LineFramer {
  readonly #bounds: LineBounds
  /** The head of the line under way, at most lineBytesMax bytes. */
  readonly #held = new GrowingBytes()
  /** All bytes of the line under way, kept or not. */
  #length = 0
  /** Absolute offset of the next byte. */
  #offset = 0
  #frames: LineFrame[] = []

  constructor(bounds: LineBounds) {
    this.#bounds = bounds
  }

  get heldBytes(): number {
    return this.#held.length
  }

  /** Whether no line is under way. */
  get isAtRest(): boolean {
    return this.#length === 0
  }

  /** The chunk must not be changed afterwards: lines that lie within one chunk are views of it. */
  push(chunk: Uint8Array): readonly LineFrame[] {
    this.#frames = []
    let from = 0
    let cr = chunk.indexOf(CR)
    let lf = chunk.indexOf(LF)
    while (from < chunk.length) {
      if (cr >= 0 && cr < from) cr = chunk.indexOf(CR, from)
      if (lf >= 0 && lf < from) lf = chunk.indexOf(LF, from)
      const end = cr < 0 ? lf : lf < 0 ? cr : Math.min(cr, lf)
      if (end < 0) break
      this.#line(chunk, from, end)
      this.#offset += end + 1 - from
      from = end + 1
    }
    this.#hold(chunk, from, chunk.length)
    this.#offset += chunk.length - from
    return this.#frames
  }

  /** The input is over. The framer may be used again; offsets go on. */
  end(): readonly LineFrame[] {
    this.#frames = []
    this.#finish('unfinished', this.#offset)
    return this.#frames
  }

  /** chunk[from, end) ends a line; `#offset` is that of `from`, and is moved behind the line by the caller. */
  #line(chunk: Uint8Array, from: number, end: number): void {
    if (this.#length === 0 && end - from <= this.#bounds.lineBytesMax) {
      this.#emit('line', chunk.subarray(from, end), this.#offset)
    } else {
      this.#hold(chunk, from, end)
      this.#finish('line', this.#offset + end - from)
    }
  }

  #hold(chunk: Uint8Array, from: number, end: number): void {
    this.#length += end - from
    const kept = Math.min(end - from, this.#bounds.lineBytesMax - this.#held.length)
    if (kept > 0) this.#held.append(chunk.subarray(from, from + kept))
  }

  /** Ends the line under way; `after` is the offset of the first byte behind it. */
  #finish(kind: 'line' | 'unfinished', after: number): void {
    const bytes = this.#held.take()
    const length = this.#length
    this.#length = 0
    if (length > bytes.length) this.#frames.push({ kind: 'bad', offset: after - length, length, bytes, why: 'too long' })
    else this.#emit(kind, bytes, after - length)
  }

  #emit(kind: 'line' | 'unfinished', bytes: Uint8Array, offset: number): void {
    let from = 0
    let end = bytes.length
    while (from < end && bytes[from] === 0) from++
    while (end > from && bytes[end - 1] === 0) end--
    if (from === end) return
    this.#frames.push({ kind, offset: offset + from, length: end - from, bytes: from === 0 && end === bytes.length ? bytes : bytes.subarray(from, end) })
  }
}
