/**
 * The allow-list of the `live` lane (a limited data set: pseudonyms, true times). Rows of the log go in; what comes out is
 * built field by field from metrics, numbers, closed words and random surrogates, so a field that is not named here does
 * not leave. Pure: what stands for whom is looked up through an argument.
 *
 * Not sent, and counted instead: rows of devices that are bound to no stay (whose values would they be?), the gateway's
 * own events, metrics outside the table. They move the cursor like any other row; the `gaps` events are made of the counts.
 */

import { type EventOrigin, type Surrogate, type Withheld, type WithheldReason, eventKey, qualityOf } from '../domain/batch.ts'
import { type Metric, metricOfId } from '../domain/metrics.ts'
import type { AlertEvent } from '../domain/alert.ts'
import type { DeviceId, StayId } from '../domain/ids.ts'
import type { Observation } from '../domain/observation.ts'
import { isoOf, wallMs } from '../domain/time.ts'
import { syncLimits } from '../limits.ts'
import type { LoggedRow } from '../seams.ts'
import { type AlertData, alertData } from './anonymise-alert.ts'
import type { Surrogates } from './ledger.ts'

/** Known to this module alone, so that nothing but this module makes a CentralEvent: a raw row cannot reach a sink. */
const cleared: unique symbol = Symbol('cleared for central')

/** Columns, not one object for each value: `t`, `v` and `q` (and `s`) are as long as each other. */
export type VitalSigns = {
  /** MDC reference id. */
  readonly metric: string
  readonly mdc: number
  readonly loinc: string | null
  /** UCUM. */
  readonly unit: string
  /** Corrected time, in ms from the event's timestamp. */
  readonly t: readonly number[]
  readonly v: readonly (number | null)[]
  /** Quality codes of domain/batch. */
  readonly q: readonly number[]
  /** Which sensor, where the device has several for this metric; left out when all is of the first. */
  readonly s?: readonly number[]
}

export type CentralEvent = {
  readonly [cleared]: true
  readonly streamId: Surrogate
  readonly eventType: 'vital-signs' | 'alerts'
  readonly partitionKey: Surrogate
  readonly key: string
  readonly revision: number
  readonly data: VitalSigns | AlertData
  readonly timestamp: string
}

export type Compiled = {
  /** Ordered by first seq, so that each subject's events arrive in the order of the log. */
  readonly events: readonly { readonly event: CentralEvent; readonly origin: EventOrigin | null }[]
  readonly withheld: readonly Withheld[]
}

export type Lane = { readonly gatewayId: string; readonly epoch: string; readonly surrogates: Surrogates }

const MINUTE_MS = 60_000
const REVISION = 0

type Column = { readonly at: number; readonly value: number | null; readonly quality: number; readonly sensor: number }
type Group = {
  readonly stay: StayId
  readonly device: DeviceId
  readonly metric: Metric
  minute: number
  readonly firstSeq: number
  lastSeq: number
  readonly columns: Column[]
}

/** Rows in the order of seq. The same rows and the same surrogates give the same events, byte for byte. */
export function compileLive(rows: readonly LoggedRow[], lane: Lane): Compiled {
  const groups = new Map<string, Group>()
  const counts = new Map<WithheldReason, { rows: number; readings: number }>()
  const withhold = (reason: WithheldReason, rowCount: number, readings: number): void => {
    const count = counts.get(reason) ?? { rows: 0, readings: 0 }
    counts.set(reason, { rows: count.rows + rowCount, readings: count.readings + readings })
  }
  const sensors = new Map<string, number>()
  const alerts: { firstSeq: number; event: CentralEvent }[] = []
  for (const row of rows) {
    if (row.kind === 'snapshot') {
      const { stay, device, observations } = row.snapshot
      if (stay === null) withhold('no-stay', 1, observations.length)
      else for (const observation of observations) {
        const metric = metricOfId(observation.metric.id)
        if (metric === undefined) withhold('unknown-metric', 0, 1)
        else addTo(groups, { stay, device, metric, seq: row.seq }, columnOf(observation, sensorOf(sensors, lane, device, metric.id, observation.channel)))
      }
    } else if (row.stored.kind === 'gateway') withhold('gateway-event', 1, 0)
    else {
      const event = alertEvent(row.stored.event, row.seq, lane)
      if (event === null) withhold('unknown-words', 1, 0)
      else alerts.push({ firstSeq: row.seq, event })
    }
  }
  const vitals = withoutCollisions([...groups.values()]).map((group) => ({ firstSeq: group.firstSeq, event: vitalSigns(group, lane), origin: originOf(group) }))
  const events = [...vitals, ...alerts.map((alert) => ({ ...alert, origin: null }))].sort((a, b) => a.firstSeq - b.firstSeq)
  return {
    events: events.map(({ event, origin }) => ({ event, origin })),
    withheld: [...counts].map(([reason, count]) => ({ reason, ...count })),
  }
}

