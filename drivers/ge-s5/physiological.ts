/**
 * Values of the basic class, of the moment or of a trend (DRI Specification, 3.3). Status bits decide what a number means
 * before the number is looked at. Offsets count from the start of a subrecord.
 */

import { type AbsentReason, type Measurement, type Metric, type ReadingFlag, type WallMs, absent, measured } from '#driver'
import { type PressureLine, leadOf, pressureLineOf, rateSourceOf, row, thermometerOf } from './labels.ts'
import { type NibpBook, readCuff } from './nibp.ts'
import { i16, u16, u32 } from './record.ts'
import { type Known, type Values, believed, isData, rounded } from './values.ts'

export const SUBRECORD_BYTES = 278
export const classOf = (subrecord: Uint8Array): number => (u16(subrecord, SUBRECORD_BYTES - 2) >>> 8) & 0xf

const HEART_RATE = row(147842)
const PULSE_METRICS = { pressure: row(149522), oximeter: row(149530), unlisted: row(149514) } as const
const BREATHS = row(151562)
const GAS_BREATHS = row(151594)
const SATURATION = row(150456)
const CO2_EXPIRED = row(151708)
const CO2_INSPIRED = row(151716)
const OXYGEN_INSPIRED = row(152196)

/** Of what the device says about a group: six bytes before its numbers. */
export type Group = { readonly bytes: Uint8Array; readonly at: number; readonly active: boolean; readonly status: number; readonly label: number }

const EXISTS = 1 << 0
const ACTIVE = 1 << 1
const bitsOf = (...bits: readonly number[]): number => bits.reduce((mask, bit) => mask | (1 << bit), 0)

/** `value`: the raw number of a field, counted from 0. */
const value = (group: Group, field: number): number => i16(group.bytes, group.at + 6 + field * 2)

/** Null: no such module, and none that was pulled out since the line opened. */
function groupAt(bytes: Uint8Array, at: number, known: Known): Group | null {
  const status = u32(bytes, at) | 0
  const key = `group ${at}`
  const exists = (status & EXISTS) !== 0
  const isNews = exists ? known.add(key).has(key) : known.delete(key)
  return isNews ? { bytes, at, active: exists && (status & ACTIVE) !== 0, status, label: u16(bytes, at + 4) } : null
}

/** What waveforms of the same monitor have to know. */
export type Labels = { ecg: number; readonly pressures: (PressureLine | null)[] }

/** Conditions that the status bits of the moment assert, whatever the numbers say. */
export type Conditions = { readonly asystole: boolean; readonly apnoea: boolean }

export type Reader = {
  readonly known: Known
  readonly labels: Labels
  readonly nibp: NibpBook
  /** Whether the pressure of water vapour is taken off before a percentage becomes a pressure. */
  readonly wet: boolean
  /** Of this subrecord, in seconds of the monitor's clock. */
  readonly at: number
  /** When the cuff last measured, as this record's auxiliary part says; null when it has none. */
  readonly cuffAt: number | null
  readonly timeOf: (seconds: number) => WallMs | null
}

const ECG_AT = 4
const PRESSURES_AT = [20, 34, 48, 62, 244, 258] as const
const NIBP_AT = 76
const THERMOMETERS_AT = [90, 98, 106, 114] as const
const OXIMETER_AT = 122
const CO2_AT = 136
const OXYGEN_AT = 150
const FLOW_AT = 182
const ECG_EXTRA_AT = 230

/** Reads one basic subrecord into `values`. */
export function readBasic(bytes: Uint8Array, values: Values, reader: Reader): Conditions {
  const group = (at: number): Group | null => groupAt(bytes, at, reader.known)
  const co2 = group(CO2_AT)
  const ecg = group(ECG_AT)
  if (ecg !== null) readEcg(ecg, { values, reader, isBreathless: co2 !== null && co2.active && (co2.status & IMPEDANCE_APNOEA) !== 0 })
  PRESSURES_AT.forEach((at, index) => readPressure(group(at), index, values, reader))
  const cuff = group(NIBP_AT)
  if (cuff !== null) readCuff(cuff, values, reader)
  THERMOMETERS_AT.forEach((at, index) => readThermometer(group(at), `T${index + 1}`, values))
  const oximeter = group(OXIMETER_AT)
  if (oximeter !== null) readOximeter(oximeter, values)
  if (co2 !== null) readCo2(co2, values, reader.wet)
  const oxygen = group(OXYGEN_AT)
  if (oxygen !== null) {
    values.put(OXYGEN_INSPIRED, value(oxygen, 1), { scale: 0.01, active: oxygen.active })
    if (oxygen.active && isData(value(oxygen, 0))) values.leave('o2.et', 'no metric')
  }
  const flow = group(FLOW_AT)
  if (flow !== null) readFlow(flow, values)
  return {
    asystole: ecg !== null && ecg.active && (ecg.status & ASYSTOLE) !== 0,
    apnoea: co2 !== null && co2.active && (co2.status & (APNOEA | IMPEDANCE_APNOEA)) !== 0,
  }
}

