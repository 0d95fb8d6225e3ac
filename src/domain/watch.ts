/**
 * The watch ledger: which rules could have spoken for each bed at each moment, and for each that could not, why. What is
 * written down is each change; between two changes nothing changed. Pure.
 */

import type { BedId, StayId } from './ids.ts'
import { type WallMs, wallMs } from './time.ts'

/** Why a rule could not have spoken, the weightiest first: of several, the first is told. */
export const UNWATCHED = [
  /** The gateway did not run. */
  'gateway-down',
  /** Somebody works on the monitor of this bed, or on Vigil itself: nobody is to rely on it. */
  'maintenance',
  /** Nobody lies there. */
  'empty',
  /** The patient is away, and a nurse said so. */
  'away',
  /** Which limits and scores apply is not known. */
  'population-unset',
  /** There is no such rule for this patient, or its limits are drafts that no clinician has signed. */
  'no-limit',
  /** What the device says is marked as a demonstration or a test. */
  'demo',
  /** What the device says cannot be believed, or its conversation is held. */
  'quarantine',
  /** The device is there, and its sensor is not on the patient. */
  'sensor-off',
  /** Nothing live is heard of what the rule looks at. */
  'no-data',
  /** The goal of the stay is comfort: its prompts are shown, and call nobody. */
  'comfort',
  /** The ward is being commissioned: what the rule says is shown and recorded, and calls nobody. */
  'commissioning',
] as const
export type Unwatched = (typeof UNWATCHED)[number]
export type WatchState = 'armed' | Unwatched

/** From `from` on, this rule was in this state at this bed. */
export type WatchChange = { readonly bed: BedId; readonly stay: StayId | null; readonly rule: string; readonly from: WallMs; readonly state: WatchState }

/** One stretch of one state, `to` excluded. */
export type WatchSpan = Omit<WatchChange, 'bed'> & { readonly to: WallMs }

const weightOf = (state: WatchState): number => (state === 'armed' ? UNWATCHED.length : UNWATCHED.indexOf(state))

/** The weightier of two reasons. */
export const weightier = (a: WatchState, b: WatchState): WatchState => (weightOf(a) <= weightOf(b) ? a : b)

/**
 * Changes of one bed, in the order they were written, as stretches that fill the time from `from` to `to` for each rule
 * without overlap: what is not known is `gateway-down`, for a gateway that runs says what each rule is in. A change that is
 * dated before the one ahead of it (a clock set back) begins where that one began.
 */
export function spansOf(changes: readonly WatchChange[], rules: readonly string[], { from, to }: { readonly from: WallMs; readonly to: WallMs }): ReadonlyMap<string, readonly WatchSpan[]> {
  const spans = new Map<string, WatchSpan[]>()
  for (const rule of rules) spans.set(rule, spansOfRule(changes.filter((change) => change.rule === rule), rule, from, to))
  return spans
}

function spansOfRule(changes: readonly WatchChange[], rule: string, from: WallMs, to: WallMs): WatchSpan[] {
  const spans: WatchSpan[] = []
  const add = (span: WatchSpan): void => {
    const [begins, ends] = [Math.max(span.from, from), Math.min(span.to, to)]
    if (begins >= ends) return
    const before = spans.at(-1)
    if (before && before.state === span.state && before.stay === span.stay) spans[spans.length - 1] = { ...before, to: wallMs(ends) }
    else spans.push({ ...span, from: wallMs(begins), to: wallMs(ends) })
  }
  let current: Omit<WatchSpan, 'to'> = { stay: null, rule, from, state: 'gateway-down' }
  for (const { stay, state, from: at } of changes) {
    const begins = wallMs(Math.max(at, current.from))
    add({ ...current, to: begins })
    current = { stay, rule, from: begins, state }
  }
  add({ ...current, to })
  return spans
}

/** What is said at handover of one bed: how long it was watched by any rule, and for what reasons it was not, in ms. */
export type Handover = { readonly watchedMs: number; readonly unwatchedMs: number; readonly reasons: ReadonlyMap<Unwatched, number> }

/**
 * A bed is watched while at least one of its rules is armed. While none is, the reason told is that of the rule nearest to
 * being armed: a patient who is away and whose sensors are off is away.
 */
export function handoverOf(spans: ReadonlyMap<string, readonly WatchSpan[]>, { from, to }: { readonly from: WallMs; readonly to: WallMs }): Handover {
  const edges = [...new Set([from, to, ...[...spans.values()].flatMap((list) => list.flatMap((span) => [span.from, span.to]))])].sort((a, b) => a - b)
  const reasons = new Map<Unwatched, number>()
  const cursors = new Map<string, number>()
  let watchedMs = 0
  edges.forEach((edge, index) => {
    const next = edges[index + 1]
    if (next === undefined) return
    let state: WatchState | null = null
    for (const [rule, list] of spans) {
      let place = cursors.get(rule) ?? 0
      while ((list[place]?.to ?? Number.POSITIVE_INFINITY) <= edge) place++
      cursors.set(rule, place)
      const here = list[place]?.state ?? 'gateway-down'
      if (state === null || weightOf(here) > weightOf(state)) state = here
    }
    if (state === 'armed') watchedMs += next - edge
    else reasons.set(state ?? 'gateway-down', (reasons.get(state ?? 'gateway-down') ?? 0) + next - edge)
  })
  return { watchedMs, unwatchedMs: [...reasons.values()].reduce((sum, ms) => sum + ms, 0), reasons }
}
