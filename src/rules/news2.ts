/**
 * The continuous NEWS2: an estimate from the latest values, never a nurse's observation set. It speaks when the least
 * that the score can be reaches a threshold of the RCP response chart (2017): 7, 5, or 3 in one parameter. One condition,
 * `news2/deterioration`, that escalates. It ends when the score, counting lost inputs at their last points, stays below 4
 * with no parameter at 3: re-arming below 4 keeps a score that hovers around 5 from calling again and again.
 */

import type { Priority } from '../domain/alert.ts'
import type { Variable } from '../domain/metrics.ts'
import type { MonoMs, WallMs } from '../domain/time.ts'
import { ruleLimits } from '../limits.ts'
import type { Signal } from '../seams.ts'
import { type Estimate, estimated, gatherFresh } from './estimate.ts'
import { becauseInputs, type Gathered, restedOn, stillAwaited } from './inputs.ts'
import { groundLadder, type Ladder, type LadderTimes, stepLadder } from './ladder.ts'
import type { ScoreResult } from './scores/result.ts'
import { NO_SIGNALS, type View, type Watcher } from './watcher.ts'
import { scoreWords, valueWords } from './words.ts'

const ID = 'news2'
const VERSION = '1'
export const NEWS2_CONDITION = 'news2/deterioration'

const SINGLE = 1
const URGENT = 2
const EMERGENCY = 3
const PRIORITY_OF: readonly Priority[] = ['low', 'low', 'medium', 'high']
const LIMIT_OF: readonly string[] = ['', '3 in one parameter', '5 or more (urgent)', '7 or more (emergency)']

/** A single noisy value must not call; an emergency waits least. A fall must last a minute. */
const TIMES: LadderTimes = { riseMs: [60_000, 60_000, 30_000], fallMs: 60_000 }
const WORSE_POINTS = 2

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

type Answer = { readonly result: ScoreResult; readonly at: WallMs | null }
export type News2State = {
  readonly estimate: Estimate<Answer> | null
  readonly ladder: Ladder
  readonly told: { readonly min: number; readonly at: MonoMs } | null
  readonly lost: boolean
  /** An alert was taken over, and these of its inputs were not heard since. */
  readonly awaited: readonly Variable[]
}

const hasThree = ({ parts }: ScoreResult): boolean => Object.values(parts).some((points) => points >= 3)
const rises = (result: ScoreResult): number => (result.min >= 7 ? EMERGENCY : result.min >= 5 ? URGENT : hasThree(result) ? SINGLE : 0)
const keeps = (result: ScoreResult): number => (result.min >= 6 ? EMERGENCY : result.min >= 4 ? URGENT : hasThree(result) ? SINGLE : 0)

function answerOf(gathered: Gathered): Answer {
  let at: WallMs | null = null
  for (const { sample } of Object.values(gathered.readings)) if (at === null || sample.wall > at) at = sample.wall
  return { result: gathered.news2, at }
}

const VARIABLE_OF_PART = { rr: 'rr', spo2: 'spo2', sbp: 'sbp', pulse: 'hr', temperature: 'temperature' } as const

/** `RR 26 /min, consciousness V`: what scores 3 by itself. */
function threes(view: View, { readings }: Gathered, { parts }: ScoreResult): string {
  const sensed = Object.entries(VARIABLE_OF_PART).flatMap(([part, variable]) => {
    const reading = readings[variable]
    return (parts[part] ?? 0) >= 3 && reading !== undefined ? [valueWords(reading.source, reading.sample)] : []
  })
  return [...sensed, (parts['consciousness'] ?? 0) >= 3 ? `consciousness ${view.context.consciousness ?? 'not alert'}` : []].flat().join(' and ')
}

