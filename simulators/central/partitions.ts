/** Partitions of the tables that grow, where there is no TimescaleDB: made before the rows of their day come, dropped when they are old. */

import { centralLimits } from '../../src/limits.ts'
import { LOCKS, hasTimescale } from './schema.ts'
import type { CentralEvent } from './shapes.ts'
import type { CentralDatabase } from './sql.ts'

export type Partitions = {
  /** That the rows of these events have a place of their own; beyond `centralLimits.partitionsMax` the default one takes them. */
  readonly makeFor: (events: readonly CentralEvent[]) => Promise<void>
  /**
   * Drops single values of whole days before this instant (ms since 1970). Keys, roll-ups and alerts stay, so nothing that comes again is taken for
   * new, and hours can be shown for ever.
   */
  readonly dropValuesBefore: (ms: number) => Promise<void>
}

const DAY_MS = 86_400_000
const BY_DAY = ['vital_signs_timeseries', 'vital_signs_minute'] as const
const BY_MONTH: ReadonlyMap<string, string> = new Map([['alerts', 'alerts'], ['device-metrics', 'device_metrics'], ['system-metrics', 'system_metrics']])

const isoDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
const monthOf = (ms: number): number => Date.UTC(new Date(ms).getUTCFullYear(), new Date(ms).getUTCMonth(), 1)
const nextMonthOf = (ms: number): number => Date.UTC(new Date(ms).getUTCFullYear(), new Date(ms).getUTCMonth() + 1, 1)

const VALUES = 'vital_signs_timeseries'
const DAY_OF_VALUES = new RegExp(`^${VALUES}_\\d{8}$`)

/** TimescaleDB drops whole chunks, of a day each. */
async function dropChunks(database: CentralDatabase, ms: number): Promise<void> {
  await database.query(`SELECT drop_chunks('${VALUES}', older_than => date_trunc('day', to_timestamp($1::float8 / 1000), 'UTC'))`, [ms])
}

type Partition = { readonly table: string; readonly fromMs: number; readonly toMs: number }

/** `alerts_20260101`: its table and its first day. */
const nameOf = ({ table, fromMs }: Partition): string => `${table}_${isoDay(fromMs).replaceAll('-', '')}`

/** @throws when the database does not answer. */
export async function openPartitions(database: CentralDatabase): Promise<Partitions> {
  if (await hasTimescale(database)) return { makeFor: () => Promise.resolve(), dropValuesBefore: ms => dropChunks(database, ms) }
  const rows = await database.query<{ name: string }>(
    `SELECT child.relname AS name FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid JOIN pg_namespace n ON n.oid = child.relnamespace
    WHERE n.nspname = 'central' AND child.relkind = 'r'`,
  )
  const known = new Set(rows.map(({ name }) => name))

  async function make(partition: Partition): Promise<void> {
    const name = nameOf(partition)
    try {
      await database.transaction(async sql => {
        await sql.query('SELECT pg_advisory_xact_lock($1::bigint)', [LOCKS.partitions])
        await sql.script(`CREATE TABLE IF NOT EXISTS ${name} PARTITION OF ${partition.table}
          FOR VALUES FROM ('${isoDay(partition.fromMs)} 00:00+00') TO ('${isoDay(partition.toMs)} 00:00+00')`)
      })
    } catch (error) {
      // Rows of this stretch lie in the default partition already (SQLSTATE 23514): the others go there too.
      if (!(error instanceof Error && 'code' in error && error.code === '23514')) throw error
    }
    known.add(name)
  }

  return {
    async makeFor(events) {
      for (const partition of partitionsOf(events)) {
        if (!known.has(nameOf(partition)) && known.size < centralLimits.partitionsMax) await make(partition)
      }
    },
    async dropValuesBefore(ms) {
      // The day of `ms` itself is kept as a whole.
      const first = nameOf({ table: VALUES, fromMs: ms, toMs: ms })
      for (const name of [...known].filter(day => DAY_OF_VALUES.test(day) && day < first)) {
        await database.transaction(async sql => {
          await sql.query('SELECT pg_advisory_xact_lock($1::bigint)', [LOCKS.partitions])
          await sql.script(`DROP TABLE IF EXISTS ${name}`)
        })
        known.delete(name)
      }
      await database.query(`DELETE FROM ${VALUES}_default WHERE time < date_trunc('day', to_timestamp($1::float8 / 1000), 'UTC')`, [ms])
    },
  }
}

function partitionsOf(events: readonly CentralEvent[]): readonly Partition[] {
  const months = new Map<string, Set<number>>()
  const days = new Set<number>()
  for (const { type, atMs, vitals } of events) {
    const table = BY_MONTH.get(type)
    if (table !== undefined) months.set(table, (months.get(table) ?? new Set()).add(monthOf(atMs)))
    for (const offsetMs of vitals?.t ?? []) days.add(Math.floor((atMs + offsetMs) / DAY_MS))
  }
  return [
    ...[...months].flatMap(([table, starts]) => [...starts].map((fromMs): Partition => ({ table, fromMs, toMs: nextMonthOf(fromMs) }))),
    ...[...days].flatMap(day => BY_DAY.map((table): Partition => ({ table, fromMs: day * DAY_MS, toMs: (day + 1) * DAY_MS }))),
  ]
}
