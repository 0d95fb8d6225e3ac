/** What a score may be given, and what of it may be believed. Pure; absent keys are missing, never zero. */

import { METRICS, metricOfId, type Range, type Variable, within } from '../../domain/metrics.ts'
import { roundHalfUp } from '../rounding.ts'

export const CONSCIOUSNESS = ['A', 'C', 'V', 'P', 'U'] as const
/** Alert, new Confusion, responds to Voice, to Pain, Unresponsive. */
export type Consciousness = (typeof CONSCIOUSNESS)[number]

export const OXYGEN_DEVICES = ['air', 'nasal-prongs', 'mask', 'head-box', 'non-rebreather', 'high-flow', 'cpap', 'bipap'] as const
export type OxygenDevice = (typeof OXYGEN_DEVICES)[number]

export const RESPIRATORY_DISTRESS = ['none', 'mild', 'moderate', 'severe'] as const
export type RespiratoryDistress = (typeof RESPIRATORY_DISTRESS)[number]

/** Inputs that are numbers: /min, %, mmHg, °C, years, fraction (fio2), 10⁹/L (wbc), % (bands), mmHg (paco2), mmol/L (lactate), L/min (oxygenFlow), s (crt). */
export const NUMBER_INPUTS = [
  'rr', 'spo2', 'sbp', 'dbp', 'map', 'pulse', 'temperature', 'gcs', 'ageYears', 'fio2', 'wbc', 'bands', 'paco2', 'lactate',
  'oxygenFlow', 'oxygenPercent', 'crt',
] as const
export type NumberInput = (typeof NUMBER_INPUTS)[number]

export type ScoreInputs = { readonly [Name in NumberInput]?: number | undefined } & {
  /** Scale 2 is a clinician's documented decision, never inferred. Default 1. */
  readonly spo2Scale?: 1 | 2 | undefined
  /** true: on supplemental oxygen; false: on air. */
  readonly oxygen?: boolean | undefined
  readonly consciousness?: Consciousness | undefined
  readonly pregnant?: boolean | undefined
  readonly device?: OxygenDevice | undefined
  readonly respiratoryDistress?: RespiratoryDistress | undefined
}

/** Inputs with the implausible taken out; `rejected` says why, by name. */
export type Believed = { readonly values: ScoreInputs; readonly rejected: Readonly<Record<string, string>> }

function scoredRange(variable: Variable): Range {
  const metric = METRICS.find((row) => row.variable?.name === variable && row.variable.rank === 0)
  if (!metric) throw new Error(`no metric feeds ${variable}`)
  return metric.scored
}

function scoredOf(id: string): Range {
  const metric = metricOfId(id)
  if (!metric) throw new Error(`no metric ${id}`)
  return metric.scored
}

/** What may be scored, for the units above. What a metric measures takes its range from the one metric table. */
export const PLAUSIBLE: Readonly<Record<NumberInput, Range>> = {
  rr: scoredRange('rr'),
  spo2: scoredRange('spo2'),
  sbp: scoredRange('sbp'),
  dbp: scoredRange('dbp'),
  map: scoredRange('map'),
  pulse: scoredRange('hr'),
  temperature: scoredRange('temperature'),
  fio2: { low: scoredRange('fio2').low / 100, high: scoredRange('fio2').high / 100 },
  gcs: { low: 3, high: 15 },
  ageYears: { low: 0, high: 130 },
  wbc: scoredOf('VIGIL_LAB_LEUKOCYTES'),
  bands: { low: 0, high: 100 },
  paco2: scoredOf('MDC_CONC_PCO2_ART'),
  lactate: scoredOf('NOM_CONC_LACT'),
  oxygenFlow: { low: 0, high: 100 },
  oxygenPercent: { low: 0, high: 100 },
  crt: { low: 0, high: 60 },
}

/** Takes out what lies beyond plausibility, and both pressures when the systolic does not exceed the diastolic. */
export function believe(inputs: ScoreInputs): Believed {
  const rejected: Record<string, string> = {}
  let isAnyRejected = false
  for (const name of NUMBER_INPUTS) {
    const value = inputs[name]
    if (value === undefined || within(PLAUSIBLE[name], value)) continue
    rejected[name] = `${value} is outside ${PLAUSIBLE[name].low} to ${PLAUSIBLE[name].high}`
    isAnyRejected = true
  }
  const { sbp, dbp } = inputs
  if (sbp !== undefined && dbp !== undefined && rejected['sbp'] === undefined && rejected['dbp'] === undefined && sbp <= dbp) {
    rejected['sbp'] = rejected['dbp'] = `systolic ${sbp} does not exceed diastolic ${dbp}`
    isAnyRejected = true
  }
  if (!isAnyRejected) return { values: inputs, rejected }
  const kept = Object.entries(inputs).filter(([name]) => rejected[name] === undefined)
  return { values: Object.fromEntries(kept), rejected }
}

/**
 * On oxygen or on air; undefined when nothing says so. What is said outright wins. Else an inspired fraction above
 * 0.21 is oxygen, and 0.21 itself (rounded to whole per cent: a cell reads 21.4 % in room air) is air.
 */
export const onOxygen = ({ oxygen, fio2 }: ScoreInputs): boolean | undefined => oxygen ?? (fio2 === undefined ? undefined : roundHalfUp(fio2, 2) > 0.21)

/** Why an adult score does not apply, or null. Without age or pregnancy: an adult who is not pregnant. */
export function adultGate({ values, rejected }: Believed): string | null {
  if (rejected['ageYears'] !== undefined) return `age ${rejected['ageYears']}: cannot tell child from adult`
  if (values.ageYears !== undefined && values.ageYears < 16) return 'under 16 years: use PEWS'
  if (values.pregnant === true) return 'pregnant: use a maternity early warning score'
  return null
}
