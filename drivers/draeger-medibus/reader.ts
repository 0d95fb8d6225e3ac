/** Bytes of the device into frames: framing and decoding as one function of the bytes, which the dialogue and recordings share. */

import { type Fault, type Frame, type Metric, type ReadingFlag, type Sender, type WallMs, type Waveform, type Zone, driverLimits, latin1, shown } from '#driver'
import { AlarmBook, type Page } from './alarms.ts'
import { CODES } from './codes.ts'
import { MedibusFramer, type Unit } from './framing.ts'
import { Realtime } from './realtime.ts'
import { MEASURED, SET, dateOf, readItems, textCodesOf } from './values.ts'

/** The serial line settles whose bytes these are. */
const SENDER: Sender = { name: null, location: null }
const REALTIME_MIN = 0x80
/** As the protocol definition has it: DC1 asks the other to be silent, DC3 to go on. */
const SUSPEND = 0x11
const RESUME = 0x13
/** Texts: a leakage test is running; the ventilator stands by. */
const TESTING = ['53']
const STANDBY = ['1E', '54']

/** What the conversation has to know of what was heard. */
export type Heard =
  | { readonly kind: 'command' | 'answer'; readonly code: number }
  | { readonly kind: 'damaged command' | 'suspend' | 'resume' }

type Good = Extract<Frame, { kind: 'good' }>
type Content = {
  readonly readings?: Good['readings']
  readonly alarms?: Good['alarms']
  readonly leftOut?: readonly Fault[]
  readonly sentAt?: WallMs | null
}
type Told = Content | { readonly skip: string } | { readonly refuse: string }

/** What the session remembers from answer to answer: bounded by the tables. */
class Memory {
  readonly measured = new Set<Metric>()
  readonly set = new Set<Metric>()
  readonly alarms = new AlarmBook()
  flags: readonly ReadingFlag[] = []
}

export class MedibusReader {
  readonly #framer = new MedibusFramer()
  readonly #zone: Zone
  #memory = new Memory()
  #realtime = new Realtime()
  /** Bytes since the session opened, and up to where frames have told of them: each tells of all since the one before. */
  #at = 0
  #told = 0
  #noise = 0
  #frames: Frame[] = []
  #heard: Heard[] = []
  /** Curves that the device can send, by code, as it last said. */
  curves: ReadonlySet<number> = new Set()

  constructor(zone: Zone) {
    this.#zone = zone
  }

  get isAtRest(): boolean {
    return this.#framer.isAtRest
  }

  get samples(): number {
    return this.#realtime.samples
  }

  /** In a conversation what was asked for is known from asking. */
  streams(text: string): void {
    this.#realtime.learnStreams(text)
  }

  push(bytes: Uint8Array): { readonly frames: readonly Frame[]; readonly heard: readonly Heard[] } {
    this.#frames = []
    this.#heard = []
    for (const byte of bytes) {
      this.#at++
      if (byte >= REALTIME_MIN) this.#waves(this.#realtime.step(byte))
      else if (byte === SUSPEND || byte === RESUME) this.#heard.push({ kind: byte === SUSPEND ? 'suspend' : 'resume' })
      else this.#slow(byte)
      if (this.#framer.isAtRest && this.#at - this.#told >= driverLimits.noiseSpanBytesMax) this.#skip(0)
    }
    return { frames: this.#frames, heard: this.#heard }
  }

  /** The line is over: what comes next may be another patient's. */
  end(): readonly Frame[] {
    this.#frames = []
    const lost = this.#framer.end()
    const waves = this.#realtime.end()
    if (lost !== null && this.#at > this.#told) this.#unit(lost)
    else if (this.#at > this.#told) {
      if (waves.length > 0) this.#waves(waves)
      else this.#skip(0)
    }
    this.#memory = new Memory()
    this.#realtime = new Realtime()
    this.#noise = 0
    this.curves = new Set()
    return this.#frames
  }

  #slow(byte: number): void {
    const step = this.#framer.step(byte)
    if (step === 'noise') this.#noise++
    else if (step === 'begun') {
      if (this.#noise > 0) this.#skip(1)
    } else if (step !== 'within') this.#unit(step)
  }

  /** Where the next frame lies. `open`: of the bytes so far, so many belong to the one after it. */
  #place(open = 0): { readonly offset: number; readonly length: number } {
    const offset = this.#told
    this.#told = this.#at - open
    this.#noise = 0
    return { offset, length: this.#told - offset }
  }

  #skip(open: number): void {
    const why = this.#noise > 0 ? 'bytes between frames' : 'curves whose scale is not known'
    this.#frames.push({ ...this.#place(open), kind: 'skipped', why })
  }

  #waves(waveforms: readonly Waveform[]): void {
    if (waveforms.length > 0) this.#frames.push(this.#good(new Uint8Array(0), {}, waveforms))
  }

  #good(bytes: Uint8Array, { readings = [], alarms = [], leftOut = [], sentAt = null }: Content, waveforms: readonly Waveform[]): Good {
    return {
      ...this.#place(), kind: 'good', bytes, sender: SENDER, messageId: null, sentAt,
      readings, waveforms, alarms, faults: [], leftOut, identity: null, reply: null,
    }
  }

