/**
 * Roll-ups by minute and hour, and by day over the hours. New values, early or late, are merged into their buckets; merging is the same in whatever order. What
 * corrections took away cannot be taken out of a least and a greatest, so those buckets are computed again from the values that are left.
 */

import type { Sql } from './sql.ts'

/** Values of one bucket; `total` in millionths, a whole number. `minutes`: how many minutes of it had no value before and have one now. */
export type Bucket = { readings: number; minutes: number; total: number; low: number; high: number; lastAtMs: number; last: number }

/** Buckets by series, then by the time they begin, in ms. */
export type Buckets = Map<number, Map<number, Bucket>>

export const GRAINS = [
  { table: 'vital_signs_minute', unit: 'minute', ms: 60_000 },
  { table: 'vital_signs_hour', unit: 'hour', ms: 3_600_000 },
  { table: 'vital_signs_day', unit: 'day', ms: 86_400_000 },
] as const

/** A demonstration or a test of the device (quality 100 and more) is nobody's vital sign. */
const isNobodys = (quality: number | string): boolean => (typeof quality === 'number' ? quality >= 100 : /^[1-9]\d\d/.test(quality))
const BELIEVED = `value IS NOT NULL AND quality !~ '^[1-9][0-9]{2}'`

export const millionths = (value: number): number => Math.floor(value * 1e6 + 0.5)

export type Value = { readonly atMs: number; readonly value: number | null; readonly quality: number | string }

/** Adds one value to the bucket of its minute. */
export function countIn(minutes: Buckets, series: number, { atMs, value, quality }: Value): void {
  if (value === null || isNobodys(quality)) return
  merge(minutes, series, Math.floor(atMs / 60_000) * 60_000, { readings: 1, minutes: 0, total: millionths(value), low: value, high: value, lastAtMs: atMs, last: value })
}

function merge(buckets: Buckets, series: number, startMs: number, added: Bucket): void {
  let ofSeries = buckets.get(series)
  if (ofSeries === undefined) buckets.set(series, (ofSeries = new Map()))
  const bucket = ofSeries.get(startMs)
  if (bucket === undefined) {
    ofSeries.set(startMs, { ...added })
    return
  }
  bucket.readings += added.readings
  bucket.minutes += added.minutes
  bucket.total += added.total
  bucket.low = Math.min(bucket.low, added.low)
  bucket.high = Math.max(bucket.high, added.high)
  if (added.lastAtMs > bucket.lastAtMs || (added.lastAtMs === bucket.lastAtMs && added.last > bucket.last)) {
    bucket.lastAtMs = added.lastAtMs
    bucket.last = added.last
  }
}

function coarser(buckets: Buckets, ms: number): Buckets {
  const coarse: Buckets = new Map()
  for (const [series, starts] of buckets) for (const [startMs, bucket] of starts) merge(coarse, series, Math.floor(startMs / ms) * ms, bucket)
  return coarse
}

/** Those that are written; a day is a view. */
const KEPT = GRAINS.filter(({ unit }) => unit !== 'day')

const COLUMNS = 'readings, total, low, high, last_at, last'

/** `minutes` is a column of hours and days alone. Answers what is in each bucket now. */
const upsertOf = ({ table, unit }: Grain): string => {
  const [minutes, more] = unit === 'minute' ? ['', ''] : [', minutes', ', minutes = b.minutes + excluded.minutes']
  return `INSERT INTO ${table} AS b (series, organization, time, ${COLUMNS}${minutes})
  SELECT series, $10::int, to_timestamp(at / 1000), readings, total, low, high, to_timestamp(last_at / 1000), last${minutes}
  FROM unnest($1::int[], $2::float8[], $3::int[], $4::float8[], $5::float8[], $6::float8[], $7::float8[], $8::float8[], $9::int[])
    AS r (series, at, ${COLUMNS}, minutes)
  ORDER BY series, at
  ON CONFLICT (series, time) DO UPDATE SET readings = b.readings + excluded.readings, total = b.total + excluded.total${more},
    low = least(b.low, excluded.low), high = greatest(b.high, excluded.high), last_at = greatest(b.last_at, excluded.last_at),
    last = CASE WHEN (excluded.last_at, excluded.last) > (b.last_at, b.last) THEN excluded.last ELSE b.last END
  RETURNING series, (extract(epoch FROM time) * 1000)::float8 AS at, readings`
}

