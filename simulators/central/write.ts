/** The inserts of one batch, in bulk: a column goes over as an array and is unnested there. */

import { setImmediate } from 'node:timers/promises'
import { centralLimits } from '../../src/limits.ts'
import { addRollUps, countIn } from './roll-ups.ts'
import type { Buckets } from './roll-ups.ts'
import type { NewEvent } from './corrections.ts'
import type { CentralEvent } from './shapes.ts'
import type { Sql } from './sql.ts'

/** An event whose key was new, with the id of its row and what corrections have made of it; `event.subject` is whose it is by now. */
export type FreshEvent = {
  readonly id: number; readonly event: CentralEvent; readonly retracted: boolean; readonly movedTo: string | null; readonly sentSubject: string | null
}

/** Ids of series, by `seriesOf` an event. */
type SeriesIds = ReadonlyMap<string, number>

/** Whose rows they are. `organization`: its id. */
export type Owner = { readonly organization: number; readonly lane: string; readonly series: SeriesIds }

/** Another gateway brought the same key while we wrote: begun again, it is known. */
export class KeyTaken extends Error {}

/** $1: keys, $2: the organization. Places of the new ones, from 1, and ids for them. */
export const NEW_AMONG = `SELECT k.place::int AS place, nextval('event_id_seq')::float8 AS id FROM unnest($1::text[]) WITH ORDINALITY AS k (key, place)
  LEFT JOIN LATERAL (SELECT 1 AS here FROM event e WHERE e.organization = $2 AND e.key = k.key LIMIT 1) known ON true
  WHERE known.here IS NULL`

/** Events whose key is not here, each with an id drawn for its row. LATERAL with LIMIT: key by key through the index, never all keys of an organisation. */
export async function newAmong(sql: Sql, events: readonly CentralEvent[], organization: number): Promise<readonly NewEvent[]> {
  const rows = await sql.query<{ place: number; id: number }>(NEW_AMONG, [events.map(({ key }) => key), organization])
  return rows.flatMap(({ place, id }) => events.slice(place - 1, place).map(event => ({ id, event })))
}

type Filed = { readonly organization: number; readonly batch: number; readonly series: SeriesIds }

/** What stands in the columns of a series is not kept twice. @throws KeyTaken where a key has come since it was found new. */
export async function addEvents(sql: Sql, fresh: readonly FreshEvent[], { organization, batch, series }: Filed): Promise<void> {
  if (fresh.length === 0) return
  const filed = fresh.map(({ event, retracted }) =>
    (event.vitals === null || retracted ? null : { series: series.get(seriesOf(event)) ?? null, ...spanOf(event.vitals.t) }))
  const rows = await sql.query(
    `INSERT INTO event (id, key, type, subject, at, revision, stream, data, supersedes, retracted, moved_to, series, t_from, t_to, batch, organization)
    OVERRIDING SYSTEM VALUE
    SELECT id, key, type, subject, to_timestamp(at / 1000), revision, stream, data::jsonb, supersedes, retracted, moved_to, series, t_from, t_to,
      $14::bigint, $15::int
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::float8[], $6::int[], $7::text[], $8::text[], $9::text[], $10::boolean[], $11::text[],
        $12::int[], $13::int[], $16::int[])
      AS e (id, key, type, subject, at, revision, stream, data, supersedes, retracted, moved_to, series, t_from, t_to)
    ON CONFLICT (organization, key) DO NOTHING RETURNING 1`,
    [
      fresh.map(({ id }) => id), fresh.map(({ event }) => event.key), fresh.map(({ event }) => event.type), fresh.map(({ sentSubject }) => sentSubject),
      fresh.map(({ event }) => event.atMs), fresh.map(({ event }) => event.revision), fresh.map(({ event }) => event.stream),
      fresh.map(({ event }, place) => (filed[place] === null ? JSON.stringify(event.sent) : null)), fresh.map(({ event }) => event.supersedes),
      fresh.map(({ retracted }) => retracted), fresh.map(({ movedTo }) => movedTo), filed.map(file => file?.series ?? null),
      filed.map(file => file?.fromMs ?? null), batch, organization, filed.map(file => file?.toMs ?? null),
    ],
  )
  if (rows.length < fresh.length) throw new KeyTaken('an event came from elsewhere meanwhile')
}

const spanOf = (t: readonly number[]): { readonly fromMs: number; readonly toMs: number } =>
  t.reduce(({ fromMs, toMs }, ms) => ({ fromMs: Math.min(fromMs, ms), toMs: Math.max(toMs, ms) }), { fromMs: Infinity, toMs: -Infinity })

