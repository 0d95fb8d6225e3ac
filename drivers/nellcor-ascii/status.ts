/** The status of a line: two-letter codes, which say whether its numbers are values, and which alarms are active. */

import type { AbsentReason, ActiveAlarm, AlarmInactivation } from '#driver'

/** In % and /min, as the heading has them. */
export type Limits = { readonly spo2Low: number; readonly spo2High: number; readonly pulseLow: number; readonly pulseHigh: number }

export type Status = {
  readonly codes: ReadonlySet<string>
  readonly unknown: readonly string[]
  /** Why the numbers are no values, whatever is printed: a real device prints 0, or the last value, while it searches for a pulse. */
  readonly absence: AbsentReason | null
  readonly isMoving: boolean
}

const ABSENCES: ReadonlyMap<string, AbsentReason> = new Map([
  ['SD', 'probe-off'], ['SO', 'probe-off'], ['PS', 'device-invalid'], ['LP', 'device-invalid'], ['LM', 'device-invalid'],
])

const SPO2 = 'MDC_PULS_OXIM_SAT_O2'
const PULSE = 'MDC_PULS_OXIM_PULS_RATE'
const HIGH = 'MDC_EVT_HI_VAL_GT_LIM'
const LOW = 'MDC_EVT_LO_VAL_LT_LIM'

/** `limit`: which of the limits of the heading it is about. */
type Named = Omit<ActiveAlarm, 'id' | 'inactivation'> & { readonly limit?: keyof Limits }

/** The printout names no priority. ISO 80601-2-61 wants at least medium for a low saturation; without a pulse nothing is watched any more. */
const beyond = { priority: 'medium', type: 'physiological' } as const
const lost = { priority: 'high', type: 'physiological' } as const

const ALARMS: ReadonlyMap<string, Named> = new Map([
  ['SH', { ...beyond, code: HIGH, text: 'SpO2 high', source: SPO2, limit: 'spo2High' }],
  ['SL', { ...beyond, code: LOW, text: 'SpO2 low', source: SPO2, limit: 'spo2Low' }],
  ['PH', { ...beyond, code: HIGH, text: 'Pulse rate high', source: PULSE, limit: 'pulseHigh' }],
  ['PL', { ...beyond, code: LOW, text: 'Pulse rate low', source: PULSE, limit: 'pulseLow' }],
  ['LP', { ...lost, code: 'nellcor:LP', text: 'Loss of pulse', source: PULSE }],
  ['LM', { ...lost, code: 'nellcor:LM', text: 'Loss of pulse with motion', source: PULSE }],
  ['LB', { priority: 'low', type: 'technical', code: 'nellcor:LB', text: 'Low battery', source: '' }],
])

/** A star behind a number whose status does not say which limit it is beyond. */
const SPO2_STARRED: Named = { ...beyond, code: 'nellcor:%SpO2*', text: 'SpO2 outside its limits', source: SPO2 }
const PULSE_STARRED: Named = { ...beyond, code: 'nellcor:BPM*', text: 'Pulse rate outside its limits', source: PULSE }

const QUIET: ReadonlyMap<string, AlarmInactivation> = new Map([['AO', 'audio-off'], ['AS', 'audio-paused']])
const MOTION = 'MO'

export function statusOf(texts: readonly string[]): Status {
  const codes = new Set(texts)
  const isKnown = (code: string): boolean => code === MOTION || QUIET.has(code) || ABSENCES.has(code) || ALARMS.has(code)
  const reasons = texts.flatMap((code) => ABSENCES.get(code) ?? [])
  return {
    codes,
    unknown: texts.filter((code) => !isKnown(code)),
    // A sensor that is off says more than a pulse that is not found.
    absence: reasons.includes('probe-off') ? 'probe-off' : (reasons[0] ?? null),
    isMoving: codes.has(MOTION),
  }
}

/** How the sound of all alarms is kept. */
export const quietOf = ({ codes }: Status): readonly AlarmInactivation[] => [...codes].flatMap((code) => QUIET.get(code) ?? [])

/** What the line says is active now; `isStarred`: which numbers have a star. */
export function alarmsOf(status: Status, isStarred: Readonly<Record<'spo2' | 'pulse', boolean>>, limits: Limits | null): readonly ActiveAlarm[] {
  const { codes } = status
  const inactivation = quietOf(status)
  const named = [...codes].flatMap((code): [string, Named][] => {
    const alarm = ALARMS.get(code)
    return alarm === undefined ? [] : [[code, alarm]]
  })
  if (isStarred.spo2 && !codes.has('SH') && !codes.has('SL')) named.push(['%SpO2*', SPO2_STARRED])
  if (isStarred.pulse && !codes.has('PH') && !codes.has('PL')) named.push(['BPM*', PULSE_STARRED])
  return named.map(([code, { limit, text, ...alarm }]) => {
    const told = limit === undefined || limits === null ? text : `${text} (limit ${limits[limit]})`
    return { ...alarm, id: `nellcor:${code}`, text: told, inactivation }
  })
}
