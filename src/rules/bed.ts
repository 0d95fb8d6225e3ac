/**
 * All rules of one stay over one shared view of the patient. States are plain data. A rule that throws is stopped from
 * pulling the others down: it keeps the state it had before that input, it is said aloud, and it is tried again with the
 * next input.
 */

import { type MonoMs, monoMs } from '../domain/time.ts'
import type { RuleInput, Signal, StayContext, Waiting } from '../seams.ts'
import { type Armed, armedOf } from './armed.ts'
import { latestScore, type LatestScore, news2, type News2State } from './news2.ts'
import { crossCheck, type CrossCheckState } from './cross-check.ts'
import { keptOf, type LongMemory } from './long-memory.ts'
import { latestPews, pews, type PewsState } from './pews.ts'
import { sepsis, type SepsisState } from './sepsis.ts'
import { silentMetric, type SilentMetricState } from './silent-metric.ts'
import { technical, type TechnicalState } from './technical.ts'
import { threshold, type ThresholdState, waitingLimits } from './threshold.ts'
import {
  DEFAULT_SETTINGS, firstSeen, NO_SIGNALS, type OpenCondition, type RuleSettings, see, type Seen, type Verdict, type View, viewOf, type Watcher,
} from './watcher.ts'

type RuleStates = {
  readonly threshold: ThresholdState
  readonly news2: News2State
  readonly pews: PewsState
  readonly sepsis: SepsisState
  readonly technical: TechnicalState
  readonly silentMetric: SilentMetricState
  readonly crossCheck: CrossCheckState
}
export type Watchers = { readonly [Name in keyof RuleStates]: Watcher<RuleStates[Name]> }

const WATCHERS: Watchers = { threshold, news2, pews, sepsis, technical, silentMetric, crossCheck }

export type BedState = RuleStates & {
  readonly seen: Seen
  /** By rule: when it last threw. */
  readonly faults: Readonly<Record<string, MonoMs>>
}

export interface BedRules {
  /** `before`: what was kept of the stay when the gateway stopped. */
  start(context: StayContext, before?: LongMemory): BedState
  /** Takes over alerts that were open when the gateway stopped, before any input. */
  adopt(state: BedState, open: readonly OpenCondition[]): BedState
  step(state: BedState, input: RuleInput): Verdict<BedState>
  /** Which rules could speak now, and why the others could not. */
  armed(state: BedState, at: MonoMs): Armed
  /** Limits that are violated and wait out their delay. */
  waiting(state: BedState, at: MonoMs): readonly Waiting[]
  /** What is to be kept with the stay. What it is made of changes when `of` does. */
  lasting(state: BedState): { readonly of: readonly object[]; kept(): LongMemory }
}

/** A rule that threw counts as mended after so long without. */
const MENDED_MS = 60_000
const LONG_AGO = monoMs(-MENDED_MS)

const faultCondition = (rule: string): string => `technical/rule-${rule}`

function faultSignal({ id, version }: { readonly id: string; readonly version: string }, error: unknown, view: View): Signal {
  const why = error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 200) : 'unknown'
  return {
    kind: 'present',
    condition: faultCondition(id),
    priority: 'high',
    type: 'technical',
    text: `Rule ${id} failed: alerts may be missing, watch this bed at the monitor`,
    because: { rule: id, version, inputs: [{ name: 'error', value: why, unit: '', at: view.wall }], limit: null, missing: [id] },
  }
}

type Step = {
  readonly view: View
  readonly isSnapshot: boolean
  readonly settings: RuleSettings
  readonly signals: Signal[]
  faults: Readonly<Record<string, MonoMs>>
}

/** The wall around one rule. */
function guarded<State>(watcher: Watcher<State>, state: State, step: Step): State {
  const { view } = step
  if (step.isSnapshot && watcher.looks === 'as-time-passes') return state
  try {
    const verdict = watcher.step(state, view, step.settings)
    for (const signal of verdict.signals) step.signals.push(signal)
    const failedAt = step.faults[watcher.id]
    if (failedAt !== undefined && view.at - failedAt >= MENDED_MS) {
      const { [watcher.id]: _mended, ...others } = step.faults
      step.faults = others
      step.signals.push({ kind: 'cleared', condition: faultCondition(watcher.id) })
    }
    return verdict.state
  } catch (error) {
    if (step.faults[watcher.id] === undefined) step.signals.push(faultSignal(watcher, error, view))
    step.faults = { ...step.faults, [watcher.id]: view.at }
    return state
  }
}

