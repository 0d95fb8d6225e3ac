/** What the sensors and the nurse's word give to a score, and where each input comes from. */

import type { Because } from '../domain/alert.ts'
import { METRICS, type Variable } from '../domain/metrics.ts'
import { meanPressure } from './scores/pressure.ts'
import type { ScoreInputs } from './scores/inputs.ts'
import { news2 } from './scores/news2.ts'
import type { ScoreResult } from './scores/result.ts'
import { bestSource, type Sample, type SampleOf, type Source, sourcesOf } from './vitals.ts'
import type { View } from './watcher.ts'
import { inputOf } from './words.ts'

type Reading = { readonly source: Source; readonly sample: Sample }
/** `news2`: every rule that gathers asks for it. */
export type Gathered = { readonly inputs: ScoreInputs; readonly readings: { readonly [Name in Variable]?: Reading }; readonly news2: ScoreResult }

const GATHERED = ['rr', 'spo2', 'sbp', 'dbp', 'map', 'hr', 'temperature', 'fio2'] as const

/** Cuff or line, not both: the three pressures of one measurement are at most this far apart. */
const ONE_MEASUREMENT_MS = 60_000

/** The latest value of each variable that `sampleOf` lets pass, with what the nurse said. */
export function gather(view: View, sampleOf: SampleOf): Gathered {
  const { context } = view
  const readings: { [Name in Variable]?: Reading } = {}
  for (const variable of GATHERED) {
    const best = bestSource(view, variable, sampleOf)
    if (best !== null) readings[variable] = best
  }
  const fio2 = readings.fio2?.sample.value
  const inputs: ScoreInputs = {
    rr: readings.rr?.sample.value,
    spo2: readings.spo2?.sample.value,
    spo2Scale: context.spo2Scale,
    oxygen: context.onOxygen ?? undefined,
    sbp: readings.sbp?.sample.value,
    map: meanOf(readings),
    pulse: readings.hr?.sample.value,
    temperature: readings.temperature?.sample.value,
    consciousness: context.consciousness ?? undefined,
    fio2: fio2 === undefined ? undefined : fio2 / 100,
  }
  return { inputs, readings, news2: news2.score(inputs) }
}

/** The measured mean pressure; else the derived one, where systolic and diastolic belong together. */
function meanOf({ map, sbp, dbp }: Gathered['readings']): number | undefined {
  if (map !== undefined) return map.sample.value
  if (sbp === undefined || dbp === undefined || sbp.source.rank !== dbp.source.rank) return undefined
  const belongs = Math.abs(sbp.sample.measuredAt - dbp.sample.measuredAt) <= ONE_MEASUREMENT_MS && sbp.sample.value > dbp.sample.value
  return belongs ? meanPressure(sbp.sample.value, dbp.sample.value) : undefined
}

/** The inputs of a `because`: sensors in the order asked for, then what the nurse said. */
export function becauseInputs(view: View, { readings }: Gathered, variables: readonly Variable[]): Because['inputs'] {
  const { context, wall } = view
  const at = view.contextAt ?? wall
  const sensed = variables.flatMap((variable) => {
    const reading = readings[variable]
    return reading === undefined ? [] : [inputOf(reading.source, reading.sample)]
  })
  const said = [
    context.onOxygen === null ? [] : { name: 'oxygen', value: context.onOxygen ? 'on oxygen' : 'on air', unit: '', at },
    context.consciousness === null ? [] : { name: 'consciousness', value: context.consciousness, unit: 'ACVPU', at },
    context.spo2Scale === 2 ? { name: 'SpO₂ scale', value: 2, unit: '', at } : [],
  ].flat()
  return [...sensed, ...said]
}

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
