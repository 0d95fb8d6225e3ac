import { describe, expect, it } from 'vitest'
import { type Armed, WATCHED } from '../../src/rules/armed.ts'
import { bedRules } from '../../src/rules/bed.ts'
import type { RuleInput } from '../../src/seams.ts'
import { ADULT, contextInput, hold, monoOf, play, values } from './fixture.ts'

const armedAt = (seconds: number, inputs: readonly RuleInput[], context = ADULT): Armed => bedRules.armed(play(bedRules, inputs, context).state, monoOf(seconds))
const ALL = { spo2: 97, ecg: 80, rr: 16, arts: 120, artm: 85, temp: 37 } as const

describe('what of a patient could be watched now', () => {
  it('is nothing before anything was heard', () => {
    expect(new Set(Object.values(armedAt(1, [])))).toEqual(new Set(['no-data']))
  })

  it('is all of it while a monitor says all of it', () => {
    const armed = armedAt(10, hold(0, 10, ALL))
    expect(WATCHED.map((rule) => armed[rule])).toEqual(WATCHED.map(() => 'armed'))
  })

  it('a limit ends with the last live value of its variable, and a score with what it cannot do without', () => {
    const { spo2: _spo2, ...others } = ALL
    const armed = armedAt(600, [...hold(0, 10, ALL), ...hold(10, 600, others)])
    expect(armed).toMatchObject({ 'limits/spo2': 'no-data', 'limits/hr': 'armed', score: 'no-data', sepsis: 'no-data' })
  })

  it('a sensor that is off is told as that, not as silence', () => {
    expect(armedAt(130, [...hold(0, 10, ALL), ...hold(10, 130, { ...ALL, spo2: 'probe-off' })])).toMatchObject({ 'limits/spo2': 'sensor-off', 'limits/rr': 'armed' })
  })

  it('a cuff watches for a quarter of an hour after it measured', () => {
    const inputs = [values(0, { nibps: 120, nibpd: 80, nibpm: 93 })]
    expect(armedAt(800, inputs)['limits/pressure']).toBe('armed')
    expect(armedAt(1_000, inputs)['limits/pressure']).toBe('no-data')
  })

  it('for a mother there is no score and no screen, and for a child no screen', () => {
    const inputs = [contextInput(0, { population: 'pregnant' }), ...hold(0, 10, ALL)]
    expect(armedAt(10, inputs)).toMatchObject({ score: 'no-limit', sepsis: 'no-limit' })
    expect(armedAt(10, [contextInput(0, { population: 'infant' }), ...hold(0, 10, ALL)])).toMatchObject({ score: 'armed', sepsis: 'no-limit' })
  })
})
