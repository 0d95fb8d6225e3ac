/**
 * Monitors that speak when they are asked: QRY^R02, answered ORF^R04 (Philips Efficia CM Series Data Export Guide, chapter 3, over
 * its serial port or a serial server). One question at a time. The monitor is told that its answer came, and keeps nothing for it.
 */

import {
  type Frame, type MonoMs, type Session, type SessionOutput, type SettingSpec, type DriverSettings, driverLimits, mllpFrame, monoMs, settingOf, utf8,
} from '#driver'

export const QUERY_SETTING: SettingSpec = {
  name: 'query',
  help: 'Whether the monitor must be asked: none, it sends by itself; efficia, QRY^R02 as a Philips Efficia on its serial port wants it.',
  default: 'none',
  choices: ['none', 'efficia'],
}
export const QUERY_EVERY_SETTING: SettingSpec = {
  name: 'queryEverySeconds',
  help: 'How often a monitor that must be asked is asked: 1 to 60. Longer than the silence that its device is allowed, and each pause is an alert.',
  default: '5',
}
const EVERY_SECONDS_MAX = 60

/** Null: the monitor sends by itself. @throws RangeError with a sentence when a setting is wrong. */
export function pollSetting(settings: DriverSettings): { readonly everyMs: number } | null {
  const query = settingOf(settings, QUERY_SETTING)
  if (QUERY_SETTING.choices?.includes(query) !== true) throw new RangeError(`query: there is no "${query.slice(0, 64)}" (none, efficia)`)
  const every = settingOf(settings, QUERY_EVERY_SETTING)
  const seconds = /^\d{1,2}$/.test(every) ? Number(every) : 0
  if (seconds < 1 || seconds > EVERY_SECONDS_MAX) throw new RangeError(`queryEverySeconds: "${every.slice(0, 64)}" is not 1 to ${EVERY_SECONDS_MAX}`)
  return query === 'none' ? null : { everyMs: seconds * 1_000 }
}

/** An answer of the monitor: ORF with values, or a negative ACK. `of`: MSA-2. */
export type Answered = { readonly type: 'ORF' | 'ACK'; readonly of: string; readonly controlId: string; readonly isTaken: boolean }

/** What reads: its frames, and what of them answers. */
export type PolledReader = {
  receive(bytes: Uint8Array): readonly Frame[]
  end(): readonly Frame[]
  answered(): readonly Answered[]
  isAtRest(): boolean
}

/** QRD-4 has ten characters. */
const QUESTIONS_NUMBERED = 1_000_000
/** The monitor reads no time of ours, and a session has none: the guide wants the field filled. */
const SOME_TIME = '20000101000000'

/** STA: what the screen shows now. */
const question = (id: string): Uint8Array =>
  mllpFrame(utf8(`MSH|^~\\&|||||${SOME_TIME}||QRY^R02|${id}|P|2.4\rQRD|${SOME_TIME}|R|I|${id}|||||STA\r`))

const acknowledgement = ({ controlId, isTaken }: Answered): Uint8Array =>
  mllpFrame(utf8(`MSH|^~\\&|||||${SOME_TIME}||ACK^^ACK_ALL|A${controlId}|P|2.4\rMSA|${isTaken ? 'AA' : 'AE'}|${controlId}\r`))

/** There is one answer to a question: of a heap of them the last are told that they came. */
const ANSWERS_ACKNOWLEDGED_MAX = 16

/** Twenty characters in the guide; no separator may come back in it. */
const CONTROL_ID = /^[\w.-]{1,64}$/

export function polled(reader: PolledReader, { everyMs }: { readonly everyMs: number }): Session {
  let asked: { readonly id: string; readonly at: MonoMs } | null = null
  let nextAt: MonoMs | null = null
  let count = 0
  let unanswered = 0

  /** What is due is said; then it is known when to wake. */
  function speak(frames: readonly Frame[], now: MonoMs, said: readonly Uint8Array[] = []): SessionOutput {
    const send = [...said]
    if (asked !== null && now - asked.at >= driverLimits.hl7AnswerMs) {
      unanswered++
      asked = null
    }
    if (unanswered >= driverLimits.hl7UnansweredMax) {
      unanswered = 0
      nextAt = monoMs(now + everyMs)
      return { frames, send, wakeAt: nextAt, close: `the monitor did not answer ${driverLimits.hl7UnansweredMax} questions` }
    }
    nextAt ??= now
    if (asked === null && now >= nextAt) {
      count = (count % QUESTIONS_NUMBERED) + 1
      asked = { id: `V${count}`, at: now }
      nextAt = monoMs(now + everyMs)
      send.push(question(asked.id))
    }
    return { frames, send, wakeAt: asked === null ? nextAt : monoMs(asked.at + driverLimits.hl7AnswerMs) }
  }

  function receive(bytes: Uint8Array, now: MonoMs): SessionOutput {
    const frames = reader.receive(bytes)
    const answers = reader.answered()
    for (const { of } of answers) {
      // One that came too late is an answer still: the monitor is there.
      unanswered = 0
      if (of === asked?.id) asked = null
    }
    const said = answers.slice(-ANSWERS_ACKNOWLEDGED_MAX).filter(({ type, controlId }) => type === 'ORF' && CONTROL_ID.test(controlId)).map(acknowledgement)
    return nextAt === null ? { frames, send: said, wakeAt: now } : speak(frames, now, said)
  }

  function end(): SessionOutput {
    const frames = reader.end()
    reader.answered()
    asked = null
    nextAt = null
    unanswered = 0
    return { frames, send: [], wakeAt: null }
  }

  return { receive, wake: (now) => speak([], now), end, atRest: () => reader.isAtRest() }
}