// ── ECG ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

const ASYSTOLE = bitsOf(2)
const NOISE = bitsOf(7, 8)
const LEARNING = bitsOf(9)
const LEAD_OFF = bitsOf(11)

type EcgContext = { readonly values: Values; readonly reader: Reader; readonly isBreathless: boolean }

function readEcg(group: Group, { values, reader, isBreathless }: EcgContext): void {
  const { active, status, label } = group
  if (active) reader.labels.ecg = label
  const source = rateSourceOf(status)
  const rate = value(group, 0)
  const isAsystole = (status & ASYSTOLE) !== 0
  // Counted elsewhere: the ECG's own rate stands in a field of its own. Asystole is an ECG's finding, and so is the zero that comes with it.
  const own = source === 'ecg' || source === 'none' || (isAsystole && rate === 0) ? rate : i16(group.bytes, ECG_EXTRA_AT)
  const heartRate = heartRateOf(own, group, values)
  const isUnfounded = source === 'none' && heartRate.kind === 'measured' && heartRate.value > 0
  values.add(HEART_RATE, isUnfounded ? absent('device-invalid') : heartRate, { flags: isUnfounded ? [] : doubtsOf(heartRate, status) })
  for (const [name, metric] of Object.entries(PULSE_METRICS)) {
    if (name === source) values.put(metric, rate, { scale: 1, active, channel: 'HR' })
    else values.gone(metric, 'HR')
  }
  readBreaths(group, values, isBreathless)
  for (const channel of [1, 2, 3]) {
    const { st } = leadOf(label, channel)
    const raw = value(group, channel)
    // A millimetre of ST is a tenth of a millivolt.
    if (st !== null) values.put(st, raw, { scale: 0.001, active: active && (status & (1 << (10 + channel))) === 0 })
    else if (active && isData(raw)) values.leave(`ecg.st${channel}`, 'no metric for ST of this lead')
  }
}

function heartRateOf(raw: number, { active, status }: Group, values: Values): Measurement {
  if (!active) return absent('not-measured')
  if (raw === 0 && (status & ASYSTOLE) !== 0) return measured(0)
  if (raw > 0) return believed(HEART_RATE, raw)
  if ((status & LEAD_OFF) !== 0) return absent('lead-off')
  if ((status & LEARNING) !== 0) return absent('not-measured')
  return absent(isData(raw) ? 'device-invalid' : values.reasonOf(HEART_RATE, raw, { active }))
}

/** A rate above zero that comes with asystole is as doubtful as one that comes with noise. */
function doubtsOf(heartRate: Measurement, status: number): readonly ReadingFlag[] {
  const doubts = NOISE | LEARNING | ASYSTOLE
  return heartRate.kind === 'measured' && heartRate.value > 0 && (status & doubts) !== 0 ? ['questionable'] : []
}

/** From chest impedance, through the leads of the ECG. The group has no bit for apnoea: a zero without one from elsewhere is passed on as doubtful. */
function readBreaths(group: Group, values: Values, isBreathless: boolean): void {
  const { active, status } = group
  const raw = value(group, 4)
  if (active && raw === 0) {
    const isDisturbed = (status & (NOISE | LEARNING)) !== 0
    if (isBreathless) values.add(BREATHS, measured(0))
    else if ((status & LEAD_OFF) !== 0) values.add(BREATHS, absent('lead-off'))
    else values.add(BREATHS, isDisturbed ? absent('device-invalid') : measured(0), { flags: isDisturbed ? [] : ['questionable'] })
  } else if (active && !isData(raw) && (status & LEAD_OFF) !== 0) values.add(BREATHS, absent('lead-off'))
  else values.put(BREATHS, raw, { scale: 1, active })
}

// ── Pressures, temperatures, oximeter ────────────────────────────────────────────────────────────────────────────────

