/**
 * 1,000 gateways of 20 beds against the reference central: each sends a minute of its beds at once, in one process with it (the gateways in a thread of their own). One minute warms up (it also
 * makes every series), the next is measured. On a PostgreSQL of our own where the machine has one, else on PGlite. Figures for simulators/central/FLEET.md.
 */

import { availableParallelism, loadavg } from 'node:os'
import { Worker } from 'node:worker_threads'
import { Client } from 'pg'
import { startCentral } from '../../simulators/central/server.ts'
import { REAL_TIME, realClock } from '../../src/ops/clock.ts'
import { METRICS_PER_BED, type GatewayTask, type Told } from './fleet-gateways.ts'
import { type FleetFigures, saidOf } from './fleet-plan.ts'
import { PARTS, profiled } from './fleet-profile.ts'
import { startPostgres } from './postgres.ts'
import type { Bench } from './run.ts'

const GATEWAYS = 1_000
const BEDS = 20
/** A value each five seconds. */
const VALUES = 12
/** Batches on their way at one time: fewer than central takes. */
const AT_ONCE = 12
const TOKEN = 'a-token-for-a-fleet-alone'

/** Load average of the last minute: with what else the machine was busy. */
const loadOf = (): number => loadavg()[0] ?? 0

type Stored = { readonly bytes: number; readonly wal: number; readonly tables: Readonly<Record<string, number>> }

const TABLES = ['vital_signs_timeseries', 'event', 'vital_signs_minute', 'vital_signs_hour', 'series'] as const

async function storedIn(url: string | null): Promise<Stored> {
  if (url === null) return { bytes: 0, wal: 0, tables: {} }
  const client = new Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ bytes: number; wal: number }>(
    "SELECT pg_database_size(current_database())::float8 AS bytes, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 AS wal")
  const sizes = await client.query<{ name: string; bytes: number }>(
    // Of a plain table there is no tree.
    `SELECT t.name, sum(pg_total_relation_size(p.relid))::float8 AS bytes FROM unnest($1::text[]) AS t (name)
    CROSS JOIN LATERAL (SELECT relid FROM pg_partition_tree(('central.' || t.name)::regclass) UNION SELECT ('central.' || t.name)::regclass) p GROUP BY 1`,
    [TABLES])
  await client.end()
  return { bytes: rows[0]?.bytes ?? 0, wal: rows[0]?.wal ?? 0, tables: Object.fromEntries(sizes.rows.map(({ name, bytes }) => [name, bytes])) }
}

/** The gateways of one task, told to pack and to send by turns. */
function gatewaysOf(task: GatewayTask) {
  const worker = new Worker(new URL('fleet-gateways.ts', import.meta.url), { workerData: task })
  const told = (kind: Told['kind']): Promise<Told> => new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('message', (said: Told) => (said.kind === kind ? resolve(said) : reject(new Error(`the gateways said ${said.kind}`))))
  })
  return {
    async pack(): Promise<void> {
      const ready = told('ready')
      worker.postMessage('pack')
      await ready
    },
    async send() {
      const sent = told('sent')
      worker.postMessage('send')
      const said = await sent
      if (said.kind !== 'sent') throw new Error('the gateways have sent nothing')
      return said
    },
    close: () => worker.terminate(),
  }
}

export const bench: Bench = async () => {
  const postgres = await startPostgres()
  const url = postgres?.url ?? null
  const central = await startCentral({
    port: 0, host: '127.0.0.1', token: TOKEN, clock: realClock(REAL_TIME), note: (line) => void process.stderr.write(`${line}\n`), ...(url === null ? {} : { databaseUrl: url }),
  })
  const gateways = gatewaysOf({ url: central.url, token: TOKEN, gateways: GATEWAYS, beds: BEDS, values: VALUES, atOnce: AT_ONCE })
  try {
    await gateways.pack()
    const first = await gateways.send()
    process.stderr.write(`fleet       the first minute, which makes ${GATEWAYS * BEDS * METRICS_PER_BED} series: ${(first.ms / 1_000).toFixed(1)} s\n`)
    await gateways.pack()
    const loadBefore = loadOf()
    const before = { stored: await storedIn(url), postgresMs: postgres?.cpuMs() ?? 0, cpu: process.threadCpuUsage() }
    let sent = { events: 0, wireBytes: 0, plainBytes: 0, ms: 0 }
    const { shares } = await profiled(async () => {
      sent = await gateways.send()
    })
    const cpu = process.threadCpuUsage(before.cpu)
    const postgresMs = (postgres?.cpuMs() ?? 0) - before.postgresMs
    const after = await storedIn(url)
    const figures: FleetFigures = {
      date: new Date().toISOString().slice(0, 10), load: (loadBefore + loadOf()) / 2, processors: availableParallelism(),
      database: postgres === null ? 'PGlite, in the same thread' : 'PostgreSQL on the same machine',
      gateways: GATEWAYS, beds: BEDS, metrics: METRICS_PER_BED, values: VALUES, seconds: sent.ms / 1_000,
      eventsPerSecond: (sent.events * 1_000) / sent.ms,
      centralUsPerEvent: (cpu.user + cpu.system) / sent.events, postgresUsPerEvent: (postgresMs * 1_000) / sent.events, busyShare: (cpu.user + cpu.system) / 1_000 / sent.ms,
      wireBytesPerEvent: sent.wireBytes / sent.events, plainBytesPerEvent: sent.plainBytes / sent.events,
      storedBytesPerEvent: (after.bytes - before.stored.bytes) / sent.events, walBytesPerEvent: (after.wal - before.stored.wal) / sent.events,
      shares: Object.fromEntries(PARTS.map((part) => [part, shares[part]])),
      tables: Object.fromEntries(TABLES.map((name) => [name, ((after.tables[name] ?? 0) - (before.stored.tables[name] ?? 0)) / sent.events])),
    }
    for (const line of saidOf(figures)) process.stderr.write(`fleet       ${line}\n`)
    const { eventsPerSecond, centralUsPerEvent, postgresUsPerEvent, storedBytesPerEvent, walBytesPerEvent, wireBytesPerEvent } = figures
    return { bench: 'fleet', ratios: {}, absolute: { eventsPerSecond, valuesPerSecond: eventsPerSecond * VALUES, centralUsPerEvent, postgresUsPerEvent, storedBytesPerEvent, walBytesPerEvent, wireBytesPerEvent } }
  } finally {
    await gateways.close()
    await central.close()
    await postgres?.close()
  }
}
