import { describe, expect, it } from 'vitest'
import { crossCheck } from '../../src/rules/cross-check.ts'
import { DEFAULT_SETTINGS, ruleOf } from '../../src/rules/watcher.ts'
import { ADULT, becauseOf, brief, hold, play, snapshot, texts, tick, values } from './fixture.ts'

const rule = ruleOf(crossCheck)

describe('values that contradict one another', () => {
  it('a systolic that does not exceed the diastolic is said after 10 s, and ends 10 s after it is right', () => {
    const { heard } = play(rule, [...hold(0, 30, { arts: 60, artd: 70 }), ...hold(30, 60, { arts: 120, artd: 70 })])
    expect(brief(heard, 'technical/pressure-reversed')).toEqual(['10 present low', '40 cleared'])
    expect(texts(heard, 'technical/pressure-reversed')).toEqual(['Pressure cannot be right: ART s 60 mmHg, ART d 70 mmHg'])
    expect(heard.every(({ signal }) => signal.kind !== 'present' || signal.type === 'technical')).toBe(true)
  })

  it('pressures of a line and of a cuff are not compared', () => {
    expect(play(rule, hold(0, 60, { arts: 60, nibpd: 70 })).heard).toEqual([])
  })

  it('heart rate and pulse far apart are said after a minute, louder after five', () => {
    const { heard } = play(rule, hold(0, 400, { ecg: 90, pulse: 45 }))
    expect(brief(heard, 'technical/pulse-differs')).toEqual(['60 present low', '300 present medium'])
    expect(texts(heard, 'technical/pulse-differs')[0]).toBe('Heart rate and pulse disagree: HR 90 /min, PR 45 /min')
    expect(becauseOf(heard, 'technical/pulse-differs')?.inputs.map(({ name, value }) => [name, value])).toEqual([['HR', 90], ['PR', 45]])
  })

  it('a little apart, or by a share that is small at a high rate, is nothing', () => {
    expect(play(rule, hold(0, 400, { ecg: 90, pulse: 70 })).heard).toEqual([])
    expect(play(rule, hold(0, 400, { ecg: 150, pulse: 121 })).heard).toEqual([])
    expect(play(rule, hold(0, 400, { ecg: 90, pulse: 'probe-off' })).heard).toEqual([])
  })

  it('a saturation that the monitor itself doubts is said after 30 s', () => {
    const weak = Array.from({ length: 40 }, (_, at) => [snapshot(at, [{ sensor: 'spo2', value: 84, flags: ['low-signal'] }]), tick(at)]).flat()
    expect(brief(play(rule, weak).heard, 'technical/spo2-weak')).toEqual(['30 present low'])
    expect(texts(play(rule, weak).heard, 'technical/spo2-weak')).toEqual(['SpO₂ 84 % (weak signal): check the sensor'])
  })
})

describe('a flat line', () => {
  it('is a line in which no pulse is seen', () => {
    const { heard } = play(rule, hold(0, 60, { arts: 84, artd: 81 }))
    expect(brief(heard, 'technical/pressure-flat')).toEqual(['10 present low', '30 present medium'])
    expect(texts(heard, 'technical/pressure-flat')[0]).toBe('No pulse in ART s 84 mmHg: check patient and line')
  })

  it('is a pressure that has been one number for ten minutes, and not one that moves by one', () => {
    const still = hold(0, 620, { arts: 120, artd: 70 })
    expect(brief(play(rule, still).heard, 'technical/pressure-flat')).toEqual(['610 present low'])
    expect(play(rule, [...hold(0, 599, { arts: 120, artd: 70 }), ...hold(599, 1_190, { arts: 121, artd: 70 })]).heard).toEqual([])
  })

  it('is not a cuff that gave the same twice, nor a value that nobody renews', () => {
    expect(play(rule, hold(0, 900, { nibps: 120, nibpd: 118 })).heard).toEqual([])
    expect(play(rule, [values(0, { arts: 120, artd: 70 }), ...Array.from({ length: 900 }, (_, at) => tick(at))]).heard).toEqual([])
  })
})

it('what was open before a restart ends when it is not so any more', () => {
  const because = { rule: 'cross-check', version: '1', inputs: [], limit: null, missing: [] }
  const adopted = { ...rule.start(ADULT), own: crossCheck.adopt(crossCheck.start(ADULT), [{ condition: 'technical/pulse-differs', priority: 'low', because }], DEFAULT_SETTINGS) }
  expect(brief(play(rule, hold(0, 20, { ecg: 70, pulse: 70 }), ADULT, adopted).heard, 'technical/pulse-differs')).toEqual(['10 cleared'])
})
