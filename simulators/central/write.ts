/** The inserts of one batch, in bulk: columns go over as arrays and are unnested there. */

import { setImmediate } from 'node:timers/promises'
import { centralLimits } from '../../src/limits.ts'
import { addRollUps, countIn } from './roll-ups.ts'
import type { Buckets } from './roll-ups.ts'
import type { CentralEvent } from './shapes.ts'
import type { Sql } from './sql.ts'

/** An event whose key was new, with the id of its row. */
export type FreshEvent = { readonly id: number; readonly event: CentralEvent }

/** Whose rows they are. `id`: of the organization. */
export type Owner = { readonly organization: number; readonly lane: string }

/** Row ids of the events that were new, by key. */
export async function addEvents(sql: Sql, events: readonly CentralEvent[], { organization, batch }: { readonly organization: number; readonly batch: number }): Promise<ReadonlyMap<string, number>> {
  const rows = await sql.query<{ id: number; key: string }>(
    `INSERT INTO event (key, type, subject, at, revision, stream, data, supersedes, batch, organization)
    SELECT key, type, subject, to_timestamp(at / 1000), revision, stream, data::jsonb, supersedes, $9::bigint, $10::int
    FROM unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::int[], $6::text[], $7::text[], $8::text[])
      AS e (key, type, subject, at, revision, stream, data, supersedes)
    ON CONFLICT (organization, key) DO NOTHING RETURNING id::float8 AS id, key`,
    [
      events.map(e => e.key), events.map(e => e.type), events.map(e => e.subject), events.map(e => e.atMs),
      events.map(e => e.revision), events.map(e => e.stream), events.map(e => e.stored), events.map(e => e.supersedes), batch, organization,
    ],
  )
  return new Map(rows.map(({ id, key }) => [key, id]))
}

/** All rows that rest on these events: subjects, values and their roll-ups, alerts, metrics of devices and gateways, the watch ledger. */
export async function addRows(sql: Sql, fresh: readonly FreshEvent[], { organization, lane }: Owner, stop: AbortSignal): Promise<void> {
  await addSubjects(sql, fresh, { organization, lane })
  await addVitalSigns(sql, fresh, organization, stop)
  await addAlerts(sql, fresh, organization)
  await addPlain(sql, fresh.filter(({ event }) => event.type === 'device-metrics'), { table: 'device_metrics', column: 'device', organization })
  await addPlain(sql, fresh.filter(({ event }) => event.type === 'system-metrics'), { table: 'system_metrics', column: 'gateway', organization })
  await addGaps(sql, fresh, organization)
}

async function addSubjects(sql: Sql, fresh: readonly FreshEvent[], { organization, lane }: Owner): Promise<void> {
  const seen = new Map<string, Span>()
  for (const { event } of fresh) {
    if (!event.isPatient || event.subject === null) continue
    for (const offsetMs of event.vitals?.t ?? [0]) widen(seen, event.subject, event.atMs + offsetMs)
  }
  if (seen.size === 0) return
  await sql.query(
    `INSERT INTO subject (subject, first_at, last_at, organization, lane)
    SELECT subject, to_timestamp(first_at / 1000), to_timestamp(last_at / 1000), $4::int, $5
    FROM unnest($1::text[], $2::float8[], $3::float8[]) AS s (subject, first_at, last_at) ORDER BY subject
    ON CONFLICT (organization, subject) DO UPDATE
      SET first_at = least(subject.first_at, excluded.first_at), last_at = greatest(subject.last_at, excluded.last_at)`,
    [[...seen.keys()], [...seen.values()].map(s => s.firstMs), [...seen.values()].map(s => s.lastMs), organization, lane],
  )
}

async function addAlerts(sql: Sql, fresh: readonly FreshEvent[], organization: number): Promise<void> {
  const alerts = fresh.flatMap(({ id, event }) => (event.alert === null ? [] : [{ id, subject: event.subject, atMs: event.atMs, ...event.alert }]))
  if (alerts.length === 0) return
  await sql.query(
    `INSERT INTO alerts (event, alert_id, subject, time, phase, state, severity, priority, type, rule, version, because, organization)
    SELECT event, alert_id, subject, to_timestamp(at / 1000), phase, state, severity, priority, type, rule, version, because::jsonb, $13::int
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::float8[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::text[], $11::text[], $12::text[])
      AS a (event, alert_id, subject, at, phase, state, severity, priority, type, rule, version, because)`,
    [
      alerts.map(a => a.id), alerts.map(a => a.alertId), alerts.map(a => a.subject), alerts.map(a => a.atMs), alerts.map(a => a.phase),
      alerts.map(a => a.state), alerts.map(a => a.severity), alerts.map(a => a.priority), alerts.map(a => a.type),
      alerts.map(a => a.rule), alerts.map(a => a.version),
      alerts.map(a => JSON.stringify(a.because)), organization,
    ],
  )
}

