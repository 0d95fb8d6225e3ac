/**
 * Every statement on vigil.db, named after its question. test/store/queries.test.ts asserts the plan of each: a new one
 * needs its line there. Parameters are named, for better-sqlite3 takes `?1` for a name as well.
 */

/** What the writer does, each in the transaction of its group. */
export const writerQueries = {
  BEGIN: 'BEGIN IMMEDIATE',
  COMMIT: 'COMMIT',
  ROLLBACK: 'ROLLBACK',
  // Around what takes several statements, so that one row is written whole or not at all.
  SAVEPOINT: 'SAVEPOINT one_row',
  ROLLBACK_TO: 'ROLLBACK TO one_row',
  RELEASE: 'RELEASE one_row',
  META: 'SELECT epoch, kind, gateway, created_at AS createdAt, place, version, crc FROM meta WHERE id = 1',
  CREATE_META: `INSERT INTO meta (id, epoch, kind, gateway, created_at, seq_floor, place, version, crc)
    VALUES (1, @epoch, @kind, @gateway, @createdAt, @seqFloor, @place, @version, @crc)`,
  PUT_META: 'UPDATE meta SET epoch = @epoch, place = @place, version = @version, crc = @crc WHERE id = 1',
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
  QUARANTINE_PEERS: "SELECT id, peer FROM quarantine WHERE device = '' ORDER BY id DESC",
  QUARANTINE_BEYOND: 'SELECT id FROM quarantine ORDER BY at DESC, id DESC LIMIT -1 OFFSET @framesMax',
  REMOVE_QUARANTINED: 'DELETE FROM quarantine WHERE id = @id RETURNING device',
  MARK_REPLAYED: 'UPDATE quarantine SET replayed_at = @at, replayed_hash = @hash WHERE id = @id AND replayed_at IS NULL',
  ADD_STRIP: `INSERT INTO strip (alert_id, at, device, metric, channel, rate_hz, scale, zero, unit, began_at, samples, crc)
    VALUES (@alertId, @at, @device, @metric, @channel, @rateHz, @scale, @offset, @unit, @from, @samples, @crc)`,
  // Told again after a disk that failed.
  ADD_FACT: `INSERT INTO fact (id, learned_at, effective_at, source, by_whom, body, crc) VALUES (@id, @learnedAt, @effectiveAt, @source, @by, @body, @crc)
    ON CONFLICT (id) DO NOTHING`,
  PUT_STANDING: `INSERT INTO standing (key, at, body, crc) VALUES (@key, @at, @body, @crc)
    ON CONFLICT (key) DO UPDATE SET at = excluded.at, body = excluded.body, crc = excluded.crc`,
  COUNT_DROPPED: `INSERT INTO quarantine_dropped (device, frames) VALUES (@device, @frames)
    ON CONFLICT (device) DO UPDATE SET frames = frames + excluded.frames`,
} as const

