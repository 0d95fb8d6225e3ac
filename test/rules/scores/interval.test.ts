import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SCORES, scoreOf } from '../../../src/rules/scores/catalogue.ts'
import type { ScoreInputs } from '../../../src/rules/scores/inputs.ts'
import { news2 } from '../../../src/rules/scores/news2.ts'
import { pews } from '../../../src/rules/scores/pews.ts'
import type { Score } from '../../../src/rules/scores/result.ts'

function product(choices: Readonly<Record<string, readonly unknown[]>>): ScoreInputs[] {
  return Object.entries(choices).reduce<ScoreInputs[]>((sets, [name, values]) => sets.flatMap((set) => values.map((value) => ({ ...set, [name]: value }))), [{}])
}

/** Every patient of the product, with every subset of the inputs taken away: the range must hold what the whole scores. */
function breaches(score: Score, patients: readonly ScoreInputs[], droppable: readonly string[]): string[] {
  const found: string[] = []
  for (const patient of patients) {
    const whole = score.score(patient)
    for (let mask = 0; mask < 1 << droppable.length; mask++) {
      const kept: Record<string, unknown> = { ...patient }
      droppable.forEach((name, bit) => {
        if ((mask >> bit) % 2 === 1) delete kept[name]
      })
      const part = score.score(kept)
      const sum = Object.values(part.parts).reduce((total, points) => total + points, 0)
      const holds = part.min <= whole.total && whole.total <= part.max && part.total === sum && part.min <= part.total && part.total <= part.max
      if (!holds || part.complete !== (part.missing.length === 0) || (part.complete && part.min !== part.max)) found.push(`${score.id} ${JSON.stringify(kept)} of ${JSON.stringify(patient)}`)
    }
  }
  return found
}

describe('the range always holds the true score', () => {
  // Parameters with bands of their own add up independently, so a few of their bands do; SpO₂ and oxygen meet on scale 2.
  it('of NEWS2 on both scales, for every subset of inputs and every SpO₂', () => {
    const vitals = { rr: [10, 16, 30], sbp: [85, 105, 130], pulse: [45, 70, 120], temperature: [34, 37], consciousness: ['A', 'C'] }
    const droppable = ['rr', 'spo2', 'oxygen', 'sbp', 'pulse', 'consciousness', 'temperature']
    const patients = product({ ...vitals, oxygen: [true, false], spo2: [83, 86, 90, 95, 97], spo2Scale: [2] })
    expect(patients).toHaveLength(1_080)
    expect(breaches(news2, patients, droppable)).toEqual([])
    const spo2 = Array.from({ length: 61 }, (_, index) => 40 + index)
    const simple = product({ rr: [16], sbp: [130], pulse: [70], temperature: [37], consciousness: ['A'], oxygen: [true, false], spo2, spo2Scale: [1, 2] })
    expect(breaches(news2, simple, droppable)).toEqual([])
  })

  it('of qSOFA with both cut-offs, SIRS and MEWS', () => {
    const mind = [...product({ gcs: [15, 14, 13, 9], consciousness: ['A', 'V', 'U'] }), ...product({ gcs: [15] })]
    const qsofaPatients = product({ rr: [20, 25], sbp: [90, 120] }).flatMap((vitals) => mind.map((state) => ({ ...vitals, ...state })))
    // The Glasgow scale is the better witness; what is dropped is one of two witnesses only when they agree.
    const agreeing = qsofaPatients.filter(({ gcs, consciousness }) => consciousness === undefined || (consciousness === 'A') === (gcs === 15))
    for (const id of ['qsofa', 'mews']) expect(breaches(scoreOf(id) ?? news2, agreeing.map((patient) => ({ ...patient, pulse: 80, temperature: 37 })), ['rr', 'sbp', 'gcs'])).toEqual([])
    const byGcs = product({ rr: [20, 25], sbp: [90, 120], gcs: [15, 14, 13, 9] })
    for (const id of ['qsofa', 'qsofa-gcs13']) expect(breaches(scoreOf(id) ?? news2, byGcs, ['rr', 'sbp', 'gcs'])).toEqual([])
    const labs = product({ temperature: [35, 37, 39], pulse: [80, 95], rr: [16, 25], paco2: [28, 40], wbc: [3, 8, 15], bands: [5, 20] })
    for (const id of ['sirs', 'sirs-vitals']) expect(breaches(scoreOf(id) ?? news2, labs, ['temperature', 'pulse', 'rr', 'paco2', 'wbc', 'bands'])).toEqual([])
    const mews = product({ sbp: [60, 75, 90, 120], pulse: [35, 45, 80, 105, 120, 140], rr: [8, 12, 18, 25, 35], temperature: [34, 37, 39], consciousness: ['A', 'V', 'P', 'U'] })
    expect(breaches(scoreOf('mews') ?? news2, mews, ['sbp', 'pulse', 'rr', 'temperature', 'consciousness'])).toEqual([])
  })

  it('of shock index and mean pressure', () => {
    const patients = product({ pulse: [20, 80, 300], sbp: [31, 120, 300], dbp: [10, 30] })
    for (const id of ['shock-index', 'map']) expect(breaches(scoreOf(id) ?? news2, patients, ['pulse', 'sbp', 'dbp'])).toEqual([])
  })

  it('of PEWS in every age band', () => {
        const oxygen = [{ device: 'air' }, { device: 'mask', oxygenFlow: 3 }, { device: 'mask', oxygenFlow: 8 }, { device: 'cpap', oxygenFlow: 1 }] as const
    const base = product({ ageYears: [0.5, 3, 8, 14], rr: [5, 22, 45], pulse: [75, 115], sbp: [65], spo2: [85, 93], crt: [1, 4], respiratoryDistress: ['moderate'] })
    const patients = base.flatMap((patient) => oxygen.map((given) => ({ ...patient, ...given })))
    expect(breaches(pews, patients, ['rr', 'spo2', 'pulse', 'sbp', 'crt', 'respiratoryDistress', 'device', 'oxygenFlow'])).toEqual([])
  })
})