function presentSignal(view: View, result: ScoreResult, level: number): Signal {
  const gathered = gatherFresh(view)
  const single = level === SINGLE ? threes(view, gathered, result) : ''
  return {
    kind: 'present',
    condition: NEWS2_CONDITION,
    priority: PRIORITY_OF[level] ?? 'low',
    type: 'physiological',
    text: single === '' ? scoreWords('NEWS2', result) : `${single} scores 3; ${scoreWords('NEWS2', result)}`,
    because: {
      rule: ID,
      version: VERSION,
      inputs: becauseInputs(view, gathered, ['rr', 'spo2', 'sbp', 'hr', 'temperature', 'fio2']),
      limit: { text: `NEWS2 ${LIMIT_OF[level] ?? ''}; an estimate from continuous values`, setBy: 'RCP NEWS2 2017' },
      missing: result.missing,
    },
  }
}

const START: News2State = { estimate: null, ladder: groundLadder(EMERGENCY), told: null, lost: false, awaited: [] }

/** Told, and held up only by values that are no longer known. */
function isHeldByLost({ estimate, ladder: { told }, awaited }: News2State): boolean {
  if (awaited.length > 0) return true
  if (estimate === null) return false
  const { fresh: { result: fresh }, carried: { result: carried } } = estimate
  return keeps(fresh) < told && keeps(carried) >= told && fresh.missing.length > carried.missing.length
}

/** While the score is on its way down nothing is said again: the end, or the lower level, is said when it is sure. */
const isDue = ({ told, lost, ladder }: News2State, { min }: ScoreResult, at: MonoMs): boolean =>
  told === null || lost || (ladder.fallingAt === null && at - told.at >= (min >= told.min + WORSE_POINTS ? ruleLimits.restateWorseMs : ruleLimits.restateMs))

const CLEARED: readonly Signal[] = [{ kind: 'cleared', condition: NEWS2_CONDITION }]
const LOST: readonly Signal[] = [{ kind: 'lost', condition: NEWS2_CONDITION }]

/** The state with a fresh look at the patient; the same object when nothing moved. */
function looked(state: News2State, view: View): News2State {
  const estimate = estimated(state.estimate, view, answerOf)
  const awaited = state.awaited.length === 0 ? state.awaited : stillAwaited(state.awaited, view)
  const keep = awaited.length > 0 ? EMERGENCY : keeps(estimate.carried.result)
  const ladder = stepLadder(state.ladder, { rise: rises(estimate.fresh.result), keep }, view.at, TIMES)
  return estimate === state.estimate && ladder === state.ladder && awaited === state.awaited ? state : { ...state, estimate, ladder, awaited }
}

export const news2: Watcher<News2State> = {
  id: ID,
  version: VERSION,
  looks: 'as-time-passes',
  start: () => START,

  step(state, view) {
    const wasTold = state.ladder.told
    if (view.context.population !== 'adult') return { state: START, signals: wasTold === 0 ? NO_SIGNALS : CLEARED }
    const next = looked(state, view)
    const isTold = next.ladder.told
    if (isTold === 0) return wasTold === 0 ? { state: next, signals: NO_SIGNALS } : { state: { ...next, told: null, lost: false }, signals: CLEARED }
    const moved = isTold !== wasTold
    if (!moved && isHeldByLost(next)) return next.lost ? { state: next, signals: NO_SIGNALS } : { state: { ...next, lost: true }, signals: LOST }
    const result = next.estimate?.fresh.result
    if (result === undefined || !(moved || isDue(next, result, view.at))) return { state: next, signals: NO_SIGNALS }
    return { state: { ...next, told: { min: result.min, at: view.at }, lost: false }, signals: [presentSignal(view, result, isTold)] }
  },

  adopt(state, open) {
    const known = open.find(({ condition }) => condition === NEWS2_CONDITION)
    if (known === undefined) return state
    return { ...state, ladder: { ...state.ladder, told: PRIORITY_OF.lastIndexOf(known.priority) }, awaited: restedOn(known.because) }
  },
}

/** The estimate for the nurse's tile; null while no value of a sensor is in it, or the score is not made for the patient. */
export function latestScore({ estimate }: News2State): LatestScore | null {
  if (estimate === null || estimate.fresh.at === null || !estimate.fresh.result.applicable) return null
  const { total, min, max, complete, missing, parts } = estimate.fresh.result
  return { total, min, max, complete, missing, parts, at: estimate.fresh.at }
}
