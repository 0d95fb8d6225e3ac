/** Snapshots, time and contexts for tests of live rules: what a monitor said, at which second. */

import type { Alert } from '../../src/domain/alert.ts'
import { deviceId } from '../../src/domain/ids.ts'
import { METRICS, type Metric } from '../../src/domain/metrics.ts'
import { correct, type Observation, type Snapshot } from '../../src/domain/observation.ts'
import { absent, type AbsentReason, measured, type ReadingFlag } from '../../src/domain/reading.ts'
import { monoMs, wallMs } from '../../src/domain/time.ts'
import type { Rule, RuleInput, Signal, StayContext } from '../../src/seams.ts'

export const ADULT: StayContext = { population: 'adult', spo2Scale: 1, onOxygen: null, consciousness: null, infectionSuspected: false }

const WALL_START = Date.UTC(2026, 0, 1)
const MONO_START = 1_000_000
export const monoOf = (seconds: number) => monoMs(MONO_START + seconds * 1_000)
export const wallOf = (seconds: number) => wallMs(WALL_START + seconds * 1_000)

/** Short names of the sensors that tests use. */
const SENSORS = {
  ecg: 'MDC_ECG_HEART_RATE', pulse: 'MDC_PULS_OXIM_PULS_RATE', spo2: 'MDC_PULS_OXIM_SAT_O2', rr: 'MDC_TTHOR_RESP_RATE', rrCo2: 'MDC_CO2_RESP_RATE',
  arts: 'MDC_PRESS_BLD_ART_SYS', artd: 'MDC_PRESS_BLD_ART_DIA', artm: 'MDC_PRESS_BLD_ART_MEAN',
  nibps: 'MDC_PRESS_BLD_NONINV_SYS', nibpd: 'MDC_PRESS_BLD_NONINV_DIA', nibpm: 'MDC_PRESS_BLD_NONINV_MEAN', temp: 'MDC_TEMP', fio2: 'MDC_CONC_AWAY_O2_INSP', pi: 'MDC_BLD_PERF_INDEX',
} as const
export type Sensor = keyof typeof SENSORS

export function metricOf(sensor: Sensor): Metric {
  const metric = METRICS.find(({ id }) => id === SENSORS[sensor])
  if (metric === undefined) throw new Error(`no ${sensor}`)
  return metric
}

export type Said = {
  readonly sensor: Sensor
  readonly value: number | AbsentReason
  readonly flags?: readonly ReadingFlag[]
  readonly channel?: string
  /** How old the value was when it was sent, in seconds. */
  readonly ageS?: number
}

export type Values = { readonly [Name in Sensor]?: number | AbsentReason }

function observationOf({ sensor, value, flags = [], channel = '', ageS = 0 }: Said, seconds: number): Observation {
  const deviceAt = wallOf(seconds - ageS)
  const times = { receivedAt: wallOf(seconds), sentAt: wallOf(seconds), deviceAt }
  return { metric: metricOf(sensor), measurement: typeof value === 'number' ? measured(value) : absent(value), channel, deviceAt, flags, ...correct(times) }
}

export function snapshot(seconds: number, said: readonly Said[], device = 'monitor-1'): RuleInput & { kind: 'snapshot' } {
  const whole: Snapshot = {
    device: deviceId(device), bed: null, stay: null, receivedAt: wallOf(seconds), at: monoOf(seconds), sentAt: wallOf(seconds),
    observations: said.map((one) => observationOf(one, seconds)),
  }
  return { kind: 'snapshot', snapshot: whole }
}

const isSensor = (name: string): name is Sensor => name in SENSORS

/** One snapshot of plain values. */
export const values = (seconds: number, said: Values): RuleInput & { kind: 'snapshot' } =>
  snapshot(seconds, Object.entries(said).flatMap(([sensor, value]) => (isSensor(sensor) ? [{ sensor, value }] : [])))

export const tick = (seconds: number): RuleInput => ({ kind: 'tick', at: monoOf(seconds), wall: wallOf(seconds) })
export const contextInput = (seconds: number, change: Partial<StayContext>): RuleInput => ({ kind: 'context', at: monoOf(seconds), wall: wallOf(seconds), context: { ...ADULT, ...change } })

/** The same values each second, from `from` up to and without `to`, each followed by a tick. */
export function hold(from: number, to: number, said: Values): RuleInput[] {
  return Array.from({ length: to - from }, (_, index) => [values(from + index, said), tick(from + index)]).flat()
}

export const ticks = (from: number, to: number): RuleInput[] => Array.from({ length: to - from }, (_, index) => tick(from + index))

export type Heard = { readonly at: number; readonly signal: Signal }

export const secondsOf = (input: RuleInput): number => ((input.kind === 'snapshot' ? input.snapshot.at : input.at) - MONO_START) / 1_000

/** Folds the inputs; each signal with the second at which it came. */
export function play<State>(rule: Pick<Rule<State>, 'start' | 'step'>, inputs: readonly RuleInput[], context: StayContext = ADULT, from?: State): { heard: Heard[]; state: State } {
  let state = from ?? rule.start(context)
  const heard: Heard[] = []
  for (const input of inputs) {
    const verdict = rule.step(state, input)
    state = verdict.state
    for (const signal of verdict.signals) heard.push({ at: secondsOf(input), signal })
  }
  return { heard, state }
}

export const ofCondition = (heard: readonly Heard[], condition: string): Heard[] => heard.filter(({ signal }) => signal.condition === condition)
/** `15 present medium`, `40 cleared`: for one look at a sequence. */
export const brief = (heard: readonly Heard[], condition: string): string[] =>
  ofCondition(heard, condition).map(({ at, signal }) => (signal.kind === 'present' ? `${at} present ${signal.priority}` : `${at} ${signal.kind}`))
export const texts = (heard: readonly Heard[], condition: string): string[] => ofCondition(heard, condition).flatMap(({ signal }) => (signal.kind === 'present' ? [signal.text] : []))
export const becauseOf = (heard: readonly Heard[], condition: string): Alert['because'] | undefined =>
  ofCondition(heard, condition).flatMap(({ signal }) => (signal.kind === 'present' ? [signal.because] : []))[0]
