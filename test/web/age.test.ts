import { describe, expect, test } from 'vitest'
import { ageText, agoText, clockText, momentText, spanText } from '../../src/web/age.ts'

describe('ages', () => {
  test('are rounded down, never up: an age is at least what it says', () => {
    expect([0, 2_999, 3_000, 59_999, 60_000, 3_599_999, 3_600_000, 86_399_999, 86_400_000].map(ageText))
      .toEqual(['now', 'now', '3 s', '59 s', '1 min', '59 min', '1 h', '23 h', '1 d'])
  })

  test('of what seems to come from the future are now', () => {
    expect(ageText(-5_000)).toBe('now')
  })

  test('of spans are rounded to the nearest', () => {
    expect([900_000, 4_499_999, 7_199_999].map(spanText)).toEqual(['15 min', '75 min', '2 h'])
  })

  test('say ago, except now', () => {
    expect([agoText(500), agoText(12_000)]).toEqual(['now', '12 s ago'])
  })
})

describe('times of day', () => {
  const noon = new Date(2026, 10, 21, 12, 3, 4).getTime()

  test('have two digits a part', () => {
    expect(clockText(noon)).toBe('12:03:04')
  })

  test('name the day when it is another', () => {
    expect(momentText(noon, noon + 3_600_000)).toBe('12:03')
    expect(momentText(noon, noon + 24 * 3_600_000)).toBe('21 Nov 12:03')
  })
})
