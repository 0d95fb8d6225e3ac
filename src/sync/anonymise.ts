/**
 * The allow-list of the `live` lane (a limited data set: pseudonyms, true times). Rows of the log go in; what comes out is
 * built field by field from metrics, numbers, closed words and random surrogates, so a field that is not named here does
 * not leave. Pure: what stands for whom is looked up through an argument.
 *
 * Not sent, and counted instead: rows of devices that are bound to no stay (whose values would they be?), the gateway's
 * own events, medicines given, metrics outside the table. They move the cursor like any other row.
 */

import { type EventOrigin, type Surrogate, type Withheld, type WithheldReason, eventKey, qualityOf } from '../domain/batch.ts'
import { type Metric, metricOfId } from '../domain/metrics.ts'
import type { AlertEvent } from '../domain/alert.ts'
import type { DeviceId, StayId } from '../domain/ids.ts'
import type { Observation } from '../domain/observation.ts'
import { isoOf, wallMs } from '../domain/time.ts'
import type { WatchState } from '../domain/watch.ts'
import { syncLimits } from '../limits.ts'
import { WATCHED } from '../rules/armed.ts'
import type { LoggedRow, StoredEvent } from '../seams.ts'
import { type AlertData, type InteractionData, alertData, interactionData } from './anonymise-alert.ts'
import { WATCH_STATES, oneOf } from './anonymise-vocabulary.ts'
import type { Surrogates } from './ledger.ts'

/** Known to this module alone, so that nothing but this module makes a CentralEvent: a raw row cannot reach a sink. */
const cleared: unique symbol = Symbol('cleared for central')

/** Columns, not one object for each value: `t`, `v` and `q` are as long as each other. */
export type VitalSigns = {
  /** MDC reference id. */
  readonly metric: string
  readonly mdc: number
  readonly loinc: string | null
  /** UCUM. */
  readonly unit: string
  /** Corrected time, in ms from the event's timestamp: 0 to 59,999. */
  readonly t: readonly number[]
  readonly v: readonly (number | null)[]
  /** Quality codes of domain/batch. */
  readonly q: readonly number[]
}

/** The watch ledger of one stay: from that moment on this rule could have spoken, or could not, and why. As long as each other. */
export type Gaps = {
  readonly rule: readonly string[]
  /** `armed`, or why not. */
  readonly state: readonly WatchState[]
  /** ms from the event's timestamp: 0, or before it where the gateway tells what it was away for. */
  readonly t: readonly number[]
}

/** The platform's AnalyticsStream, with the key of the contract. */
export type StreamEvent = {
  readonly [cleared]: true
  /** The device; a stream of its own for each further sensor of one metric; the gateway for what is of no device. */
  readonly streamId: Surrogate
  readonly eventType: 'vital-signs' | 'alerts' | 'gaps'
  /** The subject. */
  readonly partitionKey: Surrogate
  readonly key: string
  readonly revision: number
  readonly data: VitalSigns | AlertData | Gaps
  readonly timestamp: string
}

/** The platform's UserInteractionEvent: a nurse acknowledged or paused. */
export type InteractionEvent = InteractionData & { readonly [cleared]: true; readonly key: string; readonly revision: number; readonly timestamp: string }

export type CentralEvent = StreamEvent | InteractionEvent

export type Compiled = {
  /** Ordered by first seq, so that each subject's events arrive in the order of the log. */
  readonly events: readonly { readonly event: CentralEvent; readonly origin: EventOrigin | null }[]
  readonly withheld: readonly Withheld[]
}

export type Lane = { readonly gatewayId: string; readonly epoch: string; readonly surrogates: Surrogates }

const MINUTE_MS = 60_000
const REVISION = 0

type Column = { readonly at: number; readonly value: number | null; readonly quality: number }
type Group = {
  readonly stay: StayId
  readonly device: DeviceId
  readonly metric: Metric
  readonly sensor: number
  readonly minute: number
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
      // Central is not told yet that a value was another patient's: not as a new one, and not as the one who it was not.
      if (row.isSuperseded === true) withhold('superseded', 1, observations.length)
      else if (row.revision !== undefined) withhold('revised', 1, observations.length)
      else if (stay === null) withhold('no-stay', 1, observations.length)
      else for (const observation of observations) {
        const metric = metricOfId(observation.metric.id)
        if (metric === undefined) withhold('unknown-metric', 0, 1)
        else {
          const sensor = sensorOf(sensors, lane, device, metric.id, observation.channel)
          addTo(groups, { stay, device, metric, sensor, seq: row.seq }, columnOf(observation))
        }
      }
    } else if (row.stored.kind === 'watch') {
      const event = gapsEvent(row.stored, row.seq, lane)
      if (event === null) withhold('no-stay', 1, 0)
      else alerts.push({ firstSeq: row.seq, event })
    } else if (row.stored.kind !== 'alert') withhold('gateway-event', 1, 0)
    else {
      const event = alertEvent(row.stored.event, row.seq, lane)
      if (typeof event === 'string') withhold(event, 1, 0)
      else alerts.push({ firstSeq: row.seq, event })
    }
  }
  const ordinals = new Map<string, number>()
  const vitals = [...groups.values()].map((group) => ({
    firstSeq: group.firstSeq, event: vitalSigns(group, ordinalOf(ordinals, group), lane), origin: originOf(group),
  }))
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

const columnOf = (observation: Observation): Column => ({
  at: observation.correctedAt,
  value: observation.measurement.kind === 'measured' ? plain(observation.measurement.value) : null,
  quality: qualityOf(observation),
})

