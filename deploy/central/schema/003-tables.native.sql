-- Without TimescaleDB: partitions by day, made as rows come; what is beyond their number lies in the default ones.
CREATE TABLE vital_signs_timeseries_default PARTITION OF vital_signs_timeseries DEFAULT;
CREATE TABLE vital_signs_minute_default PARTITION OF vital_signs_minute DEFAULT;
CREATE TABLE alerts_default PARTITION OF alerts DEFAULT;
CREATE TABLE device_metrics_default PARTITION OF device_metrics DEFAULT;
CREATE TABLE system_metrics_default PARTITION OF system_metrics DEFAULT;
