import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEFAULT_PROFILES } from '../../src/rules/profile.ts'
import type { RuleInput } from '../../src/seams.ts'
import { ruleLimits } from '../../src/limits.ts'
import { threshold } from '../../src/rules/threshold.ts'
import { DEFAULT_SETTINGS, ruleOf } from '../../src/rules/watcher.ts'
import { ADULT, becauseOf, brief, contextInput, hold, monoOf, ofCondition, play, snapshot, texts, tick, ticks, values, wallOf } from './fixture.ts'

const rule = ruleOf(threshold)
const SPO2_LOW = 'threshold/spo2-low'
const HR_HIGH = 'threshold/hr-high'
const HR_LOW = 'threshold/hr-low'

describe('a limit', () => {
  it('is told when the delay is over, to the second, and not before', () => {
    const { heard } = play(rule, [...hold(0, 5, { spo2: 96 }), ...hold(5, 40, { spo2: 88 })])
    expect(brief(heard, SPO2_LOW)).toEqual(['20 present medium'])
    expect(texts(heard, SPO2_LOW)).toEqual(['SpO₂ 88 % below 90'])
    expect(heard).toHaveLength(1)
  })

  it('is not told when the value comes back inside the delay', () => {
    const { heard } = play(rule, [...hold(0, 14, { spo2: 88 }), ...hold(14, 15, { spo2: 90 }), ...hold(15, 29, { spo2: 88 }), ...hold(29, 60, { spo2: 97 })])
    expect(heard).toEqual([])
  })

  it('says what it rests on, the limit and who set it', () => {
    const { heard } = play(rule, hold(0, 20, { spo2: 88 }))
    expect(becauseOf(heard, SPO2_LOW)).toEqual({
      rule: 'threshold',
      version: '1',
      inputs: [{ name: 'SpO₂', value: 88, unit: '%', at: wallOf(15) }],
      limit: { text: 'SpO₂ low 90 %; medium below 90, after 15 s', setBy: 'adult profile' },
      missing: [],
      sensors: [{ device: 'monitor-1', metric: 'MDC_PULS_OXIM_SAT_O2' }],
    })
  })

  it('says when it was never signed', () => {
    const { heard } = play(rule, hold(0, 70, { temp: 39.5 }))
    expect(texts(heard, 'threshold/temperature-high')).toEqual(['Temp 39.5 °C above 39'])
    expect(becauseOf(heard, 'threshold/temperature-high')?.limit?.setBy).toBe('adult profile (draft, not signed)')
  })

  it('rises with the depth of the violation and falls with it', () => {
    const inputs = [...hold(0, 20, { spo2: 88 }), ...hold(20, 40, { spo2: 84 }), ...hold(40, 60, { spo2: 88 }), ...hold(60, 62, { spo2: 96 })]
    expect(brief(play(rule, inputs).heard, SPO2_LOW)).toEqual(['15 present medium', '25 present medium', '30 present high', '40 present medium', '60 cleared'])
  })

  it('calls anew where it gets beyond a graver limit of the same priority, once: an acknowledged 84 % is no answer to 75 %', () => {
    const inputs = [...hold(0, 20, { spo2: 84 }), ...hold(20, 40, { spo2: 75 }), ...hold(40, 60, { spo2: 84 }), ...hold(60, 80, { spo2: 75 })]
    const anew = play(rule, inputs).heard.flatMap(({ at, signal }) => (signal.kind === 'present' && signal.again === true ? [at] : []))
    expect(anew).toEqual([21])
  })

  it('calls no second time for the same limit because the gateway restarted, or a limit of the stay was changed meanwhile', () => {
    type Played = ReturnType<typeof play<ReturnType<typeof rule.start>>>
    const restarted = ({ heard }: Played): Played['state'] => {
      const open = ofCondition(heard, SPO2_LOW).flatMap(({ signal }) => (signal.kind === 'present' ? [signal] : []))
      return { ...rule.start(ADULT), own: threshold.adopt(threshold.start(ADULT), open.slice(-1), DEFAULT_SETTINGS) }
    }
    const calls = (inputs: RuleInput[], state: Played['state']): boolean => play(rule, inputs, ADULT, state).heard.some(({ signal }) => signal.kind === 'present' && signal.again === true)
    const at84 = play(rule, hold(0, 20, { spo2: 84 }))
    const at79 = play(rule, hold(20, 40, { spo2: 79 }), ADULT, at84.state)
    const narrower = contextInput(40, { limits: [{ variable: 'spo2', side: 'low', beyond: 89, by: 'anna', at: wallOf(40), reason: 'test', until: null }] })
    expect(calls([narrower, tick(40), ...hold(41, 60, { spo2: 79 })], at79.state)).toBe(false)
    expect(calls(hold(40, 60, { spo2: 79 }), restarted(at79))).toBe(false)
    // What was not told before the restart is news after it.
    expect(calls(hold(40, 60, { spo2: 79 }), restarted(at84))).toBe(true)
  })

  it('never ends on the way back through its grades', () => {
    const inputs = [...hold(0, 2, { spo2: 70 }), ...hold(2, 6, { spo2: 82 }), ...hold(6, 9, { spo2: 88 }), ...hold(9, 11, { spo2: 93 })]
    expect(brief(play(rule, inputs).heard, SPO2_LOW)).toEqual(['1 present high', '6 present medium', '9 cleared'])
  })

  it('tells an extreme value at the second value in a row, or after 3 s when no second one comes', () => {
    expect(brief(play(rule, hold(0, 5, { spo2: 75 })).heard, SPO2_LOW)).toEqual(['1 present high'])
    expect(brief(play(rule, [values(0, { spo2: 75 }), ...ticks(1, 10)]).heard, SPO2_LOW)).toEqual(['3 present high'])
    expect(play(rule, [values(0, { spo2: 75 }), values(1, { spo2: 95 }), ...ticks(1, 10)]).heard).toEqual([])
  })

  it('does not count a repeat by another device message as a second value', () => {
    const inputs = [values(0, { spo2: 75 }), values(1, { temp: 37 }), values(2, { pi: 1 }), tick(2)]
    expect(play(rule, inputs).heard).toEqual([])
  })

  it('compares the value that the nurse reads', () => {
    expect(play(rule, hold(0, 60, { spo2: 89.5 })).heard).toEqual([])
    expect(texts(play(rule, hold(0, 60, { spo2: 89.4 })).heard, SPO2_LOW)).toContain('SpO₂ 89 % below 90')
  })

  it('counts both of its sides strictly', () => {
    expect(play(rule, hold(0, 60, { ecg: 130 })).heard).toEqual([])
    expect(play(rule, hold(0, 60, { ecg: 45 })).heard).toEqual([])
    expect(brief(play(rule, hold(0, 12, { ecg: 131 })).heard, HR_HIGH)).toEqual(['10 present medium'])
    expect(brief(play(rule, hold(0, 12, { ecg: 44 })).heard, HR_LOW)).toEqual(['10 present medium'])
  })

  it('stays inside the clear margin and ends at its inner edge', () => {
    const low = [...hold(0, 20, { spo2: 88 }), ...hold(20, 200, { spo2: 91 })]
    expect(brief(play(rule, low).heard, SPO2_LOW).filter((line) => line.includes('cleared'))).toEqual([])
    expect(brief(play(rule, [...low, values(200, { spo2: 92 })]).heard, SPO2_LOW).at(-1)).toBe('200 cleared')
    const high = [...hold(0, 12, { ecg: 135 }), ...hold(12, 30, { ecg: 126 })]
    expect(brief(play(rule, high).heard, HR_HIGH)).toEqual(['10 present medium'])
    expect(brief(play(rule, [...high, values(30, { ecg: 125 })]).heard, HR_HIGH).at(-1)).toBe('30 cleared')
  })

  it('says truly that a value in the margin was beyond the limit', () => {
    const { heard } = play(rule, [...hold(0, 20, { spo2: 84 }), ...hold(20, 30, { spo2: 91 })])
    expect(texts(heard, SPO2_LOW).at(-1)).toBe('SpO₂ 91 %, was below 90')
  })

  it('says a worse value again after 10 s, and any value after a minute', () => {
    const worse = [...hold(0, 20, { ecg: 135 }), ...hold(20, 30, { ecg: 140 })]
    expect(brief(play(rule, worse).heard, HR_HIGH)).toEqual(['10 present medium', '20 present medium'])
    expect(brief(play(rule, hold(0, 140, { ecg: 135 })).heard, HR_HIGH)).toEqual(['10 present medium', '70 present medium', '130 present medium'])
  })

  it('is marked when the device doubts the signal', () => {
    const inputs = Array.from({ length: 20 }, (_, at) => snapshot(at, [{ sensor: 'spo2', value: 85, flags: ['low-signal'] }]))
    expect(texts(play(rule, inputs).heard, SPO2_LOW)[0]).toBe('SpO₂ 85 % (weak signal) below 90')
  })
})

