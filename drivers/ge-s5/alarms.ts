/** The monitor's own alarms (DRI Specification, chapter 4): the list of those it shows, worst first, at most five. */

import { type AlarmInactivation, type DeviceAlarm, type Fault, type WallMs, latin1 } from '#driver'
import type { Conditions } from './physiological.ts'
import { i16 } from './record.ts'

const LIST_HEADER_BYTES = 10
const SILENCE_AT = 8
const ALARMS = 5
const ALARM_BYTES = 98
const TEXT_BYTES = 80
const COLOUR_AT = 82
/** Of the colours none, white, yellow, red. */
const PRIORITIES = ['none', 'low', 'medium', 'high'] as const

/** By the silence information. 1 to 3 silence apnoea or asystole alone; which text is one of these, nobody can tell in all languages. */
const SILENCES: readonly (readonly AlarmInactivation[])[] = [[], [], [], [], ['audio-off'], ['audio-paused'], ['audio-paused'], ['audio-paused']]

type Told = Pick<DeviceAlarm, 'code' | 'text' | 'source' | 'priority' | 'type' | 'inactivation'>

/** What is active, by id: at most five of the monitor's list and the two conditions. */
export class AlarmBook {
  #listed: ReadonlyMap<string, Told> = new Map()
  #asserted: ReadonlyMap<string, Told> = new Map()
  /** How the sound of all alarms is kept, by the newest list; null before the first. */
  quiet: readonly AlarmInactivation[] | null = null

  /** What became of the alarms with this list, or why it is no list. */
  list(bytes: Uint8Array, at: WallMs | null): readonly DeviceAlarm[] | Fault {
    const now = readList(bytes)
    if (now === null) return { why: 'an alarm list of another layout', at: 'alarms' }
    const changes = changesOf(this.#listed, now, at)
    this.#listed = now
    this.quiet = SILENCES[i16(bytes, SILENCE_AT)] ?? null
    return changes
  }

  /** Older monitors send no list; what their status bits assert is said in its place. */
  assert({ asystole, apnoea }: Conditions, at: WallMs | null): readonly DeviceAlarm[] {
    const now = new Map<string, Told>()
    if (asystole) now.set('ge-s5:asystole', condition('MDC_EVT_ECG_ASYSTOLE', 'Asystole', 'MDC_ECG_HEART_RATE'))
    if (apnoea) now.set('ge-s5:apnoea', condition('MDC_EVT_APNEA', 'Apnoea', 'MDC_RESP_RATE'))
    const changes = changesOf(this.#asserted, now, at)
    this.#asserted = now
    return changes
  }
}

const condition = (code: string, text: string, source: string): Told => ({ code, text, source, priority: 'high', type: 'physiological', inactivation: [] })

/** Null: numbers stand where the list's layout has others. */
function readList(bytes: Uint8Array): ReadonlyMap<string, Told> | null {
  const inactivation = SILENCES[i16(bytes, SILENCE_AT)]
  if (inactivation === undefined || bytes.length < LIST_HEADER_BYTES + ALARMS * ALARM_BYTES) return null
  const alarms = new Map<string, Told>()
  for (let index = 0; index < ALARMS; index++) {
    const alarm = bytes.subarray(LIST_HEADER_BYTES + index * ALARM_BYTES)
    const priority = PRIORITIES[i16(alarm, COLOUR_AT)]
    const text = textOf(alarm.subarray(0, TEXT_BYTES))
    if (priority === undefined || text === null) return null
    // A text without a colour is a message; of two with one text the worse one stands first.
    if (priority === 'none' || text === '' || alarms.has(`ge-s5:${text}`)) continue
    const type = priority === 'low' ? 'advisory' : 'physiological'
    alarms.set(`ge-s5:${text}`, { code: `ge-s5:${text}`, text, source: '', priority, type, inactivation })
  }
  return alarms
}

/** Up to the first NUL, without line ends; null when a control character stands in it. */
function textOf(bytes: Uint8Array): string | null {
  const end = bytes.indexOf(0)
  const text = latin1(end < 0 ? bytes : bytes.subarray(0, end)).replace(/\s+/g, ' ').trim()
  return /\p{Cc}/u.test(text) ? null : text
}

const rankOf = ({ priority }: Told): number => PRIORITIES.indexOf(priority)

function changesOf(before: ReadonlyMap<string, Told>, now: ReadonlyMap<string, Told>, deviceAt: WallMs | null): readonly DeviceAlarm[] {
  const changes: DeviceAlarm[] = []
  const say = (id: string, told: Told, phase: DeviceAlarm['phase']): void => {
    changes.push({ id, ...told, phase, state: phase === 'end' ? 'inactive' : 'active', flags: deviceAt === null ? [] : ['zone-assumed'], deviceAt })
  }
  for (const [id, told] of before) if (!now.has(id)) say(id, told, 'end')
  for (const [id, told] of now) {
    const earlier = before.get(id)
    if (earlier === undefined) say(id, told, 'start')
    else if (rankOf(told) !== rankOf(earlier)) say(id, told, rankOf(told) > rankOf(earlier) ? 'escalate' : 'deescalate')
    else if (earlier.inactivation.join() !== told.inactivation.join()) say(id, told, 'update')
  }
  return changes
}