export function bedRulesOf(settings: RuleSettings = DEFAULT_SETTINGS, watchers: Watchers = WATCHERS): BedRules {
  return {
    start: (context, before) => ({
      seen: firstSeen(context, before),
      threshold: watchers.threshold.start(context),
      news2: watchers.news2.start(context),
      pews: watchers.pews.start(context),
      sepsis: watchers.sepsis.start(context),
      technical: watchers.technical.start(context),
      silentMetric: watchers.silentMetric.start(context),
      crossCheck: watchers.crossCheck.start(context),
      faults: {},
    }),

    adopt: (state, open) => ({
      ...state,
      threshold: watchers.threshold.adopt(state.threshold, open, settings),
      news2: watchers.news2.adopt(state.news2, open, settings),
      pews: watchers.pews.adopt(state.pews, open, settings),
      sepsis: watchers.sepsis.adopt(state.sepsis, open, settings),
      technical: watchers.technical.adopt(state.technical, open, settings),
      silentMetric: watchers.silentMetric.adopt(state.silentMetric, open, settings),
      crossCheck: watchers.crossCheck.adopt(state.crossCheck, open, settings),
      faults: Object.fromEntries(
        Object.values(watchers).filter(({ id }) => open.some(({ condition }) => condition === faultCondition(id))).map(({ id }) => [id, LONG_AGO]),
      ),
    }),

    step(state, input) {
      const seen = see(state.seen, input, settings)
      const step: Step = { view: viewOf(seen, input), isSnapshot: input.kind === 'snapshot', settings, signals: [], faults: state.faults }
      const next: BedState = {
        seen,
        threshold: guarded(watchers.threshold, state.threshold, step),
        news2: guarded(watchers.news2, state.news2, step),
        pews: guarded(watchers.pews, state.pews, step),
        sepsis: guarded(watchers.sepsis, state.sepsis, step),
        technical: guarded(watchers.technical, state.technical, step),
        silentMetric: guarded(watchers.silentMetric, state.silentMetric, step),
        crossCheck: guarded(watchers.crossCheck, state.crossCheck, step),
        faults: step.faults,
      }
      return { state: isSame(state, next) ? state : next, signals: step.signals.length === 0 ? NO_SIGNALS : step.signals }
    },

    armed: (state, at) => armedOf(state, at, settings),
    waiting: ({ threshold: state, seen: { vitals, context } }, at) => waitingLimits(state, { vitals, context, at }, settings),
    lasting: ({ seen: { memory } }) => ({ of: [memory.course, memory.labs], kept: () => keptOf(memory) }),
  }
}

const isSame = (a: BedState, b: BedState): boolean =>
  a.seen === b.seen && a.threshold === b.threshold && a.news2 === b.news2 && a.pews === b.pews && a.sepsis === b.sepsis && a.technical === b.technical &&
  a.silentMetric === b.silentMetric && a.crossCheck === b.crossCheck && a.faults === b.faults

/** The rules as Vigil ships them: default profiles, periodic values promised each minute. */
export const bedRules: BedRules = bedRulesOf()

export const startBed = (context: StayContext): BedState => bedRules.start(context)
export const stepBed = (state: BedState, input: RuleInput): Verdict<BedState> => bedRules.step(state, input)

/** Scores as they stand; null where there is none: NEWS2 of an adult, PEWS of a child whose age band is known, never both. */
export const bedScores = ({ news2: adult, pews: child }: BedState): { readonly news2: LatestScore | null; readonly pews: LatestScore | null } =>
  ({ news2: latestScore(adult), pews: latestPews(child) })
/** NEWS2 for the nurse's tile. */
export const scoreView = (state: BedState): LatestScore | null => bedScores(state).news2