describe('a single measurement', () => {
  it('acts without delay and asks to be repeated', () => {
    const { heard } = play(rule, [values(0, { nibps: 82, nibpd: 50 })])
    expect(brief(heard, 'threshold/sbp-low')).toEqual(['0 present medium'])
    expect(texts(heard, 'threshold/sbp-low')).toEqual(['SBP 82 mmHg below 90; repeat to confirm'])
    expect(becauseOf(heard, 'threshold/sbp-low')?.inputs[0]?.name).toBe('NIBP s')
  })

  it('is lost, not cleared, when it is not repeated within 15 min', () => {
    const { heard } = play(rule, [values(0, { nibps: 82 }), ...ticks(1, 1_000)])
    expect(brief(heard, 'threshold/sbp-low').filter((line) => !line.includes('present'))).toEqual(['901 lost'])
  })

  it('ends with the next one that is inside the margin', () => {
    expect(brief(play(rule, [values(0, { nibps: 82 }), values(30, { nibps: 94 })]).heard, 'threshold/sbp-low')).toEqual(['0 present medium'])
    expect(brief(play(rule, [values(0, { nibps: 82 }), values(30, { nibps: 95 })]).heard, 'threshold/sbp-low')).toEqual(['0 present medium', '30 cleared'])
  })
})

