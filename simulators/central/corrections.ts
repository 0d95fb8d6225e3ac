/**
 * What a gateway takes back. A correction names events by their keys; so does an event that supersedes another. Both hold whatever comes first:
 * what says of an event that it is not so is kept, and an event that comes later is stored as what it has become.
 */

import { recompute } from './roll-ups.ts'
import type { CentralEvent } from './shapes.ts'
import type { Sql } from './sql.ts'
import type { FreshEvent } from './write.ts'

/** What became of an event: of nobody any more, or another subject's. */
type Standing = { readonly key: string; readonly retracted: boolean; readonly moved_to: string | null }

export type Sorted = {
  /** New events as what they have become. */
  readonly judged: readonly FreshEvent[]
  /** Keys of what was here before and was corrected now. */
  readonly targets: readonly string[]
}

/** An event whose key is new, with the id that its row gets. */
export type NewEvent = { readonly id: number; readonly event: CentralEvent }

/** Keeps the corrections among new events, and judges the new events by all that are known. */
export async function sortOut(sql: Sql, fresh: readonly NewEvent[], organization: number): Promise<Sorted> {
  const targets = await addCorrections(sql, fresh, organization)
  const standings = new Map((await standingsOf(sql, fresh.map(({ event }) => event.key), organization)).map(found => [found.key, found]))
  const own = new Set(fresh.map(({ event }) => event.key))
  return {
    judged: fresh.map(({ id, event }) => {
      const { retracted = false, moved_to: movedTo = null } = standings.get(event.key) ?? {}
      return { id, retracted, movedTo, sentSubject: event.subject, event: movedTo === null || retracted ? event : { ...event, subject: movedTo } }
    }),
    targets: targets.filter(key => !own.has(key)),
  }
}

async function addCorrections(sql: Sql, fresh: readonly NewEvent[], organization: number): Promise<readonly string[]> {
  const rows = fresh.flatMap(({ id, event: { key: by, atMs, correction, supersedes } }) => [
    ...(supersedes === null ? [] : [{ id, by, atMs, key: supersedes, kind: 'supersede', subject: null, reason: null }]),
    ...[...new Set(correction?.keys)].map(key => ({ id, by, atMs, key, kind: correction?.kind ?? '', subject: correction?.subject ?? null, reason: correction?.reason ?? null })),
  ]).filter(({ by, key }) => by !== key)
  if (rows.length === 0) return []
  await sql.query(
    `INSERT INTO correction (organization, key, event, by_key, kind, at, subject, reason)
    SELECT $8::int, key, event, by_key, kind, to_timestamp(at / 1000), subject, reason
    FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::float8[], $6::text[], $7::text[]) AS c (key, event, by_key, kind, at, subject, reason)
    ON CONFLICT DO NOTHING`,
    [rows.map(r => r.key), rows.map(r => r.id), rows.map(r => r.by), rows.map(r => r.kind), rows.map(r => r.atMs), rows.map(r => r.subject), rows.map(r => r.reason), organization],
  )
  return [...new Set(rows.map(({ key }) => key))]
}

const standingsOf = (sql: Sql, keys: readonly string[], organization: number): Promise<readonly Standing[]> =>
  sql.query(
    `SELECT key, bool_or(kind <> 'reassign') AS retracted,
      (array_agg(subject ORDER BY at DESC, by_key DESC) FILTER (WHERE kind = 'reassign'))[1] AS moved_to
    FROM correction WHERE organization = $2 AND key = ANY ($1::text[]) GROUP BY key`,
    [keys, organization],
  )

async function mark(sql: Sql, standings: readonly Standing[], organization: number): Promise<void> {
  await sql.query(
    `UPDATE event SET retracted = s.retracted, moved_to = s.moved_to
    FROM unnest($1::text[], $2::boolean[], $3::text[]) AS s (key, retracted, moved_to) WHERE event.organization = $4 AND event.key = s.key`,
    [standings.map(s => s.key), standings.map(s => s.retracted), standings.map(s => s.moved_to), organization],
  )
}

