/**
 * Alarm-limit profiles: what a limit is, the three that Vigil ships with (config/limits/*.yaml are these very values), and
 * what makes a profile wrong. Pure data.
 */

import type { Priority } from '../domain/alert.ts'
import type { Variable } from '../domain/metrics.ts'
import type { StayContext } from '../seams.ts'

export type Population = StayContext['population']

/** One step beyond the normal range. The first of a side is the alarm limit; the next ones lie further out. */
export type Grade = {
  /** Violated by values strictly below (low side) or above (high side), in the unit of the variable. */
  readonly beyond: number
  readonly priority: Priority
  /** The violation must last so long. 0: the first value acts. A single measurement (a cuff) always acts at once. */
  readonly delaySeconds: number
  /** Or so many values in a row, if that comes first. */
  readonly samples?: number
  /** Only while the patient is on oxygen: too much oxygen harms the newborn. */
  readonly onlyOnOxygen?: true
}

export type VariableLimits = {
  /** Rests on memory, not on a source that was read: works, and says so, until a named clinician signs it. */
  readonly draft: boolean
  /** How far inside the limit a value must come before the alert ends. */
  readonly clearMargin: number
  readonly low: readonly Grade[]
  readonly high: readonly Grade[]
}

export type LimitProfile = {
  readonly name: string
  readonly population: Population
  /** Who answers for these limits, as the nurse reads it. */
  readonly setBy: string
  readonly variables: { readonly [Name in Variable]?: VariableLimits }
}

export type Profiles = Readonly<Record<Population, LimitProfile>>

const grade = (beyond: number, priority: Priority, delaySeconds: number): Grade => ({ beyond, priority, delaySeconds })
/** Extreme values act after 3 s or at the second value in a row. */
const extreme = (beyond: number): Grade => ({ beyond, priority: 'high', delaySeconds: 3, samples: 2 })

/** Core temperature, all populations: factory defaults, from memory. */
const TEMPERATURE: VariableLimits = {
  draft: true,
  clearMargin: 0.2,
  low: [grade(36, 'low', 60), grade(35, 'medium', 60)],
  high: [grade(39, 'low', 60), grade(40, 'medium', 60)],
}

/** Starting configuration of an adult ward (engineering proposal); SpO₂ 90 with 15 s, desaturation 80 at once. */
const ADULT: LimitProfile = {
  name: 'adult',
  population: 'adult',
  setBy: 'adult profile',
  variables: {
    hr: { draft: false, clearMargin: 5, low: [grade(45, 'medium', 10), extreme(35)], high: [grade(130, 'medium', 10), extreme(150)] },
    spo2: { draft: false, clearMargin: 2, low: [grade(90, 'medium', 15), grade(85, 'high', 10), extreme(80)], high: [] },
    rr: { draft: false, clearMargin: 2, low: [grade(8, 'medium', 15), extreme(5)], high: [grade(30, 'medium', 15), grade(40, 'high', 15)] },
    sbp: { draft: false, clearMargin: 5, low: [grade(90, 'medium', 10), extreme(70)], high: [grade(180, 'medium', 10), extreme(220)] },
    map: { draft: false, clearMargin: 3, low: [grade(60, 'medium', 10), extreme(50)], high: [] },
    temperature: TEMPERATURE,
  },
}

/** One profile for all of childhood: factory defaults. Age bands are a ward's own profiles. */
const PAEDIATRIC: LimitProfile = {
  name: 'paediatric',
  population: 'paediatric',
  setBy: 'paediatric profile',
  variables: {
    hr: { draft: false, clearMargin: 5, low: [grade(75, 'medium', 10), extreme(60)], high: [grade(160, 'medium', 10), extreme(180)] },
    spo2: { draft: false, clearMargin: 2, low: [grade(90, 'medium', 15), grade(85, 'high', 10), extreme(80)], high: [] },
    rr: {
      draft: true,
      clearMargin: 2,
      low: [grade(10, 'medium', 15), extreme(5)],
      high: [grade(30, 'low', 15), grade(40, 'medium', 15), grade(60, 'high', 15)],
    },
    sbp: { draft: true, clearMargin: 5, low: [grade(70, 'medium', 10), extreme(50)], high: [grade(120, 'low', 10), grade(140, 'medium', 10)] },
    map: { draft: true, clearMargin: 3, low: [grade(50, 'medium', 10), extreme(40)], high: [grade(90, 'low', 10)] },
    temperature: TEMPERATURE,
  },
}

/** Newborn: heart rate and saturation as a neonatal unit published them; the rest factory defaults, from memory. */
const NEONATE: LimitProfile = {
  name: 'neonate',
  population: 'neonate',
  setBy: 'neonate profile',
  variables: {
    hr: { draft: false, clearMargin: 5, low: [grade(100, 'medium', 10), extreme(80)], high: [grade(200, 'medium', 10), extreme(230)] },
    spo2: {
      draft: false,
      clearMargin: 2,
      low: [grade(85, 'medium', 15), grade(80, 'high', 10)],
      high: [{ ...grade(95, 'low', 15), onlyOnOxygen: true }],
    },
    rr: { draft: true, clearMargin: 3, low: [grade(30, 'low', 15), grade(20, 'medium', 15)], high: [grade(80, 'low', 15), grade(100, 'medium', 15)] },
    sbp: { draft: true, clearMargin: 3, low: [grade(40, 'high', 10)], high: [grade(90, 'medium', 10)] },
    map: { draft: true, clearMargin: 2, low: [grade(30, 'medium', 10), extreme(25)], high: [grade(70, 'medium', 10)] },
    temperature: TEMPERATURE,
  },
}

export const DEFAULT_PROFILES: Profiles = { adult: ADULT, paediatric: PAEDIATRIC, neonate: NEONATE }

function sideProblems(where: string, grades: readonly Grade[], outward: 1 | -1): string[] {
  const problems: string[] = []
  grades.forEach(({ beyond, delaySeconds, samples }, index) => {
    const inner = grades[index - 1]
    if (!Number.isFinite(beyond)) problems.push(`${where}: ${beyond} is not a limit`)
    if (inner && (beyond - inner.beyond) * outward <= 0) problems.push(`${where}: ${beyond} must lie further out than ${inner.beyond}`)
    if (!(delaySeconds >= 0 && delaySeconds <= 300)) problems.push(`${where}: a delay of ${delaySeconds} s is not within 0 to 300 s`)
    if (samples !== undefined && !(Number.isInteger(samples) && samples >= 1)) problems.push(`${where}: ${samples} samples is not a count`)
  })
  return problems
}

/** What is wrong with a profile, in sentences; empty when it can be used. */
export function profileProblems(profile: LimitProfile): readonly string[] {
  return Object.entries(profile.variables).flatMap(([name, limits]) => {
    const { clearMargin, low, high } = limits
    const problems = [...sideProblems(`${name}.low`, low, -1), ...sideProblems(`${name}.high`, high, 1)]
    if (!(clearMargin >= 0)) problems.push(`${name}: a clear margin of ${clearMargin} is not 0 or more`)
    const [lowest, highest] = [low[0], high[0]]
    const hasRoom = !lowest || !highest || lowest.beyond + clearMargin <= highest.beyond - clearMargin
    if (!hasRoom) problems.push(`${name}: no value between the limits would end an alert`)
    return problems
  })
}
