/**
 * Events straight into PostgreSQL: hypertables where the database has TimescaleDB, partitions by day where it has not (contract with
 * central, §2). One transaction writes the rows, the keys of the events and the id of the batch: exactly once.
 */

import type { Client, QueryResultRow } from 'pg'
import { syncLimits } from '../../limits.ts'
import type { Sink, SinkAnswer, SinkBatch } from '../../seams.ts'
import { type WireEvent, halvesOf, readBatch, takenBackBy } from './events.ts'
import { COMFORTS, LOCK, PLAIN_ROLL_UP, TIMED, partition, tables } from './postgres-schema.ts'
import { insertOf, rowsOf } from './postgres-rows.ts'
import { type TlsSpec, mustBeSafe, tlsOptions } from './tls.ts'
import { letGo, within } from './within.ts'

export type PostgresSettings = {
  readonly id: string
  /** `postgresql://user@host:5432/database`, without a password. */
  readonly url: string
  readonly password: string | null
  readonly tls: TlsSpec | null
  readonly timeoutMs?: number
}

type Sql = <Result extends QueryResultRow>(text: string, values?: readonly unknown[]) => Promise<readonly Result[]>
type Rejected = { readonly index: number; readonly code: string; readonly detail: string }

/** SQLSTATE classes (PostgreSQL, Appendix A): 22 and 23 are the data's fault; 28, 42, 3D and 3F a person's to mend. */
const OF_DATA = /^2[23]/
const OF_PEOPLE = /^(28|42|3D|3F)/
const DAY_MS = 86_400_000
const ADD_BATCH = `INSERT INTO vigil_batches (batch_id, metadata, rejected) VALUES ($1, $2::jsonb, '[]') ON CONFLICT DO NOTHING RETURNING 1 AS fresh`
/** Of partitions: another gateway made it in the same instant. */
const DUPLICATE = /^(42P07|23505)$/

const stateOf = (error: unknown): string => (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : '')

/** @throws RangeError for an address that is none, holds a password, or would be sent readings in clear. */
export function createPostgres(settings: PostgresSettings): Sink & { close(): Promise<void> } {
  const { id, timeoutMs = syncLimits.callTimeoutMs } = settings
  const address = checkedAddress(settings)
  let open: { readonly client: Client; readonly hypertables: boolean } | null = null
  /** The one of `open`, or that is to be: it may hang before it is. */
  let dialled: Client | null = null
  let closed = false
  const partitions = new Set<string>()

  async function connect(): Promise<NonNullable<typeof open>> {
    const { Client: PgClient } = (await import('pg')).default
    const client = new PgClient({
      ...address,
      connectionTimeoutMillis: Math.min(timeoutMs, syncLimits.postgresConnectMs), statement_timeout: timeoutMs, application_name: 'vigil',
    })
    dialled = client
    // A connection that breaks while it rests says so here, and the next call makes another.
    client.on('error', () => void (dialled === client && giveUp()))
    await client.connect()
    const sql = sqlOf(client)
    const [extension] = await sql('SELECT 1 FROM pg_extension WHERE extname = $1', ['timescaledb'])
    const hypertables = extension !== undefined
    await transaction(sql, async () => {
      await sql('SELECT pg_advisory_xact_lock($1::bigint)', [LOCK])
      for (const statement of tables(hypertables)) await sql(statement)
      if (!hypertables) await sql(PLAIN_ROLL_UP)
    })
    if (hypertables) for (const statement of COMFORTS) await comfort(sql, statement)
    return (open = { client, hypertables })
  }

  async function giveUp(): Promise<void> {
    const old = dialled
    dialled = null
    open = null
    partitions.clear()
    await letGo(() => old?.end())
  }

  /** A row whose day has no partition goes to the default one, which can hold it for ever: days are made before rows come. */
  async function makePartitions(sql: Sql, events: readonly WireEvent[]): Promise<void> {
    for (const [table, rows] of rowsOf(events)) {
      for (const day of new Set(rows.map(({ at }) => Math.floor(at / DAY_MS)))) {
        const { name, statement } = partition(table, day * DAY_MS)
        if (partitions.has(name) || partitions.size >= syncLimits.postgresPartitionsMax) continue
        try {
          await transaction(sql, async () => {
            await sql('SELECT pg_advisory_xact_lock($1::bigint)', [LOCK])
            await sql(statement)
          })
        } catch (error) {
          // Its rows lie in the default partition already, or it was made just now: either way they have a place.
          if (!DUPLICATE.test(stateOf(error)) && stateOf(error) !== '23514') throw error
        }
        partitions.add(name)
      }
    }
  }

  async function store(sql: Sql, batch: SinkBatch): Promise<SinkAnswer> {
    const { events, ...metadata } = readBatch(batch)
    const begin = async (): Promise<readonly { rejected: readonly Rejected[] }[] | null> => {
      const rows = await sql(ADD_BATCH, [batch.batchId, JSON.stringify(metadata)])
      return rows.length > 0 ? null : sql<{ rejected: readonly Rejected[] }>('SELECT rejected FROM vigil_batches WHERE batch_id = $1', [batch.batchId])
    }
    try {
      return await transaction(sql, async () => {
        const before = await begin()
        // The receipt of the first time: a lost answer loses no rejected row.
        if (before) return before[0] === undefined || before[0].rejected.length === 0 ? { kind: 'duplicate' } : { kind: 'partly', rejected: before[0].rejected }
        await insert(sql, events, batch.batchId)
        return { kind: 'accepted' }
      })
    } catch (error) {
      if (!OF_DATA.test(stateOf(error))) throw error
      return allButSome(sql, events, batch.batchId, begin)
    }
  }

  /** Some event cannot be stored: the others are. */
  async function allButSome(sql: Sql, events: readonly WireEvent[], batchId: string, begin: () => Promise<unknown>): Promise<SinkAnswer> {
    const rejected: Rejected[] = []
    await transaction(sql, async () => {
      await begin()
      await insertMost(sql, events, { batchId, rejected })
      await sql('UPDATE vigil_batches SET rejected = $2::jsonb WHERE batch_id = $1', [batchId, JSON.stringify(rejected)])
    })
    return rejected.length === 0 ? { kind: 'accepted' } : { kind: 'partly', rejected }
  }

  return {
    id,
    async send(batch, stop) {
      if (closed) return { kind: 'retry', why: 'closed', afterMs: null }
      const outcome = await within(async () => {
        const { client, hypertables } = open ?? (await connect())
        const sql = sqlOf(client)
        if (!hypertables) await makePartitions(sql, readBatch(batch).events)
        return store(sql, batch)
      }, timeoutMs, stop)
      if (outcome.kind === 'done') return outcome.result
      await giveUp()
      if (outcome.kind === 'failed') return answerOfState(outcome.error)
      return { kind: 'retry', why: outcome.kind === 'late' ? `PostgreSQL did not take it within ${timeoutMs / 1_000} s` : 'stopped', afterMs: null }
    },
    async close() {
      closed = true
      await giveUp()
    },
  }
}

