-- What arrives: batches, and the events in them. All times are timestamptz.

CREATE TABLE batch (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  batch_id text NOT NULL UNIQUE,
  received_at timestamptz NOT NULL,
  metadata jsonb NOT NULL,
  sha256 text NOT NULL,
  bytes integer NOT NULL,
  accepted integer NOT NULL,
  duplicates integer NOT NULL,
  rejected jsonb NOT NULL,
  repeats integer NOT NULL DEFAULT 0
);

-- The unique key is what makes delivery exactly once in effect, whatever batch brings an event.
CREATE TABLE event (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key text NOT NULL UNIQUE,
  type text NOT NULL,
  subject text,
  at timestamptz NOT NULL,
  revision integer NOT NULL,
  stream text,
  data jsonb NOT NULL,
  batch bigint NOT NULL REFERENCES batch (id)
);
CREATE INDEX event_by_type ON event (type, at);
CREATE INDEX event_by_subject ON event (subject, at);

CREATE TABLE subject (
  subject text PRIMARY KEY,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL
);

-- A series names what its values share, once, and counts them: changed in the transaction that adds the values.
CREATE TABLE series (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subject text NOT NULL,
  metric text NOT NULL,
  mdc bigint NOT NULL,
  loinc text,
  unit text NOT NULL,
  values_present bigint NOT NULL,
  values_absent bigint NOT NULL,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  UNIQUE (subject, metric, unit)
);

-- No value is NULL with the quality saying why: absent is never 0.
CREATE TABLE vital_sign_value (
  event bigint NOT NULL,
  series integer NOT NULL,
  at timestamptz NOT NULL,
  value double precision,
  quality text NOT NULL
);
CREATE INDEX vital_sign_value_by_time ON vital_sign_value (series, at);

CREATE VIEW vital_sign AS
  SELECT event.key AS event_key, series.subject, series.metric, series.mdc, series.loinc, series.unit, v.at, v.value, v.quality
  FROM vital_sign_value v JOIN series ON series.id = v.series JOIN event ON event.id = v.event;

CREATE TABLE alert (
  event bigint PRIMARY KEY REFERENCES event (id),
  alert_id text NOT NULL,
  subject text NOT NULL,
  at timestamptz NOT NULL,
  phase text NOT NULL,
  state text NOT NULL,
  severity text NOT NULL,
  priority text NOT NULL,
  type text NOT NULL,
  rule text NOT NULL,
  version text NOT NULL,
  because jsonb NOT NULL
);
CREATE INDEX alert_by_id ON alert (alert_id, at);
CREATE INDEX alert_by_subject ON alert (subject, at);