type Old = { readonly id: number; readonly type: string; readonly subject: string | null; readonly retracted: boolean; readonly moved_to: string | null }

/** Takes away, or hands over, the rows of events that were here before, and computes again what rested on them. */
export async function correct(sql: Sql, targets: readonly string[], organization: number): Promise<void> {
  if (targets.length === 0) return
  const standings = await standingsOf(sql, targets, organization)
  const before = await sql.query<Old & { key: string }>(
    `SELECT id::float8 AS id, key, type, coalesce(moved_to, subject) AS subject, retracted, moved_to FROM event
    WHERE organization = $2 AND key = ANY ($1::text[]) FOR UPDATE`,
    [targets, organization],
  )
  const byKey = new Map(standings.map(standing => [standing.key, standing]))
  const changed = before.flatMap(old => {
    const now = byKey.get(old.key)
    if (now === undefined || old.retracted || (!now.retracted && now.moved_to === old.moved_to)) return []
    return [{ ...old, to: now.retracted ? null : now.moved_to }]
  })
  if (changed.length === 0) return mark(sql, standings, organization)
  const gone = changed.filter(({ to }) => to === null).map(({ id }) => id)
  const moved = changed.filter(({ to }) => to !== null)
  for (const table of ['alerts', 'gap', 'device_metrics', 'system_metrics']) await sql.query(`DELETE FROM ${table} WHERE event = ANY ($1::bigint[])`, [gone])
  for (const table of ['alerts', 'gap']) {
    await sql.query(`UPDATE ${table} SET subject = m.subject FROM unnest($1::bigint[], $2::text[]) AS m (event, subject) WHERE ${table}.event = m.event`,
      [moved.map(({ id }) => id), moved.map(({ to }) => to)])
  }
  await correctVitalSigns(sql, changed.filter(({ type }) => type === 'vital-signs'))
  await mark(sql, standings, organization)
  const subjects = [...new Set(changed.flatMap(({ subject, to }) => [subject, to]).filter(name => name !== null))]
  await spanSubjects(sql, subjects, { organization, event: changed[0]?.id ?? 0 })
}

type Change = { readonly id: number; readonly to: string | null }

/** Values are found by the series and the minutes that their event names; there is no index by event. */
async function correctVitalSigns(sql: Sql, changed: readonly Change[]): Promise<void> {
  if (changed.length === 0) return
  const values = [changed.map(({ id }) => id), changed.map(({ to }) => to)]
  await sql.query(
    `INSERT INTO series (subject, metric, mdc, loinc, unit, values_present, values_absent, first_at, last_at, organization)
    SELECT DISTINCT ON (c.target, s.metric, s.unit) c.target, s.metric, s.mdc, s.loinc, s.unit, 0, 0, s.first_at, s.last_at, s.organization
    FROM unnest($1::bigint[], $2::text[]) AS c (event, target) JOIN event e ON e.id = c.event JOIN series s ON s.id = e.series
    WHERE c.target IS NOT NULL ORDER BY c.target, s.metric, s.unit ON CONFLICT DO NOTHING`,
    values,
  )
  // What is of nobody any more stands in no table of values; what it said stays with the event.
  await sql.query('UPDATE event SET data = event_data(event) WHERE id = ANY ($1::bigint[])', [changed.filter(({ to }) => to === null).map(({ id }) => id)])
  const moves = await sql.query<{ series: number; at: number; to_series: number | null }>(
    `WITH place AS MATERIALIZED (
      SELECT c.event, s.id AS series, target.id AS to_series, date_trunc('minute', e.at + e.t_from * INTERVAL '1 millisecond', 'UTC') AS first_at,
        e.at + e.t_to * INTERVAL '1 millisecond' AS last_at
      FROM unnest($1::bigint[], $2::text[]) AS c (event, target) JOIN event e ON e.id = c.event JOIN series s ON s.id = e.series
        LEFT JOIN series target ON target.organization = s.organization AND target.subject = c.target AND target.metric = s.metric AND target.unit = s.unit
    ), named AS (
      UPDATE event SET series = p.to_series FROM place p WHERE event.id = p.event
    ), taken AS (
      DELETE FROM vital_signs_timeseries v USING place p
      WHERE v.series = p.series AND v.time BETWEEN p.first_at AND p.last_at AND v.event = p.event
      RETURNING v.*, p.to_series
    ), given AS (
      INSERT INTO vital_signs_timeseries (time, event, series, organization, t, v, q)
      SELECT time, event, to_series, organization, t, v, q FROM taken WHERE to_series IS NOT NULL
    )
    SELECT DISTINCT series, to_series, (extract(epoch FROM time) * 1000)::float8 AS at FROM taken`,
    values,
  )
  const touched = moves.flatMap(({ series, to_series, at }) => [{ series, at }, ...(to_series === null ? [] : [{ series: to_series, at }])])
  await recompute(sql, { series: touched.map(({ series }) => series), atMs: touched.map(({ at }) => at) })
  await recount(sql, [...new Set(touched.map(({ series }) => series))])
}

