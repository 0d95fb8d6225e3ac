import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { METRICS } from '../../src/domain/metrics.ts'
import { ABSENT_REASONS, READING_FLAGS } from '../../src/domain/reading.ts'
import { wallMs } from '../../src/domain/time.ts'
import { type BedState, bedRules, bedRulesOf, bedScores, scoreView, startBed, stepBed } from '../../src/rules/bed.ts'
import { crossCheck } from '../../src/rules/cross-check.ts'
import { news2 } from '../../src/rules/news2.ts'
import { pews } from '../../src/rules/pews.ts'
import { sepsis } from '../../src/rules/sepsis.ts'
import { silentMetric } from '../../src/rules/silent-metric.ts'
import { technical } from '../../src/rules/technical.ts'
import { threshold } from '../../src/rules/threshold.ts'
import { DEFAULT_SETTINGS, ruleOf } from '../../src/rules/watcher.ts'
import type { RuleInput } from '../../src/seams.ts'
import { ADULT, brief, contextInput, hold, monoOf, ofCondition, play, secondsOf, snapshot, tick, values, type Values, wallOf } from './fixture.ts'

const SICK: Values = { rr: 26, spo2: 84, ecg: 135, pulse: 134, nibps: 85, nibpd: 50, temp: 39.2 }
const COURSE: readonly RuleInput[] = [
  ...hold(0, 30, { rr: 16, spo2: 97, ecg: 70, nibps: 120, nibpd: 80, temp: 37 }),
  contextInput(30, { infectionSuspected: true }),
  ...hold(30, 150, SICK),
  ...hold(150, 200, { ...SICK, spo2: 'probe-off', pulse: 'probe-off', ecg: 'lead-off' }),
  contextInput(200, { infectionSuspected: true, consciousness: 'A', onOxygen: true }),
  ...hold(200, 700, { rr: 16, spo2: 97, ecg: 70, nibps: 120, nibpd: 80, temp: 37 }),
]

/** Anything a driver can make of a monitor: any metric, any finite value or none, any age, any flags. */
const observation = fc.record({
  metric: fc.constantFrom(...METRICS),
  measurement: fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => ({ kind: 'measured' as const, value })),
    fc.integer({ min: 0, max: 310 }).map((value) => ({ kind: 'measured' as const, value })),
    fc.constantFrom(...ABSENT_REASONS).map((reason) => ({ kind: 'absent' as const, reason })),
  ),
  channel: fc.constantFrom('', '1', '1.1.1', '__proto__'),
  deviceAt: fc.option(fc.integer({ min: -10_000_000, max: 10_000_000 }).map((seconds) => wallOf(seconds)), { nil: null }),
  flags: fc.subarray([...READING_FLAGS]),
  correctedAt: fc.integer({ min: 0, max: 1_000 }).map((seconds) => wallOf(seconds)),
  boundMs: fc.nat(),
})

const context = fc.record({
  population: fc.constantFrom('adult', 'paediatric', 'neonate'),
  onOxygen: fc.constantFrom(null, true, false),
  infectionSuspected: fc.boolean(),
  consciousness: fc.constantFrom(null, 'A', 'V'),
  spo2Scale: fc.constantFrom(1, 2),
})
const snapshots = fc.record({ observations: fc.array(observation, { maxLength: 12 }), sent: fc.option(fc.integer({ min: -1_000, max: 10_000 }), { nil: null }) })

const anything: fc.Arbitrary<readonly RuleInput[]> = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: snapshots },
      { weight: 3, arbitrary: fc.constant('tick' as const) },
      { weight: 1, arbitrary: context },
    ),
    { maxLength: 60 },
  )
  .map((inputs) =>
    inputs.map((input, index): RuleInput => {
      const at = index * 7
      if (input === 'tick') return tick(at)
      if ('population' in input) return contextInput(at, input)
      const whole = snapshot(at, [])
      return { kind: 'snapshot', snapshot: { ...whole.snapshot, sentAt: input.sent === null ? null : wallOf(input.sent), observations: input.observations } }
    }),
  )

