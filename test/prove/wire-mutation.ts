/** Good frames made bad, from a seed: what a wire, a bug or a person who means ill does to bytes. */

import type { randomOf } from './prove.ts'

export type Random = ReturnType<typeof randomOf>

/** Bytes that mean something somewhere: frames, fields, lines, JSON, ends of text. */
const SPECIAL = [0x00, 0x0a, 0x0b, 0x0d, 0x1c, 0x22, 0x26, 0x2d, 0x30, 0x39, 0x5b, 0x5c, 0x5e, 0x7b, 0x7c, 0x7d, 0x7e, 0x7f, 0x80, 0xc3, 0xff] as const
const CHANGES_MAX = 4
const SPAN_MAX = 40
/** One of so many frames stays as it was. */
const WHOLE_ONE_IN = 4

/** `isAscii`: no byte above 0x7f is put in. */
export function mutated(random: Random, good: Uint8Array, isAscii = false): Uint8Array {
  if (random.int(WHOLE_ONE_IN) === 0) return good
  let bytes = Buffer.from(good)
  for (let change = random.int(CHANGES_MAX); change >= 0; change--) bytes = changed(random, bytes, isAscii ? 0x7f : 0xff)
  return bytes
}

function changed(random: Random, bytes: Buffer<ArrayBuffer>, mask: number): Buffer<ArrayBuffer> {
  if (bytes.length === 0) return bytes
  const at = random.int(bytes.length)
  const span = Math.min(bytes.length - at, 1 + random.int(SPAN_MAX))
  switch (random.int(6)) {
    case 0:
      bytes[at] = random.int(256) & mask
      return bytes
    case 1:
      bytes[at] = (SPECIAL[random.int(SPECIAL.length)] ?? 0) & mask
      return bytes
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + span)])
    case 3:
      return Buffer.concat([bytes.subarray(0, at + span), bytes.subarray(at)])
    case 4:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(random.bytes(span).map((byte) => byte & mask)), bytes.subarray(at)])
    default:
      return random.int(4) === 0 ? bytes.subarray(0, at) : bytes
  }
}

/** Cut anywhere into at most `piecesMax`. */
export function pieces(random: Random, bytes: Buffer, piecesMax: number): readonly Buffer[] {
  const cuts = Array.from({ length: random.int(piecesMax) }, () => random.int(bytes.length + 1)).toSorted((a, b) => a - b)
  return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length))
}
