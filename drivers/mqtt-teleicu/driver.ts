/**
 * Observations of the open tele-ICU middleware (ohcnetwork/teleicu_middleware, MIT, src/types/observation.ts) over MQTT: a
 * list of records, or one of them, a message. One topic speaks for one monitor.
 */

import {
  ActiveAlarms, type ActiveAlarm, type Driver, type DriverSettings, type JsonMessage, type Session, type SettingSpec,
  ZONE_SETTING, flagBit, flagsOf, jsonSession, settingOf, zoneSetting,
} from '#driver'
import { readMessage } from './message.ts'

const MONITOR_SETTING: SettingSpec = {
  name: 'monitor',
  help: "IPv4 address of the monitor whose records are believed (device_id). Empty: that of the first message; another's are kept aside.",
  default: '',
}

const driver: Driver = {
  id: 'mqtt-teleicu',
  title: 'Tele-ICU observations over MQTT',
  transport: 'mqtt',
  integrity: 'transport',
  settings: [ZONE_SETTING, MONITOR_SETTING],
  open: (settings) => openSession(settings),
}
export default driver

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/
const ZONE_ASSUMED = flagsOf(flagBit('zone-assumed'))

/** @throws RangeError when the setting is no address. */
function monitorSetting(settings: DriverSettings): string | null {
  const monitor = settingOf(settings, MONITOR_SETTING)
  if (monitor === '') return null
  if (IPV4.test(monitor) && monitor.split('.').every((part) => Number(part) <= 255)) return monitor
  throw new RangeError(`monitor: "${monitor.slice(0, 64)}" is no IPv4 address such as 192.168.1.13`)
}

function openSession(settings: DriverSettings): Session {
  const zone = zoneSetting(settings)
  const chosen = monitorSetting(settings)
  /** Whose records this conversation has brought so far. */
  let heard: string | null = null
  /** What each kind of record said last. */
  const said = new Map<string, ActiveAlarm | null>()
  const alarms = new ActiveAlarms({ isChecked: true })

  function read(text: string, topicDevice: string | null): JsonMessage | string {
    const message = readMessage(text, { zone, monitor: chosen, heard })
    if (typeof message === 'string') return message
    heard = message.monitor
    for (const [kind, alarm] of message.alarms) said.set(kind, alarm)
    const { sentAt, readings, waveforms, faults, leftOut, identity } = message
    const active = [...said.values()].filter((alarm) => alarm !== null)
    const told = message.alarms.size === 0 ? [] : alarms.take(active, { deviceAt: sentAt, flags: message.isZoned ? [] : ZONE_ASSUMED })
    const sender = { name: topicDevice ?? message.monitor, location: null }
    return { sender, messageId: null, sentAt, readings, waveforms, alarms: told, faults, leftOut, identity }
  }
  return jsonSession({ takesLists: true, read })
}
