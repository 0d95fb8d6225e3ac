/**
 * The database, behind the little that central asks of it. PostgreSQL where a URL is given, PGlite (PostgreSQL in WebAssembly) in a
 * folder or in memory otherwise: one dialect, one schema, one code path.
 *
 * What a commit is worth: on PostgreSQL what its settings say (fsync by default). PGlite runs with fsync off: committed rows survive the
 * death of the process, not a power cut.
 */

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import type { PGliteInterface, Transaction } from '@electric-sql/pglite'
import Database from 'better-sqlite3'
import { Pool } from 'pg'
import { centralLimits } from '../../src/limits.ts'

export interface Sql {
  /** One statement, `$1` placeholders. bigint and numeric are to be cast to float8 in the statement; timestamptz comes back as Date. */
  query<Row>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>
  /** Several statements, without placeholders and answers. */
  script(text: string): Promise<void>
}

/** Where the tables are: a gateway's own postgres sink may keep tables of the same names in the same database. */
const SEARCH_PATH = 'central,public'

export interface CentralDatabase extends Sql {
  readonly kind: 'postgresql' | 'pglite'
  /** Commits when `work` returns, rolls back when it throws. */
  transaction<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

/** Where central keeps what it is sent. The folder belongs to one central at a time. */
export type Place = { readonly kind: 'url'; readonly url: string } | { readonly kind: 'folder'; readonly folder: string } | { readonly kind: 'memory' }

/** @throws Error with a sentence when the folder is in use or the database does not open. */
export async function openDatabase(place: Place, note: (line: string) => void): Promise<CentralDatabase> {
  switch (place.kind) {
    case 'url':
      return openPostgres(place.url, note)
    case 'folder':
      return openFolder(place.folder)
    case 'memory':
      return overPglite(await onPath(await PGlite.create()), () => undefined)
  }
}

/** Nothing is closed under a query that runs, and nothing begins once closing has. */
export function supervised(database: CentralDatabase): CentralDatabase {
  const running = new Set<Promise<unknown>>()
  let closing = false
  const run = <Result>(begin: () => Promise<Result>): Promise<Result> => {
    if (closing) return Promise.reject(new Error('central is stopping'))
    const work = begin()
    const done = work.then(() => undefined, () => undefined).finally(() => running.delete(done))
    running.add(done)
    return work
  }
  return {
    kind: database.kind,
    query: (text, values) => run(() => database.query(text, values)),
    script: text => run(() => database.script(text)),
    transaction: work => run(() => database.transaction(work)),
    async close() {
      closing = true
      await Promise.all(running)
      await database.close()
    },
  }
}

/** What is written with each batch is parsed and planned once a connection; what is asked for is planned for what it asks. */
const names = new Map<string, string>()
function named(text: string): { readonly name?: string } {
  if (!text.startsWith('INSERT') && !text.startsWith('UPDATE')) return {}
  const name = names.get(text) ?? `central_${names.size}`
  names.set(text, name)
  return { name }
}

/** A list of numbers as PostgreSQL reads it: the driver would quote and look through each. */
function packed(value: unknown): unknown {
  const isOfNumbers = Array.isArray(value) && value.every(item => item === null || typeof item === 'number')
  return isOfNumbers ? `{${value.map(item => item ?? 'NULL').join(',')}}` : value
}

function openPostgres(url: string, note: (line: string) => void): CentralDatabase {
  const pool = new Pool({
    connectionString: url,
    max: centralLimits.databaseConnectionsMax,
    connectionTimeoutMillis: centralLimits.databaseTimeoutMs,
    statement_timeout: centralLimits.databaseTimeoutMs,
    // Many small questions, none worth a compiler.
    options: `-c search_path=${SEARCH_PATH} -c jit=off`,
  })
  // An idle connection that breaks is replaced by the pool; without a listener the event would end the process.
  const broken = (error: Error): void => note(`A database connection broke: ${error.message}`)
  pool.on('error', broken)
  return {
    kind: 'postgresql',
    async query<Row>(text: string, values: readonly unknown[] = []) {
      const result = await pool.query<Row & Record<string, unknown>>(text, [...values])
      return result.rows
    },
    async script(text) {
      await pool.query(text)
    },
    async transaction(work) {
      const client = await pool.connect()
      client.on('error', broken)
      const release = (error?: Error): void => {
        client.removeListener('error', broken)
        client.release(error)
      }
      try {
        await client.query('BEGIN')
        const result = await work({
          async query<Row>(text: string, values: readonly unknown[] = []) {
            return (await client.query<Row & Record<string, unknown>>({ text, values: values.map(packed), ...named(text) })).rows
          },
          async script(text) {
            await client.query(text)
          },
        })
        await client.query('COMMIT')
        release()
        return result
      } catch (error) {
        await client.query('ROLLBACK').then(
          () => release(),
          (again: unknown) => release(again instanceof Error ? again : new Error('ROLLBACK failed')),
        )
        throw error
      }
    },
    close: () => pool.end(),
  }
}

async function openFolder(folder: string): Promise<CentralDatabase> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const unlock = lock(folder)
  try {
    const dataDir = join(folder, 'pglite')
    const created = join(folder, 'created')
    // A creation cut short leaves files that never open again. Nothing was stored before the mark, so nothing is lost with them.
    if (!existsSync(created)) rmSync(dataDir, { recursive: true, force: true })
    const pglite = await onPath(await PGlite.create({ dataDir }))
    if (!existsSync(created)) writeFileSync(created, 'This folder holds a whole database.\n')
    return overPglite(pglite, unlock)
  } catch (error) {
    unlock()
    throw error
  }
}

/** SQLite's lock is the operating system's, so it ends with the process however that ends. PGlite itself keeps no lock. */
function lock(folder: string): () => void {
  const file = new Database(join(folder, 'lock.db'), { timeout: 0 })
  try {
    file.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    file.close()
    throw new Error(`another central uses ${folder}`, { cause: error })
  }
  return () => void file.close()
}

async function onPath(pglite: PGlite): Promise<PGlite> {
  await pglite.query(`SET search_path TO ${SEARCH_PATH}`)
  return pglite
}

function overPglite(pglite: PGlite, unlock: () => void): CentralDatabase {
  const over = (on: PGliteInterface | Transaction): Sql => ({
    async query<Row>(text: string, values: readonly unknown[] = []) {
      return (await on.query<Row>(text, [...values])).rows
    },
    async script(text) {
      await on.exec(text)
    },
  })
  return {
    kind: 'pglite',
    ...over(pglite),
    transaction: work => pglite.transaction(transaction => work(over(transaction))),
    async close() {
      await pglite.close()
      unlock()
    },
  }
}
