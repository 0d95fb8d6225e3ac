SELECT create_hypertable('vital_signs_timeseries', 'time', chunk_time_interval => INTERVAL '1 day');
