/** Sockets that a listener may hold: so many together, and so many from one address. */

import type { Socket } from 'node:net'
import { linkLimits } from '../limits.ts'

export class Places {
  readonly #sockets = new Set<Socket>()
  readonly #perAddress = new Map<string, number>()

  get taken(): number {
    return this.#sockets.size
  }

  /** Whether the socket has a place, which it gives back when it closes. */
  take(socket: Socket): boolean {
    const address = socket.remoteAddress ?? 'unknown'
    const already = this.#perAddress.get(address) ?? 0
    if (already >= linkLimits.socketsPerPeerMax || this.#sockets.size >= linkLimits.socketsMax) return false
    this.#perAddress.set(address, already + 1)
    this.#sockets.add(socket)
    socket.once('close', () => this.#leave(socket, address))
    return true
  }

  /** Nobody stays. */
  clear(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #leave(socket: Socket, address: string): void {
    this.#sockets.delete(socket)
    const left = (this.#perAddress.get(address) ?? 1) - 1
    if (left > 0) this.#perAddress.set(address, left)
    else this.#perAddress.delete(address)
  }
}
