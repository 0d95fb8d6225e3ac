/**
 * What the sensors of one stay say now. Several metrics may feed one variable (heart rate from ECG, pleth, cuff); each
 * sensor is a source, ranked by the metric table. All live rules look at the patient through this fold.
 *
 * Of several values of one source in one snapshot the newest counts, so order and repeats within a snapshot change
 * nothing. Values marked demo or test are not seen. Values that are older than live are history and not seen either.
 */

import type { DeviceId } from '../domain/ids.ts'
import { type Metric, type Variable, within } from '../domain/metrics.ts'
import { ageAtSending, type Observation, type Snapshot } from '../domain/observation.ts'
import type { AbsentReason, ReadingFlag } from '../domain/reading.ts'
import { type MonoMs, monoMs, type WallMs } from '../domain/time.ts'
import { ruleLimits } from '../limits.ts'
import { type Promised, type Terms, termsOf } from './contract.ts'

export type Sample = {
  readonly value: number
  /** Gateway time of measurement on the clock that never steps: arrival less the age at sending. */
  readonly measuredAt: MonoMs
  /** Corrected wall time of measurement, for people. */
  readonly wall: WallMs
  /** Number of the snapshot that brought it: two samples are two values only when their numbers differ. */
  readonly sequence: number
  /** The device doubts it (low signal, questionable). */
  readonly doubtful: boolean
  /** Of a single measurement: the device's clock, which is the only one that says when it was, may be wrong. */
  readonly timeUncertain: boolean
  /** Nothing on its way would have noticed a changed byte. */
  readonly unchecked: boolean
}

export type SourceState =
  | { readonly kind: 'good' }
  /** The device calls it valid, but it lies beyond what may be scored, on a side where that is dangerous. */
  | { readonly kind: 'beyond'; readonly side: 'low' | 'high'; readonly sample: Sample }
  | { readonly kind: 'absent'; readonly reason: AbsentReason }

export type Source = {
  readonly device: DeviceId
  readonly metric: Metric
  readonly channel: string
  /** Device, metric and channel, as one word. */
  readonly key: string
  readonly variable: Variable
  readonly rank: number
  readonly label: string
  readonly unit: string
  readonly decimals: number
  /** The device marked it as measured once. */
  readonly marked: boolean
  readonly episodic: boolean
  readonly terms: Terms
  /** The last value that may be scored, whatever was said since. */
  readonly good: Sample | null
  readonly state: SourceState
  readonly heardAt: MonoMs
}

export type Vitals = {
  /** Count of snapshots that said something. */
  readonly sequence: number
  /** Arrival of the last of them. */
  readonly heardAt: MonoMs | null
  /** By variable, then rank, then key. */
  readonly sources: readonly Source[]
  /** Where the sources of each variable stand among them. */
  readonly spans: Spans
}

type Span = { readonly from: number; readonly to: number }
type Spans = Readonly<Record<Variable, Span>>

const spanOf = (sources: readonly Source[], variable: Variable): Span => {
  const from = sources.findIndex((source) => source.variable === variable)
  return from === -1 ? { from: 0, to: 0 } : { from, to: sources.findLastIndex((source) => source.variable === variable) + 1 }
}
const spansOf = (sources: readonly Source[]): Spans => ({
  hr: spanOf(sources, 'hr'), spo2: spanOf(sources, 'spo2'), rr: spanOf(sources, 'rr'), sbp: spanOf(sources, 'sbp'), dbp: spanOf(sources, 'dbp'),
  map: spanOf(sources, 'map'), temperature: spanOf(sources, 'temperature'), etco2: spanOf(sources, 'etco2'), fio2: spanOf(sources, 'fio2'),
})

export const NO_VITALS: Vitals = { sequence: 0, heardAt: null, sources: [], spans: spansOf([]) }

/**
 * Where a value beyond plausibility means danger rather than a fault. Not temperature: below 25 °C a probe lies in the
 * room. Not diastolic and mean pressure: the systolic speaks for the line.
 */
const DANGEROUS: { readonly [Name in Variable]?: { readonly low: boolean; readonly high: boolean } } = {
  hr: { low: true, high: true },
  rr: { low: true, high: true },
  spo2: { low: true, high: false },
  sbp: { low: true, high: true },
}

const isMarked = ({ flags }: Observation): boolean => flags.length > 0 && flags.includes('episodic')

/** How old a value was when it left the device, in ms. */
const ageOf = ({ deviceAt }: Observation, { receivedAt, sentAt }: Snapshot): number => ageAtSending({ receivedAt, sentAt, deviceAt })

