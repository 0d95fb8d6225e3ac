import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { latestScore, news2, NEWS2_CONDITION } from '../../src/rules/news2.ts'
import { OBSERVED_CONDITION } from '../../src/rules/observed.ts'
import { type AlertPolicy, DEFAULT_POLICY } from '../../src/rules/policy.ts'
import { DEFAULT_SETTINGS, ruleOf } from '../../src/rules/watcher.ts'
import type { ConfirmedSet, RuleInput } from '../../src/seams.ts'
import { ADULT, becauseOf, brief, contextInput, hold, monoOf, ofCondition, play, snapshot, texts, tick, ticks, values, type Values, wallOf } from './fixture.ts'

const rule = ruleOf(news2)
const WELL: Values = { rr: 16, spo2: 97, ecg: 70, nibps: 120, temp: 37 }
/** RR 3, SpO₂ 2, HR 2: 7 for certain. */
const ILL: Values = { rr: 26, spo2: 92, ecg: 115, nibps: 120, temp: 37 }
/** RR 2, SpO₂ 1, HR 2: 5. */
const URGENT: Values = { rr: 22, spo2: 94, ecg: 115, nibps: 120, temp: 37 }

/** The same values every so many seconds, for so many. */
const every = (stepS: number, forS: number, said: Values, from = 0): RuleInput[] =>
  Array.from({ length: Math.floor(forS / stepS) + 1 }, (_, index) => [values(from + index * stepS, said), tick(from + index * stepS)]).flat()

describe('the continuous NEWS2', () => {
  it('speaks of what is certain already, names the range and what is missing', () => {
    const { heard } = play(rule, hold(0, 40, ILL))
    expect(brief(heard, NEWS2_CONDITION)).toEqual(['30 present high'])
    expect(texts(heard, NEWS2_CONDITION)).toEqual(['NEWS2 at least 7 (7 to 12; oxygen, consciousness not known)'])
    expect(becauseOf(heard, NEWS2_CONDITION)).toMatchObject({
      rule: 'news2',
      missing: ['oxygen', 'consciousness'],
      limit: { text: 'NEWS2 7 or more (emergency); an estimate from medians of 5 min', setBy: 'RCP NEWS2 2017' },
      inputs: [
        { name: 'RR imp', value: 26, unit: '/min', at: wallOf(30) }, { name: 'SpO₂', value: 92 }, { name: 'NIBP s', value: 120, unit: 'mmHg' },
        { name: 'HR', value: 115 }, { name: 'Temp', value: 37, unit: '°C' },
        { name: 'NEWS2 worst in 1, 4, 12 h', value: '7, 7, 7' }, { name: 'NEWS2 at least 5 in 1, 4, 12 h', unit: 'min' },
        { name: 'RR change in 1, 4, 12 h', value: 'not known, not known, not known', unit: '/min' }, {}, {}, {}, {},
      ],
    })
  })

  it('says the plain score when nothing is missing', () => {
    const { heard, state } = play(rule, hold(0, 40, ILL), { ...ADULT, onOxygen: false, consciousness: 'A' })
    expect(texts(heard, NEWS2_CONDITION)).toEqual(['NEWS2 7'])
    expect(latestScore(state.own)).toEqual({
      total: 7, min: 7, max: 7, complete: true, missing: [], at: wallOf(35),
      parts: { rr: 3, spo2: 2, oxygen: 0, sbp: 0, pulse: 2, consciousness: 0, temperature: 0 },
    })
  })

  it('says nothing of a patient who is well, and what a score could be at most is no alert', () => {
    expect(play(rule, hold(0, 400, WELL)).heard).toEqual([])
    expect(play(rule, hold(0, 400, { spo2: 97 })).heard).toEqual([])
  })

  it('5 alone calls when it has stood for an hour, and with support after a minute', () => {
    expect(brief(play(rule, every(60, 3_660, URGENT)).heard, NEWS2_CONDITION).slice(0, 1)).toEqual(['3600 present medium'])
    expect(play(rule, every(60, 3_540, URGENT)).heard).toEqual([])
    const low: Values = { ...WELL, rr: 22, nibps: 88 }
    const { heard } = play(rule, hold(0, 65, low))
    expect(brief(heard, NEWS2_CONDITION)).toEqual(['60 present medium'])
    expect(texts(heard, NEWS2_CONDITION)).toEqual(['NEWS2 at least 5 (5 to 10; oxygen, consciousness not known); SBP 88 mmHg. Is infection suspected?'])
  })

  it('a single parameter at 3 is left to the limits', () => {
    expect(play(rule, every(60, 7_200, { ...WELL, rr: 26 })).heard).toEqual([])
  })

  it('rests on medians of five minutes: minutes of noise do not move it', () => {
    const inputs = [...hold(0, 300, WELL), ...hold(300, 420, ILL), ...hold(420, 700, WELL)]
    expect(play(rule, inputs).heard).toEqual([])
    const turned = brief(play(rule, [...hold(0, 300, WELL), ...hold(300, 600, ILL)]).heard, NEWS2_CONDITION)
    expect(turned[0]).toBe('480 present high')
  })

  it('counts oxygen and consciousness from the moment a nurse says them', () => {
    const inputs = [...hold(0, 70, URGENT), contextInput(70, { onOxygen: true }), ...hold(70, 110, URGENT)]
    expect(brief(play(rule, inputs).heard, NEWS2_CONDITION)).toEqual(['100 present high'])
    expect(texts(play(rule, inputs).heard, NEWS2_CONDITION).at(-1)).toBe('NEWS2 at least 7 (7 to 10; consciousness not known)')
  })

  it('takes the inspired fraction of the monitor for oxygen when nobody said', () => {
    const { state } = play(rule, [values(0, { ...WELL, fio2: 40 })])
    expect(latestScore(state.own)?.parts['oxygen']).toBe(2)
  })

  it('holds at a score that hovers: it ends below 4 for a minute, not before, and stays as grave as it was', () => {
    const four: Values = { ...URGENT, ecg: 95 }
    const three: Values = { ...WELL, rr: 22, spo2: 94 }
    const hovering = [...hold(0, 40, ILL), ...every(30, 1_200, four, 40)]
    expect(new Set(brief(play(rule, hovering).heard, NEWS2_CONDITION).map((line) => line.replace(/^\d+ /, '')))).toEqual(new Set(['present high']))
    const ended = brief(play(rule, [...hovering, ...every(30, 2_000, three, 1_240)]).heard, NEWS2_CONDITION)
    expect(ended.filter((line) => line.includes('cleared'))).toHaveLength(1)
    expect(Number(ended.at(-1)?.split(' ')[0])).toBeGreaterThan(1_300)
  })
})

