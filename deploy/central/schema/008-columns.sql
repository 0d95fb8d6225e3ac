-- Values in columns: one row for what an event says of one series in one minute (contract with central, section 1: columns, not an object for each
-- value). An event speaks of one minute, so a minute of twelve values is one row and one entry of the index, where it was twelve.

DROP VIEW vital_sign;
-- Keys are compared as bytes: nobody reads them in the order of a language.
ALTER TABLE event ALTER COLUMN key TYPE text COLLATE "C";
CREATE TEMPORARY TABLE kept ON COMMIT DROP AS
  SELECT date_trunc('minute', time, 'UTC') AS time, event, series, organization,
    array_agg((extract(epoch FROM time - date_trunc('minute', time, 'UTC')) * 1000)::int ORDER BY time) AS t, array_agg(value ORDER BY time) AS v,
    array_agg(quality ORDER BY time) AS q
  FROM vital_signs_timeseries GROUP BY 1, 2, 3, 4;
DROP TABLE vital_signs_timeseries;

-- `time` is the beginning of the minute, `t` milliseconds from there. A value that is NULL is absent, and its quality says why. A quality that all
-- values share stands once.
CREATE TABLE vital_signs_timeseries (
  time timestamptz NOT NULL,
  event bigint NOT NULL,
  series integer NOT NULL,
  organization integer NOT NULL,
  t integer[] NOT NULL,
  v double precision[] NOT NULL,
  q text[] NOT NULL
) /*partitioned*/;
CREATE INDEX vital_signs_timeseries_by_series ON vital_signs_timeseries (series, time);
/*growing*/
ALTER TABLE vital_signs_timeseries ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON vital_signs_timeseries FOR SELECT TO central_tenant
  USING (organization = nullif(current_setting('central.organization', true), '')::int);
GRANT SELECT ON vital_signs_timeseries TO central_tenant;
INSERT INTO vital_signs_timeseries (time, event, series, organization, t, v, q) SELECT time, event, series, organization, t, v, q FROM kept;

-- One value a row, for whoever asks in SQL.
CREATE VIEW vital_sign_value WITH (security_invoker = true) AS
  SELECT v.organization, v.series, v.event, v.time + x.t * INTERVAL '1 millisecond' AS time, x.value, coalesce(x.quality, v.q[1]) AS quality
  FROM vital_signs_timeseries v CROSS JOIN LATERAL unnest(v.t, v.v, v.q) AS x (t, value, quality);
CREATE VIEW vital_sign WITH (security_invoker = true) AS
  SELECT event.key AS event_key, series.organization, series.subject, series.metric, series.mdc, series.loinc, series.unit, v.time AS at, v.value, v.quality
  FROM vital_sign_value v JOIN series ON series.id = v.series JOIN event ON event.id = v.event;
GRANT SELECT ON vital_sign_value, vital_sign TO central_tenant;

-- What an event of vital signs said lies in those columns alone, while it stands: `data` is NULL then. `t_from` and `t_to`: its first and last
-- value, in milliseconds from `at`.
ALTER TABLE event ALTER COLUMN data DROP NOT NULL, ADD COLUMN series integer, ADD COLUMN t_from integer, ADD COLUMN t_to integer;
UPDATE event SET series = s.id, t_from = told.t_from, t_to = told.t_to
  FROM (SELECT e.id, min(t::int) AS t_from, max(t::int) AS t_to FROM event e CROSS JOIN LATERAL jsonb_array_elements_text(e.data -> 't') AS t
    WHERE e.type = 'vital-signs' AND jsonb_typeof(e.data -> 't') = 'array' GROUP BY e.id) told, series s
  WHERE told.id = event.id AND s.organization = event.organization AND s.subject = coalesce(event.moved_to, event.subject)
    AND s.metric = event.data ->> 'metric' AND s.unit = event.data ->> 'unit';
CREATE FUNCTION event_data(asked event) RETURNS jsonb LANGUAGE sql STABLE AS $event_data$
  SELECT coalesce(asked.data, (
    SELECT jsonb_build_object('metric', s.metric, 'mdc', s.mdc, 'loinc', s.loinc, 'unit', s.unit,
      't', jsonb_agg((extract(epoch FROM v.time - asked.at) * 1000)::int + x.t ORDER BY v.time, x.place), 'v', jsonb_agg(x.value ORDER BY v.time, x.place),
      'q', jsonb_agg(CASE WHEN coalesce(x.quality, v.q[1]) ~ '^(0|-?[1-9]\d{0,14})$' THEN to_jsonb(coalesce(x.quality, v.q[1])::bigint) ELSE to_jsonb(coalesce(x.quality, v.q[1])) END
        ORDER BY v.time, x.place))
    FROM series s
      JOIN vital_signs_timeseries v ON v.series = s.id AND v.event = asked.id
        AND v.time BETWEEN date_trunc('minute', asked.at + asked.t_from * INTERVAL '1 millisecond', 'UTC') AND asked.at + asked.t_to * INTERVAL '1 millisecond'
      CROSS JOIN LATERAL unnest(v.t, v.v, v.q) WITH ORDINALITY AS x (t, value, quality, place)
    WHERE s.id = asked.series GROUP BY s.id))
$event_data$;

-- An event is written in the transaction that wrote its batch: to look for that once more, for each event, proves nothing.
ALTER TABLE event DROP CONSTRAINT event_batch_fkey;

-- Nobody asks by type; of a subject the values are found by series and time.
DROP INDEX event_by_type, event_by_subject;
CREATE INDEX event_by_subject ON event (organization, coalesce(moved_to, subject), at) WHERE type <> 'vital-signs';

-- A day is 24 hours added up when it is asked for: a third of what a roll-up cost was to write it each minute.
DROP TABLE vital_signs_day;
CREATE VIEW vital_signs_day WITH (security_invoker = true) AS
  SELECT date_trunc('day', time, 'UTC') AS time, max(last_at) AS last_at, sum(total) AS total, min(low) AS low, max(high) AS high,
    (array_agg(last ORDER BY last_at DESC, last DESC))[1] AS last, sum(readings)::int AS readings, sum(minutes)::int AS minutes, series, organization
  FROM vital_signs_hour GROUP BY 1, series, organization;
GRANT SELECT ON vital_signs_day TO central_tenant;

-- Totals of a series change with each batch: room in the page keeps that away from its indexes.
ALTER TABLE series SET (fillfactor = 60);
