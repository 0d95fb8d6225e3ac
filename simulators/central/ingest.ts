/** One batch, from JSON to rows: once in effect, however often and in whatever batch an event comes (contract with central §1, §2). */

import { createHash } from 'node:crypto'
import { centralLimits } from '../../src/limits.ts'
import type { Refusal } from './body.ts'
import { LOCKS } from './schema.ts'
import { admit, noteThrough } from './senders.ts'
import { BatchShape, isStorable, readEvent, saying } from './shapes.ts'
import type { CentralEvent } from './shapes.ts'
import type { CentralDatabase, Sql } from './sql.ts'
import { addAlerts, addEvents, addSubjects, addVitalSigns } from './write.ts'

export type RejectedRow = { readonly index: number; readonly code: string; readonly detail: string }

/** A batch that may be stored: every event is either readable or named in `rejected`. */
export type Batch = {
  readonly batchId: string
  /** JSON text. */
  readonly metadata: string
  readonly sha256: string
  readonly bytes: number
  readonly organizationId: string
  readonly gatewayId: string
  readonly epoch: string
  /** Null where the sender did not say. */
  readonly through: number | null
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
  const sha256 = createHash('sha256').update(JSON.stringify(raws)).digest('hex')
  if (metadata.sha256 !== undefined && metadata.sha256 !== sha256) return unprocessable('metadata.sha256 is not that of the events')
  // As it came: the schema has turned its time into a number.
  const metadataJson = JSON.stringify(typeof json === 'object' && json !== null && 'metadata' in json ? json.metadata : null)
  if (!isStorable(metadataJson) || !isStorable(JSON.stringify(batchId))) {
    return unprocessable('batchId or metadata cannot be stored (NUL or half a surrogate pair)')
  }

  const { events, repeatedWithin, rejected, values } = readRows(raws, refuses)
  if (values > centralLimits.valuesPerBatchMax) {
    return { kind: 'refused', refusal: { status: 413, detail: `A batch holds at most ${centralLimits.valuesPerBatchMax} values.` } }
  }
  const { organizationId, gatewayId, keyEpoch, through = null } = metadata
  const sent = { organizationId, gatewayId, epoch: String(keyEpoch), through }
  return { kind: 'batch', batch: { batchId, metadata: metadataJson, sha256, bytes, ...sent, events, repeatedWithin, rejected } }
}

function readRows(raws: readonly unknown[], refuses: (key: string) => boolean) {
  const events = new Map<string, CentralEvent>()
  const rejected: RejectedRow[] = []
  let repeatedWithin = 0
  let values = 0
  for (const [index, raw] of raws.entries()) {
    const read = readEvent(raw)
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

/** `instance`: which start of a gateway brought it; null where it did not say. */
export type Arrival = { readonly atMs: number; readonly instance: string | null }

/**
 * All of it in one transaction. Batches are written one after another, so two that share events cannot wait for each other.
 * @throws the reason of `stop` when it aborts half way; nothing is stored then.
 */
export function ingest(database: CentralDatabase, batch: Batch, { atMs: receivedAtMs, instance }: Arrival, stop: AbortSignal): Promise<Ingested> {
  return database.transaction<Ingested>(async sql => {
    stop.throwIfAborted()
    await sql.query('SELECT pg_advisory_xact_lock($1::bigint)', [LOCKS.ingest])
    const refusal = await admit(sql, { ...batch, instance }, receivedAtMs)
    if (refusal !== null) return { kind: 'refused', refusal }
    const id = await addBatch(sql, batch, receivedAtMs)
    if (id === null) return repeat(sql, batch)

    const added = await addEvents(sql, batch.events, id)
    const fresh = batch.events.flatMap(event => {
      const eventId = added.get(event.key)
      return eventId === undefined ? [] : [{ id: eventId, event }]
    })
    await addSubjects(sql, fresh)
    await addVitalSigns(sql, fresh, stop)
    await addAlerts(sql, fresh)

    const duplicates = batch.events.length - fresh.length + batch.repeatedWithin
    const accepted = fresh.length + duplicates
    await sql.query('UPDATE batch SET accepted = $2, duplicates = $3 WHERE id = $1', [id, accepted, duplicates])
    if (batch.through !== null) await noteThrough(sql, { ...batch, through: batch.through })
    stop.throwIfAborted()
    return {
      kind: 'stored',
      receipt: { batchId: batch.batchId, accepted, duplicates, rejected: batch.rejected },
      alerts: fresh.map(({ event }) => event).filter(event => event.alert !== null),
    }
  })
}

/** The id of the new row; null when the batch is known. */
async function addBatch(sql: Sql, batch: Batch, receivedAtMs: number): Promise<number | null> {
  const [row] = await sql.query<{ id: number }>(
    `INSERT INTO batch (batch_id, received_at, metadata, sha256, bytes, accepted, duplicates, rejected)
    VALUES ($1, to_timestamp($2::float8 / 1000), $3::text::jsonb, $4, $5, 0, 0, $6::text::jsonb)
    ON CONFLICT (batch_id) DO NOTHING RETURNING id::float8 AS id`,
    [batch.batchId, receivedAtMs, batch.metadata, batch.sha256, batch.bytes, JSON.stringify(batch.rejected)],
  )
  return row?.id ?? null
}

async function repeat(sql: Sql, batch: Batch): Promise<Ingested> {
  const [first] = await sql.query<{ sha256: string } & Omit<Receipt, 'batchId'>>(
    'SELECT sha256, accepted, duplicates, rejected FROM batch WHERE batch_id = $1',
    [batch.batchId],
  )
  if (first === undefined || first.sha256 !== batch.sha256) {
    return { kind: 'refused', refusal: { status: 422, code: 'ANALYTICS_003', detail: 'this batchId came before with other events' } }
  }
  await sql.query('UPDATE batch SET repeats = repeats + 1 WHERE batch_id = $1', [batch.batchId])
  const { accepted, duplicates, rejected } = first
  return { kind: 'repeated', receipt: { batchId: batch.batchId, accepted, duplicates, rejected } }
}
