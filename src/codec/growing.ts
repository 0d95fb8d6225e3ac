/** Bytes that arrive in pieces, in one array that doubles when it is full: linear cost however small the pieces are. */

import { EMPTY_BYTES } from './bytes.ts'

const FIRST_BYTES = 1_024
/** An empty array larger than this is given back. */
const KEPT_BYTES = 65_536

export class GrowingBytes {
  #bytes: Uint8Array = EMPTY_BYTES
  #length = 0

  get length(): number {
    return this.#length
  }

  append(piece: Uint8Array): void {
    const length = this.#length + piece.length
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(length, this.#bytes.length * 2, FIRST_BYTES))
      grown.set(this.view())
      this.#bytes = grown
    }
    this.#bytes.set(piece, this.#length)
    this.#length = length
  }

  /** What is held, without a copy: valid until the next change. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Forgets the first `count` bytes. */
  drop(count: number): void {
    if (count === 0) return
    this.#bytes.copyWithin(0, count, this.#length)
    this.#length -= count
    if (this.#length === 0 && this.#bytes.length > KEPT_BYTES) this.#bytes = EMPTY_BYTES
  }

  /** A copy of what is held, which is then forgotten. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length)
    this.drop(this.#length)
    return taken
  }
}
