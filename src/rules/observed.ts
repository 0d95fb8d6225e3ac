/** NEWS2 of a set that a nurse has confirmed: the score itself, not an estimate. 5 or more, or a single 3, acts at once. */

import type { Priority } from '../domain/alert.ts'
import type { ConfirmedSet, Signal } from '../seams.ts'
import { news2 } from './scores/news2.ts'
import type { ScoreResult } from './scores/result.ts'
import type { View } from './watcher.ts'
import { inputWord, scoreWords } from './words.ts'

export const OBSERVED_CONDITION = 'news2/observation'
const VERSION = '1'

type Band = { readonly priority: Priority; readonly limit: string; readonly response: string }
/** RCP 2017, chart 4. */
const SINGLE: Band = { priority: 'medium', limit: '3 in one parameter', response: 'inform the medical team; observe each hour' }
const URGENT: Band = { priority: 'medium', limit: '5 or more (urgent)', response: 'inform the medical team at once; observe each hour' }
const EMERGENCY: Band = { priority: 'high', limit: '7 or more (emergency)', response: 'emergency assessment by a critical-care team; observe continuously' }

const bandOf = ({ min, parts }: ScoreResult): Band | null =>
  min >= 7 ? EMERGENCY : min >= 5 ? URGENT : Object.values(parts).some((points) => points >= 3) ? SINGLE : null

const UNITS: Readonly<Record<string, string>> = { rr: '/min', spo2: '%', sbp: 'mmHg', pulse: '/min', temperature: '°C' }

function inputsOf({ takenAt, by, onOxygen, consciousness, measuredAt, ...measured }: ConfirmedSet) {
  const values = Object.entries(measured).flatMap(([name, value]) => (typeof value === 'number' ? [{ name: inputWord(name), value, unit: UNITS[name] ?? '', at: measuredAt?.[name] ?? takenAt }] : []))
  const oxygen = onOxygen === undefined ? [] : [{ name: 'oxygen', value: onOxygen ? 'on oxygen' : 'on air', unit: '', at: takenAt }]
  const alert = consciousness === undefined ? [] : [{ name: 'consciousness', value: consciousness, unit: 'ACVPU', at: takenAt }]
  return [...values, ...oxygen, ...alert, { name: 'confirmed by', value: by, unit: '', at: takenAt }]
}

/** `worst`: its score, where it acts. A set that needs no response ends the alert of the one before. */
export function observedNews2(set: ConfirmedSet, { context }: Pick<View, 'context'>): { readonly signals: readonly Signal[]; readonly worst: number | null } {
  const { takenAt: _at, by: _by, measuredAt: _measuredAt, isTakenBack: _isTakenBack, onOxygen, ...values } = set
  const result = news2.score({ ...values, oxygen: onOxygen, spo2Scale: context.spo2Scale })
  const band = bandOf(result)
  if (band === null) return { signals: [{ kind: 'cleared', condition: OBSERVED_CONDITION }], worst: null }
  const threes = Object.entries(result.parts).filter(([, points]) => points >= 3).map(([part]) => inputWord(part))
  const because = {
    rule: 'news2-observation', version: VERSION, inputs: inputsOf(set), limit: { text: `NEWS2 ${band.limit}: ${band.response}`, setBy: 'RCP NEWS2 2017' }, missing: result.missing,
  }
  const text = `${scoreWords('NEWS2', result)}, observed${threes.length > 0 ? `; ${threes.join(' and ')} scores 3` : ''}`
  return { signals: [{ kind: 'present', condition: OBSERVED_CONDITION, priority: band.priority, type: 'physiological', text, because, again: true }], worst: result.min }
}
