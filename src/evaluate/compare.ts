/** Two sets of rules over one stretch: what each said, by rule and bed, and what only one of them said. Pure. */

import { type AlertEvent, type Priority, rankOf } from '../domain/alert.ts'
import type { BedId, StayId } from '../domain/ids.ts'

export type AlertSpan = {
  readonly condition: string
  readonly bed: BedId | null
  readonly stay: StayId | null
  /** The gravest that it was. */
  readonly priority: Priority
  readonly text: string
  readonly from: number
  /** null: open when the stretch ended. */
  readonly to: number | null
}

/** Folds events into alerts, in the order in which they began. */
export class AlertSpans {
  readonly #spans: { -readonly [Key in keyof AlertSpan]: AlertSpan[Key] }[] = []
  readonly #open = new Map<string, number>()

  add(event: AlertEvent): void {
    if (event.kind !== 'phase') return
    const index = this.#open.get(event.alertId)
    if (event.phase === 'start') {
      const { condition, bed, stay, priority, text, at } = event
      this.#open.set(event.alertId, this.#spans.push({ condition, bed, stay, priority, text, from: at, to: null }) - 1)
      return
    }
    const span = index === undefined ? undefined : this.#spans[index]
    if (span === undefined) return
    if (rankOf(event.priority) > rankOf(span.priority)) span.priority = event.priority
    // A latched alert is over; nobody is there to see it, so it stays on the screen for ever.
    if (span.to === null && event.state !== 'active') span.to = event.at
    if (event.state === 'active') span.to = null
    if (event.state === 'inactive') this.#open.delete(event.alertId)
  }

  all(): readonly AlertSpan[] {
    return this.#spans
  }
}

export type RuleCount = {
  readonly condition: string
  readonly priority: Priority
  readonly alerts: number
  readonly perBedDay: number
  readonly medianSeconds: number | null
  /** Of those that ended: over within 15 s. */
  readonly shortShare: number | null
}

export const SHORT_MS = 15_000
const DAY_MS = 86_400_000

const keyOf = ({ condition, priority }: Pick<AlertSpan, 'condition' | 'priority'>): string => `${condition} ${priority}`

export function countsOf(spans: readonly AlertSpan[], bedMs: number): readonly RuleCount[] {
  const byRule = Map.groupBy(spans, keyOf)
  return [...byRule.values()].flatMap((of): RuleCount[] => {
    const [first] = of
    if (first === undefined) return []
    const durations = of.flatMap(({ from, to }) => (to === null ? [] : [to - from])).sort((a, b) => a - b)
    const median = durations[Math.floor((durations.length - 1) / 2)]
    return [{
      condition: first.condition, priority: first.priority, alerts: of.length, perBedDay: bedMs === 0 ? 0 : (of.length * DAY_MS) / bedMs,
      medianSeconds: median === undefined ? null : median / 1_000,
      shortShare: durations.length === 0 ? null : durations.filter((ms) => ms < SHORT_MS).length / durations.length,
    }]
  }).sort((a, b) => b.alerts - a.alerts || (keyOf(a) < keyOf(b) ? -1 : 1))
}

/** An alert of the other set counts as the same when it began or stood within so long of this one. */
const SAME_MS = 60_000

const overlaps = (a: AlertSpan, b: AlertSpan): boolean => a.from <= (b.to ?? Infinity) + SAME_MS && b.from <= (a.to ?? Infinity) + SAME_MS

/** Those of `spans` that have no counterpart in `others`: same stay, same condition, same time. */
export function onlyIn(spans: readonly AlertSpan[], others: readonly AlertSpan[]): readonly AlertSpan[] {
  const subject = ({ stay, condition }: AlertSpan): string => `${stay ?? ''} ${condition}`
  const bySubject = Map.groupBy(others, subject)
  return spans.filter((span) => !(bySubject.get(subject(span)) ?? []).some((other) => overlaps(span, other)))
}

export type Offender = { readonly bed: string; readonly condition: string; readonly alerts: number }

export function topOffenders(spans: readonly AlertSpan[], max: number): readonly Offender[] {
  const groups = Map.groupBy(spans, ({ bed, condition }) => `${bed ?? '–'}\u0000${condition}`)
  return [...groups]
    .map(([key, of]): Offender => {
      const [bed = '', condition = ''] = key.split('\u0000')
      return { bed, condition, alerts: of.length }
    })
    .sort((a, b) => b.alerts - a.alerts || (`${a.bed} ${a.condition}` < `${b.bed} ${b.condition}` ? -1 : 1))
    .slice(0, max)
}