describe('a value that goes away', () => {
  it('never clears: a lost probe is told once as lost', () => {
    const inputs = [...hold(0, 20, { spo2: 85 }), ...hold(20, 300, { spo2: 'probe-off' })]
    expect(brief(play(rule, inputs).heard, SPO2_LOW)).toEqual(['15 present medium', '20 lost'])
  })

  it('is also lost when it stops coming without a word, after two intervals', () => {
    const { heard } = play(rule, [...hold(0, 20, { spo2: 88 }), ...ticks(20, 300)])
    expect(brief(heard, SPO2_LOW).filter((line) => line.includes('lost'))).toEqual(['140 lost'])
  })

  it('goes on as present when it is back and still beyond, and clears when it is back and well', () => {
    const lost = [...hold(0, 20, { spo2: 88 }), ...hold(20, 25, { spo2: 'probe-off' })]
    expect(brief(play(rule, [...lost, ...hold(25, 27, { spo2: 87 })]).heard, SPO2_LOW)).toEqual(['15 present medium', '20 lost', '25 present medium'])
    expect(brief(play(rule, [...lost, ...hold(25, 27, { spo2: 96 })]).heard, SPO2_LOW)).toEqual(['15 present medium', '20 lost', '25 cleared'])
  })

  it('for moments does not start the delay anew', () => {
    const inputs = Array.from({ length: 30 }, (_, at) => values(at, { spo2: at % 3 === 1 ? 'device-invalid' : 88 }))
    expect(brief(play(rule, inputs).heard, SPO2_LOW)[0]).toBe('15 present medium')
  })

  it('for longer than half a minute does', () => {
    const inputs = [...hold(0, 5, { spo2: 88 }), ...hold(5, 40, { spo2: 'device-invalid' }), ...hold(40, 50, { spo2: 88 })]
    expect(play(rule, inputs).heard).toEqual([])
  })
})

