/** Items of measured data and of settings into readings; texts and dates. */

import {
  type Fault, type Measurement, type Metric, type Reading, type ReadingFlag, type WallMs, type Zone, absent, measure, metricOfId, readNumber, unitOfName,
} from '#driver'

type Item = readonly [metric: string, unit: string]

/** Measured data, code page 1. Units as the protocol has them; where a device has a value in one of two units, the first is taken. */
export const MEASURED: ReadonlyMap<string, Item> = new Map([
  ['EB', ['MDC_PULS_OXIM_SAT_O2', '%']],
  ['E1', ['MDC_PULS_OXIM_PULS_RATE', '/min']],
  ['D6', ['MDC_VENT_RESP_BTSD_PSAZC_RATE', '/min']],
  ['B5', ['MDC_VENT_RESP_BTSD_P_RATE', '/min']],
  ['D5', ['MDC_CO2_RESP_RATE', '/min']],
  ['B8', ['MDC_VOL_MINUTE_AWAY', 'L/min']],
  ['88', ['MDC_VOL_AWAY_TIDAL', 'mL']],
  ['78', ['MDC_PRESS_AWAY_END_EXP_POS', 'mbar']],
  ['7D', ['MDC_PRESS_AWAY_MAX', 'mbar']],
  ['73', ['MDC_PRESS_AWAY_MEAN', 'mbar']],
  ['74', ['MDC_PRESS_RESP_PLAT', 'mbar']],
  ['F0', ['MDC_CONC_AWAY_O2_INSP', '%']],
  ['E6', ['MDC_CONC_AWAY_CO2_ET', 'mmHg']],
  ['E3', ['MDC_CONC_AWAY_CO2_ET', 'kPa']],
  ['E5', ['MDC_CONC_AWAY_CO2_INSP', 'mmHg']],
  ['FF', ['MDC_CONC_AWAY_CO2_INSP', 'kPa']],
])
export const SET: ReadonlyMap<string, Item> = new Map([['01', ['MDC_CONC_AWAY_O2_INSP_SETTING', '%']]])

export type Read = { readonly readings: readonly Reading[]; readonly leftOut: readonly Fault[] }

type Layout = { readonly items: ReadonlyMap<string, Item>; readonly chars: number; readonly name: string; readonly flags: readonly ReadingFlag[] }

/**
 * One answer. What a device leaves out is not valid (chapter 4): a metric of which there was something in the answer before,
 * and now is nothing, is said to be absent once. `known`: those metrics, kept from answer to answer.
 */
export function readItems(text: string, { items, chars, name, flags }: Layout, known: Set<Metric>): Read | string {
  if (text.length % chars !== 0) return 'items that are not whole'
  const found = new Map<Metric, Measurement>()
  const leftOut: Fault[] = []
  for (let from = 0; from < text.length; from += chars) {
    const code = text.slice(from, from + 2)
    if (!/^[0-9A-F]{2}$/.test(code)) return 'items without a code'
    const at = `${name} ${code}`
    const [id = '', unit = ''] = items.get(code) ?? []
    const metric = metricOfId(id)
    if (metric === undefined) leftOut.push({ why: 'no metric for it', at })
    else if (!found.has(metric)) {
      const measurement = measurementOf(text.slice(from + 2, from + chars), unit, metric)
      if (measurement === null) leftOut.push({ why: 'not a number', at })
      found.set(metric, measurement ?? absent('device-invalid'))
    }
  }
  for (const metric of known) if (!found.has(metric)) found.set(metric, absent('not-measured'))
  const readings = Array.from(found, ([metric, measurement]): Reading => ({ metric, measurement, channel: '', deviceAt: null, flags }))
  known.clear()
  for (const [metric, measurement] of found) if (measurement.kind === 'measured') known.add(metric)
  return { readings, leftOut }
}

/** Null: neither a number nor nothing. */
function measurementOf(text: string, unitName: string, metric: Metric): Measurement | null {
  // On some devices an asterisk may be a minus sign: then the number is not what it looks like.
  if (text.includes('*')) return absent('device-invalid')
  const written = readNumber(text)
  const unit = unitOfName(unitName)
  if (written.kind === 'absent') return absent(written.reason)
  return written.kind === 'unreadable' || unit === undefined ? null : measure(written.value, unit, metric)
}

/** Codes of the texts that are shown: code, length as a character from 30h on, text, ETX. Null: another layout. */
export function textCodesOf(text: string): ReadonlySet<string> | null {
  const codes = new Set<string>()
  let at = 0
  while (at < text.length) {
    const code = text.slice(at, at + 2)
    const end = at + 3 + text.charCodeAt(at + 2) - 0x30
    if (!/^[0-9A-F]{2}$/.test(code) || text[end] !== '\x03' || end < at + 3) return null
    codes.add(code)
    at = end + 1
  }
  return codes
}

const MONTHS: readonly (readonly string[])[] = [
  ['JAN'], ['FEB'], ['MAR'], ['APR'], ['MAI', 'MAY'], ['JUN'], ['JUL'], ['AUG'], ['SEP'], ['OKT', 'OCT'], ['NOV'], ['DEZ', 'DEC'],
]
/** `HH:MM:SSDD-MON-YY`; seconds may be missing, and blanks may stand or not. */
const DATE = /^ ?(\d{1,2}):(\d{2})(?::(\d{2}))? *(\d{1,2})-([A-Z]{3})-(\d{2})$/
/** A time without seconds runs together with a day: `09:3307-OKT-14`. */
export function dateOf(text: string, zone: Zone): WallMs | null {
  const [, hour = '', minute = '', second = '0', day = '', name = '', year = ''] = DATE.exec(text.trimEnd()) ?? []
  const month = MONTHS.findIndex((names) => names.includes(name))
  if (month < 0 || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null
  const dayMs = Date.UTC(2000 + Number(year), month, Number(day))
  if (new Date(dayMs).getUTCDate() !== Number(day)) return null
  return zone.instantOf(dayMs + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1_000)
}
