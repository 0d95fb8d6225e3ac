/**
 * For which lane something was cut. The lane of a sink is the site's to change, and what waits in the ledger was made for the one before: live data
 * must not leave once the agreement is gone, nor what names patients once the sink is at central. Such batches become dead letters, which stay here.
 */

import { type StoredBatch, isSurrogate } from '../domain/batch.ts'
import type { LaneName } from './lanes.ts'
import { type Rejected, allOf } from './verdict.ts'

export const OTHER_LANE = 'cut for another lane than the sink has now: it does not leave'

/** Metadata end a batch, and are short. */
const TAIL_BYTES = 4_096

function laneOfBody(body: Uint8Array): unknown {
  const tail = new TextDecoder().decode(body.subarray(-TAIL_BYTES))
  const { metadata }: { readonly metadata?: { readonly lane?: unknown } } = JSON.parse(`{${tail.slice(tail.lastIndexOf('"metadata":'))}`)
  return metadata?.lane
}

/** What is to be refused of a batch: all of it, or null where it is of this lane. */
export const strayIn = (batch: StoredBatch, lane: LaneName): Rejected | null => (laneOfBody(batch.body) === lane ? null : allOf(batch, OTHER_LANE))

/** Of one event as it was cut, by its key: random where it was released, and in words of its own in the hospital's lane. */
export function laneOfEvent(event: unknown): LaneName {
  const { key, eventType }: { readonly key?: unknown; readonly eventType?: unknown } = typeof event === 'object' && event !== null ? event : {}
  if (eventType === 'confirmed-observations') return 'hospital'
  return typeof key === 'string' && isSurrogate(key) ? 'release' : 'live'
}
