import { createHash } from 'node:crypto'
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import { acknowledgedCounts, openSyncLedger } from '../../src/store/sync-ledger.ts'
import { migrate } from '../../src/store/migrations.ts'
import { SYNC_MIGRATIONS } from '../../src/store/sync-queries.ts'
import { tempFolder } from './fixture.ts'

/** A step that was released is never edited: a file in the field was made by exactly this text. */
const RELEASED: Readonly<Record<number, string>> = { 1: 'c860773a77a63e54', 2: 'f06a23d24444fbbf', 3: '2ed257be0d1a86a7', 4: '5ac657f55d168504', 5: '9837c6965c225f78' }

it('released steps of sync.db are as they were released', () => {
  const hashes = Object.fromEntries(SYNC_MIGRATIONS.map(({ version, sql }) => [version, createHash('sha256').update(sql).digest('hex').slice(0, 16)]))
  expect(hashes).toEqual(RELEASED)
})

it('all tables of sync.db are strict', () => {
  const db = new Database(':memory:')
  migrate(db, SYNC_MIGRATIONS)
  const tables = db.prepare(`SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'`).all()
  expect(tables.length).toBeGreaterThan(12)
  expect(tables).toEqual(tables.map((table) => ({ ...Object(table), strict: 1 })))
})

const FIXTURES = join(import.meta.dirname, 'fixtures')

it.each(['1', '3'])('a ledger that lay beside a database of version %s goes on with its one sink, and takes more', (version) => {
  using folder = tempFolder()
  copyFileSync(join(FIXTURES, `sync-${version}.db`), join(folder.path, 'sync.db'))
  const then: { epoch: string; sync: object } = JSON.parse(readFileSync(join(FIXTURES, `vigil-${version}.json`), 'utf8'))
  using ledger = openSyncLedger(folder.path)
  const sink = 'https-batch'
  const now = { cursor: ledger.cursor(sink, then.epoch), pending: ledger.pending(sink)?.batchId, letters: ledger.deadLetters(sink, 10), status: ledger.status(sink) }
  // Whatever else stood there then is looked at where the whole folder is.
  expect(then.sync).toMatchObject(JSON.parse(JSON.stringify(now)))
  expect(ledger.sinks()).toEqual([])
  expect(ledger.sinksLeft()).toEqual([sink])
  expect(acknowledgedCounts(folder.path).get('monitor-1\u0000MDC_ECG_HEART_RATE')).toBe(3)

  ledger.nameSinks([{ id: sink, kind: sink, lane: 'live' }, { id: 'kafka', kind: 'kafka', lane: 'live' }])
  expect(ledger.sinks().map(({ id }) => id)).toEqual([sink, 'kafka'])
  expect(ledger.sinksLeft()).toEqual([])
  expect([ledger.cursor('kafka', then.epoch), ledger.pending('kafka')]).toEqual([0, null])
  ledger.advance('kafka', then.epoch, 2)
  expect([ledger.cursor('kafka', then.epoch), ledger.cursor(sink, then.epoch)]).toEqual([2, 3])
})
