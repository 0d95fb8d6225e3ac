/**
 * Our simple limits beside a monitor whose own alarms are heard: fewer doubles, nothing missed. A limit of ours is held back
 *
 * - while the monitor's own alarm about the same variable and side stands, is at least as grave, and is not switched off;
 * - and, where no such alarm stands, for a few seconds more, in which the monitor may say it first. A monitor whose limit is
 *   set wider than ours does not, and then ours is said.
 *
 * Never held back: what is of high priority, no beat and no breath, values beyond what can be believed, scores; what is told
 * already; what was measured by a device whose alarms are not heard, are off or paused. What is held back and then loses its
 * data is said, as the last that was known. Only where the ward wants both it never holds anything.
 */

import { aboutOf, isOfMonitor, limitOf, MONITOR_ALARM } from '../alerts/about.ts'
import type { Lifecycle, PendingLimit } from '../alerts/lifecycle.ts'
import { type Alert, type AlertSubject, rankOf } from '../domain/alert.ts'
import { type DeviceId, deviceId, type StayId } from '../domain/ids.ts'
import { type MonoMs, wallMs } from '../domain/time.ts'
import { alertLimits } from '../limits.ts'
import type { Frame, Signal, Waiting } from '../seams.ts'
import type { Device, Devices } from './devices.ts'
import type { Now } from './watch.ts'

type Present = Extract<Signal, { kind: 'present' }>
/** `since`: from when on the monitor might have said it and did not. `onset`: when it was first held back. */
type Held = { readonly signal: Present; readonly since: MonoMs; readonly onset: MonoMs }

export type BesideParts = {
  readonly how: 'quiet' | 'both'
  readonly devices: Pick<Devices, 'get'>
  readonly lifecycle: Pick<Lifecycle, 'open'>
}

const NOTHING: readonly PendingLimit[] = []
const isCandidate = (signal: Signal): signal is Present =>
  signal.kind === 'present' && signal.priority !== 'high' && limitOf(signal.condition) !== null

export class Beside {
  readonly #parts: BesideParts
  /** When each device last said something of its alarms. */
  readonly #heardAt = new Map<DeviceId, MonoMs>()
  /** By stay and condition: as many as there are limits. */
  readonly #held = new Map<StayId, Map<string, Held>>()

  constructor(parts: BesideParts) {
    this.#parts = parts
  }

  /** A frame of a device: whether it says anything of its alarms. */
  heard({ id }: Device, { alarms, quiet }: Pick<Extract<Frame, { kind: 'good' }>, 'alarms' | 'quiet'>, now: Now): void {
    const isReal = alarms.some(({ flags }) => !flags.includes('demo') && !flags.includes('test'))
    if (quiet !== undefined || isReal) this.#heardAt.set(id, now.at)
  }

  /** What is to be said of a stay now, of what its rules say and of what was held back. To be asked as time passes, too. */
  judge(subject: AlertSubject, signals: readonly Signal[], now: Now): readonly Signal[] {
    const { stay } = subject
    if (stay === null || this.#parts.how === 'both') return signals
    const held = this.#held.get(stay)
    if (held === undefined && !signals.some(isCandidate)) return signals
    const waiting = held ?? new Map<string, Held>()
    const said = signals.flatMap((signal) => this.#take(waiting, signal, { stay, now }))
    for (const [condition, one] of waiting) {
      const since = this.#waitsSince(one.signal, one.since, now)
      if (since === null) {
        waiting.delete(condition)
        said.push(one.signal)
      } else if (since !== one.since) waiting.set(condition, { ...one, since })
    }
    if (waiting.size > 0) this.#held.set(stay, waiting)
    else this.#held.delete(stay)
    return said
  }

  /** What is held back, for its id to be kept from its onset. */
  waiting(stay: StayId, now: Now): readonly PendingLimit[] {
    const held = this.#held.get(stay)
    if (held === undefined) return NOTHING
    return [...held.values()].map(({ signal: { condition, priority, text }, since, onset }) => ({
      condition, priority, text,
      onsetAt: wallMs(now.wall - (now.at - onset)),
      dueAt: wallMs(now.wall + (since - now.at) + alertLimits.monitorGraceMs),
    }))
  }

  forget(stay: StayId): void {
    this.#held.delete(stay)
  }

  #take(waiting: Map<string, Held>, signal: Signal, { stay, now }: { readonly stay: StayId; readonly now: Now }): readonly Signal[] {
    const known = waiting.get(signal.condition)
    if (isCandidate(signal) && !this.#isOpen(stay, signal.condition)) {
      waiting.set(signal.condition, { signal, since: known?.since ?? now.at, onset: known?.onset ?? now.at })
      return []
    }
    if (known === undefined) return [signal]
    waiting.delete(signal.condition)
    switch (signal.kind) {
      case 'present':
        return [signal]
      case 'cleared':
        return []
      case 'lost':
        return [known.signal, signal]
    }
  }

  /** Since when the monitor might have spoken; null: ours is to be said now. */
  #waitsSince(signal: Present, since: MonoMs, now: Now): MonoMs | null {
    const about = limitOf(signal.condition)
    const [sensor] = signal.because.sensors ?? []
    const device = sensor === undefined ? undefined : this.#parts.devices.get(deviceId(sensor.device))
    if (about === null || device === undefined || device.monitor.whole !== null) return null
    let isHeard = now.at - (this.#heardAt.get(device.id) ?? -Infinity) < alertLimits.monitorHeardMs
    for (const alert of this.#parts.lifecycle.open.values()) {
      if (alert.device !== device.id || !isOfMonitor(alert)) continue
      isHeard = true
      const its = aboutOf(alert)
      const isSame = its?.variable === about.variable && its.side === about.side
      if (isSame && rankOf(alert.priority) >= rankOf(signal.priority) && isOn(alert, device)) return now.at
    }
    return isHeard && now.at - since < alertLimits.monitorGraceMs ? since : null
  }

  #isOpen(stay: StayId, condition: string): boolean {
    for (const alert of this.#parts.lifecycle.open.values()) if (alert.stay === stay && alert.condition === condition) return true
    return false
  }
}

/** It goes on, and is switched off by nobody: silenced for a while, or acknowledged, there is somebody at the bedside. */
function isOn({ state, condition }: Alert, device: Device): boolean {
  const quiet = device.monitor.alarms[condition.slice(MONITOR_ALARM.length)]
  return state === 'active' && (quiet === undefined || quiet === 'audio-paused')
}

/** From the clock that never steps to the wall. */
export const pendingOf = ({ sinceAt, dueAt, ...limit }: Waiting, now: Now): PendingLimit => ({
  ...limit, onsetAt: wallMs(now.wall - (now.at - sinceAt)), dueAt: wallMs(now.wall + (dueAt - now.at)),
})