const sqlOf = (client: Client): Sql => async <Result extends QueryResultRow>(text: string, values: readonly unknown[] = []) =>
  (await client.query<Result>(text, [...values])).rows

async function transaction<Result>(sql: Sql, work: () => Promise<Result>): Promise<Result> {
  await sql('BEGIN')
  try {
    const result = await work()
    await sql('COMMIT')
    return result
  } catch (error) {
    // Where the connection is gone, so is the transaction.
    await sql('ROLLBACK').catch(() => undefined)
    throw error
  }
}

/** What an edition of TimescaleDB under the Apache license lacks (0A000) is done without. */
async function comfort(sql: Sql, statement: string): Promise<void> {
  try {
    await sql(statement)
  } catch (error) {
    if (stateOf(error) !== '0A000') throw error
  }
}

/** Events whose key is here already are passed by. */
async function insert(sql: Sql, events: readonly WireEvent[], batchId: string): Promise<void> {
  const fresh = await sql<{ event_key: string }>(
    'INSERT INTO vigil_events (event_key, batch_id) SELECT key, $2 FROM unnest($1::text[]) AS e (key) ON CONFLICT DO NOTHING RETURNING event_key',
    [events.map(({ key }) => key), batchId],
  )
  const keys = new Set(fresh.map(({ event_key: key }) => key))
  // A key that stands twice in one batch is one event.
  const wanted = events.filter(({ key }) => keys.delete(key))
  for (const [table, rows] of rowsOf(wanted)) {
    const { text, values } = insertOf(table, rows)
    await sql(text, [...values, batchId])
  }
  await takeBack(sql, wanted.flatMap(takenBackBy), batchId)
}

/** Halved until those that cannot be stored stand alone: over a slow way there is no time to ask for each. */
async function insertMost(sql: Sql, events: readonly WireEvent[], into: { readonly batchId: string; readonly rejected: Rejected[] }): Promise<void> {
  const [first, ...others] = events
  if (!first) return
  await sql('SAVEPOINT part')
  try {
    await insert(sql, events, into.batchId)
    await sql('RELEASE SAVEPOINT part')
    return
  } catch (error) {
    if (!OF_DATA.test(stateOf(error))) throw error
    await sql('ROLLBACK TO SAVEPOINT part')
    await sql('RELEASE SAVEPOINT part')
    if (others.length === 0) into.rejected.push({ index: first.index, code: `SQLSTATE ${stateOf(error)}`, detail: 'the database cannot store this event' })
  }
  if (others.length > 0) for (const half of halvesOf(events)) await insertMost(sql, half, into)
}

/** Rows of these events go, and what comes later under such a key is passed by, as if it were here already. */
async function takeBack(sql: Sql, keys: readonly string[], batchId: string): Promise<void> {
  if (keys.length === 0) return
  await sql('INSERT INTO vigil_events (event_key, batch_id) SELECT key, $2 FROM unnest($1::text[]) AS e (key) ON CONFLICT DO NOTHING', [keys, batchId])
  for (const { name } of TIMED) await sql(`DELETE FROM ${name} WHERE event_key = ANY ($1::text[])`, [keys])
}

function answerOfState(error: unknown): SinkAnswer {
  const state = stateOf(error)
  const why = `PostgreSQL: ${state === '' ? (error instanceof Error ? error.message : String(error)) : state}`.slice(0, syncLimits.reasonCharsMax)
  if (OF_PEOPLE.test(state)) return { kind: 'refused', how: 'pause', why: `${why}: it refuses us, our rights or our tables` }
  return { kind: 'retry', why, afterMs: null }
}

function checkedAddress({ url, password, tls }: PostgresSettings): object {
  if (!URL.canParse(url) || !/^postgres(ql)?:$/.test(new URL(url).protocol)) {
    throw new RangeError(`"${url}" is no address of PostgreSQL: it looks like postgresql://vigil@db.example.org:5432/analytics`)
  }
  const { hostname, port, username, password: inUrl, pathname } = new URL(url)
  if (inUrl !== '') throw new RangeError('the address of PostgreSQL must not hold a password: it stands in a file')
  mustBeSafe([hostname], tls, 'PostgreSQL')
  return {
    host: hostname, port: port === '' ? 5_432 : Number(port), user: decodeURIComponent(username), database: decodeURIComponent(pathname.slice(1)),
    ...(password === null ? {} : { password }), ...(tls === null ? {} : { ssl: tlsOptions(tls) }),
  }
}
