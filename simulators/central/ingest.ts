/** One batch, from JSON to rows: once in effect, however often and in whatever batch an event comes (contract with central §1, §2). */

import { createHash } from 'node:crypto'
import { centralLimits } from '../../src/limits.ts'
import type { Refusal } from './body.ts'
import { correct, sortOut } from './corrections.ts'
import { noteGateway } from './fleet.ts'
import type { Partitions } from './partitions.ts'
import { admit, noteThrough } from './senders.ts'
import { BatchShape, isStorable, readEvent, saying } from './shapes.ts'
import type { CentralEvent } from './shapes.ts'
import type { CentralDatabase, Sql } from './sql.ts'
import { lockGateway, organizationOf } from './tenants.ts'
import { KeyTaken, addEvents, addRows, addSeries, newAmong } from './write.ts'

export type RejectedRow = { readonly index: number; readonly code: string; readonly detail: string }

/** A batch that may be stored: every event is either readable or named in `rejected`. */
export type Batch = {
  readonly batchId: string
  /** JSON text. */
  readonly metadata: string
  readonly sha256: string
  readonly bytes: number
  /** As the sender says; whose rows they become is for central to say, by the token that was shown. */
  readonly organizationId: string
  readonly gatewayId: string
  readonly lane: string
  readonly version: string | null
  readonly epoch: string
  /** Null where the sender did not say. */
  readonly through: number | null
  /** The greatest number of the log that it tells of; 0 where numbers mean nothing. */
  readonly reach: number
  /** What overtook the rest. */
  readonly ahead: readonly [from: number, to: number] | null
  readonly events: readonly CentralEvent[]
  /** Events whose key came earlier in the same batch. */
  readonly repeatedWithin: number
  readonly rejected: readonly RejectedRow[]
}

export type ReadBatch = { readonly kind: 'batch'; readonly batch: Batch } | { readonly kind: 'refused'; readonly refusal: Refusal }

/** What the sender is told. `accepted` counts the events that central holds now: new ones and `duplicates`. */
export type Receipt = { readonly batchId: string; readonly accepted: number; readonly duplicates: number; readonly rejected: readonly RejectedRow[] }

export type Ingested =
  | { readonly kind: 'stored'; readonly receipt: Receipt; readonly alerts: readonly CentralEvent[] }
  /** The receipt of the first time, so that a lost answer loses no rejected row. */
  | { readonly kind: 'repeated'; readonly receipt: Receipt }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

const ROW_REFUSED = 'ANALYTICS_003'
const unprocessable = (detail: string): ReadBatch => ({ kind: 'refused', refusal: { status: 422, code: 'ANALYTICS_003', detail } })

/** @param refuses Rows that central was told to refuse, by key. */
export function readBatch(json: unknown, bytes: number, refuses: (key: string) => boolean): ReadBatch {
  const parsed = BatchShape.safeParse(json)
  if (!parsed.success) return unprocessable(saying(parsed.error))
  const { batchId, events: raws, metadata } = parsed.data
  if (raws.length > centralLimits.eventsPerBatchMax) {
    return { kind: 'refused', refusal: { status: 413, detail: `A batch holds at most ${centralLimits.eventsPerBatchMax} events.` } }
  }
  const text = JSON.stringify(raws)
  const sha256 = createHash('sha256').update(text).digest('hex')
  if (metadata.sha256 !== undefined && metadata.sha256 !== sha256) return unprocessable('metadata.sha256 is not that of the events')
  // As it came: the schema has turned its time into a number.
  const metadataJson = JSON.stringify(typeof json === 'object' && json !== null && 'metadata' in json ? json.metadata : null)
  if (!isStorable(metadataJson) || !isStorable(JSON.stringify(batchId))) {
    return unprocessable('batchId or metadata cannot be stored (NUL or half a surrogate pair)')
  }

  const { events, repeatedWithin, rejected, values } = readRows(raws, refuses, isStorable(text))
  if (values > centralLimits.valuesPerBatchMax) {
    return { kind: 'refused', refusal: { status: 413, detail: `A batch holds at most ${centralLimits.valuesPerBatchMax} values.` } }
  }
  const { organizationId, gatewayId, lane, keyEpoch, through = null, ahead = null, seqTo = 0, version } = metadata
  const sent = { organizationId, gatewayId, lane, version: typeof version === 'string' ? version.slice(0, 40) : null, epoch: String(keyEpoch), through, reach: seqTo, ahead }
  return { kind: 'batch', batch: { batchId, metadata: metadataJson, sha256, bytes, ...sent, events, repeatedWithin, rejected } }
}

/** @param isWhollyStorable Whether all of it was found storable at once; otherwise each is looked at. */
export function readRows(raws: readonly unknown[], refuses: (key: string) => boolean, isWhollyStorable = false) {
  const events = new Map<string, CentralEvent>()
  const rejected: RejectedRow[] = []
  let repeatedWithin = 0
  let values = 0
  for (const [index, raw] of raws.entries()) {
    const read = readEvent(raw, isWhollyStorable)
    if (read.kind === 'refused') rejected.push({ index, code: ROW_REFUSED, detail: read.detail })
    else if (refuses(read.event.key)) rejected.push({ index, code: ROW_REFUSED, detail: 'refused because central was told to refuse rows' })
    else if (events.has(read.event.key)) repeatedWithin += 1
    else {
      events.set(read.event.key, read.event)
      values += read.event.vitals?.t.length ?? 0
    }
  }
  return { events: [...events.values()], repeatedWithin, rejected, values }
}

