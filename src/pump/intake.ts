/**
 * What becomes of a frame: the device that it is from, a repeat or not, whose it is, then rules and publishing in the same turn of the
 * event loop; only the answer to the sender waits for the commit. What is not believed is kept in quarantine and rejected.
 */

import { crc32 } from 'node:zlib'
import type { Logger } from 'pino'
import type { Lifecycle } from '../alerts/lifecycle.ts'
import type { Alert, AlertEvent, Priority } from '../domain/alert.ts'
import { bedText } from '../domain/bed-state.ts'
import type { BedId } from '../domain/ids.ts'
import { type Snapshot, observed } from '../domain/observation.ts'
import type { Reading } from '../domain/reading.ts'
import { pumpLimits } from '../limits.ts'
import type { CommitResult, Driver, Frame, Outcome, Peer, StayRecord } from '../seams.ts'
import { type createBeds, remember } from './beds.ts'
import type { Beside } from './beside.ts'
import type { ClockDoctor } from './clock-doctor.ts'
import type { Committer, PendingTick } from './committer.ts'
import { type Device, type Devices, hostOf, takenOf } from './devices.ts'
import { PATIENT_CONFLICT, TWO_SENDERS } from './disputes.ts'
import { givenEvents } from './given.ts'
import type { House } from './house.ts'
import type { Hubs } from './hubs.ts'
import type { MessageMemory } from './messages.ts'
import { MONITOR_ALARM, signalsOf } from './monitor-alarms.ts'
import { deviceTimeOf, hearMonitor } from './monitor-state.ts'
import { Senders } from './senders.ts'
import type { WardLedger } from './ward-ledger.ts'
import { type Now, type Watch, subjectOf } from './watch.ts'
import type { Waves } from './waves.ts'

export type IntakeParts<State> = {
  readonly driverOf: (id: string) => Driver
  readonly log: Logger
  readonly now: () => Now
  readonly beds: ReturnType<typeof createBeds>
  readonly devices: Devices
  readonly hubs: Hubs
  readonly messages: MessageMemory<PendingTick>
  readonly clocks: ClockDoctor
  readonly house: House<State>
  readonly whose: WardLedger<State>
  readonly watch: Watch<State>
  readonly beside: Beside
  readonly lifecycle: Lifecycle
  readonly waves: Waves
  readonly committer: Committer
  readonly emit: (events: readonly AlertEvent[]) => void
  /** Beds that look different since the page was last told. */
  readonly changed: Set<BedId>
}

/** Where a frame came from, and whether its sender hears what became of it. */
export type From = { readonly peer: Peer; readonly driver: string; readonly answered: boolean }

export const QUARANTINE_CONDITION = 'technical/quarantine'

export class Intake<State> {
  readonly #parts: IntakeParts<State>
  readonly #senders = new Senders()

  constructor(parts: IntakeParts<State>) {
    this.#parts = parts
  }

  take(frame: Frame, from: From, settled: (outcome: Outcome) => void): void {
    const { peer, driver } = from
    const sender = frame.kind === 'good' || frame.kind === 'quarantined' ? frame.sender : { name: null, location: null }
    const known = peer.device !== null || frame.kind === 'good'
    const device = known ? this.#parts.devices.resolve(peer, sender, driver) : null
    if (device) device.counts[frame.kind]++
    switch (frame.kind) {
      case 'skipped':
        return
      case 'bad':
      case 'quarantined':
        this.#refuse(device, from, frame, settled)
        return
      case 'good':
        if (device) this.#good(frame, device, from, settled)
        // Not "retry": through one broker come all devices, and a message that is sent again for ever holds up the ward.
        else this.#refuse(null, from, { why: 'too many unknown devices', bytes: frame.bytes }, settled)
    }
  }