describe('the alert policy', () => {
  const news2Of = (score: number): Values => ({ 2: WELL, 5: URGENT, 7: ILL, 9: { ...ILL, nibps: 95 } })[score] ?? WELL
  /** A score for so many minutes, one after the other: which calls it makes, by minute. */
  const HOUR: AlertPolicy = { ...DEFAULT_POLICY, urgentSeconds: 3_600 }
  function calls(course: readonly (readonly [minutes: number, score: number])[], policy = HOUR): string[] {
    const settings = { ...DEFAULT_SETTINGS, policy }
    let from = 0
    const inputs = course.flatMap(([minutes, score]) => {
      const part = every(60, minutes * 60, news2Of(score), from)
      from += minutes * 60
      return part
    })
    const open = new Map<string, string>()
    return ofCondition(play(ruleOf(news2, settings), inputs).heard, NEWS2_CONDITION).flatMap(({ at, signal }) => {
      const before = open.get(NEWS2_CONDITION)
      if (signal.kind === 'cleared') open.delete(NEWS2_CONDITION)
      if (signal.kind !== 'present') return []
      open.set(NEWS2_CONDITION, signal.priority)
      return before === undefined || before !== signal.priority || signal.again === true ? [`${Math.floor(at / 60)} ${signal.priority}${signal.again === true ? ' again' : ''}`] : []
    })
  }

  it('does not call again for what came back within the quiet time', () => {
    expect(calls([[90, 5], [60, 2], [300, 5]])).toEqual(['60 medium'])
    const short = { ...HOUR, quietHours: 3 }
    // What stands when the quiet time is over is said then, not forgotten.
    expect(calls([[90, 5], [60, 2], [300, 5]], short)).toEqual(['60 medium', '240 medium'])
  })

  it('calls in the quiet time when 7 is reached, and when two points worse', () => {
    expect(calls([[90, 5], [60, 2], [60, 7]])).toEqual(['60 medium', '154 high'])
    expect(calls([[90, 5], [60, 7]])).toEqual(['60 medium', '94 high'])
    expect(calls([[60, 7], [60, 9]])[1]).toMatch(/^6\d high again$/)
    expect(calls([[60, 7], [60, 2], [60, 7]])).toEqual(['1 high'])
    expect(calls([[60, 7], [60, 2], [60, 9]])).toHaveLength(2)
  })

  it('never calls more often than the quiet time allows while it does not get worse', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 200 }), fc.constantFrom(2, 5)), { minLength: 1, maxLength: 8 }), (course) => {
        expect(calls(course).length).toBeLessThanOrEqual(1 + Math.floor(course.reduce((sum, [minutes]) => sum + minutes, 0) / (24 * 60)))
      }),
      { numRuns: 30 },
    )
  })
})