  #unit(unit: Unit): void {
    const { bytes, isCommand } = unit
    if (unit.kind === 'bad') {
      if (isCommand) this.#heard.push({ kind: 'damaged command' })
      this.#frames.push({ ...this.#place(), kind: 'bad', bytes, why: unit.why, reply: null })
      return
    }
    const { code, data } = unit
    this.#heard.push({ kind: isCommand ? 'command' : 'answer', code })
    const told = isCommand ? this.#command(code, data) : this.#answer(code, latin1(data))
    if ('skip' in told) this.#frames.push({ ...this.#place(), kind: 'skipped', why: told.skip })
    else if ('refuse' in told) this.#frames.push({ ...this.#place(), kind: 'quarantined', bytes, sender: SENDER, why: told.refuse, reply: null })
    else this.#frames.push(this.#good(bytes, told, []))
  }

  /** A recording of both directions has those of the computer too, and with them which curves are which streams. */
  #command(code: number, data: Uint8Array): Told {
    if (code === CODES.curves) this.#realtime.learnStreams(latin1(data))
    return { skip: `a command, ${named(code)}` }
  }

  #answer(code: number, text: string): Told {
    const { measured, set, flags } = this.#memory
    switch (code) {
      case CODES.data:
        return refused(readItems(text, { items: MEASURED, chars: 6, name: 'data', flags }, measured))
      case CODES.settings:
        return refused(readItems(text, { items: SET, chars: 7, name: 'setting', flags }, set))
      case CODES.alarms:
        return this.#alarms(1, text)
      case CODES.alarms2:
        return this.#alarms(2, text)
      case CODES.texts:
        return this.#texts(text)
      case CODES.date: {
        const sentAt = dateOf(text, this.#zone)
        return sentAt === null ? { skip: 'a date of another form' } : { sentAt }
      }
      case CODES.scales:
        this.curves = new Set(this.#realtime.learnScales(text).keys())
        return { skip: 'the scales of curves' }
      case CODES.identify:
        return { skip: `an identification: ${shown(text.slice(0, 4).trim() || '-')}` }
      case CODES.corrupt:
        return { skip: 'a refusal' }
      default:
        return { skip: `an answer, ${named(code)}` }
    }
  }

  #alarms(page: Page, text: string): Told {
    const changes = this.#memory.alarms.list(page, text, this.#memory.flags)
    return 'why' in changes ? { refuse: changes.why } : { alarms: changes }
  }

  #texts(text: string): Told {
    const codes = textCodesOf(text)
    if (codes === null) return { refuse: 'texts of another layout' }
    this.#memory.flags = TESTING.some((code) => codes.has(code)) ? ['test'] : STANDBY.some((code) => codes.has(code)) ? ['questionable'] : []
    return { skip: 'texts' }
  }
}

const refused = (read: Content | string): Told => (typeof read === 'string' ? { refuse: read } : read)

const named = (code: number): string => code.toString(16).toUpperCase().padStart(2, '0')
