/**
 * What the sensors of one stay say now. Several metrics may feed one variable (heart rate from ECG, pleth, cuff); each
 * sensor is a source, ranked by the metric table. All live rules look at the patient through this fold.
 *
 * Of several values of one source in one snapshot the newest counts, so order and repeats within a snapshot change
 * nothing. Values marked demo or test are not seen. Values that are older than live are history and not seen either.
 */

import { type Metric, type Variable, within } from '../domain/metrics.ts'
import { ageAtSending, type Observation, type Snapshot } from '../domain/observation.ts'
import type { AbsentReason, ReadingFlag } from '../domain/reading.ts'
import { type MonoMs, monoMs, type WallMs } from '../domain/time.ts'
import { ruleLimits } from '../limits.ts'

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
}

export type SourceState =
  | { readonly kind: 'good' }
  /** The device calls it valid, but it lies beyond what may be scored, on a side where that is dangerous. */
  | { readonly kind: 'beyond'; readonly side: 'low' | 'high'; readonly sample: Sample }
  | { readonly kind: 'absent'; readonly reason: AbsentReason; readonly saidAt: MonoMs }

export type Source = {
  /** Device, metric and channel. */
  readonly key: string
  readonly variable: Variable
  readonly rank: number
  readonly label: string
  readonly unit: string
  readonly decimals: number
  readonly episodic: boolean
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
}

export const NO_VITALS: Vitals = { sequence: 0, heardAt: null, sources: [] }

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

/** No beat, no breath: measured, never scored, and an alert of its own. */
const isStandstill = (variable: Variable, value: number): boolean => value === 0 && (variable === 'hr' || variable === 'rr')

const isEpisodic = ({ metric, flags }: Observation): boolean => metric.kind === 'episodic' || flags.includes('episodic')

/** How long a value of this kind is live, in ms. */
export const liveMs = (episodic: boolean, periodicIntervalMs: number): number => (episodic ? ruleLimits.episodicLiveMs : 2 * periodicIntervalMs)

type Heard = { readonly observation: Observation; readonly ageMs: number; readonly variable: Variable; readonly rank: number }

/** Which of two values of one source counts: the newer; then the measured; then, so that order never matters, the lower. */
function isPreferred(candidate: Heard, to: Heard): boolean {
  if (candidate.ageMs !== to.ageMs) return candidate.ageMs < to.ageMs
  const [at, otherAt] = [candidate.observation.deviceAt ?? -Infinity, to.observation.deviceAt ?? -Infinity]
  if (at !== otherAt) return at > otherAt
  if (candidate.observation.correctedAt !== to.observation.correctedAt) return candidate.observation.correctedAt > to.observation.correctedAt
  const [a, b] = [candidate.observation.measurement, to.observation.measurement]
  if (a.kind !== b.kind) return a.kind === 'measured'
  if (a.kind === 'measured' && b.kind === 'measured' && a.value !== b.value) return a.value < b.value
  if (a.kind === 'absent' && b.kind === 'absent' && a.reason !== b.reason) return a.reason < b.reason
  return candidate.observation.flags.join() < to.observation.flags.join()
}

/** Marks that keep a value from every rule. */
const UNSEEN: readonly ReadingFlag[] = ['demo', 'test', 'history']

function hear(snapshot: Snapshot, periodicIntervalMs: number): Map<string, Heard> | null {
  let heard: Map<string, Heard> | null = null
  for (const observation of snapshot.observations) {
    const { metric, flags, deviceAt, channel } = observation
    if (metric.variable === null || flags.some((flag) => UNSEEN.includes(flag))) continue
    const ageMs = ageAtSending({ receivedAt: snapshot.receivedAt, sentAt: snapshot.sentAt, deviceAt })
    if (ageMs > liveMs(isEpisodic(observation), periodicIntervalMs)) continue
    heard ??= new Map()
    const key = `${snapshot.device}|${metric.id}|${channel}`
    const candidate: Heard = { observation, ageMs, variable: metric.variable.name, rank: metric.variable.rank }
    const known = heard.get(key)
    if (known === undefined || isPreferred(candidate, known)) heard.set(key, candidate)
  }
  return heard
}

