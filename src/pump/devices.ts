/** Which device a frame came from, and how each device is doing. */

import type { DeviceSetting } from '../config/schema.ts'
import type { Alert } from '../domain/alert.ts'
import { type BedId, type DeviceId, bedId, deviceId, isId } from '../domain/ids.ts'
import type { Metric } from '../domain/metrics.ts'
import type { Reading } from '../domain/reading.ts'
import type { MonoMs, WallMs } from '../domain/time.ts'
import { pumpLimits } from '../limits.ts'
import type { PresentSignal } from './monitor-alarms.ts'
import type { DeviceClock } from '../rules/device-clock.ts'
import { type MonitorWatchState, WATCHED } from '../rules/monitor-watch.ts'
import { type SilenceRule, type SilenceState, silence } from '../rules/silence.ts'
import type { Peer, Sender, StayContext } from '../seams.ts'

export type FrameCounts = { good: number; bad: number; skipped: number; quarantined: number }

export type Device = {
  readonly id: DeviceId
  readonly driver: string
  readonly bed: BedId | null
  /** Not in the configuration: kept and shown, bound to nothing. */
  readonly unknown: boolean
  /** 0: it comes and goes, and its silence is no alert. */
  readonly silenceMs: number
  readonly counts: FrameCounts
  lastFrameAt: { readonly wall: WallMs; readonly at: MonoMs } | null
  link: { readonly kind: 'never' } | { readonly kind: 'up' } | { readonly kind: 'down'; readonly why: string }
  /** Technical conditions that end by themselves when nothing renews them: condition → when it ends. */
  readonly expiring: Map<string, MonoMs>
  /** The last word of the device on each of its own alarms that is not over. */
  readonly alarms: Map<string, PresentSignal>
  /** Metric and channel pairs heard so far: a device has some dozens, and a broken one must not fill the store's names. */
  readonly series: Set<string>
  /** What stood at each place of its last message: monitors say the same things in the same order. */
  readonly order: { metric: Metric; channel: string }[]
  readonly silenceRule: SilenceRule
  silence: SilenceState
  /** Whether its own alarms are on, as far as it says. */
  monitor: MonitorWatchState
  /** Its clock against ours; null before enough was heard. */
  clock: DeviceClock | null
}

/** Silence is no matter of the patient: the rule asks for a context and looks at none of it. */
const NO_CONTEXT: StayContext = { population: 'adult', spo2Scale: 1, onOxygen: null, consciousness: null, infectionSuspected: false }

export interface Devices {
  all(): readonly Device[]
  get(id: DeviceId): Device | undefined
  /** Those that stand at a bed. */
  at(bed: BedId): readonly Device[]
  /** null when there are too many strangers already. */
  resolve(peer: Peer, sender: Sender, driver: string): Device | null
}

/** Strangers, and devices that come and go, may be silent. */
export const isExpected = (device: Device): boolean => !device.unknown && device.silenceMs > 0

/** The silence rule of a device whose silence is already told: the next frame ends it. */
export function adoptSilence(device: Device, open: Iterable<Alert>): void {
  device.silence = device.silenceRule.adopt(device.silence, [...open].filter((alert) => alert.device === device.id))
}

type Match = NonNullable<DeviceSetting['match']>

export const hostOf = (address: string): string => address.replace(/:\d+$/, '').replace(/^::ffff:/, '')

function matches(match: Match, peer: Peer, sender: Sender): boolean {
  if (match.sender !== undefined && match.sender !== sender.name) return false
  if (match.location !== undefined && match.location !== sender.location) return false
  return match.address === undefined || match.address === hostOf(peer.address)
}

/** How much of a match is given: the most particular one wins. */
const weightOf = (match: Match): number => Object.keys(match).length

