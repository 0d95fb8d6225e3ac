/** Ivy 450C: ANSAR-B, one message a second, 9600 8N1. The monitor only talks. */

import { type Driver, type DriverSettings, type Frame, type Sender, type Session, type SessionOutput, type SettingSpec, latin1, settingOf } from '#driver'
import { type AnsarFrame, AnsarFramer } from './frame.ts'
import { LINE_CHOICES, type LineChoice, type LinePlan, Reader } from './message.ts'

const LINE_HELP =
  'by-label: as the monitor names it, and left out where its name does not say what is measured. Else what is always connected there.'
const P1: SettingSpec = { name: 'p1', help: `What pressure line P1 is. ${LINE_HELP}`, default: 'by-label', choices: LINE_CHOICES }
const P2: SettingSpec = { name: 'p2', help: `What pressure line P2 is. ${LINE_HELP}`, default: 'by-label', choices: LINE_CHOICES }

const driver: Driver = {
  id: 'ivy-450c',
  title: 'Ivy 450C (ANSAR-B) over a serial line',
  transport: 'serial',
  integrity: 'none',
  settings: [P1, P2],
  open: (settings) => openSession({ P1: lineOf(settings, P1), P2: lineOf(settings, P2) }),
}
export default driver

/** @throws RangeError for a value that is none of the choices. */
function lineOf(settings: DriverSettings, spec: SettingSpec): LineChoice {
  const value = settingOf(settings, spec)
  const choice = LINE_CHOICES.find((candidate) => candidate === value)
  if (choice === undefined) throw new RangeError(`${spec.name}: "${value.slice(0, 64)}" is not one of ${LINE_CHOICES.join(', ')}`)
  return choice
}

/** The serial line settles whose bytes these are. */
const SENDER: Sender = { name: null, location: null }
const NOTHING: SessionOutput = { frames: [], send: [], wakeAt: null }

function openSession(lines: LinePlan): Session {
  const framer = new AnsarFramer()
  let reader = new Reader(lines)
  const output = (frames: readonly AnsarFrame[]): SessionOutput =>
    frames.length === 0 ? NOTHING : { ...NOTHING, frames: frames.map((frame) => judge(frame, reader)) }
  return {
    receive: (bytes) => output(framer.push(bytes)),
    wake: () => NOTHING,
    end: () => {
      const last = output(framer.end())
      reader = new Reader(lines)
      return last
    },
    atRest: () => framer.isAtRest,
  }
}

const WORDS = { 'cut off': 'cut off within a message', 'too long': 'a message without an end' } as const

function judge(frame: AnsarFrame, reader: Reader): Frame {
  const { offset, length } = frame
  switch (frame.kind) {
    case 'noise':
      return { offset, length, kind: 'skipped', why: 'bytes outside of messages' }
    case 'bad':
      return { offset, length, kind: 'bad', bytes: frame.bytes, why: WORDS[frame.why], reply: null }
    case 'message': {
      const { bytes, waves, text } = frame
      if (text.some((byte) => byte > 0x7e || (byte < 0x20 && byte !== 0x0d && byte !== 0x0a))) {
        return { offset, length, kind: 'bad', bytes, why: 'bytes that are no text among the lines', reply: null }
      }
      const { readings, waveforms, alarms, faults, leftOut } = reader.read(latin1(text), waves)
      const said = { readings, waveforms, alarms, faults, leftOut }
      return { offset, length, kind: 'good', bytes, sender: SENDER, messageId: null, sentAt: null, ...said, identity: null, reply: null }
    }
  }
}
