/** What a monitor's messages mean, one after the other: remembers what it told of its objects, its clock and its alarms. */

import { type AlarmInactivation, type DeviceAlarm, type Fault, type PatientIdentity, type Reading, type WallMs, type Waveform, type Zone, flagBit, wallMs } from '#driver'
import { AlarmBook } from './alarms.ts'
import { ATTRIBUTE, Attributes } from './attributes.ts'
import { OBJECT, named } from './codes.ts'
import type { Message, PollResult } from './messages.ts'
import { NumericReader } from './numerics.ts'
import { MonitorClock, absoluteTimeAt, textAt } from './values.ts'
import { WaveReader } from './waves.ts'

/** What one result of a poll says. */
export type Content = {
  readonly sentAt: WallMs | null
  readonly readings: Reading[]
  readonly waveforms: Waveform[]
  readonly alarms: DeviceAlarm[]
  readonly faults: Fault[]
  readonly leftOut: Fault[]
  identity: PatientIdentity | null
  /** Whether all alarms are off or paused, where that changed. */
  quiet?: readonly AlarmInactivation[]
}

/** One object of a result. `key`: context × 65536 + handle, for handles alone repeat. `at`: the result's own time, where it is known. */
type About = { readonly object: number; readonly key: number; readonly ticks: number; readonly at: WallMs | null }

/** Operating modes in which nothing that the monitor says is of a patient. */
const MODE = { demo: 0x2000, service: 0x1000 } as const
const ADMITTED = 2
/** A result with samples bears the time at which they begin, and covers so long. */
const WAVE_RESULT_MS = 256

export class Interpreter {
  readonly #zone: Zone
  readonly #clock = new MonitorClock()
  readonly #numerics = new NumericReader()
  readonly #waves = new WaveReader()
  readonly #alarms = new AlarmBook()
  readonly #found = new Attributes()
  /** Flags of everything said, because of the operating mode. */
  #marks = 0
  /** As it was last told; null: never. */
  #quiet: string | null = null
  /** Sequence, part and time of the last wave result. */
  #lastWave = ''

  constructor(zone: Zone) {
    this.#zone = zone
  }

  /** A new association: objects, their handles and the clock begin anew. Alarms go on. */
  begin(): void {
    this.#clock.forget()
    this.#numerics.forget()
    this.#waves.forget()
    this.#marks = 0
    this.#lastWave = ''
  }

