CREATE TABLE vital_signs_timeseries_default PARTITION OF vital_signs_timeseries DEFAULT;
DO $$
DECLARE day timestamptz;
BEGIN
  FOR day IN SELECT DISTINCT date_trunc('day', time, 'UTC') FROM kept ORDER BY 1 DESC LIMIT 1000
  LOOP
    EXECUTE format('CREATE TABLE %I PARTITION OF vital_signs_timeseries FOR VALUES FROM (%L) TO (%L)',
      'vital_signs_timeseries_' || to_char(day AT TIME ZONE 'UTC', 'YYYYMMDD'), day, day + INTERVAL '24 hours');
  END LOOP;
END $$;
