/**
 * Alerts are events; an alert is a fold over its events. Words are those of IHE PCD ACM (phase, state, inactivation,
 * priority, type) and IEC 60601-1-8 (high, medium, low).
 */

import type { AlertId, BedId, DeviceId, StayId } from './ids.ts'
import type { WallMs } from './time.ts'

export type Priority = 'high' | 'medium' | 'low'
export type AlertType = 'physiological' | 'technical' | 'advisory'
export const PRIORITIES: readonly Priority[] = ['low', 'medium', 'high']
export const rankOf = (priority: Priority): number => PRIORITIES.indexOf(priority)

/** `timeUncertain`: a single measurement whose time rests on a device clock that may be wrong. */
export type BecauseInput = { readonly name: string; readonly value: number | string; readonly unit: string; readonly at: WallMs; readonly timeUncertain?: true }

/** One thing that an alert rests on. */
export type Because = {
  /** Rule id and version, as in `threshold/1`. */
  readonly rule: string
  readonly version: string
  /** The inputs, with value, unit and the time they were observed (corrected wall time). */
  readonly inputs: readonly BecauseInput[]
  /** The limit and who set it, where there is one. */
  readonly limit: { readonly text: string; readonly setBy: string } | null
  /** What the rule would need and has not: never silently zero. */
  readonly missing: readonly string[]
  /** The sensors that it rests on, where the rule knows them: device, and reference id of the metric. */
  readonly sensors?: readonly { readonly device: DeviceId; readonly metric: string }[]
}

/**
 * The monitor's own alarm was silenced at the bedside, or acknowledged there, and since when (gateway time). `isOver`: it has
 * lasted longer than an acknowledgement may, and quiets nothing here any more.
 */
export type Bedside = { readonly how: 'audio-paused' | 'alert-acknowledged'; readonly at: WallMs; readonly isOver?: true }

/** What the alert is about. Technical alerts of the gateway itself have none of the three. */
export type AlertSubject = { readonly bed: BedId | null; readonly stay: StayId | null; readonly device: DeviceId | null }

export type AlertPhase = 'start' | 'update' | 'escalate' | 'deescalate' | 'end' | 'reset'
export type AlertState = 'active' | 'latched' | 'inactive'

/** Who is told of a high that nobody answers, in this order: the nurse of the bed at once, then by fixed timers. */
export const ESCALATION_LEVELS = ['nurse', 'buddy', 'charge', 'team'] as const
export type EscalationLevel = (typeof ESCALATION_LEVELS)[number]
export type Told = { readonly level: EscalationLevel; readonly to: string | null; readonly at: WallMs }

/** All that happens to alerts. Persisted in this form, as JSON. */
export type AlertEvent =
  | ({
      readonly kind: 'phase'
      readonly alertId: AlertId
      readonly at: WallMs
      readonly phase: AlertPhase
      readonly state: AlertState
      readonly priority: Priority
      readonly type: AlertType
      /** Names the condition within its subject, as in `threshold/spo2-low`: one alert per condition and subject. */
      readonly condition: string
      /** What the nurse reads: `SpO₂ 84 % below 90`. */
      readonly text: string
      readonly because: Because
      /** When the limit was first violated: the alert waited out its delay since then, under this id. Not there where it did not wait. */
      readonly onsetAt?: WallMs
      /** Of a monitor's own alarm that is kept quiet at the bedside. */
      readonly bedside?: Bedside
      /** It was told beyond the nurse of the bed, and nobody has answered. */
      readonly unanswered?: true
    } & AlertSubject)
  | { readonly kind: 'acknowledged'; readonly alertId: AlertId; readonly at: WallMs; readonly by: string }
  | { readonly kind: 'acknowledgement-removed'; readonly alertId: AlertId; readonly at: WallMs; readonly why: 're-trigger' | 'priority-rise' | 'expired' }
  | { readonly kind: 'audio-paused'; readonly alertId: AlertId; readonly at: WallMs; readonly by: string; readonly until: WallMs }
  | { readonly kind: 'audio-resumed'; readonly alertId: AlertId; readonly at: WallMs; readonly why: 'expired' | 're-trigger' | 'priority-rise' | 'by-hand' }
  /** A high that nobody has answered was told to a person; `to` null: to the whole ward. What else it says is for who knows the alert no more. */
  | { readonly kind: 'escalated'; readonly alertId: AlertId; readonly at: WallMs; readonly level: EscalationLevel; readonly to: string | null; readonly type: AlertType; readonly condition: string; readonly rule: string; readonly version: string }

