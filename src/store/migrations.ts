/**
 * The schema, as steps that only ever grow in number: a released step is never edited, a mistake is mended by the next.
 * A file older than the program is carried forward in one transaction a step; a newer one is refused, never guessed at.
 */

import type { Database } from 'better-sqlite3'

export type Migration = { readonly version: number; readonly sql: string }

/** "VIGL": marks the file as ours, so that another program's database is never written to. */
export const APPLICATION_ID = 0x5649474c

export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    sql: `
      -- One row: whose database this is. seq_floor: rows below it may have been deleted, their numbers are never given again.
      CREATE TABLE meta (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        epoch TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('demo', 'real')),
        gateway TEXT NOT NULL,
        created_at REAL NOT NULL,
        seq_floor INTEGER NOT NULL
      ) STRICT;

      -- The only table that names a person. One row a stay: two stays with one number are not merged here, for what a
      -- monitor says of its patient is asserted, not confirmed.
      CREATE TABLE patient (
        id INTEGER PRIMARY KEY,
        mrn TEXT,
        name TEXT,
        crc INTEGER NOT NULL
      ) STRICT;

      CREATE TABLE stay (
        id TEXT NOT NULL PRIMARY KEY,
        bed TEXT NOT NULL,
        patient INTEGER REFERENCES patient (id),
        opened_at REAL NOT NULL,
        closed_at REAL,
        context TEXT NOT NULL,
        crc INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX stay_open ON stay (opened_at) WHERE closed_at IS NULL;

      -- Names live once. Both tables are short-hand of the writer: two ids may mean the same.
      CREATE TABLE stream (
        id INTEGER PRIMARY KEY,
        device TEXT NOT NULL,
        bed TEXT,
        stay TEXT,
        crc INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX stream_by_bed ON stream (bed);
      CREATE INDEX stream_by_stay ON stream (stay);

      CREATE TABLE series (
        id INTEGER PRIMARY KEY,
        metric TEXT NOT NULL,
        channel TEXT NOT NULL,
        unit TEXT NOT NULL,
        crc INTEGER NOT NULL
      ) STRICT;

      -- The log: snapshots and events draw their seq from one counter. REAL times: whole milliseconds take 6 bytes on disk.
      CREATE TABLE snapshot (
        seq INTEGER PRIMARY KEY,
        stream INTEGER NOT NULL REFERENCES stream (id),
        received_at REAL NOT NULL,
        sent_at REAL,
        readings BLOB NOT NULL,
        crc INTEGER NOT NULL
      ) STRICT;
      -- By blocks of 256 rows, then by stream: what is written together lies together. An index on the stream alone would
      -- dirty one page a bed with each commit (measured, 500 beds at 1 Hz: 297 pages a commit; so: 22).
      CREATE INDEX snapshot_by_block ON snapshot (seq >> 8, stream);

      CREATE TABLE event (
        seq INTEGER PRIMARY KEY,
        at REAL NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('alert', 'gateway')),
        alert_id TEXT,
        body TEXT NOT NULL,
        crc INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX event_by_alert ON event (alert_id, seq) WHERE alert_id IS NOT NULL;

      -- Derived from event: which alerts a restart has to fold.
      CREATE TABLE open_alert (
        alert_id TEXT NOT NULL PRIMARY KEY,
        crc INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;

      -- Derived from snapshot: a row for each time the log enters another minute of the wall clock, backwards too.
      CREATE TABLE mark (
        minute INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (minute, seq)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX mark_by_seq ON mark (seq);

      -- Messages that were taken, a ring for each device: the row that a new one displaces is deleted. In the order of arrival,
      -- not by device, for what is written together shall lie together; the writer remembers which row holds which slot.
      CREATE TABLE message (
        id INTEGER PRIMARY KEY,
        device TEXT NOT NULL,
        slot INTEGER NOT NULL,
        control_id TEXT NOT NULL,
        hash INTEGER NOT NULL,
        crc INTEGER NOT NULL
      ) STRICT;

      -- Frames that were not believed. device is '' where nobody knows it. length: bytes on the wire, which may be more than are kept.
      CREATE TABLE quarantine (
        id INTEGER PRIMARY KEY,
        at REAL NOT NULL,
        device TEXT NOT NULL,
        peer TEXT NOT NULL,
        why TEXT NOT NULL,
        length INTEGER NOT NULL,
        bytes BLOB NOT NULL,
        crc INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX quarantine_by_device ON quarantine (device, id);

      CREATE TABLE quarantine_dropped (
        device TEXT NOT NULL PRIMARY KEY,
        frames INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    version: 2,
    sql: `
      -- place: where the file lives, so that a copy knows that it is one. version: a second witness of user_version. crc covers
      -- all but seq_floor; null in a file that was just carried forward, until the writer has filled all three.
      ALTER TABLE meta ADD COLUMN place TEXT;
      ALTER TABLE meta ADD COLUMN version INTEGER;
      ALTER TABLE meta ADD COLUMN crc INTEGER;

      -- Incarnations in their order; the last one is that of meta. A row of the log belongs to the last turn whose first_seq is
      -- not above its own, so rows that a backup brought back keep the keys that central knows.
      CREATE TABLE epoch (
        turn INTEGER PRIMARY KEY,
        epoch TEXT NOT NULL UNIQUE,
        first_seq INTEGER NOT NULL,
        began_at REAL NOT NULL,
        why TEXT NOT NULL CHECK (why IN ('created', 'restored', 'set-aside', 'cloned', 'rolled-back', 'ledger-lost')),
        crc INTEGER NOT NULL
      ) STRICT;

      -- A keyed MAC over each closed block of 4,096 numbers of the log, and over the names that came up since the block before.
      -- Who deletes rows of a block empties its mac (seal-rows.ts): it is sealed anew.
      CREATE TABLE segment (
        block INTEGER PRIMARY KEY,
        row_count INTEGER NOT NULL,
        stream_to INTEGER NOT NULL,
        series_to INTEGER NOT NULL,
        key_id TEXT NOT NULL,
        mac BLOB
      ) STRICT;
      CREATE INDEX segment_open ON segment (block) WHERE mac IS NULL;
    `,
  },
  {
    version: 3,
    sql: `
      -- Stays that ended: those whose patient is still named, and all.
      CREATE INDEX stay_named ON stay (closed_at) WHERE closed_at IS NOT NULL AND patient IS NOT NULL;
      CREATE INDEX stay_ended ON stay (closed_at) WHERE closed_at IS NOT NULL;
      CREATE INDEX quarantine_by_time ON quarantine (at);

      -- One row, from the first deletion on: what retention did in all, how far rows of no stay are gone, and which rows went before their time last.
      CREATE TABLE retention (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        at REAL NOT NULL,
        rows INTEGER NOT NULL,
        identities INTEGER NOT NULL,
        frames INTEGER NOT NULL,
        unbound_seq INTEGER NOT NULL,
        forced_at REAL,
        forced_from INTEGER,
        forced_to INTEGER,
        forced_why TEXT
      ) STRICT;

      -- A frame that a mended driver could read after all, since when; and the hash of its bytes where it names itself, so that
      -- a frame which was sent and kept several times becomes values once. Both go with the row, whose number may be given again.
      ALTER TABLE quarantine ADD COLUMN replayed_at REAL;
      ALTER TABLE quarantine ADD COLUMN replayed_hash TEXT;
      CREATE UNIQUE INDEX quarantine_replayed ON quarantine (device, replayed_hash) WHERE replayed_hash IS NOT NULL;
    `,
  },
  {
    version: 4,
    sql: `
      -- Waveforms around alerts that were high, a row for each stretch without a gap; none of it is of the log, and none leaves.
      -- at: when the alert became high; began_at: of the first sample. Value = sample * scale + zero, in unit.
      CREATE TABLE strip (
        id INTEGER PRIMARY KEY,
        alert_id TEXT NOT NULL,
        at REAL NOT NULL,
        device TEXT NOT NULL,
        metric TEXT NOT NULL,
        channel TEXT NOT NULL,
        rate_hz REAL NOT NULL,
        scale REAL NOT NULL,
        zero REAL NOT NULL,
        unit TEXT NOT NULL,
        began_at REAL NOT NULL,
        samples BLOB NOT NULL,
        crc INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX strip_by_alert ON strip (alert_id);
      CREATE INDEX strip_by_time ON strip (at);

      ALTER TABLE retention ADD COLUMN strips INTEGER NOT NULL DEFAULT 0;
    `,
  },
  {
    version: 5,
    sql: `
      -- What was learned of who lies where, in the order of learning. body names people: what is over is deleted.
      CREATE TABLE fact (
        id INTEGER PRIMARY KEY,
        learned_at REAL NOT NULL,
        effective_at REAL NOT NULL,
        source TEXT NOT NULL CHECK (source IN ('scan', 'hand', 'adt', 'device')),
        by_whom TEXT NOT NULL,
        body TEXT NOT NULL,
        crc INTEGER NOT NULL
      ) STRICT;

      -- Rows of the log that were written again because they are another patient's: seq takes the place of supersedes. A row may
      -- have become two. Such rows leave no mark: they lie at the end of the log, with the times of the row before.
      CREATE TABLE revision (
        seq INTEGER PRIMARY KEY,
        supersedes INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        crc INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX revision_by_superseded ON revision (supersedes);

      -- What of this is still to be done, in its order: rows of a bed or a device that were measured from from_at on and before to_at.
      CREATE TABLE reissue (
        id INTEGER PRIMARY KEY,
        learned_at REAL NOT NULL,
        of_bed TEXT,
        of_device TEXT,
        from_at REAL NOT NULL,
        to_at REAL NOT NULL,
        stay TEXT,
        bed TEXT,
        streams TEXT NOT NULL,
        at_seq INTEGER,
        last_seq INTEGER,
        done INTEGER NOT NULL,
        left INTEGER NOT NULL,
        crc INTEGER NOT NULL
      ) STRICT;
    `,
  },
  {
    version: 6,
    sql: `
      -- What stands of the house, as it was said last: who has which bed in this shift, how a bed is, how the ward is watched.
      CREATE TABLE standing (
        key TEXT PRIMARY KEY,
        at REAL NOT NULL,
        body TEXT NOT NULL,
        crc INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
    `,
  },
]

export type Migrated = { readonly kind: 'current'; readonly version: number } | { readonly kind: 'newer'; readonly version: number; readonly known: number }

/** The version of an open file; 0 for an empty one. */
export const versionOf = (db: Database): number => Number(db.pragma('user_version', { simple: true }))

/**
 * Carries an open file forward, each step in a transaction of its own together with its version number.
 * @throws SqliteError when the disk fails; the file then stands at the last whole step.
 */
export function migrate(db: Database, migrations: readonly Migration[] = MIGRATIONS): Migrated {
  const known = migrations.at(-1)?.version ?? 0
  const found = versionOf(db)
  if (found > known) return { kind: 'newer', version: found, known }
  for (const { version, sql } of migrations) {
    if (version <= found) continue
    db.transaction(() => {
      db.exec(sql)
      db.pragma(`user_version = ${version}`)
    }).immediate()
  }
  return { kind: 'current', version: known }
}
