/** GE / Datex-Ohmeda monitors: S/5 Computer Interface, Datex-Ohmeda Record Interface (DRI) over a serial line, 19200 8E1. */

import { type Driver, type DriverSettings, type Session, type SessionOutput, type SettingSpec, ZONE_SETTING, settingOf, zoneSetting } from '#driver'
import { Dialogue, type Plan } from './dialogue.ts'
import { DriReader } from './reader.ts'
import type { TrendSeconds } from './requests.ts'
import { CHANNELS } from './waves.ts'

const INTERVAL: SettingSpec = {
  name: 'interval',
  help: 'Seconds between two records of displayed values. The monitor sends none oftener than every 5.',
  default: '5',
  choices: ['5', '10'],
}
const WAVES: SettingSpec = {
  name: 'waves',
  help:
    `Waveforms, with commas between, or none: ${CHANNELS.map(({ name }) => name).join(', ')}. ` +
    'The monitor sends at most 600 samples a second: 300 an ECG, 100 a pressure or pleth, 25 a gas.',
  default: 'ecg1,p1,pleth,co2',
}
const TREND: SettingSpec = {
  name: 'trend',
  help: 'Seconds of the trended values that are asked for besides the displayed ones, or none. They are kept as history and raise no alert.',
  default: 'none',
  choices: ['none', '10', '60'],
}
const VAPOUR: SettingSpec = {
  name: 'co2',
  help: 'How the monitor itself turns its CO2 percentages into mmHg: wet (water vapour, 47 mmHg, taken off the ambient pressure) or dry.',
  default: 'wet',
  choices: ['wet', 'dry'],
}

const driver: Driver = {
  id: 'ge-s5',
  title: 'GE and Datex-Ohmeda S/5 monitors (DRI) over a serial line',
  transport: 'serial',
  integrity: 'checksum',
  settings: [ZONE_SETTING, INTERVAL, WAVES, TREND, VAPOUR],
  open: (settings) => new Dialogue(...openParts(settings)),
  openCapture: (settings) => captureOf(openParts(settings)[0]),
}
export default driver

function openParts(settings: DriverSettings): [DriReader, Plan] {
  const trend = chosen(settings, TREND)
  const trendSeconds: TrendSeconds | null = trend === 'none' ? null : trend === '10' ? 10 : 60
  const plan: Plan = { intervalSeconds: Number(chosen(settings, INTERVAL)), trendSeconds, waves: wavesOf(settingOf(settings, WAVES)) }
  return [new DriReader({ zone: zoneSetting(settings), wet: chosen(settings, VAPOUR) === 'wet' }), plan]
}

/** @throws RangeError for a value that is none of the choices. */
function chosen(settings: DriverSettings, spec: SettingSpec): string {
  const value = settingOf(settings, spec)
  if (spec.choices?.includes(value) === true) return value
  throw new RangeError(`${spec.name}: "${value.slice(0, 64)}" is not one of ${spec.choices?.join(', ')}`)
}

/** S/5 Computer Interface Specification: together no more samples a second. */
const SAMPLES_PER_SECOND_MAX = 600

/** @throws RangeError for a name that is no waveform, one that is there twice, or more than the interface can carry. */
function wavesOf(text: string): readonly number[] {
  if (text === 'none') return []
  const channels = text.split(',').map((part) => {
    const channel = CHANNELS.find(({ name }) => name === part.trim())
    if (channel === undefined) throw new RangeError(`waves: there is no waveform "${part.slice(0, 64)}": ${CHANNELS.map(({ name }) => name).join()} or none`)
    return channel
  })
  const perSecond = channels.reduce((sum, { rateHz }) => sum + rateHz, 0)
  if (perSecond > SAMPLES_PER_SECOND_MAX) throw new RangeError(`waves: ${perSecond} samples a second; the monitor sends at most ${SAMPLES_PER_SECOND_MAX}`)
  const types = channels.map(({ type }) => type)
  if (new Set(types).size < types.length) throw new RangeError('waves: one of them is named twice')
  return types
}

const NOTHING: SessionOutput = { frames: [], send: [], wakeAt: null }

function captureOf(reader: DriReader): Session {
  return {
    receive: (bytes) => ({ ...NOTHING, frames: reader.push(bytes) }),
    wake: () => NOTHING,
    end: () => ({ ...NOTHING, frames: reader.end() }),
    atRest: () => reader.isAtRest,
  }
}
