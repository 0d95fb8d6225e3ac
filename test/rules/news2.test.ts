import { describe, expect, it } from 'vitest'
import { latestScore, news2, NEWS2_CONDITION } from '../../src/rules/news2.ts'
import { DEFAULT_SETTINGS, ruleOf } from '../../src/rules/watcher.ts'
import { ADULT, becauseOf, brief, contextInput, hold, ofCondition, play, snapshot, texts, tick, ticks, values, type Values, wallOf } from './fixture.ts'

const rule = ruleOf(news2)
const WELL: Values = { rr: 16, spo2: 97, ecg: 70, nibps: 120, temp: 37 }
/** RR 3, SpO₂ 2, HR 2: 7 for certain. */
const ILL: Values = { rr: 26, spo2: 92, ecg: 115, nibps: 120, temp: 37 }
/** RR 2, SpO₂ 1, HR 2: 5. */
const URGENT: Values = { rr: 22, spo2: 94, ecg: 115, nibps: 120, temp: 37 }

describe('the continuous NEWS2', () => {
  it('speaks of what is certain already, names the range and what is missing', () => {
    const { heard } = play(rule, hold(0, 40, ILL))
    expect(brief(heard, NEWS2_CONDITION)).toEqual(['30 present high'])
    expect(texts(heard, NEWS2_CONDITION)).toEqual(['NEWS2 at least 7 (7 to 12; oxygen, consciousness not known)'])
    expect(becauseOf(heard, NEWS2_CONDITION)).toMatchObject({
      rule: 'news2',
      missing: ['oxygen', 'consciousness'],
      limit: { text: 'NEWS2 7 or more (emergency); an estimate from continuous values', setBy: 'RCP NEWS2 2017' },
      inputs: [
        { name: 'RR imp', value: 26, unit: '/min', at: wallOf(30) }, { name: 'SpO₂', value: 92 }, { name: 'NIBP s', value: 120, unit: 'mmHg' },
        { name: 'HR', value: 115 }, { name: 'Temp', value: 37, unit: '°C' },
      ],
    })
  })

  it('says the plain score when nothing is missing', () => {
    const { heard, state } = play(rule, hold(0, 40, ILL), { ...ADULT, onOxygen: false, consciousness: 'A' })
    expect(texts(heard, NEWS2_CONDITION)).toEqual(['NEWS2 7'])
    expect(latestScore(state.own)).toEqual({
      total: 7, min: 7, max: 7, complete: true, missing: [], at: wallOf(39),
      parts: { rr: 3, spo2: 2, oxygen: 0, sbp: 0, pulse: 2, consciousness: 0, temperature: 0 },
    })
  })

  it('says nothing of a patient who is well, and what a score could be at most is no alert', () => {
    expect(play(rule, hold(0, 400, WELL)).heard).toEqual([])
    expect(play(rule, hold(0, 400, { spo2: 97 })).heard).toEqual([])
  })

  it('5 is medium after a minute, and a single 3 is low and names it', () => {
    expect(brief(play(rule, hold(0, 65, URGENT)).heard, NEWS2_CONDITION)).toEqual(['60 present medium'])
    const single = play(rule, hold(0, 65, { ...WELL, rr: 26 })).heard
    expect(brief(single, NEWS2_CONDITION)).toEqual(['60 present low'])
    expect(texts(single, NEWS2_CONDITION)).toEqual(['RR 26 /min scores 3; NEWS2 at least 3 (3 to 8; oxygen, consciousness not known)'])
    const confused = play(rule, hold(0, 65, WELL), { ...ADULT, consciousness: 'C', onOxygen: false }).heard
    expect(texts(confused, NEWS2_CONDITION)).toEqual(['consciousness C scores 3; NEWS2 3'])
  })

  it('one noisy value does not call', () => {
    const inputs = [...hold(0, 20, WELL), ...hold(20, 40, ILL), ...hold(40, 41, WELL), ...hold(41, 60, ILL), ...hold(60, 90, WELL)]
    expect(play(rule, inputs).heard).toEqual([])
  })

  it('counts oxygen and consciousness from the moment a nurse says them', () => {
    const inputs = [...hold(0, 70, URGENT), contextInput(70, { onOxygen: true }), ...hold(70, 110, URGENT)]
    expect(brief(play(rule, inputs).heard, NEWS2_CONDITION)).toEqual(['60 present medium', '70 present medium', '100 present high'])
    expect(texts(play(rule, inputs).heard, NEWS2_CONDITION).at(-1)).toBe('NEWS2 at least 7 (7 to 10; consciousness not known)')
  })

  it('takes the inspired fraction of the monitor for oxygen when nobody said', () => {
    const { state } = play(rule, [values(0, { ...WELL, fio2: 40 })])
    expect(latestScore(state.own)?.parts['oxygen']).toBe(2)
  })

  it('holds at a score that hovers: it ends below 4 for a minute, and not before', () => {
    const four: Values = { ...URGENT, ecg: 95 }
    const three: Values = { ...WELL, rr: 22, spo2: 94 }
    const hovering = [...hold(0, 70, URGENT), ...hold(70, 300, four)]
    expect(brief(play(rule, hovering).heard, NEWS2_CONDITION).filter((line) => line.includes('cleared'))).toEqual([])
    const ended = play(rule, [...hovering, ...hold(300, 370, three)]).heard
    expect(brief(ended, NEWS2_CONDITION).at(-1)).toBe('360 cleared')
    const dipped = play(rule, [...hovering, ...hold(300, 350, three), ...hold(350, 420, four)]).heard
    expect(brief(dipped, NEWS2_CONDITION).filter((line) => line.includes('cleared'))).toEqual([])
  })

  it('falls from high to medium below 6, not below 7', () => {
    const six: Values = { ...ILL, ecg: 95 }
    expect(brief(play(rule, [...hold(0, 40, ILL), ...hold(40, 130, six)]).heard, NEWS2_CONDITION).some((line) => line.includes('medium'))).toBe(false)
    expect(brief(play(rule, [...hold(0, 40, ILL), ...hold(40, 130, URGENT)]).heard, NEWS2_CONDITION)).toEqual(['30 present high', '100 present medium'])
  })
})

