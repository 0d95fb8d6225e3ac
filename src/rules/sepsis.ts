/**
 * The sepsis screen. It detects nothing: it asks the nurse to consider, says what it rests on and what it lacks.
 *
 * With infection suspected (a nurse's word, or the record's): NEWS2 of 5 or more (NICE NG253: 5 to 6 moderate, 7 high), SIRS
 * of 2 or more, lactate above 2; and urgently NEWS2 of 7, low pressure (systolic below 90, mean below 65, or a fall of more
 * than 40 from what is usual), SIRS with failing organs (CMS SEP-1), or lactate from 4. Adults only.
 *
 * Without the word it asks whether there is one: when fever is high, and when SIRS and low pressure meet while NEWS2, which
 * asks the same question with its own alert, is below 5. It asks once, and again after the policy's time if that still stands.
 */

import type { Priority } from '../domain/alert.ts'
import type { Variable } from '../domain/metrics.ts'
import { type MonoMs, monoMs } from '../domain/time.ts'
import { ruleLimits } from '../limits.ts'
import type { Signal } from '../seams.ts'
import { type Call, called, isQuiet } from './calls.ts'
import { courseInputs } from './course.ts'
import { type Estimate, estimated, gatherFresh } from './estimate.ts'
import {
  failingOrgans, type Findings, findingsOf, isPressureLow, LACTATE_SHOCK, lowPressure, type Margin, metSirs, NO_MARGIN, raisedLactate,
} from './evidence.ts'
import { becauseInputs, labInputs, restedOn, stillAwaited } from './inputs.ts'
import { freshLab } from './labs.ts'
import { groundLadder, type Ladder, type LadderTimes, stepLadder } from './ladder.ts'
import { type AlertPolicy, DEFAULT_POLICY, HOUR_MS } from './policy.ts'
import { printed, roundHalfUp } from './rounding.ts'
import { NO_SIGNALS, type Verdict, type View, type Watcher } from './watcher.ts'
import { inputWord, scoreWords } from './words.ts'

const ID = 'sepsis'
const VERSION = '2'
export const SEPSIS_CONDITION = 'sepsis/screen'

/** Levels of the ladder: a question without the word, a prompt with it, an urgent one. */
const ASK = 1
const PROMPT = 2
const URGENT = 3
const PRIORITY_OF: readonly Priority[] = ['low', 'medium', 'medium', 'high']
const TIMES: LadderTimes = { riseMs: [60_000, 60_000, 60_000], fallMs: 300_000 }

const SIRS_MET = 2
/** How much better a value must be before the prompt may end. */
const CLEAR_MARGIN: Margin = { sbp: 5, map: 3, fall: 5 }
const FEVER_MARGIN = 0.3

export type SepsisState = {
  readonly estimate: Estimate<Findings> | null
  readonly ladder: Ladder
  readonly told: { readonly level: number; readonly text: string; readonly at: MonoMs } | null
  readonly call: Call | null
  readonly lost: boolean
  readonly awaited: readonly Variable[]
}

/** A prompt that was taken over is said again as soon as there is something to say. */
const LONG_AGO = monoMs(-ruleLimits.restateMs)
const START: SepsisState = { estimate: null, ladder: groundLadder(URGENT), told: null, call: null, lost: false, awaited: [] }

type Bars = { readonly prompt: number; readonly urgent: number; readonly margin: Margin; readonly fever: number }
const RISE: Bars = { prompt: 5, urgent: 7, margin: NO_MARGIN, fever: 0 }
const KEEP: Bars = { prompt: 4, urgent: 6, margin: CLEAR_MARGIN, fever: FEVER_MARGIN }

function levelOf(findings: Findings, view: View, bars: Bars, policy: AlertPolicy): number {
  const isLow = isPressureLow(findings, view.memory.usualSbp, bars.margin)
  const isSirs = findings.sirs.min >= SIRS_MET
  const score = findings.news2.min
  if (!view.context.infectionSuspected) {
    const isFever = findings.temperature !== null && roundHalfUp(findings.temperature + bars.fever, 1) > policy.feverAbove
    return isFever || (findings.sirs.min >= policy.askSirs && isLow && score < RISE.prompt) ? ASK : 0
  }
  const isShock = findings.lactate !== null && findings.lactate >= LACTATE_SHOCK
  if (isLow || isShock || score >= bars.urgent || (isSirs && failingOrgans(view).length > 0)) return URGENT
  return isSirs || score >= bars.prompt || raisedLactate(findings).length > 0 ? PROMPT : 0
}

/** What a full screen would ask for and nobody has said. */
const missingOf = ({ news2, sirs }: Findings, { memory: { labs }, at }: View): readonly string[] => {
  const lacking = (['lactate', 'wbc'] as const).filter((lab) => freshLab(labs, lab, at) === undefined)
  // Of each pair of SIRS one is enough.
  const criteria = sirs.missing.filter((name) => name !== 'bands' && name !== 'paco2' && name !== 'wbc')
  return [...new Set([...news2.missing, ...criteria, ...lacking])].map(inputWord)
}

function textOf(view: View, findings: Findings, policy: AlertPolicy): string {
  const { infectionSuspected } = view.context
  const { temperature } = findings
  const signs = [
    findings.news2.min >= RISE.prompt ? [scoreWords('NEWS2', findings.news2)] : [],
    temperature !== null && temperature > policy.feverAbove ? [`Temp ${printed(temperature, 1)} °C`] : [],
    metSirs(findings, SIRS_MET),
    lowPressure(findings, view.memory.usualSbp),
    raisedLactate(findings),
    infectionSuspected ? failingOrgans(view) : [],
  ].flat()
  const found = [infectionSuspected ? ['infection suspected'] : [], signs.length > 0 ? signs : ['signs are easing']].flat()
  return `Consider sepsis: ${found.join(', ')}${infectionSuspected ? '' : '. Is infection suspected?'}`
}

