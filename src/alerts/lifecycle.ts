/**
 * The life cycle of alerts: signals of rules and taps of nurses in, alert events out. One id from onset to end. Words and
 * phases of IHE PCD ACM. Pure but for the `mint` of ids it is given.
 */

import {
  type Alert, type AlertEvent, type AlertPhase, type AlertState, type AlertSubject, type Bedside, type Priority, type Told,
  foldAlert, isLost, isOpen, isUnanswered, LOST_MARK, rankOf,
} from '../domain/alert.ts'
import type { AlertId, DeviceId, StayId } from '../domain/ids.ts'
import { type WallMs, wallMs } from '../domain/time.ts'
import { alertLimits, apiLimits, pumpLimits } from '../limits.ts'
import type { Signal } from '../seams.ts'

/** A limit in its delay: nobody is told yet, and its alert, if it comes to one, has this id. */
export type Pending = AlertSubject & {
  readonly id: AlertId
  readonly condition: string
  readonly priority: Priority
  readonly text: string
  readonly onsetAt: WallMs
  /** When it becomes an alert, if it stays so. */
  readonly dueAt: WallMs
}
export type PendingLimit = Pick<Pending, 'condition' | 'priority' | 'text' | 'onsetAt' | 'dueAt'>

export type LifecycleSettings = {
  /** An acknowledgement holds so long at most, in ms. */
  readonly acknowledgedMs: Readonly<Record<Priority, number>>
}

const SETTINGS: LifecycleSettings = {
  acknowledgedMs: { high: alertLimits.acknowledgedHighMs, medium: alertLimits.acknowledgedMediumMs, low: alertLimits.acknowledgedLowMs },
}

export interface Lifecycle {
  /** Open alerts, by id. */
  readonly open: ReadonlyMap<AlertId, Alert>
  /**
   * All limits of one subject that are in their delay now. An id is given at the onset, and kept until the alert ends; what is
   * not named any more has cleared within its delay: it was no alert, and leaves nothing behind.
   */
  waiting(subject: AlertSubject, limits: readonly PendingLimit[]): void
  /** Limits in their delay, of one stay. */
  pendingOf(stay: StayId): readonly Pending[]
  /** What rules say of one subject, made into events. */
  signals(subject: AlertSubject, signals: readonly Signal[], at: WallMs): AlertEvent[]
  /** null when no such alert is open. A latched alert that is acknowledged has been seen: it ends. */
  acknowledge(id: AlertId, by: string, at: WallMs): AlertEvent[] | null
  /** Sound off until then; the alert stays visible. Silence is not acknowledgement. */
  pauseAudio(id: AlertId, by: string, ms: number, at: WallMs): AlertEvent[] | null
  /** Somebody is told of it. null when no such alert is open. */
  escalate(id: AlertId, told: Told): AlertEvent[] | null
  /** Audio pauses and acknowledgements that ran out. */
  tick(at: WallMs): AlertEvent[]
  /** The stay or device is gone: its alerts end; or one alert of which there are too many. */
  endOf(subject: { readonly stay: StayId } | { readonly device: DeviceId } | { readonly alert: AlertId }, at: WallMs): AlertEvent[]
}

/** An update of text alone is an event at most this often: a value that moves each second is on the tile anyway. */
const UPDATE_EVERY_MS = 10_000

/** No pause is longer than may be asked for: a wall clock that was set back must not keep an alert silent. */
const PAUSE_MS_MAX = apiLimits.audioPauseSecondsMax * 1_000

/** Of what is of neither a stay nor a device, by bed. */
const keyOf = ({ stay, device, bed }: AlertSubject, condition: string): string =>
  `${stay ?? ''}\u0000${device ?? ''}\u0000${stay === null && device === null ? (bed ?? '') : ''}\u0000${condition}`

const subjectKey = (subject: AlertSubject): string => keyOf(subject, '')
const NOTHING_PENDING: ReadonlyMap<string, Pending> = new Map()

