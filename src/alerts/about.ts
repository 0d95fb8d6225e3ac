/**
 * What an alert is about, as far as it says: a variable and a side, or a sensor. Of our own alerts the rule said it; of a
 * monitor's alarm it is read from its code, its source and its words. What cannot be read is about nothing that is known
 * here, and stands in a row of its own. Pure.
 */

import type { Alert } from '../domain/alert.ts'
import { metricOfId, type Variable, VARIABLES } from '../domain/metrics.ts'

/** Conditions of alerts that are the monitor's own begin so. */
export const MONITOR_ALARM = 'monitor/'
export const isOfMonitor = ({ condition }: Pick<Alert, 'condition'>): boolean => condition.startsWith(MONITOR_ALARM)

export type Side = 'low' | 'high'
export type About = { readonly variable: Variable; readonly side: Side }

/** No beat and no breath are the low end of their rates. */
const STANDSTILLS: Readonly<Record<string, About>> = {
  'threshold/asystole': { variable: 'hr', side: 'low' },
  'threshold/apnoea': { variable: 'rr', side: 'low' },
}
const LIMITS: ReadonlyMap<string, About> = new Map([
  ...VARIABLES.flatMap((variable) => (['low', 'high'] as const).map((side): [string, About] => [`threshold/${variable}-${side}`, { variable, side }])),
  ...Object.entries(STANDSTILLS),
])

/** The limit that a condition of ours is, extremes aside; null for all others. */
export const limitOf = (condition: string): About | null => (condition in STANDSTILLS ? null : (LIMITS.get(condition) ?? null))

/** A rhythm is another thing than a rate, whichever way it goes. */
const RHYTHM = /ventric|fib|v-?tach|\b(vt|vf|af|pvcs?|run|couplet|bigemin\w*|trigemin\w*)\b/i
/** In words that monitors use, where the source names no metric. */
const WORDS: readonly (readonly [Variable, RegExp])[] = [
  ['spo2', /\b(sp ?o2\w?|desat\w*|saturation)\b/i],
  ['etco2', /\bet ?co2\b/i],
  ['rr', /\b(a?w?rr|resp\w*|apn\w+|tachypn\w+|bradypn\w+)\b/i],
  ['hr', /\b(hr|hf|pr|bpm|pulse|heart|asystol\w*|brady(?!p)\w*|tachy(?!p)\w*)\b/i],
]
const LOW = /\b(lo|low|lt|tief|brady\w*|desat\w*|apn\w+|asystol\w*)\b|</i
const HIGH = /\b(hi|high|gt|hoch|tachy\w*)\b|>/i

/** Code and source of a monitor's alarm stand as `code of source` in its because, its text as the value of it. */
function wordsOf({ because: { inputs } }: Pick<Alert, 'because'>): { readonly source: string; readonly words: string } {
  const [first] = inputs
  const name = first?.name ?? ''
  const at = name.lastIndexOf(' of ')
  return { source: at === -1 ? '' : name.slice(at + 4), words: `${name} ${first?.value ?? ''}`.replaceAll('₂', '2').replaceAll(/[_:/]/g, ' ') }
}

/** Of what is said of the patient: which variable, and beyond which side. */
export function aboutOf(alert: Pick<Alert, 'condition' | 'type' | 'because'>): About | null {
  if (!isOfMonitor(alert)) return LIMITS.get(alert.condition) ?? null
  if (alert.type === 'technical') return null
  const { source, words } = wordsOf(alert)
  if (RHYTHM.test(words)) return null
  const metric = metricOfId(source)
  const variable = metric === undefined ? WORDS.find(([, pattern]) => pattern.test(words))?.[0] : metric.variable?.name
  const [isLow, isHigh] = [LOW.test(words), HIGH.test(words)]
  return variable === undefined || isLow === isHigh ? null : { variable, side: isLow ? 'low' : 'high' }
}

/** What hangs on one sensor at the patient. Breaths are counted by impedance through the leads of the ECG. */
const SENSORS: readonly (readonly [sensor: string, metrics: RegExp])[] = [
  ['ecg', /^MDC_ECG_|^MDC_(TTHOR_)?RESP_RATE$/],
  ['oximeter', /^MDC_PULS_OXIM_|^MDC_PULS_RATE$|^MDC_BLD_PERF_INDEX$/],
  ['capnograph', /^MDC_CO2_|^MDC_AWAY_RESP|^MDC_CONC_AWAY_CO2/],
  ['line', /^MDC_PRESS_BLD_ART_(ABP_)?(SYS|DIA|MEAN)$/],
]
const sensorOf = (metric: string): string => SENSORS.find(([, metrics]) => metrics.test(metric))?.[0] ?? metric

const SENSOR_WORDS: readonly (readonly [sensor: string, words: RegExp])[] = [
  ['oximeter', /\b(sp ?o2\w?|pleth|oximet\w*)\b/i],
  ['capnograph', /\b(et)?co2\b/i],
  ['ecg', /\b(ecg|ekg|leads?|electrodes?|elektroden?)\b/i],
]

/** By sensor: the condition of ours that names it as the cause. */
const NAMED: Readonly<Record<string, string>> = {
  ecg: 'technical/hr-off', oximeter: 'technical/spo2-off', capnograph: 'technical/etco2-off', line: 'technical/sbp-off',
}

/** Device and sensor, as one word; null: of none, of several, or of one that is not known. */
export function sensorKeyOf(alert: Pick<Alert, 'condition' | 'type' | 'because' | 'device'>): string | null {
  if (!isOfMonitor(alert)) {
    const keys = new Set((alert.because.sensors ?? []).map(({ device, metric }) => `${device} ${sensorOf(metric)}`))
    const [only] = keys
    return keys.size === 1 && only !== undefined ? only : null
  }
  if (alert.type === 'physiological' || alert.device === null) return null
  const { source, words } = wordsOf(alert)
  const sensor = source.startsWith('MDC_') ? sensorOf(source) : SENSOR_WORDS.find(([, pattern]) => pattern.test(words))?.[0]
  return sensor === undefined ? null : `${alert.device} ${sensor}`
}

/** Whether an alert says itself that its sensor is off, and not what follows from that. */
export const namesSensor = (alert: Pick<Alert, 'condition'>, sensorKey: string): boolean =>
  isOfMonitor(alert) || alert.condition === NAMED[sensorKey.slice(sensorKey.lastIndexOf(' ') + 1)]

/** The devices that an alert rests on; empty: not known. */
export const devicesOf = ({ device, because: { sensors = [] } }: Pick<Alert, 'device' | 'because'>): readonly string[] =>
  device === null ? [...new Set<string>(sensors.map((sensor) => sensor.device))] : [device]
