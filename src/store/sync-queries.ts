/**
 * Every statement on sync.db, and its schema. The file holds what the sync thread must not forget: cursors, batches that
 * were cut, dead letters, and which surrogate stands for whom.
 */

import type { Migration } from './migrations.ts'
import { RELEASE_TABLES } from './sync-release-queries.ts'

/** "VIGS": marks the file as ours. */
export const SYNC_APPLICATION_ID = 0x56494753

export const SYNC_MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    sql: `
      -- The incarnations of vigil.db that were seen; the one with the greatest turn is the current one.
      CREATE TABLE epoch (
        epoch TEXT NOT NULL PRIMARY KEY,
        turn INTEGER NOT NULL UNIQUE
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE cursor (
        sink TEXT NOT NULL,
        epoch TEXT NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (sink, epoch)
      ) STRICT, WITHOUT ROWID;

      -- Cut, and not settled. Sent in the order of place; items: what each event was made of, as JSON.
      CREATE TABLE batch (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        sink TEXT NOT NULL,
        place INTEGER NOT NULL,
        epoch TEXT NOT NULL,
        batch_id TEXT NOT NULL,
        seq_from INTEGER NOT NULL,
        seq_to INTEGER NOT NULL,
        moves_cursor INTEGER NOT NULL CHECK (moves_cursor IN (0, 1)),
        body BLOB NOT NULL,
        items TEXT NOT NULL
      ) STRICT;
      CREATE INDEX batch_by_place ON batch (sink, place);

      -- The only link between what central holds and a person's stay: erase the row and what was sent is untraceable.
      CREATE TABLE surrogate (
        epoch TEXT NOT NULL,
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        surrogate TEXT NOT NULL UNIQUE,
        PRIMARY KEY (epoch, kind, id)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE sensor (
        epoch TEXT NOT NULL,
        device TEXT NOT NULL,
        metric TEXT NOT NULL,
        channel TEXT NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (epoch, device, metric, channel)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE alert_subject (
        id INTEGER PRIMARY KEY,
        epoch TEXT NOT NULL,
        alert TEXT NOT NULL,
        subject TEXT NOT NULL,
        UNIQUE (epoch, alert)
      ) STRICT;

      CREATE TABLE acknowledged (
        sink TEXT NOT NULL,
        epoch TEXT NOT NULL,
        device TEXT NOT NULL,
        metric TEXT NOT NULL,
        readings INTEGER NOT NULL,
        PRIMARY KEY (sink, epoch, device, metric)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE withheld (
        sink TEXT NOT NULL,
        epoch TEXT NOT NULL,
        reason TEXT NOT NULL,
        row_count INTEGER NOT NULL,
        readings INTEGER NOT NULL,
        PRIMARY KEY (sink, epoch, reason)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE dead_letter (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        sink TEXT NOT NULL,
        epoch TEXT NOT NULL,
        seq_from INTEGER NOT NULL,
        seq_to INTEGER NOT NULL,
        at REAL NOT NULL,
        why TEXT NOT NULL,
        retries INTEGER NOT NULL,
        retry_asked INTEGER NOT NULL CHECK (retry_asked IN (0, 1)),
        event TEXT NOT NULL,
        origin TEXT NOT NULL
      ) STRICT;
      CREATE INDEX dead_letter_by_sink ON dead_letter (sink, id);
      CREATE INDEX dead_letter_asked ON dead_letter (sink, epoch, id) WHERE retry_asked = 1;

      CREATE TABLE dead_letter_dropped (
        sink TEXT NOT NULL PRIMARY KEY,
        letters INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE sink_status (
        sink TEXT NOT NULL PRIMARY KEY,
        at REAL NOT NULL,
        kind TEXT NOT NULL,
        why TEXT NOT NULL,
        breaker TEXT NOT NULL,
        last_accepted_at REAL,
        stopped_by_scanner INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    version: 2,
    sql: `
      -- A row where the ledger before this one was lost; epoch: which incarnation of vigil.db was current then, once it is known.
      CREATE TABLE lost (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        epoch TEXT
      ) STRICT;

      -- A cursor that jumped ahead would leave rows behind in silence. Null: moved last by version 1.
      ALTER TABLE cursor ADD COLUMN crc INTEGER;
      ALTER TABLE batch ADD COLUMN crc INTEGER;
    `,
  },
  {
    version: 3,
    sql: `
      -- The sinks that the configuration names, in its order; one that was taken out keeps its cursor and its dead letters.
      CREATE TABLE sink (
        id TEXT NOT NULL PRIMARY KEY,
        place INTEGER NOT NULL,
        kind TEXT NOT NULL,
        lane TEXT NOT NULL,
        configured INTEGER NOT NULL CHECK (configured IN (0, 1))
      ) STRICT, WITHOUT ROWID;

      -- What a sink must not forget over a restart, in its own words.
      CREATE TABLE sink_memory (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        sink TEXT NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        UNIQUE (sink, name)
      ) STRICT;
      CREATE INDEX sink_memory_by_age ON sink_memory (sink, id);

      -- What a sink did that is neither acknowledged nor dead: sets that were not whole, posts that may have come twice.
      CREATE TABLE sink_count (
        sink TEXT NOT NULL,
        what TEXT NOT NULL,
        times INTEGER NOT NULL,
        PRIMARY KEY (sink, what)
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    version: 4,
    sql: `
      -- Cut before its turn. 'fresh': stretches of the log ahead of the cursor. 'alerts', one row: up to seq_to all alerts are cut.
      CREATE TABLE ahead (
        sink TEXT NOT NULL,
        epoch TEXT NOT NULL,
        lane TEXT NOT NULL CHECK (lane IN ('alerts', 'fresh')),
        seq_from INTEGER NOT NULL,
        seq_to INTEGER NOT NULL,
        crc INTEGER NOT NULL,
        PRIMARY KEY (sink, epoch, lane, seq_from)
      ) STRICT, WITHOUT ROWID;

      -- Which numbers were cut together: from it follows what was sent of a row that turns out to be another patient's. digest: of
      -- the keys that came of it. passed: lists of numbers, as JSON: rows that were left out when it was cut, then those that each
      -- correction took back.
      CREATE TABLE cut (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        sink TEXT NOT NULL,
        epoch TEXT NOT NULL,
        seq_from INTEGER NOT NULL,
        seq_to INTEGER NOT NULL,
        digest TEXT NOT NULL,
        passed TEXT NOT NULL
      ) STRICT;
      CREATE INDEX cut_by_seq ON cut (sink, epoch, seq_from);
    `,
  },
  { version: 5, sql: RELEASE_TABLES },
]

