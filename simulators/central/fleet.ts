/** The gateways, as what they send shows them: one row for each and lane. */

import type { Batch } from './ingest.ts'
import type { Page } from './read.ts'
import type { Reads } from './read.ts'
import type { Sql } from './sql.ts'

type Counted = { readonly organization: number; readonly receivedAtMs: number; readonly fresh: number; readonly duplicates: number }

export async function noteGateway(sql: Sql, batch: Batch, { organization, receivedAtMs, fresh, duplicates }: Counted): Promise<void> {
  const newestMs = batch.events.reduce((newest, { atMs }) => Math.max(newest, atMs), Number.NEGATIVE_INFINITY)
  await sql.query(
    `INSERT INTO gateway AS g (organization, gateway, lane, version, epoch, first_seen_at, last_seen_at, last_event_at, batches, events, duplicates, rejected, bytes)
    VALUES ($1, $2, $3, $4, $5, to_timestamp($6::float8 / 1000), to_timestamp($6::float8 / 1000), to_timestamp($7::float8 / 1000), 1, $8, $9, $10, $11)
    ON CONFLICT (organization, gateway, lane) DO UPDATE SET version = coalesce(excluded.version, g.version), epoch = excluded.epoch,
      last_seen_at = greatest(g.last_seen_at, excluded.last_seen_at), last_event_at = greatest(g.last_event_at, excluded.last_event_at),
      batches = g.batches + 1, events = g.events + excluded.events, duplicates = g.duplicates + excluded.duplicates,
      rejected = g.rejected + excluded.rejected, bytes = g.bytes + excluded.bytes`,
    [
      organization, batch.gatewayId, batch.lane, batch.version, batch.epoch, receivedAtMs, Number.isFinite(newestMs) ? newestMs : null,
      fresh, duplicates, batch.rejected.length, batch.bytes,
    ],
  )
}

export type GatewayRow = {
  readonly organization: string; readonly gateway: string; readonly lane: string; readonly version: string | null
  readonly first_seen_at: Date; readonly last_seen_at: Date
  /** How far behind the newest event was when it came; null in the release lane, whose times are nobody's. */
  readonly lag_s: number | null
  readonly batches: number; readonly events: number; readonly duplicates: number; readonly rejected: number; readonly bytes: number
}

/** Those that were silent longest come first. Of the release lane each release has a name of its own, so only the live lane has gateways that last. */
export const fleetOf = (sql: Reads, { skip, limit }: Page, lane: 'live' | null = null): Promise<readonly GatewayRow[]> =>
  sql.query(
    `SELECT o.name AS organization, g.gateway, g.lane, g.version, g.first_seen_at, g.last_seen_at,
      CASE WHEN g.lane = 'live' THEN greatest(0, extract(epoch FROM g.last_seen_at - g.last_event_at))::float8 END AS lag_s,
      g.batches::float8 AS batches, g.events::float8 AS events, g.duplicates::float8 AS duplicates, g.rejected::float8 AS rejected, g.bytes::float8 AS bytes
    FROM gateway g JOIN organization o ON o.id = g.organization WHERE $3::text IS NULL OR g.lane = $3
    ORDER BY g.last_seen_at, o.name, g.gateway, g.lane LIMIT $1 OFFSET $2`,
    [limit, skip, lane],
  )

export type ReleaseRow = { readonly gateway: string; readonly last_seen_at: Date; readonly batches: number; readonly events: number; readonly bytes: number }

/** The newest releases; each came under a name that was drawn for it alone. */
export const releasesOf = (sql: Reads, limit: number): Promise<readonly ReleaseRow[]> =>
  sql.query(
    `SELECT gateway, last_seen_at, batches::float8 AS batches, events::float8 AS events, bytes::float8 AS bytes FROM gateway
    WHERE lane = 'release' ORDER BY last_seen_at DESC, gateway LIMIT $1`,
    [limit],
  )

export type LaneRow = {
  readonly lane: string; readonly gateways: number; readonly events: number; readonly subjects: number; readonly last_seen_at: Date
}

export const lanesOf = (sql: Reads): Promise<readonly LaneRow[]> =>
  sql.query(
    `SELECT lane, count(*)::int AS gateways, sum(events)::float8 AS events, max(last_seen_at) AS last_seen_at,
      (SELECT count(*) FROM subject s WHERE s.lane = g.lane)::int AS subjects FROM gateway g GROUP BY lane ORDER BY lane`,
  )

export type CompletenessRow = {
  readonly subject: string; readonly metric: string; readonly label: string; readonly unit: string; readonly time: Date
  readonly heard: number; readonly expected: number
  /** 0 to 100; null where nothing was expected. */
  readonly percent: number | null
  /** The commonest word of the watch ledger for what was not heard; null where it says none. */
  readonly why: string | null
}

/**
 * The newest `hours` up to the newest that was heard of anybody, of those subjects of the live lane that were heard of last. A metric of which nobody said
 * how often it is to be heard is shown with the minutes that were heard, and nothing expected: there is no share of it to tell.
 */
export const completenessOf = (sql: Reads, hours: number, subjectsMax: number): Promise<readonly CompletenessRow[]> =>
  sql.query(
    `WITH newest AS (SELECT date_trunc('hour', max(last_at), 'UTC') AS hour FROM subject WHERE lane = 'live'),
      shown AS (SELECT subject FROM subject, newest WHERE lane = 'live' AND last_at >= hour - make_interval(hours => $1::int - 1)
        ORDER BY last_at DESC, subject LIMIT $2)
    SELECT c.subject, c.metric, c.label, c.unit, c.time, c.heard, c.expected, c.percent, c.why
    FROM newest CROSS JOIN LATERAL completeness(hour - make_interval(hours => $1::int - 1), hour + INTERVAL '1 hour', ARRAY(SELECT subject FROM shown)) c
    UNION ALL
    SELECT s.subject, s.metric, s.metric, s.unit, h.time, h.minutes, 0, NULL, NULL
    FROM newest JOIN series s ON s.subject IN (SELECT subject FROM shown) AND s.metric NOT IN (SELECT metric FROM metric_expectation)
      JOIN vital_signs_hour h ON h.series = s.id AND h.time BETWEEN hour - make_interval(hours => $1::int - 1) AND hour
    ORDER BY subject, label, metric, unit, time`,
    [hours, subjectsMax],
  )

export type AlarmLoadRow = {
  readonly subject: string; readonly lane: string | null; readonly day: Date; readonly priority: string; readonly alerts: number
  /** From start to end, of those that ended; null where none has. */
  readonly median_s: number | null
}

/** The newest `days` that had alerts. */
export const alarmLoadOf = (sql: Reads, days: number): Promise<readonly AlarmLoadRow[]> =>
  sql.query(
    `SELECT a.subject, s.lane, a.time AS day, a.priority, a.alerts, a.median_s
    FROM alarm_load a LEFT JOIN subject s ON s.organization = a.organization AND s.subject = a.subject
    WHERE a.time > (SELECT max(time) FROM alerts) - make_interval(days => $1::int) ORDER BY a.time, a.subject, a.priority`,
    [days],
  )
