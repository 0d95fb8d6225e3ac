/**
 * Lines of a Nellcor printout (NPB-290, NPB-295, N-395 operator's manuals, "Data Port Protocol"): every 25 lines a heading with the
 * alarm limits, a line with the mode, the names of the columns; between them `DD-MMM-YY HH:MM:SS`, three numbers, codes of status.
 */

import {
  ActiveAlarms, type AlarmInactivation, type DeviceAlarm, type Fault, type Measurement, type Metric, type Reading, type WallMs, type Zone,
  absent, flagBit, flagsOf, measured, metricOfCode, shown, within,
} from '#driver'
import { type Limits, type Status, alarmsOf, quietOf, statusOf } from './status.ts'

export type Read =
  | {
      readonly kind: 'values'
      /** Null for a line of the trend memory, which was measured long before. */
      readonly sentAt: WallMs | null
      readonly readings: readonly Reading[]
      readonly alarms: readonly DeviceAlarm[]
      /** How the sound of all alarms is kept, where that can be read. */
      readonly quiet: readonly AlarmInactivation[] | null
      readonly faults: readonly Fault[]
      readonly leftOut: readonly Fault[]
    }
  /** Headings and menus: known, and no values. */
  | { readonly kind: 'passed'; readonly why: string }
  | { readonly kind: 'unreadable'; readonly why: string }

const HEADING = /^\S+ +VERSION +[\d.]+ (.*?)SpO2 Limit: *(\d{1,3}) *- *(\d{1,3}) *% +PR Limit: *(\d{1,3}) *- *(\d{1,3}) *BPM$/i
const DEVICE = /^\S+ +VERSION +[\d.]+ +INFO\b/i
const MODE = /^[A-Z]+ +\w*SAT-S\b/i
const COLUMNS = /^TIME +%SpO2 +BPM +PA( +Status)?$/i
const MENU = /^(?:\d\) \S.*|Command\?.*|.*Interactive Mode|Output Complete)$/i
const LINE = /^(\d{2})-([A-Z]{3})-(\d{2}) (\d{2}):(\d{2}):(\d{2})(?= )(.*)$/i
const NUMBER = /^(\d{1,3}|---)(\*?)$/
const CODE = /^[A-Z]{2}$/
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']

/** Where the numbers end, flush right below the headings %SpO2, BPM and PA, in characters from the start of the line. */
const ENDS = [24, 32, 40].join()
const TIME_CHARS = 18

/** A device from before 2000, or one whose clock was never set. */
const FIRST_YEAR_OF_1900 = 70

/** @throws RangeError when the metrics table lost a row that this driver lives by. */
function row(mdc: number): Metric {
  const metric = metricOfCode(mdc)
  if (metric === undefined) throw new RangeError(`no metric has the code ${mdc}`)
  return metric
}
const SATURATION = row(150456)
const PULSE = row(149530)

const LEFT_OUT: readonly Fault[] = [{ why: 'no metric for the pulse amplitude', at: 'PA' }]

/** One field of a line: `from` and `to` count characters from the start of the line. */
type Field = { readonly text: string; readonly from: number; readonly to: number }

export class Printout {
  readonly #zone: Zone
  readonly #alarms = new ActiveAlarms({ isChecked: false })
  /** As the newest heading has them; null before the first. */
  #limits: Limits | null = null
  /** Whether the lines below the newest heading come from the trend memory. */
  #isTrend = false
  #ends = ENDS
  /** Where the numbers of the line before ended, when that was not where they should. */
  #endsBefore = ''

  constructor(zone: Zone) {
    this.#zone = zone
  }

  read(line: string): Read {
    const text = line.trim()
    const heading = HEADING.exec(text)
    if (heading !== null) return this.#heading(heading)
    const columns = COLUMNS.exec(text)
    if (columns !== null) {
      // What is printed from the memory has no status.
      if (columns[1] === undefined) this.#isTrend = true
      return { kind: 'passed', why: 'the names of the columns' }
    }
    if (MODE.test(text) || DEVICE.test(text)) return { kind: 'passed', why: 'a heading' }
    if (MENU.test(text)) {
      if (/^Output/i.test(text)) this.#isTrend = false
      return { kind: 'passed', why: 'text of the menu' }
    }
    return this.#line(line)
  }

  #heading([, between = '', ...numbers]: RegExpExecArray): Read {
    const [spo2Low = 0, spo2High = 0, pulseLow = 0, pulseHigh = 0] = numbers.map(Number)
    if (spo2Low >= spo2High || spo2High > 100 || pulseLow >= pulseHigh || pulseHigh > 300) return { kind: 'unreadable', why: 'limits that cannot be' }
    this.#isTrend = /\bTREND\b/i.test(between)
    if (!this.#isTrend) this.#limits = { spo2Low, spo2High, pulseLow, pulseHigh }
    return { kind: 'passed', why: 'a heading with alarm limits' }
  }

