/**
 * JSON objects out of a stream of bytes, and lists of them where those are asked for: one after the other, with or without
 * line ends between them (NDJSON). Cuts at the borders of objects only; whether an object is valid is for JSON.parse. Incremental, bounded, linear, and indifferent to
 * how the bytes were cut into chunks.
 */

import { EMPTY_BYTES } from './bytes.ts'
import { GrowingBytes } from './growing.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const LF = 0x0a
const CR = 0x0d

/** `offset` and `length` count bytes since the splitter was made. */
export type JsonFrame = { readonly offset: number; readonly length: number } & (
  /** From brace to brace, or from bracket to bracket. `label` is the text before it on its line, as `mosquitto_sub -v` prints the topic. */
  | { readonly kind: 'object'; readonly bytes: Uint8Array; readonly label: Uint8Array }
  | { readonly kind: 'bad'; readonly bytes: Uint8Array; readonly why: 'too long' | 'cut off' | 'line break in a string' }
  /** Text outside of objects that stands before none on its line. */
  | { readonly kind: 'noise' }
)

export type JsonBounds = {
  readonly objectBytesMax: number
  readonly keptBytesMax: number
  readonly labelBytesMax: number
  /** A list may stand where an object does. */
  readonly takesLists?: boolean
}

const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === LF || byte === CR

export class JsonSplitter {
  readonly #bounds: JsonBounds
  /** Open braces and brackets; 0 is between objects. */
  #depth = 0
  #inString = false
  #escaped = false
  /** The object under way, as far as it came in earlier chunks. */
  readonly #held = new GrowingBytes()
  #objectOffset = 0
  /** Text of the line under way between objects: its head, its length with and without the blanks behind it. */
  #label: number[] = []
  #labelOffset = 0
  #labelLength = 0
  /** Absolute offset of the chunk under way. */
  #base = 0
  #frames: JsonFrame[] = []

  constructor(bounds: JsonBounds) {
    this.#bounds = bounds
  }

  get heldBytes(): number {
    return this.#held.length + this.#label.length
  }

  /** Whether nothing is under way. */
  get isAtRest(): boolean {
    return this.#depth === 0 && this.#labelLength === 0
  }

  /** The chunk must not be changed afterwards: objects that lie within one chunk are views of it. */
  push(chunk: Uint8Array): readonly JsonFrame[] {
    this.#frames = []
    /** Where the object under way begins in this chunk. */
    let start = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0
      if (this.#depth === 0) {
        if (byte === OPEN_BRACE || (byte === OPEN_BRACKET && this.#bounds.takesLists === true)) {
          start = at
          this.#depth = 1
          this.#objectOffset = this.#base + at
        } else this.#between(byte, at)
        continue
      }
      const done = this.#inside(byte)
      const length = this.#held.length + at + 1 - start
      if (done === 'going on' && length <= this.#bounds.objectBytesMax) continue
      const bytes = this.#take(chunk.subarray(start, at + 1))
      if (length > this.#bounds.objectBytesMax) this.#bad(bytes, 'too long')
      else if (done === 'line break') this.#bad(bytes, 'line break in a string')
      else this.#frames.push({ kind: 'object', offset: this.#objectOffset, length, bytes, label: this.#takeLabel() })
    }
    if (this.#depth > 0) this.#held.append(chunk.subarray(start))
    this.#base += chunk.length
    return this.#frames
  }

  /** The input is over: what is held was cut off. The splitter may be used again; offsets go on. */
  end(): readonly JsonFrame[] {
    this.#frames = []
    if (this.#depth > 0) this.#bad(this.#take(EMPTY_BYTES), 'cut off')
    this.#flushNoise()
    return this.#frames
  }

  #inside(byte: number): 'going on' | 'closed' | 'line break' {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false
      else if (byte === BACKSLASH) this.#escaped = true
      else if (byte === QUOTE) this.#inString = false
      // JSON has no line breaks in strings: a quote is missing, and from here on nothing could be told apart.
      else if (byte === LF || byte === CR) return 'line break'
      return 'going on'
    }
    if (byte === QUOTE) this.#inString = true
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#depth++
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) this.#depth--
    return this.#depth === 0 ? 'closed' : 'going on'
  }

  #between(byte: number, at: number): void {
    if (byte === LF || byte === CR) this.#flushNoise()
    else if (this.#labelLength > 0 || !isBlank(byte)) {
      if (this.#labelLength === 0) this.#labelOffset = this.#base + at
      this.#labelLength++
      if (this.#label.length < this.#bounds.labelBytesMax) this.#label.push(byte)
    }
  }

  /** All of the object under way, whose last piece is `last`; leaves the splitter between objects. */
  #take(last: Uint8Array): Uint8Array {
    let bytes = last
    if (this.#held.length > 0) {
      this.#held.append(last)
      bytes = this.#held.take()
    }
    this.#depth = 0
    this.#inString = false
    this.#escaped = false
    return bytes
  }

  #takeLabel(): Uint8Array {
    const label = this.#labelLength === 0 ? EMPTY_BYTES : Uint8Array.from(this.#label)
    this.#label = []
    this.#labelLength = 0
    return label
  }

  #bad(bytes: Uint8Array, why: 'too long' | 'cut off' | 'line break in a string'): void {
    this.#flushNoise()
    this.#frames.push({ kind: 'bad', offset: this.#objectOffset, length: bytes.length, bytes: bytes.slice(0, this.#bounds.keptBytesMax), why })
  }

  #flushNoise(): void {
    if (this.#labelLength > 0) this.#frames.push({ kind: 'noise', offset: this.#labelOffset, length: this.#labelLength })
    this.#label = []
    this.#labelLength = 0
  }
}
