/**
 * Units as devices name them (IEEE 11073-10101 unit codes, UCUM, bare text) and their conversion into the one unit that a
 * metric has inside Vigil. Units of different quantities never convert.
 */

import { type Measurement, absent, measured } from '../domain/reading.ts'
import { type Metric, within } from '../domain/metrics.ts'

type Quantity =
  | 'percent' | 'ratio' | 'count' | 'rate' | 'pressure' | 'temperature' | 'length' | 'mass' | 'volume' | 'flow' | 'voltage'
  | 'concentration' | 'mass-concentration' | 'cells' | 'acidity'

export type Unit = {
  readonly ucum: string
  readonly quantity: Quantity
  /** Value in the first unit of its quantity below = value × scale + offset. */
  readonly scale: number
  readonly offset: number
}

type Row = readonly [ucum: string, quantity: Quantity, scale: number, offset: number, mdc: readonly number[], names: readonly string[]]

/** MDC codes: partition 4 (262144) + base + decimal prefix. Names: MDC reference ids first, then texts seen in the field. */
const ROWS: readonly Row[] = [
  ['%', 'percent', 1, 0, [262688], ['MDC_DIM_PERCENT', '%', 'percent']],
  // A bare number. Which percentage may be sent so is the metric's matter: see `convert`.
  ['1', 'ratio', 1, 0, [262656], ['MDC_DIM_DIMLESS', '1', 'fraction', 'ratio']],
  ['{beats}', 'count', 1, 0, [], ['{beats}', 'beats']],
  ['{index}', 'count', 1, 0, [], ['{index}']],
  ['/min', 'rate', 1, 0, [264864, 264928, 264672], [
    'MDC_DIM_BEAT_PER_MIN', 'MDC_DIM_RESP_PER_MIN', 'MDC_DIM_PER_MIN', '/min', '1/min', '{beats}/min', '{beat}/min', '{breaths}/min', '{breath}/min', '{resp}/min', '{resps}/min',
    'bpm', 'rpm', 'brpm', 'beats/min', 'breaths/min', 'resp/min',
  ]],
  ['mm[Hg]', 'pressure', 1, 0, [266016], ['MDC_DIM_MMHG', 'mm[Hg]', 'mmHg', 'mm Hg']],
  ['kPa', 'pressure', 7.50062, 0, [265987], ['MDC_DIM_KILO_PASCAL', 'MDC_DIM_KPASCAL', 'MDC_DIM_X_KPASCAL', 'kPa']],
  ['cm[H2O]', 'pressure', 0.735559, 0, [266048], ['MDC_DIM_CM_H2O', 'cm[H2O]', 'cmH2O', 'cm H2O']],
  ['mbar', 'pressure', 0.750062, 0, [266098, 265986], ['mbar', 'hPa', 'MDC_DIM_MBAR', 'MDC_DIM_MILLI_BAR']],
  ['Cel', 'temperature', 1, 0, [268192], ['MDC_DIM_DEGC', 'Cel', '°C', 'ºC', 'degC', 'deg C', 'C', 'Celsius']],
  // 266560 is the standard's own; 268160 is what some monitors send.
  ['[degF]', 'temperature', 1 / 1.8, -32 / 1.8, [266560, 268160], ['MDC_DIM_FAHR', 'MDC_DIM_DEGF', '[degF]', '°F', 'ºF', 'degF', 'deg F', 'F', 'Fahrenheit']],
  ['cm', 'length', 1, 0, [263441], ['MDC_DIM_CENTI_M', 'cm']],
  ['m', 'length', 100, 0, [263424], ['MDC_DIM_M', 'm']],
  ['kg', 'mass', 1, 0, [263875], ['MDC_DIM_KILO_G', 'kg']],
  ['g', 'mass', 0.001, 0, [263872], ['MDC_DIM_G', 'MDC_DIM_X_G', 'g']],
  ['mL', 'volume', 1, 0, [263762], ['MDC_DIM_MILLI_L', 'mL', 'ml']],
  ['L', 'volume', 1_000, 0, [263744], ['MDC_DIM_L', 'MDC_DIM_X_L', 'L', 'l']],
  ['L/min', 'flow', 1, 0, [265216], ['MDC_DIM_L_PER_MIN', 'MDC_DIM_X_L_PER_MIN', 'L/min', 'l/min', 'lpm']],
  ['mV', 'voltage', 1, 0, [266418], ['MDC_DIM_MILLI_VOLT', 'MDC_DIM_X_MILLI_VOLT', 'mV']],
  ['uV', 'voltage', 0.001, 0, [266419], ['MDC_DIM_MICRO_VOLT', 'MDC_DIM_X_MICRO_VOLT', 'uV', 'µV', 'μV']],
  ['mmol/L', 'concentration', 1, 0, [266866], ['MDC_DIM_MILLI_MOLE_PER_L', 'MDC_DIM_X_MILLI_MOLE_PER_L', 'mmol/L', 'mmol/l']],
  ['umol/L', 'concentration', 0.001, 0, [266867], ['MDC_DIM_MICRO_MOLE_PER_L', 'MDC_DIM_X_MICRO_MOLE_PER_L', 'umol/L', 'µmol/L', 'μmol/L', 'mcmol/L']],
  ['mg/dL', 'mass-concentration', 1, 0, [], ['mg/dL', 'mg/dl', 'mg%']],
  ['mg/L', 'mass-concentration', 0.1, 0, [], ['mg/L', 'mg/l']],
  // Not `G/L`: but for its case it would be grams.
  ['10*9/L', 'cells', 1, 0, [], [
    '10*9/L', '10^9/L', 'x10^9/L', 'x10*9/L', '10E9/L', 'Gpt/L', '/nL',
    '10*3/uL', '10^3/uL', 'x10^3/uL', 'x10*3/uL', '10*3/µL', '10^3/µL', '10*3/mm3', '10^3/mm3', 'K/uL', 'K/µL',
  ]],
  ['/uL', 'cells', 0.001, 0, [], ['/uL', '/µL', '{cells}/uL', 'cells/uL', '/mm3', 'cells/mm3']],
  ['[pH]', 'acidity', 1, 0, [], ['[pH]', 'pH']],
]

