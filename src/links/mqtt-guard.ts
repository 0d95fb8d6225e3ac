/**
 * A bound in front of the broker: aedes collects whatever remaining length a packet claims, logged in or not
 * (MQTT 3.1.1 §2.2.3 allows 256 MB). This walks the fixed headers and cuts the socket at the first packet that is too long.
 */

import { Duplex } from 'node:stream'
import type { Socket } from 'node:net'
import { linkLimits } from '../limits.ts'

/** `packets`: how many have ended so far. */
type Step = { readonly packets: number } & (
  | { readonly kind: 'header' }
  | { readonly kind: 'length'; readonly value: number; readonly shift: number }
  | { readonly kind: 'body'; readonly left: number }
)

/** Pure: walks bytes, says where it stands, or that a packet is longer than `bytesMax`. */
export function walkPackets(from: Step, bytes: Uint8Array, bytesMax: number): Step | 'too-long' {
  let step = from
  let { packets } = from
  for (let at = 0; at < bytes.length; ) {
    if (step.kind === 'body') {
      const taken = Math.min(step.left, bytes.length - at)
      at += taken
      step = taken === step.left ? { packets: ++packets, kind: 'header' } : { packets, kind: 'body', left: step.left - taken }
      continue
    }
    const byte = bytes[at++] ?? 0
    if (step.kind === 'header') {
      step = { packets, kind: 'length', value: 0, shift: 0 }
      continue
    }
    const value: number = step.value + (byte & 0x7f) * 2 ** step.shift
    if (value > bytesMax || step.shift > 21) return 'too-long'
    if (byte & 0x80) step = { packets, kind: 'length', value, shift: step.shift + 7 }
    else step = value === 0 ? { packets: ++packets, kind: 'header' } : { packets, kind: 'body', left: value }
  }
  return step
}

export const PACKET_START: Step = { packets: 0, kind: 'header' }

/** The socket as the broker sees it. A packet begun must be done within the frame deadline, however steadily bytes dribble in. */
export class GuardedSocket extends Duplex {
  #step: Step = PACKET_START
  readonly #socket: Socket
  /** Bytes a packet may have: few until somebody has logged in. */
  #packetBytesMax: number = linkLimits.mqttLoginBytesMax
  #deadline: NodeJS.Timeout | null = null

  constructor(socket: Socket) {
    super()
    this.#socket = socket
    socket.on('data', (bytes: Buffer) => {
      const step = walkPackets(this.#step, bytes, this.#packetBytesMax)
      if (step === 'too-long') {
        this.destroy(new Error('MQTT packet too long'))
        return
      }
      if (step.packets > this.#step.packets || step.kind === 'header') this.#rest()
      this.#step = step
      if (!this.push(bytes)) {
        // While we are the slow ones, nobody is late.
        socket.pause()
        this.#rest()
      } else this.#watch()
    })
    socket.on('end', () => this.push(null))
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => this.destroy())
  }

  /** Whoever is at the other end has logged in. */
  admit(): void {
    this.#packetBytesMax = linkLimits.mqttPacketBytesMax
  }

  #watch(): void {
    if (this.#step.kind === 'header') return
    this.#deadline ??= setTimeout(() => this.destroy(new Error('a packet stayed unfinished')), linkLimits.frameDeadlineMs)
  }

  #rest(): void {
    if (this.#deadline) clearTimeout(this.#deadline)
    this.#deadline = null
  }

  override _read(): void {
    this.#socket.resume()
    this.#watch()
  }

  override _write(bytes: Uint8Array, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(bytes, encoding, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#rest()
    this.#socket.destroy()
    done(error)
  }
}
