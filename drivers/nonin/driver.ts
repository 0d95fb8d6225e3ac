/** Nonin oximeters: lines of text once a second, or packets of 25 frames three times a second (data formats 2 and 7), 9600 8N1. Receive-only. */

import { ActiveAlarms, type Driver, type Frame, type Sender, type Session, type SessionOutput, latin1 } from '#driver'
import { type NoninFrame, NoninFramer } from './framer.ts'
import { readLine } from './line.ts'
import { alarmsOf, readPacket } from './packet.ts'

const driver: Driver = {
  id: 'nonin',
  title: 'Nonin oximeter (text, data format 2 or 7) over a serial line',
  transport: 'serial',
  // The text has no checksum, and which of the formats comes nobody knows beforehand.
  integrity: 'none',
  settings: [],
  open: () => openSession(),
}
export default driver

const NOTHING: SessionOutput = { frames: [], send: [], wakeAt: null }
/** The serial line settles whose bytes these are. */
const SENDER: Sender = { name: null, location: null }

/** What a session knows beyond the frame under way. */
type Memory = { alarms: ActiveAlarms; /** Nothing but noise was heard yet: whoever plugs in sees the tail of a line first. */ isFirst: boolean }
const newMemory = (): Memory => ({ alarms: new ActiveAlarms({ isChecked: true }), isFirst: true })

function openSession(): Session {
  const framer = new NoninFramer()
  let memory = newMemory()
  const output = (frames: readonly NoninFrame[]): SessionOutput =>
    frames.length === 0 ? NOTHING : { ...NOTHING, frames: frames.map((frame) => judge(frame, memory)) }
  return {
    receive: (bytes) => output(framer.push(bytes)),
    wake: () => NOTHING,
    end: () => {
      const last = output(framer.end())
      memory = newMemory()
      return last
    },
    atRest: () => framer.isAtRest,
  }
}

function judge(frame: NoninFrame, memory: Memory): Frame {
  const { offset, length } = frame
  const { isFirst } = memory
  if (frame.kind !== 'noise') memory.isFirst = false
  switch (frame.kind) {
    case 'noise':
      return { offset, length, kind: 'skipped', why: 'bytes that are neither a packet nor a line' }
    case 'bad':
      return { offset, length, kind: 'bad', bytes: frame.bytes, why: frame.why, reply: null }
    case 'packet': {
      const { readings, waveforms, status } = readPacket(frame)
      const alarms = memory.alarms.take(alarmsOf(status), { deviceAt: null, flags: [] })
      return { ...place(frame), readings, waveforms, alarms, faults: [] }
    }
    case 'line': {
      const read = readLine(latin1(frame.bytes))
      if (typeof read !== 'string') return { ...place(frame), ...read, waveforms: [], alarms: [], faults: [] }
      if (read === 'other text') return { offset, length, kind: 'skipped', why: 'text without a measurement' }
      if (isFirst) return { offset, length, kind: 'skipped', why: 'the tail of a line, first after connecting' }
      if (!frame.isFinished) return { offset, length, kind: 'bad', bytes: frame.bytes, why: 'cut off within a line', reply: null }
      return { offset, length, kind: 'quarantined', bytes: frame.bytes, sender: SENDER, why: read, reply: null }
    }
  }
}

/** All that good frames have in common: this protocol names no patient, no message and no date. */
const place = ({ offset, length, bytes }: { readonly offset: number; readonly length: number; readonly bytes: Uint8Array }) =>
  ({ offset, length, kind: 'good', bytes, sender: SENDER, messageId: null, sentAt: null, identity: null, reply: null }) as const
