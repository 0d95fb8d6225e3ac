/**
 * The continuous NEWS2: an estimate from medians of five minutes, never a nurse's observation set. It speaks when the least
 * that the score can be reaches a threshold of the RCP response chart (2017): 7 at once, 5 at once where low pressure or
 * lactate support it, and 5 alone when it has stood for a while. A single parameter at 3 is left to the limits, which
 * watch the same signals: one tachycardia is one alert. One condition, `news2/deterioration`, that escalates.
 *
 * After a call the same is not called again for the policy's quiet time, even if it went away and came back; a rise of two
 * points, or 7 where it was less, calls all the same. The score itself is on the tile all the time.
 *
 * A set that a nurse confirmed is a NEWS2 and a condition of its own, `news2/observation`: it acts at once.
 */

import type { Priority } from '../domain/alert.ts'
import type { Variable } from '../domain/metrics.ts'
import { type MonoMs, monoMs, type WallMs } from '../domain/time.ts'
import { ruleLimits } from '../limits.ts'
import type { Signal } from '../seams.ts'
import { type Call, called, isQuiet } from './calls.ts'
import { courseInputs } from './course.ts'
import { type Estimate, estimated, gatherFresh } from './estimate.ts'
import { type Findings, findingsOf, isSupported, supportOf } from './evidence.ts'
import { becauseInputs, type Gathered, labInputs, restedOn, stillAwaited } from './inputs.ts'
import { groundLadder, type Ladder, stepLadder } from './ladder.ts'
import { observedNews2 } from './observed.ts'
import { type AlertPolicy, DEFAULT_POLICY, HOUR_MS } from './policy.ts'
import type { ScoreResult } from './scores/result.ts'
import { NO_SIGNALS, type Verdict, type View, type Watcher } from './watcher.ts'
import { scoreWords } from './words.ts'

const ID = 'news2'
const VERSION = '2'
export const NEWS2_CONDITION = 'news2/deterioration'

const URGENT_SCORE = 5
const EMERGENCY_SCORE = 7
/** Levels of the ladder. */
const URGENT = 1
const SUPPORTED = 2
const EMERGENCY = 3
const PRIORITY_OF: readonly Priority[] = ['low', 'medium', 'medium', 'high']
const LIMIT_OF: readonly string[] = ['', '5 or more (urgent)', '5 or more (urgent)', '7 or more (emergency)']

/** A score as the nurse's tile shows it. */
export type LatestScore = {
  readonly total: number
  readonly min: number
  readonly max: number
  readonly complete: boolean
  readonly missing: readonly string[]
  readonly parts: Readonly<Record<string, number>>
  /** Corrected wall time of the newest value in it. */
  readonly at: WallMs
}

type Answer = Findings & { readonly newestAt: WallMs | null }
export type News2State = {
  readonly estimate: Estimate<Answer> | null
  readonly ladder: Ladder
  /** The alert as it was last said; null: none is open. */
  readonly told: { readonly level: number; readonly min: number; readonly text: string; readonly at: MonoMs } | null
  readonly call: Call | null
  readonly lost: boolean
  /** An alert was taken over, and these of its inputs were not heard since. */
  readonly awaited: readonly Variable[]
}

function answerOf(gathered: Gathered): Answer {
  let newestAt: WallMs | null = null
  for (const { sample } of Object.values(gathered.readings)) if (newestAt === null || sample.wall > newestAt) newestAt = sample.wall
  return { ...findingsOf(gathered), newestAt }
}

const rises = ({ min }: ScoreResult, isSupported: boolean): number =>
  min >= EMERGENCY_SCORE ? EMERGENCY : min < URGENT_SCORE ? 0 : isSupported ? SUPPORTED : URGENT
/** An alert that became grave stays so until it ends: a score that hovers around 7 calls once. */
const keeps = ({ min }: ScoreResult, { endBelow }: AlertPolicy): number => (min >= endBelow ? EMERGENCY : 0)

/** An alert that was taken over is said again as soon as there is something to say. */
const LONG_AGO = monoMs(-ruleLimits.restateMs)
const START: News2State = { estimate: null, ladder: groundLadder(EMERGENCY), told: null, call: null, lost: false, awaited: [] }

