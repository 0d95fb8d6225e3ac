/**
 * MLLP framing (HL7 v2 Transport Specification, Minimal Lower Layer Protocol): VT, message, FS, CR. Incremental, total on
 * any bytes, bounded, and indifferent to how the bytes were cut into chunks.
 *
 * What devices really send is forgiven where no wrong message can come of it:
 * - FS without CR, with CR LF, or with CR in the next chunk: the frame ends at FS, line ends after it are dropped.
 * - VT missing: a message begins where `MSH|` begins a line, or follows a byte that is no printable ASCII. Such a message
 *   ends at FS, at the next block, where the next `MSH|` begins a line, or with the input.
 * - a block that is not ended before the next `VT MSH` was cut off: bad, and the next one is read.
 */

import { GrowingBytes } from './growing.ts'

export const VT = 0x0b
export const FS = 0x1c
const CR = 0x0d
const LF = 0x0a

/** `offset` and `length` count bytes since the framer was made; framing is included. */
export type MllpFrame = { readonly offset: number; readonly length: number } & (
  /** `bytes` as they came, framing included; `content` is what lies between VT and FS. */
  | { readonly kind: 'message'; readonly bytes: Uint8Array; readonly content: Uint8Array }
  /** `bytes` is at most its first `keptBytesMax`. */
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

/** VT + content + FS + CR, ready to send. */
export function mllpFrame(content: Uint8Array): Uint8Array {
  const frame = new Uint8Array(content.length + 3)
  frame[0] = VT
  frame.set(content, 1)
  frame[frame.length - 2] = FS
  frame[frame.length - 1] = CR
  return frame
}

/** M, S, H, and the field separator that every unframed message must have. */
const HEADER = [0x4d, 0x53, 0x48, 0x7c] as const

/** Whether the first `letters` bytes of `MSH|` stand at `at`; 'more' when the window ends before that can be told. */
function matchHeader(window: Uint8Array, at: number, letters: 3 | 4): 'yes' | 'no' | 'more' {
  for (let index = 0; index < letters; index++) {
    if (at + index >= window.length) return 'more'
    if (window[at + index] !== HEADER[index]) return 'no'
  }
  return 'yes'
}

const isPrintable = (byte: number): boolean => byte > 0x20 && byte < 0x7f
const isLineEnd = (byte: number): boolean => byte === CR || byte === LF

export class MllpFramer {
  readonly #bounds: MllpBounds
  /** Between messages; in a block begun by VT; in a message begun by `MSH|` alone. */
  #state: 'between' | 'block' | 'plain' = 'between'
  /** The unit begun in earlier chunks. */
  readonly #held = new GrowingBytes()
  /** Absolute offset of the first byte of the window under scan. */
  #base = 0
  /** How far into the unit under way its end has been looked for. */
  #searched = 0
  /** The byte before the next one, which decides whether `MSH|` may begin a message here. */
  #before: number = LF
  #noiseOffset = 0
  #noiseLength = 0
  #frames: MllpFrame[] = []

  constructor(bounds: MllpBounds) {
    this.#bounds = bounds
  }

  /** Bytes held of the unit under way: at most frameBytesMax + 5. */
  get heldBytes(): number {
    return this.#held.length
  }

  /** Whether nothing is under way: line ends behind a message are not. */
  get isAtRest(): boolean {
    return this.#held.length === 0 && this.#noiseLength === 0
  }

  /** The chunk must not be changed afterwards: messages that lie within one chunk are views of it. */
  push(chunk: Uint8Array): readonly MllpFrame[] {
    this.#frames = []
    let from = 0
    if (this.#held.length > 0) {
      // Behind an FS nothing is under way, so the held unit needs this chunk no further than its first FS.
      const fs = chunk.indexOf(FS)
      from = fs < 0 ? chunk.length : fs + 1
      this.#held.append(from === chunk.length ? chunk : chunk.subarray(0, from))
      const used = this.#scan(this.#held.view(), true)
      this.#base += used
      this.#held.drop(used)
    }
    if (from < chunk.length) {
      const rest = from === 0 ? chunk : chunk.subarray(from)
      const used = this.#scan(rest, false)
      this.#base += used
      if (used < rest.length) this.#held.append(rest.subarray(used))
    }
    return this.#frames
  }

  /** The input is over: what is held is judged. The framer may be used again; offsets go on. */
  end(): readonly MllpFrame[] {
    this.#frames = []
    const window = this.#held.take()
    if (this.#state === 'block') this.#bad(window, { start: 0, end: window.length, why: 'cut off' })
    else if (this.#state === 'plain') this.#message(window, { start: 0, end: window.length, contentStart: 0, contentEnd: window.length, copy: false })
    else this.#noise(0, window.length)
    this.#flushNoise()
    this.#base += window.length
    this.#state = 'between'
    this.#before = LF
    return this.#frames
  }

  /** Reads all that the window completes; returns where the unit under way begins. */
  #scan(window: Uint8Array, copy: boolean): number {
    let at = 0
    while (at < window.length) {
      const state = this.#state
      const next = state === 'between' ? this.#between(window, at) : state === 'block' ? this.#block(window, at, copy) : this.#plain(window, at, copy)
      // No step forward and no change of state: only more bytes can tell.
      if (next === at && state === this.#state) break
      at = next
    }
    return at
  }

  #begin(state: 'block' | 'plain', at: number): number {
    this.#flushNoise()
    this.#state = state
    this.#searched = 0
    return at
  }

  /** The unit is over; `at` is the first byte after it. */
  #finish(window: Uint8Array, at: number): number {
    this.#state = 'between'
    this.#before = window[at - 1] ?? LF
    return at
  }

  /** Passes noise by, up to the start of a message. */
  #between(window: Uint8Array, from: number): number {
    let before = this.#before
    for (let at = from; at < window.length; at++) {
      const byte = window[at] ?? 0
      if (byte === VT) return this.#begin('block', at)
      if (byte === HEADER[0] && !isPrintable(before)) {
        const match = matchHeader(window, at, 4)
        if (match === 'yes') return this.#begin('plain', at)
        if (match === 'more') {
          this.#before = before
          return at
        }
      }
      // Line ends behind a message are part of how some devices frame it; within noise they are noise.
      if (!isLineEnd(byte) || this.#noiseLength > 0) this.#noise(at, 1)
      before = byte
    }
    this.#before = before
    return window.length
  }

  /** In a block whose VT is at `start`. */
  #block(window: Uint8Array, start: number, copy: boolean): number {
    /** Where FS stands in the longest block that is allowed. */
    const limit = start + 1 + this.#bounds.frameBytesMax
    const from = start + Math.max(1, this.#searched)
    const fs = window.indexOf(FS, from)
    const end = fs < 0 ? window.length : fs
    for (let vt = window.indexOf(VT, from); vt >= 0 && vt < end && vt <= limit; vt = window.indexOf(VT, vt + 1)) {
      const match = matchHeader(window, vt + 1, 3)
      if (match === 'yes') {
        this.#bad(window, { start, end: vt, why: 'cut off' })
        return this.#begin('block', vt)
      }
      if (match === 'more') {
        this.#searched = vt - start
        return start
      }
    }
    if (end > limit) {
      this.#bad(window, { start, end: limit + 1, why: 'too long' })
      return this.#finish(window, limit + 1)
    }
    if (fs < 0) {
      this.#searched = window.length - start
      return start
    }
    if (fs === start + 1) this.#noise(start, 2)
    else this.#message(window, { start, end: fs + 1, contentStart: start + 1, contentEnd: fs, copy })
    return this.#finish(window, fs + 1)
  }

  /** In a message that began with `MSH|` at `start`, without VT. */
  #plain(window: Uint8Array, start: number, copy: boolean): number {
    const limit = start + this.#bounds.frameBytesMax
    for (let at = start + Math.max(HEADER.length, this.#searched); at < window.length; at++) {
      const byte = window[at] ?? 0
      if (byte === FS) {
        this.#message(window, { start, end: at + 1, contentStart: start, contentEnd: at, copy })
        return this.#finish(window, at + 1)
      }
      const opens = byte === VT ? matchHeader(window, at + 1, 3) : byte === HEADER[0] && isLineEnd(window[at - 1] ?? 0) ? matchHeader(window, at, 4) : 'no'
      if (opens === 'yes') {
        this.#message(window, { start, end: at, contentStart: start, contentEnd: at, copy })
        return this.#begin(byte === VT ? 'block' : 'plain', at)
      }
      if (opens === 'more') {
        this.#searched = at - start
        return start
      }
      if (at >= limit) {
        this.#bad(window, { start, end: at + 1, why: 'too long' })
        return this.#finish(window, at + 1)
      }
    }
    this.#searched = window.length - start
    return start
  }

  #message(window: Uint8Array, unit: { start: number; end: number; contentStart: number; contentEnd: number; copy: boolean }): void {
    const { start, end } = unit
    const bytes = unit.copy ? window.slice(start, end) : window.subarray(start, end)
    const content = bytes.subarray(unit.contentStart - start, unit.contentEnd - start)
    this.#frames.push({ kind: 'message', offset: this.#base + start, length: end - start, bytes, content })
  }

  #bad(window: Uint8Array, { start, end, why }: { start: number; end: number; why: 'cut off' | 'too long' }): void {
    if (end - start === 1) {
      this.#noise(start, 1)
      this.#flushNoise()
      return
    }
    const bytes = window.slice(start, Math.min(end, start + this.#bounds.keptBytesMax))
    this.#frames.push({ kind: 'bad', offset: this.#base + start, length: end - start, bytes, why })
  }

  #noise(at: number, length: number): void {
    if (length === 0) return
    if (this.#noiseLength === 0) this.#noiseOffset = this.#base + at
    this.#noiseLength += length
    if (this.#noiseLength >= this.#bounds.noiseSpanBytesMax) this.#flushNoise()
  }

  #flushNoise(): void {
    if (this.#noiseLength > 0) this.#frames.push({ kind: 'noise', offset: this.#noiseOffset, length: this.#noiseLength })
    this.#noiseLength = 0
  }
}
