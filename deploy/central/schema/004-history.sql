-- What a database of before held, in the new tables; nothing in an empty one.

INSERT INTO organization (name) SELECT DISTINCT metadata ->> 'organizationId' FROM batch ORDER BY 1;
UPDATE batch SET gateway = metadata ->> 'gatewayId', lane = metadata ->> 'lane',
  organization = (SELECT id FROM organization WHERE name = batch.metadata ->> 'organizationId');
UPDATE event SET organization = batch.organization FROM batch WHERE batch.id = event.batch;
UPDATE subject SET (organization, lane) = (
  SELECT event.organization, batch.lane FROM event JOIN batch ON batch.id = event.batch WHERE event.subject = subject.subject ORDER BY event.id LIMIT 1);
UPDATE series SET organization = (SELECT subject.organization FROM subject WHERE subject.subject = series.subject);

INSERT INTO vital_signs_timeseries (time, event, value, series, organization, quality)
  SELECT v.at, v.event, v.value, v.series, series.organization, v.quality FROM vital_sign_value v JOIN series ON series.id = v.series;
INSERT INTO alerts (time, event, organization, alert_id, subject, phase, state, severity, priority, type, rule, version, because)
  SELECT alert.at, alert.event, event.organization, alert.alert_id, alert.subject, alert.phase, alert.state, alert.severity, alert.priority,
    alert.type, alert.rule, alert.version, alert.because
  FROM alert JOIN event ON event.id = alert.event;
INSERT INTO device_metrics (time, event, organization, device, data) SELECT at, id, organization, stream, data FROM event WHERE type = 'device-metrics';
INSERT INTO system_metrics (time, event, organization, gateway, data) SELECT at, id, organization, stream, data FROM event WHERE type = 'system-metrics';
INSERT INTO gap (time, event, organization, subject, rule, state)
  SELECT e.at + t.value::float8 * INTERVAL '1 millisecond', e.id, e.organization, e.subject, r.value, s.value
  FROM (SELECT * FROM event WHERE type = 'gaps' AND jsonb_typeof(data -> 'rule') = 'array' AND jsonb_typeof(data -> 'state') = 'array'
      AND jsonb_typeof(data -> 't') = 'array') e
    CROSS JOIN LATERAL jsonb_array_elements_text(e.data -> 'rule') WITH ORDINALITY AS r (value, place)
    JOIN LATERAL jsonb_array_elements_text(e.data -> 'state') WITH ORDINALITY AS s (value, place) ON s.place = r.place
    JOIN LATERAL jsonb_array_elements_text(e.data -> 't') WITH ORDINALITY AS t (value, place) ON t.place = r.place;

INSERT INTO vital_signs_minute (series, organization, time, readings, total, low, high, last_at, last)
  SELECT series, min(organization), date_trunc('minute', time, 'UTC'), count(*), sum(floor(value * 1e6 + 0.5)), min(value), max(value), max(time),
    (array_agg(value ORDER BY time DESC, value DESC))[1]
  FROM vital_signs_timeseries WHERE value IS NOT NULL AND quality !~ '^[1-9][0-9]{2}' GROUP BY 1, 3;
INSERT INTO vital_signs_hour (series, organization, time, readings, minutes, total, low, high, last_at, last)
  SELECT series, min(organization), date_trunc('hour', time, 'UTC'), sum(readings), count(*), sum(total), min(low), max(high), max(last_at),
    (array_agg(last ORDER BY last_at DESC, last DESC))[1]
  FROM vital_signs_minute GROUP BY 1, 3;
INSERT INTO vital_signs_day (series, organization, time, readings, minutes, total, low, high, last_at, last)
  SELECT series, min(organization), date_trunc('day', time, 'UTC'), sum(readings), sum(minutes), sum(total), min(low), max(high), max(last_at),
    (array_agg(last ORDER BY last_at DESC, last DESC))[1]
  FROM vital_signs_hour GROUP BY 1, 3;

INSERT INTO gateway (organization, gateway, lane, epoch, first_seen_at, last_seen_at, last_event_at, batches, events, duplicates, rejected, bytes)
  SELECT organization, gateway, lane, (array_agg(metadata ->> 'keyEpoch' ORDER BY id DESC))[1], min(received_at), max(received_at),
    (SELECT max(event.at) FROM event JOIN batch b ON b.id = event.batch
      WHERE b.organization = batch.organization AND b.gateway = batch.gateway AND b.lane = batch.lane),
    count(*), sum(accepted - duplicates), sum(duplicates), sum(jsonb_array_length(rejected)), sum(bytes)
  FROM batch GROUP BY organization, gateway, lane;

DROP VIEW vital_sign;
DROP TABLE vital_sign_value;
DROP TABLE alert;

ALTER TABLE batch ALTER COLUMN organization SET NOT NULL, ALTER COLUMN gateway SET NOT NULL, ALTER COLUMN lane SET NOT NULL,
  DROP CONSTRAINT batch_batch_id_key, ADD UNIQUE (organization, batch_id);
ALTER TABLE event ALTER COLUMN organization SET NOT NULL, DROP CONSTRAINT event_key_key, ADD UNIQUE (organization, key);
ALTER TABLE subject ALTER COLUMN organization SET NOT NULL, ALTER COLUMN lane SET NOT NULL, DROP CONSTRAINT subject_pkey, ADD PRIMARY KEY (organization, subject);
ALTER TABLE series ALTER COLUMN organization SET NOT NULL, DROP CONSTRAINT series_subject_metric_unit_key, ADD UNIQUE (organization, subject, metric, unit);
DROP INDEX event_by_type, event_by_subject;
CREATE INDEX event_by_type ON event (organization, type, at);
CREATE INDEX event_by_subject ON event (organization, coalesce(moved_to, subject), at);
