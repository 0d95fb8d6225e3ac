/**
 * A first sepsis screen. It detects nothing: it asks the nurse to consider, says what it rests on and what it lacks.
 *
 * With infection suspected (the nurse's flag): NEWS2 of 5 or more (NICE NG253: 5 to 6 moderate, 7 high), SIRS of 2 or more
 * from vital signs, or low pressure (systolic below 90, mean below 65, or a fall of more than 40 from what is usual;
 * CMS SEP-1). Without the flag: SIRS of 2 or more together with low pressure, as a question. Adults only.
 */

import type { Priority } from '../domain/alert.ts'
import type { Variable } from '../domain/metrics.ts'
import type { MonoMs } from '../domain/time.ts'
import { ruleLimits } from '../limits.ts'
import type { Signal, StayContext } from '../seams.ts'
import { type Baseline, countPressure, NO_BASELINE, usualPressure } from './baseline.ts'
import { type Estimate, estimated, gatherFresh } from './estimate.ts'
import { becauseInputs, type Gathered, restedOn, stillAwaited } from './inputs.ts'
import { groundLadder, type Ladder, type LadderTimes, stepLadder } from './ladder.ts'
import { roundHalfUp } from './rounding.ts'
import type { ScoreResult } from './scores/result.ts'
import { sirsVitals } from './scores/sirs.ts'
import { bestSource, SCORED } from './vitals.ts'
import { NO_SIGNALS, type View, type Watcher } from './watcher.ts'
import { inputWord, scoreWords } from './words.ts'

const ID = 'sepsis'
const VERSION = '1'
export const SEPSIS_CONDITION = 'sepsis/screen'

const PROMPT = 1
const URGENT = 2
const PRIORITY_OF: readonly Priority[] = ['medium', 'medium', 'high']
const TIMES: LadderTimes = { riseMs: [60_000, 60_000], fallMs: 300_000 }

const SBP_LOW = 90
const MAP_LOW = 65
const FALL = 40
/** How much better a pressure must be before the prompt may end. */
const CLEAR_MARGIN = { sbp: 5, map: 3, fall: 5 } as const
const NO_MARGIN = { sbp: 0, map: 0, fall: 0 } as const

type Findings = { readonly news2: ScoreResult; readonly sirs: ScoreResult; readonly sbp: number | null; readonly map: number | null }

export type SepsisState = {
  readonly estimate: Estimate<Findings> | null
  readonly baseline: Baseline
  readonly ladder: Ladder
  readonly toldAt: MonoMs | null
  readonly lost: boolean
  readonly awaited: readonly Variable[]
}

const START: SepsisState = { estimate: null, baseline: NO_BASELINE, ladder: groundLadder(URGENT), toldAt: null, lost: false, awaited: [] }

const whole = (value: number | undefined): number | null => (value === undefined ? null : roundHalfUp(value, 0))

const findingsOf = ({ inputs, news2 }: Gathered): Findings => ({
  news2, sirs: sirsVitals.score(inputs), sbp: whole(inputs.sbp), map: whole(inputs.map),
})

type Margin = { readonly sbp: number; readonly map: number; readonly fall: number }

/** `SBP 84 mmHg`, `MAP 58 mmHg`, `SBP 45 mmHg below usual`: what of the pressure is low. */
function lowPressure({ sbp, map }: Findings, usual: number | null, margin: Margin): readonly string[] {
  const fall = sbp === null || usual === null ? null : roundHalfUp(usual - sbp, 0)
  return [
    sbp !== null && sbp < SBP_LOW + margin.sbp ? [`SBP ${sbp} mmHg`] : [],
    map !== null && map < MAP_LOW + margin.map ? [`MAP ${map} mmHg`] : [],
    fall !== null && fall > FALL - margin.fall ? [`SBP ${fall} mmHg below usual`] : [],
  ].flat()
}

type Bars = { readonly prompt: number; readonly urgent: number; readonly margin: Margin }
const RISE: Bars = { prompt: 5, urgent: 7, margin: NO_MARGIN }
const KEEP: Bars = { prompt: 4, urgent: 6, margin: CLEAR_MARGIN }

function levelOf(findings: Findings, { infectionSuspected }: StayContext, usual: number | null, bars: Bars): number {
  const isLow = lowPressure(findings, usual, bars.margin).length > 0
  const isSirs = findings.sirs.min >= 2
  if (!infectionSuspected) return isSirs && isLow ? PROMPT : 0
  if (isLow || findings.news2.min >= bars.urgent) return URGENT
  return isSirs || findings.news2.min >= bars.prompt ? PROMPT : 0
}

/** Laboratory values that no monitor sends, and that a full screen would ask for. */
const NEVER_HEARD = ['lactate', 'wbc']

