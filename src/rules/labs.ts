/** Laboratory values and blood gases that reached the gateway, the newest of each: they support a screen, and raise nothing alone. */

import { type Metric, within } from '../domain/metrics.ts'
import { ageAtSending, type Observation, type Snapshot } from '../domain/observation.ts'
import { type MonoMs, monoMs, type WallMs } from '../domain/time.ts'
import { ruleLimits } from '../limits.ts'
import type { Promised } from './contract.ts'

export const LABS = ['lactate', 'wbc', 'paco2', 'creatinine', 'bilirubin', 'platelets'] as const
export type Lab = (typeof LABS)[number]

const LAB_OF: ReadonlyMap<string, Lab> = new Map([
  ['NOM_CONC_LACT', 'lactate'], ['VIGIL_LAB_LEUKOCYTES', 'wbc'], ['MDC_CONC_PCO2_ART', 'paco2'],
  ['VIGIL_LAB_CREATININE', 'creatinine'], ['VIGIL_LAB_BILIRUBIN', 'bilirubin'], ['VIGIL_LAB_PLATELETS', 'platelets'],
])

export type LabValue = { readonly metric: Metric; readonly value: number; readonly measuredAt: MonoMs; readonly until: MonoMs; readonly wall: WallMs }
export type Labs = { readonly [Name in Lab]?: LabValue }
export const NO_LABS: Labs = {}

function labOf(observation: Observation, snapshot: Snapshot, { contracts }: Promised): LabValue | null {
  const { metric, measurement, flags, deviceAt, correctedAt } = observation
  if (measurement.kind === 'absent' || !within(metric.scored, measurement.value)) return null
  if (flags.some((flag) => flag === 'demo' || flag === 'test' || flag === 'history')) return null
  const measuredAt = monoMs(snapshot.at - ageAtSending({ receivedAt: snapshot.receivedAt, sentAt: snapshot.sentAt, deviceAt }))
  const ageMsMax = contracts?.get(snapshot.device)?.metrics?.[metric.id]?.scoredMs ?? ruleLimits.labAgeMs
  return { metric, value: measurement.value, measuredAt, until: monoMs(measuredAt + ageMsMax), wall: correctedAt }
}

/** The same object when the snapshot brings none. */
export function hearLabs(labs: Labs, snapshot: Snapshot, promised: Promised): Labs {
  let heard = labs
  for (const observation of snapshot.observations) {
    if (observation.metric.variable !== null) continue
    const lab = LAB_OF.get(observation.metric.id)
    const value = lab === undefined ? null : labOf(observation, snapshot, promised)
    if (lab === undefined || value === null || value.measuredAt < (heard[lab]?.measuredAt ?? -Infinity)) continue
    heard = { ...heard, [lab]: value }
  }
  return heard
}

/** Those that are not too old. */
export const freshLab = (labs: Labs, lab: Lab, at: MonoMs): LabValue | undefined => {
  const known = labs[lab]
  return known !== undefined && at <= known.until ? known : undefined
}
