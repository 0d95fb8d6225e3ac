-- Tenants, and the platform's tables (contract with central, section 2). What grows by the minute has its time first; `/*partitioned*/`
-- is where `PARTITION BY RANGE (time)` stands without TimescaleDB.

CREATE TABLE organization (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE
);

ALTER TABLE batch ADD COLUMN organization integer, ADD COLUMN gateway text, ADD COLUMN lane text, ADD COLUMN via text NOT NULL DEFAULT 'https';
ALTER TABLE event ADD COLUMN organization integer, ADD COLUMN supersedes text,
  -- What corrections made of it: of nobody any more, or of another subject as a whole. `subject` stays what came.
  ADD COLUMN retracted boolean NOT NULL DEFAULT false, ADD COLUMN moved_to text;
ALTER TABLE subject ADD COLUMN organization integer, ADD COLUMN lane text;
ALTER TABLE series ADD COLUMN organization integer;

-- One value a row. Widest columns first: nothing is lost to padding.
CREATE TABLE vital_signs_timeseries (
  time timestamptz NOT NULL,
  event bigint NOT NULL,
  value double precision,
  series integer NOT NULL,
  organization integer NOT NULL,
  quality text NOT NULL
) /*partitioned*/;
CREATE INDEX vital_signs_timeseries_by_series ON vital_signs_timeseries (series, time);

CREATE TABLE alerts (
  time timestamptz NOT NULL,
  event bigint NOT NULL,
  organization integer NOT NULL,
  alert_id text NOT NULL,
  subject text NOT NULL,
  phase text NOT NULL,
  state text NOT NULL,
  severity text NOT NULL,
  priority text NOT NULL,
  type text NOT NULL,
  rule text NOT NULL,
  version text NOT NULL,
  because jsonb NOT NULL,
  PRIMARY KEY (event, time)
) /*partitioned*/;
CREATE INDEX alerts_by_id ON alerts (organization, alert_id, time);
CREATE INDEX alerts_by_subject ON alerts (organization, subject, time);

CREATE TABLE device_metrics (
  time timestamptz NOT NULL,
  event bigint NOT NULL,
  organization integer NOT NULL,
  device text NOT NULL,
  data jsonb NOT NULL,
  PRIMARY KEY (event, time)
) /*partitioned*/;
CREATE INDEX device_metrics_by_device ON device_metrics (organization, device, time);

CREATE TABLE system_metrics (
  time timestamptz NOT NULL,
  event bigint NOT NULL,
  organization integer NOT NULL,
  gateway text NOT NULL,
  data jsonb NOT NULL,
  PRIMARY KEY (event, time)
) /*partitioned*/;
CREATE INDEX system_metrics_by_gateway ON system_metrics (organization, gateway, time);

-- The watch ledger: from `time` on this rule could have spoken for the subject (`armed`), or could not, and why.
CREATE TABLE gap (
  time timestamptz NOT NULL,
  event bigint NOT NULL,
  organization integer NOT NULL,
  subject text NOT NULL,
  rule text NOT NULL,
  state text NOT NULL
);
CREATE INDEX gap_by_subject ON gap (organization, subject, rule, time);
CREATE INDEX gap_by_event ON gap (event);

-- Roll-ups, changed in the transaction that adds or moves the values. A value counts that is there and is no demonstration or test (quality 100
-- and more). `total` is in millionths, so that it is a whole number and the same whatever order the values came in. `last` is the newest value;
-- of several at one instant the greatest.
CREATE TABLE vital_signs_minute (
  time timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  total double precision NOT NULL,
  low double precision NOT NULL,
  high double precision NOT NULL,
  last double precision NOT NULL,
  readings integer NOT NULL,
  series integer NOT NULL,
  organization integer NOT NULL,
  PRIMARY KEY (series, time)
) /*partitioned*/;

-- `minutes`: in how many of them there is a value. Free room in each page keeps the update of a bucket that is still filling away from the index.
CREATE TABLE vital_signs_hour (
  time timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  total double precision NOT NULL,
  low double precision NOT NULL,
  high double precision NOT NULL,
  last double precision NOT NULL,
  readings integer NOT NULL,
  minutes integer NOT NULL,
  series integer NOT NULL,
  organization integer NOT NULL,
  PRIMARY KEY (series, time)
) WITH (fillfactor = 70);
CREATE TABLE vital_signs_day (
  time timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  total double precision NOT NULL,
  low double precision NOT NULL,
  high double precision NOT NULL,
  last double precision NOT NULL,
  readings integer NOT NULL,
  minutes integer NOT NULL,
  series integer NOT NULL,
  organization integer NOT NULL,
  PRIMARY KEY (series, time)
) WITH (fillfactor = 70);

