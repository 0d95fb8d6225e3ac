/** Nellcor ASCII: the real-time printout of a pulse oximeter, a line every two seconds and headings between them, 9600 8N1. The device only talks. */

import {
  type Driver, type DriverSettings, type Frame, type LineFrame, LineFramer, type Sender, type Session, type SessionOutput, ZONE_SETTING,
  driverLimits, latin1, zoneSetting,
} from '#driver'
import { Printout } from './printout.ts'

const driver: Driver = {
  id: 'nellcor-ascii',
  title: 'Nellcor real-time printout (ASCII) over a serial line',
  transport: 'serial',
  integrity: 'none',
  settings: [ZONE_SETTING],
  open: (settings) => openSession(settings),
}
export default driver

const NOTHING: SessionOutput = { frames: [], send: [], wakeAt: null }
/** The serial line settles whose bytes these are. */
const SENDER: Sender = { name: null, location: null }
const TAIL = 'the tail of a line, first after connecting'

function openSession(settings: DriverSettings): Session {
  const zone = zoneSetting(settings)
  const framer = new LineFramer({ lineBytesMax: driverLimits.asciiLineBytesMax })
  let printout = new Printout(zone)
  // Whoever plugs in while the device prints sees the tail of a line first.
  let first = true
  const output = (lines: readonly LineFrame[]): SessionOutput => {
    if (lines.length === 0) return NOTHING
    const frames = lines.map((line) => {
      const frame = judge(line, first, printout)
      first = false
      return frame
    })
    return { frames, send: [], wakeAt: null }
  }
  return {
    receive: (bytes) => output(framer.push(bytes)),
    wake: () => NOTHING,
    end: () => {
      const last = output(framer.end())
      first = true
      printout = new Printout(zone)
      return last
    },
    atRest: () => framer.isAtRest,
  }
}

function judge(line: LineFrame, first: boolean, printout: Printout): Frame {
  const { offset, length, bytes } = line
  const bad = (why: string): Frame => ({ offset, length, kind: 'bad', bytes, why, reply: null })
  if (line.kind === 'bad') return bad(`no line end within ${driverLimits.asciiLineBytesMax} bytes: wrong speed?`)
  // The status comes last: without it no number can be trusted.
  if (line.kind === 'unfinished') return first ? { offset, length, kind: 'skipped', why: TAIL } : bad('cut off within a line')
  const isGarbled = bytes.some((byte) => (byte < 0x20 && byte !== 0x09) || byte > 0x7e)
  const read = isGarbled ? { kind: 'unreadable' as const, why: 'bytes that are no text: wrong speed?' } : printout.read(latin1(bytes))
  switch (read.kind) {
    case 'passed':
      return { offset, length, kind: 'skipped', why: read.why }
    case 'unreadable':
      if (first) return { offset, length, kind: 'skipped', why: TAIL }
      if (isGarbled) return bad(read.why)
      return { offset, length, kind: 'quarantined', bytes, sender: SENDER, why: read.why, reply: null }
    case 'values': {
      const { sentAt, readings, alarms, quiet, faults, leftOut } = read
      const said = { sentAt, readings, waveforms: [], alarms, ...(quiet === null ? {} : { quiet }), faults, leftOut }
      return { offset, length, kind: 'good', bytes, sender: SENDER, messageId: null, ...said, identity: null, reply: null }
    }
  }
}