/** What readers ask, each on a read-only connection. */
export const readerQueries = {
  META: writerQueries.META,
  LAST_SEQ: writerQueries.LAST_SEQ,
  STREAM: 'SELECT id, device, bed, stay, crc FROM stream WHERE id = @id',
  SERIES_ALL: writerQueries.SERIES_ALL,
  SERIES: 'SELECT id, metric, channel, unit, crc FROM series WHERE id = @id',
  // One statement, so that both tables are seen at the same instant: in two, a row committed between them would be passed over.
  // Rows of alerts are few: those between two of them are stepped over.
  ALERTS_AFTER: `SELECT seq, at, kind, alert_id AS alertId, body, crc FROM event WHERE seq > @afterSeq AND seq <= @lastSeq AND kind = 'alert'
    ORDER BY seq LIMIT @rowsMax`,
  LOG_AFTER: `SELECT seq, stream, received_at AS at, sent_at AS sentAt, readings, NULL AS kind, NULL AS alertId, NULL AS body, crc
    FROM snapshot WHERE seq > @afterSeq
    UNION ALL SELECT seq, NULL, at, NULL, NULL, kind, alert_id, body, crc FROM event WHERE seq > @afterSeq
    ORDER BY seq LIMIT @rowsMax`,
  // The log without the readings, and those of a stretch of it in one piece: making a value of each costs more than all the rest.
  // Their length is -1 where they are no bytes any more.
  LOG_HEADS_AFTER: `SELECT seq, stream, received_at AS at, sent_at AS sentAt, CASE typeof(readings) WHEN 'blob' THEN length(readings) ELSE -1 END AS bytes,
    NULL AS kind, NULL AS alertId, NULL AS body, crc FROM snapshot WHERE seq > @afterSeq
    UNION ALL SELECT seq, NULL, at, NULL, 0, kind, alert_id, body, crc FROM event WHERE seq > @afterSeq
    ORDER BY seq LIMIT @rowsMax`,
  LOG_READINGS: `SELECT CAST(group_concat(readings, '') AS BLOB) AS readings
    FROM (SELECT readings FROM snapshot WHERE seq > @afterSeq AND seq <= @lastSeq AND typeof(readings) = 'blob' ORDER BY seq)`,
  // Where a page of one table cannot be read.
  LOGGED_SNAPSHOTS_AFTER: `SELECT seq, stream, received_at AS at, sent_at AS sentAt, readings, NULL AS kind, NULL AS alertId, NULL AS body, crc
    FROM snapshot WHERE seq > @afterSeq ORDER BY seq LIMIT @rowsMax`,
  LOGGED_EVENTS_AFTER: 'SELECT seq, at, kind, alert_id AS alertId, body, crc FROM event WHERE seq > @afterSeq ORDER BY seq LIMIT @rowsMax',
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
  // Few of the events are medicines, and none of their bodies is read for it but from its beginning.
  GIVEN_SINCE: `SELECT seq, at, kind, alert_id AS alertId, body, crc FROM event
    WHERE seq >= @firstSeq AND kind = 'gateway' AND substr(body, 1, 24) = '{"what":"medicine given"' ORDER BY seq DESC`,
  STAYS_OPEN: `SELECT stay.id, stay.bed, stay.patient, stay.opened_at AS openedAt, stay.closed_at AS closedAt, stay.context, stay.crc,
    patient.mrn, patient.name, patient.crc AS patientCrc
    FROM stay LEFT JOIN patient ON patient.id = stay.patient WHERE stay.closed_at IS NULL ORDER BY stay.opened_at`,
  // The newest that ended.
  STAYS_PAST: `SELECT stay.id, stay.bed, stay.patient, stay.opened_at AS openedAt, stay.closed_at AS closedAt, stay.context, stay.crc,
    patient.mrn, patient.name, patient.crc AS patientCrc
    FROM stay LEFT JOIN patient ON patient.id = stay.patient WHERE stay.closed_at IS NOT NULL ORDER BY stay.closed_at DESC LIMIT @rowsMax`,
  // 0: there is none.
  NEWEST_AT: `SELECT max(ifnull((SELECT received_at FROM snapshot WHERE seq = (SELECT max(seq) FROM snapshot)), 0),
    ifnull((SELECT at FROM event WHERE seq = (SELECT max(seq) FROM event)), 0)) AS at`,
  FACTS: 'SELECT id, learned_at AS learnedAt, effective_at AS effectiveAt, source, by_whom AS "by", body, crc FROM fact ORDER BY id',
  STANDING: 'SELECT key, at, body, crc FROM standing ORDER BY key',
  REVISIONS_BETWEEN: 'SELECT seq, supersedes, revision, crc FROM revision WHERE seq >= @firstSeq AND seq <= @lastSeq',
  SUPERSEDED_BETWEEN: 'SELECT supersedes AS seq FROM revision WHERE supersedes >= @firstSeq AND supersedes <= @lastSeq',
  REVISED_NEWEST: `SELECT s.seq, s.stream, s.received_at AS receivedAt, s.sent_at AS sentAt, s.readings, s.crc
    FROM (SELECT seq FROM revision ORDER BY seq DESC LIMIT @rowsMax) r CROSS JOIN snapshot s ON s.seq = r.seq`,
  MESSAGES: writerQueries.MESSAGES,
  OPEN_ALERTS: 'SELECT alert_id AS alertId, crc FROM open_alert ORDER BY alert_id',
  EVENTS_OF_ALERT: 'SELECT seq, at, kind, alert_id AS alertId, body, crc FROM event WHERE alert_id = @alertId ORDER BY seq',
  // The newest first.
  STRIPS_OF_ALERT: `SELECT id, alert_id AS alertId, at, device, metric, channel, rate_hz AS rateHz, scale, zero AS offset, unit, began_at AS "from", samples, crc
    FROM strip WHERE alert_id = @alertId ORDER BY id DESC LIMIT @rowsMax`,
  // Only when open_alert itself is damaged.
  ALERT_IDS: 'SELECT DISTINCT alert_id AS alertId FROM event WHERE alert_id IS NOT NULL',
  QUARANTINE_DROPPED: 'SELECT ifnull(sum(frames), 0) AS frames FROM quarantine_dropped',
  QUARANTINE_NEWEST: 'SELECT id, at, device, peer, why, length, bytes, crc, replayed_at AS replayedAt FROM quarantine ORDER BY id DESC LIMIT @rowsMax',
  QUARANTINE_FRAME: 'SELECT id, at, device, peer, why, length, bytes, crc, replayed_at AS replayedAt FROM quarantine WHERE id = @id',
  // Without the bytes, which lie on pages of their own.
  QUARANTINE_HEADS: 'SELECT id, at, device, peer, why, length, replayed_at AS replayedAt FROM quarantine ORDER BY id DESC LIMIT @rowsMax',
  // A few hundred rows, asked once a frame that is read again.
  STAY_AT: `SELECT stay.id, stay.bed, stay.patient, stay.opened_at AS openedAt, stay.closed_at AS closedAt, stay.context, stay.crc,
    patient.mrn, patient.name, patient.crc AS patientCrc FROM stay LEFT JOIN patient ON patient.id = stay.patient
    WHERE stay.bed = @bed AND stay.opened_at <= @at AND (stay.closed_at IS NULL OR stay.closed_at > @at) ORDER BY stay.opened_at DESC LIMIT 1`,
} as const

