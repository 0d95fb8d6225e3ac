import { describe, expect, it } from 'vitest'
import { CODES } from '../../../simulators/monitors/codes.ts'
import { metricOfCode } from '../../../src/domain/metrics.ts'

describe("the monitors' own code table", () => {
  it.each(Object.entries(CODES))('agrees with the gateway on %s, though neither was copied from the other', (_, { code, reference, unit }) => {
    expect(metricOfCode(code)).toMatchObject({ id: reference, unit: unit.ucum })
  })

  it('has units whose MDC and UCUM forms belong together', () => {
    const pairs = new Set(Object.values(CODES).map(({ unit }) => `${unit.mdc} = ${unit.ucum}`))
    expect([...pairs].sort()).toEqual([
      '262688^MDC_DIM_PERCENT^MDC = %',
      '264864^MDC_DIM_BEAT_PER_MIN^MDC = /min',
      '264928^MDC_DIM_RESP_PER_MIN^MDC = /min',
      '266016^MDC_DIM_MMHG^MDC = mm[Hg]',
      '268192^MDC_DIM_DEGC^MDC = Cel',
    ])
  })
})
