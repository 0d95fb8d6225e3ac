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
}

/** What the alert is about. Technical alerts of the gateway itself have none of the three. */
export type AlertSubject = { readonly bed: BedId | null; readonly stay: StayId | null; readonly device: DeviceId | null }

export type AlertPhase = 'start' | 'update' | 'escalate' | 'deescalate' | 'end' | 'reset'
export type AlertState = 'active' | 'latched' | 'inactive'

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
    } & AlertSubject)
  | { readonly kind: 'acknowledged'; readonly alertId: AlertId; readonly at: WallMs; readonly by: string }
  | { readonly kind: 'acknowledgement-removed'; readonly alertId: AlertId; readonly at: WallMs; readonly why: 're-trigger' | 'priority-rise' }
  | { readonly kind: 'audio-paused'; readonly alertId: AlertId; readonly at: WallMs; readonly by: string; readonly until: WallMs }
  | { readonly kind: 'audio-resumed'; readonly alertId: AlertId; readonly at: WallMs; readonly why: 'expired' | 're-trigger' | 'priority-rise' | 'by-hand' }

/** One alert as it stands: open while its state is active or latched. */
export type Alert = AlertSubject & {
  readonly id: AlertId
  readonly condition: string
  readonly state: AlertState
  readonly priority: Priority
  readonly type: AlertType
  readonly text: string
  readonly because: Because
  readonly startedAt: WallMs
  readonly changedAt: WallMs
  readonly acknowledged: { readonly by: string; readonly at: WallMs } | null
  readonly audioPaused: { readonly by: string; readonly until: WallMs } | null
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
    const { kind: _kind, phase: _phase, alertId: id, at, ...rest } = event
    return {
      ...rest,
      id,
      startedAt: alert?.startedAt ?? at,
      changedAt: at,
      acknowledged: alert?.acknowledged ?? null,
      audioPaused: alert?.audioPaused ?? null,
    }
  }
  if (!alert || alert.id !== event.alertId) throw new Error(`${event.kind} of ${event.alertId} without its start`)
  switch (event.kind) {
    case 'acknowledged':
      return { ...alert, changedAt: event.at, acknowledged: { by: event.by, at: event.at } }
    case 'acknowledgement-removed':
      return { ...alert, changedAt: event.at, acknowledged: null }
    case 'audio-paused':
      return { ...alert, changedAt: event.at, audioPaused: { by: event.by, until: event.until } }
    case 'audio-resumed':
      return { ...alert, changedAt: event.at, audioPaused: null }
  }
}

/** Events that fold to an open alert again, as far as a person can tell: for a log that lost those it came from. */
export function retold(alert: Alert): readonly AlertEvent[] {
  const { id: alertId, startedAt, changedAt, acknowledged, audioPaused, ...rest } = alert
  return [
    { kind: 'phase', ...rest, alertId, at: startedAt, phase: 'start' },
    ...(acknowledged ? [{ kind: 'acknowledged', alertId, ...acknowledged } as const] : []),
    ...(audioPaused ? [{ kind: 'audio-paused', alertId, at: changedAt, ...audioPaused } as const] : []),
  ]
}

export const isOpen = (alert: Alert): boolean => alert.state !== 'inactive'
