import { randomUUID } from 'node:crypto'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createPostgres } from '../../src/sync/sinks/postgres.ts'
import { COMFORTS, TIMED, partition, tables } from '../../src/sync/sinks/postgres-schema.ts'
import { lacking } from '../parts.ts'
import { startProxy } from '../sync/real/proxy.ts'
import { type Behaviour, type SinkUnderTest, batchOf, correctionEvent, liveBatch, sinkContract, subjectOf, vitalEvent } from './sink.ts'

const SERVER = process.env['VIGIL_TEST_POSTGRES'] ?? ''
const reason = lacking('a PostgreSQL server (VIGIL_TEST_POSTGRES)', SERVER !== '')
const NEVER = new AbortController().signal
const PASSWORD = 'secret of the test'

const DATABASE = `vigil_sink_${randomUUID().replaceAll('-', '')}`
const databaseUrl = (user?: string, port?: number): URL => {
  const url = new URL(SERVER)
  url.pathname = `/${DATABASE}`
  if (user !== undefined) url.username = user
  if (port !== undefined) Object.assign(url, { hostname: '127.0.0.1', port: String(port) })
  return url
}

async function administer<Row>(statement: string, url = databaseUrl().href): Promise<readonly Row[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(statement)).rows as Row[]
  } finally {
    await client.end()
  }
}

beforeAll(async () => {
  if (reason === null) await administer(`CREATE DATABASE ${DATABASE}`, SERVER)
})
afterAll(async () => {
  if (reason !== null) return
  const roles = await administer<{ rolname: string }>(`SELECT rolname FROM pg_roles WHERE rolname LIKE 'g%_${DATABASE.slice(-8)}'`)
  await administer(`DROP DATABASE ${DATABASE} WITH (FORCE)`, SERVER)
  for (const { rolname } of roles) await administer(`DROP ROLE ${rolname}`, SERVER)
})

let gateways = 0

/** A role with a schema of its own: what the gateway makes lies there and nowhere else. */
async function makeRole(): Promise<string> {
  const role = `g${gateways++}_${DATABASE.slice(-8)}`
  await administer(`CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}'; CREATE SCHEMA AUTHORIZATION ${role}`)
  return role
}

/** `@` in front of a table: of that role's schema. */
const rowsOf = <Row>(role: string, statement: string): Promise<readonly Row[]> => administer<Row>(statement.replaceAll('@', `${role}.`))

