/**
 * Limits per clinical variable, from the profile of the population: graded priority, delay, clear margin. One condition a
 * variable and side (`threshold/spo2-low`), however many sensors feed the variable. A value that goes away never clears:
 * the condition is told `lost` and stays. Limits of the stay hold in place of the ward's. Beyond a further limit it calls anew.
 *
 * Of a line on which nothing would notice a changed byte, a value violates a limit only when a second one says the same.
 *
 * No beat and no breath (a measured 0), and values beyond plausibility on a dangerous side, are conditions of their own,
 * high: they must be heard although a limit alert of the same variable was acknowledged before.
 */

import type { Priority } from '../domain/alert.ts'
import { rankOf } from '../domain/alert.ts'
import { type Variable, VARIABLES } from '../domain/metrics.ts'
import type { StayLimit } from '../domain/stay-limit.ts'
import { type MonoMs, monoMs } from '../domain/time.ts'
import { ruleLimits } from '../limits.ts'
import type { Signal, StayContext, Waiting } from '../seams.ts'
import { type Averages, averageOf, averaged } from './average.ts'
import { ADOPTED, type Extreme, EXTREME_CONDITIONS, stepExtreme } from './extreme.ts'
import { answersFor, type Grade, type LimitProfile, type Population, type VariableLimits } from './profile.ts'
import { roundHalfUp } from './rounding.ts'
import { withStayLimits } from './stay-limits.ts'
import { type Best, bestSource, LIVE } from './vitals.ts'
import { NO_SIGNALS, type OpenCondition, type RuleSettings, type Verdict, type View, type Watcher } from './watcher.ts'
import { inputOf, sensorOf, unitWord, VARIABLE_WORDS, valueWords } from './words.ts'

const ID = 'threshold'
const VERSION = '1'
const SIDES = ['low', 'high'] as const
type Side = (typeof SIDES)[number]
/** Long before anything was heard. */
const NEVER = monoMs(0)

/** How far one grade has come: waiting out its delay, or held. */
type Run = { readonly sinceAt: MonoMs; readonly samples: number; readonly held: boolean }
/**
 * `worst` is the worst value told so far; null for an alert that was taken over and has no value yet. `reached`: the outermost
 * limit told so far; null where that is not known.
 */
type Told = { readonly priority: Priority; readonly worst: number | null; readonly at: MonoMs; readonly reached: number | null }

type SideState = {
  /** One for each grade of the side. */
  readonly runs: readonly (Run | null)[]
  readonly told: Told | null
  /** Told, and then the value went away. */
  readonly lost: boolean
  readonly sequence: number
  /** When a live value was last looked at. */
  readonly seenAt: MonoMs
}

export type ThresholdState = {
  readonly population: Population
  /** Of the stay; null: those of the ward hold. */
  readonly limits: readonly StayLimit[] | null
  /** What is averaged before it is compared. */
  readonly averages: Averages
  /** By condition; a side that is quiet has no entry. */
  readonly sides: Readonly<Record<string, SideState>>
  readonly extremes: Readonly<Record<string, Extreme>>
}

type Subject = Best & {
  readonly condition: string
  readonly side: Side
  readonly profile: LimitProfile
  readonly limits: VariableLimits
  readonly grades: readonly Grade[]
  /** As it was read, and averaged where the limits want that. */
  readonly value: number
  readonly averaged: number
  readonly view: View
}

const conditionsOf = (variable: Variable): Readonly<Record<Side, string>> => ({ low: `${ID}/${variable}-low`, high: `${ID}/${variable}-high` })
const CONDITIONS: Readonly<Record<Variable, Readonly<Record<Side, string>>>> = {
  hr: conditionsOf('hr'), spo2: conditionsOf('spo2'), rr: conditionsOf('rr'), sbp: conditionsOf('sbp'), dbp: conditionsOf('dbp'), map: conditionsOf('map'),
  temperature: conditionsOf('temperature'), etco2: conditionsOf('etco2'), fio2: conditionsOf('fio2'),
}
const isBeyond = (side: Side, value: number, limit: number): boolean => (side === 'low' ? value < limit : value > limit)

/** So many values must agree where nothing would notice a changed byte. */
const UNCHECKED_SAMPLES = 2

/** The value as the nurse reads it: what is compared is what is shown. */
const asRead = ({ source, sample }: Best): number => roundHalfUp(sample.value, source.decimals)

/** Rounded, so that 90.1 − 0.1 is 90. */
const clearedAt = (side: Side, { beyond }: Grade, { clearMargin }: VariableLimits): number =>
  roundHalfUp(side === 'low' ? beyond + clearMargin : beyond - clearMargin, 3)

