/**
 * The continuous NEWS2: an estimate from the latest values, never a nurse's observation set. It speaks when the least
 * that the score can be reaches a threshold of the RCP response chart (2017): 7, 5, or 3 in one parameter. One condition,
 * `news2/deterioration`, that escalates. It ends when the score, counting lost inputs at their last points, stays below 4
 * with no parameter at 3: re-arming below 4 keeps a score that hovers around 5 from calling again and again.
 */

import type { Priority } from '../domain/alert.ts'
import type { MonoMs, WallMs } from '../domain/time.ts'
import { ruleLimits } from '../limits.ts'
import type { Signal } from '../seams.ts'
import { type Estimate, estimated, gatherFresh } from './estimate.ts'
import { becauseInputs, type Gathered } from './inputs.ts'
import { groundLadder, type Ladder, type LadderTimes, stepLadder } from './ladder.ts'
import { news2 as news2Score } from './scores/news2.ts'
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
  readonly told: { readonly text: string; readonly min: number; readonly at: MonoMs } | null
  readonly lost: boolean
}

const hasThree = ({ parts }: ScoreResult): boolean => Object.values(parts).some((points) => points >= 3)
const rises = (result: ScoreResult): number => (result.min >= 7 ? EMERGENCY : result.min >= 5 ? URGENT : hasThree(result) ? SINGLE : 0)
const keeps = (result: ScoreResult): number => (result.min >= 6 ? EMERGENCY : result.min >= 4 ? URGENT : hasThree(result) ? SINGLE : 0)

function answerOf(gathered: Gathered): Answer {
  let at: WallMs | null = null
  for (const { sample } of Object.values(gathered.readings)) if (at === null || sample.wall > at) at = sample.wall
  return { result: news2Score.score(gathered.inputs), at }
}

const VARIABLE_OF_PART = { rr: 'rr', spo2: 'spo2', sbp: 'sbp', pulse: 'hr', temperature: 'temperature' } as const

/** `RR 26 /min, consciousness V`: what scores 3 by itself. */
function threes(view: View, { readings }: Gathered, { parts }: ScoreResult): string {
  const sensed = Object.entries(VARIABLE_OF_PART).flatMap(([part, variable]) => {
    const reading = readings[variable]
    return (parts[part] ?? 0) >= 3 && reading !== undefined ? [valueWords(reading.source, reading.sample)] : []
  })
  return [...sensed, (parts['consciousness'] ?? 0) >= 3 ? `consciousness ${view.context.consciousness ?? 'not alert'}` : []].flat().join(', ')
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

const START: News2State = { estimate: null, ladder: groundLadder(EMERGENCY), told: null, lost: false }

/** Told, and held up only by values that are no longer known. */
const isHeldByLost = ({ fresh, carried }: Estimate<Answer>, told: number): boolean =>
  rises(fresh.result) < told && keeps(fresh.result) < told && fresh.result.missing.length > carried.result.missing.length

export const news2: Watcher<News2State> = {
  id: ID,
  version: VERSION,
  start: () => START,

  step(state, view) {
    if (view.context.population !== 'adult') {
      return state.ladder.told === 0 ? { state: START, signals: NO_SIGNALS } : { state: START, signals: [{ kind: 'cleared', condition: NEWS2_CONDITION }] }
    }
    const estimate = estimated(state.estimate, view, answerOf)
    const { result } = estimate.fresh
    const ladder = stepLadder(state.ladder, { rise: rises(result), keep: keeps(estimate.carried.result) }, view.at, TIMES)
    if (ladder.told === 0) {
      const signals: readonly Signal[] = state.ladder.told === 0 ? NO_SIGNALS : [{ kind: 'cleared', condition: NEWS2_CONDITION }]
      return ladder === state.ladder && estimate === state.estimate ? { state, signals } : { state: { estimate, ladder, told: null, lost: false }, signals }
    }
    if (isHeldByLost(estimate, ladder.told) && ladder.told === state.ladder.told) {
      if (!state.lost) return { state: { ...state, estimate, ladder, lost: true }, signals: [{ kind: 'lost', condition: NEWS2_CONDITION }] }
      return ladder === state.ladder && estimate === state.estimate ? { state, signals: NO_SIGNALS } : { state: { ...state, estimate, ladder }, signals: NO_SIGNALS }
    }
    const { told } = state
    const isDue = told === null || state.lost || ladder.told !== state.ladder.told || result.min >= told.min + WORSE_POINTS || view.at - told.at >= ruleLimits.restateMs
    if (!isDue) return ladder === state.ladder && estimate === state.estimate ? { state, signals: NO_SIGNALS } : { state: { ...state, estimate, ladder }, signals: NO_SIGNALS }
    const signal = presentSignal(view, result, ladder.told)
    const text = signal.kind === 'present' ? signal.text : ''
    const isNews = told === null || state.lost || ladder.told !== state.ladder.told || text !== told.text
    return { state: { estimate, ladder, told: { text, min: result.min, at: view.at }, lost: false }, signals: isNews ? [signal] : NO_SIGNALS }
  },

  adopt(state, open) {
    const known = open.find(({ condition }) => condition === NEWS2_CONDITION)
    if (known === undefined) return state
    const told = PRIORITY_OF.lastIndexOf(known.priority)
    return { ...state, ladder: { ...state.ladder, told } }
  },
}

/** The estimate for the nurse's tile; null while no value of a sensor is in it, or the score is not made for the patient. */
export function latestScore({ estimate }: News2State): LatestScore | null {
  if (estimate === null || estimate.fresh.at === null || !estimate.fresh.result.applicable) return null
  const { total, min, max, complete, missing, parts } = estimate.fresh.result
  return { total, min, max, complete, missing, parts, at: estimate.fresh.at }
}
