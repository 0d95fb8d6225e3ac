/** Draeger ventilators and anaesthesia machines: MEDIBUS (protocol definition 4.03) over a serial line. */

import { type Driver, type DriverSettings, type Frame, type Session, type SessionOutput, type SettingSpec, ZONE_SETTING, settingOf, zoneSetting } from '#driver'
import { Dialogue, type Plan } from './dialogue.ts'
import { MedibusReader } from './reader.ts'
import { CURVES } from './realtime.ts'

const WAVE_NAMES: readonly string[] = [...new Set([...CURVES.values()].map(({ name }) => name))]

const INTERVAL: SettingSpec = {
  name: 'interval',
  help: 'Seconds between two questions for values and alarms. A slow line takes longer by itself: one question at a time.',
  default: '1',
  choices: ['1', '2', '5'],
}
const WAVES: SettingSpec = {
  name: 'waves',
  help: `Curves, with commas between, or none: ${WAVE_NAMES.join(', ')}. Three of them want a line of 9600 baud or more.`,
  default: WAVE_NAMES.join(','),
}

const driver: Driver = {
  id: 'draeger-medibus',
  title: 'Draeger ventilators and anaesthesia machines (MEDIBUS) over a serial line',
  transport: 'serial',
  integrity: 'checksum',
  settings: [ZONE_SETTING, INTERVAL, WAVES],
  open: (settings) => new Dialogue(new MedibusReader(zoneSetting(settings)), planOf(settings)),
  openCapture: (settings) => captureOf(settings),
}
export default driver

/** @throws RangeError for a value that no setting takes. */
function planOf(settings: DriverSettings): Plan {
  const interval = settingOf(settings, INTERVAL)
  if (INTERVAL.choices?.includes(interval) !== true) throw new RangeError(`interval: "${interval.slice(0, 64)}" is not one of ${INTERVAL.choices?.join(', ')}`)
  const text = settingOf(settings, WAVES)
  const waves = text === 'none' ? [] : text.split(',').map((name) => name.trim())
  const unknown = waves.find((name) => !WAVE_NAMES.includes(name))
  if (unknown !== undefined) throw new RangeError(`waves: there is no curve "${unknown.slice(0, 64)}": ${WAVE_NAMES.join(', ')} or none`)
  if (new Set(waves).size < waves.length) throw new RangeError('waves: one of them is named twice')
  return { intervalMs: Number(interval) * 1_000, waves }
}

function captureOf(settings: DriverSettings): Session {
  planOf(settings)
  const reader = new MedibusReader(zoneSetting(settings))
  const output = (frames: readonly Frame[]): SessionOutput => ({ frames, send: [], wakeAt: null })
  return { receive: (bytes) => output(reader.push(bytes).frames), wake: () => output([]), end: () => output(reader.end()), atRest: () => reader.isAtRest }
}
