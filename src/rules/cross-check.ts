/**
 * Values that contradict one another or themselves: systolic not above diastolic, heart rate and pulse apart, a pressure
 * that does not move, saturation from a weak signal. Technical: nothing is silenced by them, for the value that looks wrong
 * may be the one that is right.
 */

import type { Because, Priority } from '../domain/alert.ts'
import { rankOf } from '../domain/alert.ts'
import { type MonoMs, monoMs } from '../domain/time.ts'
import type { Signal } from '../seams.ts'
import { type Best, bestSource, LIVE, liveSample, type Sample, type Source, sourcesOf } from './vitals.ts'
import { NO_SIGNALS, type View, type Watcher } from './watcher.ts'
import { inputOf, sensorOf, valueWords } from './words.ts'

const ID = 'technical'
const VERSION = '1'

type Found = { readonly text: string; readonly limit: string; readonly inputs: Because['inputs']; readonly sources: readonly Source[] }
type Check = {
  readonly condition: string
  /** How long it must last; null: it is never said so loud. */
  readonly lowMs: number
  readonly mediumMs: number | null
  readonly find: (view: View, still: Still | null) => Found | null
}

/** Both far from the other: so many a minute, and by so much of the greater. */
const RATE_APART = 20
const RATE_APART_SHARE = 0.2
/** A line that is open to the heart shows a pulse. */
const PULSE_PRESSURE_MIN = 5
/** A pressure that is the very same number for so long, in so many values, is not measured any more. */
const STILL_MS = 600_000
const STILL_VALUES = 20
/** A contradiction that is away for so long is over. */
const OVER_MS = 10_000
/** Of one that was open before a restart. */
const LONG_AGO = monoMs(0)

/** Systolic and diastolic of one measurement. */
function pressurePair(view: View): { readonly systolic: Best; readonly diastolic: Best } | null {
  const systolic = bestSource(view, 'sbp', LIVE)
  if (systolic === null) return null
  for (const source of sourcesOf(view.vitals, 'dbp')) {
    if (source.device !== systolic.source.device || source.channel !== systolic.source.channel || source.rank !== systolic.source.rank) continue
    const sample = liveSample(source, view.at)
    if (sample !== null && sample.sequence === systolic.sample.sequence) return { systolic, diastolic: { source, sample } }
  }
  return null
}

const words = ({ source, sample }: Best): string => `${source.label} ${valueWords(source, sample).replace(/^\S+ /, '')}`

function reversed(view: View): Found | null {
  const pair = pressurePair(view)
  if (pair === null || pair.systolic.sample.value > pair.diastolic.sample.value) return null
  const { systolic, diastolic } = pair
  return {
    text: `Pressure cannot be right: ${words(systolic)}, ${words(diastolic)}`,
    limit: 'systolic must lie above diastolic',
    inputs: [inputOf(systolic.source, systolic.sample), inputOf(diastolic.source, diastolic.sample)],
    sources: [systolic.source, diastolic.source],
  }
}

function flat(view: View, still: Still | null): Found | null {
  const pair = pressurePair(view)
  if (pair !== null && !pair.systolic.source.episodic) {
    const { systolic, diastolic } = pair
    const pulse = systolic.sample.value - diastolic.sample.value
    const inputs = [inputOf(systolic.source, systolic.sample), inputOf(diastolic.source, diastolic.sample)]
    if (pulse > 0 && pulse <= PULSE_PRESSURE_MIN) return { text: `No pulse in ${words(systolic)}: check patient and line`, limit: `pulse pressure of ${PULSE_PRESSURE_MIN} or less`, inputs, sources: [systolic.source, diastolic.source] }
  }
  if (still === null || still.values < STILL_VALUES || view.at - still.sinceAt < STILL_MS) return null
  const best = bestSource(view, 'sbp', LIVE)
  if (best === null || best.source.key !== still.key) return null
  return { text: `${words(best)} has not changed for ${STILL_MS / 60_000} min: check line and monitor`, limit: `unchanged for ${STILL_MS / 60_000} min`, inputs: [inputOf(best.source, best.sample)], sources: [best.source] }
}

/** Of periodic sources: a cuff counts a pulse of its own now and then. */
function rateOf(view: View, isOf: (source: Source) => boolean): Best | null {
  for (const source of sourcesOf(view.vitals, 'hr')) {
    const sample: Sample | null = isOf(source) && !source.episodic && source.state.kind === 'good' ? liveSample(source, view.at) : null
    if (sample !== null) return { source, sample }
  }
  return null
}