type Plain = { readonly table: 'device_metrics' | 'system_metrics'; readonly column: string; readonly organization: number }

async function addPlain(sql: Sql, fresh: readonly FreshEvent[], { table, column, organization }: Plain): Promise<void> {
  if (fresh.length === 0) return
  await sql.query(
    `INSERT INTO ${table} (event, ${column}, time, data, organization)
    SELECT event, name, to_timestamp(at / 1000), data::jsonb, $5::int
    FROM unnest($1::bigint[], $2::text[], $3::float8[], $4::text[]) AS m (event, name, at, data)`,
    [fresh.map(({ id }) => id), fresh.map(({ event }) => event.stream), fresh.map(({ event }) => event.atMs), fresh.map(({ event }) => event.stored), organization],
  )
}

async function addGaps(sql: Sql, fresh: readonly FreshEvent[], organization: number): Promise<void> {
  const rows = fresh.flatMap(({ id, event: { subject, atMs, gaps } }) =>
    gaps === null ? [] : gaps.rule.map((rule, place) => ({ id, subject, rule, state: gaps.state[place], atMs: atMs + (gaps.t[place] ?? 0) })))
  if (rows.length === 0) return
  await sql.query(
    `INSERT INTO gap (event, subject, rule, state, time, organization)
    SELECT event, subject, rule, state, to_timestamp(at / 1000), $6::int
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::float8[]) AS g (event, subject, rule, state, at)`,
    [rows.map(r => r.id), rows.map(r => r.subject), rows.map(r => r.rule), rows.map(r => r.state), rows.map(r => r.atMs), organization],
  )
}

/** One row a value, the totals of each series along with them, and the roll-ups. */
async function addVitalSigns(sql: Sql, fresh: readonly FreshEvent[], organization: number, stop: AbortSignal): Promise<void> {
  const seriesIds = await addSeries(sql, fresh, organization)
  const minutes: Buckets = new Map()
  let rows = emptyRows()
  const flush = async (): Promise<void> => {
    // PGlite works on this very thread and yields to nothing: other requests and the wish to stop get their turn here.
    await setImmediate()
    stop.throwIfAborted()
    await sql.query(
      `INSERT INTO vital_signs_timeseries (event, series, time, value, quality, organization)
      SELECT event, series, to_timestamp(at / 1000), value, quality, $6::int
      FROM unnest($1::bigint[], $2::int[], $3::float8[], $4::float8[], $5::text[]) AS v (event, series, at, value, quality)`,
      [rows.event, rows.series, rows.at, rows.value, rows.quality, organization],
    )
    rows = emptyRows()
  }
  for (const { id, event } of fresh) {
    const series = seriesIds.get(seriesOf(event))
    if (event.vitals === null || series === undefined) continue
    const { t, v, q } = event.vitals
    for (const [position, offsetMs] of t.entries()) {
      const [value, quality] = [v[position] ?? null, q[position] ?? '']
      rows.event.push(id)
      rows.series.push(series)
      rows.at.push(event.atMs + offsetMs)
      rows.value.push(value)
      rows.quality.push(String(quality))
      countIn(minutes, series, { atMs: event.atMs + offsetMs, value, quality })
      if (rows.event.length === centralLimits.valuesPerInsertMax) await flush()
    }
  }
  if (rows.event.length > 0) await flush()
  await addRollUps(sql, organization, minutes)
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

async function addSeries(sql: Sql, fresh: readonly FreshEvent[], organization: number): Promise<ReadonlyMap<string, number>> {
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
    `INSERT INTO series (subject, metric, mdc, loinc, unit, values_present, values_absent, first_at, last_at, organization)
    SELECT subject, metric, mdc, loinc, unit, present, absent, to_timestamp(first_at / 1000), to_timestamp(last_at / 1000), $10::int
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::float8[], $9::float8[])
      AS s (subject, metric, mdc, loinc, unit, present, absent, first_at, last_at)
    ORDER BY subject, metric, unit
    ON CONFLICT (organization, subject, metric, unit) DO UPDATE SET
      values_present = series.values_present + excluded.values_present, values_absent = series.values_absent + excluded.values_absent,
      first_at = least(series.first_at, excluded.first_at), last_at = greatest(series.last_at, excluded.last_at)
    RETURNING id, subject, metric, unit`,
    [
      list.map(s => s.subject), list.map(s => s.metric), list.map(s => s.mdc), list.map(s => s.loinc), list.map(s => s.unit),
      list.map(s => s.present), list.map(s => s.absent), spanList.map(s => s.firstMs), spanList.map(s => s.lastMs), organization,
    ],
  )
  return new Map(rows.map(({ id, subject, metric, unit }) => [nameOf(subject, metric, unit), id]))
}
