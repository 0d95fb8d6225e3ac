/**
 * From rows of one stay that is over to events of the `release` lane. What comes out is built by the schema of the lane; what it does
 * not allow is counted, not sent. Pure: what is random comes through an argument.
 */

import { type EventOrigin, type Surrogate, type SurrogateKind, type Withheld, type WithheldReason, qualityOf } from '../domain/batch.ts'
import { type Metric, metricOfId } from '../domain/metrics.ts'
import type { Observation } from '../domain/observation.ts'
import { releaseLimits, syncLimits } from '../limits.ts'
import { WATCHED } from '../rules/armed.ts'
import type { LoggedRow, StoredEvent } from '../seams.ts'
import { type AlertData, alertData } from './anonymise-alert.ts'
import { WATCH_STATES, oneOf } from './anonymise-vocabulary.ts'
import type { Person } from './release-classes.ts'
import { type Clearance, type ReleaseEvent, clear } from './release-schema.ts'
import { type ReleaseMethod, type StayTimes, shownAt, shownText } from './release-time.ts'

/** A stay on its way out. */
export type LeavingStay = StayTimes & { readonly stay: string; readonly told: Person }

export type Draw = {
  /** Of this release alone: the same for the same name until its last event is cut, and forgotten then. */
  readonly surrogateOf: (kind: SurrogateKind, name: string) => Surrogate
  readonly mint: () => Surrogate
}

export type Released = { readonly event: ReleaseEvent; readonly origin: EventOrigin | null }
export type ReleaseCompiled = { readonly events: readonly Released[]; readonly withheld: readonly Withheld[] }

type Column = { readonly at: number; readonly value: number | null; readonly quality: number }
type Group = { readonly device: string; readonly channel: string; readonly metric: Metric; readonly minute: number; readonly origin: EventOrigin; readonly columns: Column[] }
type Of = LeavingStay & Draw & { readonly method: ReleaseMethod }

const MINUTE_MS = 60_000

export class Counts {
  readonly #counts = new Map<WithheldReason, { rows: number; readings: number }>()

  add(reason: WithheldReason, rows: number, readings: number): void {
    if (rows + readings === 0) return
    const count = this.#counts.get(reason) ?? { rows: 0, readings: 0 }
    this.#counts.set(reason, { rows: count.rows + rows, readings: count.readings + readings })
  }

