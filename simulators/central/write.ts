/** The inserts of one batch, in bulk: columns go over as arrays and are unnested there. */

import { setImmediate } from 'node:timers/promises'
import { centralLimits } from '../../src/limits.ts'
import type { CentralEvent } from './shapes.ts'
import type { Sql } from './sql.ts'

/** An event whose key was new, with the id of its row. */
export type FreshEvent = { readonly id: number; readonly event: CentralEvent }

/** Row ids of the events that were new, by key. */
export async function addEvents(sql: Sql, events: readonly CentralEvent[], batchId: number): Promise<ReadonlyMap<string, number>> {
  const rows = await sql.query<{ id: number; key: string }>(
    `INSERT INTO event (key, type, subject, at, revision, stream, data, batch)
    SELECT key, type, subject, to_timestamp(at / 1000), revision, stream, data::jsonb, $8::bigint
    FROM unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::int[], $6::text[], $7::text[]) AS e (key, type, subject, at, revision, stream, data)
    ON CONFLICT (key) DO NOTHING RETURNING id::float8 AS id, key`,
    [
      events.map(e => e.key), events.map(e => e.type), events.map(e => e.subject), events.map(e => e.atMs),
      events.map(e => e.revision), events.map(e => e.stream), events.map(e => e.stored), batchId,
    ],
  )
  return new Map(rows.map(({ id, key }) => [key, id]))
}

export async function addSubjects(sql: Sql, fresh: readonly FreshEvent[]): Promise<void> {
  const seen = new Map<string, Span>()
  for (const { event } of fresh) {
    if (!event.isPatient || event.subject === null) continue
    for (const offsetMs of event.vitals?.t ?? [0]) widen(seen, event.subject, event.atMs + offsetMs)
  }
  if (seen.size === 0) return
  await sql.query(
    `INSERT INTO subject (subject, first_at, last_at)
    SELECT subject, to_timestamp(first_at / 1000), to_timestamp(last_at / 1000)
    FROM unnest($1::text[], $2::float8[], $3::float8[]) AS s (subject, first_at, last_at)
    ON CONFLICT (subject) DO UPDATE SET first_at = least(subject.first_at, excluded.first_at), last_at = greatest(subject.last_at, excluded.last_at)`,
    [[...seen.keys()], [...seen.values()].map(s => s.firstMs), [...seen.values()].map(s => s.lastMs)],
  )
}

export async function addAlerts(sql: Sql, fresh: readonly FreshEvent[]): Promise<void> {
  const alerts = fresh.flatMap(({ id, event }) => (event.alert === null ? [] : [{ id, subject: event.subject, atMs: event.atMs, ...event.alert }]))
  if (alerts.length === 0) return
  await sql.query(
    `INSERT INTO alert (event, alert_id, subject, at, phase, state, severity, priority, type, rule, version, because)
    SELECT event, alert_id, subject, to_timestamp(at / 1000), phase, state, severity, priority, type, rule, version, because::jsonb
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::float8[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::text[], $11::text[], $12::text[])
      AS a (event, alert_id, subject, at, phase, state, severity, priority, type, rule, version, because)`,
    [
      alerts.map(a => a.id), alerts.map(a => a.alertId), alerts.map(a => a.subject), alerts.map(a => a.atMs), alerts.map(a => a.phase),
      alerts.map(a => a.state), alerts.map(a => a.severity), alerts.map(a => a.priority), alerts.map(a => a.type),
      alerts.map(a => a.rule), alerts.map(a => a.version),
      alerts.map(a => JSON.stringify(a.because)),
    ],
  )
}