  /** The event with which a monitor begins: what it is, what time it is there, in which mode it works. False when it is malformed. */
  created(view: DataView, { attributes, end, eventTime }: Extract<Message, { kind: 'created' }>): boolean {
    if (this.#found.find(view, attributes, end) !== end) return false
    this.#system(view, eventTime)
    return true
  }

  /** A result of a poll: what it says, or why it says nothing. */
  read(view: DataView, result: PollResult): Content | { readonly broken: string } | { readonly passed: string } {
    const { object, relativeTime: ticks } = result
    const stated = absoluteTimeAt(view, result.absoluteTime, this.#zone)
    if (stated !== null) this.#clock.anchor(ticks, stated)
    if (object === OBJECT.wave && this.#isRepeated(result)) return { passed: 'a wave result that came twice' }
    const at = this.#clock.at(ticks)
    const sentAt = at !== null && object === OBJECT.wave ? wallMs(at + WAVE_RESULT_MS) : at
    const content: Content = { sentAt, readings: [], waveforms: [], alarms: [], faults: [], leftOut: [], identity: null }
    // Looked through before anything is believed: what is remembered must not come from the good half of a broken message.
    if (!this.#contexts(view, result, null)) return { broken: 'lists that do not fit their lengths' }
    this.#contexts(view, result, content)
    // A result in parts says what is gone with its last.
    if (object === OBJECT.numeric && result.part === 0) this.#numerics.gone(ticks, { sentAt, marks: this.#marks }, content.readings)
    // Numerics count also when there are none: the monitor is alive, and measures nothing.
    return object === OBJECT.numeric || hasNews(content) ? content : { passed: 'a result without news' }
  }

  /** Over UDP a datagram may come twice, and a piece of a wave must not. */
  #isRepeated({ sequence, part, relativeTime }: PollResult): boolean {
    const wave = `${sequence}/${part}/${relativeTime}`
    if (wave === this.#lastWave) return true
    this.#lastWave = wave
    return false
  }

  /**
   * Contexts {context, count, length} of objects {handle, attributes}; false when a length leads out of its list. Without
   * `content` they are only looked through.
   */
  #contexts(view: DataView, { list, end, object, relativeTime: ticks }: PollResult, content: Content | null): boolean {
    const resultAt = this.#clock.at(ticks)
    let at = list + 4
    for (let contexts = view.getUint16(list); contexts > 0; contexts--) {
      if (at + 6 > end) return false
      const context = view.getUint16(at)
      const contextEnd = at + 6 + view.getUint16(at + 4)
      if (contextEnd > end) return false
      let objects = view.getUint16(at + 2)
      for (at += 6; objects > 0; objects--) {
        if (at + 2 > contextEnd) return false
        const key = context * 0x1_0000 + view.getUint16(at)
        at = this.#found.find(view, at + 2, contextEnd)
        if (at < 0) return false
        if (content !== null) this.#object(view, { object, key, ticks, at: resultAt }, content)
      }
      if (at !== contextEnd) return false
    }
    return at === end
  }

  #object(view: DataView, about: About, content: Content): void {
    switch (about.object) {
      case OBJECT.numeric:
        return this.#numeric(view, about, content)
      case OBJECT.wave:
        return this.#wave(view, about, content)
      case OBJECT.alarms:
        return this.#alarm(view, content)
      case OBJECT.system:
        return this.#system(view, about.ticks)
      case OBJECT.enumeration:
        return this.#enumeration(view, content)
      case OBJECT.patient:
        content.identity = identityOf(view, this.#found)
        return
      default:
        content.leftOut.push({ why: 'an object of a class that is not read', at: named(about.object) })
    }
  }

  #system(view: DataView, ticks: number): void {
    const clock = this.#found.at(ATTRIBUTE.absoluteTime, 8)
    const at = clock < 0 ? null : absoluteTimeAt(view, clock, this.#zone)
    const counter = this.#found.at(ATTRIBUTE.relativeTime, 4)
    if (at !== null) this.#clock.anchor(counter < 0 ? ticks : view.getUint32(counter), at)
    const mode = this.#found.at(ATTRIBUTE.operatingMode, 2)
    if (mode < 0) return
    const bits = view.getUint16(mode)
    this.#marks = ((bits & MODE.demo) === 0 ? 0 : flagBit('demo')) | ((bits & MODE.service) === 0 ? 0 : flagBit('test'))
  }

  #numeric(view: DataView, { key, ticks, at: sentAt }: About, content: Content): void {
    this.#numerics.learn(view, key, { label: this.#found.at(ATTRIBUTE.label, 4), specification: this.#found.at(ATTRIBUTE.metricSpecification, 8) })
    const stamp = this.#found.at(ATTRIBUTE.timeStamp, 8)
    const measuredAt = stamp < 0 ? null : absoluteTimeAt(view, stamp, this.#zone)
    const observed = { key, ticks, sentAt, measuredAt, marks: this.#marks }
    const value = this.#found.at(ATTRIBUTE.value, 10)
    if (value >= 0) this.#numerics.read(view, { ...observed, at: value }, content)
    const compound = this.#found.at(ATTRIBUTE.compoundValue, 4)
    if (compound < 0) return
    const count = view.getUint16(compound)
    if (4 + count * 10 > this.#found.bytes(ATTRIBUTE.compoundValue)) {
      content.faults.push({ why: 'a compound value that does not fit its length', at: String(key) })
    } else for (let index = 0; index < count; index++) this.#numerics.read(view, { ...observed, at: compound + 4 + index * 10 }, content)
  }

  #wave(view: DataView, { key, at: startAt }: About, content: Content): void {
    this.#waves.learn(view, key, {
      specification: this.#found.at(ATTRIBUTE.waveSpecification, 6),
      scale: this.#found.at(ATTRIBUTE.scale, 12),
      period: this.#found.at(ATTRIBUTE.samplePeriod, 4),
      unit: this.#found.at(ATTRIBUTE.unit, 2),
      fixed: this.#found.at(ATTRIBUTE.fixedValues, 4),
      fixedBytes: this.#found.bytes(ATTRIBUTE.fixedValues),
    })
    const block = { key, startAt, isPretended: this.#marks !== 0 }
    const single = this.#found.at(ATTRIBUTE.wave, 6)
    let at = single < 0 ? 0 : this.#waves.read(view, { ...block, at: single, end: single + this.#found.bytes(ATTRIBUTE.wave) }, content)
    const compound = this.#found.at(ATTRIBUTE.compoundWave, 4)
    if (compound >= 0 && at >= 0) {
      const end = compound + this.#found.bytes(ATTRIBUTE.compoundWave)
      at = compound + 4
      for (let left = view.getUint16(compound); left > 0 && at >= 0; left--) at = this.#waves.read(view, { ...block, at, end }, content)
    }
    if (at < 0) content.faults.push({ why: 'samples that do not fit their length', at: String(key) })
  }

  /** Said with each list, and told when it changed. */
  #condition(state: number, content: Content): void {
    this.#alarms.condition(state)
    const { quiet } = this.#alarms
    if (quiet === null || this.#marks !== 0 || quiet.join() === this.#quiet) return
    this.#quiet = quiet.join()
    content.quiet = quiet
  }

  #alarm(view: DataView, content: Content): void {
    const condition = this.#found.at(ATTRIBUTE.alarmCondition, 2)
    if (condition >= 0) this.#condition(view.getUint16(condition), content)
    for (const list of ['patient', 'technical'] as const) {
      const id = list === 'patient' ? ATTRIBUTE.patientAlarms : ATTRIBUTE.technicalAlarms
      const at = this.#found.at(id, 4)
      if (at < 0) continue
      const told = this.#alarms.take(view, list, { at, end: at + this.#found.bytes(id) }, { at: content.sentAt, marks: this.#marks })
      if (typeof told === 'string') content.faults.push({ why: told, at: `${list} alarms` })
      else content.alarms.push(...told)
    }
  }

  /** A rhythm and its like: code, state, kind of value, its length, code of the value. */
  #enumeration(view: DataView, content: Content): void {
    const at = this.#found.at(ATTRIBUTE.enumeration, 10)
    if (at >= 0) content.leftOut.push({ why: 'a state, and no metric is one', at: `${named(view.getUint16(at))}=${view.getUint16(at + 8)}` })
  }
}

