/**
 * Every statement on vigil.db, named after its question. test/store/queries.test.ts asserts the plan of each: a new one
 * needs its line there. Parameters are named, for better-sqlite3 takes `?1` for a name as well.
 */

/** What the writer does, each in the transaction of its group. */
export const writerQueries = {
  BEGIN: 'BEGIN IMMEDIATE',
  COMMIT: 'COMMIT',
  ROLLBACK: 'ROLLBACK',
  META: 'SELECT epoch, kind, gateway, seq_floor AS seqFloor FROM meta WHERE id = 1',
  CREATE_META: 'INSERT INTO meta (id, epoch, kind, gateway, created_at, seq_floor) VALUES (1, @epoch, @kind, @gateway, @createdAt, 0)',
  LAST_SEQ: 'SELECT max((SELECT seq_floor FROM meta WHERE id = 1), ifnull((SELECT max(seq) FROM snapshot), 0), ifnull((SELECT max(seq) FROM event), 0)) AS seq',
  STREAMS_NEWEST: 'SELECT id, device, bed, stay, crc FROM stream ORDER BY id DESC LIMIT @rowsMax',
  SERIES_ALL: 'SELECT id, metric, channel, unit, crc FROM series ORDER BY id',
  // A name that is there already must mean the same: else nothing changes, and the writer takes that for the bug it is.
  ADD_STREAM: `INSERT INTO stream (id, device, bed, stay, crc) VALUES (@id, @device, @bed, @stay, @crc)
    ON CONFLICT (id) DO UPDATE SET crc = excluded.crc WHERE crc = excluded.crc`,
  ADD_SERIES: `INSERT INTO series (id, metric, channel, unit, crc) VALUES (@id, @metric, @channel, @unit, @crc)
    ON CONFLICT (id) DO UPDATE SET crc = excluded.crc WHERE crc = excluded.crc`,
  ADD_SNAPSHOT: 'INSERT INTO snapshot (seq, stream, received_at, sent_at, readings, crc) VALUES (?, ?, ?, ?, ?, ?)',
  ADD_EVENT: 'INSERT INTO event (seq, at, kind, alert_id, body, crc) VALUES (@seq, @at, @kind, @alertId, @body, @crc)',
  ADD_MARK: 'INSERT INTO mark (minute, seq) VALUES (@minute, @seq)',
  OPEN_ALERT: 'INSERT INTO open_alert (alert_id, crc) VALUES (@alertId, @crc) ON CONFLICT (alert_id) DO NOTHING',
  CLOSE_ALERT: 'DELETE FROM open_alert WHERE alert_id = @alertId',
  PATIENT_OF_STAY: 'SELECT patient FROM stay WHERE id = @stay',
  ADD_PATIENT: 'INSERT INTO patient (mrn, name, crc) VALUES (@mrn, @name, @crc)',
  CHANGE_PATIENT: 'UPDATE patient SET mrn = @mrn, name = @name, crc = @crc WHERE id = @id',
  PUT_STAY: `INSERT INTO stay (id, bed, patient, opened_at, closed_at, context, crc) VALUES (@id, @bed, @patient, @openedAt, @closedAt, @context, @crc)
    ON CONFLICT (id) DO UPDATE SET bed = excluded.bed, patient = excluded.patient, opened_at = excluded.opened_at, closed_at = excluded.closed_at,
      context = excluded.context, crc = excluded.crc`,
  MESSAGES: 'SELECT id AS row, device, slot, control_id AS id, hash, crc FROM message ORDER BY message.id',
  ADD_MESSAGE: 'INSERT INTO message (id, device, slot, control_id, hash, crc) VALUES (@row, @device, @slot, @id, @hash, @crc)',
  REMOVE_MESSAGE: 'DELETE FROM message WHERE id = @row',
  ADD_QUARANTINED: 'INSERT INTO quarantine (at, device, peer, why, length, bytes, crc) VALUES (@at, @device, @peer, @why, @length, @bytes, @crc)',
  TRIM_QUARANTINE: `DELETE FROM quarantine WHERE device = @device
    AND id <= (SELECT id FROM quarantine WHERE device = @device ORDER BY id DESC LIMIT 1 OFFSET @framesMax)`,
  COUNT_DROPPED: `INSERT INTO quarantine_dropped (device, frames) VALUES (@device, @frames)
    ON CONFLICT (device) DO UPDATE SET frames = frames + excluded.frames`,
} as const

