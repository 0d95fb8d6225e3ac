/** Words that a nurse reads in alerts: one spelling of each variable, unit and reason. */

import type { Because, BecauseInput } from '../domain/alert.ts'
import type { Variable } from '../domain/metrics.ts'
import type { AbsentReason } from '../domain/reading.ts'
import { printed, roundHalfUp } from './rounding.ts'
import type { ScoreResult } from './scores/result.ts'
import type { Sample, Source } from './vitals.ts'

export const VARIABLE_WORDS: Readonly<Record<Variable, string>> = {
  hr: 'HR', spo2: 'SpO₂', rr: 'RR', sbp: 'SBP', dbp: 'DBP', map: 'MAP', temperature: 'Temp', etco2: 'EtCO₂', fio2: 'FiO₂',
}

const UNIT_WORDS: ReadonlyMap<string, string> = new Map([['mm[Hg]', 'mmHg'], ['Cel', '°C'], ['cm[H2O]', 'cmH₂O']])
/** UCUM to what is printed on a monitor. */
export const unitWord = (ucum: string): string => UNIT_WORDS.get(ucum) ?? ucum

export const REASON_WORDS: Readonly<Record<AbsentReason, string>> = {
  'lead-off': 'lead off', 'probe-off': 'probe off', 'not-measured': 'not measured', 'out-of-range': 'out of the sensor\'s range',
  'device-invalid': 'marked invalid by the monitor', implausible: 'not believable',
}

/** `SpO₂ 84 %`, with a word of doubt where the device has one. */
export const valueWords = ({ variable, unit, decimals }: Source, { value, doubtful, timeUncertain }: Sample): string =>
  `${VARIABLE_WORDS[variable]} ${printed(value, decimals)} ${unitWord(unit)}${doubtful ? ' (weak signal)' : ''}${timeUncertain ? ' (time uncertain)' : ''}`

/** One input of a `because`: the sensor's own name, the value as it was compared, its unit and time. */
export function inputOf({ label, unit, decimals }: Source, { value, wall, timeUncertain }: Sample): BecauseInput {
  const input: BecauseInput = { name: label, value: roundHalfUp(value, decimals), unit: unitWord(unit), at: wall }
  return timeUncertain ? { ...input, timeUncertain } : input
}

/** What an alert rests on, to be told from what hangs on the same sensor. */
export const sensorOf = ({ device, metric }: Source): NonNullable<Because['sensors']>[number] => ({ device, metric: metric.id })

const INPUT_WORDS: ReadonlyMap<string, string> = new Map([
  ['rr', 'RR'], ['spo2', 'SpO₂'], ['sbp', 'SBP'], ['pulse', 'HR'], ['temperature', 'Temp'], ['wbc', 'white cells'], ['bands', 'band cells'], ['paco2', 'PaCO₂'],
])
export const inputWord = (name: string): string => INPUT_WORDS.get(name) ?? name

/** `NEWS2 7`, or `NEWS2 at least 7 (7 to 10; consciousness, oxygen not known)`. */
export function scoreWords(name: string, { total, min, max, complete, missing }: Pick<ScoreResult, 'total' | 'min' | 'max' | 'complete' | 'missing'>): string {
  return complete ? `${name} ${total}` : `${name} at least ${min} (${min} to ${max}; ${missing.map(inputWord).join(', ')} not known)`
}
