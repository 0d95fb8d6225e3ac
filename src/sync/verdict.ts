/** What becomes of each event of a batch that was answered. Pure. */

import { type DeadEvent, type EventOrigin, type StoredBatch, TOO_OLD } from '../domain/batch.ts'
import type { SinkAnswer } from '../seams.ts'
import { type CutEvent, eventsOf, isHistorical } from './cut.ts'

/** Why an event was rejected, by its place in the batch. `isStale`: for being too old. */
export type Rejected = ReadonlyMap<number, { readonly why: string; readonly isStale: boolean }>

export const NONE: Rejected = new Map()

export const allOf = ({ items }: StoredBatch, why: string, isStale = false): Rejected => new Map(items.map((_item, index) => [index, { why, isStale }]))

export const rowsOf = ({ rejected }: SinkAnswer & { kind: 'partly' }): Rejected =>
  new Map(rejected.map(({ index, code, detail }) => [index, { why: `${code}: ${detail}`, isStale: code === TOO_OLD }]))

export type Verdict = {
  readonly acknowledged: readonly EventOrigin[]
  readonly dead: readonly DeadEvent[]
  /** To be sent once more, as history: what is refused as too old even there is dead. */
  readonly stale: readonly CutEvent[]
}

export function verdictOn(batch: StoredBatch, rejected: Rejected): Verdict {
  if (rejected.size === 0) return { acknowledged: batch.items.flatMap(({ origin }) => (origin === null ? [] : [origin])), dead: [], stale: [] }
  const events = eventsOf(batch)
  const wasHistory = isHistorical(batch)
  const acknowledged: EventOrigin[] = []
  const dead: DeadEvent[] = []
  const stale: CutEvent[] = []
  events.forEach((event, index) => {
    const reason = rejected.get(index)
    const { origin, retries } = event
    if (reason?.isStale && !wasHistory) stale.push(event)
    else if (reason) dead.push({ origin, retries, event: event.json, why: reason.why, seqFrom: batch.seqFrom, seqTo: batch.seqTo })
    else if (origin !== null) acknowledged.push(origin)
  })
  return { acknowledged, dead, stale }
}
