/** Which alert comes first, and what a list of alerts says of a bed. */

import type { AlertView } from '../api/wire.ts'

const RANK = { high: 0, medium: 1, low: 2 } as const

const byId = (one: AlertView, other: AlertView): number => (one.id < other.id ? -1 : one.id > other.id ? 1 : 0)

/** Highest priority first; within it what nobody has acknowledged, then what still goes on, then the oldest. */
export function compareAlerts(one: AlertView, other: AlertView): number {
  return (
    RANK[one.priority] - RANK[other.priority] ||
    Number(one.acknowledged !== null) - Number(other.acknowledged !== null) ||
    Number(one.state === 'latched') - Number(other.state === 'latched') ||
    one.startedAt - other.startedAt ||
    byId(one, other)
  )
}

export const sortAlerts = (alerts: Iterable<AlertView>): readonly AlertView[] => [...alerts].sort(compareAlerts)

/** The alerts of one bed, first things first. */
export const alertsOfBed = (sorted: readonly AlertView[], bed: string): readonly AlertView[] => sorted.filter((alert) => alert.bed === bed)

export const highestOf = (sorted: readonly AlertView[]): AlertView | null => sorted[0] ?? null

/** What the key `a` acknowledges: the highest that nobody has. */
export const highestUnacknowledged = (sorted: readonly AlertView[]): AlertView | null =>
  sorted.find((alert) => alert.acknowledged === null) ?? null

export const countByPriority = (alerts: readonly AlertView[]): Readonly<Record<AlertView['priority'], number>> => ({
  high: alerts.filter((alert) => alert.priority === 'high').length,
  medium: alerts.filter((alert) => alert.priority === 'medium').length,
  low: alerts.filter((alert) => alert.priority === 'low').length,
})

/** What is new to somebody who listens: alerts that were not there, or stand higher than before. */
export function newsIn(before: ReadonlyMap<string, AlertView>, after: ReadonlyMap<string, AlertView>): readonly AlertView[] {
  return sortAlerts(after.values()).filter((alert) => {
    const known = before.get(alert.id)
    return known === undefined || RANK[alert.priority] < RANK[known.priority]
  })
}

/**
 * The highest open alert that rests on this one value alone: the number is coloured by it. What rests on many numbers (a
 * score) colours none of them.
 */
export function priorityOfValue(sorted: readonly AlertView[], names: readonly string[]): AlertView['priority'] | null {
  const isAbout = ({ inputs }: AlertView['because']): boolean => inputs.length === 1 && inputs.every(({ name }) => names.includes(name))
  return sorted.find(({ because, state }) => state === 'active' && isAbout(because))?.priority ?? null
}
