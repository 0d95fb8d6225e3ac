/** Philips IntelliVue Data Export: RS-232 (MIB frames) and LAN (UDP 24105). One decoder for both; a dialogue around it. */

import {
  type Driver, type DriverSettings, type Frame, type MonoMs, type Sender, type Session, type SessionOutput, type SettingSpec, type Zone,
  ZONE_SETTING, settingOf, zoneSetting,
} from '#driver'
import { WAVE_LABELS, WAVE_NAMES } from './codes.ts'
import { Conversation } from './conversation.ts'
import { type Format, Framer, type Piece, serialFrame } from './framing.ts'
import { Interpreter } from './interpreter.ts'
import { type Message, readMessage } from './messages.ts'

const FRAMING_SETTING: SettingSpec = {
  name: 'framing',
  help:
    'rs232: MIB/RS-232 frames. lan: each chunk of bytes is one UDP datagram. auto: the first message tells; ' +
    'a monitor is called both ways in turn until it answers.',
  default: 'auto',
  choices: ['auto', 'rs232', 'lan'],
}
const WAVES_SETTING: SettingSpec = {
  name: 'waves',
  help:
    `Waves to ask the monitor for, most wanted first, parted by commas: ${WAVE_NAMES.join(', ')}; or none. ` +
    'At most three leads of ECG; what the monitor does not have it leaves out.',
  default: 'II,Pleth,Resp,ABP',
}

const driver: Driver = {
  id: 'philips-intellivue',
  title: 'Philips IntelliVue Data Export over RS-232 or LAN',
  transport: 'serial',
  integrity: 'checksum',
  settings: [FRAMING_SETTING, WAVES_SETTING, ZONE_SETTING],
  open: (settings) => openDialogue(settings),
  openCapture: (settings) => openCapture(settings),
}
export default driver

/** The port or the address settles whose bytes these are. */
const SENDER: Sender = { name: null, location: null }

function framingOf(settings: DriverSettings): Format | null {
  const framing = settingOf(settings, FRAMING_SETTING)
  if (framing === 'rs232' || framing === 'lan') return framing
  if (framing === 'auto') return null
  throw new RangeError(`framing: "${framing.slice(0, 64)}" is not one of auto, rs232, lan`)
}

/** @throws RangeError for a wave that has no name here, and for more than a monitor can export. */
function wavesOf(settings: DriverSettings): readonly number[] {
  const text = settingOf(settings, WAVES_SETTING)
  if (text.trim().toLowerCase() === 'none') return []
  const names = text.split(',').map((name) => name.trim().toLowerCase())
  // Guide, Wave Poll: up to three ECG leads and eight other waves.
  if (names.length > 11) throw new RangeError('waves: a monitor exports three leads of ECG and eight other waves at most')
  return names.map((name) => {
    const label = WAVE_LABELS.get(name)
    if (label === undefined) throw new RangeError(`waves: there is no wave "${name.slice(0, 64)}" (${WAVE_NAMES.join(', ')}; or none)`)
    return label
  })
}

/** Bytes to messages to frames; shared by recordings and dialogues. */
class Reader {
  readonly framer: Framer
  readonly #zone: Zone
  readonly #isLive: boolean
  readonly #isLan: boolean
  readonly #heard: (message: Message, view: DataView) => boolean
  #interpreter: Interpreter

  /** `heard` is told of each message, and says whether an association began with it. */
  constructor(settings: DriverSettings, isLive: boolean, heard: (message: Message, view: DataView) => boolean) {
    const framing = framingOf(settings)
    this.#zone = zoneSetting(settings)
    this.#isLive = isLive
    this.#isLan = framing === 'lan'
    this.#heard = heard
    this.framer = new Framer(framing)
    this.#interpreter = new Interpreter(this.#zone)
  }

