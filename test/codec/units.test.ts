import { describe, expect, it } from 'vitest'
import { MDC_UNITS, convert, measure, unitOfCode, unitOfName } from '../../src/codec/units.ts'
import { METRICS, type Metric, metricOfId } from '../../src/domain/metrics.ts'

const metric = (id: string): Metric => {
  const found = metricOfId(id)
  if (found === undefined) throw new Error(id)
  return found
}
const [TEMP, ART, PEEP, FIO2] = ['MDC_TEMP', 'MDC_PRESS_BLD_ART_SYS', 'MDC_PRESS_AWAY_END_EXP_POS', 'MDC_CONC_AWAY_O2_INSP'].map(metric)
const [HR, SPO2, ETCO2, WEIGHT] = ['MDC_ECG_HEART_RATE', 'MDC_PULS_OXIM_SAT_O2', 'MDC_CONC_AWAY_CO2_ET', 'MDC_MASS_BODY_ACTUAL'].map(metric)

const converted = (value: number, unit: string, to: Metric | undefined): number | null | string => {
  const found = unitOfName(unit)
  return found === undefined ? 'no such unit' : to === undefined ? 'no such metric' : convert(value, found, to)
}

describe('units', () => {
  it('cover every unit of the metrics table', () => {
    for (const row of METRICS) expect([row.id, converted(1, row.unit, row)]).toEqual([row.id, 1])
  })

  it.each([
    [98.6, '[degF]', TEMP, 37],
    [101.3, '°F', TEMP, 38.5],
    [37.2, '°C', TEMP, 37.2],
    [16, 'kPa', ART, 120.01],
    [120, 'mmHg', ART, 120],
    [163.15, 'cmH2O', ART, 120.01],
    [5, 'mbar', PEEP, 5.1],
    [0.3, '1', FIO2, 30],
    [0.21, 'fraction', FIO2, 21],
    [5, 'kPa', ETCO2, 37.5],
    [3250, 'g', WEIGHT, 3.25],
    [80, 'bpm', HR, 80],
    [80, 'RPM', HR, 80],
    [110, 'umol/L', metricOfId('VIGIL_LAB_CREATININE'), 1.2443],
    [34.2, 'µmol/L', metricOfId('VIGIL_LAB_BILIRUBIN'), 2],
    [12_600, '/uL', metricOfId('VIGIL_LAB_LEUKOCYTES'), 12.6],
    [98, '10*3/uL', metricOfId('VIGIL_LAB_PLATELETS'), 98],
  ])('%d %s', (value, unit, to, expected) => expect(converted(value, unit, to)).toBe(expected))

  it.each([
    ['%', HR],
    ['mm[Hg]', SPO2],
    ['%', ETCO2],
    ['mm[Hg]', FIO2],
    ['1', SPO2],
    ['Cel', ART],
    ['{beats}', HR],
    ['mL', WEIGHT],
    ['mg/dL', metricOfId('NOM_CONC_LACT')],
    ['mg/dL', metricOfId('VIGIL_LAB_PLATELETS')],
    ['10*9/L', metricOfId('VIGIL_LAB_CREATININE')],
  ])('%s never becomes another quantity', (unit, to) => expect(converted(50, unit, to)).toBeNull())

  it.each(['', 'furlong', 'mm', 'K', 'G/L', 'g/L', 'MDC_DIM_KELVIN', 'b', 'MMOL', 'Pa', '__proto__'])('%j is none', (name) => expect(unitOfName(name)).toBeUndefined())

  it('have MDC codes, both of the codes for Fahrenheit among them', () => {
    const codes = [262688, 264864, 264928, 266016, 265987, 266048, 268192, 268160, 266560, 262656, 263875, 263441, 266418, 265216, 266866]
    expect(codes.map((code) => unitOfCode(code)?.ucum)).toEqual([
      '%', '/min', '/min', 'mm[Hg]', 'kPa', 'cm[H2O]', 'Cel', '[degF]', '[degF]', '1', 'kg', 'cm', 'mV', 'L/min', 'mmol/L',
    ])
    expect(unitOfCode(0)).toBeUndefined()
    for (const { mdc, id, unit } of MDC_UNITS) expect([unitOfCode(mdc), unitOfName(id)]).toEqual([unit, unit])
  })
})

describe('a measurement', () => {
  const measured = (value: number, unit: string, to: Metric | undefined): unknown => {
    const found = unitOfName(unit)
    return found === undefined || to === undefined ? undefined : measure(value, found, to)
  }

  it('is absent where the metric cannot have such a value, judged in its own unit', () => {
    expect(measured(384.5, 'Cel', TEMP)).toEqual({ kind: 'absent', reason: 'out-of-range' })
    expect(measured(98.6, 'Cel', TEMP)).toEqual({ kind: 'absent', reason: 'out-of-range' })
    expect(measured(98.6, '[degF]', TEMP)).toEqual({ kind: 'measured', value: 37 })
    expect(measured(0.3, '%', FIO2)).toEqual({ kind: 'absent', reason: 'out-of-range' })
    expect(measured(0, 'kg', WEIGHT)).toEqual({ kind: 'absent', reason: 'out-of-range' })
  })

  it('takes both ends of the range and nothing beyond', () => {
    expect([19, 20, 100, 101].map((value) => measured(value, '%', SPO2))).toMatchObject([{ kind: 'absent' }, { value: 20 }, { value: 100 }, { kind: 'absent' }])
  })

  it('of zero is a value where the metric has one, and never minus zero', () => {
    expect(measured(0, '/min', HR)).toEqual({ kind: 'measured', value: 0 })
    expect(measured(-0, '/min', HR)).toEqual({ kind: 'measured', value: 0 })
    expect(measured(0, '%', SPO2)).toEqual({ kind: 'absent', reason: 'out-of-range' })
  })

  it('is null when the unit does not fit', () => expect(measured(80, '%', HR)).toBeNull())
})
