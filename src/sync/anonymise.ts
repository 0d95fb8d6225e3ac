/**
 * The allow-list of the `live` lane (a limited data set: pseudonyms, true times). Rows of the log go in; what comes out is
 * built field by field from metrics, numbers, closed words and random surrogates, so a field that is not named here does
 * not leave. Pure: what stands for whom is looked up through an argument.
 *
 * Not sent, and counted instead: rows of devices that are bound to no stay (whose values would they be?), the gateway's
 * own events, medicines that no code of the ATC names, metrics outside the table. They move the cursor like any other row.
 */

import { type EventOrigin, type Surrogate, type Withheld, type WithheldReason, eventKey } from '../domain/batch.ts'
import type { AlertEvent } from '../domain/alert.ts'
import { type WallMs, isoOf, wallMs } from '../domain/time.ts'
import type { WatchState } from '../domain/watch.ts'
import { syncLimits } from '../limits.ts'
import { WATCHED } from '../rules/armed.ts'
import type { LoggedRow, StoredEvent } from '../seams.ts'
import { type AlertData, type InteractionData, alertData, interactionData, unansweredData } from './anonymise-alert.ts'
import { type DeviceData, type DeviceMinute, type MedicationData, type SystemData, isLaboratory, medicationData } from './anonymise-others.ts'
import { WATCH_STATES, oneOf } from './anonymise-vocabulary.ts'
import { type Amendments, type Before, type CorrectionReason, NO_AMENDMENTS, type Withdrawn, digestOf, isRevised, placeOf } from './corrections.ts'
import type { Surrogates } from './ledger.ts'
import { type Group, MINUTE_MS, counter, groupsOf, originOf } from './vital-groups.ts'

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

/** Events that hold what is not so. Their keys count for nothing from now on, whenever they come; what is true of them comes as events that supersede them. */
export type Correction = {
  /** `reassign`: all that they hold is of `subject`; `retract`: a part of it is, or it is nobody's, or of another time or device. */
  readonly kind: 'retract' | 'reassign'
  readonly keys: readonly string[]
  /** Whose it is, where that is somebody else. */
  readonly subject?: Surrogate
  /** ISO 8601, of the first and the last value that were not so. */
  readonly from: string
  readonly to: string
  readonly reason: CorrectionReason
}

/** The platform's AnalyticsStream, with the key of the contract. */
export type StreamEvent = {
  readonly [cleared]: true
  /** The device; a stream of its own for each further sensor of one metric; the gateway for what is of no device. */
  readonly streamId: Surrogate
  readonly eventType: 'vital-signs' | 'lab-results' | 'medications' | 'alerts' | 'gaps' | 'corrections' | 'device-metrics' | 'system-metrics'
  /** The subject. */
  readonly partitionKey: Surrogate
  readonly key: string
  readonly revision: number
  /** The key of the event that its values stood in before. */
  readonly supersedes?: string
  readonly data: VitalSigns | AlertData | Gaps | Correction | MedicationData | DeviceData | SystemData
  readonly timestamp: string
}

/** The platform's UserInteractionEvent: a nurse acknowledged or paused. */
export type InteractionEvent = InteractionData & { readonly [cleared]: true; readonly key: string; readonly revision: number; readonly timestamp: string }

export type CentralEvent = StreamEvent | InteractionEvent

export type Compiled = {
  /** Ordered by first seq, so that each subject's events arrive in the order of the log. */
  readonly events: readonly { readonly event: CentralEvent; readonly origin: EventOrigin | null }[]
  readonly withheld: readonly Withheld[]
  /** By which its vital signs are told to be the same again; empty where there are none. */
  readonly digest: string
}

export type Lane = { readonly gatewayId: string; readonly epoch: string; readonly surrogates: Surrogates }

const REVISION = 0

/** What is told of no patient, at most once a minute: how devices were heard, and how the gateway stands. */
export type Beside = { readonly devices: readonly DeviceMinute[]; readonly system: { readonly at: WallMs; readonly seq: number; readonly data: SystemData } | null }
export const NOTHING_BESIDE: Beside = { devices: [], system: null }

type Sent = { readonly firstSeq: number; readonly event: CentralEvent; readonly origin: EventOrigin | null }

/**
 * Rows in the order of seq. The same rows and the same surrogates give the same events, byte for byte. `amendments`: what is to be said of rows
 * among them that took the place of rows which were sent.
 */