function stateOf({ observation, variable }: Heard, sample: (value: number) => Sample, at: MonoMs): Pick<Source, 'state' | 'good'> {
  const { measurement, metric } = observation
  if (measurement.kind === 'absent') return { state: { kind: 'absent', reason: measurement.reason, saidAt: at }, good: null }
  const { value } = measurement
  if (within(metric.scored, value) && !isStandstill(variable, value)) return { state: { kind: 'good' }, good: sample(value) }
  const side = value < metric.scored.low || isStandstill(variable, value) ? 'low' : 'high'
  if (DANGEROUS[variable]?.[side] === true) return { state: { kind: 'beyond', side, sample: sample(value) }, good: null }
  return { state: { kind: 'absent', reason: 'implausible', saidAt: at }, good: null }
}

function sourceOf(key: string, heard: Heard, known: Source | undefined, { at, sequence }: { readonly at: MonoMs; readonly sequence: number }): Source {
  const { observation, ageMs, variable, rank } = heard
  const { metric, correctedAt, flags }: { metric: Metric; correctedAt: WallMs; flags: Observation['flags'] } = observation
  const doubtful = flags.includes('questionable') || flags.includes('low-signal')
  const sample = (value: number): Sample => ({ value, measuredAt: monoMs(at - ageMs), wall: correctedAt, sequence, doubtful })
  const { state, good } = stateOf(heard, sample, at)
  return {
    key, variable, rank, label: metric.label, unit: metric.unit, decimals: metric.decimals, episodic: isEpisodic(observation),
    good: good ?? known?.good ?? null, state, heardAt: at,
  }
}

const byPlace = (a: Source, b: Source): number =>
  a.variable !== b.variable ? (a.variable < b.variable ? -1 : 1) : a.rank !== b.rank ? a.rank - b.rank : a.key < b.key ? -1 : a.key > b.key ? 1 : 0

const byLongestUnheard = (a: Source, b: Source): number => a.heardAt - b.heardAt || (a.key < b.key ? -1 : 1)

/** What is known after this snapshot; the same object when it says nothing that a rule may see. */
export function hearSnapshot(vitals: Vitals, snapshot: Snapshot, periodicIntervalMs: number): Vitals {
  const heard = hear(snapshot, periodicIntervalMs)
  if (heard === null) return vitals
  const stamp = { at: snapshot.at, sequence: vitals.sequence + 1 }
  let sources = vitals.sources.map((source) => {
    const news = heard.get(source.key)
    if (news === undefined) return source
    heard.delete(source.key)
    return sourceOf(source.key, news, source, stamp)
  })
  if (heard.size > 0) {
    for (const [key, news] of heard) sources.push(sourceOf(key, news, undefined, stamp))
    if (sources.length > ruleLimits.sourcesPerStayMax) sources = sources.sort(byLongestUnheard).slice(-ruleLimits.sourcesPerStayMax)
    sources.sort(byPlace)
  }
  return { sequence: stamp.sequence, heardAt: snapshot.at, sources }
}

/** The sample that stands for what a source says now; null when it says nothing or has not spoken for too long. */
export function liveSample(source: Source, at: MonoMs, periodicIntervalMs: number): Sample | null {
  const sample = source.state.kind === 'beyond' ? source.state.sample : source.state.kind === 'good' ? source.good : null
  return sample !== null && at - sample.measuredAt <= liveMs(source.episodic, periodicIntervalMs) ? sample : null
}

/** The last value that may be scored, unless it is too old for a score. */
export function scoreSample(source: Source, at: MonoMs): Sample | null {
  const ageMsMax = source.episodic ? ruleLimits.scoreEpisodicAgeMs : ruleLimits.scorePeriodicAgeMs
  return source.good !== null && at - source.good.measuredAt <= ageMsMax ? source.good : null
}

export const lastSample = (source: Source): Sample | null => source.good

export type Best = { readonly source: Source; readonly sample: Sample }

/**
 * The source that a variable is read from: the best-ranked of those with a sample, unless another is newer by more than
 * the allowed lead (a sensor that fell silent without a word must not hide one that speaks).
 */
export function bestSource(vitals: Vitals, variable: Variable, sampleOf: (source: Source) => Sample | null): Best | null {
  let newestAt = -Infinity
  for (const source of vitals.sources) {
    if (source.variable !== variable) continue
    newestAt = Math.max(newestAt, sampleOf(source)?.measuredAt ?? -Infinity)
  }
  for (const source of vitals.sources) {
    if (source.variable !== variable) continue
    const sample = sampleOf(source)
    if (sample !== null && newestAt - sample.measuredAt <= ruleLimits.sourceLeadMs) return { source, sample }
  }
  return null
}