/** Which of two values of one source counts: the newer; then the measured; then, so that order never matters, the lower. */
function isPreferred(candidate: Observation, to: Observation, snapshot: Snapshot): boolean {
  const [age, otherAge] = [ageOf(candidate, snapshot), ageOf(to, snapshot)]
  if (age !== otherAge) return age < otherAge
  const [at, otherAt] = [candidate.deviceAt ?? -Infinity, to.deviceAt ?? -Infinity]
  if (at !== otherAt) return at > otherAt
  if (candidate.correctedAt !== to.correctedAt) return candidate.correctedAt > to.correctedAt
  const [a, b] = [candidate.measurement, to.measurement]
  if (a.kind !== b.kind) return a.kind === 'measured'
  if (a.kind === 'measured' && b.kind === 'measured' && a.value !== b.value) return a.value < b.value
  if (a.kind === 'absent' && b.kind === 'absent' && a.reason !== b.reason) return a.reason < b.reason
  return candidate.flags.join() < to.flags.join()
}

/** Marks that keep a value from every rule. */
const UNSEEN: readonly ReadingFlag[] = ['demo', 'test', 'history']
const isUnseen = (flags: readonly ReadingFlag[]): boolean => flags.some((flag) => UNSEEN.includes(flag))

/** What a snapshot says: by place among the sources that are known, and of new ones by key. */
type Heard = { readonly known: (Observation | undefined)[]; readonly added: Map<string, Observation> }

/** Looked for among the few of its variable, and without making a key: this runs once for every reading. */
function placeOf({ sources, spans }: Vitals, device: DeviceId, { metric, channel }: Observation, variable: Variable): number {
  const { from, to } = spans[variable]
  for (let place = from; place < to; place++) {
    const source = sources[place]
    if (source !== undefined && source.metric.id === metric.id && source.channel === channel && source.device === device) return place
  }
  return -1
}

/** Those of the source, where it is known and says the same of itself. */
function termsAt(source: Source | undefined, snapshot: Snapshot, observation: Observation, promised: Promised): Terms {
  const marked = isMarked(observation)
  return source?.marked === marked ? source.terms : termsOf(promised, snapshot.device, observation.metric, marked)
}

function hear(vitals: Vitals, snapshot: Snapshot, promised: Promised): Heard | null {
  let heard: Heard | null = null
  for (const observation of snapshot.observations) {
    const { metric, flags, channel } = observation
    if (metric.variable === null || isUnseen(flags)) continue
    const place = placeOf(vitals, snapshot.device, observation, metric.variable.name)
    if (ageOf(observation, snapshot) > termsAt(vitals.sources[place], snapshot, observation, promised).liveMs) continue
    heard ??= { known: [], added: new Map() }
    const key = place === -1 ? `${snapshot.device}|${metric.id}|${channel}` : ''
    const before = place === -1 ? heard.added.get(key) : heard.known[place]
    if (before !== undefined && !isPreferred(observation, before, snapshot)) continue
    if (place === -1) heard.added.set(key, observation)
    else heard.known[place] = observation
  }
  return heard
}

const GOOD: SourceState = { kind: 'good' }
const IMPLAUSIBLE: SourceState = { kind: 'absent', reason: 'implausible' }

/** What the value in `sample` says; an absent one has no sample. */
function stateOf({ measurement, metric }: Observation, variable: Variable, sample: Sample | null): SourceState {
  if (measurement.kind === 'absent') return { kind: 'absent', reason: measurement.reason }
  const { value } = measurement
  if (within(metric.scored, value)) return GOOD
  const side = value < metric.scored.low ? 'low' : 'high'
  return sample !== null && DANGEROUS[variable]?.[side] === true ? { kind: 'beyond', side, sample } : IMPLAUSIBLE
}

type Place = { readonly key: string; readonly variable: Variable; readonly rank: number }
type Before = { readonly good: Sample | null; readonly sequence: number; readonly terms: Terms }