/** The state with a fresh look at the patient; the same object when nothing moved. */
function looked(state: News2State, view: View, policy: AlertPolicy): News2State {
  const estimate = estimated(state.estimate, view, answerOf)
  const awaited = state.awaited.length === 0 ? state.awaited : stillAwaited(state.awaited, view)
  const { fresh, carried } = estimate
  const keep = awaited.length > 0 ? EMERGENCY : keeps(carried.news2, policy)
  const times = { riseMs: [policy.urgentSeconds * 1_000, policy.supportedSeconds * 1_000, policy.emergencySeconds * 1_000], fallMs: policy.endSeconds * 1_000 }
  const ladder = stepLadder(state.ladder, { rise: rises(fresh.news2, isSupported(fresh, view.memory.usualSbp, policy)), keep }, view.at, times)
  return estimate === state.estimate && ladder === state.ladder && awaited === state.awaited ? state : { ...state, estimate, ladder, awaited }
}

/** Told, and held up only by values that are no longer known. */
function isHeldByLost({ estimate, told, awaited }: News2State, policy: AlertPolicy): boolean {
  if (awaited.length > 0) return true
  if (estimate === null || told === null) return false
  const { fresh: { news2: fresh }, carried: { news2: carried } } = estimate
  return keeps(fresh, policy) < told.level && keeps(carried, policy) >= told.level && fresh.missing.length > carried.missing.length
}

function textOf({ context, memory }: View, findings: Findings, policy: AlertPolicy): string {
  const support = supportOf(findings, memory.usualSbp, policy)
  const asks = support.length > 0 && !context.infectionSuspected ? '. Is infection suspected?' : ''
  return `${[scoreWords('NEWS2', findings.news2), ...support].join('; ')}${asks}`
}

function presentSignal(view: View, findings: Findings, level: number, text: string): Signal & { readonly kind: 'present' } {
  const gathered = gatherFresh(view)
  return {
    kind: 'present',
    condition: NEWS2_CONDITION,
    priority: PRIORITY_OF[level] ?? 'medium',
    type: 'physiological',
    text,
    because: {
      rule: ID,
      version: VERSION,
      inputs: [
        ...becauseInputs(view, gathered, ['rr', 'spo2', 'sbp', 'hr', 'temperature', 'fio2']),
        ...labInputs(view),
        ...courseInputs(view.memory.course, gathered, view),
      ],
      limit: { text: `NEWS2 ${LIMIT_OF[level] ?? ''}; an estimate from medians of 5 min`, setBy: 'RCP NEWS2 2017' },
      missing: findings.news2.missing,
    },
  }
}

const CLEARED: readonly Signal[] = [{ kind: 'cleared', condition: NEWS2_CONDITION }]
const LOST: readonly Signal[] = [{ kind: 'lost', condition: NEWS2_CONDITION }]

/** A score of 7 that is waiting to become an emergency: one call, not two. */
const isSettled = (level: number, min: number): boolean => level === EMERGENCY || min < EMERGENCY_SCORE

/** Nothing is open: whether the level that stands calls, or came back within the quiet time. */
function opened(state: News2State, view: View, policy: AlertPolicy): Verdict<News2State> {
  const { ladder: { told: level }, call, estimate } = state
  if (level === 0 || estimate === null) return { state, signals: NO_SIGNALS }
  const { news2: { min } } = estimate.fresh
  const quietMs = policy.quietHours * HOUR_MS
  const isWorse = call !== null && (min >= call.worst + policy.risePoints || (level === EMERGENCY && call.worst < EMERGENCY_SCORE))
  // A level that is only held on its way down is no reason to begin, nor is one that is about to be passed.
  if (min < URGENT_SCORE || !isSettled(level, min) || (isQuiet(call, view.at, quietMs) && !isWorse)) return { state, signals: NO_SIGNALS }
  const text = textOf(view, estimate.fresh, policy)
  const next = { ...state, told: { level, min, text, at: view.at }, call: called(call, { at: view.at, worst: min }, quietMs), lost: false }
  return { state: next, signals: [presentSignal(view, estimate.fresh, level, text)] }
}

