/** Bytes of the monitor into frames: framing and decoding as one function of the bytes, which the dialogue and recordings share. */

import { type Fault, type Frame, type Reading, type Sender, type WallMs, type Waveform, type DeviceAlarm, type Zone, flagBit } from '#driver'
import { AlarmBook } from './alarms.ts'
import { NibpBook } from './nibp.ts'
import { type Labels, SUBRECORD_BYTES, classOf, readBasic } from './physiological.ts'
import { RECORD_TYPES, type RecordFrame, RecordFramer, type RecordHeader, type Subrecord, headerOf, subrecordsOf, u32 } from './record.ts'
import { type Known, Values } from './values.ts'
import { WaveClock, readWave } from './waves.ts'

/** The serial line settles whose bytes these are. */
const SENDER: Sender = { name: null, location: null }

/** Alarms go over serial lines from this level of the interface on. */
export const ALARM_LEVEL = 10

const REQUEST = 0
const DISPLAYED = 1
const TRENDS = [2, 3] as const
const AUXILIARY = 4
const AUXILIARY_BYTES = 114
const ALARM_STATUS = 1
/** A cuff measurement that the monitor places further off than this was placed by a clock that was set since. */
const CUFF_AGE_MAX_S = 86_400

/** What one record adds. */
type Content = {
  readonly readings: Reading[]
  readonly waveforms: Waveform[]
  readonly alarms: DeviceAlarm[]
  readonly faults: Fault[]
  readonly leftOut: Fault[]
}

type Told = Content & { readonly header: RecordHeader; readonly isLive: boolean }

export class DriReader {
  readonly #framer = new RecordFramer()
  readonly #zone: Zone
  readonly #wet: boolean
  #memory = new Memory()
  /** Records of each kind seen so far, for who asked for them; and the level of the interface that the newest one names. */
  readonly seen = { displayed: 0, waves: 0 }
  level = 0

  constructor({ zone, wet }: { readonly zone: Zone; readonly wet: boolean }) {
    this.#zone = zone
    this.#wet = wet
  }

  get isAtRest(): boolean {
    return this.#framer.isAtRest
  }

  push(bytes: Uint8Array): readonly Frame[] {
    return this.#framer.push(bytes).map((frame) => this.#judge(frame))
  }

  /** The line is over: what comes next may be another patient's, or hours later. */
  end(): readonly Frame[] {
    const last = this.#framer.end().map((frame) => this.#judge(frame))
    this.#memory = new Memory()
    this.level = 0
    return last
  }