describe('no beat, no breath, no belief', () => {
  it('asystole and apnoea are told with the first value, high', () => {
    expect(play(rule, [values(0, { ecg: 0 })]).heard.map(({ signal }) => signal)).toEqual([
      expect.objectContaining({ kind: 'present', condition: 'threshold/asystole', priority: 'high', text: 'HR 0 /min: check patient, possible asystole' }),
    ])
    expect(play(rule, [values(0, { rr: 0 })]).heard.map(({ signal }) => signal)).toEqual([
      expect.objectContaining({ kind: 'present', condition: 'threshold/apnoea', priority: 'high', text: 'RR 0 /min: check patient, possible apnoea' }),
    ])
  })

  it('a measured 0 is heard while another sensor still counts, and shows both', () => {
    const { heard } = play(rule, [values(0, { ecg: 0, pulse: 72 })])
    expect(becauseOf(heard, 'threshold/asystole')?.inputs.map(({ name, value }) => `${name} ${value}`)).toEqual(['HR 0', 'PR 72'])
  })

  it('asks to check the patient when a valid value lies beyond plausibility', () => {
    const { heard } = play(rule, [values(0, { ecg: 15 })])
    expect(texts(heard, 'threshold/hr-implausible')).toEqual(['Check patient: HR 15 /min'])
    expect(brief(heard, 'threshold/hr-implausible')).toEqual(['0 present high'])
    expect(brief(play(rule, hold(0, 5, { spo2: 30 })).heard, 'threshold/spo2-implausible')).toEqual(['1 present high'])
    expect(brief(play(rule, [values(0, { arts: 12 }), ...ticks(1, 6)]).heard, 'threshold/sbp-implausible')).toEqual(['3 present high'])
    expect(play(rule, [values(0, { spo2: 30 }), values(1, { spo2: 97 }), ...ticks(2, 9)]).heard).toEqual([])
  })

  it('does not call for a probe that lies in the room', () => {
    expect(play(rule, hold(0, 100, { temp: 22 })).heard).toEqual([])
  })

  it('ends when something plausible is heard, and only then', () => {
    const dead = [...hold(0, 5, { ecg: 0 })]
    expect(brief(play(rule, [...dead, values(5, { ecg: 'lead-off' }), tick(6)]).heard, 'threshold/asystole')).toEqual(['0 present high', '5 lost'])
    expect(brief(play(rule, [...dead, values(5, { ecg: 12 }), tick(6)]).heard, 'threshold/asystole')).toEqual(['0 present high'])
    expect(brief(play(rule, [...dead, values(5, { ecg: 60 })]).heard, 'threshold/asystole')).toEqual(['0 present high', '5 cleared'])
  })

  it('leaves a limit alert as it is: HR 15 is not better than HR 38', () => {
    const { heard } = play(rule, [...hold(0, 12, { ecg: 40 }), ...hold(12, 30, { ecg: 15 }), ...hold(30, 32, { ecg: 0 })])
    expect(brief(heard, HR_LOW)).toEqual(['10 present medium'])
    expect(brief(heard, 'threshold/hr-implausible')).toEqual(['12 present high'])
    expect(brief(heard, 'threshold/asystole')).toEqual(['30 present high'])
  })
})

describe('one variable, several sensors', () => {
  it('one tachycardia is one alert', () => {
    const { heard } = play(rule, hold(0, 30, { ecg: 140, pulse: 141 }))
    expect(heard.map(({ signal }) => signal.condition)).toEqual([HR_HIGH])
    expect(becauseOf(heard, HR_HIGH)?.inputs.map(({ name }) => name)).toEqual(['HR'])
  })

  it('the pleth counts when the ECG lead is off', () => {
    const { heard } = play(rule, hold(0, 12, { ecg: 'lead-off', pulse: 140 }))
    expect(becauseOf(heard, HR_HIGH)?.inputs.map(({ name, value }) => `${name} ${value}`)).toEqual(['PR 140'])
  })

  it('a sensor that fell silent without a word does not hide one that speaks', () => {
    const { heard } = play(rule, [...hold(0, 5, { ecg: 80, pulse: 80 }), ...hold(5, 40, { pulse: 140 })])
    expect(brief(heard, HR_HIGH)).toEqual(['25 present medium'])
  })

  it('a cuff does not speak for a line that is read', () => {
    const { heard } = play(rule, [values(0, { nibps: 80 }), ...hold(20, 60, { arts: 120 })])
    expect(brief(heard, 'threshold/sbp-low')).toEqual(['0 present medium', '20 cleared'])
  })
})

