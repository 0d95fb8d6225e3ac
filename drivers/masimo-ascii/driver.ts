/** Masimo ASCII-1: one line a second, `MM/DD/YY HH:MM:SS KEY=value …`, 9600 8N1. The device only talks. */

import {
  type AbsentReason, ActiveAlarms, type Driver, type DriverSettings, type Fault, type Frame, type LineFrame, LineFramer, type Measurement, type Metric,
  type Reading, type Sender, type Session, type SessionOutput, type WallMs, ZONE_SETTING, type Zone,
  absent, driverLimits, flagBit, flagsOf, latin1, measured, metricOfCode, within, zoneSetting,
} from '#driver'
import { readAlarms } from './alarms.ts'

const driver: Driver = {
  id: 'masimo-ascii',
  title: 'Masimo ASCII-1 over a serial line',
  transport: 'serial',
  integrity: 'none',
  settings: [ZONE_SETTING],
  open: (settings) => openSession(settings),
}
export default driver

const NOTHING: SessionOutput = { frames: [], send: [], wakeAt: null }
/** The serial line settles whose bytes these are. */
const SENDER: Sender = { name: null, location: null }

function openSession(settings: DriverSettings): Session {
  const zone = zoneSetting(settings)
  const framer = new LineFramer({ lineBytesMax: driverLimits.asciiLineBytesMax })
  // Whoever plugs in while the device prints sees the tail of a line first.
  let first = true
  let alarms = new ActiveAlarms({ isChecked: false })
  const output = (lines: readonly LineFrame[]): SessionOutput => {
    if (lines.length === 0) return NOTHING
    const frames = lines.map((line) => {
      const frame = judge(line, first, { zone, alarms })
      first = false
      return frame
    })
    return { frames, send: [], wakeAt: null }
  }
  return {
    receive: (bytes) => output(framer.push(bytes)),
    wake: () => NOTHING,
    end: () => {
      const last = output(framer.end())
      first = true
      alarms = new ActiveAlarms({ isChecked: false })
      return last
    },
    atRest: () => framer.isAtRest,
  }
}

type Memory = { readonly zone: Zone; readonly alarms: ActiveAlarms }

function judge(line: LineFrame, first: boolean, { zone, alarms }: Memory): Frame {
  const { offset, length, bytes } = line
  if (line.kind === 'bad') return { offset, length, kind: 'bad', bytes, why: `no line end within ${driverLimits.asciiLineBytesMax} bytes: wrong speed?`, reply: null }
  const garbled = bytes.some((byte) => (byte < 0x20 && byte !== 0x09) || byte > 0x7e)
  const read = garbled ? 'bytes that are no text: wrong speed?' : readLine(latin1(bytes), zone)
  if (typeof read === 'string') {
    if (first) return { offset, length, kind: 'skipped', why: 'the tail of a line, first after connecting' }
    // A line whose end never came may be anything; what has its end and no sense is kept as a whole.
    if (garbled || line.kind === 'unfinished') return { offset, length, kind: 'bad', bytes, why: garbled ? read : 'cut off within a line', reply: null }
    return { offset, length, kind: 'quarantined', bytes, sender: SENDER, why: read, reply: null }
  }
  const { at, isTrend, readings, faults, alarmText } = read
  const active = alarmText === undefined || isTrend ? 'untold' : readAlarms(alarmText)
  const flags = flagsOf(at === null ? 0 : flagBit('zone-assumed'))
  const told = typeof active === 'string' ? [] : alarms.take(active.active, { deviceAt: at, flags })
  const untold = active === 'unreadable' ? [{ why: 'not hexadecimal of the usual width', at: 'ALARM' }] : []
  return {
    offset, length, kind: 'good', bytes, sender: SENDER, messageId: null,
    // A line of the moment is sent as it is measured; a line of the trend memory was measured long before.
    sentAt: isTrend ? null : at,
    readings, waveforms: [], alarms: told, ...(typeof active === 'string' ? {} : { quiet: active.quiet }), faults: [...faults, ...untold], identity: null, reply: null,
  }
}

type Line = {
  readonly at: WallMs | null
  readonly isTrend: boolean
  readonly readings: readonly Reading[]
  readonly faults: readonly Fault[]
  readonly alarmText: string | undefined
}

const DATE = /^(\d{2})\/(\d{2})\/(\d{2})$/
const TIME = /^(\d{2}):(\d{2}):(\d{2})$/
const FIELD = /^([A-Za-z][A-Za-z0-9]*)=(\S+)$/
const LIVE_EXCEPTIONS = /^([0-9A-Fa-f]{6,8})$/
/** Trend memory names the bits: `800:SET`. */
const TREND_EXCEPTIONS = /^([0-9A-Fa-f]{3,8})(?::\S*)?$/

