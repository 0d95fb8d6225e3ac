/** Which alert comes first, and what a list of alerts says of a bed. */

import type { AlertView } from '../api/wire.ts'
import { gravestOf, isAcknowledged, isSounding, type Row, voicesOf } from '../domain/alert-row.ts'

export { isSounding }

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

/** One line of the list: an alert with those that say the same, and with what follows from it. */
export type AlertRow = Row<AlertView>

/** Rows as the gateway told who stands with whom, first things first. One whose head is not here heads a row of its own: nothing is ever left out. */
export function rowsIn(alerts: Iterable<AlertView>): readonly AlertRow[] {
  const sorted = sortAlerts(alerts)
  const ids = new Set<string>(sorted.filter(({ inRow }) => inRow === undefined).map(({ id }) => id))
  const headOf = ({ id, inRow }: AlertView): string => (inRow !== undefined && ids.has(inRow.of) ? inRow.of : id)
  const its = Map.groupBy(sorted, headOf)
  const rows = sorted.filter((alert) => headOf(alert) === alert.id).map((head): AlertRow => {
    const rest = (its.get(head.id) ?? []).filter((alert) => alert !== head)
    return { head, others: rest.filter(({ inRow }) => inRow?.as !== 'carried'), carried: rest.filter(({ inRow }) => inRow?.as === 'carried') }
  })
  return rows.toSorted(compareRows)
}

const isLatched = (row: AlertRow): boolean => voicesOf(row).every(({ state }) => state === 'latched')

/** As alerts are ordered, by what the row as a whole is. */
function compareRows(one: AlertRow, other: AlertRow): number {
  return (
    RANK[gravestOf(one).priority] - RANK[gravestOf(other).priority] ||
    Number(isAcknowledged(one)) - Number(isAcknowledged(other)) ||
    Number(isLatched(one)) - Number(isLatched(other)) ||
    one.head.startedAt - other.head.startedAt ||
    byId(one.head, other.head)
  )
}

/** The rows of one bed, first things first. */
export const rowsOfBed = (rows: readonly AlertRow[], bed: string): readonly AlertRow[] => rows.filter(({ head }) => head.bed === bed)

/** The alerts of one bed, first things first. What a hub of many beds carries in the list of the ward speaks for itself at its bed. */
export function alertsOfBed(sorted: readonly AlertView[], bed: string): readonly AlertView[] {
  const its = sorted.filter((alert) => alert.bed === bed)
  return its.map((alert) => {
    const { inRow, ...own } = alert
    return inRow === undefined || its.some(({ id }) => id === inRow.of) ? alert : own
  })
}

/** What follows from another alert is named there, and is the first of nothing. */
const isCarried = ({ inRow }: AlertView): boolean => inRow?.as === 'carried'

export const highestOf = (sorted: readonly AlertView[]): AlertView | null => sorted.find((alert) => !isCarried(alert)) ?? null

/** What the key `a` acknowledges: the highest that nobody has. */
export const highestUnacknowledged = (sorted: readonly AlertView[]): AlertView | null =>
  sorted.find((alert) => alert.acknowledged === null && !isCarried(alert)) ?? null

export const countByPriority = (alerts: readonly AlertView[]): Readonly<Record<AlertView['priority'], number>> => ({
  high: alerts.filter((alert) => alert.priority === 'high').length,
  medium: alerts.filter((alert) => alert.priority === 'medium').length,
  low: alerts.filter((alert) => alert.priority === 'low').length,
})

const isCalling = ({ state, acknowledged }: AlertView): boolean => state === 'active' && acknowledged === null

/** What is new to somebody who listens: alerts that were not there, stand higher than before, or call anew. */
export function newsIn(before: ReadonlyMap<string, AlertView>, after: ReadonlyMap<string, AlertView>): readonly AlertView[] {
  return sortAlerts(after.values()).filter((alert) => !isCarried(alert)).filter((alert) => {
    const known = before.get(alert.id)
    return known === undefined || RANK[alert.priority] < RANK[known.priority] || (isCalling(alert) && !isCalling(known))
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
