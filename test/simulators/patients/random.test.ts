import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { hashOf, randomOf } from '../../../simulators/patients/random.ts'

const draws = (seed: number, count: number): readonly number[] => {
  const random = randomOf(seed)
  return Array.from({ length: count }, () => random.bell())
}

describe('seeded randomness', () => {
  it('gives the same numbers for the same seed, and others for another', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (one, other) => {
        expect(draws(one, 20)).toEqual(draws(one, 20))
        if (one !== other) expect(draws(one, 20)).not.toEqual(draws(other, 20))
      }),
    )
  })

  it('is bell-shaped around 0 with deviation 1 and never beyond its bound', () => {
    const many = draws(42, 100_000)
    const mean = many.reduce((sum, value) => sum + value, 0) / many.length
    const deviation = Math.sqrt(many.reduce((sum, value) => sum + (value - mean) ** 2, 0) / many.length)
    expect(mean).toBeCloseTo(0, 1)
    expect(deviation).toBeCloseTo(1, 1)
    expect(Math.max(...many.map(Math.abs))).toBeLessThan(3.47)
  })

  it('is uniform between its bounds', () => {
    const random = randomOf(7)
    const tenths = Array.from({ length: 10 }, () => 0)
    for (let at = 0; at < 100_000; at++) {
      const place = Math.floor(random.between(0, 10))
      tenths[place] = (tenths[place] ?? 0) + 1
    }
    for (const count of tenths) expect(Math.abs(count - 10_000)).toBeLessThan(500)
  })

  it('hashes neighbouring names far apart', () => {
    expect(new Set(Array.from({ length: 1_000 }, (_, index) => hashOf(`1/bed-${index}`))).size).toBe(1_000)
  })
})
