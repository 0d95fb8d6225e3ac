/**
 * What may be told of who lay there, so that nobody is told apart by it: stays of one release that look alike in all that is told
 * are a class, and of a class smaller than k it is not told (k-anonymity; Safe Harbor 164.514(b)(2) with no actual knowledge). Pure.
 */

/** `none`: not known, or not told. */
export const AGE_BANDS = ['0-9', '10-19', '20-29', '30-39', '40-49', '50-59', '60-69', '70-79', '80-89', '90+', 'none'] as const
export type AgeBand = (typeof AGE_BANDS)[number]
/** From 16 years on, or a child; by date of birth, else as the ward declares it. */
export const AGE_GROUPS = ['adult', 'child', 'none'] as const
export type AgeGroup = (typeof AGE_GROUPS)[number]
/** HL7 table 0001. */
export const SEXES = ['F', 'M', 'O', 'none'] as const
export type Sex = (typeof SEXES)[number]

/** A field of the site, made unrecognisable before it comes here. */
export type SiteField = { readonly name: string; readonly value: string }

/** What is known of who lay in a stay, and might be told. */
export type Person = { readonly ageBand: AgeBand; readonly ageGroup: AgeGroup; readonly sex: Sex; readonly site: readonly SiteField[] }

export const NOBODY: Person = { ageBand: 'none', ageGroup: 'none', sex: 'none', site: [] }

/** A stay to be classed. The year stands in all its times, so classes are of one year. `who`: the same for stays of one patient; nothing where nobody knows. */
export type Classed = { readonly year: number; readonly person: Person; readonly who?: string | undefined }

/** From all to nothing, what tells most being left out first. */
const LEVELS: readonly ((person: Person) => Person)[] = [
  (person) => person,
  (person) => ({ ...person, site: [] }),
  (person) => ({ ...person, site: [], sex: 'none' }),
  ({ ageGroup }) => ({ ...NOBODY, ageGroup }),
  () => NOBODY,
]
const LAST = LEVELS.length - 1

const nameOf = (year: number, { ageBand, ageGroup, sex, site }: Person): string => JSON.stringify([year, ageBand, ageGroup, sex, site.map(({ name, value }) => [name, value])])

type Class = { readonly level: number; readonly places: readonly number[] }

/**
 * What is told of each stay, in their order. Each class of what is told has stays of `staysMin` people or more, but for the stays of a year of
 * which nothing is told: so few that there was nobody to hide them among, or those that were left.
 */
export function toldOf(stays: readonly Classed[], staysMin: number): readonly Person[] {
  const told = new Map<number, Person>()
  for (const year of new Set(stays.map((stay) => stay.year))) {
    const places = stays.flatMap((stay, place) => (stay.year === year ? [place] : []))
    for (const { level, places: members } of classesOf(stays, places, staysMin)) {
      for (const place of members) told.set(place, (LEVELS[level] ?? LEVELS[LAST])?.(stays[place]?.person ?? NOBODY) ?? NOBODY)
    }
  }
  return stays.map((_stay, place) => told.get(place) ?? NOBODY)
}

/** People, not stays: who lay there five times is one of one. */
const peopleIn = (stays: readonly Classed[], places: readonly number[]): number => new Set(places.map((place) => stays[place]?.who ?? place)).size

/** Of one year. What finds no class at one level is looked at again at the next, coarser one. */
function classesOf(stays: readonly Classed[], places: readonly number[], staysMin: number): readonly Class[] {
  const classes: Class[] = []
  let left = places
  for (let level = 0; level < LAST; level++) {
    const groups = Map.groupBy(left, (place) => nameOf(0, LEVELS[level]?.(stays[place]?.person ?? NOBODY) ?? NOBODY))
    const large = [...groups.values()].filter((group) => peopleIn(stays, group) >= staysMin)
    classes.push(...large.map((members) => ({ level, places: members })))
    const classed = new Set(large.flat())
    left = left.filter((place) => !classed.has(place))
  }
  // Few of whom nothing is told stand out among many of whom something is: the smallest classes keep them company.
  const bySize = classes.toSorted((a, b) => a.places.length - b.places.length)
  while (left.length > 0 && peopleIn(stays, left) < staysMin) {
    const smallest = bySize.shift()
    if (smallest === undefined) break
    left = [...left, ...smallest.places]
  }
  return [...bySize, { level: LAST, places: left }]
}

const DAY_MS = 86_400_000
const BORN = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/
const ADULT_YEARS = 16
const YEARS_MAX = 130

/** Whole years between two days, by calendar birthdays. */
function yearsBetween(born: number, at: number): number {
  const [one, other] = [new Date(born), new Date(at)]
  const had = other.getUTCMonth() > one.getUTCMonth() || (other.getUTCMonth() === one.getUTCMonth() && other.getUTCDate() >= one.getUTCDate())
  return other.getUTCFullYear() - one.getUTCFullYear() - (had ? 0 : 1)
}

/** In tens of years; 90 and above are one band (Safe Harbor). `none` where the date does not say which, or is none. */
export function ageBandOf(bornOn: string | undefined, at: number): { readonly ageBand: AgeBand; readonly isAdult: boolean | null } {
  const [, year, month, day] = BORN.exec(bornOn ?? '') ?? []
  if (year === undefined) return { ageBand: 'none', isAdult: null }
  const first = Date.UTC(Number(year), Number(month ?? 1) - 1, Number(day ?? 1))
  const last = day !== undefined ? first : month !== undefined ? Date.UTC(Number(year), Number(month), 0) : Date.UTC(Number(year), 11, 31)
  const [oldest, youngest] = [yearsBetween(first, at), yearsBetween(Math.min(last, Math.floor(at / DAY_MS) * DAY_MS), at)]
  if (oldest < 0 || oldest > YEARS_MAX) return { ageBand: 'none', isAdult: null }
  const band = (years: number): AgeBand => AGE_BANDS[Math.min(9, Math.floor(years / 10))] ?? 'none'
  const isAdult = oldest >= ADULT_YEARS === youngest >= ADULT_YEARS ? oldest >= ADULT_YEARS : null
  return { ageBand: band(oldest) === band(youngest) ? band(oldest) : 'none', isAdult }
}
