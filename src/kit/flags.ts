/** Sets of flags as bits, so that thousands of readings a second share a few arrays. */

import { READING_FLAGS, type ReadingFlag } from '../domain/reading.ts'

const SETS: readonly (readonly ReadingFlag[])[] = Array.from({ length: 2 ** READING_FLAGS.length }, (_, bits) =>
  Object.freeze(READING_FLAGS.filter((_flag, index) => (bits & (1 << index)) !== 0)),
)
const NO_FLAGS: readonly ReadingFlag[] = []

/** The bit of one flag; add bits up with `|`. */
export const flagBit = (flag: ReadingFlag): number => 1 << READING_FLAGS.indexOf(flag)

/** The flags of these bits, in the order of READING_FLAGS. */
export const flagsOf = (bits: number): readonly ReadingFlag[] => SETS[bits] ?? NO_FLAGS
