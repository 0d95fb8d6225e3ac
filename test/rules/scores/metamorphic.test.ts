import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { METRICS } from '../../../src/domain/metrics.ts'
import { roundHalfUp } from '../../../src/rules/rounding.ts'
import { SCORES } from '../../../src/rules/scores/catalogue.ts'
import { NUMBER_INPUTS, type NumberInput, PLAUSIBLE, type ScoreInputs } from '../../../src/rules/scores/inputs.ts'
import { parseInputs } from '../../../src/rules/scores/parse.ts'

/** A patient as monitors measure one: to a tenth at most. */
const tenths = (low: number, high: number) => fc.integer({ min: low * 10, max: high * 10 }).map((value) => value / 10)
const inputs: fc.Arbitrary<ScoreInputs> = fc.record(
  {
    rr: tenths(1, 100), spo2: tenths(40, 100), sbp: tenths(100, 300), dbp: tenths(10, 99), map: tenths(15, 250), pulse: tenths(20, 300), temperature: tenths(25, 45),
    gcs: fc.integer({ min: 3, max: 15 }), ageYears: fc.integer({ min: 0, max: 100 }), fio2: fc.integer({ min: 21, max: 100 }).map((percent) => percent / 100),
    wbc: tenths(1, 50), bands: tenths(0, 100), paco2: tenths(10, 90), crt: fc.integer({ min: 0, max: 8 }), oxygenFlow: tenths(0, 15),
    oxygen: fc.boolean(), pregnant: fc.boolean(), spo2Scale: fc.constantFrom<1 | 2>(1, 2), consciousness: fc.constantFrom('A', 'C', 'V', 'P', 'U'),
    device: fc.constantFrom('air', 'mask', 'cpap'), respiratoryDistress: fc.constantFrom('none', 'mild', 'moderate', 'severe'),
  },
  { requiredKeys: [] },
)
const all = (given: ScoreInputs): string => JSON.stringify(SCORES.map((score) => score.score(given)))

describe('no score changes', () => {
  it('with the order in which its inputs are said, nor when one is said again', () => {
    fc.assert(
      fc.property(inputs, fc.array(fc.nat(), { maxLength: 25 }), (given, keys) => {
        const entries = Object.entries(given)
        const shuffled = entries.map((entry, index) => ({ entry, at: keys[index] ?? index })).toSorted((a, b) => a.at - b.at).map(({ entry }) => entry)
        expect(all(Object.fromEntries([...shuffled, ...entries]))).toBe(all(given))
        const said = parseInputs(Object.fromEntries([...shuffled, ...shuffled]))
        expect(said.kind === 'inputs' && all(said.inputs)).toBe(all(given))
      }),
    )
  })

  it('when an absent input is said to be absent', () => {
    fc.assert(
      fc.property(inputs, (given) => {
        const spelled = Object.fromEntries(NUMBER_INPUTS.map((name) => [name, given[name]]))
        expect(all({ ...spelled, ...given })).toBe(all(given))
        const parsed = parseInputs({ ...Object.fromEntries(NUMBER_INPUTS.map((name) => [name, given[name] ?? null])), ...given })
        expect(parsed.kind === 'inputs' && all(parsed.inputs)).toBe(all(given))
      }),
    )
  })

  it('with the unit that a value came in: °F, kPa and per cent give the points of °C, mmHg and fractions', () => {
    fc.assert(
      fc.property(inputs, (given) => {
        const back = (value: number | undefined, there: (value: number) => number, home: (value: number) => number) => (value === undefined ? {} : { value: home(there(value)) })
        const celsius = back(given.temperature, (value) => (value * 9) / 5 + 32, (value) => ((value - 32) * 5) / 9)
        const mmHg = back(given.sbp, (value) => value / 7.500_616_8, (value) => value * 7.500_616_8)
        const fraction = back(given.fio2, (value) => value * 100, (value) => value / 100)
        const converted = {
          ...given,
          ...(celsius.value === undefined ? {} : { temperature: celsius.value }), ...(mmHg.value === undefined ? {} : { sbp: mmHg.value }),
          ...(fraction.value === undefined ? {} : { fio2: fraction.value }),
        }
        const points = (of: ScoreInputs) => SCORES.filter(({ id }) => id !== 'map' && id !== 'shock-index').map((score) => score.score(of)).map(({ min, max, parts, missing }) => ({ min, max, parts, missing }))
        expect(points(converted)).toEqual(points(given))
      }),
    )
  })
})

