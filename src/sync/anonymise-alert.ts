/** What leaves of an alert: words of the vocabulary and numbers, never its text, author or place. Pure. */

import type { Surrogate } from '../domain/batch.ts'
import { type AlertEvent, type Because, severityOf } from '../domain/alert.ts'
import { syncLimits } from '../limits.ts'
import {
  OTHER, PHASES, PRIORITY_WORDS, STATES, TYPES, conditionWord, isVersion, limitNumbers, nameWord, oneOf, ruleWord, unitWord, valueWord,
} from './anonymise-vocabulary.ts'

export type BecauseData = {
  readonly condition: string
  /** `t`: ms from the event's timestamp, negative for what was observed before it. */
  readonly inputs: readonly { readonly name: string; readonly value: number | string; readonly unit: string; readonly t: number }[]
  readonly limit: readonly number[]
  readonly missing: readonly string[]
}

export type AlertData = {
  /** Stands for the alert from onset to end. */
  readonly alertId: Surrogate
  readonly phase: (typeof PHASES)[number]
  readonly state: (typeof STATES)[number]
  readonly priority: (typeof PRIORITY_WORDS)[number]
  readonly severity: 'info' | 'warning' | 'critical' | 'emergency'
  readonly type: (typeof TYPES)[number]
  readonly rule: string
  readonly version: string
  readonly because: BecauseData
}

export type InteractionData = {
  readonly userId: Surrogate
  readonly action: 'edit'
  readonly resource: { readonly type: 'alert'; readonly id: Surrogate }
  readonly metadata: { readonly subject: Surrogate } & ({ readonly change: 'acknowledged' } | { readonly change: 'audio-paused'; readonly forMs: number })
}

type Phase = AlertEvent & { readonly kind: 'phase' }
type Escalated = AlertEvent & { readonly kind: 'escalated' }
type ByNurse = AlertEvent & { readonly kind: 'acknowledged' | 'audio-paused' }

/** null when the event uses a word of its closed lists that we do not know: it is withheld, and counted. */
export function alertData(event: Phase, alertId: Surrogate): AlertData | null {
  const phase = oneOf(PHASES, event.phase)
  const state = oneOf(STATES, event.state)
  const priority = oneOf(PRIORITY_WORDS, event.priority)
  const type = oneOf(TYPES, event.type)
  if (phase === null || state === null || priority === null || type === null) return null
  const { because, at } = event
  const condition = conditionWord(event.condition)
  return {
    alertId, phase, state, priority, severity: severityWord(priority, condition, event.unanswered === true), type,
    rule: ruleWord(because.rule),
    version: isVersion(because.version) ? because.version : OTHER,
    because: becauseData(because, condition, at),
  }
}

type About = { readonly alert: Surrogate; readonly subject: Surrogate; readonly user: Surrogate }

export const interactionData = (event: ByNurse, { alert, subject, user }: About): InteractionData => ({
  userId: user,
  action: 'edit',
  resource: { type: 'alert', id: alert },
  metadata: event.kind === 'acknowledged' ? { subject, change: 'acknowledged' } : { subject, change: 'audio-paused', forMs: event.until - event.at },
})

/**
 * A high that nobody answered: its severity rises. Said once, when the buddy is told; who was told is nobody's business there.
 * null where it follows from what was said, and where a word is not known.
 */
export function unansweredData(event: Escalated, alertId: Surrogate): AlertData | null {
  const type = oneOf(TYPES, event.type)
  if (event.level !== 'buddy' || type === null) return null
  return {
    alertId, phase: 'escalate', state: 'active', priority: 'high', severity: 'emergency', type,
    rule: ruleWord(event.rule),
    version: isVersion(event.version) ? event.version : OTHER,
    because: { condition: conditionWord(event.condition), inputs: [], limit: [], missing: [] },
  }
}

/** Central's words: asystole, apnoea and a high that nobody answers are emergencies. */
const severityWord = (priority: 'low' | 'medium' | 'high', condition: string, isUnanswered: boolean): 'info' | 'warning' | 'critical' | 'emergency' =>
  priority === 'high' && (isUnanswered || /asystole|apnoea/.test(condition)) ? 'emergency' : severityOf(priority)

const becauseData = (because: Because, condition: string, at: number): BecauseData => ({
  condition,
  inputs: because.inputs.slice(0, syncLimits.alertInputsMax).map((input) => ({
    name: nameWord(input.name),
    value: typeof input.value === 'number' ? input.value : valueWord(input.value),
    unit: unitWord(input.unit),
    t: input.at - at,
  })),
  limit: because.limit === null ? [] : limitNumbers(because.limit.text),
  missing: [...new Set(because.missing.slice(0, syncLimits.alertInputsMax).map(nameWord))],
})
