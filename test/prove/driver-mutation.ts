/** Frames of a driver made bad: what `wire-mutation` does to any bytes, and what hurts framed fields in particular. From a seed. */

import { type Random, mutated } from './wire-mutation.ts'

/** What parts fields somewhere. */
const SEPARATORS = [0x09, 0x0a, 0x0d, 0x20, 0x2c, 0x3d, 0x5e, 0x7c] as const
/** Numbers that hurt: sentinels, limits, lengths, and what no metric can be. */
const NUMBERS = [
  '0', '-0', '-1', '00000000', '99999', '1e999', '-1e308', '1e-400', '32767', '-32768', '8388607', '4294967295', '9007199254740993', '127', '511',
  'NaN', 'Infinity', '---', '',
] as const
const LONG_ONE_IN = 400
const VERY_LONG_ONE_IN = 40_000
const LONG_BYTES = 5_000
/** Longer than any frame may be. */
const VERY_LONG_BYTES = 1_200_000

export type Pick = () => Uint8Array

/** One frame as the wire, a bug or ill will might make it; `other`: another good one of the same device. */
export function hostile(random: Random, good: Uint8Array, other: Pick): Uint8Array {
  switch (random.int(12)) {
    case 0:
      return swapped(random, good)
    case 1:
      return spliced(random, good, other())
    case 2:
      return numbered(random, good)
    case 3:
      return lengthened(random, good)
    case 4:
      return glued(good, other())
    case 5:
      return flipped(random, good)
    default:
      return new Uint8Array(mutated(random, good))
  }
}

/** One byte is another one: what every checksum notices. */
export function byteChanged(random: Random, good: Uint8Array): Uint8Array {
  const bytes = good.slice()
  const at = random.int(bytes.length)
  bytes[at] = (bytes[at] ?? 0) ^ (1 + random.int(255))
  return bytes
}

/** Cut anywhere into at most `piecesMax`, with empty ones among them. */
export function cutAnywhere(random: Random, bytes: Uint8Array, piecesMax: number): readonly Uint8Array[] {
  const cuts = Array.from({ length: random.int(piecesMax) }, () => random.int(bytes.length + 1)).toSorted((a, b) => a - b)
  return [0, ...cuts].map((from, index) => bytes.slice(from, cuts[index] ?? bytes.length))
}

export function glued(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

function flipped(random: Random, good: Uint8Array): Uint8Array {
  const bytes = good.slice()
  for (let flips = random.int(4); flips >= 0 && bytes.length > 0; flips--) {
    const at = random.int(bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.int(8))
  }
  return bytes
}

/** Where fields begin; without separators, anywhere. */
function fieldsOf(random: Random, bytes: Uint8Array): readonly (readonly [from: number, to: number])[] {
  const separator = SEPARATORS[random.int(SEPARATORS.length)]
  const borders = [-1]
  for (let at = bytes.indexOf(separator ?? 0); at >= 0 && borders.length < 200; at = bytes.indexOf(separator ?? 0, at + 1)) borders.push(at)
  borders.push(bytes.length)
  const fields = borders.slice(1).map((to, index) => [(borders[index] ?? -1) + 1, to] as const)
  if (fields.length > 2) return fields
  return [0, 1].map(() => random.int(bytes.length + 1)).map((from) => [from, Math.min(bytes.length, from + 1 + random.int(8))] as const)
}

function swapped(random: Random, good: Uint8Array): Uint8Array {
  const fields = fieldsOf(random, good)
  const [one = [0, 0], other = [0, 0]] = [fields[random.int(fields.length)], fields[random.int(fields.length)]]
  const [first, last] = one[0] <= other[0] ? [one, other] : [other, one]
  if (first[1] > last[0]) return good
  return glued(good.slice(0, first[0]), good.slice(...last), good.slice(first[1], last[0]), good.slice(...first), good.slice(last[1]))
}

function numbered(random: Random, good: Uint8Array): Uint8Array {
  const fields = fieldsOf(random, good)
  const [from, to] = fields[random.int(fields.length)] ?? [0, 0]
  const number = Buffer.from(NUMBERS[random.int(NUMBERS.length)] ?? '')
  return glued(good.slice(0, from), new Uint8Array(number), good.slice(to))
}

function spliced(random: Random, good: Uint8Array, other: Uint8Array): Uint8Array {
  return glued(good.slice(0, random.int(good.length + 1)), other.slice(random.int(other.length + 1)))
}

/** A field that does not end, or a length that is not so. */
function lengthened(random: Random, good: Uint8Array): Uint8Array {
  const at = random.int(good.length + 1)
  const length = random.int(VERY_LONG_ONE_IN / LONG_ONE_IN) === 0 ? VERY_LONG_BYTES : LONG_BYTES
  const filling = good[random.int(good.length)] ?? 0x31
  if (random.int(LONG_ONE_IN / 12) === 0) return glued(good.slice(0, at), new Uint8Array(random.int(length)).fill(filling), good.slice(at))
  const bytes = good.slice()
  bytes.fill(random.int(2) === 0 ? 0xff : 0x00, at, at + 1 + random.int(4))
  return bytes
}
