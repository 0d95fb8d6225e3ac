/**
 * A variable that has no valid value from any of its sensors: `technical/spo2-off`. A sensor that came off is said early,
 * and louder when nobody puts it back; a value that the monitor marks invalid, or that just stops coming while the
 * monitor goes on sending, is said later. A measurement that the monitor says is not being made is nobody's fault; one that
 * was told of before, and is switched off then, is said in these words and quietly, and not for ever. A monitor that says
 * nothing at all is `silence`, not this.
 */

import type { Because, Priority } from '../domain/alert.ts'
import { rankOf } from '../domain/alert.ts'
import type { Variable } from '../domain/metrics.ts'
import type { AbsentReason } from '../domain/reading.ts'
import type { MonoMs } from '../domain/time.ts'
import { ruleLimits } from '../limits.ts'
import type { Signal } from '../seams.ts'
import { liveSample, type Source, sourcesOf } from './vitals.ts'
import { NO_SIGNALS, type View, type Watcher } from './watcher.ts'
import { inputOf, REASON_WORDS, sensorOf, VARIABLE_WORDS } from './words.ts'

const ID = 'technical'
const VERSION = '1'

type Trouble = 'off' | 'no-value'
type Entry = {
  readonly trouble: Trouble
  /** null: taken over from before a restart, and not looked at yet. */
  readonly sinceAt: MonoMs | null
  /** How loud it was told; `off`: that it is not measured any more. */
  readonly told: Priority | 'off' | null
  /** Since when values come again; one that was told is over when they have come for a while. */
  readonly backAt?: MonoMs
  /** Since when the monitor says that it is not measured any more. */
  readonly offAt?: MonoMs
}
export type TechnicalState = { readonly entries: { readonly [Name in Variable]?: Entry } }

const DELAY_MS: Readonly<Record<Trouble, { readonly low: number; readonly medium: number }>> = {
  off: { low: 10_000, medium: 120_000 },
  'no-value': { low: 60_000, medium: 300_000 },
}

/** An electrode that comes loose again and again is one alert, not twenty: the sensor has to hold for so long. */
const HOLDS_MS = 30_000

/** A device counts as speaking while its last frame is at most this old, or one and a half of the intervals that it promises. */
const SPEAKING_MS = 30_000
const SPEAKING_OF_LIVE = 0.75

/** One voice a sensor: the systolic speaks for its line. */
const VARIABLES = ['hr', 'spo2', 'rr', 'sbp', 'temperature', 'etco2'] as const satisfies readonly Variable[]

const conditionOf = (variable: Variable): string => `${ID}/${variable}-off`

/** `reason` is null when the sensor just says nothing. */
type Found = { readonly trouble: Trouble; readonly reason: AbsentReason | null }

/** Whether the device of a source goes on sending. */
export const isSpeaking = ({ device, terms }: Source, { vitals: { sources }, at }: View): boolean =>
  sources.some((source) => source.device === device && at - source.heardAt <= Math.max(SPEAKING_MS, SPEAKING_OF_LIVE * terms.liveMs))

function troubleOf(source: Source, view: View): Found | null {
  switch (source.state.kind) {
    case 'absent': {
      const { reason } = source.state
      if (reason === 'not-measured') return null
      return { trouble: reason === 'lead-off' || reason === 'probe-off' ? 'off' : 'no-value', reason }
    }
    case 'good':
    case 'beyond': {
      if (source.episodic || liveSample(source, view.at) !== null) return null
      return isSpeaking(source, view) ? { trouble: 'no-value', reason: null } : null
    }
  }
}

/** The worst trouble among the sensors of a variable; null when none is in trouble. */
function worstTrouble(variable: Variable, view: View): (Found & { readonly source: Source }) | null {
  let worst: (Found & { readonly source: Source }) | null = null
  for (const source of sourcesOf(view.vitals, variable)) {
    const found = troubleOf(source, view)
    if (found !== null && (worst === null || (worst.trouble === 'no-value' && found.trouble === 'off'))) worst = { ...found, source }
  }
  return worst
}

function presentSignal(variable: Variable, priority: Priority, reason: AbsentReason | null, source: Source): Signal {
  const why = reason === null ? 'no value comes any more' : reason === 'not-measured' ? 'not measured any more (switched off at the monitor?)' : REASON_WORDS[reason]
  const inputs: Because['inputs'] = source.good === null ? [] : [{ ...inputOf(source, source.good), name: `last ${source.label}` }]
  return {
    kind: 'present',
    condition: conditionOf(variable),
    priority,
    type: 'technical',
    text: `${VARIABLE_WORDS[variable]}: ${why}`,
    because: { rule: ID, version: VERSION, inputs, limit: null, missing: [source.label], sensors: [sensorOf(source)] },
  }
}

