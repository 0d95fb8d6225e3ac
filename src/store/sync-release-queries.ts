/** Every statement of the release lane: on its tables in sync.db, and what it asks of vigil.db on a read-only connection. */

import { readerQueries } from './queries.ts'

/** Version 5 of sync.db. */
export const RELEASE_TABLES = `
      -- Stays as the release lane of each sink knows them. told: who lay there, as far as it may be told; empty once it is released.
      CREATE TABLE release_stay (
        sink TEXT NOT NULL,
        stay TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('waiting', 'leaving', 'released')),
        delay_ms REAL NOT NULL,
        shift_days INTEGER NOT NULL,
        opened_at REAL NOT NULL,
        closed_at REAL,
        from_seq INTEGER NOT NULL,
        through_seq INTEGER NOT NULL,
        told TEXT NOT NULL,
        crc INTEGER NOT NULL,
        PRIMARY KEY (sink, stay)
      ) STRICT, WITHOUT ROWID;

      -- The one that is under way.
      CREATE TABLE release (
        sink TEXT NOT NULL PRIMARY KEY,
        id TEXT NOT NULL,
        organization TEXT NOT NULL,
        gateway TEXT NOT NULL,
        method TEXT NOT NULL,
        stays INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;

      -- What of its stays is not cut yet, in the random order of place.
      CREATE TABLE release_piece (
        id INTEGER PRIMARY KEY,
        sink TEXT NOT NULL,
        place REAL NOT NULL,
        stay TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('rows', 'visit', 'late')),
        seq_from INTEGER NOT NULL,
        seq_to INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX release_piece_by_place ON release_piece (sink, place);

      -- What stands for a value of a field that the site has added, until its time is over.
      CREATE TABLE site_token (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        field TEXT NOT NULL,
        value TEXT NOT NULL,
        token TEXT NOT NULL,
        until_at REAL NOT NULL,
        UNIQUE (field, value),
        UNIQUE (field, token)
      ) STRICT;

      CREATE TABLE site_key (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        key BLOB NOT NULL
      ) STRICT;
    `

export const releaseQueries = {
  STAYS: `SELECT stay, state, delay_ms AS delayMs, shift_days AS shiftDays, opened_at AS openedAt, closed_at AS closedAt, from_seq AS fromSeq, through_seq AS throughSeq, told, crc
    FROM release_stay WHERE sink = @sink`,
  PUT_STAY: `INSERT INTO release_stay (sink, stay, state, delay_ms, shift_days, opened_at, closed_at, from_seq, through_seq, told, crc)
    VALUES (@sink, @stay, @state, @delayMs, @shiftDays, @openedAt, @closedAt, @fromSeq, @throughSeq, @told, @crc)
    ON CONFLICT (sink, stay) DO UPDATE SET state = excluded.state, delay_ms = excluded.delay_ms, shift_days = excluded.shift_days,
      opened_at = excluded.opened_at, closed_at = excluded.closed_at,
      from_seq = excluded.from_seq, through_seq = excluded.through_seq, told = excluded.told, crc = excluded.crc`,
  FORGET_STAY: 'DELETE FROM release_stay WHERE sink = @sink AND stay = @stay',
  CURRENT: 'SELECT id, organization, gateway, method, stays FROM release WHERE sink = @sink',
  BEGIN: 'INSERT INTO release (sink, id, organization, gateway, method, stays) VALUES (@sink, @id, @organization, @gateway, @method, @stays)',
  END: 'DELETE FROM release WHERE sink = @sink',
  FORGET_SURROGATES: 'DELETE FROM surrogate WHERE epoch = @release',
  ADD_PIECE: 'INSERT INTO release_piece (sink, place, stay, kind, seq_from, seq_to) VALUES (@sink, @place, @stay, @kind, @seqFrom, @seqTo)',
  NEXT_PIECES: 'SELECT id, stay, kind, seq_from AS seqFrom, seq_to AS seqTo FROM release_piece WHERE sink = @sink ORDER BY place LIMIT @piecesMax',
  SHORTEN_PIECE: 'UPDATE release_piece SET seq_from = @seqFrom WHERE id = @id',
  REMOVE_PIECE: 'DELETE FROM release_piece WHERE id = @id',
  PIECES: 'SELECT count(*) AS pieces FROM release_piece WHERE sink = @sink',
  BATCHES: 'SELECT count(*) AS batches FROM batch WHERE sink = @sink',
  STANDING: 'SELECT state, count(*) AS stays FROM release_stay WHERE sink = @sink GROUP BY state',
  SITE_KEY: 'SELECT key FROM site_key WHERE id = 1',
  PUT_SITE_KEY: 'INSERT INTO site_key (id, key) VALUES (1, @key)',
  TOKEN: 'SELECT token FROM site_token WHERE field = @field AND value = @value AND until_at > @now',
  IS_TOKEN: 'SELECT 1 AS known FROM site_token WHERE field = @field AND token = @token',
  PUT_TOKEN: `INSERT INTO site_token (field, value, token, until_at) VALUES (@field, @value, @token, @until)
    ON CONFLICT (field, value) DO UPDATE SET token = excluded.token, until_at = excluded.until_at`,
  TRIM_TOKENS: 'DELETE FROM site_token WHERE id <= (SELECT max(id) FROM site_token) - @tokensMax',
} as const

/** Asked of vigil.db. */
export const stayQueries = {
  // Those that are kept: some days of them.
  STAYS: 'SELECT id, bed, patient, opened_at AS openedAt, closed_at AS closedAt, context, crc FROM stay',
  MRN_OF_STAY: 'SELECT patient.mrn FROM stay JOIN patient ON patient.id = stay.patient WHERE stay.id = @stay',
  // The newest word counts.
  FACTS_NEWEST: 'SELECT body FROM fact ORDER BY id DESC',
  // The first time that the log entered such a minute: where the clock was set back, it did so twice. Marks far ahead of now say nothing.
  FIRST_MARK_BETWEEN: 'SELECT min(seq) AS seq FROM mark WHERE minute >= @minute AND minute <= @lastMinute',
  STREAMS_OF_STAY: readerQueries.STREAMS_OF_STAY,
  SNAPSHOTS_OF_STREAM: readerQueries.SNAPSHOTS_OF_STREAM,
  EVENTS_BETWEEN: 'SELECT seq, at, kind, alert_id AS alertId, body, crc FROM event WHERE seq >= @firstSeq AND seq <= @lastSeq ORDER BY seq',
  REVISION: 'SELECT seq, supersedes, revision, crc FROM revision WHERE seq = @seq',
  REVISED_AFTER: 'SELECT seq, supersedes, revision, crc FROM revision WHERE seq > @afterSeq ORDER BY seq LIMIT @rowsMax',
  SNAPSHOT: 'SELECT seq, stream, received_at AS receivedAt, sent_at AS sentAt, readings, crc FROM snapshot WHERE seq = @seq',
} as const