function readPressure(group: Group | null, index: number, values: Values, { labels }: Reader): void {
  const line = group === null ? null : pressureLineOf(group.label)
  if (group?.active === true || line === null) labels.pressures[index] = line
  if (group === null || line === null) return
  const channel = `P${index + 1}`
  const parts: readonly (readonly [string, Metric | null])[] = [['sys', line.systolic], ['dia', line.diastolic], ['mean', line.mean]]
  parts.forEach(([part, metric], field) => {
    const raw = value(group, field)
    if (metric !== null) values.put(metric, raw, { scale: 0.01, active: group.active, channel })
    else if (group.active && isData(raw)) values.leave(`${channel}.${part}`, `no metric for this of a line called ${line.name}`)
  })
  if (line.pulse) values.put(PULSE_METRICS.pressure, value(group, 3), { scale: 1, active: group.active, channel })
}

function readThermometer(group: Group | null, channel: string, values: Values): void {
  if (group === null) return
  const metric = thermometerOf(group.label)
  if (metric !== null) values.put(metric, value(group, 0), { scale: 0.01, active: group.active, channel })
  else if (group.active && isData(value(group, 0))) values.leave(channel, `label ${group.label} names no place of the body`)
}

function readOximeter(group: Group, values: Values): void {
  values.put(SATURATION, value(group, 0), { scale: 0.01, active: group.active })
  values.put(PULSE_METRICS.oximeter, value(group, 1), { scale: 1, active: group.active })
  if (group.active && isData(value(group, 2))) values.leave('spo2.ir_amp', 'no metric')
}

// ── Gases and ventilation ────────────────────────────────────────────────────────────────────────────────────────────

const APNOEA = bitsOf(2)
const CALIBRATING = bitsOf(3, 4)
const BLOCKED = bitsOf(5, 6)
const IMPEDANCE_APNOEA = bitsOf(7)
const SWITCHED_OFF = bitsOf(8)

/** Saturated vapour at body temperature, mmHg. */
const WATER_VAPOUR_MMHG = 47
/** What a barometer can show where people live, mmHg. */
const BAROMETER = { low: 400, high: 850 } as const

function readCo2(group: Group, values: Values, wet: boolean): void {
  const reason = co2Trouble(group.status)
  const ambient = value(group, 3) / 10
  const isKnown = ambient >= BAROMETER.low && ambient <= BAROMETER.high
  const fields: readonly Metric[] = [CO2_EXPIRED, CO2_INSPIRED]
  fields.forEach((metric, field) => {
    const raw = value(group, field)
    if (!group.active || !isData(raw)) values.put(metric, raw, { scale: 1, active: group.active })
    else if (reason !== null) values.add(metric, absent(reason))
    else if (!isKnown) values.add(metric, absent('device-invalid'))
    else values.add(metric, believed(metric, rounded((raw / 10_000) * (ambient - (wet ? WATER_VAPOUR_MMHG : 0)), metric)))
  })
  if (group.active && !isKnown && isData(value(group, 0))) values.leave('co2', 'no ambient pressure to turn a percentage into mmHg')
  const breaths = value(group, 2)
  if (group.active && isData(breaths) && reason !== null) values.add(GAS_BREATHS, absent(reason))
  else if (group.active && breaths === 0) values.add(GAS_BREATHS, (group.status & APNOEA) === 0 ? absent('device-invalid') : measured(0))
  else values.put(GAS_BREATHS, breaths, { scale: 1, active: group.active })
}

function co2Trouble(status: number): AbsentReason | null {
  if ((status & (SWITCHED_OFF | CALIBRATING)) !== 0) return 'not-measured'
  return (status & BLOCKED) === 0 ? null : 'device-invalid'
}

/** Fields of the flow and volume group in their order. */
const FLOW_FIELDS: readonly { readonly name: string; readonly metric: Metric | null; readonly scale: number }[] = [
  { name: 'rr', metric: null, scale: 1 },
  { name: 'ppeak', metric: row(151973), scale: 0.01 },
  { name: 'peep', metric: row(151976), scale: 0.01 },
  { name: 'pplat', metric: null, scale: 0.01 },
  { name: 'tv_insp', metric: null, scale: 0.1 },
  { name: 'tv_exp', metric: row(151980), scale: 0.1 },
  { name: 'compl', metric: null, scale: 0.01 },
  { name: 'mv_exp', metric: null, scale: 0.01 },
]

function readFlow(group: Group, values: Values): void {
  FLOW_FIELDS.forEach(({ name, metric, scale }, field) => {
    if (metric !== null) values.put(metric, value(group, field), { scale, active: group.active })
    else if (group.active && isData(value(group, field))) values.leave(`flow.${name}`, 'no metric')
  })
}
