/** What central holds, as its read API and its pages show it (contract with central §3). Names are wire names; times are Dates. */

import { z } from 'zod'
import { centralLimits } from '../../src/limits.ts'
import { GRAINS, keptOf, recomputedOf } from './roll-ups.ts'
import type { Sql } from './sql.ts'

/** Who asks sees through this what is his. */
export type Reads = Pick<Sql, 'query'>

const { rowsPerPageMax, skippedRowsMax, trendDaysMax, completenessHoursMax, alarmLoadDaysMax } = centralLimits

// Query strings arrive as text: '' and ' ' are not 0.
const whole = (low: number, high: number) => z.string().regex(/^\d{1,9}$/, 'a whole number').transform(Number).pipe(z.number().min(low).max(high))
export const PageShape = z.object({ skip: whole(0, skippedRowsMax).default(0), limit: whole(1, rowsPerPageMax).default(100) })
export type Page = z.output<typeof PageShape>
export const TrendShape = z.object({ patient_id: z.string().min(1).max(200), days: whole(1, trendDaysMax).default(7) })

export const CompletenessShape = z.object({ hours: whole(1, completenessHoursMax).default(24) })
export const AlarmLoadShape = z.object({ days: whole(1, alarmLoadDaysMax).default(7) })

export type Count = { readonly subject: string; readonly metric: string; readonly values: number }
export type BatchRow = {
  readonly batchId: string; readonly receivedAt: Date; readonly metadata: Readonly<Record<string, unknown>>; readonly sha256: string; readonly bytes: number
  readonly accepted: number; readonly duplicates: number; readonly repeats: number; readonly rejected: readonly unknown[]
}
export type Patient = {
  readonly id: string; readonly patient_id: string; readonly lane: string; readonly first_at: Date; readonly last_at: Date; readonly metrics: number; readonly values: number
}
export type VitalSign = {
  readonly timestamp: Date; readonly metric: string; readonly mdc: number; readonly loinc: string | null; readonly unit: string
  readonly value: number | null; readonly quality: string
}
export type AlertRow = {
  readonly alert_id: string; readonly patient_id: string; readonly started_at: Date; readonly timestamp: Date
  readonly phase: string; readonly state: string; readonly severity: string
  readonly priority: string; readonly type: string; readonly rule: string; readonly version: string; readonly because: unknown
}
export type EventRow = {
  readonly key: string; readonly type: string; readonly subject: string | null; readonly timestamp: Date; readonly data: unknown; readonly batchId: string
  readonly retracted: boolean; readonly moved_to: string | null
}

// ── Counts and batches ───────────────────────────────────────────────────────────────────────────────────────────────

/** Values that are not null, from the totals kept with each series. */
export const countsOf = (sql: Reads): Promise<readonly Count[]> =>
  sql.query(`SELECT subject, metric, sum(values_present)::float8 AS values FROM series GROUP BY subject, metric ORDER BY subject, metric`)

/** The same, by counting the rows themselves: slow, and the proof of the other. */
export const recountOf = (sql: Reads): Promise<readonly Count[]> =>
  sql.query(
    `SELECT subject, metric, count(v.value)::float8 AS values FROM series LEFT JOIN vital_sign_value v ON v.series = series.id
    GROUP BY subject, metric ORDER BY subject, metric`,
  )

export const batchesOf = (sql: Reads, { skip, limit }: Page): Promise<readonly BatchRow[]> =>
  sql.query(
    `SELECT batch_id AS "batchId", received_at AS "receivedAt", metadata, sha256, bytes, accepted, duplicates, repeats, rejected
    FROM batch ORDER BY id DESC LIMIT $1 OFFSET $2`,
    [limit, skip],
  )

export const eventsOf = (sql: Reads, { skip, limit }: Page, subject: string | null): Promise<readonly EventRow[]> =>
  sql.query(
    `SELECT event.key, event.type, event.subject, event.at AS timestamp, event_data(event) AS data, event.retracted, event.moved_to,
      batch.batch_id AS "batchId"
    FROM event JOIN batch ON batch.id = event.batch WHERE $3::text IS NULL OR coalesce(event.moved_to, event.subject) = $3
    ORDER BY event.id DESC LIMIT $1 OFFSET $2`,
    [limit, skip, subject],
  )

export const eventsByType = (sql: Reads): Promise<readonly { readonly type: string; readonly events: number }[]> =>
  sql.query('SELECT type, count(*)::float8 AS events FROM event GROUP BY type ORDER BY type')

