/** HL7 v2 observations (ORU^R01; IHE PCD-01) over MLLP, or as plain text. */

import {
  type Charset, type Driver, type DriverSettings, type Frame, type Hl7Message, type MllpFrame, MllpFramer, type Reply, type Segment, type Sender,
  type Session, type SessionOutput, VT, ZONE_SETTING, type Zone, driverLimits, readHl7, shown, zoneSetting,
} from '#driver'
import { processingFlags, readObservations, survey } from './message.ts'
import { identityOf, senderOf } from './people.ts'
import { answer, rejection } from './replies.ts'

/** Where the frame under reading lies, and its bytes. */
type Place = { readonly offset: number; readonly length: number; readonly bytes: Uint8Array }

const NOBODY: Sender = { name: null, location: null }
const NOTHING: SessionOutput = { frames: [], send: [], wakeAt: null }
const READ_BOUNDS = { segmentsMax: driverLimits.hl7SegmentsPerMessageMax } as const

/** `ORU` alone is what senders of HL7 2.2 write. */
const OBSERVATION_TRIGGERS: ReadonlySet<string> = new Set(['R01', ''])

const driver: Driver = {
  id: 'hl7',
  title: 'HL7 v2 ORU^R01 (IHE PCD-01) over MLLP',
  transport: 'tcp',
  integrity: 'transport',
  settings: [ZONE_SETTING],
  open: (settings) => openSession(settings),
}
export default driver

function openSession(settings: DriverSettings): Session {
  const zone = zoneSetting(settings)
  const framer = new MllpFramer({
    frameBytesMax: driverLimits.hl7FrameBytesMax,
    keptBytesMax: driverLimits.badFrameBytesMax,
    noiseSpanBytesMax: driverLimits.noiseSpanBytesMax,
  })
  const output = (frames: readonly MllpFrame[]): SessionOutput =>
    frames.length === 0 ? NOTHING : { frames: frames.map((frame) => judge(frame, zone)), send: [], wakeAt: null }
  return { receive: (bytes) => output(framer.push(bytes)), wake: () => NOTHING, end: () => output(framer.end()), atRest: () => framer.isAtRest }
}

function judge(frame: MllpFrame, zone: Zone): Frame {
  const { offset, length } = frame
  switch (frame.kind) {
    case 'noise':
      return { offset, length, kind: 'skipped', why: 'bytes outside of messages' }
    case 'bad':
      return frame.why === 'cut off'
        ? { offset, length, kind: 'bad', bytes: frame.bytes, why: 'cut off before its end block', reply: null }
        : tooLong({ offset, length, bytes: frame.bytes })
    case 'message':
      return readFrame({ offset, length, bytes: frame.bytes }, frame.content, zone)
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

function readFrame(place: Place, content: Uint8Array, zone: Zone): Frame {
  const read = readHl7(content, READ_BOUNDS)
  if (read.kind === 'message') return readMessage(place, read.message, zone)
  const { header, charset, why } = read
  const reply = header === null ? null : rejectionByName(header, charset, why)
  return { ...place, kind: 'quarantined', why: `not HL7: ${why}`, sender: header === null ? NOBODY : senderOf(header, null), reply }
}

function readMessage(place: Place, message: Hl7Message, zone: Zone): Frame {
  const { offset, length } = place
  const { header, charset } = message
  const [type, trigger] = [header.component(9, 1), header.component(9, 2)]
  const { answers, objection, patient, visit } = survey(message)
  // An answer is never answered, or two systems would talk for ever.
  if (type === 'ACK' || (answers && type !== 'ORU')) return { offset, length, kind: 'skipped', why: 'an acknowledgement or an answer' }
  const sender = senderOf(header, visit)
  const quarantine = (why: string): Frame => ({ ...place, kind: 'quarantined', why, sender, reply: answers ? null : rejection(header, charset, why) })
  if (objection !== null) return quarantine(objection)
  if (type !== 'ORU' || !OBSERVATION_TRIGGERS.has(trigger)) return quarantine(`message type ${shown(`${type}^${trigger}`)} is not supported`)
  const flags = processingFlags(header)
  if (flags === null) return quarantine(`processing id ${shown(header.value(11))} is not known`)
  const { readings, faults, leftOut, sentAt } = readObservations(message, zone, flags)
  if (readings.length > driverLimits.readingsPerFrameMax) return quarantine(`more than ${driverLimits.readingsPerFrameMax} values`)
  const controlId = header.value(10)
  return {
    ...place, kind: 'good', sender, messageId: controlId === '' ? null : controlId, sentAt, readings, waveforms: [], alarms: [], faults, leftOut,
    identity: patient === null ? null : identityOf(patient), reply: answers ? null : answer(header, charset),
  }
}
