/** The one rounding of the house: half up, in decimal, before any banding, comparing or printing. */

/**
 * Rounds half up (towards +∞) to `decimals` digits: 20.5 → 21, 38.04 → 38.0, 38.05 → 38.1. Some decimals lie a hair low
 * once scaled in binary (1.005 × 100 is 100.49999999999999); the tolerance is a few of those hairs.
 */
export function roundHalfUp(value: number, decimals: number): number {
  const scale = decimals === 0 ? 1 : 10 ** decimals
  const scaled = value * scale
  // Beyond 2^53 there are no fractions to round, and the sum below could overflow.
  if (!(Math.abs(scaled) < Number.MAX_SAFE_INTEGER)) return value
  return Math.floor(scaled + 0.5 + Math.abs(scaled) * Number.EPSILON * 4) / scale
}

/** The value as a nurse reads it: `36.0`, `84`. */
export const printed = (value: number, decimals: number): string => roundHalfUp(value, decimals).toFixed(decimals)
