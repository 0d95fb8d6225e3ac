/** A stretch of the log through one set of rules. */

import { createHash } from 'node:crypto'
import { isObserver } from '../domain/confirmed.ts'
import type { StayId } from '../domain/ids.ts'
import { type Variable, VARIABLES } from '../domain/metrics.ts'
import type { Snapshot } from '../domain/observation.ts'
import { wallMs } from '../domain/time.ts'
import { evaluateLimits } from '../limits.ts'
import type { RuleSettings } from '../rules/watcher.ts'
import type { LoggedRow, StayRecord } from '../seams.ts'
import { type AlertSpan, AlertSpans } from './compare.ts'
import { RuleRun } from './rule-run.ts'

export type Source = {
  span(from: number | null, to: number | null): { readonly firstSeq: number; readonly lastSeq: number } | null
  read(afterSeq: number, rowsMax: number): readonly LoggedRow[]
  stays(): readonly StayRecord[]
}

export type RuleSet = { readonly name: string; readonly settings: RuleSettings; readonly journal: (line: string) => void }

export type RangeSetting = {
  readonly source: Source
  readonly from: number | null
  readonly to: number | null
  readonly set: RuleSet
  /** Part of the rows that was read, 0 to 1. */
  readonly progress: (part: number) => void
  readonly stop: AbortSignal
}

export type RangeResult = {
  readonly snapshots: number
  readonly beds: number
  /** Time under watch of all beds together, ms. */
  readonly bedMs: number
  readonly firstAt: number | null
  readonly lastAt: number | null
  /** What the rules are called. */
  readonly name: string
  readonly spans: readonly AlertSpan[]
  /** SHA-256 of the journal. */
  readonly digest: string
}

type Watched = { readonly bed: string; firstAt: number; lastAt: number }

type OfStay = { readonly stay: StayId; readonly snapshot: Snapshot }

/** Snapshots of the stretch that belong to a stay, in the order of the log. */
export function* snapshotsOf(source: Source, from: number | null, to: number | null, progress: (part: number) => void): Generator<OfStay> {
  const span = source.span(from, to)
  if (span === null) return
  for (let after = span.firstSeq - 1; after < span.lastSeq; ) {
    const page = source.read(after, Math.min(evaluateLimits.rowsPerPageMax, span.lastSeq - after))
    for (const row of page) {
      after = row.seq
      // The log has its own order: a clock that was set back is not followed.
      if (row.kind !== 'snapshot' || row.isSuperseded === true) continue
      const { snapshot } = row
      if (snapshot.stay === null || isObserver(snapshot.device) || snapshot.receivedAt < (from ?? -Infinity) || snapshot.receivedAt > (to ?? Infinity)) continue
      yield { stay: snapshot.stay, snapshot }
    }
    if (page.length === 0) return
    progress((after - span.firstSeq + 1) / (span.lastSeq - span.firstSeq + 1))
  }
}

export async function runRange({ source, from, to, set, progress, stop }: RangeSetting): Promise<RangeResult> {
  const stays = new Map(source.stays().map((stay) => [stay.id, stay]))
  const spans = new AlertSpans()
  const hash = createHash('sha256')
  const run = new RuleRun(set.settings, stays, (event) => {
    const line = JSON.stringify(event)
    hash.update(`${line}\n`)
    set.journal(line)
    spans.add(event)
  })
  const watched = new Map<StayId, Watched>()
  let [snapshots, firstAt, lastAt]: [number, number | null, number | null] = [0, null, null]
  for (const { stay, snapshot } of snapshotsOf(source, from, to, progress)) {
    run.snapshot(stay, snapshot)
    const { receivedAt, bed } = snapshot
    const known = watched.get(stay)
    if (known) known.lastAt = receivedAt
    else watched.set(stay, { bed: bed ?? '', firstAt: receivedAt, lastAt: receivedAt })
    firstAt ??= receivedAt
    lastAt = receivedAt
    // What was said on the way is sent.
    if (++snapshots % evaluateLimits.rowsPerPageMax === 0) await new Promise((resolve) => setImmediate(resolve))
    if (stop.aborted) break
  }
  if (lastAt !== null) run.end(wallMs(lastAt))
  return {
    snapshots,
    beds: new Set([...watched.values()].map(({ bed }) => bed)).size,
    bedMs: [...watched.values()].reduce((sum, { firstAt, lastAt }) => sum + lastAt - firstAt, 0),
    firstAt, lastAt, name: set.name, spans: spans.all(), digest: hash.digest('hex'),
  }
}