function presentSignal(view: View, findings: Findings, usual: number | null, level: number): Signal {
  const { infectionSuspected } = view.context
  const pressure = lowPressure(findings, usual, NO_MARGIN)
  const signs = [
    findings.news2.min >= 5 ? [scoreWords('NEWS2', findings.news2)] : [],
    findings.sirs.min >= 2 ? [`SIRS ${findings.sirs.min} of 3 vital signs`] : [],
    pressure,
  ].flat()
  const found = [infectionSuspected ? ['infection suspected'] : [], signs.length > 0 ? signs : ['signs are easing']].flat()
  const usualInput = usual === null ? [] : [{ name: 'usual SBP, last 4 h', value: roundHalfUp(usual, 0), unit: 'mmHg', at: view.wall }]
  const flag = { name: 'infection suspected', value: infectionSuspected ? 'yes' : 'not said', unit: '', at: view.contextAt ?? view.wall }
  const inputs = becauseInputs(view, gatherFresh(view), ['temperature', 'hr', 'rr', 'sbp', 'dbp', 'map', 'spo2'])
  return {
    kind: 'present',
    condition: SEPSIS_CONDITION,
    priority: PRIORITY_OF[level] ?? 'medium',
    type: 'physiological',
    text: `Consider sepsis: ${found.join(', ')}${infectionSuspected ? '' : '. Is infection suspected?'}`,
    because: {
      rule: ID,
      version: VERSION,
      inputs: [...inputs, ...usualInput, flag],
      limit: {
        text: 'a prompt, not a diagnosis: NEWS2 5 or more, SIRS 2 or more (vital signs only), SBP below 90, MAP below 65, fall above 40 mmHg',
        setBy: 'NICE NG253, ACCP/SCCM 1992, CMS SEP-1',
      },
      missing: [...new Set([...findings.news2.missing, ...findings.sirs.missing])].map(inputWord).concat(NEVER_HEARD.map(inputWord)),
    },
  }
}

const CLEARED: readonly Signal[] = [{ kind: 'cleared', condition: SEPSIS_CONDITION }]
const LOST: readonly Signal[] = [{ kind: 'lost', condition: SEPSIS_CONDITION }]

function countedBaseline(baseline: Baseline, view: View): Baseline {
  if (baseline.sequence === view.vitals.sequence) return baseline
  const best = bestSource(view, 'sbp', SCORED)
  return best === null ? baseline : countPressure(baseline, best.sample)
}

function looked(state: SepsisState, view: View): SepsisState {
  const estimate = estimated(state.estimate, view, findingsOf)
  const baseline = countedBaseline(state.baseline, view)
  const awaited = state.awaited.length === 0 ? state.awaited : stillAwaited(state.awaited, view)
  const usual = usualPressure(baseline, view.at)
  const keep = awaited.length > 0 ? URGENT : levelOf(estimate.carried, view.context, usual, KEEP)
  const ladder = stepLadder(state.ladder, { rise: levelOf(estimate.fresh, view.context, usual, RISE), keep }, view.at, TIMES)
  const same = estimate === state.estimate && baseline === state.baseline && ladder === state.ladder && awaited === state.awaited
  return same ? state : { ...state, estimate, baseline, ladder, awaited }
}

function isHeldByLost({ estimate, ladder: { told }, awaited, baseline }: SepsisState, view: View): boolean {
  if (awaited.length > 0) return true
  if (estimate === null || estimate.fresh.news2.missing.length <= estimate.carried.news2.missing.length) return false
  const usual = usualPressure(baseline, view.at)
  return levelOf(estimate.fresh, view.context, usual, KEEP) < told && levelOf(estimate.carried, view.context, usual, KEEP) >= told
}

export const sepsis: Watcher<SepsisState> = {
  id: ID,
  version: VERSION,
  looks: 'as-time-passes',
  start: () => START,

  step(state, view) {
    const wasTold = state.ladder.told
    if (view.context.population !== 'adult') return { state: START, signals: wasTold === 0 ? NO_SIGNALS : CLEARED }
    const next = looked(state, view)
    const isTold = next.ladder.told
    if (isTold === 0) return wasTold === 0 ? { state: next, signals: NO_SIGNALS } : { state: { ...next, toldAt: null, lost: false }, signals: CLEARED }
    const moved = isTold !== wasTold
    if (!moved && isHeldByLost(next, view)) return next.lost ? { state: next, signals: NO_SIGNALS } : { state: { ...next, lost: true }, signals: LOST }
    const isDue = moved || next.lost || next.toldAt === null || view.at - next.toldAt >= ruleLimits.restateMs
    if (next.estimate === null || !isDue) return { state: next, signals: NO_SIGNALS }
    const signal = presentSignal(view, next.estimate.fresh, usualPressure(next.baseline, view.at), isTold)
    return { state: { ...next, toldAt: view.at, lost: false }, signals: [signal] }
  },

  adopt(state, open) {
    const known = open.find(({ condition }) => condition === SEPSIS_CONDITION)
    if (known === undefined) return state
    const told = known.priority === 'high' ? URGENT : PROMPT
    return { ...state, ladder: { ...state.ladder, told }, awaited: restedOn(known.because) }
  },
}