/** Rows that are put right, on the writer's connection. */
export const reissueQueries = {
  LAST_REISSUE: 'SELECT max(id) AS id FROM reissue',
  FIRST_REISSUE: `SELECT id, learned_at AS learnedAt, of_bed AS ofBed, of_device AS ofDevice, from_at AS fromAt, to_at AS toAt, stay, bed, streams, at_seq AS atSeq, last_seq AS lastSeq, done, left, crc
    FROM reissue ORDER BY id LIMIT 1`,
  PUT_REISSUE: `INSERT INTO reissue (id, learned_at, of_bed, of_device, from_at, to_at, stay, bed, streams, at_seq, last_seq, done, left, crc)
    VALUES (@id, @learnedAt, @ofBed, @ofDevice, @fromAt, @toAt, @stay, @bed, @streams, @atSeq, @lastSeq, @done, @left, @crc)
    ON CONFLICT (id) DO UPDATE SET at_seq = excluded.at_seq, last_seq = excluded.last_seq, done = excluded.done, left = excluded.left, crc = excluded.crc`,
  REMOVE_REISSUE: 'DELETE FROM reissue WHERE id = @id',
  SEQS_OF_BLOCK: 'SELECT seq, stream FROM snapshot WHERE seq >> 8 = @block',
  SNAPSHOT: 'SELECT seq, stream, received_at AS receivedAt, sent_at AS sentAt, readings, crc FROM snapshot WHERE seq = @seq',
  STREAM_ROWS_OF_BED: 'SELECT id, device, bed, stay, crc FROM stream WHERE bed = @bed',
  // Of a device that goes from bed to bed.
  STREAM_ROWS_OF_DEVICE: 'SELECT id, device, bed, stay, crc FROM stream WHERE device = @device',
  IS_SUPERSEDED: 'SELECT seq FROM revision WHERE supersedes = @seq LIMIT 1',
  REVISION_OF: 'SELECT seq, supersedes, revision, crc FROM revision WHERE seq = @seq',
  ADD_REVISION: 'INSERT INTO revision (seq, supersedes, revision, crc) VALUES (@seq, @supersedes, @revision, @crc)',
} as const

/** The incarnations, read and written where the file is opened. */
export const epochQueries = {
  EPOCHS: 'SELECT turn, epoch, first_seq AS firstSeq, began_at AS beganAt, why, crc FROM epoch ORDER BY turn',
  LAST_TURN: 'SELECT ifnull(max(turn), 0) FROM epoch',
  ADD_EPOCH: 'INSERT INTO epoch (turn, epoch, first_seq, began_at, why, crc) VALUES (@turn, @epoch, @firstSeq, @beganAt, @why, @crc)',
} as const