function stepRun(run: Run | null, grade: Grade, subject: Subject, isNew: boolean): Run | null {
  const { side, source, sample, limits, view } = subject
  // A grade that counts single values is for what must not wait.
  const value = grade.samples === undefined ? subject.averaged : subject.value
  const active = grade.onlyOnOxygen !== true || view.context.onOxygen === true
  if (run?.held === true) return active && isBeyond(side, value, clearedAt(side, grade, limits)) ? run : null
  if (!active || !isBeyond(side, value, grade.beyond)) return null
  const sinceAt = run?.sinceAt ?? view.at
  const samples = (run?.samples ?? 0) + (isNew || run === null ? 1 : 0)
  const isAlone = sample.unchecked && samples < UNCHECKED_SAMPLES
  const held = source.episodic || (!isAlone && (view.at - sinceAt >= grade.delaySeconds * 1_000 || (grade.samples !== undefined && samples >= grade.samples)))
  return run !== null && run.samples === samples && run.held === held ? run : { sinceAt, samples, held }
}

/** All grades of a side. One that is held holds those further in: an alert never ends, or pauses, on the way back through them. */
function stepRuns(state: SideState | undefined, subject: Subject, isNew: boolean): readonly (Run | null)[] {
  const runs = subject.grades.map((grade, index) => stepRun(state?.runs[index] ?? null, grade, subject, isNew))
  const outermost = runs.findLastIndex((run) => run?.held === true)
  return runs.map((run, index) => (run !== null && index < outermost && !run.held ? { ...run, held: true } : run))
}

/** The gravest grade that is held; of equals the outermost. */
function gravest(runs: readonly (Run | null)[], grades: readonly Grade[]): Grade | null {
  let found: Grade | null = null
  grades.forEach((grade, index) => {
    if (runs[index]?.held === true && (found === null || rankOf(grade.priority) >= rankOf(found.priority))) found = grade
  })
  return found
}

/** `SpO₂ 84 % below 90`; of one whose average is still beyond, that it was. `value`: null where none is there. */
const beyondWords = (words: string, { side, limit, value }: { readonly side: Side; readonly limit: number; readonly value: number | null }): string =>
  `${words}${value === null || isBeyond(side, value, limit) ? '' : ', was'} ${side === 'low' ? 'below' : 'above'} ${limit}`

/** Within the text of a limit; an open alert that is taken over is told by it how far it had come. */
const gradeWords = (side: Side, { priority, beyond }: Grade): string => `; ${priority} ${side === 'low' ? 'below' : 'above'} ${beyond}, `

function presentSignal(subject: Subject, held: Grade): Extract<Signal, { kind: 'present' }> {
  const { condition, side, profile, limits, grades, source, sample, value } = subject
  const limit = grades[0]?.beyond ?? held.beyond
  const words = valueWords(source, sample)
  const repeat = source.episodic && source.variable !== 'temperature' ? '; repeat to confirm' : ''
  const orSamples = held.samples === undefined ? '' : ` or ${held.samples} values`
  const after = held.delaySeconds === 0 || source.episodic ? 'at once' : `after ${held.delaySeconds} s${orSamples}`
  return {
    kind: 'present',
    condition,
    priority: held.priority,
    type: 'physiological',
    text: beyondWords(words, { side, limit, value }) + (isBeyond(side, value, limit) ? repeat : ''),
    because: {
      rule: ID,
      version: VERSION,
      inputs: [inputOf(source, sample)],
      limit: {
        text: `${VARIABLE_WORDS[source.variable]} ${side} ${limit} ${unitWord(source.unit)}${gradeWords(side, held)}${after}`,
        setBy: answersFor(profile, limits, side),
      },
      missing: [],
      sensors: [sensorOf(source)],
    },
  }
}

/** Further out than the worst that is known. */
const isWorse = (side: Side, value: number, worst: number | null): boolean => worst !== null && isBeyond(side, value, worst)

const QUIET: Verdict<null> = { state: null, signals: NO_SIGNALS }

