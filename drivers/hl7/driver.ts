/**
 * HL7 v2 over MLLP, or as plain text: observations of monitors and laboratories (ORU^R01; IHE PCD-01), alarms of monitors
 * (ORU^R40; IHE PCD-04), waves, who lies where (ADT), medicines given (RAS^O17). All come over one socket, so MSH-9 says what
 * a message is. Monitors that send nothing by themselves are asked (QRY^R02).
 */

import {
  type Charset, type DeviceAlarm, type Driver, type DriverSettings, type Frame, type Hl7Message, type MedicationGiven, type MllpFrame, MllpFramer,
  type PatientFact, type Reply, type Segment, type Sender, type Session, type SessionOutput, VT, ZONE_SETTING, type Zone, driverLimits, mllpFrame, monoMs, readHl7,
  settingOf, shown, zoneSetting,
} from '#driver'
import { AlarmBook } from './alarm-book.ts'
import { readAlarms } from './alarms.ts'
import { readGiven } from './medication.ts'
import { type Observations, readObservations, survey } from './message.ts'
import { AUTHORITY_SETTING, authoritySetting, identityOf, senderOf } from './people.ts'
import { type Answered, QUERY_EVERY_SETTING, QUERY_SETTING, pollSetting, polled } from './poll.ts'
import { PROFILE_SETTING, type Profile, profileSetting } from './profiles.ts'
import { isPatientQuery, refusalOfQuery } from './query.ts'
import { type Reader, processingFlags, readerOf } from './reader.ts'
import { isOfMonitor, readRegistry } from './registry.ts'
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
  title: 'HL7 v2 over MLLP: observations (IHE PCD-01), alarms (IHE PCD-04), laboratory results, patients (ADT), medicines given',
  transport: 'tcp',
  integrity: 'transport',
  settings: [ZONE_SETTING, PROFILE_SETTING, AUTHORITY_SETTING, QUERY_SETTING, QUERY_EVERY_SETTING],
  open(settings) {
    const poll = pollSetting(settings)
    const heard: Answered[] = []
    const session = openSession(settings, (answered) => void (poll !== null && heard.push(answered)))
    if (poll === null) return session
    // What is read does not hang on the time: the question alone does.
    const at = monoMs(0)
    const reader = { receive: (bytes: Uint8Array) => session.receive(bytes, at).frames, end: () => session.end(at).frames, isAtRest: () => session.atRest?.() ?? true }
    return polled({ ...reader, answered: () => heard.splice(0) }, poll)
  },
  openCapture(settings) {
    pollSetting(settings)
    return openSession(settings, () => undefined)
  },
}
export default driver

/** What a session knows beyond the message under reading. */
type Known = {
  readonly zone: Zone
  /** Null: each message tells. */
  readonly profile: Profile | null
  readonly authority: string
  readonly book: AlarmBook
  /** Answers to questions, for who asked them. */
  readonly heard: (answered: Answered) => void
}