function ratesApart(view: View): Found | null {
  const heart = rateOf(view, ({ rank }) => rank === 0)
  const pulse = rateOf(view, ({ rank }) => rank > 0)
  if (heart === null || pulse === null) return null
  const apart = Math.abs(heart.sample.value - pulse.sample.value)
  if (apart <= RATE_APART || apart <= RATE_APART_SHARE * Math.max(heart.sample.value, pulse.sample.value)) return null
  return {
    text: `Heart rate and pulse disagree: ${words(heart)}, ${words(pulse)}`,
    limit: `more than ${RATE_APART} /min and ${RATE_APART_SHARE * 100} % apart`,
    inputs: [inputOf(heart.source, heart.sample), inputOf(pulse.source, pulse.sample)],
    sources: [heart.source, pulse.source],
  }
}

function weakSaturation(view: View): Found | null {
  const best = bestSource(view, 'spo2', LIVE)
  if (best === null || best.source.episodic || !best.sample.doubtful) return null
  return { text: `${words(best)}: check the sensor`, limit: 'the monitor doubts the signal', inputs: [inputOf(best.source, best.sample)], sources: [best.source] }
}

const CHECKS: readonly Check[] = [
  { condition: `${ID}/pressure-reversed`, lowMs: 10_000, mediumMs: null, find: reversed },
  { condition: `${ID}/pressure-flat`, lowMs: 10_000, mediumMs: 30_000, find: flat },
  { condition: `${ID}/pulse-differs`, lowMs: 60_000, mediumMs: 300_000, find: ratesApart },
  { condition: `${ID}/spo2-weak`, lowMs: 30_000, mediumMs: 300_000, find: weakSaturation },
]

type Entry = { readonly sinceAt: MonoMs; readonly told: Priority | null; /** Since when it is not found any more. */ readonly awayAt: MonoMs | null }
/** The continuous systolic pressure: since when, and in how many values, it has been the same number. */
type Still = { readonly key: string; readonly value: number; readonly sinceAt: MonoMs; readonly sequence: number; readonly values: number }
export type CrossCheckState = { readonly entries: Readonly<Record<string, Entry>>; readonly still: Still | null }

function stillOf(known: Still | null, view: View): Still | null {
  const best = bestSource(view, 'sbp', LIVE)
  if (best === null || best.source.episodic) return null
  const { source: { key }, sample: { value, sequence } } = best
  if (known === null || known.key !== key || known.value !== value) return { key, value, sinceAt: view.at, sequence, values: 1 }
  return known.sequence === sequence ? known : { ...known, sequence, values: known.values + 1 }
}

function presentSignal(condition: string, priority: Priority, { text, limit, inputs, sources }: Found): Signal {
  return { kind: 'present', condition, priority, type: 'technical', text, because: { rule: 'cross-check', version: VERSION, inputs, limit: { text: limit, setBy: 'built in' }, missing: [], sensors: sources.map(sensorOf) } }
}

type Step = { readonly entry: Entry | null; readonly signal: Signal | null }

function stepCheck({ condition, lowMs, mediumMs }: Check, found: Found | null, known: Entry | undefined, at: MonoMs): Step {
  if (found === null) {
    if (known === undefined) return { entry: null, signal: null }
    const awayAt = known.awayAt ?? at
    if (known.told === null || at - awayAt >= OVER_MS) return { entry: null, signal: known.told === null ? null : { kind: 'cleared', condition } }
    return { entry: known.awayAt === null ? { ...known, awayAt } : known, signal: null }
  }
  const { sinceAt, told } = known ?? { sinceAt: at, told: null }
  const due: Priority | null = mediumMs !== null && at - sinceAt >= mediumMs ? 'medium' : at - sinceAt >= lowMs ? 'low' : null
  const isNews = due !== null && (told === null || rankOf(due) > rankOf(told))
  if (known !== undefined && known.awayAt === null && !isNews) return { entry: known, signal: null }
  return { entry: { sinceAt, told: isNews ? due : told, awayAt: null }, signal: isNews ? presentSignal(condition, due, found) : null }
}

export const crossCheck: Watcher<CrossCheckState> = {
  id: 'cross-check',
  version: VERSION,
  looks: 'as-time-passes',
  start: () => ({ entries: {}, still: null }),

  step(state, view) {
    const still = stillOf(state.still, view)
    let { entries } = state
    let signals: Signal[] | null = null
    for (const check of CHECKS) {
      const known = entries[check.condition]
      const { entry, signal } = stepCheck(check, check.find(view, still), known, view.at)
      if (signal !== null) (signals ??= []).push(signal)
      if (entry === (known ?? null)) continue
      const { [check.condition]: _replaced, ...others } = entries
      entries = entry === null ? others : { ...others, [check.condition]: entry }
    }
    const same = still === state.still && entries === state.entries
    return { state: same ? state : { entries, still }, signals: signals ?? NO_SIGNALS }
  },

  adopt(state, open) {
    const taken = CHECKS.flatMap(({ condition }): [string, Entry][] => {
      const known = open.find((one) => one.condition === condition)
      return known === undefined ? [] : [[condition, { sinceAt: LONG_AGO, told: known.priority, awayAt: null }]]
    })
    return { ...state, entries: Object.fromEntries(taken) }
  },
}
