/** Turns one object from outside into score inputs, or says in words what is wrong with it. Pure. */

import { nearest } from '../../domain/nearest.ts'
import { CONSCIOUSNESS, NUMBER_INPUTS, OXYGEN_DEVICES, RESPIRATORY_DISTRESS, type ScoreInputs } from './inputs.ts'

export type ParsedInputs = { readonly kind: 'inputs'; readonly inputs: ScoreInputs } | { readonly kind: 'wrong'; readonly why: string }

/** `hr` is a second name of `pulse`. */
const aliasOf = (key: string): string => (key === 'hr' ? 'pulse' : key)

/** Understood and used by no score yet, so that one object can feed every rule. */
const UNUSED_INPUTS: readonly string[] = ['pao2', 'etco2', 'creatinine', 'bilirubin', 'platelets', 'urineOutput', 'infectionSuspected']

export const INPUT_KEYS: readonly string[] = [
  ...NUMBER_INPUTS, 'hr', 'spo2Scale', 'oxygen', 'consciousness', 'pregnant', 'device', 'respiratoryDistress', ...UNUSED_INPUTS,
]

/** What people write for an input whose name looks nothing like it. */
const SYNONYMS: ReadonlyMap<string, string> = new Map(Object.entries({
  heartrate: 'pulse', respiratoryrate: 'rr', resprate: 'rr', resp: 'rr', sao2: 'spo2', saturation: 'spo2', systolic: 'sbp', diastolic: 'dbp',
  age: 'ageYears', avpu: 'consciousness', acvpu: 'consciousness', o2: 'oxygen', t: 'temperature', scale: 'spo2Scale', pco2: 'paco2',
}))

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const oneOf = <Choice extends string>(choices: readonly Choice[], value: unknown): Choice | undefined => choices.find((choice) => choice === value)

type Draft = { -readonly [Name in keyof ScoreInputs]: ScoreInputs[Name] }

const shown = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 80)
const wrongChoice = (name: string, choices: readonly string[], value: unknown): string => `${name} is one of ${choices.join(', ')}; not ${shown(value)}`

/** Puts one key into the draft; answers what is wrong with it, or null. */
function take(draft: Draft, key: string, value: unknown): string | null {
  const name = aliasOf(key)
  const numeric = oneOf(NUMBER_INPUTS, name)
  if (numeric !== undefined) {
    if (typeof value !== 'number') return `${key} is a number; not ${shown(value)}`
    if (draft[numeric] !== undefined && draft[numeric] !== value) return `${name} is given twice, under two names and with two values`
    draft[numeric] = value
    return null
  }
  switch (name) {
    case 'spo2Scale':
      if (value !== 1 && value !== 2) return `spo2Scale is 1 or 2; not ${shown(value)}`
      draft.spo2Scale = value
      return null
    case 'oxygen':
      draft.oxygen = value === 'oxygen' ? true : value === 'air' ? false : typeof value === 'boolean' ? value : undefined
      return draft.oxygen === undefined ? `oxygen is true, false, "oxygen" or "air"; not ${shown(value)}` : null
    case 'pregnant':
      draft.pregnant = typeof value === 'boolean' ? value : undefined
      return draft.pregnant === undefined ? `pregnant is true or false; not ${shown(value)}` : null
    case 'consciousness':
      draft.consciousness = oneOf(CONSCIOUSNESS, typeof value === 'string' ? value.toUpperCase() : value)
      return draft.consciousness === undefined ? wrongChoice(name, CONSCIOUSNESS, value) : null
    case 'device':
      draft.device = oneOf(OXYGEN_DEVICES, value)
      return draft.device === undefined ? wrongChoice(name, OXYGEN_DEVICES, value) : null
    case 'respiratoryDistress':
      draft.respiratoryDistress = oneOf(RESPIRATORY_DISTRESS, value)
      return draft.respiratoryDistress === undefined ? wrongChoice(name, RESPIRATORY_DISTRESS, value) : null
  }
  return UNUSED_INPUTS.includes(name) ? null : unknownKey(key)
}

/** A synonym where we know one; else the nearest spelling; else the whole list. */
function unknownKey(key: string): string {
  const synonym = SYNONYMS.get(key.toLowerCase().replaceAll(/[^a-z0-9]/g, ''))
  const meant = synonym ?? nearest(key.slice(0, 64), INPUT_KEYS)
  return `unknown input ${shown(key)}${meant === null ? `; inputs are ${INPUT_KEYS.join(', ')}` : `; did you mean "${meant}"?`}`
}

/** A key whose value is null counts as absent. `oxygen` may be said as a boolean, "air" or "oxygen"; `hr` is `pulse`. */
export function parseInputs(from: unknown): ParsedInputs {
  if (!isRecord(from)) return { kind: 'wrong', why: 'not a JSON object of inputs' }
  const draft: Draft = {}
  for (const [key, value] of Object.entries(from)) {
    const why = value === null && INPUT_KEYS.includes(key) ? null : take(draft, key, value)
    if (why !== null) return { kind: 'wrong', why }
  }
  return { kind: 'inputs', inputs: draft }
}
