/**
 * Packets and lines in one stream, told apart by their bytes. A packet is 25 frames of five bytes, each with a checksum, the first
 * of them with the SYNC bit: format 2 is `01 status pleth value sum`, format 7 `status pleth pleth value sum`. In each frame one
 * byte has bit 7, which no text has. What is neither is noise.
 */

import { driverLimits } from '#driver'

export const FRAME_BYTES = 5
export const FRAMES_PER_PACKET = 25
const PACKET_BYTES = FRAME_BYTES * FRAMES_PER_PACKET
const LINE_BYTES_MAX = driverLimits.asciiLineBytesMax
const HELD_BYTES = 2 * LINE_BYTES_MAX

/** So many frames in a row are no accident. */
const FRAMES_PROVEN = 2

type Place = { readonly offset: number; readonly length: number }
export type PacketFrame = Place & { readonly kind: 'packet'; readonly format: 2 | 7; readonly bytes: Uint8Array }
/** `offset` and `length` count bytes since the framer was made. */
export type NoninFrame =
  | PacketFrame
  /** Without its end. `isFinished`: the end came. */
  | (Place & { readonly kind: 'line'; readonly bytes: Uint8Array; readonly isFinished: boolean })
  | (Place & { readonly kind: 'bad'; readonly bytes: Uint8Array; readonly why: 'a packet that breaks off' })
  | (Place & { readonly kind: 'noise' })

const CR = 0x0d
const LF = 0x0a
const START_2 = 0x01
const ALWAYS_SET = 0x80
const SYNC = 0x01

const isLineEnd = (byte: number): boolean => byte === CR || byte === LF
const isText = (byte: number): boolean => (byte >= 0x20 && byte <= 0x7e) || byte === 0x09

export class NoninFramer {
  readonly #held = new Uint8Array(HELD_BYTES)
  #length = 0
  /** Absolute offset of the first byte held. */
  #offset = 0
  /** Bytes of noise before it. */
  #noise = 0
  /** Noise stood within the line under way: what is left of it is no line. */
  #isTorn = false
  #frames: NoninFrame[] = []

  get isAtRest(): boolean {
    return this.#length === 0
  }

  push(chunk: Uint8Array): readonly NoninFrame[] {
    this.#frames = []
    for (let from = 0; from < chunk.length; ) {
      const taken = Math.min(chunk.length - from, this.#held.length - this.#length)
      this.#held.set(chunk.subarray(from, from + taken), this.#length)
      this.#length += taken
      from += taken
      this.#work()
    }
    return this.#frames
  }

  /** The input is over. The framer may be used again; offsets go on. */
  end(): readonly NoninFrame[] {
    this.#frames = []
    const window = this.#held.slice(0, this.#length)
    const [first = 0] = window
    if (window.length > 0 && isText(first) && !this.#isTorn) this.#emit({ kind: 'line', ...this.#place(window.length), bytes: window, isFinished: false })
    else if (framesIn(window).whole >= FRAMES_PROVEN) this.#emit({ kind: 'bad', ...this.#place(window.length), bytes: window, why: 'a packet that breaks off' })
    else this.#hush(window.length)
    this.#offset += window.length
    this.#length = 0
    this.#flushNoise()
    this.#isTorn = false
    return this.#frames
  }

  /** Takes off what is held all that can be judged. */
  #work(): void {
    let from = 0
    for (;;) {
      const taken = this.#step(this.#held.subarray(from, this.#length))
      if (taken === 0) break
      from += taken
      this.#offset += taken
    }
    this.#held.copyWithin(0, from, this.#length)
    this.#length -= from
  }

  /** How many bytes of the window were judged; none when only more bytes can tell. */
  #step(window: Uint8Array): number {
    const [first] = window
    if (first === undefined) return 0
    if (isLineEnd(first)) {
      this.#flushNoise()
      this.#isTorn = false
      return 1
    }
    return isText(first) ? this.#stepLine(window) : this.#stepPacket(window)
  }

  #stepLine(window: Uint8Array): number {
    let end = 1
    while (end < window.length && isText(window[end] ?? 0)) end++
    const isLong = end > LINE_BYTES_MAX
    if (this.#isTorn || isLong) return this.#hush(end)
    const next = window[end]
    if (next === undefined) return 0
    if (!isLineEnd(next)) return this.#hush(end)
    this.#emit({ kind: 'line', ...this.#place(end), bytes: window.slice(0, end), isFinished: true })
    return end
  }

  #stepPacket(window: Uint8Array): number {
    const { format, whole, isBroken } = framesIn(window)
    if (whole === FRAMES_PER_PACKET) {
      this.#emit({ kind: 'packet', ...this.#place(PACKET_BYTES), format, bytes: window.slice(0, PACKET_BYTES) })
      this.#isTorn = false
      return PACKET_BYTES
    }
    if (!isBroken) return 0
    if (whole < FRAMES_PROVEN) return this.#hush(1)
    const length = whole * FRAME_BYTES
    this.#emit({ kind: 'bad', ...this.#place(length), bytes: window.slice(0, length), why: 'a packet that breaks off' })
    this.#isTorn = true
    return length
  }

  #place(length: number): Place {
    return { offset: this.#offset, length }
  }

  #emit(frame: NoninFrame): void {
    this.#flushNoise()
    this.#frames.push(frame)
  }

  /** These bytes are noise. It is told in spans of bounded length, the same however the bytes came. */
  #hush(count: number): number {
    this.#isTorn = true
    let offset = this.#offset
    for (let left = count; left > 0; ) {
      const taken = Math.min(left, driverLimits.noiseSpanBytesMax - this.#noise)
      this.#noise += taken
      left -= taken
      offset += taken
      if (this.#noise === driverLimits.noiseSpanBytesMax) this.#flushNoise(offset)
    }
    return count
  }

  /** `end`: where the noise ends. */
  #flushNoise(end: number = this.#offset): void {
    if (this.#noise > 0) this.#frames.push({ kind: 'noise', offset: end - this.#noise, length: this.#noise })
    this.#noise = 0
  }
}

/** Frames of a packet that begins where the window does: how many are whole, and whether the next one shows that it is none. */
function framesIn(window: Uint8Array): { readonly format: 2 | 7; readonly whole: number; readonly isBroken: boolean } {
  const format = window[0] === START_2 ? 2 : 7
  let whole = 0
  while (whole < FRAMES_PER_PACKET) {
    const frame = window.subarray(whole * FRAME_BYTES, (whole + 1) * FRAME_BYTES)
    if (frame.length < FRAME_BYTES && !isBegun(frame, format, whole)) return { format, whole, isBroken: true }
    if (frame.length < FRAME_BYTES) return { format, whole, isBroken: false }
    if (!isBegun(frame, format, whole) || !isSound(frame)) return { format, whole, isBroken: true }
    whole++
  }
  return { format, whole, isBroken: false }
}

/** Whether what there is of a frame may be the one with this index. */
function isBegun([first, second]: Uint8Array, format: 2 | 7, index: number): boolean {
  const status = format === 2 ? second : first
  if (format === 2 && first !== undefined && first !== START_2) return false
  return status === undefined || ((status & ALWAYS_SET) !== 0 && ((status & SYNC) !== 0) === (index === 0))
}

const isSound = ([a = 0, b = 0, c = 0, d = 0, sum]: Uint8Array): boolean => ((a + b + c + d) & 0xff) === sum
