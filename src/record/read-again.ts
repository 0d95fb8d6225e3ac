/**
 * A frame that was not believed, read by the driver of today. What it says goes into the log as history: it raises no live
 * alert, and belongs to whoever lay there then, where that is known. Runs in the command's own process, never in the
 * gateway's: these are the very bytes that a driver failed on.
 */

import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Site } from '../config/schema.ts'
import { type DeviceId, bedId, deviceId, isId } from '../domain/ids.ts'
import { type Snapshot, correct } from '../domain/observation.ts'
import type { PatientIdentity, Reading } from '../domain/reading.ts'
import { type WallMs, monoMs } from '../domain/time.ts'
import { type Devices, createDevices } from '../pump/devices.ts'
import type { Driver, Frame, StayRecord, Tick } from '../seams.ts'
import type { KeptFrame } from '../store/log-reader.ts'
import type { QuarantineReader } from '../store/quarantine-reader.ts'

export type ReadAgainParts = {
  readonly site: Site
  readonly driverOf: (id: string) => Driver
  readonly stored: Pick<QuarantineReader, 'snapshotsAt' | 'stayAt' | 'messages'>
  readonly now: WallMs
}

export type ReadAgain =
  /** `left`: what is still not believed; then the frame is not marked, and may be read again after another mend. */
  | { readonly kind: 'read'; readonly tick: Tick; readonly readings: number; readonly left: readonly string[] }
  /** All that it says is stored already. */
  | { readonly kind: 'known'; readonly why: string }
  | { readonly kind: 'refused'; readonly why: string }

type Good = Extract<Frame, { kind: 'good' }>

export function readAgain(frame: KeptFrame, parts: ReadAgainParts): ReadAgain {
  if (frame.replayedAt !== null) return { kind: 'known', why: 'it was read again before' }
  if (frame.bytes.length < frame.length) return { kind: 'refused', why: `only ${frame.bytes.length} of its ${frame.length} bytes were kept` }
  const devices = createDevices(parts.site.devices)
  const decoded = decode(frame, devices, parts)
  if (decoded.kind === 'refused') return decoded
  const { good, driver } = decoded
  const left = good.flatMap(({ faults }) => faults.map(({ why, at }) => `${at}: ${why}`))
  const snapshots: Snapshot[] = []
  const hashes: string[] = []
  for (const one of good) {
    const device = deviceOf(frame, one, { devices, driver })
    if (device === null) return { kind: 'refused', why: 'its sender is no device that this gateway knows' }
    if (wasTaken(one, device, frame, parts)) return { kind: 'known', why: 'its sender sent it again, and then it was taken' }
    if (one.messageId !== null) hashes.push(`${device} ${one.messageId}`)
    snapshots.push(...snapshotOf(one, device, frame, { parts, devices }))
  }
  const readings = snapshots.reduce((sum, { observations }) => sum + observations.length, 0)
  if (readings === 0 && left.length > 0) return { kind: 'refused', why: left.join('; ') }
  return { kind: 'read', tick: tickOf(frame, { snapshots, left, names: hashes, now: parts.now }), readings, left }
}

// ── what the bytes say now ───────────────────────────────────────────────────────────────────────────────────────────

type Decoded = { readonly kind: 'decoded'; readonly good: readonly Good[]; readonly driver: string } | { readonly kind: 'refused'; readonly why: string }

/** By the driver of its device; where nobody knows that, by the first driver of a link that can read it. */
function decode(frame: KeptFrame, devices: Devices, { site, driverOf }: ReadAgainParts): Decoded {
  const own = frame.device !== '' && isId(frame.device) ? devices.get(deviceId(frame.device))?.driver : undefined
  const named = own === undefined ? [...new Set(site.links.flatMap((link) => ('driver' in link ? [link.driver] : [])))] : [own]
  const reasons: string[] = []
  for (const name of named) {
    const driver = driverOf(name)
    const setting = site.devices.find(({ id }) => id === frame.device)
    const zone = driver.settings.some((spec) => spec.name === 'zone') ? { zone: site.gateway.timeZone } : {}
    let frames: readonly Frame[]
    try {
      // Of a dialogue the reader of captures: nobody is there to talk to.
      const settings = { ...zone, ...setting?.settings }
      const session = driver.openCapture?.(settings) ?? driver.open(settings)
      frames = [...session.receive(frame.bytes, monoMs(0)).frames, ...session.end(monoMs(0)).frames]
    } catch (error) {
      reasons.push(`driver ${name} fails on it: ${error instanceof Error ? error.message : String(error)}`)
      continue
    }
    const good = frames.filter((one) => one.kind === 'good')
    const bad = frames.filter((one) => one.kind === 'bad' || one.kind === 'quarantined')
    if (good.length > 0 && bad.length === 0) return { kind: 'decoded', good, driver: name }
    reasons.push(...bad.map(({ why }) => why))
  }
  return { kind: 'refused', why: reasons.length === 0 ? 'it holds no message' : reasons.join('; ') }
}

