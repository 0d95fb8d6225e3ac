/** The closed vocabulary of the live lane: no other word of an alert leaves the ward. Pure. */

import { METRICS, VARIABLES, metricOfId } from '../domain/metrics.ts'
import { POPULATIONS } from '../domain/population.ts'
import { ABSENT_REASONS } from '../domain/reading.ts'
import { UNWATCHED } from '../domain/watch.ts'
import { WATCHED } from '../rules/armed.ts'
import { CORRECTION_REASONS } from './corrections.ts'

/** What a word becomes that is in no list. */
export const OTHER = 'other'

export const PHASES = ['start', 'update', 'escalate', 'deescalate', 'end', 'reset'] as const
export const STATES = ['active', 'latched', 'inactive'] as const
export const PRIORITY_WORDS = ['low', 'medium', 'high'] as const
export const TYPES = ['physiological', 'technical', 'advisory'] as const
export const SEVERITIES = ['info', 'warning', 'critical', 'emergency'] as const
export const CHANGES = ['acknowledged', 'audio-paused', 'edit', 'alert'] as const
export const EVENT_TYPES = ['vital-signs', 'alerts', 'gaps', 'corrections', 'lab-results', 'medications', 'device-metrics', 'system-metrics'] as const
export const CORRECTION_KINDS = ['retract', 'reassign'] as const
/** What a rule of the watch ledger can be in. */
export const WATCH_STATES = ['armed', ...UNWATCHED] as const

/** Of medicines given. A code of the ATC is a class of substances (WHO: a letter, two digits, two letters, two digits). */
export const GIVEN_STATUSES = ['complete', 'partial', 'refused', 'not-given', 'not-said'] as const
export const GIVEN_ACTIONS = ['added', 'updated', 'deleted'] as const
export const DOSE_UNITS = ['mg', 'g', 'ug', 'mcg', 'ng', 'mL', 'L', '[iU]', 'U', 'mmol', 'meq', 'mg/kg', 'ug/kg', 'mL/kg', '1', '%', OTHER] as const
export const PER_TIMES = ['once', 's', 'min', 'h', 'd', OTHER] as const
export const isAtc = (text: string): boolean => /^[A-Z]\d{2}[A-Z]{2}\d{2}$/.test(text)
/** Of a device that sends. */
export const DEVICE_STATES = ['heard'] as const

/** Parts of rule ids and conditions, between `/`, `-` and `.`. */
const CONDITION_WORDS = [
  'threshold', 'limit', 'news2', 'qsofa', 'sirs', 'pews', 'sepsis', 'screen', 'silence', 'silent', 'technical', 'gateway', 'store', 'sync', 'clock',
  'disk', 'link', 'device', 'monitor', 'alarm', 'data', 'lost', 'stale', 'down', 'up', 'never', 'failing', 'battery', 'lead', 'leads', 'probe',
  'off', 'on', 'quarantine', 'quarantined', 'unknown', 'low', 'high', 'very', 'extreme', 'critical', 'warning', 'alert', 'total', 'score', 'band',
  'single', 'red', 'three', 'any', 'part', 'aggregate', 'urgent', 'emergency', 'hypotension', 'hypertension', 'shock', 'tachycardia', 'bradycardia',
  'tachypnoea', 'bradypnoea', 'fever', 'hypothermia', 'desaturation', 'hypoxia', 'asystole', 'apnoea', 'missing', 'incomplete', 'implausible',
  'rate', 'trend', 'rise', 'fall', 'rising', 'falling', 'pressure', 'not', 'no', 'receiving', 'frame', 'frames', 'unbound', 'association',
  'duplicate', 'reused', 'control', 'id', 'time', 'infection', 'suspected', 'oxygen', 'pulse', 'respiration', 'response', 'deterioration', 'rule',
  'rules', 'faulted', 'conflict', 'patient', 'organ', 'dysfunction', 'clinical', 'set', 'aside', 'two', 'senders', 'full', 'epoch', 'ledger', 'identity', 'shared', 'rows', 'refused', 'backup', 'damaged',
  'step', 'reversed', 'flat', 'differs', 'weak', 'draft', 'limits', 'cross', 'check', 'watch', 'metric', 'observation', 'away', 'overdue', 'bed', 'measured', 'maintenance', 'goal', 'review', 'ward', 'shift', 'break', 'over', OTHER,
] as const

/** Inputs of scores and rules beside metrics and variables (the keys of `vigil score`). */
const INPUT_WORDS = [
  'spo2Scale', 'oxygen', 'onOxygen', 'pulse', 'consciousness', 'gcs', 'ageYears', 'pregnant', 'wbc', 'bands', 'paco2', 'lactate',
  'infectionSuspected', 'infection', 'population', 'news2', 'qsofa', 'sirs', 'pews', 'total', 'score', 'min', 'max', 'silence', 'silent', 'age',
  'limit', 'duration', 'seconds', 'frames', 'channel', 'NEWS2', 'qSOFA', 'SIRS', 'PEWS', 'SpO₂ scale', 'infection suspected', 'last frame',
  'usual SBP, last 4 h', 'white cells', 'band cells', 'PaCO₂', 'alarms of the monitor', 'NEWS2 worst in 1, 4, 12 h', 'NEWS2 at least 5 in 1, 4, 12 h',
  ...['RR', 'SpO₂', 'SBP', 'HR', 'Temp'].map((word) => `${word} change in 1, 4, 12 h`), OTHER,
] as const

/** Values of inputs that are words. */
const VALUE_WORDS = [
  'A', 'C', 'V', 'P', 'U', 'yes', 'no', 'true', 'false', 'unknown', ...POPULATIONS, 'on oxygen', 'on air', 'not said', 'alarm-off', 'alarm-paused', 'audio-off', 'audio-paused', ...ABSENT_REASONS, OTHER,
] as const

