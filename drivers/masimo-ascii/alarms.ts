/** ALARM: four to six hexadecimal digits whose bits were found out by watching devices; Masimo has not published them. */

import type { ActiveAlarm, AlarmInactivation } from '#driver'

const FIELD = /^[0-9A-Fa-f]{4,6}$/
const DASHES = /^-+$/

/** 10 is set whenever the device alarms, also for what the other bits do not name. */
const MUTED = 0x20

const SPO2 = 'MDC_PULS_OXIM_SAT_O2'
const PULSE = 'MDC_PULS_OXIM_PULS_RATE'
const HIGH = 'MDC_EVT_HI_VAL_GT_LIM'
const LOW = 'MDC_EVT_LO_VAL_LT_LIM'

/** No bit tells a priority. ISO 80601-2-61 wants at least medium for a low saturation. */
const limit = { priority: 'medium', type: 'physiological', inactivation: [] } as const

const BITS: readonly { readonly bit: number; readonly alarm: ActiveAlarm }[] = [
  { bit: 0x01, alarm: { ...limit, id: 'masimo:spo2-high', code: HIGH, text: 'SpO2 high', source: SPO2 } },
  { bit: 0x02, alarm: { ...limit, id: 'masimo:spo2-low', code: LOW, text: 'SpO2 low', source: SPO2 } },
  { bit: 0x04, alarm: { ...limit, id: 'masimo:bpm-high', code: HIGH, text: 'Pulse rate high', source: PULSE } },
  { bit: 0x08, alarm: { ...limit, id: 'masimo:bpm-low', code: LOW, text: 'Pulse rate low', source: PULSE } },
]

/** The alarms that are active now, and whether the device is muted. */
export function readAlarms(text: string): { readonly active: readonly ActiveAlarm[]; readonly quiet: readonly AlarmInactivation[] } | 'untold' | 'unreadable' {
  if (DASHES.test(text)) return 'untold'
  if (!FIELD.test(text)) return 'unreadable'
  const bits = Number.parseInt(text, 16)
  const active = BITS.filter(({ bit }) => (bits & bit) !== 0).map(({ alarm }) => alarm)
  const quiet: readonly AlarmInactivation[] = (bits & MUTED) === 0 ? [] : ['audio-paused']
  return { active: active.map((alarm) => ({ ...alarm, inactivation: quiet })), quiet }
}
