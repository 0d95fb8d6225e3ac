/**
 * MLLP framing (HL7 v2 Transport Specification, Minimal Lower Layer Protocol): VT, message, FS, CR. Incremental, total on
 * any bytes, bounded, and indifferent to how the bytes were cut into chunks.
 *
 * What devices really send is forgiven where no wrong message can come of it:
 * - FS without CR, with CR LF, or with CR in the next chunk: the frame ends at FS, line ends after it are dropped.
 * - VT missing: a message begins where `MSH|` begins a line, or follows bytes that are no printable ASCII. Such a message
 *   ends at FS, at the next block, where the next `MSH|` begins a line, or with the input.
 * - a block that is not ended before the next `VT MSH` begins was cut off: bad, and the next one is read.
 */

import { EMPTY_BYTES } from './bytes.ts'

export const VT = 0x0b
export const FS = 0x1c
const CR = 0x0d
const LF = 0x0a

/** `offset` and `length` count bytes since the framer was made. `bytes` are as they came, framing included. */
export type MllpFrame = { readonly offset: number; readonly length: number } & (
  | { readonly kind: 'message'; readonly bytes: Uint8Array; /** What lies between VT and FS. */ readonly content: Uint8Array }
  /** Cut off, or too long; `bytes` is at most its first `keptBytesMax`. */
  | { readonly kind: 'bad'; readonly bytes: Uint8Array; readonly why: 'cut off' | 'too long' }
  /** Bytes outside of any message. */
  | { readonly kind: 'noise' }
)

export type MllpBounds = {
  /** Longest content of one message. */
  readonly frameBytesMax: number
  /** Longest copy of a bad frame. */
  readonly keptBytesMax: number
  /** Noise is reported in spans of at most this. */
  readonly noiseSpanBytesMax: number
}

export interface MllpFramer {
  /** The chunk must not be changed afterwards: frames that lie in one chunk are views of it. */
  push(chunk: Uint8Array): readonly MllpFrame[]
  /** The input is over: what is held is judged. The framer may be used again; offsets go on. */
  end(): readonly MllpFrame[]
  /** Bytes held of a unit begun: at most frameBytesMax + 2. */
  readonly heldBytes: number
}

/** VT + content + FS + CR, ready to send. */
export function mllpFrame(content: Uint8Array): Uint8Array {
  const frame = new Uint8Array(content.length + 3)
  frame[0] = VT
  frame.set(content, 1)
  frame[frame.length - 2] = FS
  frame[frame.length - 1] = CR
  return frame
}

/** M, S, H and the field separator of every unframed message. */
const HEADER = [0x4d, 0x53, 0x48, 0x7c] as const

type HeaderMatch = 'yes' | 'no' | 'more'

/** Whether the first `letters` bytes of `MSH|` stand at `at`; 'more' when the window ends before that can be told. */
function matchHeader(window: Uint8Array, at: number, letters: number): HeaderMatch {
  for (let index = 0; index < letters; index++) {
    const byte = window[at + index]
    if (byte === undefined) return 'more'
    if (byte !== HEADER[index]) return 'no'
  }
  return 'yes'
}

const isPrintable = (byte: number): boolean => byte > 0x20 && byte < 0x7f
const isLineEnd = (byte: number): boolean => byte === CR || byte === LF

/** Between messages; in a block begun by VT; in a message begun by `MSH|` alone. */
type State = 'between' | 'block' | 'plain'

class Framer implements MllpFramer {
  readonly #bounds: MllpBounds
  #state: State = 'between'
  /** The unit begun in earlier chunks; grows by doubling, so that the cost stays linear. */
  #held: Uint8Array = EMPTY_BYTES
  #heldLength = 0
  /** Absolute offset of window[0] of the scan under way. */
  #base = 0
  /** How far into the held unit has been searched. */
  #searched = 0
  /** The byte before the next one: decides whether `MSH|` may begin a message here. LF at the start: a line begins. */
  #before: number = LF
  #noiseFrom = 0
  #noiseLength = 0
  #frames: MllpFrame[] = []

  constructor(bounds: MllpBounds) {
    this.#bounds = bounds
  }

  get heldBytes(): number {
    return this.#heldLength
  }