function tell(state: SideState, subject: Subject): Verdict<SideState | null> {
  const { condition, side, grades, value, view } = subject
  const held = gravest(state.runs, grades)
  if (held === null) {
    const quiet = state.runs.every((run) => run === null)
    if (state.told === null) return { state: quiet ? null : state, signals: NO_SIGNALS }
    return { state: quiet ? null : { ...state, told: null, lost: false }, signals: [{ kind: 'cleared', condition }] }
  }
  const { told } = state
  // As grave as before and beyond a further limit: who acknowledged 84 % has not seen 75 %.
  const isFurther = told !== null && told.priority === held.priority && isWorse(side, held.beyond, told.reached) && isBeyond(side, value, held.beyond)
  const news =
    told === null || isFurther || state.lost || told.priority !== held.priority || told.worst === null ||
    view.at - told.at >= (isWorse(side, value, told.worst) ? ruleLimits.restateWorseMs : ruleLimits.restateMs)
  if (!news) return { state, signals: NO_SIGNALS }
  const known = told?.worst ?? value
  const worst = isWorse(side, value, known) ? value : known
  const reached = told === null || isFurther || (told.priority !== held.priority && isWorse(side, held.beyond, told.reached)) ? held.beyond : told.reached
  const signal = presentSignal(subject, held)
  return { state: { ...state, lost: false, told: { priority: held.priority, worst, at: view.at, reached } }, signals: [isFurther ? { ...signal, again: true } : signal] }
}

function stepSide(state: SideState | undefined, subject: Subject): Verdict<SideState | null> {
  const { sample, view } = subject
  const isNew = state?.sequence !== sample.sequence
  const runs = stepRuns(state, subject, isNew)
  if (state === undefined && runs.every((run) => run === null)) return QUIET
  if (state !== undefined && !isNew && runs.every((run, index) => run === state.runs[index])) return tell(state, subject)
  return tell({ runs, told: state?.told ?? null, lost: state?.lost ?? false, sequence: sample.sequence, seenAt: view.at }, subject)
}

/** No live value: what is told stays and is marked lost; what was waiting is forgotten after a while. */
function stepWithout(condition: string, state: SideState, { at }: View): Verdict<SideState | null> {
  if (state.told !== null) return state.lost ? { state, signals: NO_SIGNALS } : { state: { ...state, lost: true }, signals: [{ kind: 'lost', condition }] }
  return { state: at - state.seenAt > ruleLimits.pendingGapMs ? null : state, signals: NO_SIGNALS }
}

type Draft = { averages: Averages; sides: Readonly<Record<string, SideState>>; extremes: Readonly<Record<string, Extreme>>; signals: Signal[] | null }

function put<Entry>(record: Readonly<Record<string, Entry>>, key: string, entry: Entry | null): Readonly<Record<string, Entry>> {
  if (entry !== null) return record[key] === entry ? record : { ...record, [key]: entry }
  if (record[key] === undefined) return record
  const { [key]: _gone, ...rest } = record
  return rest
}

function note(draft: Draft, signals: readonly Signal[]): void {
  if (signals.length > 0) (draft.signals ??= []).push(...signals)
}

function stepVariable(draft: Draft, variable: Variable, profile: LimitProfile, view: View): void {
  const best = bestSource(view, variable, LIVE)
  const extreme = stepExtreme(draft.extremes, variable, best, view)
  for (const [condition, entry] of extreme.changed) draft.extremes = put(draft.extremes, condition, entry)
  note(draft, extreme.signals)
  // A value beyond plausibility is neither better nor a measure of how bad: the limit alert waits as it is.
  if (best?.source.state.kind === 'beyond') return
  const limits = profile.variables[variable]
  if (limits === undefined) return
  const value = best === null ? null : asRead(best)
  if (best !== null && limits.averageSeconds !== undefined) draft.averages = averaged(draft.averages, best, view.at, limits.averageSeconds)
  const average = best === null || value === null || limits.averageSeconds === undefined ? value : roundHalfUp(averageOf(draft.averages, best), best.source.decimals)
  for (const side of SIDES) {
    const condition = CONDITIONS[variable][side]
    const state = draft.sides[condition]
    const grades = limits[side]
    const [innermost] = grades
    if (innermost === undefined) continue
    const isInside = (value === null || !isBeyond(side, value, innermost.beyond)) && (average === null || !isBeyond(side, average, innermost.beyond))
    if (state === undefined && isInside) continue
    const verdict =
      best !== null && value !== null && average !== null ? stepSide(state, { condition, side, profile, limits, grades, ...best, value, averaged: average, view })
      : state !== undefined ? stepWithout(condition, state, view)
      : QUIET
    draft.sides = put(draft.sides, condition, verdict.state)
    note(draft, verdict.signals)
  }
}

/** As if all grades up to the told priority were held: the next value decides whether they still are. */
function adopted(grades: readonly Grade[], { priority, reached }: Pick<Told, 'priority' | 'reached'>): SideState {
  return {
    runs: grades.map((grade, index) => (index === 0 || rankOf(grade.priority) <= rankOf(priority) ? { sinceAt: NEVER, samples: 0, held: true } : null)),
    told: { priority, worst: null, at: NEVER, reached },
    lost: false,
    sequence: 0,
    seenAt: NEVER,
  }
}

