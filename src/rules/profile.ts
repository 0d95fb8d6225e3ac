/**
 * Alarm-limit profiles: what a limit is, the three that Vigil ships with (config/limits/*.yaml are these very values), and
 * what makes a profile wrong. Pure data.
 */

import type { Priority } from '../domain/alert.ts'
import { type Variable, VARIABLES } from '../domain/metrics.ts'
import { POPULATIONS, POPULATION_WORDS, type Population } from '../domain/population.ts'
import type { LimitSide } from '../domain/stay-limit.ts'
import { envelopeProblems } from './envelope.ts'

export type { Population } from '../domain/population.ts'

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
  /** Rests on memory, not on a source that was read: works in a demo alone, and says so, until a named clinician signs the profile. */
  readonly draft: boolean
  /** Values of so long are averaged before they are compared, grades of single values (`samples`) apart. Not there: each value counts. */
  readonly averageSeconds?: number
  /** How far inside the limit a value must come before the alert ends. */
  readonly clearMargin: number
  readonly low: readonly Grade[]
  readonly high: readonly Grade[]
  /** Who set a side for one stay, and why; not there: the ward's limits hold. */
  readonly setFor?: { readonly [Side in LimitSide]?: string }
}

export type LimitProfile = {
  readonly name: string
  readonly population: Population
  /** Who answers for these limits, as the nurse reads it. */
  readonly setBy: string
  /** The clinician who answers for these limits, by name, and the day on which it was signed (`YYYY-MM-DD`). */
  readonly signedBy?: { readonly name: string; readonly at: string }
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

/** Pregnancy: the limits of adults. What is known of others rests on memory; a ward signs its own. Adult scores do not apply. */
const PREGNANT: LimitProfile = { ...ADULT, name: 'pregnant', population: 'pregnant', setBy: 'pregnancy profile (limits of adults)' }

/** Childhood without an age: factory defaults. */
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

/** The innermost values that score 2 and 4 on an age chart, below and above; null: none scores 2 there. */
type Chart = { readonly low: readonly [two: number | null, four: number]; readonly high: readonly [two: number, four: number] }

/**
 * Limits of an age band, from its chart of the National PEWS England (2023): what scores 2 is medium, what scores 4 is high
 * (a pressure above: low and medium). A heart rate below 60 is extreme at any age (NICE, under 5). Saturation as in all of
 * childhood.
 */
function banded(population: Population, { rr, hr, sbp }: { readonly rr: Chart; readonly hr: Chart; readonly sbp: Chart }): LimitProfile {
  const below = ({ low: [two, four] }: Chart, seconds: number, outermost: number): readonly Grade[] => [
    ...(two === null ? [] : [grade(two, 'medium', seconds)]), ...(four > outermost ? [grade(four, 'high', 10)] : []), extreme(Math.min(four, outermost)),
  ]
  const above = ({ high: [two, four] }: Chart, priorities: readonly [Priority, Priority], seconds: number): readonly Grade[] =>
    [grade(two, priorities[0], seconds), grade(four, priorities[1], 10)]
  return {
    name: population,
    population,
    setBy: `PEWS chart, ${POPULATION_WORDS[population]}`,
    variables: {
      hr: { draft: false, clearMargin: 5, low: below(hr, 15, 60), high: above(hr, ['medium', 'high'], 15) },
      spo2: { draft: false, clearMargin: 2, low: [grade(90, 'medium', 15), grade(85, 'high', 10), extreme(80)], high: [] },
      rr: { draft: false, clearMargin: 2, low: below(rr, 15, 5), high: above(rr, ['medium', 'high'], 15) },
      sbp: { draft: false, clearMargin: 3, low: below(sbp, 10, 40), high: above(sbp, ['low', 'medium'], 10) },
      temperature: TEMPERATURE,
    },
  }
}

const INFANT = banded('infant', { rr: { low: [20, 10], high: [59, 69] }, hr: { low: [90, 80], high: [169, 179] }, sbp: { low: [60, 50], high: [99, 109] } })
const YOUNG_CHILD = banded('young-child', { rr: { low: [20, 10], high: [49, 59] }, hr: { low: [70, 60], high: [149, 169] }, sbp: { low: [60, 50], high: [119, 129] } })
const CHILD = banded('child', { rr: { low: [15, 10], high: [39, 49] }, hr: { low: [70, 60], high: [139, 159] }, sbp: { low: [80, 70], high: [119, 129] } })
const ADOLESCENT = banded('adolescent', { rr: { low: [null, 10], high: [29, 39] }, hr: { low: [60, 50], high: [119, 129] }, sbp: { low: [90, 80], high: [129, 139] } })

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

export const DEFAULT_PROFILES: Profiles = {
  adult: ADULT, pregnant: PREGNANT, adolescent: ADOLESCENT, child: CHILD, 'young-child': YOUNG_CHILD, infant: INFANT, neonate: NEONATE, paediatric: PAEDIATRIC,
}

export type Drafts = { readonly population: Population; readonly variables: readonly Variable[] }

const variablesOf = ({ variables }: LimitProfile): readonly Variable[] => VARIABLES.filter((variable) => variables[variable] !== undefined)

/** What of the profiles is a draft that nobody signed. */
export function unsigned(profiles: Profiles): readonly Drafts[] {
  return POPULATIONS.flatMap((population) => {
    const profile = profiles[population]
    if (profile.signedBy !== undefined) return []
    const variables = variablesOf(profile).filter((variable) => profile.variables[variable]?.draft === true)
    return variables.length === 0 ? [] : [{ population, variables }]
  })
}

/** Profiles as they act on patients who exist: drafts that nobody signed do not. */
export function withoutDrafts(profiles: Profiles): Profiles {
  const armed = (profile: LimitProfile): LimitProfile => {
    if (profile.signedBy !== undefined) return profile
    return { ...profile, variables: Object.fromEntries(Object.entries(profile.variables).filter(([, limits]) => !limits.draft)) }
  }
  return {
    adult: armed(profiles.adult), pregnant: armed(profiles.pregnant), adolescent: armed(profiles.adolescent), child: armed(profiles.child),
    'young-child': armed(profiles['young-child']), infant: armed(profiles.infant), neonate: armed(profiles.neonate), paediatric: armed(profiles.paediatric),
  }
}

/** Who answers for the limits of a variable, as the nurse reads it in an alert. */
export function answersFor(profile: LimitProfile, limits: VariableLimits, side: LimitSide): string {
  const setFor = limits.setFor?.[side]
  if (setFor !== undefined) return setFor
  if (profile.signedBy !== undefined) return `${profile.setBy}, signed by ${profile.signedBy.name} on ${profile.signedBy.at}`
  return limits.draft ? `${profile.setBy} (draft, not signed)` : profile.setBy
}

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
  const wrong = Object.entries(profile.variables).flatMap(([name, limits]) => {
    const { clearMargin, low, high } = limits
    const problems = [...sideProblems(`${name}.low`, low, -1), ...sideProblems(`${name}.high`, high, 1)]
    if (!(clearMargin >= 0)) problems.push(`${name}: a clear margin of ${clearMargin} is not 0 or more`)
    const [lowest, highest] = [low[0], high[0]]
    const hasRoom = !lowest || !highest || lowest.beyond + clearMargin <= highest.beyond - clearMargin
    if (!hasRoom) problems.push(`${name}: no value between the limits would end an alert`)
    const { averageSeconds } = limits
    if (averageSeconds !== undefined && !(averageSeconds >= 2 && averageSeconds <= 60)) problems.push(`${name}: averaging over ${averageSeconds} s is not within 2 to 60 s`)
    return problems
  })
  return [...wrong, ...envelopeProblems(profile)]
}