type Step = { readonly entry: Entry | undefined; readonly signal: Signal | null }
const QUIET: Step = { entry: undefined, signal: null }

/** Whether any sensor of a variable speaks. */
export function isLive({ vitals: { sources, spans }, at }: Pick<View, 'vitals' | 'at'>, variable: Variable): boolean {
  const { from, to } = spans[variable]
  for (let place = from; place < to; place++) {
    const source = sources[place]
    if (source !== undefined && liveSample(source, at) !== null) return true
  }
  return false
}

function stepLive(variable: Variable, known: Entry | undefined, { at }: View): Step {
  if (known === undefined || known.told === null) return QUIET
  const backAt = known.backAt ?? at
  if (at - backAt >= HOLDS_MS) return { entry: undefined, signal: { kind: 'cleared', condition: conditionOf(variable) } }
  return { entry: known.backAt === undefined ? { ...known, backAt } : known, signal: null }
}

/** The sensor of which a monitor that goes on sending says that it is not measured; null: of one of them, or more, it says something else. */
function switchedOff(variable: Variable, view: View): Source | null {
  const sources = sourcesOf(view.vitals, variable)
  const isOff = (source: Source): boolean => source.state.kind === 'absent' && source.state.reason === 'not-measured' && isSpeaking(source, view)
  return sources.every(isOff) ? (sources[0] ?? null) : null
}

/** Nothing is in trouble any more, yet no value is back: what waited is forgotten, and what was told stays, unless it is not to be measured. */
function stepGone(variable: Variable, known: Entry | undefined, view: View): Step {
  if (known === undefined || known.told === null) return QUIET
  const source = switchedOff(variable, view)
  if (source === null) return { entry: known, signal: null }
  const offAt = known.offAt ?? view.at
  const offMs = view.at - offAt
  if (offMs >= ruleLimits.silentMetricToldMs) return { entry: undefined, signal: { kind: 'cleared', condition: conditionOf(variable) } }
  // Said once, when it has held: a probe that comes off is switched off and on again in passing.
  const isDue = known.offAt !== undefined && offMs >= HOLDS_MS && known.told !== 'off'
  if (!isDue) return { entry: known.offAt === undefined ? { ...known, offAt } : known, signal: null }
  return { entry: { ...known, offAt, told: 'off' }, signal: presentSignal(variable, 'low', 'not-measured', source) }
}

function stepVariable(variable: Variable, known: Entry | undefined, view: View): Step {
  if (isLive(view, variable)) return stepLive(variable, known, view)
  const found = worstTrouble(variable, view)
  if (found === null) return stepGone(variable, known, view)
  const told = known?.told ?? null
  const sinceAt = (known?.trouble === found.trouble ? known.sinceAt : null) ?? view.at
  const { low, medium } = DELAY_MS[found.trouble]
  const due: Priority | null = view.at - sinceAt >= medium ? 'medium' : view.at - sinceAt >= low ? 'low' : null
  const isNews = due !== null && (told === null || told === 'off' || rankOf(due) > rankOf(told))
  const isSame = known !== undefined && known.trouble === found.trouble && known.sinceAt === sinceAt && known.backAt === undefined && known.offAt === undefined && !isNews
  return {
    entry: isSame ? known : { trouble: found.trouble, sinceAt, told: isNews ? due : told },
    signal: isNews ? presentSignal(variable, due, found.reason, found.source) : null,
  }
}

export const technical: Watcher<TechnicalState> = {
  id: ID,
  version: VERSION,
  looks: 'as-time-passes',
  start: () => ({ entries: {} }),

  step(state, view) {
    let { entries } = state
    let signals: Signal[] | null = null
    for (const variable of VARIABLES) {
      const known = entries[variable]
      const { entry, signal } = stepVariable(variable, known, view)
      if (signal !== null) (signals ??= []).push(signal)
      if (entry === known) continue
      const { [variable]: _replaced, ...others } = entries
      entries = entry === undefined ? others : { ...others, [variable]: entry }
    }
    return { state: entries === state.entries ? state : { entries }, signals: signals ?? NO_SIGNALS }
  },

  adopt(state, open) {
    let { entries } = state
    for (const variable of VARIABLES) {
      const known = open.find(({ condition }) => condition === conditionOf(variable))
      if (known !== undefined) entries = { ...entries, [variable]: { trouble: 'off', sinceAt: null, told: known.priority } }
    }
    return { entries }
  },
}
