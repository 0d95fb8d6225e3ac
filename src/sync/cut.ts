/** Cuts batches: events in, bytes out that never change again. The body is the contract with central, §1. */

import { createHash } from 'node:crypto'
import type { BatchItem, CutBatch, EventOrigin, SeqRange } from '../domain/batch.ts'
import { type WallMs, isoOf } from '../domain/time.ts'
import { syncLimits } from '../limits.ts'
import type { CentralEvent } from './anonymise.ts'
import type { HospitalEvent } from './hospital.ts'
import { type LaneName, METHODS } from './lanes.ts'
import { type ReleaseMarks, marksOf, releaseMetadata } from './release-marks.ts'
import type { ReleaseEvent } from './release-schema.ts'

/** Known to this module alone: what is in a batch was cleared by the anonymiser, here or when it was cut the first time. */
const sealed: unique symbol = Symbol('sealed event')

/** An event as its JSON text, which is what its batch is made of. */
export type CutEvent = BatchItem & { readonly [sealed]: true; readonly json: string }

export type BatchFrame = {
  readonly at: WallMs
  readonly organizationId: string
  readonly gatewayId: string
  /** Of the program, where it is told: central shows what its fleet runs. Of a release nothing is told. */
  readonly version?: string | undefined
  readonly epoch: string
  readonly seqFrom: number
  readonly seqTo: number
  /** With the last of these batches, nothing of the epoch up to `through` is left to send; `seqTo` where that is not said. */
  readonly completes: boolean
  /** Greater than `seqTo` where what follows was sent before. */
  readonly through?: number
  /** It overtakes what lies before: with the last of these batches, nothing of this stretch is left to send, and no more is said. */
  readonly ahead?: SeqRange
  readonly lane: LaneName
  /** Central found it too old for its real-time lane: this is for its history. */
  readonly historical?: boolean
  /** Of the release lane: said instead of all the above. */
  readonly release?: ReleaseMarks | undefined
}

export const SCHEMA_VERSION = 1
const SOURCE = 'vigil-gateway'

export const cutEvent = (event: CentralEvent | HospitalEvent | ReleaseEvent, origin: EventOrigin | null): CutEvent =>
  ({ [sealed]: true, json: JSON.stringify(event), origin, retries: 0 })

/** An event that was cut before and comes back from our own ledger, as a dead letter. */
export const recutEvent = (json: string, item: BatchItem): CutEvent => ({ [sealed]: true, json, origin: item.origin, retries: item.retries })

/** The events of a batch that was cut, with what the ledger knows of each. */
export function eventsOf(batch: CutBatch): readonly CutEvent[] {
  const parsed: unknown = JSON.parse(new TextDecoder().decode(batch.body))
  const events: unknown = typeof parsed === 'object' && parsed !== null && 'events' in parsed ? parsed.events : null
  if (!Array.isArray(events) || events.length !== batch.items.length) throw new Error(`batch ${batch.batchId} does not hold the events that it was cut with`)
  return batch.items.map((item, index) => recutEvent(JSON.stringify(events[index]), item))
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

function cutOne(events: readonly CutEvent[], frame: BatchFrame): CutBatch {
  const eventsText = `[${events.map((event) => event.json).join(',')}]`
  const metadata = frame.release ? releaseMetadata(frame.release, { size: events.length, sha256: sha256(eventsText), source: SOURCE, schemaVersion: SCHEMA_VERSION }) : JSON.stringify({
    timestamp: isoOf(frame.at),
    source: SOURCE,
    size: events.length,
    schemaVersion: SCHEMA_VERSION,
    organizationId: frame.organizationId,
    gatewayId: frame.gatewayId,
    ...(frame.version === undefined ? {} : { version: frame.version }),
    lane: frame.lane,
    method: METHODS[frame.lane],
    keyEpoch: frame.epoch,
    seqFrom: frame.seqFrom,
    seqTo: frame.seqTo,
    // So that a gateway whose ledger is lost can ask from where to go on.
    ...(frame.completes ? wholeOf(frame) : {}),
    ...(frame.historical ? { historical: true } : {}),
    sha256: sha256(eventsText),
  })
  // The metadata holds the hash of the events and the time of the cut, so a dead letter that is tried again is a new batch.
  const batchId = sha256(metadata).slice(0, 32)
  const body = new TextEncoder().encode(`{"batchId":"${batchId}","events":${eventsText},"metadata":${metadata}}`)
  return { batchId, body, items: events.map(({ origin, retries }) => ({ origin, retries })), seqFrom: frame.seqFrom, seqTo: frame.seqTo }
}

const wholeOf = ({ ahead, through, seqTo }: BatchFrame): object => (ahead ? { ahead: [ahead.seqFrom, ahead.seqTo] } : { through: through ?? seqTo })

/** Few batches, each within `bytesMax` and `eventsPerBatchMax`; an event that alone is larger gets a batch of its own. No events, no batch. */
export function cutBatches(events: readonly CutEvent[], frame: BatchFrame, bytesMax: number): readonly CutBatch[] {
  if (events.length === 0) return []
  if (events.length > syncLimits.eventsPerBatchMax) return halves(events, frame, bytesMax)
  const batch = cutOne(events, frame)
  return batch.body.length <= bytesMax || events.length === 1 ? [batch] : halves(events, frame, bytesMax)
}

/** For a batch that central finds too large. Keys and order stay. @throws Error when there is but one event. */
export function splitBatch(batch: CutBatch, frame: Omit<BatchFrame, 'completes' | 'historical'>): readonly CutBatch[] {
  const events = eventsOf(batch)
  if (events.length < 2) throw new Error('a batch of one event cannot be split')
  const metadata = metadataOf(batch)
  const { through, ahead } = metadata
  const whole = Array.isArray(ahead) ? { completes: true, ahead: { seqFrom: Number(ahead[0]), seqTo: Number(ahead[1]) } } : typeof through === 'number' ? { completes: true, through } : { completes: false }
  return halves(events, { ...frame, ...whole, historical: isHistorical(batch), release: marksOf(metadata) }, Number.POSITIVE_INFINITY)
}

/** Whether central wants these events as history. */
export const isHistorical = (batch: CutBatch): boolean => metadataOf(batch).historical === true

function metadataOf(batch: CutBatch): { readonly through?: unknown; readonly ahead?: unknown; readonly historical?: unknown } {
  const parsed: { metadata?: { through?: unknown; ahead?: unknown; historical?: unknown } } = JSON.parse(new TextDecoder().decode(batch.body))
  return parsed.metadata ?? {}
}

function halves(events: readonly CutEvent[], frame: BatchFrame, bytesMax: number): readonly CutBatch[] {
  const middle = Math.ceil(events.length / 2)
  return [...cutBatches(events.slice(0, middle), { ...frame, completes: false }, bytesMax), ...cutBatches(events.slice(middle), frame, bytesMax)]
}
