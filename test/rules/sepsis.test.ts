import { describe, expect, it } from 'vitest'
import { METRICS } from '../../src/domain/metrics.ts'
import { measured } from '../../src/domain/reading.ts'
import { countPressure, NO_BASELINE, usualPressure } from '../../src/rules/baseline.ts'
import { sepsis, SEPSIS_CONDITION } from '../../src/rules/sepsis.ts'
import { DEFAULT_SETTINGS, ruleOf } from '../../src/rules/watcher.ts'
import type { RuleInput } from '../../src/seams.ts'
import { ADULT, becauseOf, brief, contextInput, hold, monoOf, play, snapshot, texts, tick, ticks, values, type Values, wallOf } from './fixture.ts'

const rule = ruleOf(sepsis)
const SUSPECTED = { ...ADULT, infectionSuspected: true }
const WELL: Values = { rr: 16, spo2: 97, ecg: 70, nibps: 120, nibpd: 80, temp: 37 }
const SIRS: Values = { ...WELL, rr: 21, ecg: 91 }
const NEWS5: Values = { ...WELL, rr: 22, spo2: 94, ecg: 115 }

describe('the sepsis screen', () => {
  it('prompts, says what it rests on and what it lacks, and detects nothing', () => {
    const { heard } = play(rule, hold(0, 70, NEWS5), SUSPECTED)
    expect(brief(heard, SEPSIS_CONDITION)).toEqual(['60 present medium'])
    expect(texts(heard, SEPSIS_CONDITION)).toEqual([
      'Consider sepsis: infection suspected, NEWS2 at least 5 (5 to 10; oxygen, consciousness not known), SIRS 2 of 4',
    ])
    const because = becauseOf(heard, SEPSIS_CONDITION)
    expect(because?.missing).toEqual(['oxygen', 'consciousness', 'lactate', 'white cells'])
    expect(because?.limit?.text).toContain('not a diagnosis')
    expect(because?.inputs.map(({ name, value }) => `${name} ${value}`)).toEqual([
      'Temp 37', 'HR 115', 'RR imp 22', 'NIBP s 120', 'NIBP d 80', 'SpO₂ 94', 'infection suspected yes', 'NEWS2 worst in 1, 4, 12 h 5, 5, 5', 'NEWS2 at least 5 in 1, 4, 12 h 1, 1, 1',
      ...['RR', 'SpO₂', 'SBP', 'HR', 'Temp'].map((word) => `${word} change in 1, 4, 12 h not known, not known, not known`),
    ])
    expect(JSON.stringify(heard)).not.toMatch(/detected|has sepsis|diagnosed/)
  })

  it('needs the suspicion of an infection', () => {
    expect(play(rule, hold(0, 200, NEWS5)).heard).toEqual([])
    expect(play(rule, hold(0, 200, { ...WELL, nibps: 85, nibpd: 50 })).heard).toEqual([])
    expect(play(rule, hold(0, 200, WELL), SUSPECTED).heard).toEqual([])
  })

  it('asks whether an infection is suspected when SIRS and low pressure meet, unless NEWS2 asks it', () => {
    const { heard } = play(rule, hold(0, 70, { ...SIRS, nibps: 112, nibpd: 40 }))
    expect(brief(heard, SEPSIS_CONDITION)).toEqual(['60 present medium'])
    expect(texts(heard, SEPSIS_CONDITION)).toEqual(['Consider sepsis: SIRS 2 of 4, MAP 64 mmHg. Is infection suspected?'])
    expect(play(rule, hold(0, 70, { ...SIRS, nibps: 84, nibpd: 60 })).heard).toEqual([])
  })

  it.each([[38.3, 0], [38.4, 1]])('asks at a temperature of %d: %d times', (temp, times) => {
    const { heard } = play(rule, hold(0, 70, { ...WELL, temp }))
    expect(texts(heard, SEPSIS_CONDITION)).toEqual(times === 0 ? [] : ['Consider sepsis: Temp 38.4 °C. Is infection suspected?'])
  })

  it('does not ask the same again within twelve hours, and does so after them', () => {
    const fever: Values = { ...WELL, temp: 39 }
    const course = (hours: number): RuleInput[] =>
      Array.from({ length: hours * 60 }, (_, minute) => [values(minute * 60, minute % 120 < 60 ? fever : WELL), tick(minute * 60)]).flat()
    const starts = (hours: number) => brief(play(rule, course(hours)).heard, SEPSIS_CONDITION).filter((line) => line.includes('cleared')).length
    expect(starts(11)).toBe(1)
    expect(starts(14)).toBe(2)
    const standing = Array.from({ length: 13 * 60 }, (_, minute) => [values(minute * 60, fever), tick(minute * 60)]).flat()
    const calls = play(rule, standing).heard.filter(({ signal }) => signal.kind === 'present' && signal.again === true)
    expect(calls.map(({ at }) => at)).toEqual([60 + 12 * 3_600])
    const answered = [contextInput(0, { infectionSuspected: true }), ...standing]
    expect(play(rule, answered).heard.filter(({ signal }) => signal.kind === 'present' && signal.again === true)).toEqual([])
  })

  it('counts lactate, white cells and failing organs where they were heard, for a day', () => {
    const lab = (seconds: number, id: string, value: number): RuleInput => {
      const whole = snapshot(seconds, [{ sensor: 'nibps', value: 120 }])
      const metric = METRICS.find((row) => row.id === id)
      if (metric === undefined) throw new Error(id)
      return { kind: 'snapshot', snapshot: { ...whole.snapshot, observations: whole.snapshot.observations.map((one) => ({ ...one, metric, measurement: measured(value) })) } }
    }
    const heardOf = (...labs: readonly RuleInput[]) => play(rule, [...labs, ...hold(1, 70, WELL)], SUSPECTED).heard
    expect(texts(heardOf(lab(0, 'NOM_CONC_LACT', 2)), SEPSIS_CONDITION)).toEqual([])
    expect(texts(heardOf(lab(0, 'NOM_CONC_LACT', 2.1)), SEPSIS_CONDITION)).toEqual(['Consider sepsis: infection suspected, lactate 2.1 mmol/L'])
    expect(brief(heardOf(lab(0, 'NOM_CONC_LACT', 4)), SEPSIS_CONDITION)).toEqual(['60 present high'])
    expect(becauseOf(heardOf(lab(0, 'NOM_CONC_LACT', 4)), SEPSIS_CONDITION)?.inputs).toContainEqual({ name: 'Lactate', value: 4, unit: 'mmol/L', at: wallOf(0) })
    const septic = [lab(0, 'VIGIL_LAB_LEUKOCYTES', 13), lab(0, 'VIGIL_LAB_CREATININE', 2.4)]
    expect(texts(play(rule, [...septic, ...hold(1, 70, { ...WELL, ecg: 95 })], SUSPECTED).heard, SEPSIS_CONDITION)).toEqual([
      'Consider sepsis: infection suspected, SIRS 2 of 4, creatinine 2.40 mg/dL',
    ])
    const dayLater = [lab(0, 'NOM_CONC_LACT', 5), ...hold(86_401, 86_470, WELL)]
    expect(play(rule, dayLater, SUSPECTED).heard).toEqual([])
  })

  it('SIRS with suspected infection is medium, NEWS2 of 7 or low pressure is high', () => {
    expect(brief(play(rule, hold(0, 70, SIRS), SUSPECTED).heard, SEPSIS_CONDITION)).toEqual(['60 present medium'])
    expect(brief(play(rule, hold(0, 70, { ...NEWS5, temp: 39.5 }), SUSPECTED).heard, SEPSIS_CONDITION)).toEqual(['60 present high'])
    expect(brief(play(rule, hold(0, 70, { ...WELL, nibps: 89, nibpd: 75 }), SUSPECTED).heard, SEPSIS_CONDITION)).toEqual(['60 present high'])
    expect(play(rule, hold(0, 70, { ...WELL, nibps: 90, nibpd: 75 }), SUSPECTED).heard).toEqual([])
  })

  it.each([[64, true], [65, false]])('a mean pressure of %d is low: %s', (nibpm, isLow) => {
    expect(play(rule, hold(0, 70, { ...WELL, nibpm }), SUSPECTED).heard.length > 0).toBe(isLow)
  })

  it('derives the mean from the cuff where the cuff does not say it', () => {
    const { heard } = play(rule, hold(0, 70, { ...WELL, nibps: 100, nibpd: 44 }), SUSPECTED)
    expect(texts(heard, SEPSIS_CONDITION)).toEqual(['Consider sepsis: infection suspected, MAP 63 mmHg'])
  })

  it('sees a fall of more than 40 from what is usual for this patient', () => {
    const usual = Array.from({ length: 13 }, (_, index) => values(index * 300, { ...WELL, nibps: 150, nibpd: 90 }))
    const fallTo = (nibps: number) => play(rule, [...usual, values(3_900, { ...WELL, nibps, nibpd: 90 }), tick(3_960)], SUSPECTED).heard
    expect(texts(fallTo(109), SEPSIS_CONDITION)).toEqual(['Consider sepsis: infection suspected, SBP 41 mmHg below usual'])
    expect(fallTo(110)).toEqual([])
  })

  it('begins when the nurse raises the suspicion', () => {
    const inputs = [...hold(0, 100, NEWS5), contextInput(100, { infectionSuspected: true }), ...hold(100, 170, NEWS5)]
    expect(brief(play(rule, inputs).heard, SEPSIS_CONDITION)).toEqual(['160 present medium'])
  })

  it('ends five minutes after all is past, and not because data are gone', () => {
    const ended = play(rule, [...hold(0, 70, NEWS5), ...hold(70, 600, WELL)], SUSPECTED).heard
    // The median of five minutes turns first.
    expect(brief(ended, SEPSIS_CONDITION).at(-1)).toBe('435 cleared')
    const gone = play(rule, [...hold(0, 70, NEWS5), ...ticks(70, 2_000)], SUSPECTED).heard
    expect(brief(gone, SEPSIS_CONDITION).filter((line) => !line.includes('present'))).toEqual(['370 lost'])
  })

  it('is for adults', () => {
    expect(play(rule, hold(0, 100, NEWS5), { ...SUSPECTED, population: 'paediatric' }).heard).toEqual([])
    expect(brief(play(rule, [...hold(0, 70, NEWS5), contextInput(70, { population: 'neonate' })], SUSPECTED).heard, SEPSIS_CONDITION).at(-1)).toBe('70 cleared')
  })

  it('takes over an open prompt and ends it with evidence only', () => {
    const because = becauseOf(play(rule, hold(0, 70, NEWS5), SUSPECTED).heard, SEPSIS_CONDITION)
    if (because === undefined) throw new Error('no prompt')
    const adopted = { ...rule.start(SUSPECTED), own: sepsis.adopt(sepsis.start(SUSPECTED), [{ condition: SEPSIS_CONDITION, priority: 'medium', because }], DEFAULT_SETTINGS) }
    expect(brief(play(rule, ticks(0, 1_000), SUSPECTED, adopted).heard, SEPSIS_CONDITION)).toEqual(['0 lost'])
    expect(brief(play(rule, hold(0, 400, WELL), SUSPECTED, adopted).heard, SEPSIS_CONDITION).at(-1)).toBe('300 cleared')
  })
})

