import { describe, expect, it } from 'vitest'
import { METRICS } from '../../../src/domain/metrics.ts'
import { believe, PLAUSIBLE } from '../../../src/rules/scores/inputs.ts'
import { INPUT_KEYS, parseInputs } from '../../../src/rules/scores/parse.ts'

describe('plausibility', () => {
  it('is the published table', () => {
    const { pulse, spo2, temperature, sbp, dbp, map, rr, fio2 } = PLAUSIBLE
    expect({ pulse, spo2, temperature, sbp, dbp, map, rr, fio2 }).toEqual({
      pulse: { low: 20, high: 300 }, spo2: { low: 40, high: 100 }, temperature: { low: 25, high: 45 }, sbp: { low: 30, high: 300 },
      dbp: { low: 10, high: 220 }, map: { low: 15, high: 250 }, rr: { low: 1, high: 100 }, fio2: { low: 0.21, high: 1 },
    })
  })

  it('never lets a sensor score what the score itself would reject', () => {
    const names = { hr: 'pulse', spo2: 'spo2', rr: 'rr', sbp: 'sbp', dbp: 'dbp', map: 'map', temperature: 'temperature' } as const
    for (const { variable, scored, id } of METRICS) {
      if (variable === null || variable.name === 'fio2' || variable.name === 'etco2') continue
      const range = PLAUSIBLE[names[variable.name]]
      // A rate of 0 is caught before the range is asked.
      expect(scored.low >= range.low || (variable.name === 'rr' && scored.low === 0), id).toBe(true)
      expect(scored.high <= range.high, id).toBe(true)
    }
  })

  it.each([[-50], [0.2], [1.01], [40], [4_000]])('does not believe an inspired fraction of %d', (fio2) => {
    expect(believe({ fio2, rr: 16 })).toEqual({ values: { rr: 16 }, rejected: { fio2: expect.stringContaining('outside') } })
  })

  it('leaves plausible inputs as they are', () => {
    const inputs = { rr: 16, sbp: 120, dbp: 80, oxygen: false }
    expect(believe(inputs)).toEqual({ values: inputs, rejected: {} })
  })
})

describe('inputs from outside', () => {
  it('takes every key of the contract', () => {
    const contract = 'rr spo2 spo2Scale oxygen sbp dbp map pulse temperature consciousness gcs ageYears pregnant fio2 wbc bands paco2 lactate'.split(' ')
    expect(INPUT_KEYS).toEqual(expect.arrayContaining(contract))
    const all = {
      rr: 16, spo2: 97, spo2Scale: 2, oxygen: true, sbp: 120, dbp: 80, map: 90, pulse: 70, temperature: 37, consciousness: 'A', gcs: 15, ageYears: 50,
      pregnant: false, fio2: 0.3, wbc: 8, bands: 3, paco2: 40, lactate: 1, oxygenFlow: 2, oxygenPercent: 40, device: 'mask', respiratoryDistress: 'mild', crt: 2,
    }
    expect(parseInputs(all)).toEqual({ kind: 'inputs', inputs: all })
  })

  it('takes hr for pulse, air and oxygen as words, letters small or large, and null as absent', () => {
    expect(parseInputs({ hr: 80 })).toEqual({ kind: 'inputs', inputs: { pulse: 80 } })
    expect(parseInputs({ hr: 80, pulse: 80 })).toEqual({ kind: 'inputs', inputs: { pulse: 80 } })
    expect(parseInputs({ oxygen: 'air' })).toEqual({ kind: 'inputs', inputs: { oxygen: false } })
    expect(parseInputs({ oxygen: 'oxygen' })).toEqual({ kind: 'inputs', inputs: { oxygen: true } })
    expect(parseInputs({ consciousness: 'v' })).toEqual({ kind: 'inputs', inputs: { consciousness: 'V' } })
    expect(parseInputs({ rr: null, spo2: 95 })).toEqual({ kind: 'inputs', inputs: { spo2: 95 } })
    expect(parseInputs({ rr: 0 })).toEqual({ kind: 'inputs', inputs: { rr: 0 } })
    expect(parseInputs({ creatinine: 1.1 })).toEqual({ kind: 'inputs', inputs: {} })
  })

  it.each([
    [{ temprature: 37 }, 'temperature'], [{ heartRate: 80 }, 'pulse'], [{ sp02: 95 }, 'spo2'], [{ age: 4 }, 'ageYears'], [{ conciousness: 'A' }, 'consciousness'],
    [{ hr: 80, pulse: 81 }, 'twice'], [{ rr: '16' }, 'number'], [{ rr: true }, 'number'], [{ oxygen: 'yes' }, 'air'], [{ oxygen: 1 }, 'air'],
    [{ spo2Scale: 3 }, '1 or 2'], [{ consciousness: 'X' }, 'A, C, V, P, U'], [{ pregnant: 'no' }, 'true or false'], [{ device: 'tent' }, 'nasal-prongs'],
    [{ respiratoryDistress: 'bad' }, 'moderate'], [{ zzzzzzzzzzzzzzzzzzzzzzzzz: 1 }, 'inputs are'], [{ zzzzzzzzzzzzzzzzzzzzzzzzz: null }, 'inputs are'],
    [[], 'object'], [null, 'object'], ['rr', 'object'], [7, 'object'],
  ])('refuses %j and says %s', (from, hint) => {
    expect(parseInputs(from)).toEqual({ kind: 'wrong', why: expect.stringContaining(hint) })
  })
})
