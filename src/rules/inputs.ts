/** What the sensors and the nurse's word give to a score, and where each input comes from. */

import type { Because } from '../domain/alert.ts'
import { METRICS, type Variable } from '../domain/metrics.ts'
import type { WallMs } from '../domain/time.ts'
import type { ContextFact, StayContext } from '../seams.ts'
import { saidAt } from './context.ts'
import { freshLab, LABS } from './labs.ts'
import { steadied } from './medians.ts'
import type { Memory } from './memory.ts'
import { roundHalfUp } from './rounding.ts'
import { meanPressure } from './scores/pressure.ts'
import type { ScoreInputs } from './scores/inputs.ts'
import { news2 } from './scores/news2.ts'
import type { ScoreResult } from './scores/result.ts'
import { sirs } from './scores/sirs.ts'
import { bestSource, type Look, type Sample, type SampleOf, type Source, sourcesOf } from './vitals.ts'
import type { View } from './watcher.ts'
import { inputOf, unitWord } from './words.ts'

type Reading = { readonly source: Source; readonly sample: Sample }
/** `news2` and `sirs`: every rule that gathers asks for them. */
export type Gathered = { readonly inputs: ScoreInputs; readonly readings: { readonly [Name in Variable]?: Reading }; readonly news2: ScoreResult; readonly sirs: ScoreResult }

const GATHERED = ['rr', 'spo2', 'sbp', 'dbp', 'map', 'hr', 'temperature', 'fio2'] as const

/** Cuff or line, not both: the three pressures of one measurement are at most this far apart. */
const ONE_MEASUREMENT_MS = 60_000

/** One look at a stay: sensors, what was said, and what is remembered. */
type Gathering = Look & { readonly context: StayContext; readonly memory: Memory }

/** The latest value of each variable that `sampleOf` lets pass, a signal as its median; laboratory values; what the nurse said. */
export function gather(view: Gathering, sampleOf: SampleOf): Gathered {
  const { context, at, memory: { medians, labs } } = view
  const readings: { [Name in Variable]?: Reading } = {}
  for (const variable of GATHERED) {
    const best = bestSource(view, variable, sampleOf)
    if (best !== null) readings[variable] = steadied(medians, variable, best)
  }
  const fio2 = readings.fio2?.sample.value
  const inputs: ScoreInputs = {
    rr: readings.rr?.sample.value,
    spo2: readings.spo2?.sample.value,
    spo2Scale: context.spo2Scale,
    oxygen: context.onOxygen ?? undefined,
    sbp: readings.sbp?.sample.value,
    // With it a systolic that does not exceed the diastolic of the same measurement is not believed.
    dbp: isOneMeasurement(readings) ? readings.dbp?.sample.value : undefined,
    map: meanOf(readings),
    pulse: readings.hr?.sample.value,
    temperature: readings.temperature?.sample.value,
    consciousness: context.consciousness ?? undefined,
    fio2: fio2 === undefined ? undefined : fio2 / 100,
    wbc: freshLab(labs, 'wbc', at)?.value,
    paco2: freshLab(labs, 'paco2', at)?.value,
    lactate: freshLab(labs, 'lactate', at)?.value,
  }
  return { inputs, readings, news2: news2.score(inputs), sirs: sirs.score(inputs) }
}

/** The measured mean pressure; else the derived one, where systolic and diastolic belong together. */
function meanOf({ map, sbp, dbp }: Gathered['readings']): number | undefined {
  if (map !== undefined) return map.sample.value
  if (sbp === undefined || dbp === undefined || !isOneMeasurement({ sbp, dbp }) || sbp.sample.value <= dbp.sample.value) return undefined
  return meanPressure(sbp.sample.value, dbp.sample.value)
}

const isOneMeasurement = ({ sbp, dbp }: Gathered['readings']): boolean =>
  sbp !== undefined && dbp !== undefined && sbp.source.rank === dbp.source.rank && Math.abs(sbp.sample.measuredAt - dbp.sample.measuredAt) <= ONE_MEASUREMENT_MS

/** The inputs of a `because`: sensors in the order asked for, then what the nurse said. */
export function becauseInputs(view: View, { readings }: Gathered, variables: readonly Variable[]): Because['inputs'] {
  const { context, wall } = view
  const atOf = (fact: ContextFact): WallMs => saidAt(context, fact) ?? view.contextAt ?? wall
  const sensed = variables.flatMap((variable) => {
    const reading = readings[variable]
    return reading === undefined ? [] : [inputOf(reading.source, reading.sample)]
  })
  const said = [
    context.onOxygen === null ? [] : { name: 'oxygen', value: context.onOxygen ? 'on oxygen' : 'on air', unit: '', at: atOf('onOxygen') },
    context.consciousness === null ? [] : { name: 'consciousness', value: context.consciousness, unit: 'ACVPU', at: atOf('consciousness') },
    context.spo2Scale === 2 ? { name: 'SpO₂ scale', value: 2, unit: '', at: atOf('spo2Scale') } : [],
  ].flat()
  return [...sensed, ...said]
}

/** Laboratory values that are not too old, as inputs of a `because`. */
export const labInputs = ({ memory: { labs }, at }: View): Because['inputs'] =>
  LABS.flatMap((lab) => {
    const known = freshLab(labs, lab, at)
    return known === undefined ? [] : [{ name: known.metric.label, value: roundHalfUp(known.value, known.metric.decimals), unit: unitWord(known.metric.unit), at: known.wall }]
  })

const VARIABLE_OF_LABEL: ReadonlyMap<string, Variable> = new Map(METRICS.flatMap(({ label, variable }) => (variable === null ? [] : [[label, variable.name]])))

/**
 * The variables that an open alert rested on when it was last said. A rule that takes it over waits for each of them to
 * be heard before it lets the alert end: what was never heard again is lost, not better.
 */
export const restedOn = ({ inputs }: Because): readonly Variable[] => [...new Set(inputs.flatMap(({ name }) => VARIABLE_OF_LABEL.get(name) ?? []))]

/** Those that are still to be heard; the same list when none was. */
export function stillAwaited(awaited: readonly Variable[], { vitals }: View): readonly Variable[] {
  const isHeard = (variable: Variable): boolean => sourcesOf(vitals, variable).some(({ good }) => good !== null)
  return awaited.some(isHeard) ? awaited.filter((variable) => !isHeard(variable)) : awaited
}
