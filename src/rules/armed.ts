/**
 * Which rules of a stay could speak now, and for each that could not, why: what the watch ledger is made of. A limit is armed
 * while a live value of its variable is there; a score while what a monitor brings of it can be scored (what a nurse adds may
 * be missing: the score is a range then, and says so).
 */

import type { Variable } from '../domain/metrics.ts'
import { type Unwatched, type WatchState, weightier } from '../domain/watch.ts'
import type { MonoMs } from '../domain/time.ts'
import type { BedState } from './bed.ts'
import { AGE_OF } from '../domain/population.ts'
import { withStayLimits } from './stay-limits.ts'
import { type SampleOf, bestSource, LIVE, SCORED, sourcesOf } from './vitals.ts'
import type { RuleSettings } from './watcher.ts'

export const WATCHED = ['limits/spo2', 'limits/hr', 'limits/rr', 'limits/pressure', 'limits/temperature', 'score', 'sepsis'] as const
export type Watched = (typeof WATCHED)[number]
export type Armed = Readonly<Record<Watched, WatchState>>

/** Blood pressure is watched by its systolic or its mean, whichever is there. */
const VARIABLES_OF: Readonly<Record<Exclude<Watched, 'score' | 'sepsis'>, readonly Variable[]>> = {
  'limits/spo2': ['spo2'],
  'limits/hr': ['hr'],
  'limits/rr': ['rr'],
  'limits/pressure': ['sbp', 'map'],
  'limits/temperature': ['temperature'],
}
/** What of NEWS2 and of PEWS comes from monitors without anybody's help. */
const NEWS2_NEEDS: readonly Variable[] = ['spo2', 'hr', 'rr', 'sbp']
const PEWS_NEEDS: readonly Variable[] = ['spo2', 'hr', 'rr']

/** Nobody lies there, or nothing was ever heard: every rule for one reason. */
export const unarmed = (why: Unwatched): Armed => ({
  'limits/spo2': why, 'limits/hr': why, 'limits/rr': why, 'limits/pressure': why, 'limits/temperature': why, score: why, sepsis: why,
})

function stateOf({ seen: { vitals } }: BedState, variable: Variable, at: MonoMs, sampleOf: SampleOf): WatchState {
  if (bestSource({ vitals, at }, variable, sampleOf) !== null) return 'armed'
  const isOff = sourcesOf(vitals, variable).some(({ state, heardAt, terms }) => state.kind === 'absent' && at - heardAt <= terms.liveMs)
  return isOff ? 'sensor-off' : 'no-data'
}

/** The state of the best of several. */
const best = (states: readonly WatchState[]): WatchState => states.reduce((a, b) => (weightier(a, b) === a ? b : a))
/** The state of the worst of several. */
const worst = (states: readonly WatchState[]): WatchState => states.reduce(weightier)

export function armedOf(state: BedState, at: MonoMs, { profiles }: RuleSettings): Armed {
  const { context } = state.seen
  const profile = withStayLimits(profiles[context.population], context.limits)
  const hasLimit = (variable: Variable): boolean => {
    const limits = profile.variables[variable]
    return limits !== undefined && limits.low.length + limits.high.length > 0
  }
  // Of a child whose age is not known, nobody knows which would apply.
  const withoutRule: Unwatched = context.population === 'paediatric' ? 'population-unset' : 'no-limit'
  const limited = (rule: keyof typeof VARIABLES_OF): WatchState => {
    const variables = VARIABLES_OF[rule].filter(hasLimit)
    return variables.length === 0 ? withoutRule : best(variables.map((variable) => stateOf(state, variable, at, LIVE)))
  }
  const isAdult = context.population === 'adult'
  const needs = isAdult ? NEWS2_NEEDS : AGE_OF[context.population] === null ? null : PEWS_NEEDS
  const score = needs === null ? withoutRule : worst(needs.map((variable) => stateOf(state, variable, at, SCORED)))
  return {
    'limits/spo2': limited('limits/spo2'),
    'limits/hr': limited('limits/hr'),
    'limits/rr': limited('limits/rr'),
    'limits/pressure': limited('limits/pressure'),
    'limits/temperature': limited('limits/temperature'),
    score,
    // The screen for sepsis is for adults.
    sepsis: isAdult ? score : 'no-limit',
  }
}