describe('what a limit does not see', () => {
  it('values marked demo or test, nor those of a memory', () => {
    const marked = [{ sensor: 'ecg', value: 0, flags: ['demo'] }, { sensor: 'spo2', value: 50, flags: ['test'] }, { sensor: 'rr', value: 0, flags: ['history'] }] as const
    const inputs = [0, 1, 2].flatMap((at) => [snapshot(at, marked), tick(at)])
    expect(play(rule, inputs).heard).toEqual([])
  })

  it('history: a backlog raises nothing, up to the last moment that is live', () => {
    const backlog = (ageS: number) => play(rule, Array.from({ length: 30 }, (_, at) => snapshot(at, [{ sensor: 'spo2', value: 70, ageS }]))).heard
    expect(backlog(121)).toEqual([])
    expect(backlog(119).length).toBeGreaterThan(0)
    expect(play(rule, [snapshot(0, [{ sensor: 'nibps', value: 60, ageS: 901 }])]).heard).toEqual([])
    expect(play(rule, [snapshot(0, [{ sensor: 'nibps', value: 60, ageS: 899 }])]).heard).toHaveLength(1)
  })

  it('but a wrong device clock is no reason for silence', () => {
    const wrong = Array.from({ length: 20 }, (_, at) => {
      const input = snapshot(at, [{ sensor: 'spo2', value: 85 }])
      const years = wallOf(-500_000_000)
      return { ...input, snapshot: { ...input.snapshot, sentAt: years, observations: input.snapshot.observations.map((one) => ({ ...one, deviceAt: years })) } }
    })
    expect(brief(play(rule, wrong).heard, SPO2_LOW)[0]).toBe('15 present medium')
  })
})

describe('population', () => {
  it('brings its own limits', () => {
    const inputs = hold(0, 30, { ecg: 150 })
    expect(play(rule, inputs, { ...ADULT, population: 'neonate' }).heard).toEqual([])
    expect(brief(play(rule, inputs, ADULT).heard, HR_HIGH)[0]).toBe('10 present medium')
  })

  it('changed while an alert is open, judges it by the new limits without a gap', () => {
    const change = contextInput(20, { population: 'neonate' })
    expect(brief(play(rule, [...hold(0, 20, { spo2: 88 }), change, ...hold(20, 25, { spo2: 88 })]).heard, SPO2_LOW)).toEqual(['15 present medium', '20 cleared'])
    expect(brief(play(rule, [...hold(0, 20, { spo2: 84 }), change, ...hold(20, 25, { spo2: 84 })]).heard, SPO2_LOW)).toEqual(['10 present high', '20 present medium'])
    expect(brief(play(rule, [...hold(0, 20, { spo2: 84 }), values(20, { spo2: 'probe-off' }), change, tick(21)]).heard, SPO2_LOW)).toEqual(['10 present high', '20 lost'])
  })

  it('too much oxygen is a limit for the newborn on oxygen only', () => {
    const inputs = hold(0, 20, { spo2: 99 })
    expect(play(rule, inputs, { ...ADULT, population: 'neonate', onOxygen: false }).heard).toEqual([])
    expect(brief(play(rule, inputs, { ...ADULT, population: 'neonate', onOxygen: true }).heard, 'threshold/spo2-high')).toEqual(['15 present low'])
  })
})

describe('after a restart', () => {
  const because = { rule: 'threshold', version: '1', inputs: [], limit: null, missing: [] }
  const adopted = (condition: string, priority: 'low' | 'medium' | 'high') => ({ ...rule.start(ADULT), own: threshold.adopt(threshold.start(ADULT), [{ condition, priority, because }], DEFAULT_SETTINGS) })

  it('an open alert that was taken over ends with evidence, and not without', () => {
    expect(brief(play(rule, ticks(0, 300), ADULT, adopted(SPO2_LOW, 'high')).heard, SPO2_LOW)).toEqual(['0 lost'])
    expect(brief(play(rule, hold(0, 3, { spo2: 97 }), ADULT, adopted(SPO2_LOW, 'high')).heard, SPO2_LOW)).toEqual(['0 cleared'])
    expect(brief(play(rule, hold(0, 3, { ecg: 70 }), ADULT, adopted('threshold/asystole', 'high')).heard, 'threshold/asystole')).toEqual(['0 cleared'])
  })

  it('and goes on at its first value when that is still beyond, or in the margin', () => {
    expect(brief(play(rule, hold(0, 3, { spo2: 88 }), ADULT, adopted(SPO2_LOW, 'medium')).heard, SPO2_LOW)).toEqual(['0 present medium'])
    expect(texts(play(rule, hold(0, 3, { spo2: 91 }), ADULT, adopted(SPO2_LOW, 'medium')).heard, SPO2_LOW)).toEqual(['SpO₂ 91 %, was below 90'])
    expect(brief(play(rule, hold(0, 3, { ecg: 0 }), ADULT, adopted('threshold/asystole', 'high')).heard, 'threshold/asystole')).toEqual(['0 present high'])
  })
})

