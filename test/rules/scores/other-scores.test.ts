import { describe, expect, it } from 'vitest'
import type { ScoreInputs } from '../../../src/rules/scores/inputs.ts'
import { mews } from '../../../src/rules/scores/mews.ts'
import { map, shockIndex } from '../../../src/rules/scores/pressure.ts'
import { qsofa, qsofaGcs13 } from '../../../src/rules/scores/qsofa.ts'
import { sirs, sirsVitals } from '../../../src/rules/scores/sirs.ts'

describe('qSOFA', () => {
  it.each([[21, 0], [22, 1], [21.5, 1]])('RR %d scores %d', (rr, points) => expect(qsofa.score({ rr }).parts['rr']).toBe(points))
  it.each([[100, 1], [101, 0], [100.5, 0]])('SBP %d scores %d', (sbp, points) => expect(qsofa.score({ sbp }).parts['sbp']).toBe(points))
  it.each([[15, 0, 0], [14, 1, 0], [13, 1, 1], [3, 1, 1]])('GCS %d scores %d below 15 and %d at 13 or less', (gcs, below15, at13) => {
    expect(qsofa.score({ gcs }).parts['consciousness']).toBe(below15)
    expect(qsofaGcs13.score({ gcs }).parts['consciousness']).toBe(at13)
  })
  it.each([['A', 0, 0, 0], ['C', 1, 0, 1], ['V', 1, 0, 1], ['P', 1, 1, 1], ['U', 1, 1, 1]] as const)(
    'consciousness %s scores %d, and between %d and %d where only GCS 13 or less counts',
    (consciousness, points, low, high) => {
      expect(qsofa.score({ rr: 12, sbp: 120, consciousness })).toMatchObject({ complete: true, total: points })
      expect(qsofaGcs13.score({ rr: 12, sbp: 120, consciousness })).toMatchObject({ min: low, max: high, complete: low === high })
    },
  )
  it('names what it lacks and does not apply to children or in pregnancy', () => {
    expect(qsofa.score({ rr: 25 })).toMatchObject({ total: 1, min: 1, max: 3, missing: ['sbp', 'consciousness'] })
    expect(qsofa.score({ rr: 25, ageYears: 10 }).applicable).toBe(false)
    expect(qsofa.score({ rr: 25, pregnant: true }).applicable).toBe(false)
  })
})

describe('SIRS compares strictly', () => {
  it.each([[35.9, 1], [36.0, 0], [38.0, 0], [38.04, 0], [38.05, 1], [38.1, 1], [35.95, 0]])('temperature %d scores %d', (temperature, points) => {
    expect(sirsVitals.score({ temperature }).parts['temperature']).toBe(points)
  })
  it.each([[90, 0], [91, 1], [90.4, 0], [90.5, 1]])('pulse %d scores %d', (pulse, points) => expect(sirsVitals.score({ pulse }).parts['pulse']).toBe(points))
  it.each([[20, 0], [21, 1], [20.4, 0], [20.5, 1]])('RR %d scores %d', (rr, points) => expect(sirsVitals.score({ rr }).parts['rr']).toBe(points))

  it('from vital signs alone is complete with three and never above 3', () => {
    expect(sirsVitals.score({ temperature: 39, pulse: 120, rr: 30 })).toMatchObject({ rule: 'sirs-vitals', total: 3, complete: true, max: 3 })
    expect(sirsVitals.score({})).toMatchObject({ min: 0, max: 3 })
  })

  const vitals: ScoreInputs = { temperature: 37, pulse: 80, rr: 16 }
  it.each([[31.9, 1], [32, 0]])('PaCO₂ %d scores %d', (paco2, points) => expect(sirs.score({ ...vitals, paco2 }).parts['rr']).toBe(points))
  it.each([[12, 0], [12.1, 1], [4, 0], [3.9, 1]])('white cells %d score %d', (wbc, points) => expect(sirs.score({ ...vitals, wbc, bands: 5 }).parts['wbc']).toBe(points))
  it.each([[10, 0], [10.1, 1]])('band cells of %d %% score %d', (bands, points) => expect(sirs.score({ ...vitals, wbc: 8, bands }).parts['wbc']).toBe(points))

  it('in full stays open while one of two findings is missing and the other is normal', () => {
    expect(sirs.score(vitals)).toMatchObject({ total: 0, min: 0, max: 2, complete: false, missing: ['paco2', 'wbc', 'bands'] })
    expect(sirs.score({ ...vitals, rr: 25, wbc: 15 })).toMatchObject({ total: 2, min: 2, max: 2, complete: true, missing: [] })
    expect(sirs.score({ ...vitals, paco2: 40, wbc: 8, bands: 3 })).toMatchObject({ total: 0, max: 0, complete: true })
  })
})

