/**
 * Limits proposed from what the patient had in the last hour, as monitors propose them (Mindray BeneVision N, automatic
 * limits): around the median, inside the hard envelope, and never set by themselves. Saturation and temperature are not
 * proposed: there a limit follows the patient's need and not the patient's habit.
 */

import { type Variable, VARIABLES } from '../domain/metrics.ts'
import { LIMIT_SIDES, type LimitSide } from '../domain/stay-limit.ts'
import type { MonoMs } from '../domain/time.ts'
import { envelopeOf } from './envelope.ts'
import type { LimitProfile, Population } from './profile.ts'
import { roundHalfUp } from './rounding.ts'

export type PastValue = { readonly value: number; readonly at: MonoMs }

export type Proposal = {
  readonly variable: Variable
  readonly side: LimitSide
  readonly beyond: number
  /** The limit that holds now; null: none. */
  readonly now: number | null
  /** It would let more pass than the limit that holds now: who sets it says why. */
  readonly widens: boolean
  /** What it rests on. */
  readonly median: number
  readonly values: number
}

const HOUR_MS = 3_600_000
/** Of a short stay, or a single cuff, no habit is known. */
const VALUES_MIN = 3
const SPAN_MS_MIN = 900_000

type Formula = (median: number) => { readonly low: number; readonly high: number }
/** `most`: how far automatic limits of monitors go at all. */
type Proposing = { readonly formula: Formula; readonly most: { readonly low: number; readonly high: number } }
const NO_MOST = { low: -Infinity, high: Infinity } as const

const HR: Proposing = { formula: (rate) => ({ low: rate * 0.8, high: rate * 1.25 }), most: { low: 40, high: 240 } }
const HR_NEWBORN: Proposing = { formula: (rate) => ({ low: rate - 30, high: rate + 40 }), most: { low: 90, high: 200 } }
const RR: Proposing = { formula: (rate) => ({ low: rate * 0.5, high: rate * 1.5 }), most: { low: 6, high: 30 } }
const RR_YOUNG: Proposing = { ...RR, most: NO_MOST }
const SBP: Proposing = { formula: (pressure) => ({ low: 0.68 * pressure + 10, high: 0.86 * pressure + 38 }), most: NO_MOST }
const DBP: Proposing = { formula: (pressure) => ({ low: 0.68 * pressure + 6, high: 0.86 * pressure + 32 }), most: NO_MOST }

function proposingOf(population: Population): { readonly [Name in Variable]?: Proposing } {
  const isGrown = population === 'adult' || population === 'pregnant' || population === 'adolescent'
  return { hr: population === 'neonate' ? HR_NEWBORN : HR, rr: isGrown ? RR : RR_YOUNG, sbp: SBP, dbp: DBP }
}

function medianOf(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b)
  const [upper, lower] = [sorted[Math.floor(sorted.length / 2)], sorted[Math.ceil(sorted.length / 2) - 1]]
  return upper === undefined || lower === undefined ? null : (upper + lower) / 2
}

function spanOf(past: readonly PastValue[]): number {
  let [first, last] = [Infinity, -Infinity]
  for (const { at } of past) [first, last] = [Math.min(first, at), Math.max(last, at)]
  return last - first
}

const clamped = (value: number, { from, to }: { readonly from: number; readonly to: number }): number => Math.min(to, Math.max(from, value))

/** `profile`: the limits that hold for the stay now. `heard`: plausible values by variable, in any order. Empty where too little is known. */
export function proposeLimits(profile: LimitProfile, heard: { readonly [Name in Variable]?: readonly PastValue[] }, at: MonoMs): readonly Proposal[] {
  const { population } = profile
  const proposing = proposingOf(population)
  return VARIABLES.flatMap((variable) => {
    const of = proposing[variable]
    const past = (heard[variable] ?? []).filter((value) => value.at <= at && at - value.at <= HOUR_MS)
    const median = medianOf(past.map(({ value }) => value))
    if (of === undefined || median === null || past.length < VALUES_MIN || spanOf(past) < SPAN_MS_MIN) return []
    const { formula, most } = of
    const wanted = formula(median)
    return LIMIT_SIDES.flatMap((side): Proposal[] => {
      const envelope = envelopeOf(population, variable, side)
      if (envelope === null) return []
      const bounded = side === 'low' ? Math.max(wanted.low, most.low) : Math.min(wanted.high, most.high)
      const beyond = clamped(roundHalfUp(bounded, 0), envelope)
      const now = profile.variables[variable]?.[side][0]?.beyond ?? null
      if (beyond === now) return []
      return [{ variable, side, beyond, now, widens: now !== null && (side === 'low' ? beyond < now : beyond > now), median, values: past.length }]
    })
  })
}
