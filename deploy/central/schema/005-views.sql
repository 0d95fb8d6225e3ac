-- What is asked for, in plain tables. A view reads as whoever asks, so that what keeps tenants apart holds for it too.

CREATE VIEW vital_sign WITH (security_invoker = true) AS
  SELECT event.key AS event_key, series.organization, series.subject, series.metric, series.mdc, series.loinc, series.unit, v.time AS at, v.value, v.quality
  FROM vital_signs_timeseries v JOIN series ON series.id = v.series JOIN event ON event.id = v.event;

-- The watch ledger as stretches: `until` is NULL while it lasts.
CREATE VIEW gap_span WITH (security_invoker = true) AS
  SELECT organization, subject, rule, state, time AS since,
    lead(time) OVER (PARTITION BY organization, subject, rule ORDER BY time, event) AS until
  FROM gap;

-- Of each hour of each series from `since` up to `until`: in how many turns it was expected, in how many it was heard, and why it was not. A turn is
-- as long as the metric's interval. It is expected from the first the series was heard to the last anything was heard of its subject, except where
-- the watch ledger says that there was nothing to hear: nobody there, away, or the ward in maintenance. Only what was missed is looked at turn by turn.
CREATE FUNCTION completeness(since timestamptz, until timestamptz, whom text[] DEFAULT NULL)
RETURNS TABLE (organization integer, subject text, metric text, label text, unit text, "time" timestamptz, heard integer, expected integer,
  percent double precision, why text)
LANGUAGE sql STABLE AS $completeness$
  WITH asked AS MATERIALIZED (
    SELECT s.id AS series, s.organization, s.subject, s.metric, m.label, s.unit, m.rule, m.interval_s::bigint AS interval_s,
      floor(extract(epoch FROM s.first_at))::bigint AS first_s, floor(extract(epoch FROM p.last_at))::bigint AS last_s
    FROM series s JOIN subject p ON p.organization = s.organization AND p.subject = s.subject JOIN metric_expectation m ON m.metric = s.metric
    WHERE (whom IS NULL OR s.subject = ANY (whom)) AND p.last_at >= since AND s.first_at < until
  ), hours AS MATERIALIZED (
    SELECT asked.*, to_timestamp(hour) AS hour, greatest(first_s, hour) / interval_s AS turn_from, least(last_s, hour + 3599) / interval_s AS turn_to
    FROM asked CROSS JOIN LATERAL generate_series(
      greatest(first_s, extract(epoch FROM since)::bigint) / 3600 * 3600, least(last_s, extract(epoch FROM until)::bigint - 1), 3600) AS h (hour)
  ), counted AS MATERIALIZED (
    SELECT hours.*, (turn_to - turn_from + 1)::int AS turns, CASE WHEN h.series IS NULL THEN 0 WHEN interval_s = 60 THEN h.minutes ELSE 1 END AS heard
    FROM hours LEFT JOIN vital_signs_hour h ON h.series = hours.series AND h.time = hours.hour
  ), missed AS (
    SELECT counted.series, counted.hour, told.state
    FROM counted CROSS JOIN LATERAL generate_series(turn_from, turn_to) AS t (turn)
      LEFT JOIN LATERAL (
        SELECT gap.state FROM gap WHERE gap.organization = counted.organization AND gap.subject = counted.subject AND gap.rule = counted.rule
          AND gap.time < to_timestamp((t.turn + 1) * counted.interval_s)
        ORDER BY gap.time DESC, gap.event DESC LIMIT 1
      ) told ON true
    WHERE counted.heard < counted.turns AND (counted.heard = 0 OR NOT EXISTS (
      SELECT 1 FROM vital_signs_minute m WHERE m.series = counted.series AND m.time = to_timestamp(t.turn * 60)))
  ), explained AS (
    SELECT series, hour, count(*) FILTER (WHERE state IN ('empty', 'away', 'maintenance'))::int AS excused, mode() WITHIN GROUP (ORDER BY state) AS why
    FROM missed GROUP BY 1, 2
  )
  SELECT c.organization, c.subject, c.metric, c.label, c.unit, c.hour, c.heard, c.turns - coalesce(e.excused, 0),
    round(100.0 * c.heard / nullif(c.turns - coalesce(e.excused, 0), 0), 1)::float8, e.why
  FROM counted c LEFT JOIN explained e ON e.series = c.series AND e.hour = c.hour
$completeness$;

-- Each alert as its newest event left it. Events may come late, so their own time decides, then arrival.
CREATE VIEW alert_now WITH (security_invoker = true) AS
  SELECT DISTINCT ON (organization, alert_id) organization, alert_id, subject, min(time) OVER (PARTITION BY organization, alert_id) AS started_at, time,
    phase, state, severity, priority, type, rule, version, because
  FROM alerts ORDER BY organization, alert_id, time DESC, event DESC;

-- Alerts by subject, day (UTC) of their start and priority, with the median time from start to end of those that ended.
CREATE VIEW alarm_load WITH (security_invoker = true) AS
  SELECT organization, subject, date_trunc('day', started_at, 'UTC') AS time, priority, count(*)::int AS alerts,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM time - started_at)) FILTER (WHERE state = 'inactive')::float8 AS median_s
  FROM alert_now GROUP BY 1, 2, 3, 4;
