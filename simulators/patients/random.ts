/** Seeded randomness: the same seed gives the same ward, on any machine. */

export type Random = {
  /** Uniform in [0, 1). */
  readonly uniform: () => number
  /** Bell-shaped, mean 0, standard deviation 1, never beyond ±3.47: noise with bounds that tests can rely on. */
  readonly bell: () => number
  /** Uniform between two bounds. */
  readonly between: (low: number, high: number) => number
}

/** FNV-1a, 32 bits: turns a seed and a name into one number, so that adding a bed never changes another. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) {
    hash ^= text.charCodeAt(at)
    hash = Math.imul(hash, 0x01000193)
  }
  return hash >>> 0
}

const TWO_TO_16 = 65_536
const TWO_TO_32 = 4_294_967_296
/** Standard deviation of a sum of four uniforms. */
const FOUR_UNIFORMS_SD = Math.sqrt(4 / 12)

/** A generator of the xorshift-multiply family with 32 bits of state: enough for physiology, never for secrets. */
export function randomOf(seed: number): Random {
  // Kept as a signed 32-bit integer, which the engine holds without a box.
  let state = seed | 0
  const draw = (): number => {
    state = (state + 0x9e3779b9) | 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return mixed ^ (mixed >>> 15)
  }
  const uniform = (): number => (draw() >>> 0) / TWO_TO_32
  return {
    uniform,
    // Each draw is two uniforms of 16 bits.
    bell: () => {
      const one = draw()
      const two = draw()
      const sum = (one >>> 16) + (one & 0xffff) + (two >>> 16) + (two & 0xffff)
      return (sum / TWO_TO_16 - 2) / FOUR_UNIFORMS_SD
    },
    between: (low, high) => low + (high - low) * uniform(),
  }
}
