/**
 * HL7 v2 over MLLP, or as plain text: observations of monitors and laboratories (ORU^R01; IHE PCD-01), alarms of monitors
 * (ORU^R40; IHE PCD-04), waves. All come over one socket, so MSH-9 says what a message is.
 */

import {
  type Charset, type DeviceAlarm, type Driver, type DriverSettings, type Fault, type Frame, type Hl7Message, type MllpFrame, MllpFramer, type Reply,
  type Segment, type Sender, type Session, type SessionOutput, VT, ZONE_SETTING, type Zone, driverLimits, readHl7, settingOf, shown, zoneSetting,
} from '#driver'
import { AlarmBook } from './alarm-book.ts'
import { readAlarms } from './alarms.ts'
import { type Observations, readObservations, survey } from './message.ts'
import { identityOf, senderOf } from './people.ts'
import { PROFILE_SETTING, type Profile, profileSetting } from './profiles.ts'
import { type Reader, processingFlags, readerOf } from './reader.ts'
import { answer, rejection } from './replies.ts'
import { readWaves } from './waves.ts'

/** Where the frame under reading lies, and its bytes. */
type Place = { readonly offset: number; readonly length: number; readonly bytes: Uint8Array }

const NOBODY: Sender = { name: null, location: null }
const NOTHING: SessionOutput = { frames: [], send: [], wakeAt: null }
const READ_BOUNDS = { segmentsMax: driverLimits.hl7SegmentsPerMessageMax } as const

/** `ORU` alone is what senders of HL7 2.2 write; W01 brings waves. */
const OBSERVATION_TRIGGERS: ReadonlySet<string> = new Set(['R01', '', 'W01'])

const driver: Driver = {
  id: 'hl7',
  title: 'HL7 v2 over MLLP: observations (IHE PCD-01), alarms (IHE PCD-04), laboratory results',
  transport: 'tcp',
  integrity: 'transport',
  settings: [ZONE_SETTING, PROFILE_SETTING],
  open: (settings) => openSession(settings),
}
export default driver

/** What a session knows beyond the message under reading. */
type Known = { readonly zone: Zone; /** Null: each message tells. */ readonly profile: Profile | null; readonly book: AlarmBook }

function openSession(settings: DriverSettings): Session {
  const known: Known = { zone: zoneSetting(settings), profile: profileSetting(settingOf(settings, PROFILE_SETTING)), book: new AlarmBook() }
  const framer = new MllpFramer({
    frameBytesMax: driverLimits.hl7FrameBytesMax,
    keptBytesMax: driverLimits.badFrameBytesMax,
    noiseSpanBytesMax: driverLimits.noiseSpanBytesMax,
  })
  const output = (frames: readonly MllpFrame[]): SessionOutput =>
    frames.length === 0 ? NOTHING : { frames: frames.map((frame) => judge(frame, known)), send: [], wakeAt: null }
  const end = (): SessionOutput => {
    const last = output(framer.end())
    known.book.forget()
    return last
  }
  return { receive: (bytes) => output(framer.push(bytes)), wake: () => NOTHING, end, atRest: () => framer.isAtRest }
}

function judge(frame: MllpFrame, known: Known): Frame {
  const { offset, length } = frame
  switch (frame.kind) {
    case 'noise':
      return { offset, length, kind: 'skipped', why: 'bytes outside of messages' }
    case 'bad':
      return frame.why === 'cut off'
        ? { offset, length, kind: 'bad', bytes: frame.bytes, why: 'cut off before its end block', reply: null }
        : tooLong({ offset, length, bytes: frame.bytes })
    case 'message':
      return readFrame({ offset, length, bytes: frame.bytes }, frame.content, known)
  }
}

/** A message that is too long is refused by name, where its head tells the name; else its sender would send it for ever. */
function tooLong(place: Place): Frame {
  const why = `longer than ${driverLimits.hl7FrameBytesMax} bytes`
  const read = readHl7(place.bytes.subarray(place.bytes[0] === VT ? 1 : 0), READ_BOUNDS)
  const reply = read.kind === 'message' ? rejectionByName(read.message.header, read.message.charset, why) : null
  return { ...place, kind: 'bad', why, reply }
}

