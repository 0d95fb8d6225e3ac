/** What a monitor says, framed and decoded: one direction of a conversation, or a recording of both. It sends nothing. */

import {
  type DeviceAlarm, type DriverSettings, type Fault, type Frame, type Hl7Message, type MllpFrame, MllpFramer, type PatientIdentity, type Reading,
  type Sender, type Zone, driverLimits, flagBit, readHl7, shown, zoneSetting,
} from '#driver'
import { AlarmList } from './alarms.ts'
import { Numerics } from './numerics.ts'
import type { Parameter } from './parameters.ts'
import { identityOf, senderOf } from './patient.ts'

const NOBODY: Sender = { name: null, location: null }
const READ_BOUNDS = { segmentsMax: driverLimits.hl7SegmentsPerMessageMax } as const
const VERSION = '2.3.1'
/**
 * The monitor begins with what it remembers and how it is set, and its echo, one a second, marks the end of that; what is
 * asked for anew at the first echo is answered before the third.
 */
const OPENING_ECHOES = 3

/** Processing ids (HL7 table 0103, MSH-11). */
const PROCESSING: ReadonlyMap<string, number> = new Map([['P', 0], ['', 0], ['D', flagBit('demo')], ['T', flagBit('test')]])

/** What is not values, by MSH-10. */
const PASSED_BY: ReadonlyMap<string, string> = new Map([
  ['53', 'attributes of values measured once, whose meaning is not published'],
  ['106', 'an echo'],
])

/** Numerics, their validity, and what was measured once. */
const NUMERICS: readonly string[] = ['204', '205', '503']

/** What a conversation has told so far; forgotten with it. */
type Known = {
  readonly numerics: Numerics
  readonly physiological: AlarmList
  readonly technical: AlarmList
  sender: Sender
  /** Null until the first 103. */
  identity: PatientIdentity | null
  echoes: number
}