describe('an input more', () => {
  it('never widens the range, and one that is not believed counts as one that is missing', () => {
    fc.assert(
      fc.property(inputs, fc.constantFrom(...NUMBER_INPUTS), (given, name) => {
        // Age decides which score there is; of two witnesses of one thing the better is taken.
        if (name === 'ageYears' || ['gcs', 'fio2', 'oxygenFlow', 'oxygenPercent', 'map'].includes(name)) return
        const { [name]: _gone, ...without } = given
        const beyond = { ...without, [name]: PLAUSIBLE[name].high * 2 + 1 }
        for (const score of SCORES) {
          const [more, less, wrong] = [score.score(given), score.score(without), score.score(beyond)]
          if (more.applicable && more.rejected[name] === undefined) expect([more.rule, more.min >= less.min, more.max <= less.max]).toEqual([more.rule, true, true])
          expect([wrong.rule, wrong.min, wrong.max, wrong.parts]).toEqual([less.rule, less.min, less.max, less.parts])
        }
      }),
    )
  })
})

describe('every edge of every chart', () => {
  it('is decided by the one rounding: a hair below rounds like the edge, the next half like the next step', () => {
    // Where bands change by one unit or one tenth, the value half a step below belongs to the upper side, exactly.
    const edges: readonly (readonly [NumberInput, number, readonly number[]])[] = [
      ['rr', 0, [8, 9, 11, 12, 14, 15, 20, 21, 22, 24, 25, 29, 30]],
      ['pulse', 0, [40, 41, 50, 51, 90, 91, 100, 101, 110, 111, 129, 130, 131]],
      ['sbp', 0, [70, 71, 80, 81, 90, 91, 100, 101, 110, 111, 199, 200, 219, 220]],
      ['spo2', 0, [83, 84, 85, 86, 87, 88, 91, 92, 93, 94, 95, 96, 97]],
      ['temperature', 1, [35, 35.1, 36, 36.1, 38, 38.1, 38.4, 38.5, 39, 39.1]],
    ]
    for (const [name, decimals, at] of edges) {
      const half = 0.5 / 10 ** decimals
      for (const edge of at) {
        for (const score of SCORES) {
          // Derived quantities are no bands.
          if (score.id === 'map' || score.id === 'shock-index') continue
          const points = (value: number): unknown => score.score({ [name]: value, spo2Scale: 2, oxygen: true }).parts
          const seen = [score.id, name, edge]
          expect([...seen, points(edge - half)]).toEqual([...seen, points(edge)])
          expect([...seen, points(edge + half)]).toEqual([...seen, points(roundHalfUp(edge + half, decimals))])
          expect([...seen, points(edge + half * 0.98)]).toEqual([...seen, points(edge)])
        }
      }
    }
  })
})

describe('the one plausibility table', () => {
  it('is what scores believe: no second table says otherwise', () => {
    const scored = (id: string) => METRICS.find((metric) => metric.id === id)?.scored
    expect(PLAUSIBLE.rr).toEqual({ low: 1, high: 100 })
    expect([PLAUSIBLE.pulse, PLAUSIBLE.sbp, PLAUSIBLE.dbp, PLAUSIBLE.map]).toEqual([{ low: 20, high: 300 }, { low: 30, high: 300 }, { low: 10, high: 220 }, { low: 15, high: 250 }])
    expect([PLAUSIBLE.spo2, PLAUSIBLE.temperature, PLAUSIBLE.fio2]).toEqual([{ low: 40, high: 100 }, { low: 25, high: 45 }, { low: 0.21, high: 1 }])
    expect([PLAUSIBLE.lactate, PLAUSIBLE.paco2, PLAUSIBLE.wbc]).toEqual([scored('NOM_CONC_LACT'), scored('MDC_CONC_PCO2_ART'), scored('VIGIL_LAB_LEUKOCYTES')])
    for (const { parsed, scored: range } of METRICS) expect(range.low >= parsed.low && range.high <= parsed.high).toBe(true)
  })
})
