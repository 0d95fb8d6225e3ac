/**
 * How far any alarm limit may be moved, whoever moves it: no ward's file, no nurse and no proposal goes beyond. The numbers
 * are an engineering choice: the outermost that a ward would call watching, well inside what a monitor can measure.
 */

import { type Variable, VARIABLES } from '../domain/metrics.ts'
import type { Population } from '../domain/population.ts'
import { LIMIT_SIDES, type LimitSide } from '../domain/stay-limit.ts'
import type { LimitProfile } from './profile.ts'

/** The limit of one side, inclusive, in the unit of the variable. */
export type Envelope = { readonly from: number; readonly to: number }
type Envelopes = { readonly [Name in Variable]?: { readonly [Side in LimitSide]?: Envelope } }

const between = (from: number, to: number): Envelope => ({ from, to })
const SPO2 = { low: between(80, 98), high: between(85, 100) } as const
const TEMPERATURE = { low: between(32, 37), high: between(37.5, 41) } as const
const ETCO2 = { low: between(15, 45), high: between(35, 80) } as const

const GROWN: Envelopes = {
  hr: { low: between(35, 90), high: between(90, 170) },
  spo2: SPO2,
  rr: { low: between(4, 20), high: between(15, 45) },
  sbp: { low: between(60, 140), high: between(100, 240) },
  dbp: { low: between(30, 90), high: between(60, 140) },
  map: { low: between(45, 100), high: between(70, 160) },
  temperature: TEMPERATURE,
  etco2: ETCO2,
}

const CHILDHOOD: Envelopes = {
  hr: { low: between(50, 120), high: between(100, 220) },
  spo2: SPO2,
  rr: { low: between(5, 30), high: between(25, 80) },
  sbp: { low: between(40, 110), high: between(80, 180) },
  dbp: { low: between(20, 70), high: between(50, 120) },
  map: { low: between(30, 80), high: between(50, 130) },
  temperature: TEMPERATURE,
  etco2: ETCO2,
}

const NEWBORN: Envelopes = {
  hr: { low: between(60, 130), high: between(150, 240) },
  spo2: { low: between(75, 98), high: between(88, 100) },
  rr: { low: between(15, 50), high: between(50, 120) },
  sbp: { low: between(25, 80), high: between(60, 140) },
  dbp: { low: between(12, 50), high: between(40, 90) },
  map: { low: between(18, 60), high: between(40, 100) },
  temperature: TEMPERATURE,
  etco2: ETCO2,
}

const OF: Readonly<Record<Population, Envelopes>> = {
  adult: GROWN, pregnant: GROWN, adolescent: GROWN, child: CHILDHOOD, 'young-child': CHILDHOOD, infant: CHILDHOOD, paediatric: CHILDHOOD, neonate: NEWBORN,
}

/** null: this variable has no limits of this side. */
export const envelopeOf = (population: Population, variable: Variable, side: LimitSide): Envelope | null => OF[population][variable]?.[side] ?? null

/** A lower limit of saturation below this wants the name of a clinician who answers for it; a newborn's own target is lower. */
const SPO2_LOW_UNSIGNED = 90
/** null: no limit of this side needs one. */
export const signatureBelow = (population: Population, variable: Variable, side: LimitSide): number | null =>
  variable === 'spo2' && side === 'low' && population !== 'neonate' ? SPO2_LOW_UNSIGNED : null
export const wantsSignature = (population: Population, variable: Variable, side: LimitSide, beyond: number): boolean =>
  beyond < (signatureBelow(population, variable, side) ?? -Infinity)

/** Why a limit may not stand, as the end of a sentence; null when it may. */
export function beyondEnvelope(population: Population, variable: Variable, side: LimitSide, beyond: number): string | null {
  const envelope = envelopeOf(population, variable, side)
  if (envelope === null) return `${variable} has no ${side} limit`
  const isInside = beyond >= envelope.from && beyond <= envelope.to
  return isInside ? null : `a ${side} limit of ${beyond} is not within ${envelope.from} to ${envelope.to}`
}

/** What is wrong with the alarm limits of a profile, the first of each side, in sentences. */
export function envelopeProblems({ population, variables, signedBy }: LimitProfile): readonly string[] {
  return VARIABLES.flatMap((variable) =>
    LIMIT_SIDES.flatMap((side) => {
      const beyond = variables[variable]?.[side][0]?.beyond
      if (beyond === undefined) return []
      const why = beyondEnvelope(population, variable, side, beyond)
      if (why !== null) return [`${variable}.${side}: ${why}`]
      return signedBy === undefined && wantsSignature(population, variable, side, beyond) ? [`${variable}.${side}: ${beyond} is below 90 and must be signed: add signedBy with the clinician's name`] : []
    }),
  )
}