/** `restored`: all events of alerts that were open at the last stop, oldest first. */
export function createLifecycle(mint: () => AlertId, restored: readonly AlertEvent[] = [], { acknowledgedMs }: LifecycleSettings = SETTINGS): Lifecycle {
  const open = new Map<AlertId, Alert>()
  const byKey = new Map<string, AlertId>()
  /** By subject, then condition: as many as a stay has limits. */
  const pending = new Map<string, ReadonlyMap<string, Pending>>()

  function fold(event: AlertEvent): AlertEvent {
    const alert = foldAlert(open.get(event.alertId) ?? null, event)
    const key = keyOf(alert, alert.condition)
    if (isOpen(alert)) {
      open.set(alert.id, alert)
      byKey.set(key, alert.id)
    } else {
      open.delete(alert.id)
      byKey.delete(key)
    }
    return event
  }

  const phaseOf = (alert: Alert, phase: AlertPhase, state: AlertState, at: WallMs): AlertEvent => {
    const { id, startedAt: _s, changedAt: _c, acknowledged: _a, audioPaused: _p, escalated: _e, unseenHigh: _u, ...rest } = alert
    return fold({ kind: 'phase', ...rest, alertId: id, at, phase, state, ...(isUnanswered(alert) ? { unanswered: true } : {}) })
  }

  /** A re-trigger or a rise in priority takes the acknowledgement and the audio pause away. */
  function rouse(alert: Alert, why: 're-trigger' | 'priority-rise', at: WallMs): AlertEvent[] {
    const events: AlertEvent[] = []
    if (alert.acknowledged) events.push(fold({ kind: 'acknowledgement-removed', alertId: alert.id, at, why }))
    if (alert.audioPaused) events.push(fold({ kind: 'audio-resumed', alertId: alert.id, at, why }))
    return events
  }

  function start(subject: AlertSubject, said: Omit<Signal & { kind: 'present' }, 'kind' | 'again'>, at: WallMs): AlertEvent {
    const waited = pending.get(subjectKey(subject))?.get(said.condition)
    const onset = waited ? { onsetAt: waited.onsetAt } : {}
    return fold({ kind: 'phase', alertId: waited?.id ?? mint(), at, phase: 'start', state: 'active', ...subject, ...said, ...onset })
  }

  /** It is said again and again while it lasts: since when it has lasted is known here. */
  function atBedside(known: Bedside | undefined, said: Bedside | undefined, { priority, at }: { readonly priority: Priority; readonly at: WallMs }): Bedside | undefined {
    if (said === undefined || known === undefined || known.how !== said.how) return said
    return known.isOver !== true && Math.abs(at - known.at) >= acknowledgedMs[priority] ? { ...known, isOver: true } : known
  }

  function present(known: Alert | undefined, subject: AlertSubject, signal: Signal & { kind: 'present' }, at: WallMs): AlertEvent[] {
    const { kind: _kind, again = false, bedside: saidOfBedside, ...said } = signal
    const bedside = atBedside(known?.bedside, saidOfBedside, { priority: signal.priority, at })
    const quiet = bedside === undefined ? {} : { bedside }
    if (!known) {
      // Conditions are finite, so this bound is a backstop: the gravest are let in whatever stands.
      if (open.size >= pumpLimits.openAlertsMax && signal.priority !== 'high') return []
      return [start(subject, { ...said, ...quiet }, at)]
    }
    const { bedside: before, ...alert } = known
    const now = { ...alert, ...said, ...quiet }
    const rise = rankOf(signal.priority) - rankOf(alert.priority)
    if (alert.state === 'latched') {
      return [phaseOf(now, rise > 0 ? 'escalate' : 'update', 'active', at), ...rouse(alert, rise > 0 ? 'priority-rise' : 're-trigger', at)]
    }
    if (rise > 0) return [phaseOf(now, 'escalate', 'active', at), ...rouse(alert, 'priority-rise', at)]
    if (rise < 0) return [phaseOf(now, 'deescalate', 'active', at)]
    if (again) return [phaseOf(now, 'update', 'active', at), ...rouse(alert, 're-trigger', at)]
    const changed = signal.text !== alert.text && Math.abs(at - alert.changedAt) >= UPDATE_EVERY_MS
    return changed || isLost(alert) || before !== bedside ? [phaseOf(now, 'update', 'active', at)] : []
  }

  function cleared(alert: Alert, at: WallMs): AlertEvent[] {
    if (alert.state === 'latched') return []
    // A high that nobody has seen stays visible until somebody has: latched, not sounding. On its way back it was medium for a while.
    const latches = alert.unseenHigh === true && alert.type === 'physiological'
    return [latches ? phaseOf(alert, 'update', 'latched', at) : phaseOf(alert, 'end', 'inactive', at)]
  }

  function lost(alert: Alert, at: WallMs): AlertEvent[] {
    if (alert.state === 'latched' || isLost(alert)) return []
    return [phaseOf({ ...alert, text: alert.text + LOST_MARK }, 'update', 'active', at)]
  }

  for (const event of restored) fold(event)

  return {
    open,
    signals(subject, signals, at) {
      const events: AlertEvent[] = []
      for (const signal of signals) {
        const id = byKey.get(keyOf(subject, signal.condition))
        const alert = id === undefined ? undefined : open.get(id)
        if (signal.kind === 'present') events.push(...present(alert, subject, signal, at))
        else if (alert) events.push(...(signal.kind === 'cleared' ? cleared(alert, at) : lost(alert, at)))
      }
      return events
    },
    acknowledge(id, by, at) {
      const alert = open.get(id)
      if (!alert) return null
      if (alert.acknowledged && alert.state !== 'latched') return []
      const events = [fold({ kind: 'acknowledged', alertId: id, at, by })]
      const seen = open.get(id)
      if (seen && seen.state === 'latched') events.push(phaseOf(seen, 'reset', 'inactive', at))
      return events
    },
    pauseAudio(id, by, ms, at) {
      if (!open.has(id)) return null
      return [fold({ kind: 'audio-paused', alertId: id, at, by, until: wallMs(at + ms) })]
    },
    escalate(id, told) {
      const alert = open.get(id)
      if (!alert) return null
      const { type, condition, because: { rule, version } } = alert
      return [fold({ kind: 'escalated', alertId: id, ...told, type, condition, rule, version })]
    },
    tick(at) {
      const events: AlertEvent[] = []
      for (const { id, priority, audioPaused, acknowledged } of open.values()) {
        const isPauseOver = audioPaused !== null && (audioPaused.until <= at || audioPaused.until - at > PAUSE_MS_MAX)
        if (isPauseOver) events.push({ kind: 'audio-resumed', alertId: id, at, why: 'expired' })
        // A wall clock that was set far ahead or back keeps no alert quiet either.
        const isAnswerOver = acknowledged !== null && Math.abs(at - acknowledged.at) >= acknowledgedMs[priority]
        if (isAnswerOver) events.push({ kind: 'acknowledgement-removed', alertId: id, at, why: 'expired' })
      }
      return events.map(fold)
    },
    waiting(subject, limits) {
      const key = subjectKey(subject)
      const before = pending.get(key) ?? NOTHING_PENDING
      const now = new Map<string, Pending>()
      for (const limit of limits) {
        if (byKey.has(keyOf(subject, limit.condition))) continue
        const known = before.get(limit.condition)
        now.set(limit.condition, { ...subject, ...limit, id: known?.id ?? mint(), onsetAt: known?.onsetAt ?? limit.onsetAt })
      }
      if (now.size > 0) pending.set(key, now)
      else pending.delete(key)
    },
    pendingOf: (stay) => [...(pending.get(subjectKey({ bed: null, stay, device: null })) ?? NOTHING_PENDING).values()],
    endOf(subject, at) {
      if ('stay' in subject) pending.delete(subjectKey({ bed: null, stay: subject.stay, device: null }))
      const its = (alert: Alert): boolean => ('stay' in subject ? alert.stay === subject.stay : 'device' in subject ? alert.device === subject.device : alert.id === subject.alert)
      return [...open.values()].filter(its).map((alert) => phaseOf(alert, alert.state === 'latched' ? 'reset' : 'end', 'inactive', at))
    },
  }
}
