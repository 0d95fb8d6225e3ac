/**
 * One direction of a TCP conversation, put together again from captured segments (RFC 9293): repeats are dropped, what overtook
 * waits for its turn, and what was never captured is a gap. A capture may begin and end in the middle. Bounded.
 */

import { toolLimits } from '../limits.ts'
import type { Segment } from './packet.ts'

export type StreamPiece =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** So many bytes were not captured: what stands before and behind does not belong together. */
  | { readonly kind: 'gap'; readonly bytes: number }
  /** The conversation is over, and another may follow between the same ends. */
  | { readonly kind: 'end' }

type Waiting = { readonly sequence: number; readonly payload: Uint8Array; readonly missingBytes: number }
type TcpSegment = Pick<Extract<Segment, { protocol: 'tcp' }>, 'sequence' | 'isBegin' | 'isEnd' | 'isReset' | 'payload' | 'missingBytes'>

/** Numbers that lie farther apart than any window belong to two conversations. */
const FAR = 1 << 28

/** How far `to` lies behind `from`, on a circle of 32 bits. */
const distance = (from: number, to: number): number => (to - from) | 0

export class TcpStream {
  /** The number of the next byte; null before the first. */
  #next: number | null = null
  /** The number of the first, where the capture holds the beginning. */
  #begunAt: number | null = null
  #waiting: Waiting[] = []
  #waitingBytes = 0
  /** The number behind the last byte, once the other side has said so. */
  #endAt: number | null = null
  #pieces: StreamPiece[] = []

  push(segment: TcpSegment): readonly StreamPiece[] {
    this.#pieces = []
    const { isBegin, isReset, payload, missingBytes } = segment
    const sequence = isBegin ? (segment.sequence + 1) >>> 0 : segment.sequence
    if (this.#next !== null && (isBegin ? sequence !== this.#begunAt : Math.abs(distance(this.#next, sequence)) > FAR)) this.#finish()
    if (this.#next === null && (isBegin || payload.length + missingBytes > 0)) {
      this.#next = sequence
      this.#begunAt = isBegin ? sequence : null
    }
    if (segment.isEnd) this.#endAt = (sequence + payload.length + missingBytes) >>> 0
    if (payload.length + missingBytes > 0) this.#take({ sequence, payload, missingBytes })
    this.#drain()
    while (this.#isFull()) this.#passGap()
    if (isReset || (this.#endAt !== null && this.#next !== null && distance(this.#next, this.#endAt) <= 0)) this.#finish()
    return this.#pieces
  }

  /** The capture is over: what waits comes as it stands. */
  end(): readonly StreamPiece[] {
    this.#pieces = []
    this.#finish()
    return this.#pieces
  }

  #isFull(): boolean {
    return this.#waiting.length > toolLimits.segmentsWaitingMax || this.#waitingBytes > toolLimits.segmentsWaitingBytesMax
  }

  #take(segment: Waiting): void {
    this.#waiting.push(segment)
    this.#waitingBytes += segment.payload.length
  }

  /** All whose turn it is. */
  #drain(): void {
    for (;;) {
      const next = this.#next
      const index = next === null ? -1 : this.#waiting.findIndex(({ sequence }) => distance(next, sequence) <= 0)
      const segment = this.#waiting[index]
      if (next === null || segment === undefined) return
      this.#waiting.splice(index, 1)
      this.#waitingBytes -= segment.payload.length
      const { sequence, payload, missingBytes } = segment
      const known = -distance(next, sequence)
      if (known >= payload.length + missingBytes) continue
      if (known < payload.length) this.#pieces.push({ kind: 'bytes', bytes: payload.slice(known) })
      const missing = missingBytes - Math.max(0, known - payload.length)
      if (missing > 0) this.#pieces.push({ kind: 'gap', bytes: missing })
      this.#next = (sequence + payload.length + missingBytes) >>> 0
    }
  }

  /** What is waited for does not come any more. */
  #passGap(): void {
    const next = this.#next
    if (next === null) return
    const lost = Math.min(...this.#waiting.map(({ sequence }) => distance(next, sequence)))
    this.#pieces.push({ kind: 'gap', bytes: lost })
    this.#next = (next + lost) >>> 0
    this.#drain()
  }

  #finish(): void {
    while (this.#waiting.length > 0) this.#passGap()
    if (this.#next !== null) this.#pieces.push({ kind: 'end' })
    this.#next = null
    this.#endAt = null
  }
}
