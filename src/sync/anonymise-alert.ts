/** What leaves of an alert: words of the vocabulary and numbers, never its text, author or place. Pure. */

import type { Surrogate } from '../domain/batch.ts'
import { type AlertEvent, type Because, severityOf } from '../domain/alert.ts'
import { syncLimits } from '../limits.ts'
import {
  PHASES, PRIORITY_WORDS, REMOVED_BECAUSE, RESUMED_BECAUSE, STATES, TYPES, conditionWord, isVersion, limitNumbers, nameWord, oneOf, OTHER, ruleWord, unitWord, valueWord,
} from './anonymise-vocabulary.ts'

export type BecauseData = {
  readonly rule: string
  readonly version: string
  /** `t`: ms from the event's timestamp, negative for what was observed before it. */
  readonly inputs: readonly { readonly name: string; readonly value: number | string; readonly unit: string; readonly t: number }[]
  readonly limit: readonly number[]
  readonly missing: readonly string[]
}

export type AlertData = { readonly alert: Surrogate } & (
  | {
      readonly kind: 'phase'
      readonly device: Surrogate | null
      readonly phase: (typeof PHASES)[number]
      readonly state: (typeof STATES)[number]
      readonly priority: (typeof PRIORITY_WORDS)[number]
      readonly severity: 'info' | 'warning' | 'critical' | 'emergency'
      readonly type: (typeof TYPES)[number]
      readonly condition: string
      readonly because: BecauseData
    }
  | { readonly kind: 'acknowledged'; readonly user: Surrogate }
  | { readonly kind: 'acknowledgement-removed'; readonly why: (typeof REMOVED_BECAUSE)[number] }
  | { readonly kind: 'audio-paused'; readonly user: Surrogate; readonly forMs: number }
  | { readonly kind: 'audio-resumed'; readonly why: (typeof RESUMED_BECAUSE)[number] }
)

export type AlertSurrogates = { readonly alert: Surrogate; readonly device: Surrogate | null; readonly user: Surrogate | null }

/** null when the event uses a word of its closed lists that we do not know: it is withheld, and counted. */
export function alertData(event: AlertEvent, { alert, device, user }: AlertSurrogates): AlertData | null {
  switch (event.kind) {
    case 'phase': {
      const phase = oneOf(PHASES, event.phase)
      const state = oneOf(STATES, event.state)
      const priority = oneOf(PRIORITY_WORDS, event.priority)
      const type = oneOf(TYPES, event.type)
      if (phase === null || state === null || priority === null || type === null) return null
      const condition = conditionWord(event.condition)
      return {
        alert, kind: 'phase', device, phase, state, priority, severity: severityWord(priority, condition), type, condition,
        because: becauseData(event.because, event.at),
      }
    }
    case 'acknowledged':
      return user === null ? null : { alert, kind: 'acknowledged', user }
    case 'acknowledgement-removed': {
      const why = oneOf(REMOVED_BECAUSE, event.why)
      return why === null ? null : { alert, kind: 'acknowledgement-removed', why }
    }
    case 'audio-paused':
      return user === null ? null : { alert, kind: 'audio-paused', user, forMs: event.until - event.at }
    case 'audio-resumed': {
      const why = oneOf(RESUMED_BECAUSE, event.why)
      return why === null ? null : { alert, kind: 'audio-resumed', why }
    }
  }
}

/** Central's words: asystole and apnoea are emergencies. */
const severityWord = (priority: 'low' | 'medium' | 'high', condition: string): 'info' | 'warning' | 'critical' | 'emergency' =>
  priority === 'high' && /asystole|apnoea/.test(condition) ? 'emergency' : severityOf(priority)

const becauseData = (because: Because, at: number): BecauseData => ({
  rule: ruleWord(because.rule),
  version: isVersion(because.version) ? because.version : OTHER,
  inputs: because.inputs.slice(0, syncLimits.alertInputsMax).map((input) => ({
    name: nameWord(input.name),
    value: typeof input.value === 'number' ? input.value : valueWord(input.value),
    unit: unitWord(input.unit),
    t: input.at - at,
  })),
  limit: because.limit === null ? [] : limitNumbers(because.limit.text),
  missing: [...new Set(because.missing.map(nameWord))],
})