describe('the rules of one stay', () => {
  it('answer the same input with the same bytes', () => {
    expect(JSON.stringify(play(bedRules, COURSE).heard)).toBe(JSON.stringify(play(bedRules, COURSE).heard))
    fc.assert(
      fc.property(anything, (inputs) => {
        expect(JSON.stringify(play(bedRules, inputs))).toBe(JSON.stringify(play(bedRules, inputs)))
      }),
      { numRuns: 100 },
    )
  })

  it('say of a course what each of them says alone', () => {
    const together = play(bedRules, COURSE).heard
    const each = [play(ruleOf(threshold), COURSE), play(ruleOf(news2), COURSE), play(ruleOf(sepsis), COURSE), play(ruleOf(technical), COURSE), play(ruleOf(silentMetric), COURSE), play(ruleOf(crossCheck), COURSE)]
    for (const { heard: alone } of each) {
      const conditions = new Set(alone.map(({ signal }) => signal.condition))
      expect(together.filter(({ signal }) => conditions.has(signal.condition))).toEqual(alone)
    }
    expect(new Set(together.map(({ signal }) => signal.condition))).toEqual(
      new Set(['threshold/spo2-low', 'threshold/hr-high', 'threshold/sbp-low', 'threshold/temperature-high', 'news2/deterioration', 'sepsis/screen', 'technical/spo2-off', 'technical/hr-off']),
    )
  })

  it('can be stopped at any moment and go on from a copy of their state, by structured clone or as JSON', () => {
    const half = Math.floor(COURSE.length / 3)
    const whole = play(bedRules, COURSE).heard
    const first = play(bedRules, COURSE.slice(0, half))
    for (const copy of [structuredClone(first.state), JSON.parse(JSON.stringify(first.state)) as BedState]) {
      const second = play(bedRules, COURSE.slice(half), ADULT, copy)
      expect([...first.heard, ...second.heard]).toEqual(whole)
    }
  })

  it('leave the state they are given as it was', () => {
    const { state } = play(bedRules, COURSE.slice(0, 200))
    const before = JSON.stringify(state)
    stepBed(state, values(500, SICK))
    stepBed(state, tick(900))
    expect(JSON.stringify(state)).toBe(before)
  })

  it('never fail, and say only what a life cycle can follow', () => {
    fc.assert(
      fc.property(anything, (inputs) => {
        const told = new Set<string>()
        for (const { signal } of play(bedRules, inputs).heard) {
          expect(signal.condition.startsWith('technical/rule-')).toBe(false)
          if (signal.kind === 'present') {
            expect(signal.text).not.toMatch(/NaN|undefined|Infinity|null/)
            told.add(signal.condition)
          } else expect(told.has(signal.condition)).toBe(true)
          if (signal.kind === 'cleared') told.delete(signal.condition)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('clear nothing while nothing is measured', () => {
    const absences = fc.array(fc.constantFrom<Values>({ spo2: 'probe-off' }, { ecg: 'lead-off', rr: 'lead-off' }, { spo2: 'device-invalid', nibps: 'not-measured' }, {}), { maxLength: 100 })
    const before = play(bedRules, [contextInput(0, { infectionSuspected: true }), ...hold(0, 100, SICK)], ADULT)
    fc.assert(
      fc.property(absences, (said) => {
        const inputs = said.flatMap((one, index) => [values(100 + index * 40, one), tick(100 + index * 40)])
        const after = play(bedRules, inputs, ADULT, before.state).heard
        expect(after.filter(({ signal }) => signal.kind === 'cleared')).toEqual([])
      }),
    )
  })

  it('give back the very state they were given when a tick brings nothing', () => {
    const { state } = play(bedRules, [...hold(0, 10, { rr: 16, spo2: 97, ecg: 70, nibps: 120, temp: 37 }), tick(10)])
    expect(stepBed(state, tick(11)).state).toBe(state)
  })

  it('show the score of the tile', () => {
    expect(bedScores(startBed(ADULT))).toEqual({ news2: null, pews: null })
    expect(scoreView(play(bedRules, [values(0, SICK), tick(1)]).state)).toMatchObject({ min: 14, max: 19, complete: false, at: wallMs(wallOf(0)) })
  })
})

describe('a rule that throws', () => {
  const broken = bedRulesOf(DEFAULT_SETTINGS, {
    threshold, news2, pews, technical, silentMetric, crossCheck,
    sepsis: { ...sepsis, step: (state, view, settings) => { if (view.at < monoOf(20)) throw new Error('bug'); return sepsis.step(state, view, settings) } },
  })

  it('is said aloud, pulls no other down, and is mended after a minute without', () => {
    const { heard } = play(broken, hold(0, 100, { spo2: 75, ecg: 0 }))
    expect(brief(heard, 'technical/rule-sepsis')).toEqual(['0 present high', '79 cleared'])
    expect(brief(heard, 'threshold/asystole')[0]).toBe('0 present high')
    expect(brief(heard, 'threshold/spo2-low')[0]).toBe('1 present high')
  })

  it('is remembered over a restart', () => {
    const because = { rule: 'sepsis', version: '1', inputs: [], limit: null, missing: [] }
    const adopted = bedRules.adopt(startBed(ADULT), [{ condition: 'technical/rule-sepsis', priority: 'high', because }])
    expect(brief(play(bedRules, [tick(0)], ADULT, adopted).heard, 'technical/rule-sepsis')).toEqual(['0 cleared'])
  })
})

describe('after a restart', () => {
  it('every kind of open alert is taken over and ends with evidence', () => {
    const before = play(bedRules, [contextInput(0, { infectionSuspected: true }), ...hold(0, 100, { ...SICK, rr: 'lead-off' })])
    const open = new Map(before.heard.flatMap(({ signal }) => (signal.kind === 'present' ? [[signal.condition, signal] as const] : [])))
    expect(open.size).toBeGreaterThan(5)
    const suspected = { ...ADULT, infectionSuspected: true }
    const taken = bedRules.adopt(startBed(suspected), [...open.values()])
    const after = play(bedRules, hold(200, 800, { rr: 16, spo2: 97, ecg: 70, nibps: 120, nibpd: 80, temp: 37 }), suspected, taken).heard
    const cleared = new Set(after.flatMap(({ signal }) => (signal.kind === 'cleared' ? [signal.condition] : [])))
    expect([...cleared].sort()).toEqual([...open.keys()].sort())
    expect(ofCondition(after, 'threshold/spo2-low').map(({ at }) => at)).toEqual([200])
  })
})

it('the fixture counts seconds', () => expect(secondsOf(tick(17))).toBe(17))
