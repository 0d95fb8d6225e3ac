/** Whose limits and scores apply: adults, pregnancy, the newborn, and childhood by the four age charts of the National PEWS. */

import type { WallMs } from './time.ts'

/** `paediatric`: a child whose age is not known, or not exactly enough for an age band. */
export const POPULATIONS = ['adult', 'pregnant', 'adolescent', 'child', 'young-child', 'infant', 'neonate', 'paediatric'] as const
export type Population = (typeof POPULATIONS)[number]

/** From 16 years on adult scores apply (RCP NEWS2, 2017). */
const ADULT_YEARS = 16
/** The first 28 days after the day of birth. */
const NEONATE_DAYS = 28
const DAY_MS = 86_400_000
/** A date of birth further back is a mistake. */
const YEARS_MAX = 130
/** A ward of pregnancy and a date of birth together: a mother within these years, else her child or a mistake. */
const PREGNANT_YEARS = { from: 11, to: 60 } as const

const BORN = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/

type Day = { readonly year: number; readonly month: number; readonly day: number }

const dayOf = (at: number): Day => {
  const date = new Date(at)
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() }
}
const startOf = ({ year, month, day }: Day): number => Date.UTC(year, month - 1, day)
const isDay = (day: Day): boolean => dayOf(startOf(day)).month === day.month && dayOf(startOf(day)).day === day.day

/** The earliest and the latest day that is meant by `YYYY-MM-DD`, `YYYY-MM` or `YYYY`; null when it is none. */
function daysMeant(bornOn: string): { readonly first: Day; readonly last: Day } | null {
  const [, year, month, day] = BORN.exec(bornOn) ?? []
  if (year === undefined) return null
  const first: Day = { year: Number(year), month: Number(month ?? 1), day: Number(day ?? 1) }
  if (first.month < 1 || first.month > 12 || !isDay(first)) return null
  const last: Day = day !== undefined ? first : dayOf(Date.UTC(first.year, month === undefined ? 12 : first.month, 0))
  return { first, last }
}

/** Whole years by calendar birthdays; below 0 when born later. */
function yearsOn(today: Day, born: Day): number {
  const hadBirthday = today.month > born.month || (today.month === born.month && today.day >= born.day)
  return today.year - born.year - (hadBirthday ? 0 : 1)
}

function bandOf(today: Day, born: Day): Population {
  const years = yearsOn(today, born)
  if (years >= ADULT_YEARS) return 'adult'
  if (years >= 13) return 'adolescent'
  if (years >= 5) return 'child'
  if (years >= 1) return 'young-child'
  return startOf(today) - startOf(born) <= NEONATE_DAYS * DAY_MS ? 'neonate' : 'infant'
}

/**
 * The population by date of birth, at a time: `adult` from 16 years on, and the age bands below; `paediatric` for a child of
 * whom too little of the date is known. null: nothing can be told (no date, one of the future, or 15 or 16 years, who knows).
 */
export function populationByAge(bornOn: string, at: WallMs): Population | null {
  const meant = daysMeant(bornOn)
  if (meant === null) return null
  const today = dayOf(at)
  const yearsMax = yearsOn(today, meant.first)
  if (yearsMax < 0 || yearsMax > YEARS_MAX) return null
  const oldest = bandOf(today, meant.first)
  // Of a year or month that is not over, the last day on which the patient can have been born is today.
  const youngest = bandOf(today, yearsOn(today, meant.last) < 0 ? today : meant.last)
  if (oldest === youngest) return oldest
  return oldest === 'adult' ? null : 'paediatric'
}

/** Between these ages, in whole years, a patient may be pregnant. */
function mayBePregnant(bornOn: string, at: WallMs): boolean {
  const meant = daysMeant(bornOn)
  return meant !== null && yearsOn(dayOf(at), meant.first) >= PREGNANT_YEARS.from && yearsOn(dayOf(at), meant.last) <= PREGNANT_YEARS.to
}

/**
 * The population of a patient: by age where the date of birth says it, else as `declared` (by the ward). A grown patient of
 * a ward of pregnancy is pregnant as declared; her child is not.
 */
export function populationOf(bornOn: string | undefined, declared: Population, at: WallMs): Population {
  const byAge = bornOn === undefined ? null : populationByAge(bornOn, at)
  if (byAge === null || bornOn === undefined) return declared
  return declared === 'pregnant' && mayBePregnant(bornOn, at) ? declared : byAge
}

/** An age in years that stands for a band, where a score asks for one; null where there is none. */
export const AGE_OF: Readonly<Record<Population, number | null>> = {
  adult: null, pregnant: null, adolescent: 14, child: 8, 'young-child': 3, infant: 0.5, neonate: 0.04, paediatric: null,
}

/** What a nurse reads. */
export const POPULATION_WORDS: Readonly<Record<Population, string>> = {
  adult: 'adult', pregnant: 'pregnant', adolescent: '13 to 15 years', child: '5 to 12 years', 'young-child': '1 to 4 years', infant: 'under 1 year',
  neonate: 'newborn', paediatric: 'child, age not known',
}