function sensorOf(known: Map<string, number>, { surrogates }: Lane, device: DeviceId, metric: string, channel: string): number {
  const name = `${device}\u0000${metric}\u0000${channel}`
  const found = known.get(name)
  if (found !== undefined) return found
  const sensor = Math.min(surrogates.sensorOf(device, metric, channel), syncLimits.sensorsPerMetricMax - 1)
  known.set(name, sensor)
  return sensor
}

/** Conversions leave noise in the last binary digits (97.7 °F is 36.50000000000001 °C): six decimals are beyond any monitor. */
const plain = (value: number): number => Math.round(value * 1e6) / 1e6

const columnOf = (observation: Observation, sensor: number): Column => ({
  at: observation.correctedAt,
  value: observation.measurement.kind === 'measured' ? plain(observation.measurement.value) : null,
  quality: qualityOf(observation),
  sensor,
})

function addTo(groups: Map<string, Group>, of: { readonly stay: StayId; readonly device: DeviceId; readonly metric: Metric; readonly seq: number }, column: Column): void {
  const minute = Math.floor(column.at / MINUTE_MS)
  const name = `${of.stay}\u0000${of.device}\u0000${of.metric.mdc}\u0000${minute}`
  const group = groups.get(name)
  if (group) {
    group.lastSeq = of.seq
    group.columns.push(column)
  } else groups.set(name, { stay: of.stay, device: of.device, metric: of.metric, minute, firstSeq: of.seq, lastSeq: of.seq, columns: [column] })
}

/**
 * The key has no minute in it. One message may carry values of two minutes (a monitor that empties its backlog), and then
 * both events would have one key, and central would drop the second: such minutes travel as one event.
 */
function withoutCollisions(groups: readonly Group[]): readonly Group[] {
  const byKey = new Map<string, Group>()
  for (const group of groups) {
    const key = `${group.stay}\u0000${group.metric.mdc}\u0000${group.firstSeq}-${group.lastSeq}`
    const same = byKey.get(key)
    if (same) {
      same.minute = Math.min(same.minute, group.minute)
      for (const column of group.columns) same.columns.push(column)
    } else byKey.set(key, group)
  }
  return [...byKey.values()]
}

const originOf = (group: Group): EventOrigin => ({
  device: group.device,
  metric: group.metric.id,
  measured: group.columns.filter((column) => column.value !== null).length,
})

function vitalSigns(group: Group, { gatewayId, epoch, surrogates }: Lane): CentralEvent {
  const { metric, columns, firstSeq, lastSeq } = group
  const subject = surrogates.of('stay', group.stay)
  const startAt = group.minute * MINUTE_MS
  return {
    [cleared]: true,
    streamId: surrogates.of('device', group.device),
    eventType: 'vital-signs',
    partitionKey: subject,
    key: eventKey({ gatewayId, epoch, subject, metric: metric.id, firstSeq, lastSeq, revision: REVISION }),
    revision: REVISION,
    data: {
      metric: metric.id,
      mdc: metric.mdc,
      loinc: metric.loinc,
      unit: metric.unit,
      t: columns.map((column) => Math.round(column.at - startAt)),
      v: columns.map((column) => column.value),
      q: columns.map((column) => column.quality),
      ...(columns.some((column) => column.sensor > 0) ? { s: columns.map((column) => column.sensor) } : {}),
    },
    timestamp: isoOf(wallMs(startAt)),
  }
}

/** The subject of an alert is its stay; of a technical one its device, or the gateway itself. null: see `alertData`. */
function alertEvent(event: AlertEvent, seq: number, { gatewayId, epoch, surrogates }: Lane): CentralEvent | null {
  const alert = surrogates.of('alert', event.alertId)
  const device = event.kind === 'phase' && event.device !== null ? surrogates.of('device', event.device) : null
  const user = event.kind === 'acknowledged' || event.kind === 'audio-paused' ? surrogates.of('user', event.by) : null
  const data = alertData(event, { alert, device, user })
  if (data === null) return null
  const gateway = (): Surrogate => surrogates.of('gateway', gatewayId)
  const subject = event.kind === 'phase' ? (event.stay === null ? (device ?? gateway()) : surrogates.of('stay', event.stay)) : (surrogates.subjectOfAlert(event.alertId) ?? gateway())
  if (event.kind === 'phase') surrogates.rememberAlert(event.alertId, subject)
  return {
    [cleared]: true,
    streamId: alert,
    eventType: 'alerts',
    partitionKey: subject,
    key: eventKey({ gatewayId, epoch, subject, metric: 'alerts', firstSeq: seq, lastSeq: seq, revision: REVISION }),
    revision: REVISION,
    data,
    timestamp: isoOf(event.at),
  }
}