function gradesOf(profile: LimitProfile, condition: string): readonly Grade[] {
  for (const variable of VARIABLES) for (const side of SIDES) if (CONDITIONS[variable][side] === condition) return profile.variables[variable]?.[side] ?? []
  return []
}

/** A new population, or a change of the stay's limits, brings other limits: what is told is judged by them from the next value on, what waited waits anew. */
function rearm(draft: Draft, sides: ThresholdState['sides'], profile: LimitProfile): void {
  draft.sides = {}
  for (const [condition, side] of Object.entries(sides)) {
    if (side.told === null) continue
    const grades = gradesOf(profile, condition)
    if (grades.length === 0) note(draft, [{ kind: 'cleared', condition }])
    else draft.sides = put(draft.sides, condition, { ...adopted(grades, side.told), lost: side.lost })
  }
}

const profileOf = ({ population, limits }: Pick<StayContext, 'population' | 'limits'>, { profiles }: RuleSettings): LimitProfile => withStayLimits(profiles[population], limits)

const NOTHING_WAITS: readonly Waiting[] = []

/** Limits that are violated and wait out their delay, by the grade that is due first; nothing that is told already. */
export function waitingLimits({ sides }: ThresholdState, view: Pick<View, 'vitals' | 'context' | 'at'>, settings: RuleSettings): readonly Waiting[] {
  let waiting: Waiting[] | null = null
  for (const condition in sides) {
    const state = sides[condition]
    if (state === undefined || state.told !== null) continue
    const one = waitingSide(condition, state, { view, profile: profileOf(view.context, settings) })
    if (one !== null) (waiting ??= []).push(one)
  }
  return waiting ?? NOTHING_WAITS
}

function waitingSide(condition: string, { runs }: SideState, { view, profile }: { readonly view: Pick<View, 'vitals' | 'at'>; readonly profile: LimitProfile }): Waiting | null {
  const variable = VARIABLES.find((name) => SIDES.some((side) => CONDITIONS[name][side] === condition))
  const side = SIDES.find((name) => variable !== undefined && CONDITIONS[variable][name] === condition)
  if (variable === undefined || side === undefined) return null
  const grades = profile.variables[variable]?.[side] ?? []
  const due = grades
    .flatMap((grade, index) => {
      const run = runs[index] ?? null
      return run === null || run.held ? [] : [{ grade, run, dueAt: monoMs(run.sinceAt + grade.delaySeconds * 1_000) }]
    })
    .toSorted((one, other) => one.dueAt - other.dueAt)
  const [first] = due
  const limit = grades[0]?.beyond
  if (first === undefined || limit === undefined) return null
  const best = bestSource(view, variable, LIVE)
  const words = best === null ? VARIABLE_WORDS[variable] : valueWords(best.source, best.sample)
  const sinceAt = monoMs(Math.min(...due.map(({ run }) => run.sinceAt)))
  return { condition, priority: first.grade.priority, text: beyondWords(words, { side, limit, value: best === null ? null : asRead(best) }), sinceAt, dueAt: first.dueAt }
}

export const threshold: Watcher<ThresholdState> = {
  id: ID,
  version: VERSION,
  looks: 'at-each-snapshot',
  start: ({ population, limits = null }) => ({ population, limits, averages: {}, sides: {}, extremes: {} }),

  step(state, view, settings) {
    const { population, limits = null } = view.context
    const profile = profileOf(view.context, settings)
    const draft: Draft = { averages: state.averages, sides: state.sides, extremes: state.extremes, signals: null }
    const isSameLimits = population === state.population && limits === state.limits
    if (!isSameLimits) rearm(draft, state.sides, profile)
    for (const variable of VARIABLES) stepVariable(draft, variable, profile, view)
    const same = isSameLimits && draft.sides === state.sides && draft.extremes === state.extremes && draft.averages === state.averages
    return { state: same ? state : { population, limits, averages: draft.averages, sides: draft.sides, extremes: draft.extremes }, signals: draft.signals ?? NO_SIGNALS }
  },

  adopt(state, open: readonly OpenCondition[], settings) {
    const profile = profileOf({ population: state.population, ...(state.limits === null ? {} : { limits: state.limits }) }, settings)
    let { sides, extremes } = state
    for (const { condition, priority, because: { limit } } of open) {
      const grades = gradesOf(profile, condition)
      const told = grades.find((grade) => SIDES.some((side) => limit?.text.includes(gradeWords(side, grade)))) ?? grades.find((grade) => grade.priority === priority)
      if (grades.length > 0) sides = put(sides, condition, adopted(grades, { priority, reached: told?.beyond ?? null }))
      else if (EXTREME_CONDITIONS.includes(condition)) extremes = put(extremes, condition, ADOPTED)
    }
    return { ...state, sides, extremes }
  },
}
