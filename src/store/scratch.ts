/** A buffer that grows while something is written into it, little-endian, and is used again for the next. */

const BYTES_FIRST = 65_536
/** More than this is given back once it is no longer needed. */
const BYTES_KEPT_MAX = 4_194_304

export class Scratch {
  #bytes = new Uint8Array(BYTES_FIRST)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  get length(): number {
    return this.#length
  }

  clear(): void {
    this.#length = 0
    if (this.#bytes.length > BYTES_KEPT_MAX) this.#become(new Uint8Array(BYTES_FIRST))
  }

  u8(value: number): void {
    const at = this.#take(1)
    this.#view.setUint8(at, value)
  }

  u16(value: number): void {
    const at = this.#take(2)
    this.#view.setUint16(at, value, true)
  }

  u32(value: number): void {
    const at = this.#take(4)
    this.#view.setUint32(at, value, true)
  }

  i32(value: number): void {
    const at = this.#take(4)
    this.#view.setInt32(at, value, true)
  }

  f64(value: number): void {
    const at = this.#take(8)
    this.#view.setFloat64(at, value, true)
  }

  bytes(value: Uint8Array): void {
    const at = this.#take(value.length)
    this.#bytes.set(value, at)
  }

  /** Overwrites four bytes that were left for a number known only later. */
  u32At(at: number, value: number): void {
    this.#view.setUint32(at, value, true)
  }

  i32At(at: number, value: number): void {
    this.#view.setInt32(at, value, true)
  }

  /** What was written from `from` on, without copying: true until the next write. */
  since(from: number): Uint8Array {
    return this.#bytes.subarray(from, this.#length)
  }

  /** A copy of its own size, fit to be transferred to another thread. */
  copy(): ArrayBuffer {
    return this.#bytes.buffer.slice(0, this.#length)
  }

  /** May move everything to a larger buffer: take first, then write. */
  #take(count: number): number {
    const at = this.#length
    this.#length += count
    if (this.#length > this.#bytes.length) this.#grow()
    return at
  }

  #grow(): void {
    let size = this.#bytes.length
    while (size < this.#length) size *= 2
    const larger = new Uint8Array(size)
    larger.set(this.#bytes)
    this.#become(larger)
  }

  #become(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer)
  }
}
