/** Vigil's own JSON over MQTT, topic `vigil/v1/{device}/readings`; also any stream of such objects. */

import { type Driver, type Frame, type JsonFrame, JsonSplitter, type Sender, type Session, type SessionOutput, driverLimits, latin1 } from '#driver'
import { readPayload } from './payload.ts'

const driver: Driver = {
  id: 'mqtt-json',
  title: 'Vigil JSON over MQTT',
  transport: 'mqtt',
  integrity: 'transport',
  settings: [],
  open: () => openSession(),
}
export default driver

const NOTHING: SessionOutput = { frames: [], send: [], wakeAt: null }
const UTF8 = new TextDecoder('utf-8', { fatal: true })
/** As `mosquitto_sub -v` prints it before the payload. */
const READINGS_TOPIC = /^vigil\/v1\/([^/+#\s]{1,64})\/readings$/
const TOPIC = /^[^\s]+\/[^\s]*$/

function openSession(): Session {
  const splitter = new JsonSplitter({
    objectBytesMax: driverLimits.mqttPayloadBytesMax,
    keptBytesMax: driverLimits.badFrameBytesMax,
    labelBytesMax: driverLimits.jsonLabelBytesMax,
  })
  const output = (frames: readonly JsonFrame[]): SessionOutput => (frames.length === 0 ? NOTHING : { frames: frames.map(judge), send: [], wakeAt: null })
  return { receive: (bytes) => output(splitter.push(bytes)), wake: () => NOTHING, end: () => output(splitter.end()), atRest: () => splitter.isAtRest }
}

function judge(frame: JsonFrame): Frame {
  const { offset, length } = frame
  switch (frame.kind) {
    case 'noise':
      return { offset, length, kind: 'skipped', why: 'text outside of JSON objects' }
    case 'bad':
      return { offset, length, kind: 'bad', bytes: frame.bytes, why: badReason(frame.why), reply: null }
    case 'object': {
      const label = latin1(frame.label).trim()
      const device = READINGS_TOPIC.exec(label)?.[1]
      if (device === undefined && TOPIC.test(label)) return { offset, length, kind: 'skipped', why: 'a topic other than readings' }
      return judgeObject({ offset, length, bytes: frame.bytes }, { name: device ?? null, location: null })
    }
  }
}

function badReason(why: 'too long' | 'cut off' | 'line break in a string'): string {
  switch (why) {
    case 'too long':
      return `longer than ${driverLimits.mqttPayloadBytesMax} bytes`
    case 'cut off':
      return 'cut off within an object'
    case 'line break in a string':
      return 'a line break within a text'
  }
}

function judgeObject(place: { readonly offset: number; readonly length: number; readonly bytes: Uint8Array }, sender: Sender): Frame {
  const text = decode(place.bytes)
  if (text === null) return { ...place, kind: 'bad', why: 'not UTF-8', reply: null }
  const payload = readPayload(text)
  // MQTT answers by PUBACK, which is the link's: no bytes of ours.
  if (typeof payload === 'string') return { ...place, kind: 'quarantined', sender, why: payload, reply: null }
  const { messageId, sentAt, readings, faults, identity } = payload
  return { ...place, kind: 'good', sender, messageId, sentAt, readings, waveforms: [], alarms: [], faults, identity, reply: null }
}

function decode(bytes: Uint8Array): string | null {
  try {
    return UTF8.decode(bytes)
  } catch {
    return null
  }
}