export type Totals = {
  readonly batches: number; readonly repeatedBatches: number; readonly events: number; readonly duplicates: number; readonly rejected: number
  readonly lastReceivedAt: Date | null; readonly lastEventAt: Date | null
}

export async function totalsOf(sql: Reads): Promise<Totals> {
  const [totals] = await sql.query<Totals>(
    `SELECT count(*)::float8 AS batches, coalesce(sum(repeats), 0)::float8 AS "repeatedBatches", coalesce(sum(accepted - duplicates), 0)::float8 AS events,
      coalesce(sum(duplicates), 0)::float8 AS duplicates, coalesce(sum(jsonb_array_length(rejected)), 0)::float8 AS rejected,
      max(received_at) AS "lastReceivedAt",
      (SELECT max(last_event_at) FROM gateway WHERE lane = 'live') AS "lastEventAt" FROM batch`,
  )
  if (totals === undefined) throw new Error('an aggregate always has a row')
  return totals
}

// ── Patients and their vital signs ───────────────────────────────────────────────────────────────────────────────────

const PATIENTS = `SELECT subject.subject AS id, subject.subject AS patient_id, subject.lane, subject.first_at, subject.last_at,
  count(DISTINCT series.metric)::int AS metrics, coalesce(sum(series.values_present), 0)::float8 AS values
  FROM subject LEFT JOIN series ON series.organization = subject.organization AND series.subject = subject.subject`

export const patientsOf = (sql: Reads, { skip, limit }: Page): Promise<readonly Patient[]> =>
  sql.query(`${PATIENTS} GROUP BY subject.organization, subject.subject ORDER BY subject.subject LIMIT $1 OFFSET $2`, [limit, skip])

export async function patientOf(sql: Reads, id: string): Promise<Patient | null> {
  const [patient] = await sql.query<Patient>(`${PATIENTS} WHERE subject.subject = $1 GROUP BY subject.organization, subject.subject`, [id])
  return patient ?? null
}

/** Newest first. The newest few rows of each series are enough: each holds a value at least, and all of one minute are among them or none. */
export const vitalSignsOf = (sql: Reads, subject: string, { skip, limit }: Page): Promise<readonly VitalSign[]> =>
  sql.query(
    `SELECT v.time + x.t * INTERVAL '1 millisecond' AS timestamp, metric, mdc::float8 AS mdc, loinc, unit, x.value, coalesce(x.quality, v.q[1]) AS quality
    FROM series
    CROSS JOIN LATERAL (SELECT time, t, v, q FROM vital_signs_timeseries v WHERE v.series = series.id
      ORDER BY time DESC FETCH FIRST ($2::int + $3::int) ROWS WITH TIES) v
    CROSS JOIN LATERAL unnest(v.t, v.v, v.q) AS x (t, value, quality)
    WHERE subject = $1 ORDER BY timestamp DESC, metric LIMIT $2::int OFFSET $3::int`,
    [subject, limit, skip],
  )

/** The newest value of each series: of one subject, or of all of the live lane that `limit` allows. */
export const latestOf = (sql: Reads, subject: string | null, limit: number = rowsPerPageMax): Promise<readonly (VitalSign & { readonly patient_id: string })[]> =>
  sql.query(
    `SELECT series.subject AS patient_id, last.at AS timestamp, metric, mdc::float8 AS mdc, loinc, unit, last.value, last.quality
    FROM (SELECT series.* FROM series JOIN subject USING (organization, subject)
        WHERE CASE WHEN $1::text IS NULL THEN subject.lane = 'live' ELSE series.subject = $1 END ORDER BY series.last_at DESC LIMIT $2) series
    CROSS JOIN LATERAL (SELECT v.time + x.t * INTERVAL '1 millisecond' AS at, x.value, coalesce(x.quality, v.q[1]) AS quality
      FROM (SELECT time, t, v, q FROM vital_signs_timeseries v WHERE v.series = series.id ORDER BY time DESC FETCH FIRST 1 ROW WITH TIES) v
        CROSS JOIN LATERAL unnest(v.t, v.v, v.q) AS x (t, value, quality)
      ORDER BY at DESC LIMIT 1) last
    ORDER BY series.subject, metric`,
    [subject, limit],
  )

