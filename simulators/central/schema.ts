/** Tables of central, as append-only migrations: a released one is never edited. Each migration is a list of single statements. */

import type { CentralDatabase } from './sql.ts'

/** Locks taken inside transactions (pg_advisory_xact_lock): one central at a time migrates, one batch at a time is written. */
export const LOCKS = { migrate: 7_305_001, ingest: 7_305_002 } as const

export const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE batch (
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
    )`,
    // The unique key is what makes delivery exactly once in effect, whatever batch brings an event.
    `CREATE TABLE event (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      key text NOT NULL UNIQUE,
      type text NOT NULL,
      subject text,
      at timestamptz NOT NULL,
      revision integer NOT NULL,
      stream text,
      data jsonb NOT NULL,
      batch bigint NOT NULL REFERENCES batch (id)
    )`,
    'CREATE INDEX event_by_type ON event (type, at)',
    'CREATE INDEX event_by_subject ON event (subject, at)',
    `CREATE TABLE subject (
      subject text PRIMARY KEY,
      first_at timestamptz NOT NULL,
      last_at timestamptz NOT NULL
    )`,
    // A series names what its values share, once, and counts them: changed in the transaction that adds the values.
    `CREATE TABLE series (
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
    )`,
    // No value is NULL with the quality saying why: absent is never 0.
    `CREATE TABLE vital_sign_value (
      event bigint NOT NULL,
      series integer NOT NULL,
      at timestamptz NOT NULL,
      value double precision,
      quality text NOT NULL
    )`,
    'CREATE INDEX vital_sign_value_by_time ON vital_sign_value (series, at)',
    `CREATE VIEW vital_sign AS
      SELECT event.key AS event_key, series.subject, series.metric, series.mdc, series.loinc, series.unit, v.at, v.value, v.quality
      FROM vital_sign_value v JOIN series ON series.id = v.series JOIN event ON event.id = v.event`,
    `CREATE TABLE alert (
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
    )`,
    'CREATE INDEX alert_by_id ON alert (alert_id, at)',
    'CREATE INDEX alert_by_subject ON alert (subject, at)',
  ],
  [
    // Starts of gateways; the one with the greatest turn is believed.
    `CREATE TABLE sender (
      organization text NOT NULL,
      gateway text NOT NULL,
      instance text NOT NULL,
      turn bigint NOT NULL,
      heard_at timestamptz NOT NULL,
      PRIMARY KEY (organization, gateway, instance)
    )`,
    // Up to which number everything of an incarnation is here, as its batches said.
    `CREATE TABLE sent_through (
      organization text NOT NULL,
      gateway text NOT NULL,
      epoch text NOT NULL,
      through bigint NOT NULL,
      PRIMARY KEY (organization, gateway, epoch)
    )`,
  ],
]

/** Brings the database to the newest schema. @throws Error when it was written by a newer central. */
export async function migrate(database: CentralDatabase, migrations = MIGRATIONS): Promise<void> {
  await database.transaction(async sql => {
    await sql.query('SELECT pg_advisory_xact_lock($1::bigint)', [LOCKS.migrate])
    await sql.query('CREATE TABLE IF NOT EXISTS central_migration (id integer PRIMARY KEY, made_at timestamptz NOT NULL DEFAULT now())')
    const [last] = await sql.query<{ done: number }>('SELECT count(*)::int AS done FROM central_migration')
    const done = last?.done ?? 0
    if (done > migrations.length) throw new Error(`the database is of a newer central (migration ${done}, this one knows ${migrations.length})`)
    for (const [offset, statements] of migrations.slice(done).entries()) {
      for (const statement of statements) await sql.query(statement)
      await sql.query('INSERT INTO central_migration (id) VALUES ($1)', [done + offset + 1])
    }
  })
}
