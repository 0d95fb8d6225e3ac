import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { POPULATIONS } from '../../src/domain/population.ts'
import { answersFor, DEFAULT_PROFILES, type LimitProfile, profileProblems, unsigned, withoutDrafts } from '../../src/rules/profile.ts'


describe('limit profiles', () => {
  it.each(POPULATIONS)('config/limits/%s.yaml is what Vigil uses', (population) => {
    const file = new URL(`../../config/limits/${population}.yaml`, import.meta.url)
    expect(parse(readFileSync(file, 'utf8'))).toEqual(DEFAULT_PROFILES[population])
  })

  it.each(POPULATIONS)('the %s profile has no problem and names its own population', (population) => {
    expect(profileProblems(DEFAULT_PROFILES[population])).toEqual([])
    expect(DEFAULT_PROFILES[population].population).toBe(population)
  })

  it('the adult ward starts from SpO₂ 90 with 15 s, HR 45 to 130 with 10 s, RR 8 to 30 with 15 s, SBP 90 to 180 and MAP 60', () => {
    const { spo2, hr, rr, sbp, map } = DEFAULT_PROFILES.adult.variables
    expect(spo2?.low[0]).toEqual({ beyond: 90, priority: 'medium', delaySeconds: 15 })
    expect([hr?.low[0]?.beyond, hr?.high[0]?.beyond, hr?.low[0]?.delaySeconds]).toEqual([45, 130, 10])
    expect([rr?.low[0]?.beyond, rr?.high[0]?.beyond, rr?.low[0]?.delaySeconds]).toEqual([8, 30, 15])
    expect([sbp?.low[0]?.beyond, sbp?.high[0]?.beyond, map?.low[0]?.beyond]).toEqual([90, 180, 60])
    expect([spo2?.clearMargin, hr?.clearMargin, rr?.clearMargin]).toEqual([2, 5, 2])
  })

  it('what rests on memory says so', () => {
    for (const { variables } of Object.values(DEFAULT_PROFILES)) expect(variables.temperature?.draft).toBe(true)
    expect(DEFAULT_PROFILES.neonate.variables.sbp?.draft).toBe(true)
    expect(DEFAULT_PROFILES.adult.variables.spo2?.draft).toBe(false)
  })

  it('of an age band follow its chart of the National PEWS England: medium where it scores 2, high where it scores 4', () => {
    const limitsOf = (population: 'infant' | 'young-child' | 'child' | 'adolescent', variable: 'hr' | 'rr' | 'sbp') => {
      const { low, high } = DEFAULT_PROFILES[population].variables[variable] ?? { low: [], high: [] }
      return [low.map(({ beyond }) => beyond), high.map(({ beyond }) => beyond)]
    }
    expect(limitsOf('infant', 'hr')).toEqual([[90, 80, 60], [169, 179]])
    expect(limitsOf('young-child', 'rr')).toEqual([[20, 10, 5], [49, 59]])
    expect(limitsOf('child', 'sbp')).toEqual([[80, 70, 40], [119, 129]])
    expect(limitsOf('adolescent', 'rr')).toEqual([[10, 5], [29, 39]])
    for (const { low } of [DEFAULT_PROFILES.child.variables.hr, DEFAULT_PROFILES.infant.variables.hr].flatMap((hr) => hr ?? [])) expect(low.at(-1)).toEqual({ beyond: 60, priority: 'high', delaySeconds: 3, samples: 2 })
  })

  it('that are drafts are named, act without a signature on nobody, and with one name who signed', () => {
    expect(unsigned(DEFAULT_PROFILES).find(({ population }) => population === 'neonate')?.variables).toEqual(['rr', 'sbp', 'map', 'temperature'])
    expect(Object.keys(withoutDrafts(DEFAULT_PROFILES).neonate.variables)).toEqual(['hr', 'spo2'])
    const signed: LimitProfile = { ...DEFAULT_PROFILES.neonate, signedBy: { name: 'Dr A. Sharma', at: '2026-01-31' } }
    const profiles = { ...DEFAULT_PROFILES, neonate: signed }
    expect(unsigned(profiles).some(({ population }) => population === 'neonate')).toBe(false)
    expect(withoutDrafts(profiles).neonate).toBe(signed)
    const rr = signed.variables.rr
    expect(rr && [answersFor(DEFAULT_PROFILES.neonate, rr, 'low'), answersFor(signed, rr, 'low')]).toEqual(['neonate profile (draft, not signed)', 'neonate profile, signed by Dr A. Sharma on 2026-01-31'])
  })

  it('average over 2 to 60 s', () => {
    const averaged = (averageSeconds: number) => profileProblems(withHr({ ...fine, averageSeconds })).length
    expect([1, 2, 60, 61].map(averaged)).toEqual([1, 0, 0, 1])
  })

  const withHr = (hr: LimitProfile['variables']['hr']): LimitProfile => ({ ...DEFAULT_PROFILES.adult, variables: hr === undefined ? {} : { hr } })
  const fine = { draft: false, clearMargin: 5, low: [{ beyond: 45, priority: 'medium', delaySeconds: 10 }], high: [{ beyond: 130, priority: 'medium', delaySeconds: 10 }] } as const

  it.each([
    ['further out', { ...fine, low: [...fine.low, { beyond: 50, priority: 'high', delaySeconds: 0 }] }],
    ['further out', { ...fine, high: [...fine.high, { beyond: 130, priority: 'high', delaySeconds: 0 }] }],
    ['delay', { ...fine, low: [{ beyond: 45, priority: 'medium', delaySeconds: 301 }] }],
    ['delay', { ...fine, low: [{ beyond: 45, priority: 'medium', delaySeconds: -1 }] }],
    ['samples', { ...fine, low: [{ beyond: 45, priority: 'medium', delaySeconds: 3, samples: 0 }] }],
    ['margin', { ...fine, clearMargin: -1 }],
    ['would end', { ...fine, clearMargin: 50 }],
    ['not a limit', { ...fine, low: [{ beyond: Number.NaN, priority: 'medium', delaySeconds: 3 }] }],
  ] as const)('a profile that is wrong is told: %s', (hint, hr) => {
    expect(profileProblems(withHr(hr)).join()).toContain(hint)
  })

  it('a profile without limits is no problem', () => expect(profileProblems(withHr(undefined))).toEqual([]))
})
