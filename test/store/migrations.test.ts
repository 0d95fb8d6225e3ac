import { createHash } from 'node:crypto'
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import { MIGRATIONS, type Migration, migrate, versionOf } from '../../src/store/migrations.ts'

/** A step that was released is never edited: a file in the field was made by exactly this text. */
const RELEASED: Readonly<Record<number, string>> = {
  1: '0387f47a9db2eeb4',
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