/** All rows that rest on these events: subjects, values and their roll-ups, alerts, metrics of devices and gateways, the watch ledger. */
export async function addRows(sql: Sql, fresh: readonly FreshEvent[], { organization, lane, series }: Owner, stop: AbortSignal): Promise<void> {
  await addSubjects(sql, fresh, { organization, lane })
  await addVitalSigns(sql, fresh, { organization, series }, stop)
  await addAlerts(sql, fresh, organization)
  await addPlain(sql, fresh.filter(({ event }) => event.type === 'device-metrics'), { table: 'device_metrics', column: 'device', organization })
  await addPlain(sql, fresh.filter(({ event }) => event.type === 'system-metrics'), { table: 'system_metrics', column: 'gateway', organization })
  await addGaps(sql, fresh, organization)
}

async function addSubjects(sql: Sql, fresh: readonly FreshEvent[], { organization, lane }: Omit<Owner, 'series'>): Promise<void> {
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
    [
      fresh.map(({ id }) => id), fresh.map(({ event }) => event.stream), fresh.map(({ event }) => event.atMs),
      fresh.map(({ event }) => JSON.stringify(event.sent)), organization,
    ],
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

/** One row a series, event and minute, and the roll-ups. */
async function addVitalSigns(sql: Sql, fresh: readonly FreshEvent[], { organization, series: ids }: Omit<Owner, 'lane'>, stop: AbortSignal): Promise<void> {
  const minutes: Buckets = new Map()
  let rows = emptyRows()
  const flush = async (): Promise<void> => {
    // PGlite works on this very thread and yields to nothing: other requests and the wish to stop get their turn here.
    await setImmediate()
    stop.throwIfAborted()
    await sql.query(
      `INSERT INTO vital_signs_timeseries (event, series, time, t, v, q, organization)
      SELECT event, series, to_timestamp(at / 1000), t::int[], v::float8[], q::text[], $7::int
      FROM unnest($1::bigint[], $2::int[], $3::float8[], $4::text[], $5::text[], $6::text[]) AS v (event, series, at, t, v, q)`,
      [rows.event, rows.series, rows.at, rows.t, rows.v, rows.q, organization],
    )
    rows = emptyRows()
  }
  for (const { id, event } of fresh) {
    const series = ids.get(seriesOf(event))
    if (event.vitals === null || series === undefined) continue
    const { t, v, q } = event.vitals
    for (const [startMs, places] of minutesOf(event.atMs, t)) {
      rows.event.push(id)
      rows.series.push(series)
      rows.at.push(startMs)
      rows.t.push(`{${places.map(place => event.atMs + (t[place] ?? 0) - startMs).join(',')}}`)
      rows.v.push(`{${places.map(place => v[place] ?? 'NULL').join(',')}}`)
      rows.q.push(qualitiesOf(places.map(place => String(q[place] ?? ''))))
      rows.values += places.length
      for (const place of places) countIn(minutes, series, { atMs: event.atMs + (t[place] ?? 0), value: v[place] ?? null, quality: q[place] ?? '' })
    }
    if (rows.values >= centralLimits.valuesPerInsertMax) await flush()
  }
  if (rows.event.length > 0) await flush()
  await addRollUps(sql, organization, minutes)
}

const MINUTE_MS = 60_000

/** Places of the values of each minute, in the order in which they came. By agreement there is one minute. */
function minutesOf(atMs: number, t: readonly number[]): ReadonlyMap<number, readonly number[]> {
  const minutes = new Map<number, number[]>()
  for (const [place, offsetMs] of t.entries()) {
    const startMs = Math.floor((atMs + offsetMs) / MINUTE_MS) * MINUTE_MS
    const places = minutes.get(startMs)
    if (places === undefined) minutes.set(startMs, [place])
    else places.push(place)
  }
  return minutes
}

/** As an array of PostgreSQL; one that all values share stands once. */
function qualitiesOf(qualities: readonly string[]): string {
  const kept = qualities.every(quality => quality === qualities[0]) ? qualities.slice(0, 1) : qualities
  return `{${kept.map(quality => `"${quality.replaceAll(/["\\]/g, '\\$&')}"`).join(',')}}`
}

type Rows = { event: number[]; series: number[]; at: number[]; t: string[]; v: string[]; q: string[]; values: number }
const emptyRows = (): Rows => ({ event: [], series: [], at: [], t: [], v: [], q: [], values: 0 })

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

/** Counts the values into their series. */
export async function addSeries(sql: Sql, fresh: readonly FreshEvent[], organization: number): Promise<SeriesIds> {
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