describe('usual pressure', () => {
  const counted = (samples: readonly (readonly [minutes: number, value: number])[]) =>
    samples.reduce((baseline, [minutes, value], index) => countPressure(baseline, { value, sequence: index + 1, measuredAt: monoOf(minutes * 60) }), NO_BASELINE)

  it('is the median of past half hours, so that one artefact does not move it', () => {
    const hours = counted([[0, 120], [30, 122], [60, 290], [90, 124], [120, 118], [150, 60]])
    expect(usualPressure(hours, monoOf(150 * 60))).toBeGreaterThan(115)
    expect(usualPressure(hours, monoOf(150 * 60))).toBeLessThan(126)
  })

  it('is not known in the first half hour, nor from what is older than four hours', () => {
    const once = counted([[0, 120]])
    expect(usualPressure(once, monoOf(60))).toBeNull()
    expect(usualPressure(once, monoOf(40 * 60))).toBe(120)
    expect(usualPressure(once, monoOf(6 * 3_600))).toBeNull()
  })

  it('counts a sample once and keeps no more than nine half hours', () => {
    const sample = { value: 120, sequence: 1, measuredAt: monoOf(0) }
    const once = countPressure(NO_BASELINE, sample)
    expect(countPressure(once, sample)).toBe(once)
    expect(counted(Array.from({ length: 100 }, (_, index) => [index * 30, 120] as const)).halfHours).toHaveLength(9)
  })
})
