-- With TimescaleDB: a chunk a day of what is many, packed when a correction has become unlikely.
SELECT create_hypertable('vital_signs_timeseries', 'time', chunk_time_interval => INTERVAL '1 day');
SELECT create_hypertable('vital_signs_minute', 'time', chunk_time_interval => INTERVAL '7 days');
SELECT create_hypertable('alerts', 'time', chunk_time_interval => INTERVAL '30 days');
SELECT create_hypertable('device_metrics', 'time', chunk_time_interval => INTERVAL '30 days');
SELECT create_hypertable('system_metrics', 'time', chunk_time_interval => INTERVAL '30 days');
ALTER TABLE vital_signs_timeseries SET (timescaledb.compress, timescaledb.compress_segmentby = 'organization, series', timescaledb.compress_orderby = 'time');
ALTER TABLE vital_signs_minute SET (timescaledb.compress, timescaledb.compress_segmentby = 'organization, series', timescaledb.compress_orderby = 'time');
SELECT add_compression_policy('vital_signs_timeseries', INTERVAL '7 days');
SELECT add_compression_policy('vital_signs_minute', INTERVAL '30 days');
