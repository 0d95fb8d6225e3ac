/** A set of vital signs while a nurse corrects it: what is typed, what it scores, and what is sent. Pure. */

import type { FrozenView, TakenSet } from '../api/stay-wire.ts'
import { OBSERVED_NAMES, type ObservedName } from '../domain/confirmed.ts'
import { news2 } from '../rules/scores/news2.ts'
import type { ScoreResult } from '../rules/scores/result.ts'

export type Draft = {
  readonly frozen: FrozenView
  /** As typed; empty: not taken. */
  readonly typed: Readonly<Record<ObservedName, string>>
  /** null: not said yet. */
  readonly onOxygen: boolean | null
  readonly consciousness: NonNullable<TakenSet['consciousness']> | null
}

const frozenValue = ({ values }: FrozenView, name: ObservedName) => values.find((value) => value.name === name) ?? null

/** What the freeze says; oxygen and consciousness are looked at anew, for they are no sensor's. */
export function draftOf(frozen: FrozenView): Draft {
  const textOf = (name: ObservedName): string => frozenValue(frozen, name)?.value.toFixed(frozen.ranges[name].decimals) ?? ''
  return { frozen, typed: { rr: textOf('rr'), spo2: textOf('spo2'), sbp: textOf('sbp'), pulse: textOf('pulse'), temperature: textOf('temperature') }, onOxygen: null, consciousness: null }
}

export type Entered =
  | { readonly kind: 'absent' }
  | { readonly kind: 'wrong'; readonly why: string }
  /** `corrected`: it is not what was frozen. */
  | { readonly kind: 'value'; readonly value: number; readonly corrected: boolean }

/** Numbers as people type them, with a comma or a point. */
export function enteredOf({ frozen, typed }: Draft, name: ObservedName): Entered {
  const text = typed[name].trim().replace(',', '.')
  if (text === '') return { kind: 'absent' }
  const { low, high, decimals } = frozen.ranges[name]
  if (!/^\d{1,3}(\.\d{1,2})?$/.test(text)) return { kind: 'wrong', why: 'not a number' }
  const value = Number(Number(text).toFixed(decimals))
  if (value < low || value > high) return { kind: 'wrong', why: `not within ${low} to ${high}` }
  return { kind: 'value', value, corrected: frozenValue(frozen, name)?.value !== value }
}

/** NEWS2 of what stands there now. */
export function scoreOf(draft: Draft): ScoreResult {
  const values = OBSERVED_NAMES.flatMap((name) => {
    const entered = enteredOf(draft, name)
    return entered.kind === 'value' ? [[name, entered.value] as const] : []
  })
  return news2.score({ ...Object.fromEntries(values), oxygen: draft.onOxygen ?? undefined, consciousness: draft.consciousness ?? undefined, spo2Scale: draft.frozen.spo2Scale })
}

/** Why it cannot be confirmed; null: it can. */
export function problemOf(draft: Draft): string | null {
  const wrong = OBSERVED_NAMES.filter((name) => enteredOf(draft, name).kind === 'wrong')
  if (wrong.length > 0) return 'A value cannot be right.'
  return OBSERVED_NAMES.every((name) => enteredOf(draft, name).kind === 'absent') && draft.onOxygen === null && draft.consciousness === null ? 'Nothing is entered.' : null
}

/** The body of the request: what was corrected was measured when the set was taken. */
export function requestOf(draft: Draft): object {
  const { frozen, onOxygen, consciousness } = draft
  const values = OBSERVED_NAMES.flatMap((name) => {
    const entered = enteredOf(draft, name)
    if (entered.kind !== 'value') return []
    const stood = frozenValue(frozen, name)
    return [[name, entered.corrected ? { value: entered.value, at: frozen.at, frozen: stood?.value ?? null } : { value: entered.value, at: stood?.at ?? frozen.at }]]
  })
  return { takenAt: frozen.at, values: Object.fromEntries(values), ...(onOxygen === null ? {} : { onOxygen }), ...(consciousness === null ? {} : { consciousness }) }
}
