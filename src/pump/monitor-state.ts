/** What a monitor says of itself: whether its alarms are on, and the time. And the clock of the gateway. */

import type { WallMs } from '../domain/time.ts'
import { pumpLimits } from '../limits.ts'
import { spanWords } from '../rules/device-clock.ts'
import { ALARMS_OFF_CONDITION, adoptAlarms, hearAlarms, tickAlarms, WATCHED } from '../rules/monitor-watch.ts'
import type { OpenCondition } from '../rules/watcher.ts'
import type { Frame, Signal } from '../seams.ts'
import type { Device } from './devices.ts'
import type { Now } from './watch.ts'

type Good = Frame & { readonly kind: 'good' }

/** When the device says it sent, or measured its newest signal; null when it does not say. What it had in its memory says nothing of its clock. */
export function deviceTimeOf({ sentAt, readings }: Pick<Good, 'sentAt' | 'readings'>): WallMs | null {
  if (sentAt !== null) return sentAt
  let newest: WallMs | null = null
  for (const { deviceAt, metric, flags } of readings) {
    if (deviceAt === null || metric.kind === 'episodic' || flags.includes('episodic') || flags.includes('history')) continue
    if (newest === null || deviceAt > newest) newest = deviceAt
  }
  return newest
}

export function hearMonitor(device: Device, frame: Good, now: Now): readonly Signal[] {
  const alarms = frame.alarms
    .filter(({ flags }) => !flags.includes('demo') && !flags.includes('test'))
    .map(({ id, state, phase, inactivation }) => ({ id, inactivation: state === 'inactive' || (phase === 'end' && state !== 'latched') ? null : inactivation }))
  const { state, signals } = hearAlarms(device.monitor, { alarms, ...(frame.quiet === undefined ? {} : { whole: frame.quiet }) }, now)
  device.monitor = state
  // It says so itself again: what stood open before our restart is not forgotten.
  if (state.since !== null && (state.whole !== null || Object.keys(state.alarms).length > 0)) device.expiring.delete(ALARMS_OFF_CONDITION)
  return signals
}

/** Time passes. Of a monitor that has fallen silent nothing is known: that is told, louder, by another. */
export function tickMonitor(device: Device, now: Now): readonly Signal[] {
  const { monitor, lastFrameAt } = device
  if (monitor.since === null) return []
  if (lastFrameAt !== null && now.at - lastFrameAt.at > pumpLimits.conditionHoldMs) {
    device.monitor = WATCHED
    return monitor.told === null ? [] : [{ kind: 'cleared', condition: ALARMS_OFF_CONDITION }]
  }
  const { state, signals } = tickAlarms(monitor, device.id, now)
  device.monitor = state
  return signals
}

/** A new conversation says again which alarms there are, and not which there are no more. */
export function reopenMonitor(device: Device): void {
  device.monitor = { ...device.monitor, alarms: {} }
}

export function adoptMonitor(device: Device, open: readonly OpenCondition[], now: Now): void {
  device.monitor = adoptAlarms(device.monitor, open, now)
}

/** Whether our own clock was set, between two ticks; in words. */
export function gatewayStep(before: Now, now: Now): string | null {
  const byMs = now.wall - now.at - (before.wall - before.at)
  if (Math.abs(byMs) < pumpLimits.clockStepMs) return null
  return `The clock of the gateway was set ${byMs < 0 ? 'back' : 'forward'} by ${spanWords(byMs)}: times around now are those of two clocks`
}
