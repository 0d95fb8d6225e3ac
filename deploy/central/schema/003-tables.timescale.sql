-- With TimescaleDB: a chunk a day of what is many. Not packed, and without continuous aggregates: it refuses both on tables with row-level security
-- (timescaledb issue 6827), and tenants that are kept apart come before bytes. A platform with a database for each organisation may drop the
-- policies of 006-tenants.sql and pack.
SELECT create_hypertable('vital_signs_timeseries', 'time', chunk_time_interval => INTERVAL '1 day');
SELECT create_hypertable('vital_signs_minute', 'time', chunk_time_interval => INTERVAL '7 days');
SELECT create_hypertable('alerts', 'time', chunk_time_interval => INTERVAL '30 days');
SELECT create_hypertable('device_metrics', 'time', chunk_time_interval => INTERVAL '30 days');
SELECT create_hypertable('system_metrics', 'time', chunk_time_interval => INTERVAL '30 days');
