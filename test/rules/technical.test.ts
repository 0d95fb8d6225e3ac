import { describe, expect, it } from 'vitest'
import { ruleLimits } from '../../src/limits.ts'
import { technical } from '../../src/rules/technical.ts'
import { DEFAULT_SETTINGS, ruleOf } from '../../src/rules/watcher.ts'
import { ADULT, becauseOf, brief, hold, play, texts, ticks } from './fixture.ts'

const rule = ruleOf(technical)
const SPO2 = 'technical/spo2-off'

describe('a sensor that came off', () => {
  it('is said low after 10 s, medium after two minutes, and ends when values have come for half a minute', () => {
    const { heard } = play(rule, [...hold(0, 5, { spo2: 97, ecg: 70 }), ...hold(5, 200, { spo2: 'probe-off', ecg: 70 }), ...hold(200, 240, { spo2: 96 })])
    expect(brief(heard, SPO2)).toEqual(['15 present low', '125 present medium', '230 cleared'])
    expect(texts(heard, SPO2)).toEqual(['SpO₂: probe off', 'SpO₂: probe off'])
    expect(becauseOf(heard, SPO2)).toMatchObject({ missing: ['SpO₂'], inputs: [{ name: 'last SpO₂', value: 97 }] })
    expect(heard.every(({ signal }) => signal.kind !== 'present' || signal.type === 'technical')).toBe(true)
  })

  it('again and again, and holds for less than half a minute each time, is one alert that gets louder', () => {
    const loose = Array.from({ length: 6 }, (_, time) => [...hold(time * 60, time * 60 + 40, { ecg: 'lead-off' }), ...hold(time * 60 + 40, time * 60 + 60, { ecg: 72 })]).flat()
    expect(brief(play(rule, [...loose, ...hold(360, 400, { ecg: 72 })]).heard, 'technical/hr-off')).toEqual(['10 present low', '120 present medium', '370 cleared'])
  })

  it('for less than 10 s is not said', () => {
    expect(play(rule, [...hold(0, 5, { spo2: 97 }), ...hold(5, 14, { spo2: 'probe-off' }), ...hold(14, 60, { spo2: 97 })]).heard).toEqual([])
  })

  it('is not said while another sensor gives the same variable', () => {
    expect(play(rule, hold(0, 100, { ecg: 'lead-off', pulse: 70 })).heard).toEqual([])
    expect(brief(play(rule, hold(0, 12, { ecg: 'lead-off', pulse: 'probe-off' })).heard, 'technical/hr-off')).toEqual(['10 present low'])
  })
})

describe('a value that does not come', () => {
  it('because the monitor calls it invalid is said after a minute', () => {
    const { heard } = play(rule, hold(0, 70, { rr: 'device-invalid', ecg: 70 }))
    expect(brief(heard, 'technical/rr-off')).toEqual(['60 present low'])
    expect(texts(heard, 'technical/rr-off')).toEqual(['RR: marked invalid by the monitor'])
  })

  it('because a temperature is not believable is said as well', () => {
    expect(texts(play(rule, hold(0, 70, { temp: 22 })).heard, 'technical/temperature-off')).toEqual(['Temp: not believable'])
  })

  it('because it is not being measured is nobody’s fault', () => {
    expect(play(rule, hold(0, 400, { spo2: 'not-measured', ecg: 70 })).heard).toEqual([])
  })

  it('because it was switched off after its probe had been told of is said quietly, and not for ever', () => {
    const { heard } = play(rule, [...hold(0, 5, { spo2: 97, ecg: 70 }), ...hold(5, 200, { spo2: 'probe-off', ecg: 70 }), ...hold(200, 3_900, { spo2: 'not-measured', ecg: 70 })])
    const over = 200 + ruleLimits.silentMetricToldMs / 1_000
    expect(brief(heard, SPO2)).toEqual(['15 present low', '125 present medium', '230 present low', `${over} cleared`])
    expect(texts(heard, SPO2).at(-1)).toBe('SpO₂: not measured any more (switched off at the monitor?)')
  })

  it('and comes off again is said anew at once; a monitor that says no more, or another sensor that does not come, ends nothing', () => {
    const off = [...hold(0, 5, { spo2: 97, ecg: 70 }), ...hold(5, 200, { spo2: 'probe-off', ecg: 70 }), ...hold(200, 260, { spo2: 'not-measured', ecg: 70 })]
    expect(brief(play(rule, [...off, ...hold(260, 270, { spo2: 'probe-off', ecg: 70 })]).heard, SPO2)).toEqual(['15 present low', '125 present medium', '230 present low', '260 present medium'])
    expect(brief(play(rule, [...off, ...ticks(260, 5_000)]).heard, SPO2)).toEqual(['15 present low', '125 present medium', '230 present low'])
  })

  it('any more while the monitor goes on sending is said', () => {
    const { heard } = play(rule, [...hold(0, 5, { spo2: 97, ecg: 70 }), ...hold(5, 400, { ecg: 70 })])
    expect(brief(heard, SPO2)[0]).toBe('185 present low')
    expect(texts(heard, SPO2)[0]).toBe('SpO₂: no value comes any more')
  })

  it('because the whole monitor is silent is said by another rule', () => {
    expect(play(rule, [...hold(0, 5, { spo2: 97, ecg: 70 }), ...ticks(5, 1_000)]).heard).toEqual([])
  })

  it('because a cuff is not due is normal', () => {
    expect(play(rule, [...hold(0, 1, { nibps: 120, ecg: 70 }), ...hold(1, 2_000, { ecg: 70 })]).heard).toEqual([])
  })
})

it('an open condition that was taken over ends when values have come for half a minute', () => {
  const because = { rule: 'technical', version: '1', inputs: [], limit: null, missing: [] }
  const adopted = { ...rule.start(ADULT), own: technical.adopt(technical.start(ADULT), [{ condition: SPO2, priority: 'low', because }], DEFAULT_SETTINGS) }
  expect(brief(play(rule, hold(0, 40, { spo2: 97 }), ADULT, adopted).heard, SPO2)).toEqual(['30 cleared'])
  expect(brief(play(rule, hold(0, 130, { spo2: 'probe-off' }), ADULT, adopted).heard, SPO2)).toEqual(['120 present medium'])
})
