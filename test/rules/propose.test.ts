import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { POPULATIONS } from '../../src/domain/population.ts'
import { beyondEnvelope } from '../../src/rules/envelope.ts'
import { DEFAULT_PROFILES } from '../../src/rules/profile.ts'
import { proposeLimits } from '../../src/rules/propose.ts'
import { monoOf } from './fixture.ts'

const adult = DEFAULT_PROFILES.adult
const hourOf = (value: number, count = 60) => Array.from({ length: count }, (_, index) => ({ value, at: monoOf(index * 60) }))
const briefly = (proposals: ReturnType<typeof proposeLimits>) => proposals.map(({ variable, side, beyond, now, widens }) => [variable, side, beyond, now, widens])
const NOW = monoOf(3_600)

describe('limits proposed from the last hour', () => {
  it('lie around the median as monitors propose them, and say which way they go', () => {
    expect(briefly(proposeLimits(adult, { hr: hourOf(110) }, NOW))).toEqual([['hr', 'low', 88, 45, false], ['hr', 'high', 138, 130, true]])
    expect(briefly(proposeLimits(adult, { sbp: hourOf(100) }, NOW))).toEqual([['sbp', 'low', 78, 90, true], ['sbp', 'high', 124, 180, false]])
    expect(briefly(proposeLimits(DEFAULT_PROFILES.neonate, { hr: hourOf(140) }, NOW))).toEqual([['hr', 'low', 110, 100, false], ['hr', 'high', 180, 200, false]])
  })

  it('rest on the median, not on what was extreme', () => {
    const values = [...hourOf(80, 40), ...hourOf(300, 5)]
    expect(proposeLimits(adult, { hr: values }, NOW)[0]).toMatchObject({ median: 80, values: 45, beyond: 64 })
  })

  it('are none where little is known: too few values, too short, or longer ago than an hour', () => {
    expect(proposeLimits(adult, { hr: hourOf(110, 2) }, NOW)).toEqual([])
    expect(proposeLimits(adult, { hr: hourOf(110, 10) }, NOW)).toEqual([])
    expect(proposeLimits(adult, { hr: hourOf(110) }, monoOf(3 * 3_600))).toEqual([])
    expect(proposeLimits(adult, {}, NOW)).toEqual([])
  })

  it('never name saturation or temperature', () => {
    expect(proposeLimits(adult, { spo2: hourOf(86), temperature: hourOf(39) }, NOW)).toEqual([])
  })

  it('never go beyond the hard envelope, whatever was heard', () => {
    fc.assert(
      fc.property(fc.constantFrom(...POPULATIONS), fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 3, maxLength: 40 }), (population, heard) => {
        const past = heard.map((value, index) => ({ value, at: monoOf(index * 600) }))
        const profile = DEFAULT_PROFILES[population]
        for (const { variable, side, beyond } of proposeLimits(profile, { hr: past, rr: past, sbp: past, dbp: past }, monoOf(3_600))) expect(beyondEnvelope(population, variable, side, beyond)).toBeNull()
      }),
    )
  })
})