const rejectionByName = (header: Segment, charset: Charset, why: string): Reply | null =>
  header.value(10) === '' ? null : rejection(header, charset, why)

function readFrame(place: Place, content: Uint8Array, known: Known): Frame {
  const read = readHl7(content, READ_BOUNDS)
  if (read.kind === 'message') return readMessage(place, read.message, known)
  const { header, charset, why } = read
  const reply = header === null ? null : rejectionByName(header, charset, why)
  return { ...place, kind: 'quarantined', why: `not HL7: ${why}`, sender: header === null ? NOBODY : senderOf(header, null), reply }
}

function readMessage(place: Place, message: Hl7Message, known: Known): Frame {
  const { offset, length } = place
  const { header, charset } = message
  const [type, trigger] = [header.component(9, 1), header.component(9, 2)]
  const { answers, objection, patient, visit } = survey(message)
  // An answer is never answered, or two systems would talk for ever.
  if (type === 'ACK' || (answers && type !== 'ORU')) return { offset, length, kind: 'skipped', why: 'an acknowledgement or an answer' }
  const sender = senderOf(header, visit)
  const quarantine = (why: string): Frame => ({ ...place, kind: 'quarantined', why, sender, reply: answers ? null : rejection(header, charset, why) })
  if (objection !== null) return quarantine(objection)
  const read = contentOf(type, trigger)
  if (read === null) return quarantine(`message type ${shown(`${type}^${trigger}`)} is not supported`)
  const flags = processingFlags(header)
  if (flags === null) return quarantine(`processing id ${shown(header.value(11))} is not known`)
  const reader = readerOf(message, { zone: known.zone, profile: known.profile, flags })
  const { readings, waveforms, alarms, faults, leftOut } = read(message, reader, { sender, book: known.book })
  if (readings.length > driverLimits.readingsPerFrameMax) return quarantine(`more than ${driverLimits.readingsPerFrameMax} values`)
  const controlId = header.value(10)
  return {
    ...place, kind: 'good', sender, messageId: controlId === '' ? null : controlId, sentAt: reader.sent.kind === 'at' ? reader.sent.at : null,
    readings, waveforms, alarms, faults, leftOut, identity: patient === null ? null : identityOf(patient), reply: answers ? null : answer(header, charset),
  }
}

type Around = { readonly sender: Sender; readonly book: AlarmBook }
type Content = Pick<Observations, 'readings' | 'waveforms' | 'faults' | 'leftOut'> & { readonly alarms: readonly DeviceAlarm[] }

/** What reads messages of this type; null: nothing does. */
function contentOf(type: string, trigger: string): ((message: Hl7Message, reader: Reader, around: Around) => Content) | null {
  if (type === 'ORU') return OBSERVATION_TRIGGERS.has(trigger) ? observationsIn : trigger === 'R40' ? alarmsIn : null
  return type === 'RAS' && trigger === 'O17' ? medicationIn : null
}

function observationsIn(message: Hl7Message, reader: Reader, { sender, book }: Around): Content {
  const { readings, waveforms, alerts, faults, leftOut } = readObservations(message, reader)
  return { readings, waveforms, faults, leftOut, alarms: book.listed(alerts, message, { reader, sender }) }
}

/** Values that an alarm quotes come in messages of their own: here they would be old ones that look new. */
function alarmsIn(message: Hl7Message, reader: Reader, { sender, book }: Around): Content {
  const { alarms, faults, leftOut } = readAlarms(message, reader)
  const content: Content = { readings: [], waveforms: [], faults, leftOut, alarms: book.identified(alarms, sender) }
  readWaves(message, reader, content)
  return content
}

/** A medicine given (RAS^O17): there is no place for it yet, and its sender need not send it again. */
function medicationIn({ segments }: Hl7Message): Content {
  const given = segments.filter(({ id }) => id === 'RXA')
  const leftOut: Fault[] = given.map((_, index) => ({ why: 'a medicine given, for which there is no place yet', at: `RXA ${index + 1}` }))
  return { readings: [], waveforms: [], alarms: [], faults: [], leftOut }
}