export class Reader {
  readonly #parameters: ReadonlyMap<string, Parameter>
  readonly #zone: Zone
  readonly #waits: boolean
  readonly #framer = new MllpFramer({
    frameBytesMax: driverLimits.hl7FrameBytesMax,
    keptBytesMax: driverLimits.badFrameBytesMax,
    noiseSpanBytesMax: driverLimits.noiseSpanBytesMax,
  })
  #known: Known
  #messages = 0

  /** `waits`: at the beginning of a conversation, for whose values these are. A recording may begin anywhere. */
  constructor(settings: DriverSettings, parameters: ReadonlyMap<string, Parameter>, waits: boolean) {
    this.#waits = waits
    this.#parameters = parameters
    this.#zone = zoneSetting(settings)
    this.#known = this.#nothingKnown()
  }

  /** Whole messages so far, and of them echoes since the conversation began. */
  get messages(): number {
    return this.#messages
  }
  get echoes(): number {
    return this.#known.echoes
  }
  get isAtRest(): boolean {
    return this.#framer.isAtRest
  }

  push(bytes: Uint8Array): readonly Frame[] {
    return this.#framer.push(bytes).map((frame) => this.#judge(frame))
  }

  /** The conversation is over: nothing of it holds for the next. */
  end(): readonly Frame[] {
    const frames = this.#framer.end().map((frame) => this.#judge(frame))
    this.#known = this.#nothingKnown()
    return frames
  }

  #nothingKnown(): Known {
    return {
      numerics: new Numerics(this.#parameters, this.#zone),
      physiological: new AlarmList('physiological', this.#zone),
      technical: new AlarmList('technical', this.#zone),
      sender: NOBODY,
      identity: null,
      echoes: 0,
    }
  }

  #judge(frame: MllpFrame): Frame {
    const { offset, length } = frame
    switch (frame.kind) {
      case 'noise':
        return { offset, length, kind: 'skipped', why: 'bytes outside of messages' }
      case 'bad': {
        const why = frame.why === 'cut off' ? 'cut off before its end block' : `longer than ${driverLimits.hl7FrameBytesMax} bytes`
        return { offset, length, kind: 'bad', bytes: frame.bytes, why, reply: null }
      }
      case 'message': {
        this.#messages++
        const place = { offset, length, bytes: frame.bytes }
        const read = readHl7(frame.content, READ_BOUNDS)
        if (read.kind === 'broken') return this.#quarantined(place, `not HL7: ${read.why}`)
        return this.#message(place, read.message)
      }
    }
  }

  #quarantined(place: Place, why: string): Frame {
    return { ...place, kind: 'quarantined', why, sender: this.#known.sender, reply: null }
  }

  #message(place: Place, message: Hl7Message): Frame {
    const { header } = message
    const [type, trigger, id] = [header.component(9, 1), header.component(9, 2), header.value(10).trim()]
    const skipped = (why: string): Frame => ({ offset: place.offset, length: place.length, kind: 'skipped', why })
    if (message.segments.some((segment) => segment !== header && segment.id === 'MSH')) return this.#quarantined(place, 'two messages in one frame')
    if (type === 'QRY' && id === '1203') return skipped('our own query')
    if (type === 'ADT' && id === '101') return skipped('an announcement')
    if (type !== 'ORU' || trigger !== 'R01' || header.value(12) !== VERSION) {
      return this.#quarantined(place, `not of this protocol: ${shown(`${type}^${trigger}`)} of HL7 ${shown(header.value(12))}`)
    }
    const flags = PROCESSING.get(header.value(11).trim().toUpperCase())
    if (flags === undefined) return this.#quarantined(place, `processing id ${shown(header.value(11))} is not known`)
    const said = this.#said(id, message, flags)
    if (typeof said === 'string') return skipped(said)
    if ((said.readings?.length ?? 0) > driverLimits.readingsPerFrameMax) return this.#quarantined(place, `more than ${driverLimits.readingsPerFrameMax} values`)
    const { sender, identity } = this.#known
    return {
      ...place, kind: 'good', sender, identity,
      // MSH-10 says what kind of message this is, and is the same in each of a kind; MSH-7 is empty.
      messageId: null, sentAt: null,
      readings: [], waveforms: [], alarms: [], faults: [], ...said, reply: null,
    }
  }

  /** What a message says, or why it says nothing. */
  #said(id: string, message: Hl7Message, flags: number): Said | string {
    const known = this.#known
    // The bed may have another patient than before. A monitor that says nothing of a patient is believed after its opening;
    // and what it tells in there, it tells again when it is asked anew.
    if (this.#waits && known.identity === null && known.echoes < OPENING_ECHOES && NUMERICS.includes(id)) return 'values, before it is said whose they are'
    if (id === '205') {
      const readings = known.numerics.validity(message)
      return readings.length > 0 ? { readings } : 'validity of values, as it was'
    }
    if (id === '106') known.echoes++
    else known.numerics.turn()
    switch (id) {
      case '103':
        known.sender = senderOf(message)
        known.identity = identityOf(message)
        return {}
      case '204':
        return known.numerics.periodic(message, flags)
      case '503': {
        const said = known.numerics.aperiodic(message, flags, known.echoes < OPENING_ECHOES)
        return said.readings.length + said.faults.length > 0 ? said : 'values measured once, told before'
      }
      case '54':
        return news(known.physiological.take(message, flags))
      case '56':
        return news(known.technical.take(message, flags))
    }
    return PASSED_BY.get(id) ?? `message ${shown(id)}: no values in it`
  }
}

type Place = { readonly offset: number; readonly length: number; readonly bytes: Uint8Array }
type Said = {
  readonly readings?: readonly Reading[]
  readonly alarms?: readonly DeviceAlarm[]
  readonly faults?: readonly Fault[]
  readonly leftOut?: readonly Fault[]
}

const news = (said: { readonly alarms: readonly DeviceAlarm[]; readonly faults: readonly Fault[] }): Said | string =>
  said.alarms.length + said.faults.length > 0 ? said : 'the list of alarms, as it was'