/** One alert as it stands: open while its state is active or latched. */
export type Alert = AlertSubject & {
  readonly id: AlertId
  readonly condition: string
  readonly state: AlertState
  readonly priority: Priority
  readonly type: AlertType
  readonly text: string
  readonly because: Because
  readonly onsetAt?: WallMs
  readonly bedside?: Bedside
  readonly startedAt: WallMs
  readonly changedAt: WallMs
  readonly acknowledged: { readonly by: string; readonly at: WallMs } | null
  readonly audioPaused: { readonly by: string; readonly until: WallMs } | null
  /** Who was told since it went unanswered, in order; not there when nobody was. */
  readonly escalated?: readonly Told[]
  /** It is high, or was, and nobody has acknowledged it since. */
  readonly unseenHigh?: true
}

/** The words central uses for priorities (contract §3); an unanswered high is the caller's business. */
export const severityOf = (priority: Priority): 'info' | 'warning' | 'critical' =>
  priority === 'high' ? 'critical' : priority === 'medium' ? 'warning' : 'info'

/**
 * The fold. `alert` is null before the first event. Events of another alert are a bug.
 * @throws Error when an event other than a start arrives first, or the ids differ.
 */
export function foldAlert(alert: Alert | null, event: AlertEvent): Alert {
  if (event.kind === 'phase') {
    if (alert && alert.id !== event.alertId) throw new Error(`event of ${event.alertId} folded into ${alert.id}`)
    const { kind: _kind, phase: _phase, unanswered: _unanswered, alertId: id, at, ...rest } = event
    const isUnseen = alert?.unseenHigh === true || (event.priority === 'high' && !alert?.acknowledged)
    return {
      ...rest,
      id,
      startedAt: alert?.startedAt ?? at,
      changedAt: at,
      acknowledged: alert?.acknowledged ?? null,
      audioPaused: alert?.audioPaused ?? null,
      ...(alert?.escalated ? { escalated: alert.escalated } : {}),
      ...(isUnseen ? { unseenHigh: true } : {}),
    }
  }
  if (!alert || alert.id !== event.alertId) throw new Error(`${event.kind} of ${event.alertId} without its start`)
  switch (event.kind) {
    case 'acknowledged': {
      const { unseenHigh: _seen, ...seen } = alert
      return { ...seen, changedAt: event.at, acknowledged: { by: event.by, at: event.at } }
    }
    case 'acknowledgement-removed': {
      const { escalated: _answered, ...unanswered } = alert
      return { ...unanswered, changedAt: event.at, acknowledged: null, ...(alert.priority === 'high' ? { unseenHigh: true } : {}) }
    }
    case 'audio-paused':
      return { ...alert, changedAt: event.at, audioPaused: { by: event.by, until: event.until } }
    case 'audio-resumed':
      return { ...alert, changedAt: event.at, audioPaused: null }
    case 'escalated': {
      const { level, to, at } = event
      // Whoever is told first begins it anew. The alert itself is as it was.
      return { ...alert, escalated: [...(level === 'nurse' ? [] : (alert.escalated ?? [])), { level, to, at }] }
    }
  }
}

/** Events that fold to an open alert again, as far as a person can tell: for a log that lost those it came from. */
export function retold(alert: Alert): readonly AlertEvent[] {
  const { id: alertId, startedAt, changedAt, acknowledged, audioPaused, escalated = [], unseenHigh, ...rest } = alert
  const { type, condition, priority, because: { rule, version } } = alert
  const start = { kind: 'phase', ...rest, alertId, at: startedAt, phase: 'start' } as const
  return [
    ...(unseenHigh && priority !== 'high' ? [{ ...start, priority: 'high' } as const, { ...start, at: changedAt, phase: 'deescalate' } as const] : [start]),
    ...escalated.map((told) => ({ kind: 'escalated', alertId, ...told, type, condition, rule, version }) as const),
    ...(acknowledged ? [{ kind: 'acknowledged', alertId, ...acknowledged } as const] : []),
    ...(audioPaused ? [{ kind: 'audio-paused', alertId, at: changedAt, ...audioPaused } as const] : []),
  ]
}

export const isOpen = (alert: Alert): boolean => alert.state !== 'inactive'

/** Stands behind the text of an alert whose data went away: what it says is the last that was known. */
export const LOST_MARK = ' (last known; data lost)'
export const isLost = ({ text }: Pick<Alert, 'text'>): boolean => text.endsWith(LOST_MARK)

/** Somebody beside the nurse of the bed was told, and nobody has answered yet. */
export const isUnanswered = ({ priority, acknowledged, escalated = [] }: Alert): boolean =>
  priority === 'high' && acknowledged === null && escalated.some(({ level }) => level !== 'nurse')