  #line(line: string): Read {
    const stamp = LINE.exec(line)
    if (stamp === null) return { kind: 'unreadable', why: 'does not begin with DD-MMM-YY HH:MM:SS' }
    const at = timeOf(stamp, this.#zone)
    if (at === null) return { kind: 'unreadable', why: 'a time that cannot be' }
    const fields = Array.from(line.slice(TIME_CHARS).matchAll(/\S+/g), ({ 0: text, index }) => fieldOf(text, TIME_CHARS + index))
    const [spo2, pulse, amplitude, ...codes] = fields
    if (spo2 === undefined || pulse === undefined || amplitude === undefined) return { kind: 'unreadable', why: 'fewer columns than %SpO2, BPM and PA' }
    if (!this.#isInColumns([spo2, pulse, amplitude])) return { kind: 'unreadable', why: 'numbers are not where they were: a character was lost or added' }
    if (codes.some(({ text }) => !CODE.test(text))) return { kind: 'unreadable', why: 'a status that is no code of two letters' }
    const status = statusOf(codes.map(({ text }) => text))
    const faults: Fault[] = status.unknown.map((code) => ({ why: 'an unknown status', at: shown(code) }))
    const readings = this.#readings([spo2, pulse], status, { at, faults })
    // A status that cannot be read says nothing of what is active.
    const isTold = !this.#isTrend && faults.length === 0
    const isStarred = { spo2: spo2.text.endsWith('*'), pulse: pulse.text.endsWith('*') }
    const alarms = isTold ? this.#alarms.take(alarmsOf(status, isStarred, this.#limits), { deviceAt: at, flags: flagsOf(flagBit('zone-assumed')) }) : []
    return { kind: 'values', sentAt: this.#isTrend ? null : at, readings, alarms, quiet: isTold ? quietOf(status) : null, faults, leftOut: LEFT_OUT }
  }

  /**
   * On a line without checksum a lost digit shows by what stands behind it alone. Other models may have other columns: those of two
   * lines in a row are taken. A printout with single blanks has no columns.
   */
  #isInColumns(fields: readonly Field[]): boolean {
    if (isSingleSpaced(fields)) return true
    const ends = fields.map(({ to }) => to).join()
    if (ends !== this.#ends && ends === this.#endsBefore) this.#ends = ends
    this.#endsBefore = ends
    return ends === this.#ends
  }

  #readings(fields: readonly [Field, Field], status: Status, { at, faults }: { readonly at: WallMs; readonly faults: Fault[] }): readonly Reading[] {
    const isDoubtful = status.isMoving || status.unknown.length > 0
    const flags = flagsOf(flagBit('zone-assumed') | (isDoubtful ? flagBit('questionable') : 0) | (this.#isTrend ? flagBit('history') : 0))
    const readings: Reading[] = []
    for (const [index, metric] of [SATURATION, PULSE].entries()) {
      const measurement = measurementOf(fields[index]?.text ?? '', status, metric)
      if (measurement === null) faults.push({ why: 'not a number of at most three digits', at: index === 0 ? '%SpO2' : 'BPM' })
      else readings.push({ metric, measurement, channel: '', deviceAt: at, flags })
    }
    return readings
  }
}

/** The star behind a number is no part of the column. */
const fieldOf = (text: string, from: number): Field => ({ text, from, to: from + text.replace(/\*+$/, '').length })

const isSingleSpaced = (fields: readonly Field[]): boolean =>
  fields.every(({ from }, index) => from === 1 + (index === 0 ? TIME_CHARS : endOf(fields[index - 1])))
const endOf = (field: Field | undefined): number => (field === undefined ? 0 : field.from + field.text.length)

/** Null: the text is neither a number nor dashes. */
function measurementOf(text: string, { absence, isMoving }: Status, metric: Metric): Measurement | null {
  const digits = NUMBER.exec(text)?.[1]
  if (digits === undefined) return null
  if (absence !== null) return absent(absence)
  if (digits === '---') return absent(isMoving ? 'device-invalid' : 'not-measured')
  const value = Number(digits)
  return within(metric.parsed, value) ? measured(value) : absent('out-of-range')
}

/** The device's own clock, without a zone; null for a time that does not exist. */
function timeOf([, dayText = '', monthText = '', ...rest]: RegExpExecArray, zone: Zone): WallMs | null {
  const day = Number(dayText)
  const month = MONTHS.indexOf(monthText.toUpperCase())
  const [year = 0, hour = 0, minute = 0, second = 0] = rest.slice(0, 4).map(Number)
  const dayMs = Date.UTC((year < FIRST_YEAR_OF_1900 ? 2000 : 1900) + year, month, day)
  const exists = month >= 0 && new Date(dayMs).getUTCDate() === day
  return exists && hour <= 23 && minute <= 59 && second <= 59 ? zone.instantOf(dayMs + ((hour * 60 + minute) * 60 + second) * 1_000) : null
}