function openSession(settings: DriverSettings, heard: Known['heard']): Session {
  const profile = profileSetting(settingOf(settings, PROFILE_SETTING))
  const known: Known = { zone: zoneSetting(settings), profile, authority: authoritySetting(settings), book: new AlarmBook(), heard }
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
  if (read.kind === 'message') {
    const frame = readMessage(place, read.message, known)
    tell(read.message, frame, known)
    return frame
  }
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
  if (type === 'ACK' || (answers && !ANSWERS_WITH_VALUES.has(type))) return { offset, length, kind: 'skipped', why: 'an acknowledgement or an answer' }
  const flags = processingFlags(header)
  const reader = readerOf(message, { zone: known.zone, profile: known.profile, flags: flags ?? 0 })
  const isRegistry = type === 'ADT' && !isOfMonitor(message, reader.profile())
  // The place in a message of the registry or the pharmacy is where a patient lies, and not where its sender stands.
  const sender = senderOf(header, isRegistry || type === 'RAS' ? null : visit)
  const quarantine = (why: string): Frame => ({ ...place, kind: 'quarantined', why, sender, reply: answers ? null : rejection(header, charset, why) })
  const controlId = header.value(10)
  const name = controlId === '' ? null : controlId
  if (isPatientQuery(type, trigger)) {
    const leftOut = [{ why: 'a question for patients, whose list is not kept here', at: 'MSH-9' }]
    const reply: Reply = () => mllpFrame(refusalOfQuery(message, charset))
    return { ...place, ...NO_CONTENT, kind: 'good', sender, messageId: name, sentAt: null, leftOut, identity: null, reply }
  }
  if (objection !== null && !isRegistry) return quarantine(objection)
  const read = isRegistry ? registryIn : contentOf(type, trigger)
  if (read === null) return quarantine(`message type ${shown(`${type}^${trigger}`)} is not supported`)
  if (flags === null) return quarantine(`processing id ${shown(header.value(11))} is not known`)
  const content = read(message, reader, { sender, book: known.book, authority: known.authority })
  if (typeof content === 'string') return quarantine(content)
  if (content.readings.length > driverLimits.readingsPerFrameMax) return quarantine(`more than ${driverLimits.readingsPerFrameMax} values`)
  // Whom a demonstration or a test names lies nowhere; doses given carry their mark themselves.
  const isNobody = isRegistry || patient === null || (flags !== 0 && type !== 'RAS')
  const identity = isNobody ? null : identityOf(patient, message.separators, known.authority, type !== 'RAS')
  return {
    ...place, ...content, kind: 'good', sender, messageId: name,
    sentAt: reader.sent.kind === 'at' ? reader.sent.at : null, identity, reply: answers ? null : answer(header, charset),
  }
}

/** Answers that bring observations. */
const ANSWERS_WITH_VALUES: ReadonlySet<string> = new Set(['ORU', 'ORF'])

function tell({ header, segments }: Hl7Message, { kind }: Frame, { heard }: Known): void {
  const type = header.component(9, 1)
  if (type !== 'ACK' && type !== 'ORF') return
  const answered = segments.find(({ id }) => id === 'MSA')
  heard({ type, of: answered?.value(2) ?? '', controlId: header.value(10), isTaken: kind === 'good' })
}

type Around = { readonly sender: Sender; readonly book: AlarmBook; readonly authority: string }
type Content = Pick<Observations, 'readings' | 'waveforms' | 'faults' | 'leftOut'> & {
  readonly alarms: readonly DeviceAlarm[]
  readonly facts?: readonly PatientFact[]
  readonly given?: readonly MedicationGiven[]
}
/** A sentence: why the message as a whole is not believed. */
type Read = (message: Hl7Message, reader: Reader, around: Around) => Content | string

const NO_CONTENT = { readings: [], waveforms: [], alarms: [], faults: [] }

/** What reads messages of this type; null: nothing does. */
function contentOf(type: string, trigger: string): Read | null {
  switch (type) {
    case 'ORU':
      return OBSERVATION_TRIGGERS.has(trigger) ? observationsIn : trigger === 'R40' ? alarmsIn : null
    case 'ORF':
      return trigger === 'R04' || trigger === '' ? observationsIn : null
    case 'ADT':
      return observationsIn
    case 'RAS':
      return trigger === 'O17' || trigger === 'O01' ? medicationIn : null
    default:
      return null
  }
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

/** A rehearsal moves nobody: what is only a test, or a demonstration, is taken and passed by. */
function registryIn(message: Hl7Message, reader: Reader, { authority }: Around): Content | string {
  const told = readRegistry(message, reader, authority)
  if (typeof told === 'string') return told
  const { facts, faults, leftOut } = told
  const base = { readings: [], waveforms: [], alarms: [], faults: [...faults] }
  if (reader.flags === 0) return { ...base, leftOut: [...leftOut], ...(facts.length === 0 ? {} : { facts }) }
  return { ...base, leftOut: [...leftOut, ...facts.map(() => ({ why: 'a word of the registry that is a demonstration or a test', at: 'MSH-11' }))] }
}

function medicationIn(message: Hl7Message, reader: Reader): Content | string {
  const told = readGiven(message, reader)
  return typeof told === 'string' ? told : { readings: [], waveforms: [], alarms: [], faults: [...told.faults], leftOut: [], given: told.given }
}