async function postgres(): Promise<SinkUnderTest> {
  const role = await makeRole()
  const server = new URL(SERVER)
  let inserting = false
  const proxy = await startProxy(() => ({ host: server.hostname, port: Number(server.port || '5432') }), (bytes) => {
    inserting ||= bytes.includes('INSERT INTO vigil_batches')
    const commits = inserting && bytes.includes('COMMIT\0')
    if (commits) inserting = false
    return commits
  })
  let behaviour: Behaviour = 'takes'
  const bad = (of: string) => ({ ...vitalEvent(`${of}/1`), data: { ...vitalEvent(`${of}/1`).data, mdc: 'no number' } })
  return {
    sink: createPostgres({ id: 'postgres', url: databaseUrl(role, proxy.port).href.replace(/:[^:@/]*@/, '@'), password: PASSWORD, tls: null, timeoutMs: 20_000 }),
    async behave(next) {
      behaviour = next
      proxy.behave(next === 'is-down' ? 'down' : next === 'silent' ? 'silent' : next === 'takes-and-answer-is-lost' ? 'loses-answer' : 'passes')
      await administer(`ALTER ROLE ${role} ${next === 'refuses-us' ? 'NOLOGIN' : 'LOGIN'}`)
      if (next === 'refuses-us') await administer(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${role}'`)
    },
    batch: (of) => behaviour === 'rejects-row-1' ? { batch: liveBatch(of, [vitalEvent(`${of}/0`), bad(of)]), arrives: [`${of}/0`] } : { batch: batchOf(of), arrives: [`${of}/0`, `${of}/1`] },
    // In a heap the order of arrival is the order of the rows; three of them are one event.
    arrived: async () => {
      const exists = await administer<{ found: string | null }>(`SELECT to_regclass('${role}.vital_signs_timeseries')::text AS found`)
      if (exists[0]?.found === null) return []
      const rows = await rowsOf<{ event_key: string; copies: number }>(role, 'SELECT event_key, count(*)::int / 3 AS copies, min(ctid) AS first FROM @vital_signs_timeseries GROUP BY event_key ORDER BY first')
      return rows.flatMap(({ event_key: key, copies }) => Array.from({ length: copies }, () => key))
    },
    async close() {
      await proxy.close()
    },
  }
}

if (reason === null) {
  sinkContract('postgres on a real server', { can: ['takes', 'takes-and-answer-is-lost', 'rejects-row-1', 'is-down', 'silent', 'refuses-us'], namesRepeats: true }, postgres)
}

describe.skipIf(reason !== null)('postgres on a real server', () => {
  async function gateway() {
    const role = await makeRole()
    return { role, sink: createPostgres({ id: 'postgres', url: databaseUrl(role).href.replace(/:[^:@/]*@/, '@'), password: PASSWORD, tls: null }) }
  }

  it('finds one event that it cannot store among many in few questions: a slow way has no time for one question an event', async () => {
    const { sink } = await gateway()
    const events = Array.from({ length: 1_000 }, (_, index) => vitalEvent(`k/${index}`, index === 617 ? { padding: '\u0000' } : {}))
    const asked = vi.spyOn(Client.prototype, 'query')
    expect(await sink.send(liveBatch('b1', events), NEVER)).toMatchObject({ kind: 'partly', rejected: [{ index: 617, code: 'SQLSTATE 22021' }] })
    expect(asked.mock.calls.length).toBeLessThan(200)
    asked.mockRestore()
    await sink.close()
  })

  it('writes a row for each value, absent ones with the quality that says why, into the day that it belongs to', async () => {
    const { role, sink } = await gateway()
    expect(await sink.send(liveBatch('b1', [vitalEvent('k/1'), vitalEvent('k/2', { timestamp: '2026-01-16T23:59:59.000Z' })]), NEVER)).toEqual({ kind: 'accepted' })
    await sink.close()
    const rows = await rowsOf<object>(role, `SELECT time, subject, metric, mdc::int, unit, value, quality, batch_id FROM @vital_signs_timeseries WHERE event_key = 'k/1' ORDER BY time`)
    expect(rows).toEqual([82, null, 84].map((value, index) => ({
      time: new Date(Date.parse('2026-01-15T02:00:00.000Z') + index * 1_000), subject: subjectOf(1), metric: 'MDC_ECG_HEART_RATE', mdc: 147_842, unit: '/min', value, quality: value === null ? 11 : 0, batch_id: 'b1',
    })))
    const days = await administer<{ day: string; rows: number }>(`SELECT tableoid::regclass::text AS day, count(*)::int AS rows FROM ${role}.vital_signs_timeseries GROUP BY 1 ORDER BY 1`)
    // The last of the second event's values are of the day after.
    expect(days.map(({ day, rows: count }) => [day.split('.').at(-1), count])).toEqual([['vital_signs_timeseries_20260115', 3], ['vital_signs_timeseries_20260116', 1], ['vital_signs_timeseries_20260117', 2]])
    expect(await rowsOf(role, 'SELECT readings::int, low, high FROM @vital_signs_hourly ORDER BY hour LIMIT 1')).toEqual([{ readings: 2, low: 82, high: 84 }])
  })

  it('keeps alerts, and events of types that it does not know', async () => {
    const { role, sink } = await gateway()
    const alert = { ...vitalEvent('k/alert'), eventType: 'alerts', data: { alertId: subjectOf(5), phase: 'start', state: 'active', priority: 'high', severity: 'critical', type: 'physiological', rule: 'threshold', version: '1', because: { condition: 'x' } } }
    const unknown = { ...vitalEvent('k/new'), eventType: 'something-new', data: { a: 1 } }
    const nurse = { userId: subjectOf(3), action: 'edit', resource: { type: 'alert', id: subjectOf(4) }, metadata: { subject: subjectOf(7), change: 'acknowledged' }, key: 'k/nurse', revision: 0, timestamp: '2026-01-15T02:00:00.000Z' }
    expect(await sink.send(liveBatch('b1', [alert, unknown, nurse]), NEVER)).toEqual({ kind: 'accepted' })
    await sink.close()
    expect(await rowsOf(role, 'SELECT alert_id, phase, severity, data FROM @alerts')).toEqual([{ alert_id: subjectOf(5), phase: 'start', severity: 'critical', data: alert.data }])
    expect(await rowsOf(role, 'SELECT type, subject FROM @other_events ORDER BY type')).toEqual([{ type: 'something-new', subject: subjectOf(1) }, { type: 'user-interactions', subject: subjectOf(7) }])
  })

  it('drops an event that another batch brought, with a shifted time too', async () => {
    const { role, sink } = await gateway()
    await sink.send(liveBatch('b1', [vitalEvent('k/1')]), NEVER)
    expect(await sink.send(liveBatch('b2', [vitalEvent('k/1', { timestamp: '2026-02-01T00:00:00.000Z' }), vitalEvent('k/2'), vitalEvent('k/2')]), NEVER)).toEqual({ kind: 'accepted' })
    await sink.close()
    expect(await rowsOf(role, 'SELECT event_key, count(*)::int AS rows FROM @vital_signs_timeseries GROUP BY 1 ORDER BY 1')).toEqual([{ event_key: 'k/1', rows: 3 }, { event_key: 'k/2', rows: 3 }])
  })

  it('takes back what a correction names, and what comes late under such a key is passed by', async () => {
    const { role, sink } = await gateway()
    await sink.send(liveBatch('b1', [vitalEvent('k/1'), vitalEvent('k/2')]), NEVER)
    const left = { ...vitalEvent('k/1/1', { v: [82] }), supersedes: 'k/1' }
    expect(await sink.send(liveBatch('b2', [correctionEvent('c/1', ['k/1', 'k/late']), left]), NEVER)).toEqual({ kind: 'accepted' })
    // A dead letter that is tried again.
    await sink.send(liveBatch('b3', [vitalEvent('k/late'), vitalEvent('k/1')]), NEVER)
    await sink.close()
    expect(await rowsOf(role, 'SELECT event_key, count(*)::int AS rows FROM @vital_signs_timeseries GROUP BY 1 ORDER BY 1')).toEqual([{ event_key: 'k/1/1', rows: 1 }, { event_key: 'k/2', rows: 3 }])
    expect(await rowsOf(role, 'SELECT type FROM @other_events')).toEqual([{ type: 'corrections' }])
  })

  it('two gateways of one role make the tables and days at once, and both are let in', async () => {
    const role = await makeRole()
    const sinks = [1, 2, 3].map(() => createPostgres({ id: 'postgres', url: databaseUrl(role).href.replace(/:[^:@/]*@/, '@'), password: PASSWORD, tls: null }))
    const answers = await Promise.all(sinks.map((sink, index) => sink.send(liveBatch(`b${index}`, [vitalEvent(`k/${index}`)]), NEVER)))
    expect(answers).toEqual([{ kind: 'accepted' }, { kind: 'accepted' }, { kind: 'accepted' }])
    await Promise.all(sinks.map((sink) => sink.close()))
    expect(await rowsOf(role, 'SELECT count(DISTINCT event_key)::int AS events FROM @vital_signs_timeseries')).toEqual([{ events: 3 }])
  })

  it('pauses where it has no right to make its tables', async () => {
    const { role, sink } = await gateway()
    await administer(`ALTER SCHEMA ${role} OWNER TO CURRENT_USER; REVOKE CREATE ON SCHEMA public FROM PUBLIC`)
    expect(await sink.send(batchOf('b1'), NEVER)).toMatchObject({ kind: 'refused', how: 'pause', why: expect.stringMatching(/3F000|42501/) })
    await sink.close()
  })
})

describe('the tables of the postgres sink', () => {
  it('are hypertables where there is TimescaleDB, and partitions where there is not', () => {
    const plain = tables(false).join(';')
    const hyper = tables(true).join(';')
    for (const { name } of TIMED) {
      expect(plain).toMatch(new RegExp(`CREATE TABLE IF NOT EXISTS ${name} \\([^;]*\\) PARTITION BY RANGE \\(time\\)`))
      expect(hyper).toContain(`create_hypertable('${name}', 'time'`)
    }
    expect(plain).not.toContain('hypertable')
    expect(hyper).not.toContain('PARTITION')
    expect(COMFORTS.filter((statement) => statement.includes('add_compression_policy'))).toHaveLength(TIMED.length)
    expect(COMFORTS.some((statement) => statement.includes('timescaledb.continuous'))).toBe(true)
  })

  it('have no unique key without the time column, which TimescaleDB would refuse', () => {
    for (const { columns } of TIMED) expect(columns).not.toMatch(/PRIMARY KEY|UNIQUE/)
  })

  it('have a partition for each day of UTC', () => {
    expect(partition('alerts', Date.parse('2026-12-31T23:59:59.999Z'))).toEqual({
      name: 'alerts_20261231', statement: `CREATE TABLE IF NOT EXISTS alerts_20261231 PARTITION OF alerts FOR VALUES FROM ('2026-12-31 00:00+00') TO ('2027-01-01 00:00+00')`,
    })
  })

  it.each([
    ['mysql://127.0.0.1/x', /no address/], ['postgresql://u:word@127.0.0.1/x', /must not hold a password/], ['postgresql://u@db.example.org/x', /in clear/],
  ])('%s is refused at once', (url, sentence) => {
    expect(() => createPostgres({ id: 'postgres', url, password: null, tls: null })).toThrow(sentence)
  })
})