export function compileLive(rows: readonly LoggedRow[], lane: Lane, amendments: Amendments = NO_AMENDMENTS, beside: Beside = NOTHING_BESIDE): Compiled {
  const counted = counter()
  const groups = groupsOf(rows, { sensors: lane.surrogates, cutOf: amendments.cutOf, counted })
  const others: Sent[] = []
  for (const row of rows) {
    if (row.kind === 'snapshot') continue
    const event = eventOf(row.stored, row.seq, lane)
    if (typeof event === 'string') counted.add(event, 1, 0)
    else others.push({ firstSeq: row.seq, event, origin: null })
  }
  const replaced = new Map(rows.flatMap((row) => (isRevised(row) ? [[row.seq, row.supersedes] as const] : [])))
  const vitals = groups.map((group) => ({ firstSeq: group.firstSeq, ...newVitalSigns(group, lane, { replaced, amendments }) }))
  const events = [...correctionsIn(amendments, lane, heirsOf(groups, lane, { replaced, amendments })), ...vitals, ...others, ...besideEvents(beside, lane)].sort((a, b) => a.firstSeq - b.firstSeq)
  return { events: events.map(({ event, origin }) => ({ event, origin })), withheld: counted.all(), digest: digestOf(groups) }
}

/** The event, or why there is none. */
function eventOf(stored: StoredEvent, seq: number, lane: Lane): CentralEvent | WithheldReason {
  switch (stored.kind) {
    case 'watch':
      return gapsEvent(stored, seq, lane) ?? 'no-stay'
    case 'alert':
      return alertEvent(stored.event, seq, lane)
    case 'given':
      return givenEvent(stored, seq, lane)
    case 'gateway':
    case 'delivery':
      return 'gateway-event'
  }
}

type Replacing = { readonly replaced: ReadonlyMap<number, number>; readonly amendments: Amendments }

/** Names the event that its columns stood in, where that was sent. */
function newVitalSigns(group: Group, lane: Lane, { replaced, amendments }: Replacing): { readonly event: CentralEvent; readonly origin: EventOrigin } {
  const before = beforeOf(group, { replaced, amendments })
  const supersedes = before === undefined ? null : keyOf(before.group, lane, before)
  // What was acknowledged before is not counted twice.
  return { event: vitalSigns(group, lane, { epoch: lane.epoch, revision: group.revision, supersedes }), origin: originOf(group, before === undefined ? group.columns : []) }
}

function beforeOf(group: Group, { replaced, amendments }: Replacing): Before | undefined {
  const [first] = group.columns
  return group.cut === 0 || first === undefined ? undefined : amendments.before.get(placeOf(replaced.get(first.seq) ?? 0, group))
}

/** By the key of an event that was sent: what names it as the one that it supersedes. */
type Heirs = ReadonlyMap<string, readonly Group[]>
function heirsOf(groups: readonly Group[], lane: Lane, replacing: Replacing): Heirs {
  const heirs = new Map<string, Group[]>()
  for (const group of groups) {
    const before = beforeOf(group, replacing)
    if (before === undefined) continue
    const key = keyOf(before.group, lane, before)
    heirs.set(key, [...(heirs.get(key) ?? []), group])
  }
  return heirs
}

/** What central is to forget, and what is left of it. */
function* correctionsIn({ withdrawn }: Amendments, lane: Lane, heirs: Heirs): Generator<Sent> {
  const kindOf = (one: Withdrawn): Correction['kind'] => (isHandedOver(one, heirs.get(keyOf(one.group, lane, one)) ?? []) ? 'reassign' : 'retract')
  const alike = new Map<string, Withdrawn[]>()
  for (const one of withdrawn) {
    const name = `${kindOf(one)}\u0000${one.group.stay}\u0000${one.to ?? ''}\u0000${one.reason}`
    const known = alike.get(name)
    if (known && known.length < syncLimits.correctionKeysMax) known.push(one)
    else {
      if (known) alike.set(`${name}\u0000${alike.size}`, known)
      alike.set(name, [one])
    }
  }
  const ordinals = new Map<string, number>()
  for (const some of alike.values()) {
    const event = correctionEvent(some, lane, { kindOf, ordinals })
    if (event) yield { firstSeq: Math.min(...some.map(({ firstSeq }) => firstSeq)), event, origin: null }
  }
  for (const { group, epoch, revision, left, firstSeq } of withdrawn) {
    if (left.columns.length === 0) continue
    const event = vitalSigns({ ...group, columns: left.columns }, lane, { epoch, revision: left.revision, supersedes: keyOf(group, lane, { epoch, revision }) })
    // Acknowledged before.
    yield { firstSeq, event, origin: null }
  }
}

type Correcting = { readonly kindOf: (one: Withdrawn) => Correction['kind']; readonly ordinals: Map<string, number> }