/** Written out, for a spread costs several times as much and this runs once for every reading. */
function sourceOf({ key, variable, rank }: Place, observation: Observation, snapshot: Snapshot, { good, sequence, terms }: Before): Source {
  const { metric, measurement, channel, flags, correctedAt, boundMs } = observation
  const { at, device } = snapshot
  const { episodic } = terms
  const doubtful = flags.length > 0 && (flags.includes('questionable') || flags.includes('low-signal'))
  const sample: Sample | null =
    measurement.kind === 'measured'
      ? {
          value: measurement.value, measuredAt: monoMs(at - ageOf(observation, snapshot)), wall: correctedAt, sequence, doubtful,
          timeUncertain: episodic && boundMs > ruleLimits.timeBoundMs, unchecked: snapshot.unchecked === true && !episodic,
        }
      : null
  const state = stateOf(observation, variable, sample)
  return {
    device, metric, channel, key, variable, rank, label: metric.label, unit: metric.unit, decimals: metric.decimals, marked: isMarked(observation), episodic, terms,
    good: state === GOOD ? sample : good, state, heardAt: at,
  }
}

const byPlace = (a: Source, b: Source): number =>
  a.variable !== b.variable ? (a.variable < b.variable ? -1 : 1) : a.rank !== b.rank ? a.rank - b.rank : a.key < b.key ? -1 : a.key > b.key ? 1 : 0

const byLongestUnheard = (a: Source, b: Source): number => a.heardAt - b.heardAt || (a.key < b.key ? -1 : 1)

/** What is known after this snapshot; the same object when it says nothing that a rule may see. */
export function hearSnapshot(vitals: Vitals, snapshot: Snapshot, promised: Promised): Vitals {
  const heard = hear(vitals, snapshot, promised)
  if (heard === null) return vitals
  const sequence = vitals.sequence + 1
  const sources = vitals.sources.map((source, place) => {
    const news = heard.known[place]
    return news === undefined ? source : sourceOf(source, news, snapshot, { good: source.good, sequence, terms: termsAt(source, snapshot, news, promised) })
  })
  if (heard.added.size === 0) return { sequence, heardAt: snapshot.at, sources, spans: vitals.spans }
  for (const [key, news] of heard.added) {
    const { variable } = news.metric
    if (variable === null) continue
    const terms = termsAt(undefined, snapshot, news, promised)
    sources.push(sourceOf({ key, variable: variable.name, rank: variable.rank }, news, snapshot, { good: null, sequence, terms }))
  }
  const kept = sources.length > ruleLimits.sourcesPerStayMax ? sources.sort(byLongestUnheard).slice(-ruleLimits.sourcesPerStayMax) : sources
  kept.sort(byPlace)
  return { sequence, heardAt: snapshot.at, sources: kept, spans: spansOf(kept) }
}

/** The sample that stands for what a source says now; null when it says nothing or has not spoken for too long. */
export function liveSample(source: Source, at: MonoMs): Sample | null {
  const sample = source.state.kind === 'beyond' ? source.state.sample : source.state.kind === 'good' ? source.good : null
  return sample !== null && at - sample.measuredAt <= source.terms.liveMs ? sample : null
}

/** The last value that may be scored, unless it is too old for a score. */
export function scoreSample(source: Source, at: MonoMs): Sample | null {
  return source.good !== null && at - source.good.measuredAt <= source.terms.scoredMs ? source.good : null
}

export const lastSample = (source: Source): Sample | null => source.good

export type Best = { readonly source: Source; readonly sample: Sample }

/** One look at the sensors. */
export type Look = { readonly vitals: Vitals; readonly at: MonoMs }
export type SampleOf = (source: Source, look: Look) => Sample | null

export const LIVE: SampleOf = (source, { at }) => liveSample(source, at)
export const SCORED: SampleOf = (source, { at }) => scoreSample(source, at)
export const LAST: SampleOf = lastSample

/**
 * The source that a variable is read from: the best-ranked of those with a sample, unless another is newer by more than
 * the allowed lead (a sensor that fell silent without a word must not hide one that speaks).
 */
export function bestSource(look: Look, variable: Variable, sampleOf: SampleOf): Best | null {
  const { sources, spans } = look.vitals
  const { from, to } = spans[variable]
  let newestAt = -Infinity
  for (let place = from; to - from > 1 && place < to; place++) {
    const source = sources[place]
    const sample = source === undefined ? null : sampleOf(source, look)
    if (sample !== null && sample.measuredAt > newestAt) newestAt = sample.measuredAt
  }
  for (let place = from; place < to; place++) {
    const source = sources[place]
    const sample = source === undefined ? null : sampleOf(source, look)
    if (source !== undefined && sample !== null && newestAt - sample.measuredAt <= ruleLimits.sourceLeadMs) return { source, sample }
  }
  return null
}

/** The sources of one variable, best-ranked first. */
export const sourcesOf = ({ sources, spans }: Vitals, variable: Variable): readonly Source[] => sources.slice(spans[variable].from, spans[variable].to)
