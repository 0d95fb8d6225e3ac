/** A session of JSON messages as a broker brings them: one object, or one list, a message; also any stream of such. */

import { latin1 } from '../codec/bytes.ts'
import { type JsonFrame, JsonSplitter } from '../codec/json-stream.ts'
import { driverLimits } from '../limits.ts'
import type { Fault, Frame, Sender, Session, SessionOutput } from '../seams.ts'
import type { PatientIdentity, DeviceAlarm, Reading, Waveform } from '../domain/reading.ts'
import type { WallMs } from '../domain/time.ts'

/** What one message says; its place in the stream and its answer (PUBACK, which is the link's) are not its own. */
export type JsonMessage = {
  readonly sender: Sender
  readonly messageId: string | null
  readonly sentAt: WallMs | null
  readonly readings: readonly Reading[]
  readonly waveforms: readonly Waveform[]
  readonly alarms: readonly DeviceAlarm[]
  readonly faults: readonly Fault[]
  readonly leftOut?: readonly Fault[]
  readonly identity: PatientIdentity | null
}

export type JsonReader = {
  /** A list may be a message. */
  readonly takesLists: boolean
  /** `topicDevice`: whose topic stood before the message, as `mosquitto_sub -v` prints it. A sentence when the message as a whole cannot be believed. */
  readonly read: (text: string, topicDevice: string | null) => JsonMessage | string
}

const NOTHING: SessionOutput = { frames: [], send: [], wakeAt: null }
const UTF8 = new TextDecoder('utf-8', { fatal: true })
const READINGS_TOPIC = /^vigil\/v1\/([^/+#\s]{1,64})\/readings$/
const TOPIC = /^[^\s]+\/[^\s]*$/

export function jsonSession(reader: JsonReader): Session {
  const splitter = new JsonSplitter({
    objectBytesMax: driverLimits.mqttPayloadBytesMax,
    keptBytesMax: driverLimits.badFrameBytesMax,
    labelBytesMax: driverLimits.jsonLabelBytesMax,
    takesLists: reader.takesLists,
  })
  const output = (frames: readonly JsonFrame[]): SessionOutput =>
    frames.length === 0 ? NOTHING : { frames: frames.map((frame) => judge(frame, reader)), send: [], wakeAt: null }
  return { receive: (bytes) => output(splitter.push(bytes)), wake: () => NOTHING, end: () => output(splitter.end()), atRest: () => splitter.isAtRest }
}

function judge(frame: JsonFrame, { takesLists, read }: JsonReader): Frame {
  const { offset, length } = frame
  switch (frame.kind) {
    case 'noise':
      return { offset, length, kind: 'skipped', why: 'text outside of JSON objects' }
    case 'bad':
      return { offset, length, kind: 'bad', bytes: frame.bytes, why: badReason(frame.why, takesLists), reply: null }
    case 'object': {
      const { bytes } = frame
      const label = latin1(frame.label).trim()
      const topicDevice = READINGS_TOPIC.exec(label)?.[1] ?? null
      if (topicDevice === null && TOPIC.test(label)) return { offset, length, kind: 'skipped', why: 'a topic other than readings' }
      const text = decode(bytes)
      if (text === null) return { offset, length, kind: 'bad', bytes, why: 'not UTF-8', reply: null }
      const message = read(text, topicDevice)
      if (typeof message !== 'string') return { offset, length, kind: 'good', bytes, ...message, reply: null }
      return { offset, length, kind: 'quarantined', bytes, sender: { name: topicDevice, location: null }, why: message, reply: null }
    }
  }
}

function badReason(why: 'too long' | 'cut off' | 'line break in a string', takesLists: boolean): string {
  switch (why) {
    case 'too long':
      return `longer than ${driverLimits.mqttPayloadBytesMax} bytes`
    case 'cut off':
      return `cut off within an object${takesLists ? ' or a list' : ''}`
    case 'line break in a string':
      return 'a line break within a text'
  }
}

function decode(bytes: Uint8Array): string | null {
  try {
    return UTF8.decode(bytes)
  } catch {
    return null
  }
}

/** What JSON.parse makes of a text; undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export type Json = Readonly<Record<string, unknown>>

export const isJsonObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A text that is no longer than a name or an id is. */
export const isJsonText = (value: unknown): value is string => typeof value === 'string' && value.length <= driverLimits.jsonTextCharsMax
