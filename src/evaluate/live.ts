/**
 * A table's stay as the gateway would have lived it: each row a message of one device at its hour, each column a metric that
 * the ward's settings declare to be measured now and then. The rules see nothing else, and nothing of later hours.
 */

import { type DeviceId, deviceId } from '../domain/ids.ts'
import { type Metric, METRICS, within } from '../domain/metrics.ts'
import type { Observation, Snapshot } from '../domain/observation.ts'
import { absent, measured } from '../domain/reading.ts'
import { monoMs, wallMs } from '../domain/time.ts'
import type { MetricContract } from '../rules/contract.ts'
import type { StayContext } from '../seams.ts'
import { DEFAULT_SETTINGS, type RuleSettings } from '../rules/watcher.ts'
import { COLUMNS, type Column, type Row } from './challenge-csv.ts'

const HOUR_MS = 3_600_000
/** Greatest age of a value in a score, in all columns. */
export const CARRIED_HOURS = 8
const DEVICE: DeviceId = deviceId('table')
/** All stays begin here; no rule looks at the date. */
const WALL_START = Date.UTC(2019, 0, 1)

const METRIC_OF: Readonly<Record<Column, { readonly id: string; readonly scale: number }>> = {
  HR: { id: 'MDC_ECG_HEART_RATE', scale: 1 },
  O2Sat: { id: 'MDC_PULS_OXIM_SAT_O2', scale: 1 },
  Temp: { id: 'MDC_TEMP', scale: 1 },
  SBP: { id: 'MDC_PRESS_BLD_NONINV_SYS', scale: 1 },
  MAP: { id: 'MDC_PRESS_BLD_NONINV_MEAN', scale: 1 },
  DBP: { id: 'MDC_PRESS_BLD_NONINV_DIA', scale: 1 },
  Resp: { id: 'MDC_TTHOR_RESP_RATE', scale: 1 },
  EtCO2: { id: 'MDC_CONC_AWAY_CO2_ET', scale: 1 },
  // A fraction, where the metric is in per cent.
  FiO2: { id: 'MDC_CONC_AWAY_O2_INSP', scale: 100 },
  PaCO2: { id: 'MDC_CONC_PCO2_ART', scale: 1 },
  Lactate: { id: 'NOM_CONC_LACT', scale: 1 },
  WBC: { id: 'VIGIL_LAB_LEUKOCYTES', scale: 1 },
  Creatinine: { id: 'VIGIL_LAB_CREATININE', scale: 1 },
  Bilirubin_total: { id: 'VIGIL_LAB_BILIRUBIN', scale: 1 },
  Platelets: { id: 'VIGIL_LAB_PLATELETS', scale: 1 },
}

const METRIC_BY_PLACE: readonly { readonly metric: Metric; readonly scale: number }[] = COLUMNS.map((column) => {
  const { id, scale } = METRIC_OF[column]
  const metric = METRICS.find((row) => row.id === id)
  if (metric === undefined) throw new Error(`no metric ${id}`)
  return { metric, scale }
})

const EPISODIC: MetricContract = { kind: 'episodic', scoredMs: CARRIED_HOURS * HOUR_MS }

/** The contract of the table's device over a ward's own settings. */
export function tableSettings(settings: RuleSettings = DEFAULT_SETTINGS): RuleSettings {
  const metrics = Object.fromEntries(METRIC_BY_PLACE.map(({ metric }) => [metric.id, EPISODIC]))
  return { ...settings, contracts: new Map([[DEVICE, { metrics }]]) }
}

/** Nothing was said of the patients: no consciousness, no oxygen but what the table measures, no suspicion. */
export const TABLE_CONTEXT: StayContext = { population: 'adult', spo2Scale: 1, onOxygen: null, consciousness: null, infectionSuspected: false }

export const instantOf = (hour: number, afterMs = 0) => ({ at: monoMs((hour + 1) * HOUR_MS + afterMs), wall: wallMs(WALL_START + hour * HOUR_MS + afterMs) })

/** What lies outside of what a driver may pass on is absent, as a driver would say. */
export function snapshotOf({ hour, values }: Row): Snapshot {
  const { at, wall } = instantOf(hour)
  const observations: Observation[] = []
  values.forEach((value, place) => {
    const of = METRIC_BY_PLACE[place]
    if (value === null || of === undefined) return
    const { metric, scale } = of
    const scaled = value * scale
    const measurement = within(metric.parsed, scaled) ? measured(scaled) : absent('out-of-range')
    observations.push({ metric, measurement, channel: '', deviceAt: null, flags: [], correctedAt: wall, boundMs: 0 })
  })
  return { device: DEVICE, bed: null, stay: null, receivedAt: wall, at, sentAt: null, observations }
}