export type Point = { readonly at: number; readonly value: number }
/** Values around the beginning of an alert, by variable. */
export type Picture = { readonly from: number; readonly to: number; readonly lines: { readonly [Name in Variable]?: readonly Point[] } }

const BEFORE_MS = 300_000
const POINT_EVERY_MS = 5_000
const AFTER_MS = 600_000

const SCREENED: readonly Variable[] = ['hr', 'rr', 'spo2', 'sbp', 'temperature']
const STANDSTILL: Readonly<Record<string, readonly Variable[]>> = { 'threshold/asystole': ['hr'], 'threshold/apnoea': ['rr'] }

/** What an alert is about; none: nothing can be drawn. */
export function variablesOf(condition: string): readonly Variable[] {
  if (condition.startsWith('news2/') || condition.startsWith('sepsis/')) return SCREENED
  return STANDSTILL[condition] ?? VARIABLES.filter((variable) => condition.startsWith(`threshold/${variable}-`))
}

type Drawing = Picture & { readonly wanted: readonly Variable[]; readonly lines: { [Name in Variable]?: Point[] }; readonly ranks: Map<Variable, number> }

/** Reads once more what lies around these alerts: all of them in one go. */
export function picturesOf(source: Source, spans: readonly AlertSpan[]): readonly Picture[] {
  const drawings = spans.map(({ from, condition }): Drawing => ({ from: from - BEFORE_MS, to: from + AFTER_MS, wanted: variablesOf(condition), lines: {}, ranks: new Map() }))
  const byStay = Map.groupBy(drawings, (_drawing, index) => spans[index]?.stay ?? null)
  for (const [from, to] of stretchesOf(drawings)) {
    for (const { stay, snapshot } of snapshotsOf(source, from, to, () => undefined)) {
      for (const drawing of byStay.get(stay) ?? []) {
        if (snapshot.receivedAt >= Math.max(from, drawing.from) && snapshot.receivedAt <= drawing.to) draw(drawing, snapshot)
      }
    }
  }
  return drawings
}

/** What must be read: windows that touch are one. */
function stretchesOf(drawings: readonly Drawing[]): readonly (readonly [number, number])[] {
  const stretches: [number, number][] = []
  for (const { from, to } of drawings.filter(({ wanted }) => wanted.length > 0).toSorted((a, b) => a.from - b.from)) {
    const last = stretches.at(-1)
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to)
    else stretches.push([from, to])
  }
  return stretches
}

function draw({ from, wanted, lines, ranks }: Drawing, { observations, receivedAt }: Snapshot): void {
  for (const { metric: { variable }, measurement } of observations) {
    if (variable === null || measurement.kind === 'absent' || !wanted.includes(variable.name)) continue
    // The best source of those that were heard.
    const rank = ranks.get(variable.name) ?? Infinity
    if (variable.rank > rank) continue
    if (variable.rank < rank) lines[variable.name] = []
    ranks.set(variable.name, variable.rank)
    withPoint(lines[variable.name] ??= [], { at: receivedAt, value: measurement.value }, from)
  }
}

/** A line is some hundred points wide: of each few seconds the value that differs most from the one before is kept. */
function withPoint(line: Point[], point: Point, from: number): void {
  const bucket = (at: number): number => Math.floor((at - from) / POINT_EVERY_MS)
  const [before, last] = [line.at(-2), line.at(-1)]
  if (last === undefined || bucket(last.at) !== bucket(point.at)) line.push(point)
  else if (before === undefined || Math.abs(point.value - before.value) > Math.abs(last.value - before.value)) line[line.length - 1] = point
}