describe('every score', () => {
  const inputs = fc.record(
    {
      rr: fc.double({ noNaN: true }), spo2: fc.double({ min: -10, max: 120, noNaN: true }), sbp: fc.double({ min: -10, max: 400, noNaN: true }),
      dbp: fc.double({ min: -10, max: 400, noNaN: true }), pulse: fc.double({ min: -10, max: 400, noNaN: true }), temperature: fc.double({ min: 10, max: 60, noNaN: true }),
      gcs: fc.integer({ min: 0, max: 20 }), ageYears: fc.double({ min: -5, max: 200, noNaN: true }), fio2: fc.double({ min: -50, max: 4_000, noNaN: true }),
      wbc: fc.double({ noNaN: true }), bands: fc.double({ noNaN: true }), paco2: fc.double({ noNaN: true }), crt: fc.double({ noNaN: true }),
      oxygenFlow: fc.double({ noNaN: true }), oxygen: fc.boolean(), pregnant: fc.boolean(), spo2Scale: fc.constantFrom<1 | 2>(1, 2),
      consciousness: fc.constantFrom('A', 'C', 'V', 'P', 'U'), device: fc.constantFrom('air', 'mask', 'cpap'),
    },
    { requiredKeys: [] },
  )

  it('answers with finite numbers whatever it is given, and does not change its mind', () => {
    fc.assert(
      fc.property(inputs, (given) => {
        for (const score of SCORES) {
          const result = score.score(given)
          expect([result.total, result.min, result.max, ...Object.values(result.parts)].every(Number.isFinite)).toBe(true)
          expect(result.min <= result.total && result.total <= result.max).toBe(true)
          expect(JSON.stringify(score.score(given))).toBe(JSON.stringify(result))
        }
      }),
      { numRuns: 500 },
    )
  })

  it('has a version and a name of its own', () => {
    expect(new Set(SCORES.map(({ id }) => id)).size).toBe(SCORES.length)
    for (const { id, version, title } of SCORES) expect([id, version, title].every((text) => text.length > 0)).toBe(true)
  })
})
