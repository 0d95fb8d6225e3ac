/** What every score answers, and how parts add up to a total with a range. */

import { roundHalfUp } from '../rounding.ts'
import type { Believed, ScoreInputs } from './inputs.ts'

type Sums = {
  readonly rule: string
  readonly version: string
  /** Sum of the parts that are present; always a number. */
  readonly total: number
  /** Nothing is missing: `min`, `total` and `max` are one number. */
  readonly complete: boolean
  /** The least and the most that the score can be, whatever the missing inputs are. */
  readonly min: number
  readonly max: number
  /** Points by parameter. A part whose points hang on a missing input counts the least it can be. */
  readonly parts: Readonly<Record<string, number>>
  /** Inputs that the score would need, in the order of its chart. */
  readonly missing: readonly string[]
  /** Inputs that were given and not believed, with the reason. They are also missing. */
  readonly rejected: Readonly<Record<string, string>>
}

export type Scored = Sums & { readonly applicable: true }
/** The rule is not made for this patient: no parts, and the whole range of the rule. */
export type NotApplicable = Sums & { readonly applicable: false; readonly why: string }
export type ScoreResult = Scored | NotApplicable

export type Score = {
  readonly id: string
  readonly version: string
  readonly title: string
  readonly score: (inputs: ScoreInputs) => ScoreResult
}

/** One line of a chart. `low` = `high` when the points are certain. */
export type Item = {
  readonly part: string
  readonly given: boolean
  readonly low: number
  readonly high: number
  readonly missing: readonly string[]
}

const NONE: readonly string[] = []

export const certain = (part: string, points: number): Item => ({ part, given: true, low: points, high: points, missing: NONE })
/** The input is given, but its points hang on `missing`. */
export const between = (part: string, low: number, high: number, missing: readonly string[]): Item => ({ part, given: true, low, high, missing })
export const unknown = (part: string, most: number, missing: readonly string[] = [part]): Item => ({ part, given: false, low: 0, high: most, missing })

/** Ascending steps: values up to and including `upTo` score `points`; the last step takes all that is above. */
export type Bands = readonly (readonly [upTo: number, points: number])[]

export function pointsIn(bands: Bands, value: number): number {
  for (let index = 0; index < bands.length; index++) {
    const band = bands[index]
    if (band !== undefined && value <= band[0]) return band[1]
  }
  throw new RangeError(`bands end below ${value}`)
}

/** One banded parameter: rounded half up, then looked up. */
export function banded(part: string, value: number | undefined, bands: Bands, decimals = 0): Item {
  if (value === undefined) return unknown(part, Math.max(...bands.map(([, points]) => points)))
  return certain(part, pointsIn(bands, roundHalfUp(value, decimals)))
}

type Identity = { readonly id: string; readonly version: string }

export function sumOf({ id, version }: Identity, items: readonly Item[], { rejected }: Believed): Scored {
  const parts: Record<string, number> = {}
  let missing: string[] | null = null
  let total = 0
  let max = 0
  for (const item of items) {
    if (item.given) parts[item.part] = item.low
    total += item.low
    max += item.high
    for (const name of item.missing) if (!(missing ??= []).includes(name)) missing.push(name)
  }
  return { rule: id, version, applicable: true, total, complete: missing === null, min: total, max, parts, missing: missing ?? NONE, rejected }
}

export const notApplicable = ({ id, version }: Identity, why: string, max: number, { rejected }: Believed, missing: readonly string[] = []): NotApplicable => ({
  rule: id, version, applicable: false, why, total: 0, complete: false, min: 0, max, parts: {}, missing, rejected,
})
