/**
 * What a status says of its value, and of the heart. `final`, or `Message-` and one of the messages that the middleware
 * lists (src/utils/ObservationUtils.ts): with a rhythm the value is valid unless it is null, with a lost sensor it is not.
 */

import type { AbsentReason, ActiveAlarm } from '#driver'

export type Status =
  | { readonly kind: 'valid'; readonly alarm: ActiveAlarm | null }
  | { readonly kind: 'absent'; readonly reason: AbsentReason }
  /** None was sent, or one that nobody has told of: no value with it is believed. */
  | { readonly kind: 'none' | 'unknown' }

/** Capitals, blanks and dashes are written in more ways than one. */
const folded = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '')

const SENSORS: ReadonlyMap<string, AbsentReason> = new Map([
  ['leadsoff', 'lead-off'],
  ['nofingerinprobe', 'probe-off'],
  ['probeunplugged', 'probe-off'],
  ['measurementinvalid', 'device-invalid'],
  ['measurementerror', 'device-invalid'],
  ['wrongcuff', 'device-invalid'],
  ['connectcuff', 'not-measured'],
])

/** The records tell no priority. What stops the circulation is high, what may lead there medium, the rest low. */
const RHYTHMS: readonly (readonly [priority: ActiveAlarm['priority'], texts: readonly string[]])[] = [
  ['high', ['Asystole', 'VFIB', 'VTAC', 'Extreme Tachycardia', 'Extreme Bradycardia']],
  ['medium', [
    'Tachy Cardia', 'Brady Cardia', 'Pause', 'Run of PVCs', 'Non Standard Ventricular Tachycardia', 'Ventricular Bradycardia', 'Ventricular Rhythm',
    'R ON T', 'PNP', 'PVC High', 'ARRHYTHMIA',
  ]],
  ['low', ['Missed Beat', 'COUPLET', 'BIGEMINY', 'TRIGEMINY', 'PNC', 'Ventricular Premature Beat', 'Irregular Rhythm']],
]
const HEART = 'MDC_ECG_HEART_RATE'

const rhythm = (text: string, priority: ActiveAlarm['priority']): Status => {
  const code = `teleicu:${folded(text)}`
  return { kind: 'valid', alarm: { id: code, code, text, source: HEART, priority, type: 'physiological', inactivation: [] } }
}

const STATUSES: ReadonlyMap<string, Status> = new Map<string, Status>([
  ['final', { kind: 'valid', alarm: null }],
  ...Array.from(SENSORS, ([word, reason]): [string, Status] => [word, { kind: 'absent', reason }]),
  ...RHYTHMS.flatMap(([priority, texts]) => texts.map((text): [string, Status] => [folded(text), rhythm(text, priority)])),
])

export function statusOf(status: unknown): Status {
  if (status === undefined || status === null || status === '') return { kind: 'none' }
  if (typeof status !== 'string') return { kind: 'unknown' }
  return STATUSES.get(folded(status.replace(/^message-/i, ''))) ?? { kind: 'unknown' }
}

const DISCONNECTED: ActiveAlarm = {
  id: 'teleicu:disconnected', code: 'teleicu:disconnected', text: 'Monitor disconnected from the tele-ICU gateway', source: '',
  priority: 'medium', type: 'technical', inactivation: [],
}

/** Of a device-connection record: null while the monitor is connected. */
export function alarmOfConnection(status: unknown): ActiveAlarm | null | 'unknown' {
  const word = typeof status === 'string' ? folded(status) : ''
  return word === 'connected' ? null : word === 'disconnected' ? DISCONNECTED : 'unknown'
}