  #judge(frame: RecordFrame): Frame {
    const { offset, length } = frame
    if (frame.kind === 'noise') return { offset, length, kind: 'skipped', why: 'bytes between records' }
    if (frame.kind === 'bad') {
      this.#memory.clock.forget()
      return { offset, length, kind: 'bad', bytes: frame.bytes, why: frame.why, reply: null }
    }
    const { bytes, record } = frame
    const told = this.#tell(record)
    if (typeof told === 'string') return { offset, length, kind: 'quarantined', bytes, sender: SENDER, why: told, reply: null }
    if ('skip' in told) return { offset, length, kind: 'skipped', why: told.skip }
    const { header, isLive, readings, waveforms, alarms, faults, leftOut } = told
    const { quiet } = this.#memory.alarms
    return {
      offset, length, kind: 'good', bytes, sender: SENDER, messageId: null,
      // A record of trends tells what was, a record of the moment is sent as it is measured.
      sentAt: isLive ? this.#timeOf(header.time * 1_000) : null,
      readings, waveforms, alarms, ...(quiet === null ? {} : { quiet }), faults, leftOut, identity: null, reply: null,
    }
  }

  #tell(record: Uint8Array): Told | { readonly skip: string } | string {
    const header = headerOf(record)
    const parts = subrecordsOf(record)
    if (typeof parts === 'string') return parts
    if (parts.length === 0) return { skip: 'a record without parts' }
    // Requests go the other way: a recording of both directions has them too.
    if (parts.some(({ type }) => type === REQUEST)) return { skip: 'a request of a computer' }
    this.level = header.level
    const content: Content = { readings: [], waveforms: [], alarms: [], faults: [], leftOut: [] }
    switch (header.type) {
      case RECORD_TYPES.physiological:
        return { ...content, header, isLive: this.#physiological(parts, header, content) }
      case RECORD_TYPES.wave:
        this.seen.waves++
        this.#waves(parts, header, content)
        return { ...content, header, isLive: true }
      case RECORD_TYPES.alarm:
        this.#alarms(parts, header, content)
        return { ...content, header, isLive: true }
      default:
        return { skip: `a record of type ${header.type}` }
    }
  }

  /** Says whether there were values of the moment in it. */
  #physiological(parts: readonly Subrecord[], header: RecordHeader, { readings, alarms, faults, leftOut }: Content): boolean {
    const cuffAt = cuffTimeOf(parts, header.time)
    const isLive = parts.some(({ type }) => type === DISPLAYED)
    if (isLive) this.seen.displayed++
    for (const { type, bytes } of parts) {
      if (type === AUXILIARY) continue
      const memory = this.#memory.valuesOf(type)
      if (memory === null) leftOut.push({ why: 'a part that is not read', at: `values ${type}` })
      else if (bytes.length < SUBRECORD_BYTES) faults.push({ why: 'shorter than its layout', at: `values ${type}` })
      else if (classOf(bytes) !== 0) leftOut.push({ why: 'extended values', at: `class ${classOf(bytes)}` })
      else {
        const at = u32(bytes, 0)
        const values = new Values(this.#timeOf(at * 1_000), type === DISPLAYED ? 0 : flagBit('history'), memory.known)
        const conditions = readBasic(bytes, values, { ...memory, at, cuffAt, wet: this.#wet, timeOf: (seconds) => this.#timeOf(seconds * 1_000) })
        readings.push(...values.readings)
        leftOut.push(...values.leftOut)
        if (type === DISPLAYED && header.level < ALARM_LEVEL) alarms.push(...this.#memory.alarms.assert(conditions, values.at))
      }
    }
    return isLive
  }

  #waves(parts: readonly Subrecord[], header: RecordHeader, content: Content): void {
    const { labels, clock } = this.#memory
    const timeOf = (localMs: number): WallMs | null => (header.time === 0 ? null : this.#timeOf(localMs))
    for (const part of parts) readWave(part, { labels, clock, at: header.time * 1_000, timeOf, ...content })
  }

  #alarms(parts: readonly Subrecord[], header: RecordHeader, { alarms, faults, leftOut }: Content): void {
    for (const { type, bytes } of parts) {
      if (type !== ALARM_STATUS) leftOut.push({ why: 'a part that is not read', at: `alarms ${type}` })
      else {
        const changes = this.#memory.alarms.list(bytes, this.#timeOf(header.time * 1_000))
        if ('why' in changes) faults.push(changes)
        else alarms.push(...changes)
      }
    }
  }

  /** 1970 is what a monitor shows that does not know the time. */
  #timeOf(localMs: number): WallMs | null {
    return localMs <= 0 ? null : this.#zone.instantOf(localMs)
  }
}

/** When the cuff last measured, in seconds of the monitor's clock; null when the record does not say, or nothing believable. */
function cuffTimeOf(parts: readonly Subrecord[], now: number): number | null {
  const part = parts.find(({ type, bytes }) => type === AUXILIARY && bytes.length === AUXILIARY_BYTES)
  if (part === undefined) return null
  const at = u32(part.bytes, 0)
  return at > 0 && at <= now && now - at <= CUFF_AGE_MAX_S ? at : null
}

type ValueMemory = { readonly known: Known; readonly nibp: NibpBook; readonly labels: Labels }
const memoryWith = (labels: Labels): ValueMemory => ({ known: new Set(), nibp: new NibpBook(), labels })

/** What the session remembers from record to record: bounded by the fields of a record. */
class Memory {
  readonly labels: Labels = { ecg: 0, pressures: [] }
  readonly clock = new WaveClock()
  readonly alarms = new AlarmBook()
  /** Trends remember apart: what they tell is not of now. */
  readonly #values: ReadonlyMap<number, ValueMemory> = new Map([
    [DISPLAYED, memoryWith(this.labels)],
    ...TRENDS.map((type): [number, ValueMemory] => [type, memoryWith({ ecg: 0, pressures: [] })]),
  ])

  valuesOf(type: number): ValueMemory | null {
    return this.#values.get(type) ?? null
  }
}