/** Hours of the last `days` before the subject's newest value, not before now: a replayed recording lies in another year. */
export const trendsOf = (sql: Reads, subject: string, days: number): Promise<readonly unknown[]> =>
  sql.query(
    `WITH span AS (SELECT date_trunc('hour', max(last_at), 'UTC') + INTERVAL '1 hour' AS until, max(last_at) - make_interval(days => $2::int) AS since
        FROM series WHERE subject = $1),
      complete AS MATERIALIZED (SELECT c.* FROM span CROSS JOIN LATERAL completeness(date_trunc('hour', since, 'UTC'), until, ARRAY[$1]) c)
    SELECT s.metric, s.unit, b.time AS hour, b.readings AS values, b.low AS min, b.high AS max, b.total / b.readings / 1e6 AS mean, b.last,
      c.percent AS completeness
    FROM span CROSS JOIN series s JOIN vital_signs_hour b ON b.series = s.id AND b.time > span.since
      LEFT JOIN complete c ON c.organization = s.organization AND c.metric = s.metric AND c.unit = s.unit AND c.time = b.time
    WHERE s.subject = $1 ORDER BY s.metric, s.unit, b.time`,
    [subject, days],
  )

export type MinuteRow = { readonly metric: string; readonly unit: string; readonly time: Date; readonly min: number; readonly max: number; readonly mean: number }

/** The minutes of the last six hours before the subject's newest value. */
export const newestMinutesOf = (sql: Reads, subject: string): Promise<readonly MinuteRow[]> =>
  sql.query(
    `SELECT s.metric, s.unit, b.time, b.low AS min, b.high AS max, b.total / b.readings / 1e6 AS mean FROM series s
    JOIN vital_signs_minute b ON b.series = s.id AND b.time > (SELECT max(last_at) FROM series WHERE subject = $1) - INTERVAL '6 hours'
    WHERE s.subject = $1 ORDER BY s.metric, s.unit, b.time LIMIT $2`,
    [subject, PLOTTED_MINUTES_MAX],
  )

const PLOTTED_MINUTES_MAX = 10_000

export const RollUpShape = z.object({
  patient_id: z.string().min(1).max(200),
  grain: z.enum(['minute', 'hour', 'day']).default('hour'),
  recount: z.enum(['true', 'false']).default('false'),
  limit: whole(1, rowsPerPageMax).default(rowsPerPageMax),
})

export const rollUpsOf = (sql: Reads, { patient_id, grain, recount, limit }: z.output<typeof RollUpShape>): Promise<readonly unknown[]> =>
  sql.query(GRAINS.filter(({ unit }) => unit === grain).map(recount === 'true' ? recomputedOf : keptOf).join(''), [patient_id, limit])

// ── Alerts ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Newest first. */
export const alertsOf = (sql: Reads, { skip, limit }: Page, subject: string | null): Promise<readonly AlertRow[]> =>
  sql.query(
    `SELECT alert_id, subject AS patient_id, started_at, time AS timestamp, phase, state, severity, priority, type, rule, version, because
    FROM alert_now WHERE $3::text IS NULL OR subject = $3 ORDER BY timestamp DESC, alert_id LIMIT $1 OFFSET $2`,
    [limit, skip, subject],
  )

export async function summaryOf(sql: Reads): Promise<object> {
  const [counted] = await sql.query<{ patients: number; values: number; absent: number; first_at: Date | null; last_at: Date | null }>(
    `SELECT (SELECT count(*) FROM subject)::int AS patients, coalesce(sum(values_present), 0)::float8 AS values,
      coalesce(sum(values_absent), 0)::float8 AS absent,
      min(first_at) AS first_at, max(last_at) AS last_at FROM series`,
  )
  const open = await sql.query<{ severity: string; alerts: number }>(
    "SELECT severity, count(*)::int AS alerts FROM alert_now WHERE state <> 'inactive' GROUP BY severity ORDER BY severity",
  )
  return { ...counted, open_alerts: Object.fromEntries(open.map(({ severity, alerts }) => [severity, alerts])) }
}

/** No model runs here: `sepsis_detection` is null, and what a model would rest on is shown instead. */
export const predictionsOf = async (sql: Reads, subject: string): Promise<object> => ({
  patient_id: subject,
  sepsis_detection: null,
  why: 'No calibrated model is switched on; a score divided by its maximum is not a probability.',
  rests_on: {
    vital_signs: await latestOf(sql, subject),
    alerts: (await alertsOf(sql, { skip: 0, limit: 20 }, subject)).filter(({ state }) => state !== 'inactive'),
  },
})
