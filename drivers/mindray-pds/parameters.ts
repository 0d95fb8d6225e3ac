/** What each parameter id of the protocol measures, and in which unit this monitor was set to show it. */

import { type DriverSettings, type Metric, type SettingSpec, type Unit, metricOfCode, settingOf, unitOfName } from '#driver'

const TEMPERATURE: SettingSpec = {
  name: 'temperature',
  help: 'Unit of temperatures as the monitor is set to show them: C or F. The protocol does not say.',
  default: 'C',
  choices: ['C', 'F'],
}
const PRESSURE: SettingSpec = {
  name: 'pressure',
  help: 'Unit of blood pressures, of cuff and lines, as the monitor is set to show them: mmHg or kPa. The protocol does not say.',
  default: 'mmHg',
  choices: ['mmHg', 'kPa'],
}
const CARBON_DIOXIDE: SettingSpec = {
  name: 'co2',
  help: 'Unit of carbon dioxide as the monitor is set to show it: mmHg or kPa. A monitor that is set to % must be set to another.',
  default: 'mmHg',
  choices: ['mmHg', 'kPa'],
}
const ST_SEGMENT: SettingSpec = {
  name: 'st',
  help: 'Unit of ST segments as the monitor is set to show them: mV, or none to leave them out.',
  default: 'none',
  choices: ['none', 'mV'],
}
export const UNIT_SETTINGS: readonly SettingSpec[] = [TEMPERATURE, PRESSURE, CARBON_DIOXIDE, ST_SEGMENT]

export type Parameter = { readonly id: string; readonly metric: Metric; readonly channel: string; readonly unit: Unit }

type Quantity = 'rate' | 'percent' | 'pressure' | 'temperature' | 'co2' | 'flow' | 'st'
type Row = readonly [id: number, mdc: number, quantity: Quantity, channel?: string]

/** In the order in which they are asked for. Arterial lines are systolic, mean, diastolic; the cuff is systolic, diastolic, mean. */
const ROWS: readonly Row[] = [
  [101, 147842, 'rate'], [151, 151562, 'rate'], [160, 150456, 'percent'], [161, 149530, 'rate'],
  [162, 150488, 'percent'], [102, 148066, 'rate'], [600, 149514, 'rate'], [280, 151570, 'rate'],
  [170, 150021, 'pressure'], [171, 150022, 'pressure'], [172, 150023, 'pressure'], [173, 149546, 'rate'],
  [500, 150033, 'pressure'], [501, 150035, 'pressure'], [502, 150034, 'pressure'],
  [503, 150045, 'pressure'], [504, 150047, 'pressure'], [505, 150046, 'pressure'],
  [200, 150344, 'temperature', 'T1'], [201, 150344, 'temperature', 'T2'], [213, 188436, 'temperature'], [210, 150276, 'flow'],
  [250, 151708, 'co2'], [251, 151716, 'co2'], [254, 152196, 'percent'],
  [105, 131841, 'st'], [106, 131842, 'st'], [107, 131901, 'st'], [108, 131902, 'st'], [109, 131903, 'st'], [110, 131904, 'st'],
  [111, 131843, 'st'], [112, 131844, 'st'], [115, 131847, 'st'],
]

/**
 * By id, as the protocol writes it.
 * @throws RangeError with a sentence for the engineer when a setting is none of its choices.
 */
export function parametersOf(settings: DriverSettings): ReadonlyMap<string, Parameter> {
  const st = chosen(settings, ST_SEGMENT)
  const units: Readonly<Record<Quantity, string | null>> = {
    rate: '/min',
    percent: '%',
    flow: 'L/min',
    pressure: chosen(settings, PRESSURE),
    temperature: chosen(settings, TEMPERATURE),
    co2: chosen(settings, CARBON_DIOXIDE),
    st: st === 'none' ? null : st,
  }
  const parameters = new Map<string, Parameter>()
  for (const [id, mdc, quantity, channel = ''] of ROWS) {
    const name = units[quantity]
    if (name === null) continue
    const metric = metricOfCode(mdc)
    const unit = unitOfName(name)
    if (metric === undefined || unit === undefined) throw new Error(`parameter ${id} has no row in the tables of metrics and units`)
    parameters.set(String(id), { id: String(id), metric, channel, unit })
  }
  return parameters
}

function chosen(settings: DriverSettings, spec: SettingSpec): string {
  const value = settingOf(settings, spec)
  if (spec.choices?.includes(value) === true) return value
  throw new RangeError(`${spec.name}: "${value.slice(0, 64)}" is none of ${spec.choices?.join(', ')}`)
}
