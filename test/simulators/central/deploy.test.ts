/** What stands in deploy/central: no container runs here, so what can be judged without one is. */

import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { TOPICS } from '../../../simulators/central/brokers/kafka.ts'
import { MIGRATIONS, migrate } from '../../../simulators/central/schema.ts'
import { openDatabase } from '../../../simulators/central/sql.ts'
import type { CentralDatabase } from '../../../simulators/central/sql.ts'
import { NEW_AMONG } from '../../../simulators/central/write.ts'
import { freshFolder } from './folder.ts'

const FOLDER = resolve(import.meta.dirname, '../../../deploy/central')
const textOf = (path: string): string => readFileSync(join(FOLDER, path), 'utf8')

const Compose = z.looseObject({
  services: z.record(z.string(), z.looseObject({
    image: z.string().optional(),
    build: z.looseObject({ context: z.string(), dockerfile: z.string() }).optional(),
    depends_on: z.record(z.string(), z.unknown()).default({}),
    volumes: z.array(z.string()).default([]),
    ports: z.array(z.string()).default([]),
    command: z.array(z.string()).default([]),
    environment: z.record(z.string(), z.unknown()).default({}),
  })),
  volumes: z.record(z.string(), z.unknown()),
})
const Target = z.looseObject({ rawSql: z.string(), datasource: z.looseObject({ uid: z.string() }) })
const Dashboard = z.looseObject({
  uid: z.string(),
  templating: z.looseObject({ list: z.array(z.looseObject({ name: z.string(), query: z.string() })) }),
  panels: z.array(z.looseObject({ id: z.number(), title: z.string(), targets: z.array(Target).min(1) })),
})
const Datasources = z.looseObject({ datasources: z.array(z.looseObject({ uid: z.string(), user: z.string() })) })

const compose = Compose.parse(parse(textOf('compose.yaml')))
const dashboards = readdirSync(join(FOLDER, 'grafana/dashboards')).map(file => Dashboard.parse(JSON.parse(textOf(`grafana/dashboards/${file}`))))

describe('the compose file', () => {
  test('names services that exist, images by version, files that are there, and opens no port to the network', () => {
    expect(Object.keys(compose.services).toSorted()).toEqual(['central', 'grafana', 'kafka', 'timescaledb', 'topics'])
    for (const { image, build, depends_on, volumes, ports } of Object.values(compose.services)) {
      for (const other of Object.keys(depends_on)) expect(compose.services).toHaveProperty(other)
      if (image === undefined) expect(existsSync(join(FOLDER, build?.context ?? '', build?.dockerfile ?? ''))).toBe(true)
      else expect(image).toMatch(/^docker\.io\/[\w/-]+:\d+\.\d+\.\d+/)
      for (const volume of volumes) {
        const [from = ''] = volume.split(':')
        if (from.startsWith('.')) expect([from, existsSync(join(FOLDER, from))]).toEqual([from, true])
        else expect(compose.volumes).toHaveProperty(from)
      }
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/)
    }
  })

  test('takes each secret from the environment, and the example names them all', () => {
    const wanted = new Set([...textOf('compose.yaml').matchAll(/\$\{(\w+)/g)].map(([, name]) => name))
    const named = new Set([...textOf('example.env').matchAll(/^(\w+)=$/gm)].map(([, name]) => name))
    expect(named).toEqual(wanted)
  })

  test('makes the topics that central reads, and starts central with options that it has', () => {
    for (const topic of TOPICS) expect(compose.services['topics']?.command.join(' ')).toContain(` ${topic}`)
    const options = compose.services['central']?.command.filter(word => word.startsWith('--')) ?? []
    const known = readFileSync(resolve(FOLDER, '../../src/cli/central.ts'), 'utf8')
    expect(options.length).toBeGreaterThan(3)
    for (const option of options) expect(known).toContain(`'${option} <`)
  })
})