/** Of a file that has not been carried forward yet. */
export const metaQueries = {
  META_OF_1: 'SELECT epoch, kind, gateway, created_at AS createdAt, NULL AS place, NULL AS version, NULL AS crc FROM meta WHERE id = 1',
} as const

/** Seals: which blocks have one, and what is under it. */
export const sealQueries = {
  SEGMENT_OPEN: 'SELECT block, row_count AS rowCount, stream_to AS streamTo, series_to AS seriesTo, key_id AS keyId, mac FROM segment WHERE mac IS NULL LIMIT 1',
  SEGMENT: 'SELECT block, row_count AS rowCount, stream_to AS streamTo, series_to AS seriesTo, key_id AS keyId, mac FROM segment WHERE block = @block',
  LAST_BLOCK: 'SELECT max(block) AS block FROM segment',
  NAMES_BEFORE: 'SELECT stream_to AS streamTo, series_to AS seriesTo FROM segment WHERE block < @block ORDER BY block DESC LIMIT 1',
  NAMES_NOW: 'SELECT ifnull((SELECT max(id) FROM stream), 0) AS streamTo, ifnull((SELECT max(id) FROM series), 0) AS seriesTo',
  STREAMS_BETWEEN: 'SELECT id, device, bed, stay, crc FROM stream WHERE id > @after AND id <= @to ORDER BY id',
  SERIES_BETWEEN: 'SELECT id, metric, channel, unit, crc FROM series WHERE id > @after AND id <= @to ORDER BY id',
  PUT_SEGMENT: `INSERT INTO segment (block, row_count, stream_to, series_to, key_id, mac) VALUES (@block, @rowCount, @streamTo, @seriesTo, @keyId, @mac)
    ON CONFLICT (block) DO UPDATE SET row_count = excluded.row_count, key_id = excluded.key_id, mac = excluded.mac`,
} as const

/** What a verification walks through besides: whole tables, once. */
export const verifyQueries = {
  FIRST_SEQ: 'SELECT min(ifnull((SELECT min(seq) FROM snapshot), 9e15), ifnull((SELECT min(seq) FROM event), 9e15)) AS seq',
  SEGMENT: sealQueries.SEGMENT,
  LAST_BLOCK: sealQueries.LAST_BLOCK,
  SEGMENTS_EMPTIED: `SELECT block, row_count AS rowCount, stream_to AS streamTo, series_to AS seriesTo, key_id AS keyId, mac FROM segment
    WHERE mac IS NOT NULL AND row_count > 0 AND NOT EXISTS (SELECT 1 FROM snapshot WHERE seq BETWEEN block * @numbers AND block * @numbers + @numbers - 1)
    AND NOT EXISTS (SELECT 1 FROM event WHERE seq BETWEEN block * @numbers AND block * @numbers + @numbers - 1) ORDER BY block`,
  STREAMS: 'SELECT id, device, bed, stay, crc FROM stream ORDER BY id',
  STAYS: `SELECT stay.id, stay.bed, stay.patient, stay.opened_at AS openedAt, stay.closed_at AS closedAt, stay.context, stay.crc,
    patient.mrn, patient.name, patient.crc AS patientCrc FROM stay LEFT JOIN patient ON patient.id = stay.patient ORDER BY stay.id`,
  QUARANTINE: 'SELECT id, at, device, peer, why, length, bytes, crc FROM quarantine ORDER BY id',
  STRIPS_AFTER: `SELECT id, alert_id AS alertId, at, device, metric, channel, rate_hz AS rateHz, scale, zero AS offset, unit, began_at AS "from", samples, crc
    FROM strip WHERE id > @after ORDER BY id LIMIT @rowsMax`,
  REVISIONS: 'SELECT seq, supersedes, revision, crc FROM revision ORDER BY seq',
  REISSUES: `SELECT id, learned_at AS learnedAt, of_bed AS ofBed, of_device AS ofDevice, from_at AS fromAt, to_at AS toAt, stay, bed, streams, at_seq AS atSeq, last_seq AS lastSeq, done, left, crc
    FROM reissue ORDER BY id`,
  MARKS: 'SELECT mark.minute, mark.seq, snapshot.received_at AS at FROM mark LEFT JOIN snapshot ON snapshot.seq = mark.seq ORDER BY mark.minute, mark.seq',
} as const
