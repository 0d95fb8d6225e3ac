/** What the rules of a ward said, or would have said while it was silent: by rule, bed and day, with those that say most. Pure. */

import type { CommissioningView } from '../api/house-wire.ts'
import type { BedId } from '../domain/ids.ts'
import { type WallMs, wallMs } from '../domain/time.ts'
import { handoverOf, spansOf, type WatchChange } from '../domain/watch.ts'
import { houseLimits } from '../limits.ts'
import { WATCHED } from '../rules/armed.ts'
import { conditionWords } from './report.ts'
import { type AlertSpan, countsOf, SHORT_MS, topOffenders } from './compare.ts'

export type Said = {
  readonly spans: readonly AlertSpan[]
  readonly changes: readonly WatchChange[]
  readonly isCut: boolean
}

const DAY_MS = 86_400_000
const rateOf = (alerts: number, bedMs: number): number => (bedMs === 0 ? 0 : (alerts * DAY_MS) / bedMs)

/** What a rule would have said aloud if somebody had let it: it had something to look at. */
function observedMs(changes: readonly WatchChange[], time: { readonly from: WallMs; readonly to: WallMs }): number {
  const { watchedMs, reasons } = handoverOf(spansOf(changes, WATCHED, time), time)
  return watchedMs + (reasons.get('commissioning') ?? 0) + (reasons.get('comfort') ?? 0)
}

function shortShareOf(spans: readonly AlertSpan[]): number | null {
  const ended = spans.flatMap(({ from, to }) => (to === null ? [] : [to - from]))
  return ended.length === 0 ? null : ended.filter((ms) => ms < SHORT_MS).length / ended.length
}

const countBy = (spans: readonly AlertSpan[], priority: AlertSpan['priority']): number => spans.filter((span) => span.priority === priority).length

function daysOf(spans: readonly AlertSpan[], { from, to }: { readonly from: WallMs; readonly to: WallMs }): CommissioningView['perDay'] {
  const days: { readonly from: number; readonly alerts: number; readonly high: number; readonly medium: number; readonly low: number }[] = []
  for (let at: number = from; at < to && days.length < houseLimits.commissioningDaysMax; at += DAY_MS) {
    const of = spans.filter((span) => span.from >= at && span.from < at + DAY_MS)
    days.push({ from: at, alerts: of.length, high: countBy(of, 'high'), medium: countBy(of, 'medium'), low: countBy(of, 'low') })
  }
  return days
}

/** Days are counted from the beginning, 24 h each. */
export function commissioningOf(beds: readonly { readonly id: BedId; readonly label: string }[], { spans: all, changes, isCut }: Said, time: { readonly from: WallMs; readonly to: WallMs }): CommissioningView {
  const spans = all.filter(({ from }) => from >= time.from && from < time.to)
  const byBed = Map.groupBy(changes, ({ bed }) => bed)
  const perBed = beds.map(({ id, label }) => {
    const bedMs = observedMs(byBed.get(id) ?? [], time)
    const own = spans.filter(({ bed }) => bed === id)
    return { bed: id, label, bedMs, alerts: own.length, high: countBy(own, 'high') }
  })
  const bedMs = perBed.reduce((sum, of) => sum + of.bedMs, 0)
  const labelOf = (bed: string): string => beds.find(({ id }) => id === bed)?.label ?? bed
  return {
    from: time.from,
    to: time.to,
    beds: beds.length,
    bedDays: bedMs / DAY_MS,
    alerts: spans.length,
    perBedDay: rateOf(spans.length, bedMs),
    shortShare: shortShareOf(spans),
    rules: countsOf(spans, bedMs).map(({ condition, priority, alerts, perBedDay, medianSeconds, shortShare }) => ({ condition, words: conditionWords(condition), priority, alerts, perBedDay, medianSeconds, shortShare })),
    perBed: perBed.map(({ bedMs: ms, ...of }) => ({ ...of, bedDays: ms / DAY_MS, perBedDay: rateOf(of.alerts, ms) })).toSorted((a, b) => b.alerts - a.alerts),
    perDay: daysOf(spans, time),
    offenders: topOffenders(spans, houseLimits.commissioningOffendersMax).map(({ bed, condition, alerts }) => ({ label: labelOf(bed), condition, words: conditionWords(condition), alerts })),
    isCut,
  }
}

/** The time that is looked at: the days that are asked for, else since commissioning began; never more than are kept in sight. */
export function timeOf(now: WallMs, { days, since }: { readonly days: number | null; readonly since: WallMs | null }): { readonly from: WallMs; readonly to: WallMs } {
  const furthest = now - houseLimits.commissioningDaysMax * DAY_MS
  return { from: wallMs(Math.max(furthest, days === null ? (since ?? now - 7 * DAY_MS) : now - days * DAY_MS)), to: now }
}

/** What a manager wants to know first. */
export const sentenceOfSaid = ({ alerts, perBedDay, bedDays, shortShare }: CommissioningView): string =>
  `${alerts} alerts in ${bedDays.toFixed(1)} days of measured beds: ${perBedDay.toFixed(2)} a bed and day${shortShare === null ? '' : `, ${Math.round(shortShare * 100)} % of them over within 15 s`}.`