function correctionEvent(some: readonly Withdrawn[], lane: Lane, { kindOf, ordinals }: Correcting): CentralEvent | null {
  const [first] = some
  if (!first) return null
  const { gatewayId, epoch, surrogates } = lane
  const { group: { stay }, to, reason } = first
  const times = some.flatMap(({ gone }) => gone.map(({ at }) => at))
  const [firstSeq, lastSeq] = [Math.min(...some.map((one) => one.firstSeq)), Math.max(...some.map((one) => one.lastSeq))]
  const subject = surrogates.of('stay', stay)
  const ordinal = ordinals.get(`${subject}${firstSeq}-${lastSeq}`) ?? 0
  ordinals.set(`${subject}${firstSeq}-${lastSeq}`, ordinal + 1)
  const keys = some.map(({ group, epoch: was, revision }) => keyOf(group, lane, { epoch: was, revision }))
  const data = { keys, from: isoOf(wallMs(times.reduce((a, b) => Math.min(a, b)))), to: isoOf(wallMs(times.reduce((a, b) => Math.max(a, b)))), reason }
  return {
    [cleared]: true, streamId: surrogates.of('gateway', gatewayId), eventType: 'corrections', partitionKey: subject,
    key: eventKey({ gatewayId, epoch, subject, metric: numbered('corrections', ordinal), firstSeq, lastSeq, revision: REVISION }), revision: REVISION,
    data: { kind: kindOf(first), ...(to === null || to === stay ? {} : { subject: surrogates.of('stay', to) }), ...data },
    timestamp: data.from,
  }
}

/** All of it is somebody else's, and comes anew as one event that holds it and no more: else what was handed over would stand twice, or with a third one. */
const isHandedOver = ({ group, to, left, gone }: Withdrawn, [heir, ...others]: readonly Group[]): boolean =>
  to !== null && to !== group.stay && left.columns.length === 0 && heir?.stay === to && heir.columns.length === gone.length && others.length === 0

const numbered = (metric: string, ordinal: number): string => (ordinal === 0 ? metric : `${metric}.${ordinal}`)

type Version = { readonly epoch: string; readonly revision: number }

const keyOf = ({ stay, metric, ordinal, firstSeq, lastSeq }: Group, { gatewayId, surrogates }: Lane, { epoch, revision }: Version): string =>
  eventKey({ gatewayId, epoch, subject: surrogates.of('stay', stay), metric: numbered(metric.id, ordinal), firstSeq, lastSeq, revision })

function vitalSigns(group: Group, lane: Lane, { supersedes, ...version }: Version & { readonly supersedes: string | null }): StreamEvent {
  const { metric, columns, sensor, device } = group
  const { surrogates } = lane
  const startAt = group.minute * MINUTE_MS
  return {
    [cleared]: true,
    streamId: sensor === 0 ? surrogates.of('device', device) : surrogates.of('sensor', `${device}\u0000${metric.id}\u0000${sensor}`),
    eventType: isLaboratory(metric) ? 'lab-results' : 'vital-signs',
    partitionKey: surrogates.of('stay', group.stay),
    key: keyOf(group, lane, version),
    revision: version.revision,
    ...(supersedes === null ? {} : { supersedes }),
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

function givenEvent({ at, given, subject: { stay } }: Extract<StoredEvent, { kind: 'given' }>, seq: number, { gatewayId, epoch, surrogates }: Lane): CentralEvent | WithheldReason {
  if (stay === null) return 'no-stay'
  const data = medicationData(given, at, given.id === '' ? null : surrogates.of('medication', given.id))
  if (data === null) return 'unknown-words'
  const subject = surrogates.of('stay', stay)
  return {
    [cleared]: true, streamId: surrogates.of('gateway', gatewayId), eventType: 'medications', partitionKey: subject,
    key: eventKey({ gatewayId, epoch, subject, metric: 'medications', firstSeq: seq, lastSeq: seq, revision: REVISION }), revision: REVISION, data, timestamp: isoOf(at),
  }
}

function besideEvents({ devices, system }: Beside, { gatewayId, epoch, surrogates }: Lane): readonly Sent[] {
  const of = (eventType: 'device-metrics' | 'system-metrics', subject: Surrogate, range: { readonly firstSeq: number; readonly lastSeq: number }) => ({
    [cleared]: true as const, streamId: subject, eventType, partitionKey: subject, revision: REVISION,
    key: eventKey({ gatewayId, epoch, subject, metric: eventType, ...range, revision: REVISION }),
  })
  const minutes = devices.map(({ device, minute, firstSeq, lastSeq, data }): Sent => ({
    firstSeq, origin: null,
    event: { ...of('device-metrics', surrogates.of('device', device), { firstSeq, lastSeq }), data, timestamp: isoOf(wallMs(minute * MINUTE_MS)) },
  }))
  if (system === null) return minutes
  const { at, seq, data } = system
  return [...minutes, {
    firstSeq: seq, origin: null, event: { ...of('system-metrics', surrogates.of('gateway', gatewayId), { firstSeq: seq, lastSeq: seq }), data, timestamp: isoOf(at) },
  }]
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
    case 'escalated': {
      const data = unansweredData(event, alert)
      if (data === null) return 'follows-from-alert'
      const subject = surrogates.subjectOfAlert(event.alertId) ?? gateway()
      return { [cleared]: true, streamId: gateway(), eventType: 'alerts', partitionKey: subject, key: keyOf(subject), revision: REVISION, data, timestamp: isoOf(event.at) }
    }
    case 'acknowledgement-removed':
    case 'audio-resumed':
      return 'follows-from-alert'
  }
}