/** What a line says, or why it is none. */
function readLine(text: string, zone: Zone): Line | string {
  const [date = '', time = '', ...rest] = text.trim().split(/[ \t]+/)
  const at = readTime(date, time, zone)
  if (at === 'broken') return 'does not begin with MM/DD/YY HH:MM:SS'
  const fields = new Map<string, string>()
  for (const token of rest) {
    const [, key, value] = FIELD.exec(token) ?? []
    if (key === undefined || value === undefined) {
      // The names of the bits may have blanks in them.
      if (fields.get('EXC')?.includes(':') === true) break
      return 'something other than KEY=value'
    }
    const name = key.toUpperCase()
    if (fields.has(name)) return `${name} twice: two lines run together`
    fields.set(name, value)
  }
  // Trend memory says PR where live lines say BPM.
  const isTrend = fields.has('PR')
  const exceptions = (isTrend ? TREND_EXCEPTIONS : LIVE_EXCEPTIONS).exec(fields.get('EXC') ?? '')?.[1]
  if (exceptions === undefined) return 'no EXC, without which no value can be trusted'
  if (!fields.has('SPO2')) return 'no SPO2'
  const marks = (at === null ? 0 : flagBit('zone-assumed')) | (isTrend ? flagBit('history') : 0)
  return { at, isTrend, alarmText: fields.get('ALARM'), ...readValues(fields, Number.parseInt(exceptions, 16), { at, marks }) }
}

/** The device's own clock, without a zone; null for zeros. */
function readTime(dateText: string, timeText: string, zone: Zone): WallMs | null | 'broken' {
  const date = DATE.exec(dateText)
  const time = TIME.exec(timeText)
  if (date === null || time === null) return 'broken'
  const [month = 0, day = 0, year = 0] = date.slice(1).map(Number)
  const [hour = 0, minute = 0, second = 0] = time.slice(1).map(Number)
  if (month === 0 && day === 0 && year === 0) return null
  const dayMs = Date.UTC(2000 + year, month - 1, day)
  const exists = new Date(dayMs).getUTCDate() === day && month >= 1 && month <= 12
  if (!exists || hour > 23 || minute > 59 || second > 59) return 'broken'
  return zone.instantOf(dayMs + ((hour * 60 + minute) * 60 + second) * 1_000)
}

/** EXC bits. Sensor off or missing: nothing is measured, whatever number is still printed. */
const NO_SENSOR = 0x001
const DEFECTIVE_SENSOR = 0x002
const LOW_PERFUSION = 0x004
const PULSE_SEARCH = 0x008
const INTERFERENCE = 0x010
const SENSOR_OFF = 0x020
const AMBIENT_LIGHT = 0x040
const UNRECOGNISED_SENSOR = 0x080
const LOW_SIGNAL = 0x400

const PROBE_OFF_BITS = NO_SENSOR | SENSOR_OFF
const INVALID_BITS = DEFECTIVE_SENSOR | PULSE_SEARCH | UNRECOGNISED_SENSOR
const DOUBTFUL_BITS = INTERFERENCE | AMBIENT_LIGHT

/** Fixed widths, as all models print them: on a line without checksum, a lost character is seen by nothing else. */
const THREE_DIGITS = /^(\d{3})%?$/
const TWO_AND_TWO = /^(\d{2}\.\d{2})%?$/
const PARAMETERS: readonly { readonly key: string; readonly mdc: number; readonly form: RegExp }[] = [
  { key: 'SPO2', mdc: 150456, form: THREE_DIGITS },
  { key: 'BPM', mdc: 149530, form: THREE_DIGITS },
  { key: 'PR', mdc: 149530, form: THREE_DIGITS },
  { key: 'PI', mdc: 150488, form: TWO_AND_TWO },
]

function readValues(fields: ReadonlyMap<string, string>, exceptions: number, { at, marks }: { readonly at: WallMs | null; readonly marks: number }): Pick<Line, 'readings' | 'faults'> {
  const readings: Reading[] = []
  const faults: Fault[] = []
  let flags = marks
  if ((exceptions & (LOW_SIGNAL | LOW_PERFUSION)) !== 0) flags |= flagBit('low-signal')
  if ((exceptions & DOUBTFUL_BITS) !== 0) flags |= flagBit('questionable')
  for (const { key, mdc, form } of PARAMETERS) {
    const text = fields.get(key)
    const metric = metricOfCode(mdc)
    if (text === undefined || metric === undefined) continue
    const measurement = readValue(text, form, exceptions, metric)
    if (measurement === null) faults.push({ why: 'not a number of the usual width', at: key })
    else readings.push({ metric, measurement, channel: '', deviceAt: at, flags: flagsOf(flags) })
  }
  return { readings, faults }
}

/** Null: the text is neither a value nor dashes. */
function readValue(text: string, form: RegExp, exceptions: number, metric: Metric): Measurement | null {
  const digits = form.exec(text)?.[1]
  const dashed = text.includes('-')
  if (digits === undefined && !dashed) return null
  const reason = absenceOf(exceptions)
  if (reason !== null) return absent(reason)
  if (digits === undefined) return absent((exceptions & DOUBTFUL_BITS) === 0 ? 'not-measured' : 'device-invalid')
  const value = Number(digits)
  return within(metric.parsed, value) ? measured(value) : absent('out-of-range')
}

function absenceOf(exceptions: number): AbsentReason | null {
  if ((exceptions & PROBE_OFF_BITS) !== 0) return 'probe-off'
  return (exceptions & INVALID_BITS) === 0 ? null : 'device-invalid'
}
