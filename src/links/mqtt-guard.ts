/**
 * A bound in front of the broker: aedes collects whatever remaining length a packet claims, logged in or not
 * (MQTT 3.1.1 §2.2.3 allows 256 MB). This walks the fixed headers and cuts the socket at the first packet that is too long.
 */

import { Duplex } from 'node:stream'
import type { Socket } from 'node:net'
import { linkLimits } from '../limits.ts'

type Step = { readonly kind: 'header' } | { readonly kind: 'length'; readonly value: number; readonly shift: number } | { readonly kind: 'body'; readonly left: number }

/** Pure: walks bytes, says where it stands, or that a packet is longer than `bytesMax`. */
export function walkPackets(from: Step, bytes: Uint8Array, bytesMax: number): Step | 'too-long' {
  let step = from
  for (let at = 0; at < bytes.length; ) {
    if (step.kind === 'body') {
      const taken = Math.min(step.left, bytes.length - at)
      at += taken
      step = taken === step.left ? { kind: 'header' } : { kind: 'body', left: step.left - taken }
      continue
    }
    const byte = bytes[at++] ?? 0
    if (step.kind === 'header') {
      step = { kind: 'length', value: 0, shift: 0 }
      continue
    }
    const value: number = step.value + (byte & 0x7f) * 2 ** step.shift
    if (value > bytesMax || step.shift > 21) return 'too-long'
    if (byte & 0x80) step = { kind: 'length', value, shift: step.shift + 7 }
    else step = value === 0 ? { kind: 'header' } : { kind: 'body', left: value }
  }
  return step
}

export const PACKET_START: Step = { kind: 'header' }

/** The socket as the broker sees it. */
export class GuardedSocket extends Duplex {
  #step: Step = PACKET_START
  readonly #socket: Socket
  /** Bytes a packet may have: few until somebody has logged in. */
  packetBytesMax: number = linkLimits.mqttLoginBytesMax

  constructor(socket: Socket) {
    super()
    this.#socket = socket
    socket.on('data', (bytes: Buffer) => {
      const step = walkPackets(this.#step, bytes, this.packetBytesMax)
      if (step === 'too-long') {
        this.destroy(new Error('MQTT packet too long'))
        return
      }
      this.#step = step
      if (!this.push(bytes)) socket.pause()
    })
    socket.on('end', () => this.push(null))
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => this.destroy())
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(bytes: Uint8Array, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(bytes, encoding, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }
}
