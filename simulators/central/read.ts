/** What central holds, as its read API and its pages show it (contract with central §3). Names are wire names; times are Dates. */

import { z } from 'zod'
import { centralLimits } from '../../src/limits.ts'
import type { Sql } from './sql.ts'

const { rowsPerPageMax, skippedRowsMax, trendDaysMax } = centralLimits

// Query strings arrive as text: '' and ' ' are not 0.
const whole = (low: number, high: number) => z.string().regex(/^\d{1,9}$/, 'a whole number').transform(Number).pipe(z.number().min(low).max(high))
export const PageShape = z.object({ skip: whole(0, skippedRowsMax).default(0), limit: whole(1, rowsPerPageMax).default(100) })
export type Page = z.output<typeof PageShape>
export const TrendShape = z.object({ patient_id: z.string().min(1).max(200), days: whole(1, trendDaysMax).default(7) })

export type Count = { readonly subject: string; readonly metric: string; readonly values: number }
export type BatchRow = {
  readonly batchId: string; readonly receivedAt: Date; readonly metadata: Readonly<Record<string, unknown>>; readonly sha256: string; readonly bytes: number
  readonly accepted: number; readonly duplicates: number; readonly repeats: number; readonly rejected: readonly unknown[]
}
export type Patient = {
  readonly id: string; readonly patient_id: string; readonly first_at: Date; readonly last_at: Date; readonly metrics: number; readonly values: number
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
}

// ── Counts and batches ───────────────────────────────────────────────────────────────────────────────────────────────

/** Values that are not null, from the totals kept with each series. */
export const countsOf = (sql: Sql): Promise<readonly Count[]> =>
  sql.query(`SELECT subject, metric, sum(values_present)::float8 AS values FROM series GROUP BY subject, metric ORDER BY subject, metric`)

/** The same, by counting the rows themselves: slow, and the proof of the other. */
export const recountOf = (sql: Sql): Promise<readonly Count[]> =>
  sql.query(
    `SELECT subject, metric, count(v.value)::float8 AS values FROM series LEFT JOIN vital_sign_value v ON v.series = series.id
    GROUP BY subject, metric ORDER BY subject, metric`,
  )

export const batchesOf = (sql: Sql, { skip, limit }: Page): Promise<readonly BatchRow[]> =>
  sql.query(
    `SELECT batch_id AS "batchId", received_at AS "receivedAt", metadata, sha256, bytes, accepted, duplicates, repeats, rejected
    FROM batch ORDER BY id DESC LIMIT $1 OFFSET $2`,
    [limit, skip],
  )

export const eventsOf = (sql: Sql, { skip, limit }: Page, subject: string | null): Promise<readonly EventRow[]> =>
  sql.query(
    `SELECT event.key, event.type, event.subject, event.at AS timestamp, event.data, batch.batch_id AS "batchId"
    FROM event JOIN batch ON batch.id = event.batch WHERE $3::text IS NULL OR event.subject = $3 ORDER BY event.id DESC LIMIT $1 OFFSET $2`,
    [limit, skip, subject],
  )

export const eventsByType = (sql: Sql): Promise<readonly { readonly type: string; readonly events: number }[]> =>
  sql.query('SELECT type, count(*)::float8 AS events FROM event GROUP BY type ORDER BY type')

export type Totals = {
  readonly batches: number; readonly repeatedBatches: number; readonly events: number; readonly duplicates: number; readonly rejected: number
  readonly lastReceivedAt: Date | null; readonly lastEventAt: Date | null
}

export async function totalsOf(sql: Sql): Promise<Totals> {
  const [totals] = await sql.query<Totals>(
    `SELECT count(*)::float8 AS batches, coalesce(sum(repeats), 0)::float8 AS "repeatedBatches", coalesce(sum(accepted - duplicates), 0)::float8 AS events,
      coalesce(sum(duplicates), 0)::float8 AS duplicates, coalesce(sum(jsonb_array_length(rejected)), 0)::float8 AS rejected,
      max(received_at) AS "lastReceivedAt", (SELECT max(at) FROM event) AS "lastEventAt" FROM batch`,
  )
  if (totals === undefined) throw new Error('an aggregate always has a row')
  return totals
}

// ── Patients and their vital signs ───────────────────────────────────────────────────────────────────────────────────

const PATIENTS = `SELECT subject.subject AS id, subject.subject AS patient_id, subject.first_at, subject.last_at,
  count(DISTINCT series.metric)::int AS metrics, coalesce(sum(series.values_present), 0)::float8 AS values
  FROM subject LEFT JOIN series ON series.subject = subject.subject`

export const patientsOf = (sql: Sql, { skip, limit }: Page): Promise<readonly Patient[]> =>
  sql.query(`${PATIENTS} GROUP BY subject.subject ORDER BY subject.subject LIMIT $1 OFFSET $2`, [limit, skip])