  push(chunk: Uint8Array): readonly MllpFrame[] {
    this.#frames = []
    let from = 0
    if (this.#heldLength > 0) {
      // After an FS nothing is ever held, so the held unit needs the chunk only as far as its first FS.
      const fs = chunk.indexOf(FS)
      from = fs < 0 ? chunk.length : fs + 1
      this.#hold(chunk, 0, from)
      const length = this.#heldLength
      const used = this.#scan(this.#held, length, true)
      this.#base += used
      this.#held.copyWithin(0, used, length)
      this.#heldLength = length - used
    }
    if (from < chunk.length) {
      const rest = from === 0 ? chunk : chunk.subarray(from)
      const used = this.#scan(rest, rest.length, false)
      this.#base += used
      if (used < rest.length) this.#hold(rest, used, rest.length)
    }
    return this.#frames
  }

  end(): readonly MllpFrame[] {
    this.#frames = []
    const length = this.#heldLength
    if (this.#state === 'block') this.#bad(this.#held, 0, length, 'cut off', true)
    else if (this.#state === 'plain') this.#message(this.#held, 0, length, { content: 0, contentEnd: length, copy: true })
    else if (length > 0) this.#noise(0, length)
    this.#flushNoise()
    this.#base += length
    this.#held = EMPTY_BYTES
    this.#heldLength = 0
    this.#searched = 0
    this.#state = 'between'
    this.#before = LF
    return this.#frames
  }

  #hold(bytes: Uint8Array, from: number, to: number): void {
    const needed = this.#heldLength + to - from
    if (needed > this.#held.length) {
      const grown = new Uint8Array(Math.max(needed, this.#held.length * 2, 4096))
      grown.set(this.#held.subarray(0, this.#heldLength))
      this.#held = grown
    }
    this.#held.set(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), this.#heldLength)
    this.#heldLength = needed
  }

  /** Reads units out of window[0, length); returns how many bytes are done with. The rest begins the unit under way. */
  #scan(window: Uint8Array, length: number, copy: boolean): number {
    let at = 0
    while (at < length) {
      let next: number
      if (this.#state === 'between') next = this.#between(window, at, length)
      else if (this.#state === 'block') next = this.#block(window, at, length, copy)
      else next = this.#plain(window, at, length, copy)
      if (next < 0) break
      at = next
    }
    return at
  }

  /** Skips noise up to the next start; returns the start, or -1 when the few bytes left may be one. */
  #between(window: Uint8Array, from: number, length: number): number {
    let before = this.#before
    for (let at = from; at < length; at++) {
      const byte = window[at] ?? 0
      if (byte === VT) return this.#begin('block', at)
      if (byte === HEADER[0] && !isPrintable(before)) {
        const match = matchHeader(window, at, 4)
        if (match === 'yes') return this.#begin('plain', at)
        if (match === 'more') return at > from ? this.#stay(at, before) : -1
      }
      // Line ends after a message belong to nobody; within noise they are noise.
      if (!isLineEnd(byte) || this.#noiseLength > 0) this.#noise(at, 1)
      before = byte
    }
    return this.#stay(length, before)
  }

  #stay(at: number, before: number): number {
    this.#before = before
    return at
  }

  #begin(state: State, at: number): number {
    this.#flushNoise()
    this.#state = state
    this.#searched = 0
    return at
  }

  /** A block whose VT is at `start`: returns where it ends, or -1 when its end is not here yet. */
  #block(window: Uint8Array, start: number, length: number, copy: boolean): number {
    const limit = start + 1 + this.#bounds.frameBytesMax
    let from = start + Math.max(1, this.#searched)
    const end = window.indexOf(FS, from)
    const stop = end < 0 || end >= length ? length : end
    // A start block within a block: what came before it was cut off.
    for (let at = window.indexOf(VT, from); at >= 0 && at < stop && at <= limit; at = window.indexOf(VT, at + 1)) {
      const match = matchHeader(window, at + 1, 3)
      if (match === 'yes') return this.#cut(window, start, at, copy)
      if (match === 'more' || at + 3 >= length) {
        if (stop < length) continue
        from = at
        break
      }
    }
    if (stop > limit) {
      this.#bad(window, start, limit + 1, 'too long', copy)
      this.#before = 0x21
      return this.#between_(limit + 1)
    }
    if (stop === length) {
      this.#searched = Math.max(from, Math.max(start + 1, length - 3)) - start
      return -1
    }
    if (stop === start + 1) this.#noise(start, 2)
    else this.#message(window, start, stop + 1, { content: start + 1, contentEnd: stop, copy })
    this.#before = LF
    return this.#between_(stop + 1)
  }
}
