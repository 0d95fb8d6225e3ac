/** The live screen on one stay of a table: which alerts it would have begun, hour by hour. */

import { rankOf, type Priority } from '../domain/alert.ts'
import { gatherFresh } from '../rules/estimate.ts'
import type { Gathered } from '../rules/inputs.ts'
import { news2, type News2State } from '../rules/news2.ts'
import { sepsis, type SepsisState } from '../rules/sepsis.ts'
import { firstSeen, type RuleSettings, see, type Seen, viewOf, type View } from '../rules/watcher.ts'
import type { RuleInput, Signal } from '../seams.ts'
import type { Stay } from './challenge-csv.ts'
import { instantOf, snapshotOf, TABLE_CONTEXT } from './live.ts'
import type { Hour } from './tally.ts'

/** The rules are looked at when a row comes, and once all of their short delays are over; the next row is an hour away. */
const LOOK_AFTER_MS = [0, 90_000] as const

type Screened = { news2: News2State; sepsis: SepsisState; score: number; readonly open: Map<string, Priority>; readonly hours: Hour[] }

/** A nurse is called: an alert begins, becomes graver, or calls anew. */
function callsOf(open: Map<string, Priority>, signals: readonly Signal[]): number {
  let calls = 0
  for (const signal of signals) {
    if (signal.kind === 'cleared') open.delete(signal.condition)
    if (signal.kind !== 'present') continue
    const before = open.get(signal.condition)
    if (before === undefined || signal.again === true || rankOf(signal.priority) > rankOf(before)) calls++
    open.set(signal.condition, signal.priority)
  }
  return calls
}

function look(screened: Screened, view: View, settings: RuleSettings): number {
  const ofNews2 = news2.step(screened.news2, view, settings)
  const ofSepsis = sepsis.step(screened.sepsis, view, settings)
  screened.news2 = ofNews2.state
  screened.sepsis = ofSepsis.state
  return callsOf(screened.open, ofNews2.signals) + callsOf(screened.open, ofSepsis.signals)
}

/**
 * Every set of settings over one view of the stay: they differ in when they call, never in what is seen. `gathered`: what all
 * scores rest on, once a row.
 */
export function screen(stay: Stay, settings: readonly RuleSettings[], gathered: (of: Gathered) => void): readonly (readonly Hour[])[] {
  const [seenBy] = settings
  if (seenBy === undefined) return []
  const all = settings.map((): Screened => ({ news2: news2.start(TABLE_CONTEXT), sepsis: sepsis.start(TABLE_CONTEXT), score: 0, open: new Map(), hours: [] }))
  let seen: Seen = firstSeen(TABLE_CONTEXT)
  for (const row of stay.rows) {
    const alerts = all.map(() => 0)
    for (const afterMs of LOOK_AFTER_MS) {
      const input: RuleInput = afterMs === 0 ? { kind: 'snapshot', snapshot: snapshotOf(row) } : { kind: 'tick', ...instantOf(row.hour, afterMs) }
      seen = see(seen, input, seenBy)
      const view = viewOf(seen, input)
      if (afterMs === 0) gathered(gatherFresh(view))
      all.forEach((screened, index) => {
        alerts[index] = (alerts[index] ?? 0) + look(screened, view, settings[index] ?? seenBy)
        // What is scored is the hour itself.
        if (afterMs === 0) screened.score = screened.news2.estimate?.fresh.news2.min ?? 0
      })
    }
    for (const [index, { open, hours, score }] of all.entries()) {
      const calls = alerts[index] ?? 0
      hours.push({ score, positive: open.size > 0 || calls > 0, alerts: calls })
    }
  }
  return all.map(({ hours }) => hours)
}