describe('the database', () => {
  let folder: string
  let database: CentralDatabase
  beforeAll(async () => {
    folder = await freshFolder()
    database = await openDatabase({ kind: 'folder', folder }, () => undefined)
    await migrate(database)
  })
  afterAll(async () => {
    await database.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** What Grafana puts in the place of its macros and variables (PostgreSQL data source, Macros). */
  const filled = (sql: string): string =>
    sql
      .replaceAll(/\$__timeFilter\(([^)]+)\)/g, "$1 BETWEEN '2026-01-01T00:00:00Z' AND '2026-01-02T00:00:00Z'")
      .replaceAll(/\$__timeGroupAlias\(([^,]+), '(\d+)m'\)/g, 'floor(extract(epoch FROM $1) / ($2 * 60)) * $2 * 60 AS "time"')
      .replaceAll('$__timeFrom()', "'2026-01-01T00:00:00Z'")
      .replaceAll('$__timeTo()', "'2026-01-02T00:00:00Z'")
      .replaceAll(/\$(organization|subject)\b/g, 'a-name')

  test.each(dashboards.flatMap(({ uid, panels }) => panels.flatMap(({ title, targets }) => targets.map(({ rawSql }) => [uid, title, rawSql] as const))))(
    'has all that %s asks for in "%s"',
    async (_uid, _title, sql) => {
      const asked = filled(sql)
      expect(asked).not.toContain('$')
      await database.query(asked)
    },
  )

  test('has what the variables of dashboards ask for, and dashboards ask the data source that is provisioned', async () => {
    const { datasources } = Datasources.parse(parse(textOf('grafana/provisioning/datasources/central.yaml')))
    for (const { templating, panels } of dashboards) {
      for (const { query } of templating.list) await database.query(filled(query))
      for (const { targets } of panels) for (const { datasource } of targets) expect(datasource.uid).toBe(datasources[0]?.uid)
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    }
    expect(textOf('database/reader.sh')).toContain(`CREATE ROLE ${datasources[0]?.user} LOGIN BYPASSRLS`)
  })

  test('looks for known keys one by one through their index, however many an organisation has', async () => {
    await database.script('SET enable_seqscan = off')
    const plan = await database.query<Record<'QUERY PLAN', string>>(`EXPLAIN ${NEW_AMONG}`, [['k'], 1])
    await database.script('RESET enable_seqscan')
    expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/Index Cond: \(\(organization = .*\) AND \(key = k\.key\)\)/)
  })

  test('would fail a dashboard that asks for what is not there', async () => {
    await expect(database.query('SELECT nothing_of_the_kind FROM vital_signs_minute')).rejects.toThrow(/nothing_of_the_kind/)
  })

  test('lets no tenant read a table that keeps no tenants apart', async () => {
    const rows = await database.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = 'central' AND c.relkind IN ('r', 'p') AND has_table_privilege('central_tenant', c.oid, 'SELECT')
        AND NOT (c.relrowsecurity AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid))`,
    )
    expect(rows).toEqual([{ name: 'metric_expectation' }])
    const writable = await database.query(
      `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = 'central' AND c.relkind IN ('r', 'p', 'v') AND has_table_privilege('central_tenant', c.oid, 'INSERT, UPDATE, DELETE')`,
    )
    expect(writable).toEqual([])
    const asOwner = await database.query("SELECT relname FROM pg_class WHERE relkind = 'v' AND relnamespace = 'central'::regnamespace AND NOT 'security_invoker=true' = ANY (reloptions)")
    expect(asOwner).toEqual([])
  })

  test('with TimescaleDB has hypertables where it has partitions without', () => {
    const grown = MIGRATIONS.flatMap(({ script }) => (typeof script === 'string' ? [] : [script]))
    const partitioned = grown.map(({ native }) => [...native.matchAll(/PARTITION OF (\w+) DEFAULT/g)].map(([, table]) => table))
    const hypertables = grown.map(({ timescale }) => [...timescale.matchAll(/create_hypertable\('(\w+)', 'time'/g)].map(([, table]) => table))
    expect(partitioned.map(({ length }) => length)).toEqual([5, 1])
    expect(hypertables.map((tables) => new Set(tables))).toEqual(partitioned.map((tables) => new Set(tables)))
    for (const { native, timescale } of grown) {
      expect(timescale).not.toMatch(/\) PARTITION BY/)
      // TimescaleDB refuses both on tables that keep tenants apart.
      expect(timescale).not.toMatch(/timescaledb\.(compress|continuous|enable_columnstore)/)
      expect(native).toMatch(/\) PARTITION BY/)
    }
  })

  test('that an earlier version of central made keeps its rows, and has roll-ups of them', async () => {
    const told = { metric: 'MDC_ECG_HEART_RATE', mdc: 1, loinc: null, unit: '/min', t: [0, 1_000], v: [60, 80], q: [0, 0] }
    const bare = await freshFolder('none')
    const old = await openDatabase({ kind: 'folder', folder: bare }, () => undefined)
    await old.script('SET search_path TO public; CREATE TABLE central_migration (id integer PRIMARY KEY, made_at timestamptz NOT NULL DEFAULT now())')
    for (const { script } of MIGRATIONS.slice(0, 2)) if (typeof script === 'string') await old.script(script)
    await old.script(`INSERT INTO central_migration (id) VALUES (1), (2);
      INSERT INTO batch (batch_id, received_at, metadata, sha256, bytes, accepted, duplicates, rejected)
        VALUES ('b', now(), '{"organizationId":"st-anna","gatewayId":"g","lane":"live","keyEpoch":"e"}', 'x', 10, 2, 0, '[]');
      INSERT INTO event (key, type, subject, at, revision, data, batch) VALUES
        ('k', 'vital-signs', 's', '2026-01-01T00:00:00Z', 0, '${JSON.stringify(told)}', 1), ('g', 'gaps', 's', '2026-01-01T00:00:00Z', 0, '{"rule":["score"],"state":["armed"],"t":[5]}', 1);
      INSERT INTO subject VALUES ('s', '2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z');
      INSERT INTO series (subject, metric, mdc, unit, values_present, values_absent, first_at, last_at)
        VALUES ('s', 'MDC_ECG_HEART_RATE', 1, '/min', 2, 0, '2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z');
      INSERT INTO vital_sign_value VALUES (1, 1, '2026-01-01T00:00:00Z', 60, '0'), (1, 1, '2026-01-01T00:00:01Z', 80, '0');
      SET search_path TO central, public`)
    await migrate(old)
    expect(await old.query('SELECT event_key, subject, value FROM vital_sign ORDER BY at')).toEqual([
      { event_key: 'k', subject: 's', value: 60 }, { event_key: 'k', subject: 's', value: 80 },
    ])
    // What the event said is in the columns too, where corrections find it.
    expect(await old.query("SELECT series, t_from, t_to, data FROM event WHERE key = 'k'")).toEqual([{ series: 1, t_from: 0, t_to: 1_000, data: told }])
    await old.query("UPDATE event SET data = NULL WHERE key = 'k'")
    expect(await old.query("SELECT event_data(event) AS data FROM event WHERE key = 'k'")).toEqual([{ data: told }])
    for (const table of ['vital_signs_minute', 'vital_signs_hour', 'vital_signs_day']) {
      expect(await old.query(`SELECT readings, total / readings / 1e6 AS mean, last FROM ${table}`)).toEqual([{ readings: 2, mean: 70, last: 80 }])
    }
    expect(await old.query('SELECT o.name, g.gateway, g.lane, g.events::int FROM gateway g JOIN organization o ON o.id = g.organization')).toEqual([
      { name: 'st-anna', gateway: 'g', lane: 'live', events: 2 },
    ])
    expect(await old.query('SELECT rule, state, extract(milliseconds FROM time)::int AS ms FROM gap')).toEqual([{ rule: 'score', state: 'armed', ms: 5 }])
    await old.close()
    rmSync(bare, { recursive: true, force: true })
  })
})