export async function patientOf(sql: Sql, id: string): Promise<Patient | null> {
  const [patient] = await sql.query<Patient>(`${PATIENTS} WHERE subject.subject = $1 GROUP BY subject.subject`, [id])
  return patient ?? null
}

/** Newest first. The newest few of each series are enough, and its index has them in order. */
export const vitalSignsOf = (sql: Sql, subject: string, { skip, limit }: Page): Promise<readonly VitalSign[]> =>
  sql.query(
    `SELECT at AS timestamp, metric, mdc::float8 AS mdc, loinc, unit, value, quality FROM series
    CROSS JOIN LATERAL (SELECT at, value, quality FROM vital_sign_value v WHERE v.series = series.id ORDER BY at DESC LIMIT $2::int + $3::int) v
    WHERE subject = $1 ORDER BY at DESC, metric LIMIT $2::int OFFSET $3::int`,
    [subject, limit, skip],
  )

/** The newest row of each series: of one subject, or of all that `limit` allows. */
export const latestOf = (sql: Sql, subject: string | null, limit: number = rowsPerPageMax): Promise<readonly (VitalSign & { readonly patient_id: string })[]> =>
  sql.query(
    `SELECT series.subject AS patient_id, last.at AS timestamp, metric, mdc::float8 AS mdc, loinc, unit, last.value, last.quality
    FROM (SELECT * FROM series WHERE $1::text IS NULL OR subject = $1 ORDER BY last_at DESC LIMIT $2) series
    CROSS JOIN LATERAL (SELECT at, value, quality FROM vital_sign_value v WHERE v.series = series.id ORDER BY at DESC LIMIT 1) last
    ORDER BY series.subject, metric`,
    [subject, limit],
  )

/** Hours of the last `days` before the subject's newest value, not before now: a replayed recording lies in another year. */
export const trendsOf = (sql: Sql, subject: string, days: number): Promise<readonly unknown[]> =>
  sql.query(
    `SELECT metric, unit, date_trunc('hour', at, 'UTC') AS hour, count(value)::int AS values, min(value) AS min, max(value) AS max, avg(value) AS mean
    FROM (SELECT *, max(last_at) OVER () AS newest FROM series WHERE subject = $1) series
    JOIN vital_sign_value v ON v.series = series.id AND v.at > series.newest - make_interval(days => $2::int)
    GROUP BY metric, unit, date_trunc('hour', at, 'UTC') ORDER BY metric, unit, hour`,
    [subject, days],
  )

// ── Alerts ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Each alert as its newest event left it, newest first. Events may come late, so their own time decides, then arrival. */
export const alertsOf = (sql: Sql, { skip, limit }: Page, subject: string | null): Promise<readonly AlertRow[]> =>
  sql.query(
    `SELECT * FROM (
      SELECT DISTINCT ON (alert_id) alert_id, subject AS patient_id, min(at) OVER (PARTITION BY alert_id) AS started_at, at AS timestamp,
        phase, state, severity, priority, type, rule, version, because
      FROM alert WHERE $3::text IS NULL OR subject = $3 ORDER BY alert_id, at DESC, event DESC
    ) folded ORDER BY timestamp DESC, alert_id LIMIT $1 OFFSET $2`,
    [limit, skip, subject],
  )

export async function summaryOf(sql: Sql): Promise<object> {
  const [counted] = await sql.query<{ patients: number; values: number; absent: number; first_at: Date | null; last_at: Date | null }>(
    `SELECT (SELECT count(*) FROM subject)::int AS patients, coalesce(sum(values_present), 0)::float8 AS values,
      coalesce(sum(values_absent), 0)::float8 AS absent,
      min(first_at) AS first_at, max(last_at) AS last_at FROM series`,
  )
  const open = await sql.query<{ severity: string; alerts: number }>(
    `SELECT severity, count(*)::int AS alerts FROM (SELECT DISTINCT ON (alert_id) severity, state FROM alert ORDER BY alert_id, at DESC, event DESC) folded
    WHERE state <> 'inactive' GROUP BY severity ORDER BY severity`,
  )
  return { ...counted, open_alerts: Object.fromEntries(open.map(({ severity, alerts }) => [severity, alerts])) }
}

/** No model runs here: `sepsis_detection` is null, and what a model would rest on is shown instead. */
export const predictionsOf = async (sql: Sql, subject: string): Promise<object> => ({
  patient_id: subject,
  sepsis_detection: null,
  why: 'No calibrated model is switched on; a score divided by its maximum is not a probability.',
  rests_on: {
    vital_signs: await latestOf(sql, subject),
    alerts: (await alertsOf(sql, { skip: 0, limit: 20 }, subject)).filter(({ state }) => state !== 'inactive'),
  },
})
