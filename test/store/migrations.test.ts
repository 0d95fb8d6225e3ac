import { createHash } from 'node:crypto'
import { copyFileSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import { rowCrc } from '../../src/store/crc.ts'
import { openWriterDatabase } from '../../src/store/database.ts'
import { MIGRATIONS, type Migration, migrate, versionOf } from '../../src/store/migrations.ts'
import { placeOf } from '../../src/store/place.ts'
import { START, tempFolder } from './fixture.ts'
import { contentOf } from './fixture-content.ts'

/** A step that was released is never edited: a file in the field was made by exactly this text. */
const RELEASED: Readonly<Record<number, string>> = {
  1: '0387f47a9db2eeb4',
  2: 'f8a25e0e50761f8c',
  3: '9bbc33849c57d7f6',
  4: 'f73b2aed303005d6',
  5: '7af265f1225d6dad',
  6: '62499213026cb405',
}

it('released steps are as they were released, and no step is missing here', () => {
  const hashes = Object.fromEntries(MIGRATIONS.map(({ version, sql }) => [version, createHash('sha256').update(sql).digest('hex').slice(0, 16)]))
  expect(hashes).toEqual(RELEASED)
  expect(MIGRATIONS.map(({ version }) => version)).toEqual(MIGRATIONS.map((_, place) => place + 1))
})

it('all tables are strict', () => {
  const db = new Database(':memory:')
  migrate(db)
  const tables = db.prepare(`SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'`).all()
  expect(tables.length).toBeGreaterThan(8)
  expect(tables).toEqual(tables.map((table) => ({ ...Object(table), strict: 1 })))
})

const STEPS: readonly Migration[] = [
  { version: 1, sql: 'CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (7)' },
  { version: 2, sql: 'ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1' },
]

it('a file of an older version is carried forward with what it holds', () => {
  const db = new Database(':memory:')
  expect(migrate(db, STEPS.slice(0, 1))).toEqual({ kind: 'current', version: 1 })
  db.exec('INSERT INTO a VALUES (9)')
  expect(migrate(db, STEPS)).toEqual({ kind: 'current', version: 2 })
  expect(db.prepare('SELECT x, y FROM a').all()).toEqual([{ x: 7, y: 8 }, { x: 9, y: 10 }])
  expect(migrate(db, STEPS)).toEqual({ kind: 'current', version: 2 })
})

it('a step that fails leaves the file at the last whole step', () => {
  const db = new Database(':memory:')
  const broken = [...STEPS, { version: 3, sql: 'ALTER TABLE a ADD COLUMN z INTEGER; INSERT INTO nowhere VALUES (1)' }]
  expect(() => migrate(db, broken)).toThrow(/nowhere/)
  expect([versionOf(db), db.prepare('SELECT * FROM a').all()]).toEqual([2, [{ x: 7, y: 8 }]])
})

it('a file of a newer version is not touched', () => {
  const db = new Database(':memory:')
  migrate(db, STEPS)
  expect(migrate(db, STEPS.slice(0, 1))).toEqual({ kind: 'newer', version: 2, known: 1 })
  expect(versionOf(db)).toBe(2)
})

const FIXTURES = join(import.meta.dirname, 'fixtures')
const released = readdirSync(FIXTURES).filter((name) => /^vigil-\d+\.json$/.test(name)).map((name) => name.slice('vigil-'.length, -'.json'.length))

/** A copy knows that it is one, and begins an incarnation of its own: this one is to pass for the file that was released. */
function atHome(file: string): void {
  const db = new Database(file)
  type Row = { readonly epoch: string; readonly kind: string; readonly gateway: string; readonly createdAt: number; readonly version: number }
  const row = versionOf(db) < 2 ? undefined : db.prepare<[], Row>('SELECT epoch, kind, gateway, created_at AS createdAt, version FROM meta').get()
  const place = placeOf(file)
  if (row) db.prepare('UPDATE meta SET place = ?, crc = ?').run(place, rowCrc(row.epoch, row.kind, row.gateway, row.createdAt, place, row.version))
  db.close()
}

/** A row names its metric by id; what the table says of that metric may be mended. */
const byMetricId = (content: unknown): object =>
  JSON.parse(JSON.stringify(content, (key, value: unknown) => (key === 'metric' && typeof value === 'object' && value !== null && 'id' in value ? value.id : value)))

it.each(released)('a folder of released version %s says after all steps what it said then', (version) => {
  using folder = tempFolder()
  copyFileSync(join(FIXTURES, `vigil-${version}.db`), join(folder.path, 'vigil.db'))
  copyFileSync(join(FIXTURES, `sync-${version}.db`), join(folder.path, 'sync.db'))
  atHome(join(folder.path, 'vigil.db'))
  const opened = openWriterDatabase(folder.path, { kind: 'demo', gatewayId: 'gateway-1', createdAt: START })
  if (opened.kind === 'refused') throw new Error(opened.why)
  opened.db.close()
  const then: object = JSON.parse(readFileSync(join(FIXTURES, `vigil-${version}.json`), 'utf8'))
  expect(byMetricId(contentOf(folder.path))).toMatchObject(byMetricId(then))
})
