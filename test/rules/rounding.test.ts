import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { printed, roundHalfUp } from '../../src/rules/rounding.ts'

describe('rounding half up', () => {
  it.each([[35.05, 35.1], [36.05, 36.1], [38.05, 38.1], [39.05, 39.1], [38.04, 38], [37.95, 38], [35.04, 35], [34.949, 34.9]])('%d °C is banded as %d', (value, banded) => {
    expect(roundHalfUp(value, 1)).toBe(banded)
  })

  it.each([[20.5, 21], [90.5, 91], [111.49, 111], [0.5, 1], [-0.5, 0], [-1.5, -1], [0, 0]])('%d is banded as the whole number %d', (value, banded) => {
    expect(roundHalfUp(value, 0)).toBe(banded)
  })

  it.each([[1.005, 1.01], [8.345, 8.35], [0.285, 0.29], [2.675, 2.68]])('%d, which binary holds a hair too low, is %d', (value, rounded) => {
    expect(roundHalfUp(value, 2)).toBe(rounded)
  })

  it('agrees with decimal arithmetic for every hundredth of a degree that a thermometer can show', () => {
    for (let hundredths = 2_000; hundredths <= 4_500; hundredths++) {
      const tenths = Math.floor((hundredths + 5) / 10)
      expect(roundHalfUp(hundredths / 100, 1)).toBe(tenths / 10)
      expect(roundHalfUp(Number(`${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, '0')}`), 1)).toBe(tenths / 10)
    }
  })

  it('never turns the order of two values around', () => {
    const value = fc.double({ min: -1_000, max: 1_000, noNaN: true })
    fc.assert(
      fc.property(value, value, fc.integer({ min: 0, max: 3 }), (a, b, decimals) => {
        expect(roundHalfUp(Math.min(a, b), decimals)).toBeLessThanOrEqual(roundHalfUp(Math.max(a, b), decimals))
      }),
    )
  })

  it('prints what was banded, with its zeros', () => {
    expect(printed(36.04, 1)).toBe('36.0')
    expect(printed(83.5, 0)).toBe('84')
    expect(printed(35.05, 1)).toBe('35.1')
  })
})