type Saying = { readonly level: number; readonly text: string }

function presentSignal(view: View, findings: Findings, of: Saying, policy: AlertPolicy): Signal & { readonly kind: 'present' } {
  const { infectionSuspected } = view.context
  const usual = view.memory.usualSbp
  const gathered = gatherFresh(view)
  const usualInput = usual === null ? [] : [{ name: 'usual SBP, last 4 h', value: roundHalfUp(usual, 0), unit: 'mmHg', at: view.wall }]
  const flag = { name: 'infection suspected', value: infectionSuspected ? 'yes' : 'not said', unit: '', at: view.contextAt ?? view.wall }
  return {
    kind: 'present',
    condition: SEPSIS_CONDITION,
    priority: PRIORITY_OF[of.level] ?? 'medium',
    type: 'physiological',
    text: of.text,
    because: {
      rule: ID,
      version: VERSION,
      inputs: [
        ...becauseInputs(view, gathered, ['temperature', 'hr', 'rr', 'sbp', 'dbp', 'map', 'spo2']), ...usualInput, flag, ...labInputs(view),
        ...courseInputs(view.memory.course, gathered, view),
      ],
      limit: {
        text: [
          'a prompt, not a diagnosis: NEWS2 5 or more', 'SIRS 2 or more', `temperature above ${policy.feverAbove}`,
          'SBP below 90', 'MAP below 65', 'fall above 40 mmHg', 'lactate above 2',
        ].join(', '),
        setBy: 'NICE NG253, ACCP/SCCM 1992, CMS SEP-1',
      },
      missing: missingOf(findings, view),
    },
  }
}

const CLEARED: readonly Signal[] = [{ kind: 'cleared', condition: SEPSIS_CONDITION }]
const LOST: readonly Signal[] = [{ kind: 'lost', condition: SEPSIS_CONDITION }]

function looked(state: SepsisState, view: View, policy: AlertPolicy): SepsisState {
  const estimate = estimated(state.estimate, view, findingsOf)
  const awaited = state.awaited.length === 0 ? state.awaited : stillAwaited(state.awaited, view)
  const keep = awaited.length > 0 ? URGENT : levelOf(estimate.carried, view, KEEP, policy)
  const ladder = stepLadder(state.ladder, { rise: levelOf(estimate.fresh, view, RISE, policy), keep }, view.at, TIMES)
  return estimate === state.estimate && ladder === state.ladder && awaited === state.awaited ? state : { ...state, estimate, ladder, awaited }
}

function isHeldByLost({ estimate, told, awaited }: SepsisState, view: View, policy: AlertPolicy): boolean {
  if (awaited.length > 0) return true
  if (estimate === null || told === null || estimate.fresh.news2.missing.length <= estimate.carried.news2.missing.length) return false
  return levelOf(estimate.fresh, view, KEEP, policy) < told.level && levelOf(estimate.carried, view, KEEP, policy) >= told.level
}

/** What was asked is not asked again for a while, unless it is more urgent now. */
const mayOpen = ({ call }: SepsisState, level: number, at: MonoMs, policy: AlertPolicy): boolean =>
  level > (call?.worst ?? 0) || !isQuiet(call, at, policy.askAgainHours * HOUR_MS)

function spoken(state: SepsisState, view: View, policy: AlertPolicy): Verdict<SepsisState> {
  const { ladder: { told: level }, told, estimate, call } = state
  if (level === 0) return told === null ? { state, signals: NO_SIGNALS } : { state: { ...state, told: null, lost: false }, signals: CLEARED }
  if (estimate === null || (told === null && !mayOpen(state, level, view.at, policy))) return { state, signals: NO_SIGNALS }
  const isMoved = level !== told?.level
  if (!isMoved && isHeldByLost(state, view, policy)) return state.lost ? { state, signals: NO_SIGNALS } : { state: { ...state, lost: true }, signals: LOST }
  // A question that nobody has answered.
  const isAskedAgain = level === ASK && !isMoved && state.ladder.fallingAt === null && !isQuiet(call, view.at, policy.askAgainHours * HOUR_MS)
  const isDue = isMoved || isAskedAgain || state.lost || view.at - told.at >= ruleLimits.restateMs
  if (!isDue) return { state, signals: NO_SIGNALS }
  const isCall = told === null || level > told.level || isAskedAgain
  const text = textOf(view, estimate.fresh, policy)
  const now = { at: view.at, worst: level }
  const next = { ...state, told: { level, text, at: view.at }, lost: false, call: isCall ? called(call, now, policy.askAgainHours * HOUR_MS) : call }
  if (!isMoved && !isAskedAgain && !state.lost && text === told?.text) return { state: next, signals: NO_SIGNALS }
  const signal = presentSignal(view, estimate.fresh, { level, text }, policy)
  return { state: next, signals: [isAskedAgain ? { ...signal, again: true } : signal] }
}

export const sepsis: Watcher<SepsisState> = {
  id: ID,
  version: VERSION,
  looks: 'as-time-passes',
  start: () => START,

  step(state, view, { policy = DEFAULT_POLICY }) {
    if (view.context.population !== 'adult') return { state: START, signals: state.told === null ? NO_SIGNALS : CLEARED }
    return spoken(looked(state, view, policy), view, policy)
  },

  adopt(state, open) {
    const known = open.find(({ condition }) => condition === SEPSIS_CONDITION)
    if (known === undefined) return state
    const level = known.priority === 'high' ? URGENT : PROMPT
    return { ...state, ladder: { ...state.ladder, told: level }, told: { level, text: '', at: LONG_AGO }, awaited: restedOn(known.because) }
  },
}
