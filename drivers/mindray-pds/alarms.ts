/** Alarms: each message is the whole list of what is active now, 54 of the patient, 56 of the equipment. */

import { type DeviceAlarm, type Fault, type Hl7Message, type Segment, type Zone, driverLimits, flagBit, flagsOf, hl7Time, part, shown, unescape } from '#driver'

type Priority = DeviceAlarm['priority']
const RANK: readonly Priority[] = ['none', 'low', 'medium', 'high']

export type AlarmType = 'physiological' | 'technical'

/** One line of the list. */
type Active = { readonly code: string; readonly text: string; readonly priority: Priority; readonly at: DeviceAlarm['deviceAt']; readonly zoned: boolean }

export type Alarms = { readonly alarms: readonly DeviceAlarm[]; readonly faults: readonly Fault[] }

/** What alarms are about whose ids have been seen in the field. */
const SOURCES: ReadonlyMap<string, string> = new Map([
  ['10002', 'MDC_ECG_HEART_RATE'],
  ['10033', 'MDC_PULS_OXIM_SAT_O2'],
  ['10044', 'MDC_RESP_RATE'],
  ['10076', 'MDC_TEMP'],
  ['10170', 'MDC_PRESS_BLD_ART_SYS'],
  ['10172', 'MDC_PRESS_BLD_ART_MEAN'],
  ['10174', 'MDC_PRESS_BLD_ART_DIA'],
  ['10302', 'MDC_PRESS_BLD_VEN_CENT_MEAN'],
])

/** Rows of an alarm are numbered with one or two digits in OBX-3; four digits are attributes of the list itself. */
const ALARM_ROW = /^\d{1,2}$/
const CODE = /^\d{1,8}$/
/** Severity stands before the text. */
const TEXT = /^(\**)\s*(.*?)\s*$/s
const ZONE_ASSUMED = flagBit('zone-assumed')

export class AlarmList {
  readonly #type: AlarmType
  readonly #zone: Zone
  /** By code: at most pdsAlarmsMax. */
  #active: ReadonlyMap<string, Active> = new Map()

  constructor(type: AlarmType, zone: Zone) {
    this.#type = type
    this.#zone = zone
  }

  /** What began, changed or ended since the list before. `flags`: those of the message, as bits. */
  take(message: Hl7Message, flags: number): Alarms {
    const faults: Fault[] = []
    const now = this.#read(message, faults)
    // A list with a line that cannot be read does not tell what is over.
    if (faults.length > 0) for (const [code, before] of this.#active) if (!now.has(code) && now.size < driverLimits.pdsAlarmsMax) now.set(code, before)
    const alarms: DeviceAlarm[] = []
    const say = (active: Active, phase: DeviceAlarm['phase']): void => void alarms.push(this.#alarm(active, phase, flags))
    for (const [code, before] of this.#active) if (!now.has(code)) say(before, 'end')
    for (const [code, active] of now) {
      const phase = phaseOf(active, this.#active.get(code))
      if (phase !== null) say(active, phase)
    }
    this.#active = now
    return { alarms, faults }
  }

  #read({ segments, separators }: Hl7Message, faults: Fault[]): Map<string, Active> {
    const found = new Map<string, Active>()
    let row = 0
    for (const obx of segments) {
      if (obx.id !== 'OBX') continue
      row++
      if (!ALARM_ROW.test(obx.component(3, 1).trim())) continue
      const fault = (why: string): void => void faults.push({ why, at: `OBX ${row}` })
      const code = obx.component(5, 1).trim()
      if (!CODE.test(code)) {
        fault(`alarm id ${shown(code)} is no number`)
        continue
      }
      const active = this.#activeOf(code, unescape(part(obx.field(5), separators.component, 2), separators), obx)
      const known = found.get(code)
      if (known === undefined && found.size >= driverLimits.pdsAlarmsMax) {
        fault(`more than ${driverLimits.pdsAlarmsMax} alarms`)
        return found
      }
      if (known === undefined || RANK.indexOf(active.priority) > RANK.indexOf(known.priority)) found.set(code, active)
    }
    return found
  }

  #activeOf(code: string, shownText: string, obx: Segment): Active {
    const [, stars = '', text = ''] = TEXT.exec(shownText) ?? []
    const time = hl7Time(obx.field(14), this.#zone)
    const at = time.kind === 'at' ? time.at : null
    return { code, text: text.slice(0, driverLimits.jsonTextCharsMax), priority: this.#priorityOf(stars.length), at, zoned: time.kind === 'at' && time.zoned }
  }

  /** Without a mark, what concerns the patient is not taken lightly. */
  #priorityOf(stars: number): Priority {
    if (stars === 0) return this.#type === 'physiological' ? 'medium' : 'low'
    return stars === 1 ? 'low' : stars === 2 ? 'medium' : 'high'
  }

  #alarm({ code, text, priority, at, zoned }: Active, phase: DeviceAlarm['phase'], flags: number): DeviceAlarm {
    return {
      id: `${this.#type}/${code}`, code: `mindray-pds:${code}`, text, source: SOURCES.get(code) ?? '', priority, type: this.#type, phase,
      state: phase === 'end' ? 'inactive' : 'active', inactivation: [],
      flags: flagsOf(flags | (at === null || zoned ? 0 : ZONE_ASSUMED)),
      // When it began, or when the list was made: when it ended is not said.
      deviceAt: phase === 'end' ? null : at,
    }
  }
}

/** Null: nothing is new. The time of a line may be that of the list, so that it alone is no news. */
function phaseOf(now: Active, before: Active | undefined): DeviceAlarm['phase'] | null {
  if (before === undefined) return 'start'
  if (now.priority !== before.priority) return RANK.indexOf(now.priority) > RANK.indexOf(before.priority) ? 'escalate' : 'deescalate'
  return now.text === before.text ? null : 'update'
}
