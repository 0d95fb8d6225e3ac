/** Tables of central: deploy/central/schema, as append-only migrations. A released one is never edited. */

import { readFileSync } from 'node:fs'
import type { CentralDatabase, Sql } from './sql.ts'

/**
 * Locks taken inside transactions (pg_advisory_xact_lock): one central at a time migrates, or makes partitions; of one gateway one batch at a
 * time is written (`ingest` with a second number, of the gateway).
 */
export const LOCKS = { migrate: 7_305_001, ingest: 7_305_002, partitions: 7_305_003 } as const

const fileOf = (name: string): string => readFileSync(new URL(`../../deploy/central/schema/${name}.sql`, import.meta.url), 'utf8')

export type Migration = {
  /** One script, or one for each kind of database. */
  readonly script: string | { readonly native: string; readonly timescale: string }
}

/** Where what makes tables grow belongs, if not at the end. */
const GROWING = '/*growing*/'

export const MIGRATIONS: readonly Migration[] = [
  { script: fileOf('001-batches') },
  { script: fileOf('002-senders') },
  { script: both(fileOf('003-tables'), fileOf('003-tables.native'), fileOf('003-tables.timescale')) },
  { script: fileOf('004-history') },
  { script: fileOf('005-views') },
  { script: fileOf('006-tenants') },
  { script: fileOf('007-reach') },
  { script: both(fileOf('008-columns'), fileOf('008-columns.native'), fileOf('008-columns.timescale')) },
  { script: fileOf('009-ended') },
]

/** Tables alike, and what makes them grow. */
function both(tables: string, native: string, timescale: string): { readonly native: string; readonly timescale: string } {
  const scriptWith = (grows: string): string => (tables.includes(GROWING) ? tables.replace(GROWING, () => grows) : tables + grows)
  return { native: scriptWith(native).replaceAll('/*partitioned*/', 'PARTITION BY RANGE (time)'), timescale: scriptWith(timescale) }
}

/** Tables of a version that kept them in no schema of their own. */
const MOVED = ['central_migration', 'batch', 'event', 'subject', 'series', 'vital_sign_value', 'vital_sign', 'alert', 'sender', 'sent_through'] as const

/** Whether the tables that grow are hypertables. */
export async function hasTimescale(sql: Sql): Promise<boolean> {
  const [found] = await sql.query("SELECT 1 AS there FROM pg_extension WHERE extname = 'timescaledb'")
  return found !== undefined
}

/** Brings the database to the newest schema. @throws Error when it was written by a newer central. */
export async function migrate(database: CentralDatabase, migrations = MIGRATIONS): Promise<void> {
  const kind = (await hasTimescale(database)) ? 'timescale' : 'native'
  await database.transaction(async sql => {
    // What is moved once may take longer than what is asked for each day.
    await sql.query('SET LOCAL statement_timeout = 0')
    await sql.query('SELECT pg_advisory_xact_lock($1::bigint)', [LOCKS.migrate])
    await sql.query('CREATE SCHEMA IF NOT EXISTS central')
    await moveOld(sql)
    await sql.query('CREATE TABLE IF NOT EXISTS central_migration (id integer PRIMARY KEY, made_at timestamptz NOT NULL DEFAULT now())')
    const [last] = await sql.query<{ done: number }>('SELECT count(*)::int AS done FROM central_migration')
    const done = last?.done ?? 0
    if (done > migrations.length) throw new Error(`the database is of a newer central (migration ${done}, this one knows ${migrations.length})`)
    for (const [offset, { script }] of migrations.slice(done).entries()) {
      await sql.script(typeof script === 'string' ? script : script[kind])
      await sql.query('INSERT INTO central_migration (id) VALUES ($1)', [done + offset + 1])
    }
  })
}

async function moveOld(sql: Sql): Promise<void> {
  const [old] = await sql.query<{ here: boolean }>(
    "SELECT to_regclass('public.central_migration') IS NOT NULL AND to_regclass('central.central_migration') IS NULL AS here",
  )
  if (old?.here !== true) return
  for (const table of MOVED) await sql.query(`ALTER TABLE IF EXISTS public.${table} SET SCHEMA central`)
}
