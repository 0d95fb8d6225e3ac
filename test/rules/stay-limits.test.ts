import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rankOf } from '../../src/domain/alert.ts'
import { VARIABLES } from '../../src/domain/metrics.ts'
import { POPULATIONS } from '../../src/domain/population.ts'
import { LIMIT_SIDES, type StayLimit } from '../../src/domain/stay-limit.ts'
import { envelopeOf } from '../../src/rules/envelope.ts'
import { DEFAULT_PROFILES, profileProblems } from '../../src/rules/profile.ts'
import { stayLimitProblems, withLimit, withStayLimits, withWardLimit } from '../../src/rules/stay-limits.ts'
import { threshold } from '../../src/rules/threshold.ts'
import { ruleOf } from '../../src/rules/watcher.ts'
import { ADULT, becauseOf, brief, contextInput, hold, play, tick, wallOf } from './fixture.ts'

const LIMIT: StayLimit = { variable: 'hr', side: 'high', beyond: 140, by: 'Dr Osei', at: wallOf(0), reason: 'chronic atrial fibrillation', until: null }
const ward = DEFAULT_PROFILES.adult
const gradesOf = (limit: StayLimit) => withStayLimits(ward, [limit]).variables[limit.variable]?.[limit.side].map(({ beyond, priority }) => [beyond, priority])
const rule = ruleOf(threshold)

describe('a limit of one stay', () => {
  it('takes the place of the ward’s, which keep what lies further out', () => {
    expect(gradesOf(LIMIT)).toEqual([[140, 'medium'], [150, 'high']])
    expect(gradesOf({ ...LIMIT, beyond: 120 })).toEqual([[120, 'medium'], [130, 'medium'], [150, 'high']])
  })

  it('that passes a graver limit is as grave: nothing is silently widened', () => {
    expect(gradesOf({ ...LIMIT, beyond: 160 })).toEqual([[160, 'high']])
    expect(gradesOf({ ...LIMIT, variable: 'spo2', side: 'low', beyond: 84 })).toEqual([[84, 'high'], [80, 'high']])
    const grave = withStayLimits(ward, [{ ...LIMIT, variable: 'spo2', side: 'low', beyond: 84, delaySeconds: 60 }]).variables.spo2?.low[0]
    expect(grave?.delaySeconds).toBe(10)
  })

  it('never makes any value less grave than the ward has it, unless the value is inside the new limit', () => {
    fc.assert(
      fc.property(fc.constantFrom('hr', 'spo2', 'rr', 'sbp'), fc.constantFrom(...LIMIT_SIDES), fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 300 }), (variable, side, beyond, value) => {
        const isOut = (limit: number): boolean => (side === 'low' ? value < limit : value > limit)
        const gravest = (profile: typeof ward): number => Math.max(-1, ...(profile.variables[variable]?.[side] ?? []).flatMap((grade) => (isOut(grade.beyond) ? [rankOf(grade.priority)] : [])))
        const mine = withStayLimits(ward, [{ ...LIMIT, variable, side, beyond }])
        if (isOut(beyond)) expect(gravest(mine)).toBeGreaterThanOrEqual(gravest(ward))
      }),
    )
  })

  it('is refused beyond the envelope, without a reason or a name, or where no value would end the alert', () => {
    const problems = (change: Partial<StayLimit>): string => stayLimitProblems(ward, ADULT, { ...LIMIT, ...change }).join('; ')
    expect(problems({})).toBe('')
    expect(problems({ beyond: 171 })).toBe('hr: a high limit of 171 is not within 90 to 170')
    expect(problems({ beyond: Number.NaN })).toContain('not within')
    expect(problems({ variable: 'fio2' })).toBe('fio2: fio2 has no high limit')
    expect(problems({ reason: ' ' })).toContain('a reason has 3 to 200 characters')
    expect(problems({ reason: 'x'.repeat(201) })).toContain('a reason has')
    expect(problems({ by: '' })).toContain('who sets it')
    expect(problems({ until: wallOf(0) })).toContain('ended before it begins')
    expect(problems({ delaySeconds: 61 })).toContain('delay')
    expect(stayLimitProblems(ward, withLimit(ADULT, { ...LIMIT, side: 'low', beyond: 90 }), { ...LIMIT, beyond: 95 })).toEqual(['hr: no value between the limits would end an alert'])
    // A saturation limit below 90 has the name of who answers for it.
    expect(problems({ variable: 'spo2', side: 'low', beyond: 85 })).toBe('')
  })

  it('is one of its variable and side, and can be taken back', () => {
    const twice = withLimit(withLimit(withLimit(ADULT, LIMIT), { ...LIMIT, variable: 'rr', beyond: 35 }), { ...LIMIT, beyond: 145 })
    expect(twice.limits?.map(({ variable, beyond }) => [variable, beyond])).toEqual([['rr', 35], ['hr', 145]])
    expect(withWardLimit(twice, 'hr', 'high').limits?.map(({ variable }) => variable)).toEqual(['rr'])
  })

  it('holds for the rules, names its author, and goes back to the ward’s when it ends', () => {
    const change = contextInput(0, { limits: [{ ...LIMIT, until: wallOf(100) }] })
    // 138 is inside 140; at 100 s the ward’s 130 holds again, and its delay begins.
    const inside = play(rule, [change, ...hold(0, 130, { ecg: 138 })]).heard
    expect(brief(inside, 'threshold/hr-high')).toEqual(['110 present medium'])
    expect(becauseOf(inside, 'threshold/hr-high')?.limit?.setBy).toBe('adult profile')
    const { heard } = play(rule, [change, ...hold(0, 30, { ecg: 145 })])
    expect(brief(heard, 'threshold/hr-high')).toEqual(['10 present medium'])
    expect(becauseOf(heard, 'threshold/hr-high')?.limit).toEqual({ text: 'HR high 140 /min; medium above 140, after 10 s', setBy: 'Dr Osei, for this stay: chronic atrial fibrillation' })
  })

  it('an alert that stands is judged by a changed limit at the next value, and ends if it is inside', () => {
    const inputs = [...hold(0, 20, { ecg: 138 }), contextInput(20, { limits: [{ ...LIMIT, beyond: 150 }] }), ...hold(20, 25, { ecg: 138 })]
    expect(brief(play(rule, inputs).heard, 'threshold/hr-high')).toEqual(['10 present medium', '20 cleared'])
  })

  it('holds where the ward has none of its own', () => {
    const { temperature: _none, ...variables } = ward.variables
    const profile = withStayLimits({ ...ward, variables }, [{ ...LIMIT, variable: 'temperature', beyond: 38.5 }])
    expect(profile.variables.temperature).toMatchObject({ high: [{ beyond: 38.5, priority: 'medium' }], low: [] })
    expect(profileProblems(profile)).toEqual([])
  })

  it('ends with the stay: a context of another patient has none', () => {
    const { state } = play(rule, [contextInput(0, { limits: [LIMIT] }), tick(1)])
    expect(state.own.limits).toEqual([LIMIT])
    expect(rule.start(ADULT).own.limits).toBeNull()
  })
})

describe('the hard envelope', () => {
  it('holds every default limit of every population', () => {
    for (const population of POPULATIONS) {
      for (const variable of VARIABLES) {
        for (const side of LIMIT_SIDES) {
          const beyond = DEFAULT_PROFILES[population].variables[variable]?.[side][0]?.beyond
          const envelope = envelopeOf(population, variable, side)
          if (beyond !== undefined) expect(envelope !== null && beyond >= envelope.from && beyond <= envelope.to).toBe(true)
        }
      }
    }
  })
})