/** What readers ask, each on a read-only connection. */
export const readerQueries = {
  META: writerQueries.META,
  LAST_SEQ: writerQueries.LAST_SEQ,
  STREAM: 'SELECT id, device, bed, stay, crc FROM stream WHERE id = @id',
  SERIES: 'SELECT id, metric, channel, unit, crc FROM series WHERE id = @id',
  // One statement, so that both tables are seen at the same instant: in two, a row committed between them would be passed over.
  LOG_AFTER: `SELECT seq, stream, received_at AS at, sent_at AS sentAt, readings, NULL AS kind, NULL AS alertId, NULL AS body, crc
    FROM snapshot WHERE seq > @afterSeq
    UNION ALL SELECT seq, NULL, at, NULL, NULL, kind, alert_id, body, crc FROM event WHERE seq > @afterSeq
    ORDER BY seq LIMIT @rowsMax`,
  SNAPSHOTS_AFTER: `SELECT seq, stream, received_at AS receivedAt, sent_at AS sentAt, readings, crc FROM snapshot
    WHERE seq > @afterSeq ORDER BY seq LIMIT @rowsMax`,
  SNAPSHOTS_OF_STREAM: `WITH RECURSIVE block (n) AS (SELECT @firstSeq >> 8 UNION ALL SELECT n + 1 FROM block WHERE n < @lastSeq >> 8)
    SELECT s.seq, s.stream, s.received_at AS receivedAt, s.sent_at AS sentAt, s.readings, s.crc
    FROM block CROSS JOIN snapshot s ON s.seq >> 8 = block.n AND s.stream = @stream AND s.seq BETWEEN @firstSeq AND @lastSeq`,
  STREAMS_OF_BED: 'SELECT id FROM stream WHERE bed = @bed ORDER BY id',
  STREAMS_OF_STAY: 'SELECT id FROM stream WHERE stay = @stay ORDER BY id',
  // The log between two minutes: from the first mark to where the mark after the last one begins.
  MARKS_BETWEEN: 'SELECT min(seq) AS firstSeq, max(seq) AS lastMark FROM mark WHERE minute BETWEEN @firstMinute AND @lastMinute',
  MARK_AFTER: 'SELECT min(seq) AS seq FROM mark WHERE seq > @seq',
  STAYS_OPEN: `SELECT stay.id, stay.bed, stay.patient, stay.opened_at AS openedAt, stay.closed_at AS closedAt, stay.context, stay.crc,
    patient.mrn, patient.name, patient.crc AS patientCrc
    FROM stay LEFT JOIN patient ON patient.id = stay.patient WHERE stay.closed_at IS NULL ORDER BY stay.opened_at`,
  MESSAGES: writerQueries.MESSAGES,
  OPEN_ALERTS: 'SELECT alert_id AS alertId, crc FROM open_alert ORDER BY alert_id',
  EVENTS_OF_ALERT: 'SELECT seq, at, kind, alert_id AS alertId, body, crc FROM event WHERE alert_id = @alertId ORDER BY seq',
  // Only when open_alert itself is damaged.
  ALERT_IDS: 'SELECT DISTINCT alert_id AS alertId FROM event WHERE alert_id IS NOT NULL',
  QUARANTINE_DROPPED: 'SELECT ifnull(sum(frames), 0) AS frames FROM quarantine_dropped',
  QUARANTINE_NEWEST: 'SELECT id, at, device, peer, why, length, bytes, crc FROM quarantine ORDER BY id DESC LIMIT @rowsMax',
} as const