  all(): readonly Withheld[] {
    return [...this.#counts].map(([reason, count]) => ({ reason, ...count }))
  }
}

/** Rows of other stays are passed over: they leave with those, if at all. */
export function compileRelease(rows: readonly LoggedRow[], of: Of): ReleaseCompiled {
  const groups = new Map<string, Group>()
  const counts = new Counts()
  const events: Released[] = []
  const take = (cleared: Clearance | WithheldReason, origin: EventOrigin | null): void => {
    if (typeof cleared === 'string') counts.add(cleared, 1, 0)
    else if (cleared.kind === 'refused') counts.add('not-allowed', 0, origin?.measured ?? 1)
    else events.push({ event: cleared.event, origin })
  }
  for (const row of rows) {
    if (row.kind === 'snapshot') {
      if (row.snapshot.stay !== of.stay) continue
      if (row.isSuperseded === true) counts.add('superseded', 1, row.snapshot.observations.length)
      else for (const observation of row.snapshot.observations) addTo(groups, row.snapshot.device, observation, { of, counts })
    } else if (stayOf(row.stored) === of.stay) take(eventOf(row.stored, of), null)
  }
  for (const group of groups.values()) take(vitalSigns(group, of), originOf(group))
  return { events, withheld: counts.all() }
}

/** One event a stay: how long it was, and what may be told of who lay there. */
export function visitOf(of: Of): Clearance {
  const { told, openedAt, closedAt, surrogateOf, mint, method, stay } = of
  return clear('visit', {
    patientId: surrogateOf('stay', stay), eventType: 'visit', key: mint(), revision: 0,
    metadata: {
      timestamp: shownText(shownAt(method, of, openedAt) ?? 0), provider: null, location: null,
      details: { minutes: Math.max(0, Math.round((closedAt - openedAt) / MINUTE_MS)), ageBand: told.ageBand, ageGroup: told.ageGroup, sex: told.sex, site: told.site },
    },
    context: { sessionId: null, sourceSystem: 'vigil' },
  })
}

function stayOf(stored: StoredEvent): string | null {
  if (stored.kind === 'alert') return stored.event.kind === 'phase' ? stored.event.stay : null
  return stored.kind === 'watch' ? stored.subject.stay : null
}

/** Conversions leave noise in the last binary digits. */
const plain = (value: number): number => Math.round(value * 1e6) / 1e6

function addTo(groups: Map<string, Group>, device: EventOrigin['device'], observation: Observation, { of, counts }: { readonly of: Of; readonly counts: Counts }): void {
  const metric = metricOfId(observation.metric.id)
  const at = shownAt(of.method, of, observation.correctedAt)
  if (metric === undefined || at === null) return counts.add(metric === undefined ? 'unknown-metric' : 'outside-stay', 0, 1)
  const minute = Math.floor(at / MINUTE_MS)
  const { channel, measurement } = observation
  const name = `${device}\u0000${channel}\u0000${metric.mdc}\u0000${minute}`
  const column: Column = { at, value: measurement.kind === 'measured' ? plain(measurement.value) : null, quality: qualityOf(observation) }
  const group = groups.get(name)
  if (group && group.columns.length < syncLimits.readingsPerEventMax) {
    group.columns.push(column)
    return
  }
  // A full one makes room under a name that no lookup asks for.
  if (group) groups.set(`${name}\u0000${groups.size}`, group)
  groups.delete(name)
  groups.set(name, { device, channel, metric, minute, origin: { device, metric: metric.id, measured: 0 }, columns: [column] })
}

const originOf = ({ origin, columns }: Group): EventOrigin => ({ ...origin, measured: columns.filter(({ value }) => value !== null).length })

/** Of this stay alone: a device that two stays shared would tell which came after which. */
const streamOf = ({ surrogateOf, stay }: Of, device: string, channel: string): Surrogate => surrogateOf('sensor', `${stay}\u0000${device}\u0000${channel}`)

function vitalSigns({ device, channel, metric, minute, columns }: Group, of: Of): Clearance {
  const startAt = minute * MINUTE_MS
  // Those of one sensor come in the order of time, whatever order they were written in.
  const inOrder = columns.toSorted((a, b) => a.at - b.at)
  return clear('vital-signs', {
    streamId: streamOf(of, device, channel), eventType: 'vital-signs', partitionKey: of.surrogateOf('stay', of.stay), key: of.mint(), revision: 0,
    data: {
      metric: metric.id, mdc: metric.mdc, loinc: metric.loinc, unit: metric.unit,
      t: inOrder.map(({ at }) => at - startAt), v: inOrder.map(({ value }) => value), q: inOrder.map(({ quality }) => quality),
    },
    timestamp: shownText(startAt),
  })
}

/**
 * How long before an event of the stay that was, in ms. Never before the stay, nor after the event: what was stamped by a clock that was set since then, or
 * is of the ward, would say more than how long.
 */
const before = (openedAt: number, at: number, then: number): number => seconds(Math.min(0, Math.max(then, openedAt) - at))

const seconds = (ms: number): number => Math.round(ms / releaseLimits.resolutionMs) * releaseLimits.resolutionMs

function eventOf(stored: StoredEvent, of: Of): Clearance | WithheldReason {
  if (stored.kind === 'watch') return gaps(stored, of)
  if (stored.kind !== 'alert' || stored.event.kind !== 'phase') return 'gateway-event'
  const { event } = stored
  const at = shownAt(of.method, of, event.at)
  const data = alertData(event, of.surrogateOf('alert', event.alertId))
  if (at === null) return 'outside-stay'
  if (data === null) return 'unknown-words'
  return clear('alerts', {
    streamId: streamOf(of, event.device ?? '', ''), eventType: 'alerts', partitionKey: of.surrogateOf('stay', of.stay), key: of.mint(), revision: 0,
    data: { ...data, because: becauseOf(data, (t) => before(of.openedAt, event.at, event.at + t)) },
    timestamp: shownText(at),
  })
}

const becauseOf = ({ because }: AlertData, told: (t: number) => number) => ({
  ...because,
  inputs: because.inputs.map(({ name, value, unit, t }) => ({ name, value: typeof value === 'number' ? plain(value) : value, unit, t: told(t) })),
})

function gaps({ at, changes }: Extract<StoredEvent, { kind: 'watch' }>, of: Of): Clearance | WithheldReason {
  const shown = shownAt(of.method, of, at)
  if (shown === null) return 'outside-stay'
  const told = changes.flatMap(({ rule, state, from }) => {
    const [word, why] = [oneOf(WATCHED, rule), oneOf(WATCH_STATES, state)]
    return word === null || why === null ? [] : [{ word, why, t: before(of.openedAt, at, from) }]
  })
  return clear('gaps', {
    streamId: streamOf(of, '', ''), eventType: 'gaps', partitionKey: of.surrogateOf('stay', of.stay), key: of.mint(), revision: 0,
    data: { rule: told.map(({ word }) => word), state: told.map(({ why }) => why), t: told.map(({ t }) => t) },
    timestamp: shownText(shown),
  })
}