const hasNews = ({ readings, waveforms, alarms, faults, leftOut, identity, quiet }: Content): boolean =>
  identity !== null || quiet !== undefined || [readings, waveforms, alarms, faults, leftOut].some((list) => list.length > 0)

function identityOf(view: DataView, found: Attributes): PatientIdentity | null {
  const state = found.at(ATTRIBUTE.patientState, 2)
  // Of a patient who was discharged the data stay in the monitor: only "admitted" says that they are of who lies there.
  if (state < 0 || view.getUint16(state) !== ADMITTED) return null
  const mrn = filled(view, found, ATTRIBUTE.patientId)
  const names = [filled(view, found, ATTRIBUTE.familyName), filled(view, found, ATTRIBUTE.givenName)].filter((name) => name !== null)
  return mrn === null && names.length === 0 ? null : { mrn, name: names.length === 0 ? null : names.join(', ') }
}

/** A string: its length in bytes, then UTF-16. Null when it is empty. */
function filled(view: DataView, found: Attributes, id: (typeof ATTRIBUTE)['patientId' | 'familyName' | 'givenName']): string | null {
  const at = found.at(id, 2)
  if (at < 0) return null
  const text = textAt(view, at + 2, Math.min(view.getUint16(at), found.bytes(id) - 2))
  return text === '' ? null : text
}