describe('a set that a nurse confirmed', () => {
  const set = (seconds: number, of: Partial<ConfirmedSet>): RuleInput => ({
    kind: 'observation', at: monoOf(seconds), wall: wallOf(seconds),
    set: { takenAt: wallOf(seconds - 60), by: 'nurse.ann', rr: 16, spo2: 97, onOxygen: false, sbp: 120, pulse: 70, temperature: 37, consciousness: 'A', ...of },
  })

  it.each([
    [{ rr: 25 }, 'medium', 'NEWS2 3, observed; RR scores 3'],
    [{ consciousness: 'C' as const }, 'medium', 'NEWS2 3, observed; consciousness scores 3'],
    [{ rr: 22, spo2: 94, pulse: 115 }, 'medium', 'NEWS2 5, observed'],
    [{ rr: 25, spo2: 93, pulse: 115 }, 'high', 'NEWS2 7, observed; RR scores 3'],
  ])('%j acts at once: %s', (of, priority, text) => {
    const { heard } = play(rule, [set(100, of)])
    expect(brief(heard, OBSERVED_CONDITION)).toEqual([`100 present ${priority}`])
    expect(texts(heard, OBSERVED_CONDITION)).toEqual([text])
    expect(becauseOf(heard, OBSERVED_CONDITION)?.inputs).toContainEqual({ name: 'confirmed by', value: 'nurse.ann', unit: '', at: wallOf(40) })
  })

  it('that is not complete says its range, and one that needs nothing ends the alert of the one before', () => {
    const { rr, takenAt, by } = { rr: 25, takenAt: wallOf(0), by: 'nurse.ann' }
    const { heard } = play(rule, [{ kind: 'observation', at: monoOf(1), wall: wallOf(1), set: { rr, takenAt, by } }, set(100, {})])
    expect(texts(heard, OBSERVED_CONDITION)[0]).toMatch(/^NEWS2 at least 3 \(3 to 20; /)
    expect(brief(heard, OBSERVED_CONDITION)).toEqual(['1 present medium', '100 cleared'])
  })

  it('makes the estimate quiet about what the nurse has seen herself', () => {
    const seen = [set(0, { rr: 22, spo2: 94, pulse: 115 }), ...every(60, 10_800, URGENT)]
    expect(brief(play(rule, seen).heard, NEWS2_CONDITION)).toEqual([])
    expect(brief(play(rule, [...seen, ...every(60, 600, ILL, 10_860)]).heard, NEWS2_CONDITION).at(0)).toMatch(/high$/)
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
    const { heard } = play(rule, [...hold(0, 40, ILL), ...hold(40, 160, better)])
    expect(brief(heard, NEWS2_CONDITION).filter((line) => !line.includes('present'))).toEqual(['140 cleared'])
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

it('is said again when its words change, and calls when two points worse', () => {
  const { heard } = play(rule, [...hold(0, 100, ILL), ...hold(100, 400, { ...ILL, temp: 39.5 })])
  const said = ofCondition(heard, NEWS2_CONDITION)
  expect(said[0]?.at).toBe(30)
  // The median of an even number lies between: 38.3 °C for a while.
  const words = said.map(({ signal }) => (signal.kind === 'present' ? `${signal.text.slice(0, 16)}${signal.again === true ? ' again' : ''}` : ''))
  expect(words).toEqual(['NEWS2 at least 7', 'NEWS2 at least 8', 'NEWS2 at least 9 again'])
})