function deviceOf(frame: KeptFrame, { sender }: Good, { devices, driver }: { readonly devices: Devices; readonly driver: string }): DeviceId | null {
  if (frame.device !== '') return isId(frame.device) ? deviceId(frame.device) : null
  return devices.resolve({ address: frame.peer, device: null }, sender, driver)?.id ?? null
}

/** A sender that was told "rejected" may have sent it again after the mend, and then it was taken as live. */
function wasTaken({ messageId, bytes, faults }: Good, device: DeviceId, frame: KeptFrame, { stored }: ReadAgainParts): boolean {
  if (messageId === null || faults.length > 0 || stored.snapshotsAt(device, frame.at).length > 0) return false
  const hash = bytes.length * 2 ** 32 + crc32(bytes)
  return stored.messages().some((message) => message.device === device && message.id === messageId && message.hash === hash)
}

// ── whose values these are ───────────────────────────────────────────────────────────────────────────────────────────

/** What is not stored yet of a frame, as history. */
function snapshotOf(good: Good, device: DeviceId, frame: KeptFrame, of: { readonly parts: ReadAgainParts; readonly devices: Devices }): readonly Snapshot[] {
  const { stored } = of.parts
  const beside = stored.snapshotsAt(device, frame.at)
  const known = new Set(beside.flatMap(({ observations }) => observations.map(nameOf)))
  const readings = good.readings.filter((reading) => !known.has(nameOf(reading)))
  if (readings.length === 0) return []
  // Values of the same message that were believed then tell whose they are.
  const { bed, stay } = beside[0] ?? placeOf(good.identity, device, frame, of)
  const times = { receivedAt: frame.at, sentAt: good.sentAt }
  return [{
    device, bed, stay, receivedAt: frame.at, at: monoMs(frame.at), sentAt: good.sentAt,
    observations: readings.map((reading) => ({
      ...reading,
      flags: reading.flags.includes('history') ? reading.flags : [...reading.flags, 'history'],
      ...correct({ ...times, deviceAt: reading.deviceAt }),
    })),
  }]
}

const nameOf = ({ metric, channel, deviceAt }: Pick<Reading, 'metric' | 'channel' | 'deviceAt'>): string => `${metric.id} ${channel} ${deviceAt ?? ''}`

/** The stay that held the device's bed then, unless the frame names somebody else: nobody is guessed. */
function placeOf(
  identity: PatientIdentity | null,
  device: DeviceId,
  frame: KeptFrame,
  { parts, devices }: { readonly parts: ReadAgainParts; readonly devices: Devices },
): Pick<Snapshot, 'bed' | 'stay'> {
  const bed = devices.get(device)?.bed ?? null
  const stay = bed === null ? null : parts.stored.stayAt(bedId(bed), frame.at)
  return { bed, stay: stay && speaksOf(identity, stay) ? stay.id : null }
}

function speaksOf(said: PatientIdentity | null, { identity }: StayRecord): boolean {
  if (said === null || (said.mrn === null && said.name === null)) return true
  if (identity === null) return false
  return said.mrn !== null && identity.mrn !== null ? said.mrn === identity.mrn : said.name !== null && said.name === identity.name
}

type Said = { readonly snapshots: readonly Snapshot[]; readonly left: readonly string[]; readonly names: readonly string[]; readonly now: WallMs }

function tickOf(frame: KeptFrame, { snapshots, left, names, now }: Said): Tick {
  const readings = snapshots.reduce((sum, { observations }) => sum + observations.length, 0)
  const of = snapshots[0]
  const what = `quarantine: frame ${frame.id} read again, ${readings} values${left.length > 0 ? `, ${left.length} parts still not believed` : ''}`
  const hash = names.length === 0 ? null : createHash('sha256').update(names.join()).update(frame.bytes).digest('hex').slice(0, 32)
  return {
    snapshots,
    events: [{ at: now, kind: 'gateway', what, subject: { bed: of?.bed ?? null, stay: of?.stay ?? null, device: of?.device ?? null } }],
    stays: [], quarantined: [], messages: [],
    ...(left.length === 0 ? { replayed: [{ id: frame.id, at: now, hash }] } : {}),
  }
}