  /** Kept in quarantine, then rejected. */
  #refuse(device: Device | null, { peer, answered }: From, { why, bytes }: { readonly why: string; readonly bytes: Uint8Array }, settled: (outcome: Outcome) => void): void {
    this.#quarantine(device, peer, why, bytes)
    this.#parts.committer.filling.waiters.push((result) => settled(result.kind === 'durable' ? { kind: 'rejected', why } : { kind: 'retry', why: result.why }))
    // Nobody waits for the garbage of a port at the wrong speed: a commit for each line of it would wear the disk.
    if (answered) this.#parts.committer.soon()
    else this.#parts.committer.later()
  }

  #good(frame: Frame & { kind: 'good' }, device: Device, { peer, answered }: From, settled: (outcome: Outcome) => void): void {
    const now = this.#parts.now()
    this.#heard(device, now)
    this.#parts.hubs.heard(device, peer)
    const filling = this.#parts.committer.filling
    if (frame.messageId !== null) {
      const hash = frame.bytes.length * 2 ** 32 + crc32(frame.bytes)
      const verdict = this.#parts.messages.take(device.id, frame.messageId, hash, filling)
      if (verdict.kind === 'repeat') {
        const repeated = (result: CommitResult): void => settled(result.kind === 'durable' ? { kind: 'repeated' } : { kind: 'retry', why: result.why })
        if (verdict.waiting) verdict.waiting.waiters.push(repeated)
        else settled({ kind: 'repeated' })
        return
      }
      filling.messages.push(verdict.identity)
      if (verdict.reused) this.#say(device, 'technical/control-id-reused', 'low', 'Message numbers began again: was the monitor restarted?', now)
    }
    const taken = takenOf(device, frame.readings)
    const readings = this.#parts.house.isTested(device.bed) ? taken.map(asTest) : taken
    const refused = frame.readings.length - readings.length
    const faults = [...frame.faults.map(({ why, at }) => `${at}: ${why}`), ...(refused > 0 ? [`${refused} values on channels beyond the limit`] : [])]
    if (faults.length > 0) this.#quarantine(device, peer, faults.join('; '), frame.bytes)
    const doubt = this.#senders.heard(device, readings, { host: hostOf(peer.address), others: device.bed !== null && this.#parts.devices.at(device.bed).length > 1, now: now.at })
    if (doubt !== null && device.bed !== null) this.#parts.whose.doubt(device.bed, doubt, now)
    else if (doubt !== null) this.#say(device, TWO_SENDERS, 'medium', doubt, now)
    this.#stamp(frame, readings, device, { ...now, answered })
    this.#parts.whose.registry(frame, device, now)
    const told = givenEvents(frame, device, { beds: this.#parts.beds.values(), at: now.wall })
    if (told.length > 0) (answered ? filling.answeredEvents : filling.events).push(...told)
    if (frame.alarms.length > 0) this.#parts.house.hearAlarms(device.bed, frame.alarms, now)
    if (frame.alarms.length > 0) this.#alarms(device, frame, now)
    this.#monitor(device, frame, now)
    for (const wave of frame.waveforms) {
      if (!this.#parts.waves.add(device.id, wave, now.wall)) this.#say(device, 'technical/waveform-refused', 'low', `${device.id} sends more waveforms than are kept, or at a rate that is none: ${wave.metric}`, now)
    }
    if (device.unknown) this.#say(device, 'technical/unknown-device', 'low', `Unknown device ${device.id} sends: bind it to a bed or disconnect it`, now)
    filling.waiters.push((result) => settled(result.kind === 'durable' ? { kind: 'stored' } : { kind: 'retry', why: result.why }))
    if (answered) this.#parts.committer.soon()
    else this.#parts.committer.later()
  }

  #stamp(frame: Frame & { kind: 'good' }, readings: readonly Reading[], device: Device, now: Now & { readonly answered: boolean }): void {
    const { answered } = now
    const { timing, jump, news } = this.#parts.clocks.hear(device, { said: deviceTimeOf(frame), isSending: frame.sentAt !== null, now })
    for (const { what, offsetMs } of news) this.#parts.log.warn({ device: device.id, what, offsetMs }, 'The clock of a device is not ours.')
    if (jump !== null) this.#say(device, 'technical/clock-step', 'low', jump, now)
    const { shares, conflict } = this.#parts.whose.divide(frame, device, observed(readings, { receivedAt: now.wall, sentAt: frame.sentAt }, timing), now)
    if (conflict !== null) this.#say(device, PATIENT_CONFLICT, 'high', `Two monitors name different patients in ${bedText(this.#labelOf(device))}: check ${device.id} and ${conflict}`, now)
    for (const { bed, stay, observations } of shares) {
      // Also where two monitors name different patients: somebody is measured there.
      if (bed && (stay === null || bed.stay?.id === stay.id)) this.#parts.house.hear(bed, observations, now)
      const of = { device: device.id, bed: bed?.id ?? null, stay: stay?.id ?? null, receivedAt: now.wall, at: now.at, sentAt: frame.sentAt, observations }
      const snapshot: Snapshot = this.#isUnchecked(device) ? { ...of, unchecked: true } : of
      this.#parts.committer.filling.snapshots.push({ snapshot, answered })
      // Of who lay there before: stored with what is his, and nothing to watch.
      if (!bed || !stay || bed.stay?.id !== stay.id) continue
      remember(bed, snapshot)
      this.#parts.changed.add(bed.id)
      this.#parts.watch.snapshot(stay, snapshot)
    }
  }

  #labelOf({ bed }: Device): string {
    return bed === null ? '' : (this.#parts.beds.get(bed)?.label ?? bed)
  }

  /** What rules see of a stay that they did not see when it came. */
  look(stay: StayRecord, snapshot: Snapshot): void {
    const device = this.#parts.devices.get(snapshot.device)
    this.#parts.watch.snapshot(stay, device && this.#isUnchecked(device) ? { ...snapshot, unchecked: true } : snapshot)
  }

  /** What the monitor itself calls an alarm, published at once like ours. */
  #alarms(device: Device, { alarms, sentAt }: Frame & { kind: 'good' }, now: Now): void {
    for (const signal of signalsOf(alarms, { receivedAt: now.wall, sentAt })) {
      const { condition } = signal
      // Said again after our restart or the line's: it is not forgotten with what stood open before.
      device.expiring.delete(condition)
      if (signal.kind === 'cleared') device.alarms.delete(condition)
      else if (device.alarms.has(condition) || device.alarms.size < pumpLimits.monitorAlarmsMax * (signal.priority === 'high' ? 2 : 1)) device.alarms.set(condition, signal)
      else {
        this.#say(device, 'technical/too-many-alarms', 'medium', `${device.id} says more than ${pumpLimits.monitorAlarmsMax} alarms at once: look at the monitor`, now)
        continue
      }
      this.#parts.emit(this.#parts.lifecycle.signals(subjectOf(device), [signal], now.wall))
    }
    // Highs that are over and that nobody has seen: of many, the newest stay.
    const latched = this.alarmsOf(device).filter(({ state }) => state === 'latched')
    for (const { id } of latched.slice(0, Math.max(0, latched.length - pumpLimits.monitorAlarmsMax))) this.#parts.emit(this.#parts.lifecycle.endOf({ alert: id }, now.wall))
  }

  /** What the monitor says of itself: whether its alarms are on. */
  #monitor(device: Device, frame: Frame & { kind: 'good' }, now: Now): void {
    this.#parts.beside.heard(device, frame, now)
    this.#parts.emit(this.#parts.lifecycle.signals(subjectOf(device), hearMonitor(device, frame, now), now.wall))
  }

  /** Open alerts that are the monitor's own alarms, the oldest first. */
  alarmsOf(device: Device): readonly Alert[] {
    return [...this.#parts.lifecycle.open.values()].filter((alert) => alert.device === device.id && alert.condition.startsWith(MONITOR_ALARM))
  }

  /** Nothing on its line would notice a changed byte. */
  #isUnchecked({ driver }: Device): boolean {
    return this.#parts.driverOf(driver).integrity === 'none'
  }

  #quarantine(device: Device | null, peer: Peer, why: string, bytes: Uint8Array): void {
    const now = this.#parts.now()
    this.#parts.committer.filling.quarantined.push({
      at: now.wall,
      device: device?.id ?? null,
      peer: peer.address,
      why,
      bytes: bytes.slice(0, pumpLimits.quarantinedFrameBytesMax),
    })
    // The first of many: a port at a wrong speed makes a hundred a second.
    const isNews = device === null || !device.expiring.has(QUARANTINE_CONDITION)
    if (isNews) this.#parts.log.warn({ device: device?.id ?? null, peer: peer.address, bytes: bytes.length }, 'Frame quarantined.')
    if (device) this.#say(device, QUARANTINE_CONDITION, 'low', `${device.id} sends what cannot be believed: ${why.slice(0, 160)}`, now)
  }

  #heard(device: Device, now: Now): void {
    device.lastFrameAt = now
    device.link = { kind: 'up' }
    const frame = { device: device.id, bed: device.bed, stay: null, receivedAt: now.wall, at: now.at, sentAt: null, observations: [] }
    this.#parts.watch.silence(device, { kind: 'snapshot', snapshot: frame }, now.wall)
  }

  /** A condition that ends by itself when nothing renews it. */
  #say(device: Device, condition: string, priority: Priority, text: string, now: Now): void {
    this.#parts.watch.technical({ device, subject: subjectOf(device) }, { condition, priority, text }, now)
  }
}

/** A technician tests the monitor: nobody's vital signs, for whoever reads them. */
const asTest = (reading: Reading): Reading => (reading.flags.includes('test') ? reading : { ...reading, flags: [...reading.flags, 'test'] })
