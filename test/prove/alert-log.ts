/** What the log says of alerts against what the monitors said: none missed, none twice, none false, none left open. Pure. */

import type { AlertEvent } from '../../src/domain/alert.ts'
import type { LoggedRow } from '../../src/seams.ts'
import { CONDITIONS, STAND_MS, type Sent, type Wrong, WRONGS } from './alert-ward.ts'

/** A stretch in which one alert was active. */
export type Span = { readonly id: string; readonly from: number; readonly to: number }

export type Findings = {
  /** Stretches beyond a limit for longer than its delay, as far as their monitor was told that they are stored. */
  stood: number
  /** Of those, without an alert. */
  lost: number
  /** With more than one id. */
  renamed: number
  /** Whose alert ended while it stood. */
  gone: number
  /** Whose alert outlived it. */
  left: number
  /** Alerts that nothing stood behind. */
  false: number
  /** Ids that began twice, or while another of the same kind was open. */
  doubled: number
}

export const NOTHING: Findings = { stood: 0, lost: 0, renamed: 0, gone: 0, left: 0, false: 0, doubled: 0 }
export const isClean = ({ stood: _stood, ...wrong }: Findings): boolean => Object.values(wrong).every((count) => count === 0)
export const wordsOf = (findings: Findings): string => Object.entries(findings).map(([name, count]) => `${count} ${name}`).join(', ')

/** A clock is read a little before or after what it dates. */
const SLACK_MS = 50

type Phase = AlertEvent & { readonly kind: 'phase' }

export const alertEventsOf = (rows: readonly LoggedRow[]): readonly AlertEvent[] =>
  rows.flatMap((row) => (row.kind === 'event' && row.stored.kind === 'alert' ? [row.stored.event] : []))

const phasesOf = (events: readonly AlertEvent[], bed: string, condition: string): readonly Phase[] =>
  events.flatMap((event) => (event.kind === 'phase' && event.bed === bed && event.condition === condition ? [event] : []))

/** From each time it became active to the time it was not any more, in the order of the log. */
export function spansOf(events: readonly AlertEvent[], bed: string, condition: string): readonly Span[] {
  const spans: Span[] = []
  const since = new Map<string, number>()
  for (const { alertId: id, at, state } of phasesOf(events, bed, condition)) {
    const from = since.get(id)
    if (state === 'active' && from === undefined) since.set(id, at)
    if (state === 'active' || from === undefined) continue
    since.delete(id)
    // After a restart an end may be dated by a value of before: it did not come before the beginning.
    spans.push({ id, from, to: Math.max(from, at) })
  }
  return [...spans, ...[...since].map(([id, from]) => ({ id, from, to: Number.POSITIVE_INFINITY }))]
}

function doubledIn(phases: readonly Phase[]): number {
  const begun = new Set<string>()
  const open = new Set<string>()
  let doubled = 0
  for (const { alertId, phase, state } of phases) {
    if (phase === 'start' && (begun.has(alertId) || open.size > 0)) doubled++
    begun.add(alertId)
    if (state === 'inactive') open.delete(alertId)
    else open.add(alertId)
  }
  return doubled
}

type Run = { readonly sent: readonly Sent[]; /** The first word that it is over, and the first of those that is known to be stored. */ readonly over: number; readonly overStored: number }

/** Messages in a row that say `wrong`. */
function runsOf(sent: readonly Sent[], wrong: Wrong): readonly Run[] {
  const runs: Run[] = []
  for (let at = 0; at < sent.length; ) {
    if (sent[at]?.wrong !== wrong) {
      at++
      continue
    }
    let end = at
    while (sent[end]?.wrong === wrong) end++
    const after = sent.slice(end)
    const back = after.findIndex((one) => one.wrong === wrong && one.storedAt !== null)
    const stored = after.findIndex((one) => one.wrong !== wrong && one.storedAt !== null)
    // Beyond the limit again before anybody was told that it was not: where it ended is not known.
    const overStored = stored >= 0 && (back < 0 || stored < back) ? (after[stored]?.storedAt ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY
    runs.push({ sent: sent.slice(at, end), over: after[0]?.at ?? Number.POSITIVE_INFINITY, overStored })
    at = end
  }
  return runs
}

/** One bed, both its conditions. `events`: all of the log. */
export function judgeBed(sent: readonly Sent[], events: readonly AlertEvent[], bed: string): Findings {
  const found = { ...NOTHING }
  for (const wrong of WRONGS) {
    const condition = CONDITIONS[wrong]
    const spans = spansOf(events, bed, condition)
    const runs = runsOf(sent, wrong)
    found.doubled += doubledIn(phasesOf(events, bed, condition))
    for (const run of runs) judgeRun(run, spans, found)
    const isMeant = ({ from }: Span): boolean => runs.some((run) => from >= (run.sent[0]?.at ?? 0) - SLACK_MS && from <= run.overStored + SLACK_MS)
    found.false += spans.filter((span) => !isMeant(span)).length
  }
  return found
}

function judgeRun({ sent, over, overStored }: Run, spans: readonly Span[], found: Findings): void {
  const stored = sent.filter(({ storedAt }) => storedAt !== null)
  const [first, last] = [stored[0], stored.at(-1)]
  if (!first || !last) return
  const [from, to] = [first.storedAt ?? first.at, last.at]
  const its = spans.filter((span) => span.from <= overStored && span.to >= first.at)
  if (to - from >= STAND_MS) {
    found.stood++
    if (its.length === 0) found.lost++
  }
  if (new Set(its.filter((span) => span.from <= to && span.to >= from).map(({ id }) => id)).size > 1) found.renamed++
  if (its.some((span) => span.to > from && span.to < Math.min(to, over) - SLACK_MS)) found.gone++
  if (its.some((span) => span.from <= overStored && span.to > overStored + SLACK_MS)) found.left++
}

export const added = (all: readonly Findings[]): Findings =>
  all.reduce((sum, one) => ({
    stood: sum.stood + one.stood, lost: sum.lost + one.lost, renamed: sum.renamed + one.renamed, gone: sum.gone + one.gone,
    left: sum.left + one.left, false: sum.false + one.false, doubled: sum.doubled + one.doubled,
  }), NOTHING)

/** Alerts that the log leaves open. */
export function openIn(events: readonly AlertEvent[]): readonly Phase[] {
  const last = new Map(events.flatMap((event) => (event.kind === 'phase' ? [[event.alertId, event] as const] : [])))
  return [...last.values()].filter(({ state }) => state !== 'inactive')
}