describe('data that goes away', () => {
  it('never ends a NEWS2 alert: it is told as lost when the score rests on what is gone', () => {
    const gone: Values = { rr: 'lead-off', spo2: 'probe-off', ecg: 'lead-off', temp: 37 }
    const { heard } = play(rule, [...hold(0, 40, ILL), ...hold(40, 1_000, gone)])
    const lines = brief(heard, NEWS2_CONDITION)
    expect(lines.filter((line) => line.includes('cleared'))).toEqual([])
    expect(lines.filter((line) => line.includes('lost'))).toEqual(['340 lost'])
  })

  it('ends it when what is left is low enough even with the last known points', () => {
    const better: Values = { rr: 16, spo2: 97, ecg: 'lead-off', nibps: 120, temp: 37 }
    const { heard } = play(rule, [...hold(0, 40, ILL), ...hold(40, 120, better)])
    expect(brief(heard, NEWS2_CONDITION)).toEqual(['30 present high', '100 cleared'])
  })

  it('takes a value out of the tile when it is five minutes old, a cuff after twelve hours', () => {
    const at = (seconds: number) => latestScore(play(rule, [values(0, WELL), tick(seconds)]).state.own)
    expect(at(300)?.missing).toEqual(['oxygen', 'consciousness'])
    expect(at(301)?.missing).toEqual(['rr', 'spo2', 'oxygen', 'pulse', 'consciousness', 'temperature'])
    expect(at(12 * 3_600)?.parts).toEqual({ sbp: 0 })
    expect(at(12 * 3_600 + 1)).toBeNull()
  })

  it('shows no score before the first value', () => {
    expect(latestScore(play(rule, [tick(0)], { ...ADULT, consciousness: 'V', onOxygen: true }).state.own)).toBeNull()
  })
})

describe('who and what is not scored', () => {
  it('children have no NEWS2, and a patient who turns out to be one loses the alert', () => {
    expect(play(rule, hold(0, 100, ILL), { ...ADULT, population: 'paediatric' }).heard).toEqual([])
    const { heard, state } = play(rule, [...hold(0, 40, ILL), contextInput(40, { population: 'paediatric' }), tick(41)])
    expect(brief(heard, NEWS2_CONDITION).at(-1)).toBe('40 cleared')
    expect(latestScore(state.own)).toBeNull()
  })

  it('values marked test, values beyond plausibility and history', () => {
    const { state } = play(rule, [
      snapshot(0, [{ sensor: 'rr', value: 26, flags: ['test'] }, { sensor: 'ecg', value: 0 }, { sensor: 'spo2', value: 30 }, { sensor: 'nibps', value: 80, ageS: 1_000 }, { sensor: 'temp', value: 37 }]),
    ])
    expect(latestScore(state.own)?.parts).toEqual({ temperature: 0 })
  })
})

describe('after a restart', () => {
  const because = becauseOf(play(rule, hold(0, 40, ILL)).heard, NEWS2_CONDITION) ?? { rule: '', version: '', inputs: [], limit: null, missing: [] }
  const adopted = { ...rule.start(ADULT), own: news2.adopt(news2.start(ADULT), [{ condition: NEWS2_CONDITION, priority: 'high', because }], DEFAULT_SETTINGS) }

  it('an open alert waits for all that it rested on before it may end', () => {
    const some: Values = { rr: 16, spo2: 97 }
    expect(brief(play(rule, hold(0, 200, some), ADULT, adopted).heard, NEWS2_CONDITION)).toEqual(['0 lost'])
    expect(brief(play(rule, [...hold(0, 20, some), ...hold(20, 100, WELL)], ADULT, adopted).heard, NEWS2_CONDITION).at(-1)).toBe('80 cleared')
    expect(brief(play(rule, hold(0, 10, ILL), ADULT, adopted).heard, NEWS2_CONDITION)).toEqual(['0 present high'])
    expect(brief(play(rule, ticks(0, 500), ADULT, adopted).heard, NEWS2_CONDITION)).toEqual(['0 lost'])
  })
})

it('is read again each minute while it stands, and at once when two points worse', () => {
  const { heard } = play(rule, [...hold(0, 100, ILL), ...hold(100, 140, { ...ILL, temp: 39.5 })])
  expect(ofCondition(heard, NEWS2_CONDITION).map(({ at }) => at)).toEqual([30, 90, 100])
})
