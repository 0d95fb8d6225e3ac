/**
 * The life cycle of alerts: signals of rules and taps of nurses in, alert events out. One id from onset to end. Words and
 * phases of IHE PCD ACM. Pure but for the `mint` of ids it is given.
 */

import {
  type Alert, type AlertEvent, type AlertPhase, type AlertState, type AlertSubject, foldAlert, isOpen, rankOf,
} from '../domain/alert.ts'
import type { AlertId, DeviceId, StayId } from '../domain/ids.ts'
import { type WallMs, wallMs } from '../domain/time.ts'
import { apiLimits, pumpLimits } from '../limits.ts'
import type { Signal } from '../seams.ts'

export interface Lifecycle {
  /** Open alerts, by id. */
  readonly open: ReadonlyMap<AlertId, Alert>
  /** What rules say of one subject, made into events. */
  signals(subject: AlertSubject, signals: readonly Signal[], at: WallMs): AlertEvent[]
  /** null when no such alert is open. A latched alert that is acknowledged has been seen: it ends. */
  acknowledge(id: AlertId, by: string, at: WallMs): AlertEvent[] | null
  /** Sound off until then; the alert stays visible. Silence is not acknowledgement. */
  pauseAudio(id: AlertId, by: string, ms: number, at: WallMs): AlertEvent[] | null
  /** Audio pauses that ran out. */
  tick(at: WallMs): AlertEvent[]
  /** The stay or device is gone: its alerts end; or one alert of which there are too many. */
  endOf(subject: { readonly stay: StayId } | { readonly device: DeviceId } | { readonly alert: AlertId }, at: WallMs): AlertEvent[]
}

/** An update of text alone is an event at most this often: a value that moves each second is on the tile anyway. */
const UPDATE_EVERY_MS = 10_000

/** No pause is longer than may be asked for: a wall clock that was set back must not keep an alert silent. */
const PAUSE_MS_MAX = apiLimits.audioPauseSecondsMax * 1_000

const LOST_MARK = ' (last known; data lost)'

/** Of what is of neither a stay nor a device, by bed. */
const keyOf = ({ stay, device, bed }: AlertSubject, condition: string): string =>
  `${stay ?? ''}\u0000${device ?? ''}\u0000${stay === null && device === null ? (bed ?? '') : ''}\u0000${condition}`

/** `restored`: all events of alerts that were open at the last stop, oldest first. */
export function createLifecycle(mint: () => AlertId, restored: readonly AlertEvent[] = []): Lifecycle {
  const open = new Map<AlertId, Alert>()
  const byKey = new Map<string, AlertId>()

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
    const { id, startedAt: _s, changedAt: _c, acknowledged: _a, audioPaused: _p, ...rest } = alert
    return fold({ kind: 'phase', ...rest, alertId: id, at, phase, state })
  }

  /** A re-trigger or a rise in priority takes the acknowledgement and the audio pause away. */
  function rouse(alert: Alert, why: 're-trigger' | 'priority-rise', at: WallMs): AlertEvent[] {
    const events: AlertEvent[] = []
    if (alert.acknowledged) events.push(fold({ kind: 'acknowledgement-removed', alertId: alert.id, at, why }))
    if (alert.audioPaused) events.push(fold({ kind: 'audio-resumed', alertId: alert.id, at, why }))
    return events
  }

  function present(alert: Alert | undefined, subject: AlertSubject, signal: Signal & { kind: 'present' }, at: WallMs): AlertEvent[] {
    const { kind: _kind, again = false, ...said } = signal
    if (!alert) {
      // Conditions are finite, so this bound is a backstop: the gravest are let in whatever stands.
      if (open.size >= pumpLimits.openAlertsMax && signal.priority !== 'high') return []
      return [fold({ kind: 'phase', alertId: mint(), at, phase: 'start', state: 'active', ...subject, ...said })]
    }
    const now = { ...alert, ...said }
    const rise = rankOf(signal.priority) - rankOf(alert.priority)
    if (alert.state === 'latched') {
      return [phaseOf(now, rise > 0 ? 'escalate' : 'update', 'active', at), ...rouse(alert, rise > 0 ? 'priority-rise' : 're-trigger', at)]
    }
    if (rise > 0) return [phaseOf(now, 'escalate', 'active', at), ...rouse(alert, 'priority-rise', at)]
    if (rise < 0) return [phaseOf(now, 'deescalate', 'active', at)]
    if (again) return [phaseOf(now, 'update', 'active', at), ...rouse(alert, 're-trigger', at)]
    const changed = signal.text !== alert.text && Math.abs(at - alert.changedAt) >= UPDATE_EVERY_MS
    return changed || alert.text.endsWith(LOST_MARK) ? [phaseOf(now, 'update', 'active', at)] : []
  }

  function cleared(alert: Alert, at: WallMs): AlertEvent[] {
    if (alert.state === 'latched') return []
    // A high that nobody has seen stays visible until somebody has: latched, not sounding.
    const latches = alert.priority === 'high' && alert.type === 'physiological' && !alert.acknowledged
    return [latches ? phaseOf(alert, 'update', 'latched', at) : phaseOf(alert, 'end', 'inactive', at)]
  }

  function lost(alert: Alert, at: WallMs): AlertEvent[] {
    if (alert.state === 'latched' || alert.text.endsWith(LOST_MARK)) return []
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
    tick(at) {
      const expired = [...open.values()].filter((alert) => alert.audioPaused && (alert.audioPaused.until <= at || alert.audioPaused.until - at > PAUSE_MS_MAX))
      return expired.map((alert) => fold({ kind: 'audio-resumed', alertId: alert.id, at, why: 'expired' }))
    },
    endOf(subject, at) {
      const its = (alert: Alert): boolean => ('stay' in subject ? alert.stay === subject.stay : 'device' in subject ? alert.device === subject.device : alert.id === subject.alert)
      return [...open.values()].filter(its).map((alert) => phaseOf(alert, alert.state === 'latched' ? 'reset' : 'end', 'inactive', at))
    },
  }
}