export function createDevices(settings: readonly DeviceSetting[]): Devices {
  const devices = new Map<DeviceId, Device>()
  const byBed = new Map<BedId, readonly Device[]>()
  let strangers = 0

  function add(id: DeviceId, of: { driver: string; bed: BedId | null; unknown: boolean; silenceMs: number }): Device {
    const silenceRule = silence({ device: id, intervalMs: 1_000, silenceMs: of.silenceMs })
    const counts = { good: 0, bad: 0, skipped: 0, quarantined: 0 }
    const device: Device = { id, ...of, counts, lastFrameAt: null, link: { kind: 'never' }, expiring: new Map(), alarms: new Map(), series: new Set(), order: [], silenceRule, silence: silenceRule.start(NO_CONTEXT), monitor: WATCHED, clock: null }
    devices.set(id, device)
    if (of.bed !== null) byBed.set(of.bed, [...(byBed.get(of.bed) ?? []), device])
    return device
  }

  for (const setting of settings) {
    add(deviceId(setting.id), {
      driver: setting.driver,
      bed: setting.bed === undefined ? null : bedId(setting.bed),
      unknown: false,
      silenceMs: setting.roaming === true || setting.silenceSeconds === 0 ? 0 : Math.max(setting.silenceSeconds, 2 * (setting.contract?.everySeconds ?? 1)) * 1_000,
    })
  }
  const matchers = settings
    .flatMap((setting) => (setting.match && weightOf(setting.match) > 0 ? [{ id: deviceId(setting.id), driver: setting.driver, match: setting.match }] : []))
    .sort((a, b) => weightOf(b.match) - weightOf(a.match))

  function stranger(name: string, driver: string): Device | null {
    const id = deviceId(isId(name) ? name : `unknown-${hashOf(name)}`)
    const known = devices.get(id)
    if (known) return known
    if (strangers >= pumpLimits.unknownDevicesMax) return null
    strangers++
    return add(id, { driver, bed: null, unknown: true, silenceMs: pumpLimits.deviceSilenceMs })
  }

  return {
    all: () => [...devices.values()],
    at: (bed) => byBed.get(bed) ?? [],
    get: (id) => devices.get(id),
    resolve(peer, sender, driver) {
      if (peer.device !== null) return devices.get(peer.device) ?? stranger(peer.device, driver)
      const matched = matchers.find((matcher) => matcher.driver === driver && matches(matcher.match, peer, sender))
      if (matched) return devices.get(matched.id) ?? null
      // A sender that is called like a device that was configured without a match is that device.
      const named = sender.name !== null && isId(sender.name) ? devices.get(deviceId(sender.name)) : undefined
      if (named && !named.unknown && named.driver === driver && !matchers.some((matcher) => matcher.id === named.id)) return named
      return stranger(named && !named.unknown ? `unknown-${hashOf(sender.name ?? '')}` : (sender.name ?? hostOf(peer.address)), driver)
    },
  }
}

/** The readings that a device may say: their channels are short, and not more than there are limits for. The same list where all may. */
export function takenOf(device: Device, readings: readonly Reading[]): readonly Reading[] {
  const { order } = device
  let taken: Reading[] | null = null
  for (let place = 0; place < readings.length; place++) {
    const reading = readings[place]
    if (reading === undefined) continue
    const before = order[place]
    const isTaken = (before !== undefined && before.metric === reading.metric && before.channel === reading.channel) || takesSeries(device, reading, place)
    if (!isTaken) taken ??= readings.slice(0, place)
    else taken?.push(reading)
  }
  return taken ?? readings
}

function takesSeries(device: Device, { metric, channel }: Reading, place: number): boolean {
  const key = `${metric.id} ${channel}`
  if (!device.series.has(key)) {
    if (channel.length > pumpLimits.channelCharsMax || device.series.size >= pumpLimits.seriesPerDeviceMax) return false
    device.series.add(key)
  }
  if (place < pumpLimits.seriesPerDeviceMax) device.order[place] = { metric, channel }
  return true
}

/** FNV-1a, 32 bit: a short stable name for a sender whose own name cannot be one. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
  return (hash >>> 0).toString(16)
}