/** Something is open: it calls again when it is worse, is said again now and then, and ends. */
function goesOn(state: News2State, told: NonNullable<News2State['told']>, view: View, policy: AlertPolicy): Verdict<News2State> {
  const { ladder: { told: level, fallingAt }, call, estimate } = state
  if (level === 0) return { state: { ...state, told: null, lost: false }, signals: CLEARED }
  const isMoved = PRIORITY_OF[level] !== PRIORITY_OF[told.level]
  if (!isMoved && isHeldByLost(state, policy)) return state.lost ? { state, signals: NO_SIGNALS } : { state: { ...state, lost: true }, signals: LOST }
  if (estimate === null) return { state, signals: NO_SIGNALS }
  const { news2: { min } } = estimate.fresh
  const isWorse = call !== null && fallingAt === null && isSettled(level, min) && min >= call.worst + policy.risePoints
  // While the score is on its way down nothing is said again: the end, or the lower level, is said when it is sure.
  const restateMs = min > told.min ? ruleLimits.restateWorseMs : ruleLimits.restateMs
  const isDue = isMoved || isWorse || state.lost || (fallingAt === null && view.at - told.at >= restateMs)
  if (!isDue) return { state, signals: NO_SIGNALS }
  const isCall = isWorse || (isMoved && level > told.level) || call === null
  const text = textOf(view, estimate.fresh, policy)
  const now = { at: view.at, worst: min }
  const next = { ...state, told: { level, min, text, at: view.at }, call: isCall ? called(call, now, policy.quietHours * HOUR_MS) : call, lost: false }
  if (text === told.text && !isCall && !isMoved && !state.lost) return { state: next, signals: NO_SIGNALS }
  const signal = presentSignal(view, estimate.fresh, level, text)
  return { state: next, signals: [isWorse && !isMoved ? { ...signal, again: true } : signal] }
}

/** What a nurse has seen herself is no news to her: the estimate is quiet about it, too. */
function withObservation(state: News2State, view: View, policy: AlertPolicy): Verdict<News2State> {
  if (view.observation === null) return { state, signals: NO_SIGNALS }
  const { signals, worst } = observedNews2(view.observation, view)
  // What was a mistake keeps the estimate quiet no longer.
  const before = view.observation.isTakenBack === true ? { ...state, call: null } : state
  if (worst === null) return { state: before, signals }
  return { state: { ...before, call: called(before.call, { at: view.at, worst }, policy.quietHours * HOUR_MS) }, signals }
}

export const news2: Watcher<News2State> = {
  id: ID,
  version: VERSION,
  looks: 'as-time-passes',
  start: () => START,

  step(state, view, { policy = DEFAULT_POLICY }) {
    if (view.context.population !== 'adult') return { state: START, signals: state.told === null ? NO_SIGNALS : CLEARED }
    const observed = withObservation(state, view, policy)
    const next = looked(observed.state, view, policy)
    const verdict = next.told === null ? opened(next, view, policy) : goesOn(next, next.told, view, policy)
    return observed.signals.length === 0 ? verdict : { state: verdict.state, signals: [...observed.signals, ...verdict.signals] }
  },

  adopt(state, open) {
    const known = open.find(({ condition }) => condition === NEWS2_CONDITION)
    if (known === undefined) return state
    const level = known.priority === 'high' ? EMERGENCY : SUPPORTED
    const told = { level, min: known.priority === 'high' ? EMERGENCY_SCORE : URGENT_SCORE, text: '', at: LONG_AGO }
    return { ...state, ladder: { ...state.ladder, told: level }, told, awaited: restedOn(known.because) }
  },
}

/** The estimate for the nurse's tile; null while no value of a sensor is in it, or the score is not made for the patient. */
export function latestScore({ estimate }: News2State): LatestScore | null {
  if (estimate === null || estimate.fresh.newestAt === null || !estimate.fresh.news2.applicable) return null
  const { total, min, max, complete, missing, parts } = estimate.fresh.news2
  return { total, min, max, complete, missing, parts, at: estimate.fresh.newestAt }
}