type Place = { readonly stay: StayId; readonly device: DeviceId; readonly metric: Metric; readonly sensor: number; readonly seq: number }

function addTo(groups: Map<string, Group>, { stay, device, metric, sensor, seq }: Place, column: Column): void {
  const minute = Math.floor(column.at / MINUTE_MS)
  const name = `${stay}\u0000${device}\u0000${metric.mdc}\u0000${sensor}\u0000${minute}`
  const group = groups.get(name)
  if (group && group.columns.length < syncLimits.readingsPerEventMax) {
    group.lastSeq = seq
    group.columns.push(column)
    return
  }
  // A full one makes room under a name that no lookup asks for.
  if (group) groups.set(`${name}\u0000${group.firstSeq}\u0000${groups.size}`, group)
  groups.delete(name)
  groups.set(name, { stay, device, metric, sensor, minute, firstSeq: seq, lastSeq: seq, columns: [column] })
}

/**
 * The key names neither minute nor sensor. One message may hold values of two minutes (a monitor that empties its backlog)
 * or of two sensors: central would take the second event for a repeat of the first and drop it. So they are numbered.
 */
function ordinalOf(ordinals: Map<string, number>, { stay, metric, firstSeq, lastSeq }: Group): number {
  const key = `${stay}\u0000${metric.mdc}\u0000${firstSeq}-${lastSeq}`
  const ordinal = ordinals.get(key) ?? 0
  ordinals.set(key, ordinal + 1)
  return ordinal
}

const originOf = (group: Group): EventOrigin => ({
  device: group.device,
  metric: group.metric.id,
  measured: group.columns.filter((column) => column.value !== null).length,
})

function vitalSigns(group: Group, ordinal: number, { gatewayId, epoch, surrogates }: Lane): StreamEvent {
  const { metric, columns, firstSeq, lastSeq, sensor, device } = group
  const subject = surrogates.of('stay', group.stay)
  const startAt = group.minute * MINUTE_MS
  return {
    [cleared]: true,
    streamId: sensor === 0 ? surrogates.of('device', device) : surrogates.of('sensor', `${device}\u0000${metric.id}\u0000${sensor}`),
    eventType: 'vital-signs',
    partitionKey: subject,
    key: eventKey({ gatewayId, epoch, subject, metric: ordinal === 0 ? metric.id : `${metric.id}.${ordinal}`, firstSeq, lastSeq, revision: REVISION }),
    revision: REVISION,
    data: {
      metric: metric.id,
      mdc: metric.mdc,
      loinc: metric.loinc,
      unit: metric.unit,
      t: columns.map((column) => Math.round(column.at - startAt)),
      v: columns.map((column) => column.value),
      q: columns.map((column) => column.quality),
    },
    timestamp: isoOf(wallMs(startAt)),
  }
}

/** null for a bed where nobody lies. A rule that we do not know is left out: its name could be anything. */
function gapsEvent({ at, changes, subject: { stay } }: Extract<StoredEvent, { kind: 'watch' }>, seq: number, { gatewayId, epoch, surrogates }: Lane): CentralEvent | null {
  if (stay === null) return null
  const subject = surrogates.of('stay', stay)
  const told = changes.flatMap(({ rule, state, from }) => {
    const [word, why] = [oneOf(WATCHED, rule), oneOf(WATCH_STATES, state)]
    return word === null || why === null ? [] : [{ word, why, t: Math.round(from - at) }]
  })
  return {
    [cleared]: true, streamId: surrogates.of('gateway', gatewayId), eventType: 'gaps', partitionKey: subject,
    key: eventKey({ gatewayId, epoch, subject, metric: 'gaps', firstSeq: seq, lastSeq: seq, revision: REVISION }), revision: REVISION,
    data: { rule: told.map(({ word }) => word), state: told.map(({ why }) => why), t: told.map(({ t }) => t) },
    timestamp: isoOf(at),
  }
}

/** The event, or why there is none. The subject of an alert is its stay; of a technical one its device, or the gateway itself. */
function alertEvent(event: AlertEvent, seq: number, { gatewayId, epoch, surrogates }: Lane): CentralEvent | WithheldReason {
  const alert = surrogates.of('alert', event.alertId)
  const gateway = (): Surrogate => surrogates.of('gateway', gatewayId)
  const keyOf = (subject: Surrogate): string => eventKey({ gatewayId, epoch, subject, metric: 'alerts', firstSeq: seq, lastSeq: seq, revision: REVISION })
  switch (event.kind) {
    case 'phase': {
      const data = alertData(event, alert)
      if (data === null) return 'unknown-words'
      const source = event.device === null ? gateway() : surrogates.of('device', event.device)
      const subject = event.stay === null ? source : surrogates.of('stay', event.stay)
      surrogates.rememberAlert(event.alertId, subject)
      return {
        [cleared]: true, streamId: source, eventType: 'alerts', partitionKey: subject, key: keyOf(subject), revision: REVISION, data, timestamp: isoOf(event.at),
      }
    }
    case 'acknowledged':
    case 'audio-paused': {
      const subject = surrogates.subjectOfAlert(event.alertId) ?? gateway()
      const data = interactionData(event, { alert, subject, user: surrogates.of('user', event.by) })
      return { [cleared]: true, key: keyOf(subject), revision: REVISION, ...data, timestamp: isoOf(event.at) }
    }
    case 'acknowledgement-removed':
    case 'audio-resumed':
      return 'follows-from-alert'
  }
}