/** Units of inputs that are no metric's in UCUM: those of scores and words, and what is printed on a monitor. */
const UNIT_WORDS = ['', 'mmHg', '°C', 'cmH₂O', 'ACVPU', 'points', '1', 's', 'ms', 'min', 'h', 'a', '{score}', '10*3/uL', 'mmol/L', '%', OTHER] as const

const CONDITIONS: ReadonlySet<string> = new Set([...CONDITION_WORDS, ...VARIABLES])
/** Labels too: rules name an input as the monitor does. */
const NAMES: ReadonlySet<string> = new Set([...VARIABLES, ...INPUT_WORDS, ...METRICS.flatMap(({ id, label }) => [id, label, `last ${label}`])])
const VALUES: ReadonlySet<string> = new Set([...VALUE_WORDS, ...METRICS.map((metric) => metric.id)])
const UNITS: ReadonlySet<string> = new Set([...UNIT_WORDS, ...METRICS.map((metric) => metric.unit)])

/** `word` when it is one of the list, else null. */
export const oneOf = <const Word extends string>(list: readonly Word[], word: string): Word | null => list.find((known) => known === word) ?? null

/** A part is a metric, or words of the list joined by `-`, `.` or `_`. No numbers: `silence/12` may be a bed. */
const isConditionPart = (part: string): boolean => metricOfId(part) !== undefined || part.split(/[-._]/).every((word) => CONDITIONS.has(word))

/** Whether every part of a condition or rule id is of the vocabulary. */
export const isCondition = (text: string): boolean => text.length <= 100 && text.split('/').every(isConditionPart)

/** The condition itself, or as much of its beginning as is of the vocabulary, then `other`. */
export function conditionWord(text: string): string {
  if (isCondition(text)) return text
  const [rule = ''] = text.split('/')
  return isCondition(rule) ? `${rule}/${OTHER}` : OTHER
}

/** The rule's id without the version that may stand behind it, as in `threshold/1`. */
export const ruleWord = (text: string): string => conditionWord(text.replace(/\/\d{1,3}$/, ''))

export const nameWord = (text: string): string => (NAMES.has(text) ? text : OTHER)
export const valueWord = (text: string): string => (VALUES.has(text) ? text : OTHER)
export const unitWord = (text: string): string => (UNITS.has(text) ? text : OTHER)

/** A version of a rule: up to three small numbers. */
export const isVersion = (text: string): boolean => /^\d{1,3}(\.\d{1,3}){0,2}$/.test(text)

/** Words of a limit's text that are no label, unit or variable. */
const LIMIT_WORDS: ReadonlySet<string> = new Set([
  '<', '>', '<=', '>=', '≤', '≥', 'below', 'above', 'beyond', 'under', 'over', 'at', 'least', 'most', 'or', 'and', 'more', 'less', 'than', 'for',
  'within', 'to', 'in', 'one', 'parameter', 'points', 'low', 'medium', 'high', 'urgent', 'emergency', 'an', 'a', 'estimate', 'from', 'continuous',
  'values', 'what', 'can', 'be', 'believed', 'not', 'scored', 'ignored', 'NEWS2', 'qSOFA', 'SIRS', 'PEWS', 'with', 'infection', 'suspected',
  'criteria', 'of', 'prompt', 'diagnosis', 'vital', 'signs', 'only', 'fall', 'medians', 'temperature', 'lactate',
])
/** From here on the numbers are of the delay. */
const DELAY_WORDS: ReadonlySet<string> = new Set(['after', 'once'])
const LABELS: ReadonlySet<string> = new Set([
  ...METRICS.flatMap((metric) => metric.label.split(' ')), 'SBP', 'DBP', 'MAP', 'RR', 'HR', 'SpO₂', 'Temp', 'EtCO₂', 'FiO₂', 's',
])
const LIMIT_NUMBERS_MAX = 6

/**
 * The numbers of a limit's text, where every word of it is a comparison, a label, a unit or a number of at most four
 * digits; otherwise none: a limit that says more than that may say who.
 */
export function limitNumbers(text: string): readonly number[] {
  const numbers: number[] = []
  let isDelay = false
  for (const raw of text.split(/\s+/)) {
    const word = raw.replace(/^\(|[;:,.)]+$/g, '')
    const number = /^[<>≤≥]?(-?\d{1,4}(?:\.\d{1,2})?)%?$/.exec(word)?.[1]
    if (number !== undefined) {
      if (!isDelay) numbers.push(Number(number))
    } else if (DELAY_WORDS.has(word)) isDelay = true
    else if (!LIMIT_WORDS.has(word) && !LABELS.has(word) && !UNITS.has(word) && !NAMES.has(word)) return []
  }
  return [...new Set(numbers)].slice(0, LIMIT_NUMBERS_MAX)
}

/** Every word that may stand as a whole leaf of an event: what the egress scanner does not look into. */
export const VOCABULARY: ReadonlySet<string> = new Set<string>([
  ...PHASES, ...STATES, ...PRIORITY_WORDS, ...TYPES, ...SEVERITIES, ...CHANGES, ...EVENT_TYPES, ...CORRECTION_KINDS, ...CORRECTION_REASONS, ...GIVEN_STATUSES, ...GIVEN_ACTIONS, ...DOSE_UNITS, ...PER_TIMES, ...DEVICE_STATES, 'ATC', ...WATCH_STATES, ...WATCHED,
  ...NAMES, ...VALUES, ...UNITS, ...METRICS.flatMap((metric) => (metric.loinc === null ? [] : [metric.loinc])),
])
