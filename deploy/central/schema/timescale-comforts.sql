-- With TimescaleDB, outside any transaction and each time central starts: a continuous aggregate by quarter of an hour for dashboards. The roll-ups by
-- minute and hour stay central's own, for corrections must move them at once; how long single values are kept is said to central (--value-days).
CREATE MATERIALIZED VIEW IF NOT EXISTS vital_signs_quarter WITH (timescaledb.continuous) AS
  SELECT time_bucket('15 minutes', time) AS time, organization, series, sum(readings) AS readings, min(low) AS low, max(high) AS high,
    sum(total) / sum(readings) / 1e6 AS mean
  FROM vital_signs_minute GROUP BY 1, 2, 3 WITH NO DATA;
SELECT add_continuous_aggregate_policy('vital_signs_quarter', start_offset => INTERVAL '7 days', end_offset => INTERVAL '15 minutes',
  schedule_interval => INTERVAL '15 minutes', if_not_exists => TRUE);