/** Totals and spans of series, from the values themselves; a series of none is none, unless hours are left of values that were too old to be kept. */
async function recount(sql: Sql, series: readonly number[]): Promise<void> {
  await sql.query(
    `UPDATE series SET values_present = c.present, values_absent = c.absent, first_at = c.first_at, last_at = c.last_at
    FROM (SELECT series, count(value) AS present, count(*) - count(value) AS absent, min(time) AS first_at, max(time) AS last_at
      FROM vital_sign_value WHERE series = ANY ($1::int[]) GROUP BY series) c WHERE series.id = c.series`,
    [series],
  )
  await sql.query(
    `DELETE FROM series WHERE id = ANY ($1::int[]) AND NOT EXISTS (SELECT 1 FROM vital_signs_timeseries v WHERE v.series = series.id)
      AND NOT EXISTS (SELECT 1 FROM vital_signs_hour h WHERE h.series = series.id)`,
    [series],
  )
}

type Corrected = { readonly organization: number; /** One of the events that were corrected: new subjects are of its lane. */ readonly event: number }

/** First and last of subjects, from what stands of them; a patient of whom nothing stands is none. */
async function spanSubjects(sql: Sql, subjects: readonly string[], { organization, event }: Corrected): Promise<void> {
  const spans = `SELECT subject, min(first_at) AS first_at, max(last_at) AS last_at FROM (
      SELECT s.subject, s.first_at, s.last_at FROM series s WHERE s.organization = $2 AND s.subject = ANY ($1::text[])
      UNION ALL
      SELECT coalesce(e.moved_to, e.subject), e.at, e.at FROM event e
      WHERE e.organization = $2 AND coalesce(e.moved_to, e.subject) = ANY ($1::text[]) AND NOT e.retracted
        AND e.type <> 'vital-signs' AND e.type IN ('lab-results', 'medications', 'visit', 'prescription', 'procedure', 'note')
    ) s GROUP BY subject`
  await sql.query(
    `INSERT INTO subject (organization, subject, first_at, last_at, lane)
    SELECT $2::int, subject, first_at, last_at, (SELECT b.lane FROM event e JOIN batch b ON b.id = e.batch WHERE e.id = $3) FROM (${spans}) spans
    ON CONFLICT (organization, subject) DO UPDATE SET first_at = excluded.first_at, last_at = excluded.last_at`,
    [subjects, organization, event],
  )
  await sql.query(
    `DELETE FROM subject WHERE organization = $2 AND subject = ANY ($1::text[]) AND subject NOT IN (SELECT subject FROM (${spans}) spans)`,
    [subjects, organization],
  )
}