describe('MEWS, Subbe 2001', () => {
  const pointsOf = (part: string, inputs: ScoreInputs): number | undefined => mews.score(inputs).parts[part]
  it.each([[70, 3], [71, 2], [80, 2], [81, 1], [100, 1], [101, 0], [199, 0], [200, 2]])('SBP %d scores %d', (sbp, points) => expect(pointsOf('sbp', { sbp })).toBe(points))
  it.each([[40, 2], [41, 1], [50, 1], [51, 0], [100, 0], [101, 1], [110, 1], [111, 2], [129, 2], [130, 3]])('pulse %d scores %d', (pulse, points) => expect(pointsOf('pulse', { pulse })).toBe(points))
  it.each([[8, 2], [9, 0], [14, 0], [15, 1], [20, 1], [21, 2], [29, 2], [30, 3]])('RR %d scores %d', (rr, points) => expect(pointsOf('rr', { rr })).toBe(points))
  it.each([[34.9, 2], [34.95, 0], [35.0, 0], [38.4, 0], [38.44, 0], [38.45, 2], [38.5, 2]])('temperature %d scores %d', (temperature, points) => {
    expect(pointsOf('temperature', { temperature })).toBe(points)
  })
  it.each([['A', 0], ['C', 1], ['V', 1], ['P', 2], ['U', 3]] as const)('consciousness %s scores %d', (consciousness, points) => expect(pointsOf('consciousness', { consciousness })).toBe(points))
  it('reaches 14, and leaves V, P and U open when only a Glasgow sum below 15 is known', () => {
    expect(mews.score({ sbp: 60, pulse: 140, rr: 35, temperature: 40, consciousness: 'U' })).toMatchObject({ total: 14, complete: true })
    expect(mews.score({ sbp: 120, pulse: 80, rr: 12, temperature: 37, gcs: 15 })).toMatchObject({ total: 0, complete: true })
    expect(mews.score({ sbp: 120, pulse: 80, rr: 12, temperature: 37, gcs: 9 })).toMatchObject({ total: 1, min: 1, max: 3, missing: ['consciousness'] })
    expect(mews.score({})).toMatchObject({ min: 0, max: 14 })
  })
})

describe('shock index', () => {
  it.each([[60, 100, 0.6], [120, 80, 1.5], [62, 140, 0.44]])('%d over %d is %d', (pulse, sbp, index) => {
    expect(shockIndex.score({ pulse, sbp })).toMatchObject({ total: index, min: index, max: index, complete: true, parts: { 'shock-index': index } })
  })
  it('without pressure, or with one that cannot be, is not known, and bounded', () => {
    expect(shockIndex.score({ pulse: 60 })).toMatchObject({ total: 0, min: 0, max: 2, complete: false, missing: ['sbp'] })
    expect(shockIndex.score({ pulse: 60, sbp: 0 })).toMatchObject({ complete: false, missing: ['sbp'], rejected: { sbp: expect.any(String) } })
    expect(shockIndex.score({})).toMatchObject({ max: 10, missing: ['pulse', 'sbp'] })
  })
})

describe('mean arterial pressure', () => {
  it('is derived from two, and measured where it is measured', () => {
    expect(map.score({ sbp: 120, dbp: 80 })).toMatchObject({ total: 93.33, complete: true, parts: { map: 93.33 } })
    expect(map.score({ sbp: 90, dbp: 50 }).total).toBe(63.33)
    expect(map.score({ sbp: 120, dbp: 80, map: 88 }).total).toBe(88)
  })
  it('is not derived from a systolic below its diastolic', () => {
    expect(map.score({ sbp: 70, dbp: 90 })).toMatchObject({ total: 0, complete: false, missing: ['sbp', 'dbp'] })
    expect(map.score({ sbp: 70 })).toMatchObject({ total: 0, complete: false, missing: ['dbp'] })
  })
})
