import { describe, expect, it } from 'vitest'
import type { ScoreInputs } from '../../../src/rules/scores/inputs.ts'
import { news2 } from '../../../src/rules/scores/news2.ts'

const pointsOf = (part: string, inputs: ScoreInputs): number | undefined => news2.score(inputs).parts[part]
const COMPLETE: ScoreInputs = { rr: 16, spo2: 97, oxygen: false, sbp: 120, pulse: 70, consciousness: 'A', temperature: 37 }

describe('NEWS2 bands of the RCP chart (2017)', () => {
  it.each([[8, 3], [9, 1], [11, 1], [12, 0], [20, 0], [21, 2], [24, 2], [25, 3], [20.5, 2], [8.4, 3], [8.5, 1]])('RR %d scores %d', (rr, points) => {
    expect(pointsOf('rr', { rr })).toBe(points)
  })

  it.each([[91, 3], [92, 2], [93, 2], [94, 1], [95, 1], [96, 0], [100, 0], [95.5, 0]])('SpO₂ %d on scale 1 scores %d', (spo2, points) => {
    expect(pointsOf('spo2', { spo2 })).toBe(points)
    expect(pointsOf('spo2', { spo2, spo2Scale: 1, oxygen: true })).toBe(points)
  })

  it.each([
    [83, false, 3], [83, true, 3], [84, false, 2], [84, true, 2], [85, true, 2], [85, false, 2], [86, false, 1], [86, true, 1], [87, true, 1], [87, false, 1],
    [88, false, 0], [88, true, 0], [92, false, 0], [92, true, 0], [93, false, 0], [93, true, 1], [94, true, 1], [94, false, 0], [95, true, 2], [95, false, 0],
    [96, true, 2], [96, false, 0], [97, true, 3], [97, false, 0], [100, true, 3], [100, false, 0],
  ])('SpO₂ %d on scale 2, on oxygen %s, scores %d', (spo2, oxygen, points) => {
    expect(pointsOf('spo2', { spo2, oxygen, spo2Scale: 2 })).toBe(points)
  })

  it.each([[90, 3], [91, 2], [100, 2], [101, 1], [110, 1], [111, 0], [219, 0], [220, 3]])('SBP %d scores %d', (sbp, points) => {
    expect(pointsOf('sbp', { sbp })).toBe(points)
  })

  it.each([[40, 3], [41, 1], [50, 1], [51, 0], [90, 0], [91, 1], [110, 1], [111, 2], [130, 2], [131, 3]])('pulse %d scores %d', (pulse, points) => {
    expect(pointsOf('pulse', { pulse })).toBe(points)
  })

  it.each([
    [35.0, 3], [35.1, 1], [36.0, 1], [36.1, 0], [38.0, 0], [38.1, 1], [39.0, 1], [39.1, 2],
    [35.04, 3], [35.05, 1], [36.04, 1], [36.05, 0], [38.04, 0], [38.05, 1], [39.04, 1], [39.05, 2],
  ])('temperature %d scores %d', (temperature, points) => {
    expect(pointsOf('temperature', { temperature })).toBe(points)
  })

  it.each([['A', 0], ['C', 3], ['V', 3], ['P', 3], ['U', 3]] as const)('consciousness %s scores %d', (consciousness, points) => {
    expect(pointsOf('consciousness', { consciousness })).toBe(points)
  })

  it.each([[15, 0], [14, 3], [3, 3]])('without ACVPU, GCS %d scores %d', (gcs, points) => {
    expect(pointsOf('consciousness', { gcs })).toBe(points)
  })

  it('oxygen scores 2 and air 0', () => {
    expect(pointsOf('oxygen', { oxygen: true })).toBe(2)
    expect(pointsOf('oxygen', { oxygen: false })).toBe(0)
  })

  it('an inspired fraction above 0.21 is oxygen when nobody says so, and what is said wins', () => {
    expect(pointsOf('oxygen', { fio2: 0.22 })).toBe(2)
    expect(pointsOf('oxygen', { fio2: 0.214 })).toBe(0)
    expect(pointsOf('oxygen', { fio2: 0.21 })).toBe(0)
    expect(pointsOf('oxygen', { fio2: 0.4, oxygen: false })).toBe(0)
  })
})

describe('a NEWS2', () => {
  it('of a well patient is 0 and complete', () => {
    expect(news2.score(COMPLETE)).toMatchObject({ rule: 'news2', applicable: true, total: 0, complete: true, min: 0, max: 0, missing: [], rejected: {} })
  })

  it('reaches 20 when everything is at its worst', () => {
    const worst = { rr: 30, spo2: 80, oxygen: true, sbp: 80, pulse: 140, consciousness: 'U', temperature: 34 } as const
    expect(news2.score(worst)).toMatchObject({ total: 20, complete: true })
  })

  it('without any input is 0, certain of nothing, and names all seven', () => {
    const nothing = news2.score({})
    expect(nothing).toMatchObject({ total: 0, complete: false, min: 0, max: 20, parts: {} })
    expect(nothing.missing).toEqual(['rr', 'spo2', 'oxygen', 'sbp', 'pulse', 'consciousness', 'temperature'])
  })

  it('on scale 2 with SpO₂ of 93 or more and oxygen unknown is an interval by itself', () => {
    const { oxygen: _oxygen, ...withoutOxygen } = COMPLETE
    expect(news2.score({ ...withoutOxygen, spo2Scale: 2, spo2: 92 })).toMatchObject({ min: 0, max: 2, missing: ['oxygen'] })
    expect(news2.score({ ...withoutOxygen, spo2Scale: 2, spo2: 93 })).toMatchObject({ total: 0, min: 0, max: 3, missing: ['oxygen'] })
    expect(news2.score({ ...withoutOxygen, spo2Scale: 2, spo2: 97 })).toMatchObject({ total: 0, min: 0, max: 5, missing: ['oxygen'] })
  })

  it('says that it does not apply to a child or in pregnancy, and applies without age', () => {
    expect(news2.score({ ...COMPLETE, ageYears: 15.9 })).toMatchObject({ applicable: false, total: 0, complete: false, why: expect.stringContaining('PEWS') })
    expect(news2.score({ ...COMPLETE, pregnant: true })).toMatchObject({ applicable: false, why: expect.stringContaining('maternity') })
    expect(news2.score({ ...COMPLETE, ageYears: 16 })).toMatchObject({ applicable: true, complete: true })
    expect(news2.score({ ...COMPLETE, ageYears: -1 })).toMatchObject({ applicable: false })
    expect(news2.score({ ...COMPLETE, pregnant: false })).toMatchObject({ applicable: true })
  })

  it.each([
    ['rr', 0], ['rr', 101], ['spo2', 39], ['spo2', 101], ['pulse', 0], ['pulse', 19], ['pulse', 301], ['sbp', 29], ['sbp', 301], ['temperature', 24.9], ['temperature', 50],
  ])('an implausible %s of %d is missing, with the reason', (name, value) => {
    const result = news2.score({ ...COMPLETE, [name]: value })
    expect(result.complete).toBe(false)
    expect(result.missing).toEqual([name])
    expect(result.parts).not.toHaveProperty(name)
    expect(result.rejected[name]).toContain('outside')
  })

  it('does not believe a systolic pressure that does not exceed the diastolic', () => {
    const result = news2.score({ ...COMPLETE, sbp: 80, dbp: 80 })
    expect(result.missing).toEqual(['sbp'])
    expect(result.rejected['sbp']).toContain('does not exceed')
    expect(news2.score({ ...COMPLETE, sbp: 81, dbp: 80 }).complete).toBe(true)
  })
})
