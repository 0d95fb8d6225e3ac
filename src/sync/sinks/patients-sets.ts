/**
 * Sets of six vital signs out of columns of single values, for `patients-api`: every field is required there, so a set is
 * whole or it is not posted (contract with central, §2). A fold over batches; the same batches give the same sets. Pure.
 */

import { type Variable, metricOfId } from '../../domain/metrics.ts'
import { type Column, type Fields, type WireEvent, fieldsOf, measuredOf } from './events.ts'

export type VitalSet = {
  readonly heart_rate: number
  readonly blood_pressure_systolic: number
  readonly blood_pressure_diastolic: number
  /** °F. */
  readonly temperature: number
  readonly oxygen_saturation: number
  readonly respiratory_rate: number
  /** ISO 8601, of the newest of the six. */
  readonly timestamp: string
}

const SIX = ['hr', 'sbp', 'dbp', 'temperature', 'spo2', 'rr'] as const satisfies readonly Variable[]
type Six = (typeof SIX)[number]

type Value = { readonly at: number; readonly value: number; readonly rank: number }
type Held = { readonly newest: { readonly [Name in Six]?: Value }; readonly postedAt: number }
/** By subject. */
export type SetState = ReadonlyMap<string, Held>

export type SetRules = {
  /** Of the six, none is older than this when the set is posted. */
  readonly freshMs: number
  /** Between two sets of one subject. */
  readonly everyMs: number
  readonly subjectsMax: number
}

/** `index`: of the event that made the set whole. */
export type DueSet = { readonly subject: string; readonly index: number; readonly set: VitalSet }

export type Folded = { readonly state: SetState; readonly sets: readonly DueSet[]; readonly incomplete: number }

/** From 2 on a value is doubtful or none, and from 100 on nobody's (quality codes of domain/batch). */
const DOUBTFUL_FROM = 2
const fahrenheit = (celsius: number): number => Math.round((celsius * 1.8 + 32) * 10) / 10

export function foldSets(before: SetState, events: readonly WireEvent[], { freshMs, everyMs, subjectsMax }: SetRules): Folded {
  const state = new Map(before)
  const sets: DueSet[] = []
  let incomplete = 0
  // What is held of somebody may have been another's; the platform itself takes nothing back.
  for (const { subject } of events.filter(({ eventType }) => eventType === 'corrections')) state.delete(subject)
  const inOrder = events.flatMap((event) => measuredOf(event).map((column) => ({ ...column, event }))).sort((a, b) => a.at - b.at)
  // What was measured in one instant belongs together: judged when the last of it is in.
  for (let from = 0; from < inOrder.length; ) {
    const first = inOrder[from]
    if (!first) break
    const { at } = first
    let to = from
    const touched = new Map<string, number>()
    for (; inOrder[to]?.at === at; to++) {
      const one = inOrder[to]
      if (one && taken(state, one.event.subject, one)) touched.set(one.event.subject, one.event.index)
    }
    from = to
    for (const [subject, index] of touched) {
      const held = state.get(subject)
      if (!held || at - held.postedAt < everyMs) continue
      const set = setOf(held, at, freshMs)
      if (set === null) incomplete++
      else sets.push({ subject, index, set })
      // A set that is not whole has had its turn too: it is counted once in `everyMs`, not with each value.
      state.set(subject, { ...held, postedAt: at })
    }
  }
  trim(state, subjectsMax)
  return { state, sets, incomplete }
}

/** Whether the value is newer than what is held of its variable, or better of the same age. */
function taken(state: Map<string, Held>, subject: string, { metric, at, value, quality }: Column): boolean {
  const variable = metricOfId(metric)?.variable
  const name = SIX.find((one) => one === variable?.name)
  if (subject === '' || name === undefined || !variable || quality >= DOUBTFUL_FROM) return false
  const held = state.get(subject) ?? { newest: {}, postedAt: Number.NEGATIVE_INFINITY }
  const known = held.newest[name]
  if (known && (known.at > at || (known.at === at && known.rank <= variable.rank))) return false
  // Moved to the end: who is silent is forgotten first.
  state.delete(subject)
  state.set(subject, { ...held, newest: { ...held.newest, [name]: { at, value, rank: variable.rank } } })
  return true
}

function setOf({ newest }: Held, at: number, freshMs: number): VitalSet | null {
  const fresh = (name: Six): number | null => {
    const value = newest[name]
    return value && at - value.at <= freshMs ? value.value : null
  }
  const [hr, sbp, dbp, celsius, spo2, rr] = [fresh('hr'), fresh('sbp'), fresh('dbp'), fresh('temperature'), fresh('spo2'), fresh('rr')]
  if (hr === null || sbp === null || dbp === null || celsius === null || spo2 === null || rr === null) return null
  return {
    heart_rate: hr, blood_pressure_systolic: sbp, blood_pressure_diastolic: dbp, temperature: fahrenheit(celsius), oxygen_saturation: spo2,
    respiratory_rate: rr, timestamp: new Date(at).toISOString(),
  }
}

function trim(state: Map<string, Held>, subjectsMax: number): void {
  for (const subject of state.keys()) {
    if (state.size <= subjectsMax) return
    state.delete(subject)
  }
}

// ── As text, for the ledger ──────────────────────────────────────────────────────────────────────────────────────────

export const textOfState = (state: SetState): string => JSON.stringify([...state])

/** What cannot be read is nothing held: sets are incomplete until new values have come. */
export function stateOf(text: string | null): SetState {
  const parsed: unknown = text === null ? [] : JSON.parse(text)
  if (!Array.isArray(parsed)) return new Map()
  const held = (entry: unknown) => (Array.isArray(entry) && typeof entry[0] === 'string' ? [[entry[0], heldOf(fieldsOf(entry[1]))] as const] : [])
  return new Map(parsed.flatMap(held))
}

const heldOf = ({ newest, postedAt }: Fields): Held => {
  const values = fieldsOf(newest)
  const known = SIX.flatMap((name) => {
    const { at, value, rank } = fieldsOf(values[name])
    return typeof at === 'number' && typeof value === 'number' && typeof rank === 'number' ? [[name, { at, value, rank }] as const] : []
  })
  return { newest: Object.fromEntries(known), postedAt: typeof postedAt === 'number' ? postedAt : Number.NEGATIVE_INFINITY }
}
