/**
 * The continuous PEWS of a child whose age band is known: an estimate from the monitor's signals, never a nurse's set. Adult
 * scores are not made for children. It speaks when the least that the score can be reaches a level of the National PEWS
 * England (2023): 5 to 8 medium, 9 to 12 high, 13 and above emergency; below, the chart is on the tile. One condition,
 * `pews/deterioration`, that escalates.
 */

import type { Priority } from '../domain/alert.ts'
import type { Variable } from '../domain/metrics.ts'
import { AGE_OF, POPULATION_WORDS } from '../domain/population.ts'
import type { MonoMs, WallMs } from '../domain/time.ts'
import { ruleLimits } from '../limits.ts'
import type { Signal } from '../seams.ts'
import { type Estimate, estimated, gatherFresh } from './estimate.ts'
import { becauseInputs, type Gathered, restedOn, stillAwaited } from './inputs.ts'
import { groundLadder, type Ladder, type LadderTimes, stepLadder } from './ladder.ts'
import type { LatestScore } from './news2.ts'
import { pews as pewsScore } from './scores/pews.ts'
import type { ScoreResult } from './scores/result.ts'
import { NO_SIGNALS, type View, type Watcher } from './watcher.ts'
import { scoreWords } from './words.ts'

const ID = 'pews'
const VERSION = '1'
export const PEWS_CONDITION = 'pews/deterioration'

type Level = { readonly from: number; readonly priority: Priority; readonly response: string }
/** By level, from 1. */
const LEVELS: readonly Level[] = [
  { from: 5, priority: 'medium', response: 'medical review within 30 min' },
  { from: 9, priority: 'high', response: 'rapid review within 15 min' },
  { from: 13, priority: 'high', response: 'emergency call' },
]
/** A single noisy value must not call; an emergency waits least. A fall must last a minute and pass a bar one point lower. */
const TIMES: LadderTimes = { riseMs: [60_000, 60_000, 30_000], fallMs: 60_000 }
const levelOf = (score: number): number => LEVELS.filter(({ from }) => score >= from).length

type Answer = { readonly result: ScoreResult; readonly newestAt: WallMs | null }
export type PewsState = {
  readonly estimate: Estimate<Answer> | null
  readonly ladder: Ladder
  readonly toldAt: MonoMs | null
  readonly lost: boolean
  readonly awaited: readonly Variable[]
}

const START: PewsState = { estimate: null, ladder: groundLadder(LEVELS.length), toldAt: null, lost: false, awaited: [] }

const scoredAt = (ageYears: number) => ({ inputs, readings }: Gathered): Answer => {
  const times = Object.values(readings).map(({ sample }) => sample.wall)
  const newestAt = times.reduce<WallMs | null>((newest, at) => (newest === null || at > newest ? at : newest), null)
  return { result: pewsScore.score({ ...inputs, ageYears }), newestAt }
}

function looked(state: PewsState, view: View, ageYears: number): PewsState {
  const estimate = estimated(state.estimate, view, scoredAt(ageYears))
  const awaited = state.awaited.length === 0 ? state.awaited : stillAwaited(state.awaited, view)
  const keep = awaited.length > 0 ? LEVELS.length : levelOf(estimate.carried.result.min + 1)
  const ladder = stepLadder(state.ladder, { rise: levelOf(estimate.fresh.result.min), keep }, view.at, TIMES)
  return estimate === state.estimate && ladder === state.ladder && awaited === state.awaited ? state : { ...state, estimate, ladder, awaited }
}

/** Told, and held up only by values that are no longer known. */
function isHeldByLost({ estimate, ladder: { told }, awaited }: PewsState): boolean {
  if (awaited.length > 0) return true
  if (estimate === null) return false
  const { fresh: { result: fresh }, carried: { result: carried } } = estimate
  return levelOf(fresh.min + 1) < told && levelOf(carried.min + 1) >= told && fresh.missing.length > carried.missing.length
}

function presentSignal(view: View, result: ScoreResult, { from, priority, response }: Level): Signal {
  return {
    kind: 'present',
    condition: PEWS_CONDITION,
    priority,
    type: 'physiological',
    text: `${scoreWords('PEWS', result)} (${POPULATION_WORDS[view.context.population]}): ${response}`,
    because: {
      rule: ID,
      version: VERSION,
      inputs: becauseInputs(view, gatherFresh(view), ['rr', 'spo2', 'hr', 'sbp', 'fio2']),
      limit: { text: `PEWS ${from} or more; an estimate from the monitor's signals`, setBy: 'National PEWS England 2023' },
      missing: result.missing,
    },
  }
}

const CLEARED: readonly Signal[] = [{ kind: 'cleared', condition: PEWS_CONDITION }]
const LOST: readonly Signal[] = [{ kind: 'lost', condition: PEWS_CONDITION }]

export const pews: Watcher<PewsState> = {
  id: ID,
  version: VERSION,
  looks: 'as-time-passes',
  start: () => START,

  step(state, view) {
    const wasTold = state.ladder.told
    const ageYears = AGE_OF[view.context.population]
    if (ageYears === null) return state === START || wasTold === 0 ? { state: START, signals: NO_SIGNALS } : { state: START, signals: CLEARED }
    const next = looked(state, view, ageYears)
    const isTold = next.ladder.told
    if (isTold === 0) return wasTold === 0 ? { state: next, signals: NO_SIGNALS } : { state: { ...next, toldAt: null, lost: false }, signals: CLEARED }
    const isMoved = isTold !== wasTold
    if (!isMoved && isHeldByLost(next)) return next.lost ? { state: next, signals: NO_SIGNALS } : { state: { ...next, lost: true }, signals: LOST }
    const isDue = isMoved || next.lost || next.toldAt === null || (next.ladder.fallingAt === null && view.at - next.toldAt >= ruleLimits.restateMs)
    const level = LEVELS[isTold - 1]
    if (next.estimate === null || level === undefined || !isDue) return { state: next, signals: NO_SIGNALS }
    return { state: { ...next, toldAt: view.at, lost: false }, signals: [presentSignal(view, next.estimate.fresh.result, level)] }
  },

  adopt(state, open) {
    const known = open.find(({ condition }) => condition === PEWS_CONDITION)
    if (known === undefined) return state
    return { ...state, ladder: { ...state.ladder, told: known.priority === 'high' ? 2 : 1 }, awaited: restedOn(known.because) }
  },
}

/** The estimate for the nurse's tile; null while no value of a sensor is in it, or the patient has no age band. */
export function latestPews({ estimate }: PewsState): LatestScore | null {
  if (estimate === null || estimate.fresh.newestAt === null || !estimate.fresh.result.applicable) return null
  const { total, min, max, complete, missing, parts } = estimate.fresh.result
  return { total, min, max, complete, missing, parts, at: estimate.fresh.newestAt }
}
