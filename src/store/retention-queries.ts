/** What retention asks and deletes, on the writer's connection. test/store/retention-queries.test.ts asserts each plan. */

export const retentionQueries = {
  PAGES: 'PRAGMA page_count',
  FREE_PAGES: 'PRAGMA freelist_count',
  STATE: `SELECT at, rows, identities, frames, strips, unbound_seq AS unboundSeq,
    forced_at AS forcedAt, forced_from AS forcedFrom, forced_to AS forcedTo, forced_why AS forcedWhy FROM retention WHERE id = 1`,
  PUT_STATE: `INSERT INTO retention (id, at, rows, identities, frames, strips, unbound_seq, forced_at, forced_from, forced_to, forced_why)
    VALUES (1, @at, @rows, @identities, @frames, @strips, @unboundSeq, @forcedAt, @forcedFrom, @forcedTo, @forcedWhy)
    ON CONFLICT (id) DO UPDATE SET at = excluded.at, rows = excluded.rows, identities = excluded.identities, frames = excluded.frames, strips = excluded.strips,
      unbound_seq = excluded.unbound_seq, forced_at = excluded.forced_at, forced_from = excluded.forced_from, forced_to = excluded.forced_to,
      forced_why = excluded.forced_why`,
  SET_UNBOUND: `INSERT INTO retention (id, at, rows, identities, frames, unbound_seq) VALUES (1, 0, 0, 0, 0, @unboundSeq)
    ON CONFLICT (id) DO UPDATE SET unbound_seq = excluded.unbound_seq`,
  RAISE_FLOOR: 'UPDATE meta SET seq_floor = max(seq_floor, @seq) WHERE id = 1',
  // Who deletes rows of a block says so: it is sealed anew.
  UNSEAL: 'UPDATE segment SET mac = NULL WHERE block = @block AND mac IS NOT NULL',
  // Identity.
  STAYS_NAMED: `SELECT id, bed, patient, opened_at AS openedAt, closed_at AS closedAt, context, crc FROM stay INDEXED BY stay_named
    WHERE closed_at <= @before AND patient IS NOT NULL ORDER BY closed_at LIMIT @rowsMax`,
  UNNAME_STAY: 'UPDATE stay SET patient = NULL, crc = @crc WHERE id = @id',
  // The row stays: its number is never given to another, or readers that follow the numbers would pass one by.
  FORGET_PATIENT: 'UPDATE patient SET mrn = NULL, name = NULL, crc = @crc WHERE id = @patient',
  REMOVE_FACT: 'DELETE FROM fact WHERE id = @id',
  // Frames.
  REMOVE_FRAMES: 'DELETE FROM quarantine WHERE id IN (SELECT id FROM quarantine WHERE at <= @before ORDER BY at LIMIT @rowsMax)',
  // Strips.
  REMOVE_STRIPS: 'DELETE FROM strip WHERE id IN (SELECT id FROM strip WHERE at <= @before ORDER BY at LIMIT @rowsMax)',
  REMOVE_STRIPS_OF: 'DELETE FROM strip WHERE alert_id = @alertId',
  // Numerics.
  STAYS_ENDED: 'SELECT id, opened_at AS openedAt, closed_at AS closedAt FROM stay WHERE closed_at <= @before ORDER BY closed_at LIMIT @rowsMax',
  STAY_KNOWN: 'SELECT 1 AS known FROM stay WHERE id = @stay',
  REMOVE_STAY: 'DELETE FROM stay WHERE id = @id',
  STREAMS_OF_STAY: 'SELECT id FROM stream WHERE stay = @stay ORDER BY id',
  STREAMS_UNBOUND: 'SELECT id FROM stream WHERE stay IS NULL ORDER BY id',
  SEQS_OF_STREAM: `WITH RECURSIVE block (n) AS (SELECT @firstSeq >> 8 UNION ALL SELECT n + 1 FROM block WHERE n < @lastSeq >> 8)
    SELECT s.seq FROM block CROSS JOIN snapshot s ON s.seq >> 8 = block.n AND s.stream = @stream AND s.seq BETWEEN @firstSeq AND @lastSeq`,
  REMOVE_SNAPSHOT: 'DELETE FROM snapshot WHERE seq = ?',
  FIRST_SNAPSHOT: 'SELECT seq, received_at AS at FROM snapshot ORDER BY seq LIMIT 1',
  // Events: few, and walked one after the other.
  EVENTS_AFTER: 'SELECT seq, at, alert_id AS alertId, body FROM event WHERE seq > @afterSeq AND seq <= @lastSeq ORDER BY seq LIMIT @rowsMax',
  FIRST_OF_ALERT: 'SELECT body FROM event WHERE alert_id = @alertId ORDER BY seq LIMIT 1',
  ALERT_IS_OPEN: 'SELECT 1 AS open FROM open_alert WHERE alert_id = @alertId',
  REMOVE_EVENT: 'DELETE FROM event WHERE seq = ?',
  // Under pressure.
  OLDEST_SNAPSHOTS: 'SELECT seq, received_at AS at FROM snapshot ORDER BY seq LIMIT @rowsMax',
  OLDEST_EVENTS: 'SELECT seq, at, alert_id AS alertId FROM event WHERE seq <= @lastSeq ORDER BY seq LIMIT @rowsMax',
  // Marks.
  MARK_UP_TO_MINUTE: 'SELECT seq FROM mark WHERE minute <= @minute ORDER BY minute DESC, seq DESC LIMIT 1',
  // In the order of the log, from its oldest mark on: those of rows that went are gone.
  MARK_AFTER_MINUTE: 'SELECT seq FROM mark INDEXED BY mark_by_seq WHERE minute > @minute AND minute <= @lastMinute ORDER BY seq LIMIT 1',
  MARK_FROM_MINUTE: 'SELECT seq FROM mark WHERE minute >= @minute ORDER BY minute, seq LIMIT 1',
  MARK_UP_TO_SEQ: 'SELECT max(seq) AS seq FROM mark WHERE seq <= @seq',
  // The row whose place others took is gone: that they did says nothing any more.
  REMOVE_REVISIONS: 'DELETE FROM revision WHERE seq IN (SELECT seq FROM revision WHERE supersedes < @seq ORDER BY supersedes LIMIT @rowsMax)',
  REMOVE_MARKS: 'DELETE FROM mark WHERE seq IN (SELECT seq FROM mark WHERE seq < @seq ORDER BY seq LIMIT @rowsMax)',
} as const