/** How a batch came. `instance`: which start of a gateway brought it; null where it did not say. */
export type Arrival = { readonly atMs: number; readonly instance: string | null; readonly via: 'https' | 'kafka' | 'nats' }

export type Store = { readonly database: CentralDatabase; readonly partitions: Partitions }

/** Two gateways may touch one series at a time in opposite order: the database lets one of them begin again (SQLSTATE 40P01, 40001). */
const BEGIN_AGAIN = /^40(?:P01|001)$/

/**
 * All of it in one transaction. Batches of one gateway are written one after another, so two that share events cannot wait for each other.
 * @throws the reason of `stop` when it aborts half way; nothing is stored then.
 */
export async function ingest(store: Store, batch: Batch, arrival: Arrival, stop: AbortSignal): Promise<Ingested> {
  await store.partitions.makeFor(batch.events)
  for (let tries = 1; ; tries += 1) {
    try {
      return await store.database.transaction(sql => write(sql, batch, arrival, stop))
    } catch (error) {
      const state = error instanceof Error && 'code' in error ? String(error.code) : ''
      if (!(BEGIN_AGAIN.test(state) || error instanceof KeyTaken) || tries === centralLimits.transactionTriesMax) throw error
    }
  }
}

async function write(sql: Sql, batch: Batch, { atMs: receivedAtMs, instance, via }: Arrival, stop: AbortSignal): Promise<Ingested> {
  stop.throwIfAborted()
  await lockGateway(sql, batch)
  const refusal = await admit(sql, { ...batch, instance }, receivedAtMs)
  if (refusal !== null) return { kind: 'refused', refusal }
  const organization = await organizationOf(sql, batch.organizationId)
  const id = await addBatch(sql, batch, { organization, receivedAtMs, via })
  if (id === null) return repeat(sql, batch, organization)

  const fresh = await newAmong(sql, batch.events, organization)
  const { judged, targets } = await sortOut(sql, fresh, organization)
  const standing = judged.filter(({ retracted }) => !retracted)
  const series = await addSeries(sql, standing, organization)
  await addEvents(sql, judged, { organization, batch: id, series })
  await addRows(sql, standing, { organization, lane: batch.lane, series }, stop)
  await correct(sql, targets, organization)

  const duplicates = batch.events.length - fresh.length + batch.repeatedWithin
  const accepted = fresh.length + duplicates
  await sql.query('UPDATE batch SET accepted = $2, duplicates = $3 WHERE id = $1', [id, accepted, duplicates])
  await noteGateway(sql, batch, { organization, receivedAtMs, fresh: fresh.length, duplicates })
  if (batch.lane === 'live') await noteThrough(sql, { ...batch, through: batch.through ?? 0 })
  stop.throwIfAborted()
  return {
    kind: 'stored',
    receipt: { batchId: batch.batchId, accepted, duplicates, rejected: batch.rejected },
    alerts: standing.map(({ event }) => event).filter(event => event.alert !== null),
  }
}

type Place = { readonly organization: number; readonly receivedAtMs: number; readonly via: Arrival['via'] }

/** The id of the new row; null when the batch is known. */
async function addBatch(sql: Sql, batch: Batch, { organization, receivedAtMs, via }: Place): Promise<number | null> {
  const [row] = await sql.query<{ id: number }>(
    `INSERT INTO batch (batch_id, received_at, metadata, sha256, bytes, accepted, duplicates, rejected, organization, gateway, lane, via)
    VALUES ($1, to_timestamp($2::float8 / 1000), $3::text::jsonb, $4, $5, 0, 0, $6::text::jsonb, $7, $8, $9, $10)
    ON CONFLICT (organization, batch_id) DO NOTHING RETURNING id::float8 AS id`,
    [batch.batchId, receivedAtMs, batch.metadata, batch.sha256, batch.bytes, JSON.stringify(batch.rejected), organization, batch.gatewayId, batch.lane, via],
  )
  return row?.id ?? null
}

async function repeat(sql: Sql, batch: Batch, organization: number): Promise<Ingested> {
  const [first] = await sql.query<{ sha256: string } & Omit<Receipt, 'batchId'>>(
    'SELECT sha256, accepted, duplicates, rejected FROM batch WHERE organization = $2 AND batch_id = $1',
    [batch.batchId, organization],
  )
  if (first === undefined || first.sha256 !== batch.sha256) {
    return { kind: 'refused', refusal: { status: 422, code: 'ANALYTICS_003', detail: 'this batchId came before with other events' } }
  }
  await sql.query('UPDATE batch SET repeats = repeats + 1 WHERE organization = $2 AND batch_id = $1', [batch.batchId, organization])
  const { accepted, duplicates, rejected } = first
  return { kind: 'repeated', receipt: { batchId: batch.batchId, accepted, duplicates, rejected } }
}