export const syncQueries = {
  OPEN_EPOCH: `INSERT INTO epoch (epoch, turn) SELECT @epoch, ifnull(max(turn), 0) + 1 FROM epoch WHERE true
    ON CONFLICT (epoch) DO UPDATE SET turn = excluded.turn WHERE turn < excluded.turn - 1`,
  KNOWS_EPOCH: 'SELECT 1 AS known FROM epoch WHERE epoch = @epoch',
  EPOCH_NOW: 'SELECT epoch FROM epoch ORDER BY turn DESC LIMIT 1',
  LOST: 'SELECT epoch FROM lost WHERE id = 1',
  PUT_LOST: 'INSERT INTO lost (id, epoch) VALUES (1, @epoch) ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch',
  FIND_AGAIN: 'DELETE FROM lost',
  CURSOR: 'SELECT seq, crc FROM cursor WHERE sink = @sink AND epoch = @epoch',
  CURSORS: 'SELECT sink, epoch, seq, crc FROM cursor',
  MOVE_CURSOR: `INSERT INTO cursor (sink, epoch, seq, crc) VALUES (@sink, @epoch, @seq, @crc)
    ON CONFLICT (sink, epoch) DO UPDATE SET seq = excluded.seq, crc = excluded.crc WHERE seq < excluded.seq`,
  // A null sink: whichever came farthest.
  REACH: `SELECT max(ifnull((SELECT max(seq) FROM cursor WHERE epoch = @epoch AND sink = ifnull(@sink, sink)), 0),
    ifnull((SELECT max(seq_to) FROM batch WHERE epoch = @epoch AND moves_cursor = 1 AND sink = ifnull(@sink, sink)), 0))`,
  HAS_AHEAD: "SELECT 1 AS has FROM sqlite_schema WHERE type = 'table' AND name = 'ahead'",
  REACH_AHEAD: 'SELECT ifnull(max(seq_to), 0) FROM ahead WHERE epoch = @epoch AND sink = ifnull(@sink, sink)',
  AHEAD: "SELECT seq_from AS seqFrom, seq_to AS seqTo, crc FROM ahead WHERE sink = @sink AND epoch = @epoch AND lane = 'fresh' ORDER BY seq_from",
  ALERTS_TO: "SELECT seq_from AS seqFrom, seq_to AS seqTo, crc FROM ahead WHERE sink = @sink AND epoch = @epoch AND lane = 'alerts'",
  ALL_AHEAD: 'SELECT sink, epoch, lane, seq_from AS seqFrom, seq_to AS seqTo, crc FROM ahead',
  PUT_AHEAD: `INSERT INTO ahead (sink, epoch, lane, seq_from, seq_to, crc) VALUES (@sink, @epoch, @lane, @seqFrom, @seqTo, @crc)
    ON CONFLICT (sink, epoch, lane, seq_from) DO UPDATE SET seq_to = excluded.seq_to, crc = excluded.crc WHERE seq_to < excluded.seq_to`,
  DROP_AHEAD: "DELETE FROM ahead WHERE sink = @sink AND epoch = @epoch AND lane = 'fresh' AND seq_from = @seqFrom",
  ADD_CUT: 'INSERT INTO cut (sink, epoch, seq_from, seq_to, digest, passed) VALUES (@sink, @epoch, @seqFrom, @seqTo, @digest, @passed)',
  CUT_HOLDING: `SELECT id, epoch, seq_from AS seqFrom, seq_to AS seqTo, digest, passed FROM cut
    WHERE sink = @sink AND epoch = @epoch AND seq_from <= @seq ORDER BY seq_from DESC LIMIT 1`,
  AMEND_CUT: 'UPDATE cut SET passed = @passed WHERE id = @id',
  TRIM_CUTS: 'DELETE FROM cut WHERE id <= (SELECT max(id) FROM cut) - @cutsMax',
  // Those that go before all others have places of their own, far below zero: parts of a batch that was split have some below it too.
  LAST_EARLY_PLACE: 'SELECT max(place) AS place FROM batch WHERE sink = @sink AND place < -500000000',
  LAST_PLACE: 'SELECT max(ifnull(max(place), 0), 0) AS place FROM batch WHERE sink = @sink',
  ADD_BATCH: `INSERT INTO batch (sink, place, epoch, batch_id, seq_from, seq_to, moves_cursor, body, items, crc)
    VALUES (@sink, @place, @epoch, @batchId, @seqFrom, @seqTo, @movesCursor, @body, @items, @crc)`,
  FIRST_BATCH: `SELECT id, place, epoch, batch_id AS batchId, seq_from AS seqFrom, seq_to AS seqTo, moves_cursor AS movesCursor, place < -500000000 AS isEarly, body, items, crc
    FROM batch WHERE sink = @sink ORDER BY place LIMIT 1`,
  BATCHES: 'SELECT id, epoch, batch_id AS batchId, seq_from AS seqFrom, seq_to AS seqTo, moves_cursor AS movesCursor, place < -500000000 AS isEarly, body, items, crc FROM batch',
  REMOVE_BATCH: 'DELETE FROM batch WHERE id = @id',
  // Parts of one range are settled one by one: the range is done when none of it is left.
  RANGE_LEFT: 'SELECT count(*) AS batches FROM batch WHERE sink = @sink AND epoch = @epoch AND moves_cursor = 1 AND seq_from <= @seqTo',
  SURROGATE: 'SELECT surrogate FROM surrogate WHERE epoch = @epoch AND kind = @kind AND id = @id',
  ADD_SURROGATE: 'INSERT INTO surrogate (epoch, kind, id, surrogate) VALUES (@epoch, @kind, @id, @surrogate)',
  SENSOR: 'SELECT number FROM sensor WHERE epoch = @epoch AND device = @device AND metric = @metric AND channel = @channel',
  SENSORS: 'SELECT count(*) AS sensors FROM sensor WHERE epoch = @epoch AND device = @device AND metric = @metric',
  ADD_SENSOR: 'INSERT INTO sensor (epoch, device, metric, channel, number) VALUES (@epoch, @device, @metric, @channel, @number)',
  ALERT_SUBJECT: 'SELECT subject FROM alert_subject WHERE epoch = @epoch AND alert = @alert',
  ADD_ALERT_SUBJECT: `INSERT INTO alert_subject (epoch, alert, subject) VALUES (@epoch, @alert, @subject)
    ON CONFLICT (epoch, alert) DO UPDATE SET subject = excluded.subject WHERE subject <> excluded.subject`,
  TRIM_ALERT_SUBJECTS: 'DELETE FROM alert_subject WHERE id <= (SELECT max(id) FROM alert_subject) - @alertsMax',
  ADD_ACKNOWLEDGED: `INSERT INTO acknowledged (sink, epoch, device, metric, readings) VALUES (@sink, @epoch, @device, @metric, @readings)
    ON CONFLICT (sink, epoch, device, metric) DO UPDATE SET readings = readings + excluded.readings`,
  ACKNOWLEDGED: 'SELECT device, metric, sum(readings) AS readings FROM acknowledged WHERE sink = @sink GROUP BY device, metric',
  ADD_WITHHELD: `INSERT INTO withheld (sink, epoch, reason, row_count, readings) VALUES (@sink, @epoch, @reason, @rows, @readings)
    ON CONFLICT (sink, epoch, reason) DO UPDATE SET row_count = row_count + excluded.row_count, readings = readings + excluded.readings`,
  WITHHELD: 'SELECT reason, row_count AS "rows", readings FROM withheld WHERE sink = @sink AND epoch = @epoch ORDER BY reason',
  ADD_DEAD: `INSERT INTO dead_letter (sink, epoch, seq_from, seq_to, at, why, retries, retry_asked, event, origin)
    VALUES (@sink, @epoch, @seqFrom, @seqTo, @at, @why, @retries, 0, @event, @origin)`,
  DEAD_COUNT: 'SELECT count(*) AS letters FROM dead_letter WHERE sink = @sink',
  TRIM_DEAD: 'DELETE FROM dead_letter WHERE sink = @sink AND id <= (SELECT id FROM dead_letter WHERE sink = @sink ORDER BY id DESC LIMIT 1 OFFSET @lettersMax)',
  COUNT_DROPPED: `INSERT INTO dead_letter_dropped (sink, letters) VALUES (@sink, @letters)
    ON CONFLICT (sink) DO UPDATE SET letters = letters + excluded.letters`,
  DROPPED: 'SELECT letters FROM dead_letter_dropped WHERE sink = @sink',
  DEAD_LETTERS: `SELECT id, epoch, seq_from AS seqFrom, seq_to AS seqTo, at, why, retries, retry_asked AS retryAsked, event, origin
    FROM dead_letter WHERE sink = @sink ORDER BY id LIMIT @lettersMax`,
  // One epoch at a time: a batch has one key epoch.
  LETTERS_TO_RETRY: `SELECT id, epoch, seq_from AS seqFrom, seq_to AS seqTo, at, why, retries, retry_asked AS retryAsked, event, origin FROM dead_letter
    WHERE sink = @sink AND retry_asked = 1 AND epoch = (SELECT epoch FROM dead_letter WHERE sink = @sink AND retry_asked = 1 ORDER BY epoch LIMIT 1)
    ORDER BY id LIMIT @lettersMax`,
  ASK_RETRY: 'UPDATE dead_letter SET retry_asked = 1 WHERE id = @id',
  REFUSE_RETRY: 'UPDATE dead_letter SET retry_asked = 0, retries = retries + 1, why = @why WHERE id = @id',
  REMOVE_DEAD: 'DELETE FROM dead_letter WHERE id = @id',
  SAVE_STATUS: `INSERT INTO sink_status (sink, at, kind, why, breaker, last_accepted_at, stopped_by_scanner)
    VALUES (@sink, @at, @kind, @why, @breaker, @lastAcceptedAt, @stoppedByScanner)
    ON CONFLICT (sink) DO UPDATE SET at = excluded.at, kind = excluded.kind, why = excluded.why, breaker = excluded.breaker,
      last_accepted_at = ifnull(excluded.last_accepted_at, last_accepted_at), stopped_by_scanner = excluded.stopped_by_scanner`,
  UNNAME_SINKS: 'UPDATE sink SET configured = 0',
  NAME_SINK: `INSERT INTO sink (id, place, kind, lane, configured) VALUES (@id, @place, @kind, @lane, 1)
    ON CONFLICT (id) DO UPDATE SET place = excluded.place, kind = excluded.kind, lane = excluded.lane, configured = 1`,
  FIRST_TO_CENTRAL: "SELECT id FROM sink WHERE configured = 1 AND lane <> 'hospital' ORDER BY place LIMIT 1",
  SINKS: 'SELECT id, kind, lane FROM sink WHERE configured = 1 ORDER BY place',
  // Of version 2 and before, and those that were taken out of the configuration, where something of them is left.
  SINKS_LEFT: `SELECT sink FROM (SELECT sink FROM cursor UNION SELECT sink FROM dead_letter UNION SELECT sink FROM sink_status)
    WHERE sink NOT IN (SELECT id FROM sink WHERE configured = 1) ORDER BY sink`,
  MEMORY: 'SELECT value FROM sink_memory WHERE sink = @sink AND name = @name',
  // Under a new number: what is put again and again is not what is forgotten first.
  PUT_MEMORY: 'INSERT OR REPLACE INTO sink_memory (sink, name, value) VALUES (@sink, @name, @value)',
  DROP_MEMORY: 'DELETE FROM sink_memory WHERE sink = @sink AND name = @name',
  TRIM_MEMORY: 'DELETE FROM sink_memory WHERE sink = @sink AND id <= (SELECT id FROM sink_memory WHERE sink = @sink ORDER BY id DESC LIMIT 1 OFFSET @memoriesMax)',
  COUNT: `INSERT INTO sink_count (sink, what, times) VALUES (@sink, @what, @times)
    ON CONFLICT (sink, what) DO UPDATE SET times = times + excluded.times`,
  COUNTS: 'SELECT what, times FROM sink_count WHERE sink = @sink ORDER BY what',
  STATUS: 'SELECT at, kind, why, breaker, last_accepted_at AS lastAcceptedAt, stopped_by_scanner AS stoppedByScanner FROM sink_status WHERE sink = @sink',
} as const

/** Who lay there, for what goes to the hospital's own systems, asked of vigil.db on a read-only connection. */
export const identityQueries = {
  IDENTITY_OF_STAY: 'SELECT stay.bed, patient.mrn, patient.name FROM stay LEFT JOIN patient ON patient.id = stay.patient WHERE stay.id = @stay',
} as const

/** What the egress scanner looks for, asked of vigil.db on a read-only connection. */
export const identifierQueries = {
  PATIENTS_AFTER: 'SELECT id, mrn, name FROM patient WHERE id > @afterId ORDER BY id',
  // What a monitor says of its patient may change while the stay is open.
  PATIENTS_PRESENT: 'SELECT patient.mrn, patient.name FROM stay JOIN patient ON patient.id = stay.patient WHERE stay.closed_at IS NULL',
  STREAMS_AFTER: 'SELECT id, device, bed, stay FROM stream WHERE id > @afterId ORDER BY id',
  // Whom the registry named, whether he lay in a bed or not.
  FACTS_AFTER: 'SELECT id, by_whom AS "by", body FROM fact WHERE id > @afterId ORDER BY id',
} as const
