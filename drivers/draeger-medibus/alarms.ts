/** The device's own alarms: the whole list of what is active, by code page; here, what became of it since the last one. */

import { type DeviceAlarm, type Fault, type ReadingFlag, driverLimits } from '#driver'

const ALARM_CHARS = 15
const PHRASE_AT = 3
/** Priorities are 1 to 31; from here on they are cautions, and warnings. */
const CAUTION = 11
const WARNING = 25
const PRIORITY_MAX = 31

/** Of code page 1: what each is about. */
const SOURCES: readonly (readonly [source: string, codes: readonly string[]])[] = [
  ['MDC_PULS_OXIM_SAT_O2', ['07', '22']],
  ['MDC_PULS_OXIM_PULS_RATE', ['01', '02', '1E']],
  ['MDC_PRESS_AWAY_MAX', ['10']],
  ['MDC_VOL_MINUTE_AWAY', ['19', '9B']],
  ['MDC_VENT_RESP_BTSD_PSAZC_RATE', ['90']],
  ['MDC_CONC_AWAY_CO2_ET', ['27', '28']],
  ['MDC_CONC_AWAY_O2_INSP', ['08', '37', 'BF', 'C0']],
]
const SOURCE_OF: ReadonlyMap<string, string> = new Map(SOURCES.flatMap(([source, codes]) => codes.map((code): [string, string] => [code, source])))
/** Of code page 1: something about the device. What is not named here may be about the patient, and is taken for it. */
const TECHNICAL: ReadonlySet<string> = new Set([
  '11', '12', '13', '35', '3D', '40', '42', '4B', '57', '5B', '5E', '63', '64', '65', '66', '67', '68', '69', '6A', '6E', '78', '79', '7C', '9F', 'A0', 'A1',
  'A4', 'AC', 'AD', 'B0', 'B7', 'B8', 'B9', 'BC', 'BD', 'BE', 'C1', 'C2', 'C5', 'C6', 'C8', 'C9', 'CA', 'D9', 'EA', 'ED', 'EF', 'F1', 'F4', 'F7',
])

export type Page = 1 | 2

type Told = Pick<DeviceAlarm, 'code' | 'text' | 'source' | 'type'> & { readonly rank: number }
type Active = Told & { readonly id: string }

export class AlarmBook {
  readonly #active: Readonly<Record<Page, Map<string, Active>>> = { 1: new Map(), 2: new Map() }
  #starts = 0

  /** `text`: the items of one answer. The changes, or why it is no list. */
  list(page: Page, text: string, flags: readonly ReadingFlag[]): readonly DeviceAlarm[] | Fault {
    const now = readList(page, text)
    if (now === null) return { why: 'an alarm list of another layout', at: `alarms ${page}` }
    const active = this.#active[page]
    const changes: DeviceAlarm[] = []
    const say = ({ rank, ...told }: Active, phase: DeviceAlarm['phase']): void => {
      changes.push({ ...told, priority: priorityOf(rank), phase, state: phase === 'end' ? 'inactive' : 'active', inactivation: [], flags, deviceAt: null })
    }
    for (const [code, alarm] of active) {
      if (now.has(code)) continue
      say(alarm, 'end')
      active.delete(code)
    }
    for (const [code, told] of now) {
      const before = active.get(code)
      const alarm: Active = { ...told, id: before?.id ?? `${told.code}#${++this.#starts}` }
      active.set(code, alarm)
      if (before === undefined) say(alarm, 'start')
      else if (priorityOf(alarm.rank) !== priorityOf(before.rank)) say(alarm, alarm.rank > before.rank ? 'escalate' : 'deescalate')
      else if (alarm.text !== before.text) say(alarm, 'update')
    }
    return changes
  }
}

/** Null: characters stand where the layout has others. */
function readList(page: Page, text: string): ReadonlyMap<string, Told> | null {
  if (text.length % ALARM_CHARS !== 0) return null
  const alarms = new Map<string, Told>()
  for (let from = 0; from < text.length && alarms.size < driverLimits.medibusAlarmsMax; from += ALARM_CHARS) {
    const rank = text.charCodeAt(from) - 0x30
    const code = text.slice(from + 1, from + PHRASE_AT)
    if (rank < 1 || rank > PRIORITY_MAX || !/^[0-9A-F]{2}$/.test(code)) return null
    const phrase = text.slice(from + PHRASE_AT, from + ALARM_CHARS).trim()
    const type = page === 1 && TECHNICAL.has(code) ? 'technical' : rank < CAUTION ? 'advisory' : 'physiological'
    const source = page === 1 ? (SOURCE_OF.get(code) ?? '') : ''
    alarms.set(code, { code: page === 1 ? `draeger:${code}` : `draeger:2:${code}`, text: phrase, source, type, rank })
  }
  return alarms
}

const priorityOf = (rank: number): DeviceAlarm['priority'] => (rank >= WARNING ? 'high' : rank >= CAUTION ? 'medium' : 'low')
