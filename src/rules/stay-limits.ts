/**
 * Limits of one stay over those of its ward. A limit that is moved out takes the gravest priority of the ward's limits that
 * it passes, and those that lie further out stay: so nothing becomes less grave than was asked for.
 */

import { rankOf } from '../domain/alert.ts'
import type { Variable } from '../domain/metrics.ts'
import type { LimitSide, StayLimit } from '../domain/stay-limit.ts'
import type { StayContext } from '../seams.ts'
import { beyondEnvelope } from './envelope.ts'
import { type Grade, type LimitProfile, profileProblems, type VariableLimits } from './profile.ts'

/** How far inside a limit a value must come, where the ward has no limit of that variable. */
const CLEAR_MARGIN: Readonly<Record<Variable, number>> = { hr: 5, spo2: 2, rr: 2, sbp: 5, dbp: 5, map: 3, temperature: 0.2, etco2: 3, fio2: 2 }
const DELAY_SECONDS_MAX = 60
const REASON_CHARS = { min: 3, max: 200 } as const

const outwardOf = (side: LimitSide): 1 | -1 => (side === 'high' ? 1 : -1)

/** The ward's grades with the limit of the stay in place of those that it passes. */
function appliedSide(grades: readonly Grade[], { side, beyond, delaySeconds }: StayLimit): readonly Grade[] {
  const outward = outwardOf(side)
  const passed = grades.filter((grade) => (beyond - grade.beyond) * outward >= 0)
  const further = grades.filter((grade) => (beyond - grade.beyond) * outward < 0)
  let model: Grade = passed[0] ?? grades[0] ?? { beyond, priority: 'medium', delaySeconds: 15 }
  for (const grade of passed) if (rankOf(grade.priority) >= rankOf(model.priority)) model = grade
  const delay = delaySeconds ?? model.delaySeconds
  // What the ward calls high is not made to wait longer than the ward lets it.
  return [{ ...model, beyond, delaySeconds: model.priority === 'high' ? Math.min(delay, model.delaySeconds) : delay }, ...further]
}

function applied(profile: LimitProfile, limit: StayLimit): LimitProfile {
  const { variable, side } = limit
  const ward: VariableLimits = profile.variables[variable] ?? { draft: false, clearMargin: CLEAR_MARGIN[variable], low: [], high: [] }
  const of: VariableLimits = { ...ward, [side]: appliedSide(ward[side], limit), setFor: { ...ward.setFor, [side]: `${limit.by}, for this stay: ${limit.reason}` } }
  return { ...profile, variables: { ...profile.variables, [variable]: of } }
}

/** Which profiles were made of which: both are never changed, and a stay asks twice a second. */
const made = new WeakMap<LimitProfile, WeakMap<readonly StayLimit[], LimitProfile>>()

/** The ward's profile with the limits of a stay; the very profile when it has none. */
export function withStayLimits(profile: LimitProfile, limits: readonly StayLimit[] | undefined): LimitProfile {
  if (limits === undefined || limits.length === 0) return profile
  let ofProfile = made.get(profile)
  if (ofProfile === undefined) made.set(profile, (ofProfile = new WeakMap()))
  let result = ofProfile.get(limits)
  if (result === undefined) ofProfile.set(limits, (result = limits.reduce(applied, profile)))
  return result
}

/** What is wrong with a limit that somebody would set for a stay, in sentences; empty when it may be set. `ward`: the profile of the stay's population. */
export function stayLimitProblems(ward: LimitProfile, context: StayContext, limit: StayLimit): readonly string[] {
  const { variable, side, beyond, delaySeconds, by, at, reason, until } = limit
  const envelope = beyondEnvelope(ward.population, variable, side, beyond)
  const problems = [
    envelope === null ? [] : `${variable}: ${envelope}`,
    delaySeconds === undefined || (delaySeconds >= 0 && delaySeconds <= DELAY_SECONDS_MAX) ? [] : `a delay of ${delaySeconds} s is not within 0 to ${DELAY_SECONDS_MAX} s`,
    by.trim() === '' ? 'who sets it is not said' : [],
    reason.trim().length >= REASON_CHARS.min && reason.length <= REASON_CHARS.max ? [] : `a reason has ${REASON_CHARS.min} to ${REASON_CHARS.max} characters`,
    until === null || until > at ? [] : 'it would have ended before it begins',
  ].flat()
  if (problems.length > 0) return problems
  // The ward's own profile was judged when it was read.
  return profileProblems({ ...withStayLimits(ward, withLimit(context, limit).limits), signedBy: { name: by, at: '' } })
}

/** The context with a limit more; one of the same variable and side is replaced. */
export function withLimit(context: StayContext, limit: StayLimit): StayContext {
  const others = (context.limits ?? []).filter(({ variable, side }) => variable !== limit.variable || side !== limit.side)
  return { ...context, limits: [...others, limit] }
}

/** The context with the ward's limit again. */
export const withWardLimit = (context: StayContext, variable: Variable, side: LimitSide): StayContext =>
  ({ ...context, limits: (context.limits ?? []).filter((limit) => limit.variable !== variable || limit.side !== side) })
