/**
 * Values that no score may use and no nurse may miss: a measured rate of 0 (no beat, no breath), and a value that the
 * device calls valid although it lies beyond plausibility on a dangerous side. High, and not a statement about the
 * patient: "check patient".
 */

import { type Variable, VARIABLES } from '../domain/metrics.ts'
import { type MonoMs, monoMs } from '../domain/time.ts'
import { ruleLimits } from '../limits.ts'
import type { Signal } from '../seams.ts'
import { type Best, liveSample, sourcesOf } from './vitals.ts'
import { NO_SIGNALS, type View } from './watcher.ts'
import { inputOf, sensorOf, valueWords } from './words.ts'

export type Extreme = {
  readonly sinceAt: MonoMs
  readonly samples: number
  readonly sequence: number
  /** When it was last said; null: not yet. */
  readonly toldAt: MonoMs | null
  readonly lost: boolean
}

/** An alert that was open before we started; its first value is told at once. */
export const ADOPTED: Extreme = { sinceAt: monoMs(0), samples: 0, sequence: 0, toldAt: monoMs(-ruleLimits.restateMs), lost: false }

/** Pressure and saturation are disturbed by flushing and movement: they must last, as extreme limits must. */
const LASTS_MS = 3_000
const LASTS_SAMPLES = 2
/** A value on whose way nothing would have noticed a changed byte: so many must agree. A standstill waits for nothing. */
const UNCHECKED_SAMPLES = 2

const STANDSTILL: { readonly [Name in Variable]?: { readonly condition: string; readonly word: string } } = {
  hr: { condition: 'threshold/asystole', word: 'asystole' },
  rr: { condition: 'threshold/apnoea', word: 'apnoea' },
}
const implausibleCondition = (variable: Variable): string => `threshold/${variable}-implausible`

const CONDITIONS: Readonly<Record<Variable, readonly string[]>> = {
  hr: ['threshold/asystole', implausibleCondition('hr')],
  rr: ['threshold/apnoea', implausibleCondition('rr')],
  spo2: [implausibleCondition('spo2')],
  sbp: [implausibleCondition('sbp')],
  dbp: [], map: [], temperature: [], etco2: [], fio2: [],
}

export const EXTREME_CONDITIONS: readonly string[] = VARIABLES.flatMap((variable) => CONDITIONS[variable])

/** By condition. */
export type Extremes = Readonly<Record<string, Extreme>>
type Change = readonly [condition: string, entry: Extreme | null]
export type ExtremeVerdict = { readonly changed: readonly Change[]; readonly signals: readonly Signal[] }
const NOTHING: ExtremeVerdict = { changed: [], signals: NO_SIGNALS }

function presentSignal(condition: string, { source, sample }: Best, view: View): Signal {
  const standstill = STANDSTILL[source.variable]
  const words = valueWords(source, sample)
  const others = sourcesOf(view.vitals, source.variable).filter(({ key }) => key !== source.key)
  const otherInputs = others.flatMap((other) => {
    const live = liveSample(other, view.at)
    return live === null ? [] : [inputOf(other, live)]
  })
  return {
    kind: 'present',
    condition,
    priority: 'high',
    type: 'physiological',
    text: condition === standstill?.condition ? `${words}: check patient, possible ${standstill.word}` : `Check patient: ${words}`,
    because: {
      rule: 'threshold',
      version: '1',
      inputs: [inputOf(source, sample), ...otherInputs],
      limit: { text: 'beyond what can be believed: not scored, not ignored', setBy: 'built in' },
      missing: [],
      sensors: [sensorOf(source)],
    },
  }
}

function stepBeyond(condition: string, known: Extreme | undefined, best: Best, view: View): ExtremeVerdict {
  const { source, sample } = best
  const isNew = known?.sequence !== sample.sequence
  const sinceAt = known?.sinceAt ?? view.at
  const samples = (known?.samples ?? 0) + (isNew ? 1 : 0)
  const isAlone = sample.unchecked && samples < UNCHECKED_SAMPLES && condition !== STANDSTILL[source.variable]?.condition
  const lasts = source.variable === 'hr' || source.variable === 'rr' || source.episodic || view.at - sinceAt >= LASTS_MS || samples >= LASTS_SAMPLES
  const acts = lasts && !isAlone
  const toldAt = known?.toldAt ?? null
  const news = acts && (toldAt === null || known?.lost === true || view.at - toldAt >= ruleLimits.restateMs)
  if (known !== undefined && !isNew && !news) return NOTHING
  const entry: Extreme = { sinceAt, samples, sequence: sample.sequence, toldAt: news ? view.at : toldAt, lost: !news && known?.lost === true }
  return { changed: [[condition, entry]], signals: news ? [presentSignal(condition, best, view)] : NO_SIGNALS }
}

/** What is told stays while nothing plausible is heard; what only waited is forgotten. */
function stepAway(record: Extremes, variable: Variable, isBack: boolean): ExtremeVerdict {
  const told = CONDITIONS[variable].some((condition) => record[condition] !== undefined)
  if (!told) return NOTHING
  const changed: Change[] = []
  const signals: Signal[] = []
  for (const condition of CONDITIONS[variable]) {
    const known = record[condition]
    if (known === undefined) continue
    if (known.toldAt === null || isBack) changed.push([condition, null])
    else if (!known.lost) changed.push([condition, { ...known, lost: true }])
    if (known.toldAt !== null && isBack) signals.push({ kind: 'cleared', condition })
    else if (known.toldAt !== null && !known.lost) signals.push({ kind: 'lost', condition })
  }
  return { changed, signals }
}

/** One step for one variable. A plausible value clears; no value at all is `lost`. */
export function stepExtreme(record: Extremes, variable: Variable, best: Best | null, view: View): ExtremeVerdict {
  if (best === null || best.source.state.kind !== 'beyond') return stepAway(record, variable, best !== null)
  const standstill = STANDSTILL[variable]
  const condition = standstill !== undefined && best.sample.value === 0 ? standstill.condition : implausibleCondition(variable)
  return stepBeyond(condition, record[condition], best, view)
}