/** Merges minutes, and the hours over them, into what is there. */
export async function addRollUps(sql: Sql, organization: number, minutes: Buckets): Promise<void> {
  let buckets = minutes
  for (const grain of KEPT) {
    buckets = coarser(buckets, grain.ms)
    const rows = [...buckets].flatMap(([series, starts]) => [...starts].map(([startMs, bucket]) => ({ series, startMs, ...bucket })))
    if (rows.length === 0) return
    const kept = await sql.query<{ series: number; at: number; readings: number }>(upsertOf(grain), [
      rows.map(r => r.series), rows.map(r => r.startMs), rows.map(r => r.readings), rows.map(r => r.total), rows.map(r => r.low),
      rows.map(r => r.high), rows.map(r => r.lastAtMs), rows.map(r => r.last), rows.map(r => r.minutes), organization,
    ])
    if (grain.unit === 'minute') markNew(buckets, kept)
  }
}

/** A minute that holds what we brought and no more was not there before. */
function markNew(minutes: Buckets, kept: readonly { readonly series: number; readonly at: number; readonly readings: number }[]): void {
  for (const { series, at, readings } of kept) {
    const bucket = minutes.get(series)?.get(at)
    if (bucket !== undefined) bucket.minutes = bucket.readings === readings ? 1 : 0
  }
}

/** What buckets are of values (`source` names them v), as a SELECT. */
const ofValues = (unit: string, source: string): string => `SELECT v.series, min(v.organization) AS organization, date_trunc('${unit}', v.time, 'UTC') AS time,
  count(*)::int AS readings, sum(floor(v.value * 1e6 + 0.5)) AS total, min(v.value) AS low, max(v.value) AS high, max(v.time) AS last_at,
  (array_agg(v.value ORDER BY v.time DESC, v.value DESC))[1] AS last, count(DISTINCT date_trunc('minute', v.time, 'UTC'))::int AS minutes
  FROM ${source} WHERE ${BELIEVED} GROUP BY 1, 3`

export type Grain = (typeof GRAINS)[number]

const shown = (unit: string, source: string): string => `SELECT s.metric, s.unit, b.time, b.readings, b.low AS min, b.high AS max, b.total / b.readings / 1e6 AS mean, b.last${unit === 'minute' ? '' : ', b.minutes'}
  FROM series s JOIN ${source} b ON b.series = s.id WHERE s.subject = $1 ORDER BY s.metric, s.unit, b.time LIMIT $2`

/** Buckets of one subject, as they are kept. */
export const keptOf = ({ table, unit }: Grain): string => shown(unit, table)

/** The same, computed from the single values: slow, and the proof of the other. */
export const recomputedOf = ({ unit }: Grain): string =>
  shown(unit, `(${ofValues(unit, 'vital_sign_value v')} HAVING v.series IN (SELECT id FROM series WHERE subject = $1))`)

export type Touched = { readonly series: readonly number[]; readonly atMs: readonly number[] }

/** Computes the buckets of these series and times again. A row of values is of one minute, so it lies in a bucket as a whole. */
export async function recompute(sql: Sql, { series, atMs }: Touched): Promise<void> {
  for (const { table, unit, ms } of KEPT) {
    const buckets = `SELECT DISTINCT series, date_trunc('${unit}', to_timestamp(at / 1000), 'UTC') AS start
      FROM unnest($1::int[], $2::float8[]) AS t (series, at)`
    await sql.query(`DELETE FROM ${table} b USING (${buckets}) touched WHERE b.series = touched.series AND b.time = touched.start`, [series, atMs])
    await sql.query(
      `INSERT INTO ${table} (series, organization, time, ${COLUMNS}${unit === 'minute' ? '' : ', minutes'})
      SELECT series, organization, time, ${COLUMNS}${unit === 'minute' ? '' : ', minutes'} FROM (${ofValues(unit, `(SELECT r.series, r.organization, r.time + x.t * INTERVAL '1 millisecond' AS time, x.value, coalesce(x.quality, r.q[1]) AS quality
        FROM (${buckets}) touched JOIN vital_signs_timeseries r ON r.series = touched.series AND r.time >= touched.start
          AND r.time < touched.start + INTERVAL '${ms / 1_000} seconds' CROSS JOIN LATERAL unnest(r.t, r.v, r.q) AS x (t, value, quality)) v`)}) b`,
      [series, atMs],
    )
  }
}