/** One row a value, and the totals of each series along with them. */
export async function addVitalSigns(sql: Sql, fresh: readonly FreshEvent[], stop: AbortSignal): Promise<void> {
  const seriesIds = await addSeries(sql, fresh)
  let rows = emptyRows()
  const flush = async (): Promise<void> => {
    // PGlite works on this very thread and yields to nothing: other requests and the wish to stop get their turn here.
    await setImmediate()
    stop.throwIfAborted()
    await sql.query(
      `INSERT INTO vital_sign_value (event, series, at, value, quality)
      SELECT event, series, to_timestamp(at / 1000), value, quality
      FROM unnest($1::bigint[], $2::int[], $3::float8[], $4::float8[], $5::text[]) AS v (event, series, at, value, quality)`,
      [rows.event, rows.series, rows.at, rows.value, rows.quality],
    )
    rows = emptyRows()
  }
  for (const { id, event } of fresh) {
    const series = seriesIds.get(seriesOf(event))
    if (event.vitals === null || series === undefined) continue
    const { t, v, q } = event.vitals
    for (const [position, offsetMs] of t.entries()) {
      rows.event.push(id)
      rows.series.push(series)
      rows.at.push(event.atMs + offsetMs)
      rows.value.push(v[position] ?? null)
      rows.quality.push(String(q[position]))
      if (rows.event.length === centralLimits.valuesPerInsertMax) await flush()
    }
  }
  if (rows.event.length > 0) await flush()
}

type Rows = { event: number[]; series: number[]; at: number[]; value: (number | null)[]; quality: string[] }
const emptyRows = (): Rows => ({ event: [], series: [], at: [], value: [], quality: [] })

type Span = { firstMs: number; lastMs: number }

function widen(spans: Map<string, Span>, name: string, atMs: number): void {
  const span = spans.get(name)
  if (span === undefined) spans.set(name, { firstMs: atMs, lastMs: atMs })
  else {
    span.firstMs = Math.min(span.firstMs, atMs)
    span.lastMs = Math.max(span.lastMs, atMs)
  }
}

/** A name for the series of an event, with a separator that no stored text can hold. */
const nameOf = (subject: string | null, metric: string | undefined, unit: string | undefined): string => [subject, metric, unit].join('\u0000')
const seriesOf = (event: CentralEvent): string => nameOf(event.subject, event.vitals?.metric, event.vitals?.unit)

type Series = { subject: string; metric: string; mdc: number; loinc: string | null; unit: string; present: number; absent: number }

async function addSeries(sql: Sql, fresh: readonly FreshEvent[]): Promise<ReadonlyMap<string, number>> {
  const all = new Map<string, Series>()
  const spans = new Map<string, Span>()
  for (const { event } of fresh) {
    if (event.vitals === null || event.subject === null) continue
    const { metric, mdc, loinc, unit, t, v } = event.vitals
    const name = seriesOf(event)
    const series = all.get(name) ?? { subject: event.subject, metric, mdc, loinc, unit, present: 0, absent: 0 }
    const present = v.filter(value => value !== null).length
    series.present += present
    series.absent += v.length - present
    all.set(name, series)
    for (const offsetMs of t) widen(spans, name, event.atMs + offsetMs)
  }
  if (all.size === 0) return new Map()
  const list = [...all.values()]
  const spanList = [...spans.values()]
  const rows = await sql.query<{ id: number; subject: string; metric: string; unit: string }>(
    `INSERT INTO series (subject, metric, mdc, loinc, unit, values_present, values_absent, first_at, last_at)
    SELECT subject, metric, mdc, loinc, unit, present, absent, to_timestamp(first_at / 1000), to_timestamp(last_at / 1000)
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::float8[], $9::float8[])
      AS s (subject, metric, mdc, loinc, unit, present, absent, first_at, last_at)
    ON CONFLICT (subject, metric, unit) DO UPDATE SET
      values_present = series.values_present + excluded.values_present, values_absent = series.values_absent + excluded.values_absent,
      first_at = least(series.first_at, excluded.first_at), last_at = greatest(series.last_at, excluded.last_at)
    RETURNING id, subject, metric, unit`,
    [
      list.map(s => s.subject), list.map(s => s.metric), list.map(s => s.mdc), list.map(s => s.loinc), list.map(s => s.unit),
      list.map(s => s.present), list.map(s => s.absent), spanList.map(s => s.firstMs), spanList.map(s => s.lastMs),
    ],
  )
  return new Map(rows.map(({ id, subject, metric, unit }) => [nameOf(subject, metric, unit), id]))
}
