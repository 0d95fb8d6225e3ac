/** The monitor's own alarms (IHE PCD ACM) as alerts of its bed: marked as the monitor's, and ended when the monitor says so. */

import { MONITOR_ALARM } from '../alerts/about.ts'
import type { Bedside, Priority } from '../domain/alert.ts'
import type { AlarmInactivation, DeviceAlarm } from '../domain/reading.ts'
import { ageAtSending } from '../domain/observation.ts'
import type { WallMs } from '../domain/time.ts'
import { pumpLimits } from '../limits.ts'
import type { Signal } from '../seams.ts'

export { MONITOR_ALARM }

/** "Not indicated" (PN) is shown, as the least. */
const PRIORITIES: Readonly<Record<DeviceAlarm['priority'], Priority>> = { high: 'high', medium: 'medium', low: 'low', none: 'low' }

const QUIET: Readonly<Record<AlarmInactivation, string>> = {
  'audio-paused': 'sound paused at the monitor',
  'audio-off': 'sound off at the monitor',
  'alarm-paused': 'alarms paused at the monitor',
  'alarm-off': 'alarm off at the monitor',
  'alert-acknowledged': 'acknowledged at the monitor',
}

export type PresentSignal = Extract<Signal, { kind: 'present' }>
type AlarmSignal = Exclude<Signal, { kind: 'lost' }>

/**
 * What a frame says of alarms, as signals of the device. Those of demo data and of a test are nobody's alarm, and neither is
 * one that was old when it was sent: a monitor that empties its backlog raises nothing, but what it ends is over.
 */
export const signalsOf = (alarms: readonly DeviceAlarm[], { receivedAt, sentAt }: { readonly receivedAt: WallMs; readonly sentAt: WallMs | null }): readonly AlarmSignal[] =>
  alarms
    .filter(({ flags }) => !flags.includes('demo') && !flags.includes('test'))
    .map((alarm) => ({ signal: signalOf(alarm, receivedAt), isOld: ageAtSending({ receivedAt, sentAt, deviceAt: alarm.deviceAt }) > pumpLimits.alarmAgeMsMax }))
    .flatMap(({ signal, isOld }) => (isOld && signal.kind === 'present' ? [] : [signal]))

function signalOf({ id, code, text, source, priority, type, phase, state, inactivation, flags, deviceAt }: DeviceAlarm, receivedAt: WallMs): AlarmSignal {
  const condition = `${MONITOR_ALARM}${id}`
  if (state === 'inactive' || (phase === 'end' && state !== 'latched')) return { kind: 'cleared', condition }
  const notes = [...(state === 'latched' ? ['over, latched at the monitor'] : []), ...inactivation.map((how) => QUIET[how])]
  const said = `Monitor: ${text === '' ? code : text}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`
  // A clock that had no zone says nothing of an age.
  const at = deviceAt === null || flags.includes('zone-assumed') ? receivedAt : deviceAt
  const inputs = [{ name: source === '' ? code : `${code} of ${source}`, value: text, unit: '', at }]
  return { kind: 'present', condition, priority: PRIORITIES[priority], type, text: said, because: { rule: 'monitor', version: '1', inputs, limit: null, missing: [] }, ...bedsideOf(inactivation, receivedAt) }
}

/** Somebody stands there: has silenced it for a while, or has seen it. An alarm that is switched off says nothing of that. */
function bedsideOf(inactivation: readonly AlarmInactivation[], at: WallMs): { readonly bedside?: Bedside } {
  const how = (['alert-acknowledged', 'audio-paused'] as const).find((one) => inactivation.includes(one))
  return how === undefined ? {} : { bedside: { how, at } }
}

/** The last word of a device on its alarms; of one that has fallen silent nobody knows whether anybody is at the bedside still. */
export function standingAlarms({ alarms, silence }: { readonly alarms: ReadonlyMap<string, PresentSignal>; readonly silence: { readonly told: boolean } }): readonly PresentSignal[] {
  return [...alarms.values()].map((signal) => {
    if (!silence.told || signal.bedside === undefined) return signal
    const { bedside: _unknown, ...rest } = signal
    return rest
  })
}
