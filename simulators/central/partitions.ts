/** Partitions of the tables that grow, where there is no TimescaleDB: made before the rows of their day come. */

import { centralLimits } from '../../src/limits.ts'
import { LOCKS, hasTimescale } from './schema.ts'
import type { CentralEvent } from './shapes.ts'
import type { CentralDatabase } from './sql.ts'

export type Partitions = {
  /** That the rows of these events have a place of their own; beyond `centralLimits.partitionsMax` the default one takes them. */
  readonly makeFor: (events: readonly CentralEvent[]) => Promise<void>
}

const DAY_MS = 86_400_000
const BY_DAY = ['vital_signs_timeseries', 'vital_signs_minute'] as const
const BY_MONTH: ReadonlyMap<string, string> = new Map([['alerts', 'alerts'], ['device-metrics', 'device_metrics'], ['system-metrics', 'system_metrics']])

const isoDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
const monthOf = (ms: number): number => Date.UTC(new Date(ms).getUTCFullYear(), new Date(ms).getUTCMonth(), 1)
const nextMonthOf = (ms: number): number => Date.UTC(new Date(ms).getUTCFullYear(), new Date(ms).getUTCMonth() + 1, 1)

type Partition = { readonly table: string; readonly fromMs: number; readonly toMs: number }

/** `alerts_20260101`: its table and its first day. */
const nameOf = ({ table, fromMs }: Partition): string => `${table}_${isoDay(fromMs).replaceAll('-', '')}`

/** @throws when the database does not answer. */
export async function openPartitions(database: CentralDatabase): Promise<Partitions> {
  if (await hasTimescale(database)) return { makeFor: () => Promise.resolve() }
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
  }
}

function partitionsOf(events: readonly CentralEvent[]): readonly Partition[] {
  const partitions = new Map<string, Partition>()
  const add = (partition: Partition): void => void partitions.set(nameOf(partition), partition)
  for (const { type, atMs, vitals } of events) {
    const table = BY_MONTH.get(type)
    if (table !== undefined) add({ table, fromMs: monthOf(atMs), toMs: nextMonthOf(atMs) })
    for (const day of new Set(vitals?.t.map(offsetMs => Math.floor((atMs + offsetMs) / DAY_MS)))) {
      for (const byDay of BY_DAY) add({ table: byDay, fromMs: day * DAY_MS, toMs: (day + 1) * DAY_MS })
    }
  }
  return [...partitions.values()]
}
