/** How a patient was over twelve hours: a point every five minutes. Slopes, worst and time in state come from here. */

import type { Because } from '../domain/alert.ts'
import type { MonoMs, WallMs } from '../domain/time.ts'
import { ruleLimits } from '../limits.ts'
import type { Gathered } from './inputs.ts'
import { HOUR_MS } from './policy.ts'
import { printed } from './rounding.ts'
import { unitWord, VARIABLE_WORDS } from './words.ts'

export const TRACKED = ['rr', 'spo2', 'sbp', 'hr', 'temperature'] as const
type Tracked = (typeof TRACKED)[number]

export type CoursePoint = {
  readonly at: MonoMs
  /** The least that NEWS2 could be. */
  readonly news2: number
  readonly values: { readonly [Name in Tracked]?: number }
}
export type Course = readonly CoursePoint[]

const SPANS_H = [1, 4, 12] as const
const URGENT = 5

export const isCourseDue = (course: Course, at: MonoMs): boolean => at - (course.at(-1)?.at ?? -Infinity) >= ruleLimits.courseEveryMs

export function withCourse(course: Course, { readings, news2 }: Gathered, at: MonoMs): Course {
  const values: { [Name in Tracked]?: number } = {}
  for (const variable of TRACKED) {
    const value = readings[variable]?.sample.value
    if (value !== undefined) values[variable] = value
  }
  return [...course.filter((point) => at - point.at <= 12 * HOUR_MS), { at, news2: news2.min, values }].slice(-ruleLimits.coursePointsMax)
}

const within = (course: Course, hours: number, at: MonoMs): Course => course.filter((point) => at - point.at <= hours * HOUR_MS)

/** Minutes of the last `hours` in which NEWS2 could not be below 5; a point stands until the next. */
export function minutesUrgent(course: Course, hours: number, at: MonoMs): number {
  const from = at - hours * HOUR_MS
  let ms = 0
  course.forEach((point, index) => {
    const end = course[index + 1]?.at ?? at
    if (point.news2 >= URGENT) ms += Math.max(0, end - Math.max(from, point.at))
  })
  return Math.round(ms / 60_000)
}

export const worstOf = (course: Course, hours: number, at: MonoMs): number => Math.max(0, ...within(course, hours, at).map(({ news2 }) => news2))

/** What a variable has risen by since the point nearest to so long ago; null where nothing was known then. */
export function changeOf(course: Course, variable: Tracked, of: { readonly hours: number; readonly now: number; readonly at: MonoMs }): number | null {
  const then = of.at - of.hours * HOUR_MS
  let nearest: CoursePoint | null = null
  for (const point of course) {
    if (point.values[variable] !== undefined && (nearest === null || Math.abs(point.at - then) < Math.abs(nearest.at - then))) nearest = point
  }
  const known = nearest?.values[variable]
  // A quarter of the span off is another question.
  return nearest === null || known === undefined || Math.abs(nearest.at - then) > (of.hours * HOUR_MS) / 4 ? null : of.now - known
}

const signed = (change: number | null, decimals: number): string =>
  change === null ? 'not known' : `${change >= 0 ? '+' : '−'}${printed(Math.abs(change), decimals)}`

/** For `because`: what the nurse would ask next. */
export function courseInputs(course: Course, { readings }: Gathered, { at, wall }: { readonly at: MonoMs; readonly wall: WallMs }): Because['inputs'] {
  const said = (value: (hours: number) => string | number): string => SPANS_H.map(value).join(', ')
  const changes = TRACKED.flatMap((variable) => {
    const reading = readings[variable]
    if (reading === undefined) return []
    const { source, sample } = reading
    const words = said((hours) => signed(changeOf(course, variable, { hours, now: sample.value, at }), source.decimals))
    return [{ name: `${VARIABLE_WORDS[variable]} change in 1, 4, 12 h`, value: words, unit: unitWord(source.unit), at: wall }]
  })
  return [
    { name: 'NEWS2 worst in 1, 4, 12 h', value: said((hours) => worstOf(course, hours, at)), unit: '', at: wall },
    { name: 'NEWS2 at least 5 in 1, 4, 12 h', value: said((hours) => minutesUrgent(course, hours, at)), unit: 'min', at: wall },
    ...changes,
  ]
}