const BY_CODE = new Map<number, Unit>()
const BY_NAME = new Map<string, Unit>()
/** Names whose meaning does not hang on case. */
const BY_FOLDED_NAME = new Map<string, Unit>()
for (const [ucum, quantity, scale, offset, codes, names] of ROWS) {
  const unit: Unit = { ucum, quantity, scale, offset }
  for (const code of codes) BY_CODE.set(code, unit)
  for (const name of names) {
    BY_NAME.set(name, unit)
    if (name.length > 2) BY_FOLDED_NAME.set(name.toLowerCase(), unit)
  }
}

/** The unit of a 32-bit MDC code. */
export const unitOfCode = (mdc: number): Unit | undefined => BY_CODE.get(mdc)

/** The unit of an MDC reference id, a UCUM symbol or a text such as `mmHg`. */
export const unitOfName = (name: string): Unit | undefined => BY_NAME.get(name) ?? BY_FOLDED_NAME.get(name.toLowerCase())

/** MDC code and each of its reference ids, for tables made ahead. */
export const MDC_UNITS: readonly { readonly mdc: number; readonly id: string; readonly unit: Unit }[] = ROWS.flatMap(([, , , , codes, names]) =>
  codes.flatMap((mdc) => {
    const unit = BY_CODE.get(mdc)
    return unit === undefined ? [] : names.filter((name) => name.startsWith('MDC_')).map((id) => ({ mdc, id, unit }))
  }),
)

/** µmol/L that one mg/dL is. Others are not known well enough to convert. */
const UMOL_PER_L_OF_MG_PER_DL: ReadonlyMap<string, number> = new Map([['VIGIL_LAB_CREATININE', 88.4], ['VIGIL_LAB_BILIRUBIN', 17.1]])

/** The one unit that a metric has inside Vigil. */
function unitOfMetric(metric: Metric): Unit {
  const unit = BY_NAME.get(metric.unit)
  if (unit === undefined) throw new RangeError(`metric ${metric.id} has a unit that no device could send: ${metric.unit}`)
  return unit
}

/**
 * A value in the metric's own unit, or null when the unit measures something else. Converted values are rounded to two
 * digits more than the metric shows; a value already in the metric's unit stays as it was sent.
 * A fraction becomes a percentage for FiO2 only: elsewhere a bare number may as well be a percentage already.
 */
export function convert(value: number, unit: Unit, metric: Metric): number | null {
  const own = unitOfMetric(metric)
  if (unit === own) return value
  if (unit.quantity === 'ratio') {
    if (own.quantity === 'count') return value
    return metric.variable?.name === 'fio2' ? rounded(value * 100, metric) : null
  }
  const molar = unit.quantity === 'concentration' && own.quantity === 'mass-concentration' ? UMOL_PER_L_OF_MG_PER_DL.get(metric.id) : undefined
  if (molar !== undefined) return rounded((value * unit.scale * 1_000) / molar / own.scale, metric)
  if (unit.quantity !== own.quantity || own.quantity === 'count') return null
  return rounded((value * unit.scale + unit.offset - own.offset) / own.scale, metric)
}

function rounded(value: number, metric: Metric): number {
  const factor = 10 ** (metric.decimals + 2)
  return Math.round(value * factor) / factor
}

/** What a device measured, in the metric's unit, or absent where the metric cannot have such a value. Null: the unit does not fit. */
export function measure(value: number, unit: Unit, metric: Metric): Measurement | null {
  const converted = convert(value, unit, metric)
  if (converted === null) return null
  // Minus zero is a rounding artefact of conversion.
  return within(metric.parsed, converted) ? measured(converted === 0 ? 0 : converted) : absent('out-of-range')
}