  receive(bytes: Uint8Array): Frame[] {
    const frames = this.framer.push(bytes).map((piece) => this.#frame(piece))
    // A datagram that was cut short must not swallow the next. A file may hold datagrams without their borders, a network never does.
    if (this.#isLan || (this.#isLive && this.framer.format === 'lan')) frames.push(...this.framer.endOfDatagram().map((piece) => this.#frame(piece)))
    return frames
  }

  end(): Frame[] {
    const frames = this.framer.end().map((piece) => this.#frame(piece))
    this.#interpreter = new Interpreter(this.#zone)
    return frames
  }

  #frame(piece: Piece): Frame {
    const { offset, length } = piece
    if (piece.kind === 'skipped') return piece
    if (piece.kind === 'bad') return { offset, length, kind: 'bad', bytes: piece.bytes, why: piece.why, reply: null }
    const { bytes, payload } = piece
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
    const message = readMessage(view)
    const isNew = this.#heard(message, view)
    if (isNew) this.#interpreter.begin()
    const quarantined = (why: string): Frame => ({ offset, length, kind: 'quarantined', bytes, sender: SENDER, why, reply: null })
    switch (message.kind) {
      case 'broken':
        return quarantined(message.why)
      case 'created':
        if (!this.#interpreter.created(view, message)) return quarantined('an event whose attributes do not fit')
        return { offset, length, kind: 'skipped', why: 'the monitor says what it is' }
      case 'poll-result': {
        const content = this.#interpreter.read(view, message)
        if ('broken' in content) return quarantined(content.broken)
        if ('passed' in content) return { offset, length, kind: 'skipped', why: content.passed }
        return { offset, length, kind: 'good', bytes, sender: SENDER, messageId: null, ...content, reply: null }
      }
      case 'accept':
      case 'refuse':
      case 'abort':
      case 'release':
      case 'released':
      case 'request':
      case 'result':
      case 'error':
      case 'invoke':
        return { offset, length, kind: 'skipped', why: sayingOf(message) }
    }
  }
}

function sayingOf(message: Exclude<Message, { kind: 'broken' | 'created' | 'poll-result' }>): string {
  switch (message.kind) {
    case 'accept':
      return 'the monitor accepts the association'
    case 'refuse':
      return 'the monitor refuses the association'
    case 'abort':
      return 'the association is aborted'
    case 'release':
      return 'one side asks to part'
    case 'released':
      return 'the association has ended'
    case 'request':
      return 'a client asks for an association'
    case 'result':
      return 'an operation went well'
    case 'error':
      return `the monitor refuses an operation (error ${message.code})`
    case 'invoke':
      return message.why
  }
}

/** Reads a recording of one direction or of both. An association begins in it where a monitor accepts one. */
function openCapture(settings: DriverSettings): Session {
  wavesOf(settings)
  const reader = new Reader(settings, false, ({ kind }) => kind === 'accept')
  const output = (frames: readonly Frame[]): SessionOutput => ({ frames, send: [], wakeAt: null })
  return {
    receive: (bytes) => output(reader.receive(bytes)),
    wake: () => output([]),
    end: () => output(reader.end()),
    atRest: () => reader.framer.isAtRest,
  }
}

function openDialogue(settings: DriverSettings): Session {
  const conversation = new Conversation(wavesOf(settings))
  let at: MonoMs | null = null
  const reader = new Reader(settings, true, (message, view) => {
    const objectAt = (where: number): Uint8Array => new Uint8Array(view.buffer, view.byteOffset + where, 6)
    return at !== null && conversation.hear(message, objectAt, at)
  })
  const output = (frames: readonly Frame[], now: MonoMs): SessionOutput => {
    const format = reader.framer.format ?? (conversation.calls % 2 === 0 ? 'rs232' : 'lan')
    conversation.wake(now, format)
    const send = conversation.send(now).map((message) => (format === 'rs232' ? serialFrame(message) : message))
    return { frames, send, wakeAt: conversation.wakeAt() }
  }
  return {
    receive(bytes, now) {
      at = now
      return output(reader.receive(bytes), now)
    },
    wake: (now) => output([], now),
    end: () => ({ frames: reader.end(), send: [], wakeAt: null }),
    atRest: () => reader.framer.isAtRest,
  }
}