-- How often a metric is to be heard, each minute or each hour, and which rule of the watch ledger looks at it. One that is not named is expected at no time, and has no
-- completeness. A platform adds its own.
CREATE TABLE metric_expectation (
  metric text PRIMARY KEY,
  label text NOT NULL,
  interval_s integer NOT NULL CHECK (interval_s IN (60, 3600)),
  rule text NOT NULL
);
INSERT INTO metric_expectation (metric, label, interval_s, rule) VALUES
  ('MDC_ECG_HEART_RATE', 'HR', 60, 'limits/hr'),
  ('MDC_PULS_OXIM_PULS_RATE', 'Pulse', 60, 'limits/hr'),
  ('MDC_PULS_RATE', 'Pulse', 60, 'limits/hr'),
  ('MDC_PULS_OXIM_SAT_O2', 'SpO2', 60, 'limits/spo2'),
  ('MDC_RESP_RATE', 'Resp', 60, 'limits/rr'),
  ('MDC_TTHOR_RESP_RATE', 'Resp', 60, 'limits/rr'),
  ('MDC_CO2_RESP_RATE', 'Resp CO2', 60, 'limits/rr'),
  ('MDC_AWAY_RESP_RATE', 'Resp airway', 60, 'limits/rr'),
  ('MDC_PRESS_BLD_ART_SYS', 'ART sys', 60, 'limits/pressure'),
  ('MDC_PRESS_BLD_ART_DIA', 'ART dia', 60, 'limits/pressure'),
  ('MDC_PRESS_BLD_ART_MEAN', 'ART mean', 60, 'limits/pressure'),
  ('MDC_PRESS_BLD_ART_ABP_SYS', 'ABP sys', 60, 'limits/pressure'),
  ('MDC_PRESS_BLD_ART_ABP_DIA', 'ABP dia', 60, 'limits/pressure'),
  ('MDC_PRESS_BLD_ART_ABP_MEAN', 'ABP mean', 60, 'limits/pressure'),
  ('MDC_PRESS_BLD_NONINV_SYS', 'NIBP sys', 3600, 'limits/pressure'),
  ('MDC_PRESS_BLD_NONINV_DIA', 'NIBP dia', 3600, 'limits/pressure'),
  ('MDC_PRESS_BLD_NONINV_MEAN', 'NIBP mean', 3600, 'limits/pressure'),
  ('MDC_PRESS_CUFF_SYS', 'NIBP sys', 3600, 'limits/pressure'),
  ('MDC_PRESS_CUFF_DIA', 'NIBP dia', 3600, 'limits/pressure'),
  ('MDC_PRESS_CUFF_MEAN', 'NIBP mean', 3600, 'limits/pressure'),
  ('MDC_TEMP', 'Temp', 3600, 'limits/temperature'),
  ('MDC_TEMP_BODY', 'Temp', 3600, 'limits/temperature'),
  ('MDC_TEMP_CORE', 'Temp core', 3600, 'limits/temperature'),
  ('MDC_TEMP_SKIN', 'Temp skin', 3600, 'limits/temperature'),
  ('MDC_TEMP_RECT', 'Temp rect', 3600, 'limits/temperature'),
  ('MDC_TEMP_TYMP', 'Temp tymp', 3600, 'limits/temperature'),
  ('MDC_TEMP_ORAL', 'Temp oral', 3600, 'limits/temperature'),
  ('MDC_TEMP_BLD', 'Temp bld', 3600, 'limits/temperature'),
  ('MDC_TEMP_ESOPH', 'Temp esoph', 3600, 'limits/temperature');

-- What says of an event by its key that it is not so: kept though the event is not here yet, for it may come later.
CREATE TABLE correction (
  organization integer NOT NULL,
  key text NOT NULL,
  event bigint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('retract', 'reassign', 'supersede')),
  -- Of several reassignments the newest holds; of two at one instant that with the greater key.
  at timestamptz NOT NULL,
  by_key text NOT NULL,
  -- Of a reassignment: whose it is.
  subject text,
  reason text,
  PRIMARY KEY (organization, key, event)
);

-- One row a gateway and lane: what the fleet looks like without reading the batches.
CREATE TABLE gateway (
  organization integer NOT NULL,
  gateway text NOT NULL,
  lane text NOT NULL,
  version text,
  epoch text NOT NULL,
  first_seen_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  -- Newest time of an event: true time in the live lane alone.
  last_event_at timestamptz,
  batches bigint NOT NULL,
  events bigint NOT NULL,
  duplicates bigint NOT NULL,
  rejected bigint NOT NULL,
  bytes bigint NOT NULL,
  PRIMARY KEY (organization, gateway, lane)
) WITH (fillfactor = 70);