describe('for any sequence of values', () => {
  const spo2 = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 70, max: 100 }) }, { weight: 1, arbitrary: fc.constantFrom('probe-off' as const, 'device-invalid' as const) })

  it('inside the margin nothing ever begins or ends', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(90, 91), { maxLength: 200 }), (margin) => {
        const quiet = margin.map((value, at) => values(at, { spo2: value }))
        expect(play(rule, quiet).heard).toEqual([])
        const told = [...hold(0, 20, { spo2: 88 }), ...margin.map((value, at) => values(20 + at, { spo2: value }))]
        expect(play(rule, told).heard.some(({ signal }) => signal.kind === 'cleared')).toBe(false)
      }),
    )
  })

  it('a present follows 15 s below 90, a cleared follows a value of 92 or more, and absence clears nothing', () => {
    fc.assert(
      fc.property(fc.array(spo2, { maxLength: 150 }), (course) => {
        const inputs = course.map((value, at) => values(at, { spo2: value }))
        let isOpen = false
        for (const { at, signal } of ofCondition(play(rule, inputs).heard, SPO2_LOW)) {
          const now = course[at]
          if (signal.kind === 'cleared') {
            expect(isOpen).toBe(true)
            expect(typeof now === 'number' && now >= 92).toBe(true)
            isOpen = false
          } else if (signal.kind === 'lost') {
            expect(isOpen && typeof now === 'string').toBe(true)
          } else {
            if (!isOpen) {
              const measuredBefore = course.slice(0, at + 1).filter((value) => typeof value === 'number')
              const inARow = measuredBefore.length - 1 - measuredBefore.findLastIndex((value) => value >= 90)
              expect(inARow >= 1).toBe(true)
              const lastWell = course.slice(0, at + 1).findLastIndex((value) => typeof value === 'number' && value >= 90)
              const extremes = measuredBefore.slice(-2).every((value) => value < 80) && measuredBefore.length >= 2
              const isHigh = signal.priority === 'high'
              expect(isHigh ? extremes || at - lastWell > 3 : at - lastWell > 15).toBe(true)
            }
            isOpen = true
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  it('the order and repeats of observations within a snapshot change nothing', () => {
    const said = fc.record({
      sensor: fc.constantFrom('ecg', 'pulse', 'spo2', 'rr', 'nibps', 'temp'),
      value: fc.oneof(fc.integer({ min: 0, max: 250 }), fc.constantFrom('probe-off', 'lead-off', 'not-measured')),
      channel: fc.constantFrom('', '1.1', '2.1'),
      ageS: fc.constantFrom(0, 1, 100, 1_000),
      flags: fc.constantFrom([], ['low-signal'], ['demo']),
    }) as fc.Arbitrary<Parameters<typeof snapshot>[1][number]>
    const course = fc.array(fc.array(said, { maxLength: 8 }).chain((one) => fc.tuple(fc.constant(one), fc.shuffledSubarray([...one, ...one], { minLength: one.length * 2 }))), { maxLength: 30 })
    fc.assert(
      fc.property(course, (pairs) => {
        const plain = pairs.map(([one], at) => snapshot(at, one))
        const mixed = pairs.map(([, other], at) => snapshot(at, other))
        expect(JSON.stringify(play(rule, mixed))).toBe(JSON.stringify(play(rule, plain)))
      }),
    )
  })

  it('a tick without news gives back the very state it was given', () => {
    const { state } = play(rule, hold(0, 20, { spo2: 97, ecg: 70, rr: 14, arts: 120, temp: 37 }))
    const after = rule.step(state, tick(20))
    expect(after.state).toBe(state)
    expect(after.signals).toHaveLength(0)
    expect(monoOf(0)).toBeGreaterThan(0)
  })
})

describe('a value that nothing on its way would have checked', () => {
  /** One snapshot a second from a line without checksum. */
  const unchecked = (from: number, to: number, said: Parameters<typeof values>[1]) =>
    Array.from({ length: to - from }, (_, index) => {
      const whole = values(from + index, said)
      return [{ ...whole, snapshot: { ...whole.snapshot, unchecked: true as const } }, tick(from + index)]
    }).flat()

  it('violates a limit when a second one says the same, however long the first stands', () => {
    const alone = [...unchecked(0, 1, { ecg: 40, spo2: 75 }), ...ticks(1, 100)]
    expect(play(rule, alone).heard).toEqual([])
    expect(brief(play(rule, [...alone, ...unchecked(100, 101, { ecg: 40, spo2: 75 })]).heard, HR_LOW)).toEqual(['100 present medium'])
    expect(brief(play(rule, unchecked(0, 3, { spo2: 75 })).heard, SPO2_LOW)).toEqual(['1 present high'])
  })

  it('counts anew when one in between is normal, or beyond the other limit', () => {
    const course = [...unchecked(0, 1, { ecg: 160 }), ...unchecked(1, 2, { ecg: 70 }), ...unchecked(2, 3, { ecg: 160 }), ...unchecked(3, 4, { ecg: 30 }), ...ticks(4, 100)]
    expect(play(rule, course).heard).toEqual([])
  })

  it('of a cuff stands alone, and asystole waits for nothing', () => {
    expect(brief(play(rule, unchecked(0, 1, { nibps: 80 })).heard, 'threshold/sbp-low')).toEqual(['0 present medium'])
    expect(brief(play(rule, unchecked(0, 1, { ecg: 0 })).heard, 'threshold/asystole')).toEqual(['0 present high'])
    expect(brief(play(rule, unchecked(0, 1, { rr: 0 })).heard, 'threshold/apnoea')).toEqual(['0 present high'])
  })

  it('that cannot be believed waits for a second one as well', () => {
    expect(brief(play(rule, [...unchecked(0, 1, { ecg: 15 }), ...ticks(1, 50)]).heard, 'threshold/hr-implausible')).toEqual([])
    expect(brief(play(rule, unchecked(0, 2, { ecg: 15 })).heard, 'threshold/hr-implausible')).toEqual(['1 present high'])
  })

  it('changes nothing on a line that is checked', () => {
    expect(brief(play(rule, [values(0, { ecg: 40 }), ...ticks(1, 30)]).heard, HR_LOW)).toEqual(['10 present medium'])
  })
})

describe('an averaged limit', () => {
  const spo2 = DEFAULT_PROFILES.adult.variables.spo2
  const averaging = ruleOf(threshold, {
    ...DEFAULT_SETTINGS,
    profiles: { ...DEFAULT_PROFILES, adult: { ...DEFAULT_PROFILES.adult, variables: { ...DEFAULT_PROFILES.adult.variables, ...(spo2 === undefined ? {} : { spo2: { ...spo2, averageSeconds: 8 } }) } } },
  })

  it('is not violated by single values that a mean does not follow', () => {
    const saw = Array.from({ length: 60 }, (_, at) => [values(at, { spo2: at % 4 === 0 ? 86 : 95 }), tick(at)]).flat()
    expect(play(averaging, saw).heard).toEqual([])
  })

  it('follows a value that stays low by half the window', () => {
    const { heard } = play(averaging, [...hold(0, 20, { spo2: 94 }), ...hold(20, 60, { spo2: 86 })])
    // The mean of eight seconds is below 90 from 24 s on (4 of 8), then the delay of 15 s.
    expect(brief(heard, SPO2_LOW)).toEqual(['39 present medium'])
  })

  it('does not hold up what is extreme', () => {
    expect(brief(play(averaging, [...hold(0, 20, { spo2: 97 }), ...hold(20, 23, { spo2: 75 })]).heard, SPO2_LOW)).toEqual(['21 present high'])
  })

  it('begins anew with another sensor, and keeps no more values than it may', () => {
    const { state } = play(averaging, [...hold(0, 5, { spo2: 94 }), snapshot(5, [{ sensor: 'spo2', value: 88, channel: '2' }]), snapshot(30, [{ sensor: 'spo2', value: 88, channel: '2' }])])
    expect(state.own.averages.spo2?.values.map(({ value }) => value)).toEqual([88])
    const fast = Array.from({ length: 200 }, (_, index) => values(index / 100, { spo2: 94 }))
    expect(play(averaging, fast).state.own.averages.spo2?.values).toHaveLength(ruleLimits.averagedValuesMax)
  })
})

it('every default profile has limits for what a ward watches', () => {
  for (const { variables } of Object.values(DEFAULT_PROFILES)) expect(Object.keys(variables)).toEqual(expect.arrayContaining(['hr', 'spo2', 'rr', 'sbp', 'temperature']))
})
