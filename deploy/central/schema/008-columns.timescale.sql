SELECT create_hypertable('vital_signs_timeseries', 'time', chunk_time_interval => INTERVAL '1 day');
ALTER TABLE vital_signs_timeseries SET (timescaledb.compress, timescaledb.compress_segmentby = 'organization, series', timescaledb.compress_orderby = 'time');
SELECT add_compression_policy('vital_signs_timeseries', INTERVAL '7 days');
