/** Words of the handover page. */

import type { HandoverView } from '../api/wire.ts'
import { momentText } from './age.ts'
import { bedText, inputText, priorityMark } from './words.ts'

type Why = HandoverView['beds'][number]['reasons'][number]['why']

const WHY: Readonly<Record<Why, string>> = {
  'gateway-down': 'Vigil was not running',
  maintenance: 'maintenance',
  empty: 'nobody known there',
  away: 'patient away',
  'population-unset': 'population not set',
  'no-limit': 'no rule for this patient',
  demo: 'monitor in demonstration',
  quarantine: 'monitor not believed',
  'sensor-off': 'sensor off',
  'no-data': 'no data',
  comfort: 'comfort care, shown only',
  commissioning: 'commissioning, silent',
}
export const unwatchedText = (why: Why): string => WHY[why]

const RULES: Readonly<Record<string, string>> = {
  'limits/spo2': 'SpO₂', 'limits/hr': 'HR', 'limits/rr': 'RR', 'limits/pressure': 'blood pressure', 'limits/temperature': 'temperature', score: 'score', sepsis: 'sepsis screen',
}
export const ruleText = (rule: string): string => RULES[rule] ?? rule

/** `43 min`, `2 h 05 min`, `20 s`. */
export function spanText(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}

type Told = HandoverView['beds'][number]['told']

/** Open alerts of a bed, and who has taken care of each. */
export const handoverAlerts = (told: Told, now: number): string =>
  told?.alerts.map(({ text, priority, acknowledged }) => `${priorityMark(priority)} ${text} (${acknowledged === null ? 'not acknowledged' : `${acknowledged.by} ${momentText(acknowledged.at, now)}`})`).join('; ') ?? ''

/** Limits that are not the ward's. */
export const handoverLimits = (told: Told, now: number): string =>
  told?.limits.map(({ variable, side, beyond, by, until }) => `${inputText(variable, [])} ${side} ${beyond} by ${by}${until === null ? '' : `, until ${momentText(until, now)}`}`).join('; ') ?? ''

export const handoverObserved = (told: Told, now: number): string =>
  told === undefined || told.observed === null ? '' : `NEWS2 ${told.observed.news2}${told.observed.complete ? '' : ' (incomplete)'} ${momentText(told.observed.at, now)} by ${told.observed.by}`

/** What is said aloud at handover. Beds where nobody is known are not news. */
export function handoverText({ beds }: HandoverView): string {
  const missed = beds
    .map(({ label, reasons }) => ({ label, seconds: reasons.reduce((sum, { why, seconds }) => sum + (why === 'empty' ? 0 : seconds), 0) }))
    .filter(({ seconds }) => seconds >= 60)
    .toSorted((a, b) => b.seconds - a.seconds)
  const [worst] = missed
  if (worst === undefined) return 'every bed with a patient was watched'
  return `${bedText(worst.label)} unwatched for ${spanText(worst.seconds)}${missed.length === 1 ? '' : ` and ${missed.length - 1} more`}`
}
