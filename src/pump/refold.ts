/** A start takes up what stood before: each open alert is given to who can end it, and the rules see the last minutes once more. */

import type { Lifecycle } from '../alerts/lifecycle.ts'
import type { AlertEvent } from '../domain/alert.ts'
import { isObserver } from '../domain/confirmed.ts'
import type { StayId } from '../domain/ids.ts'
import type { Snapshot } from '../domain/observation.ts'
import { monoMs, wallMs } from '../domain/time.ts'
import { pumpLimits } from '../limits.ts'
import { ALARMS_OFF_CONDITION } from '../rules/monitor-watch.ts'
import { SILENCE_CONDITION } from '../rules/silence.ts'
import type { StayRecord } from '../seams.ts'
import { type createBeds, remember } from './beds.ts'
import { type Devices, adoptSilence, isExpected } from './devices.ts'
import { MONITOR_ALARM } from './monitor-alarms.ts'
import { adoptMonitor } from './monitor-state.ts'
import { setOf } from './stay-hands.ts'
import { type Now, type Watch, subjectOf } from './watch.ts'

export type RefoldParts<State> = {
  readonly beds: ReturnType<typeof createBeds>
  readonly devices: Devices
  readonly lifecycle: Lifecycle
  readonly watch: Watch<State>
  readonly emit: (events: readonly AlertEvent[]) => void
  /** What rules see of a stay that they did not see when it came. */
  readonly look: (stay: StayRecord, snapshot: Snapshot) => void
}

export function refold<State>(parts: RefoldParts<State>, recent: Iterable<Snapshot>, now: Now): void {
  const { beds, devices, lifecycle, watch, look } = parts
  takeOver(parts, now)
  for (const device of devices.all()) adoptSilence(device, lifecycle.open.values())
  for (const bed of beds.values()) if (bed.stay) watch.begin(bed.stay)
  const tickedAt = new Map<StayId, number>()
  const heard = new Map<StayId, Snapshot>()
  watch.refold(() => {
    for (const snapshot of recent) {
      const bed = snapshot.bed === null ? undefined : beds.get(snapshot.bed)
      // Of the future: the clock was set back since, and when this was is not known.
      if (!bed?.stay || bed.stay.id !== snapshot.stay || snapshot.at > now.at) continue
      if (isObserver(snapshot.device)) {
        const confirmed = setOf(bed.stay.context, snapshot.receivedAt)
        if (confirmed) watch.observation(bed.stay, confirmed, { wall: snapshot.receivedAt, at: snapshot.at })
        continue
      }
      // Else, where two monitors name different patients, the first to speak after a restart would take the bed.
      if (bed.stay.identity) bed.assertedBy = { device: snapshot.device, at: snapshot.at }
      remember(bed, snapshot)
      look(bed.stay, snapshot)
      heard.set(bed.stay.id, snapshot)
      if (snapshot.at - (tickedAt.get(bed.stay.id) ?? -Infinity) < pumpLimits.refoldTickMs) continue
      tickedAt.set(bed.stay.id, snapshot.at)
      watch.tick(bed.stay, { wall: snapshot.receivedAt, at: snapshot.at })
    }
    reachOpen(parts, heard, now)
  })
}

/** What began with time alone, after the last value of its stay, is reached again: else the values before it would end it. */
function reachOpen<State>({ beds, lifecycle, watch }: RefoldParts<State>, heard: ReadonlyMap<StayId, Snapshot>, now: Now): void {
  for (const { stay } of beds.values()) {
    const last = stay && heard.get(stay.id)
    if (!stay || !last) continue
    for (const startedAt of [...lifecycle.open.values()].filter((alert) => alert.stay === stay.id).map((alert) => alert.startedAt).toSorted((a, b) => a - b)) {
      // The tick of a second, and what two clocks are apart by.
      const afterMs = Math.min(startedAt + 1_000 - last.receivedAt, now.at - last.at)
      if (afterMs > 0) watch.tick(stay, { wall: wallMs(last.receivedAt + afterMs), at: monoMs(last.at + afterMs) })
    }
  }
}

/** Alerts of before: each is given to who can end it, and where there is nobody, it ends now. */
function takeOver<State>({ beds, devices, lifecycle, watch, emit }: RefoldParts<State>, now: Now): void {
  for (const { stay, device: id, bed, condition } of lifecycle.open.values()) {
    if (stay !== null && ![...beds.values()].some((candidate) => candidate.stay?.id === stay)) emit(lifecycle.endOf({ stay }, now.wall))
    if (id === null) continue
    const device = devices.get(id)
    if (!device || device.bed !== bed) emit(lifecycle.endOf({ device: id }, now.wall))
    else if (condition.startsWith(MONITOR_ALARM)) device.expiring.set(condition, monoMs(now.at + pumpLimits.alarmHoldMs))
    else if (condition !== SILENCE_CONDITION) device.expiring.set(condition, monoMs(now.at + pumpLimits.conditionHoldMs))
    else if (!isExpected(device)) watch.clear(subjectOf(device), condition, now)
    if (device && condition === ALARMS_OFF_CONDITION) adoptMonitor(device, [...lifecycle.open.values()].filter((alert) => alert.device === id), now)
  }
}
