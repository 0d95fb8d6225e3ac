import { expect, test } from 'vitest'
import { ingest, readBatch } from '../../../simulators/central/ingest.ts'
import { openPartitions } from '../../../simulators/central/partitions.ts'
import type { CentralDatabase, Sql } from '../../../simulators/central/sql.ts'
import { centralLimits } from '../../../src/limits.ts'
import { START_MS, batch, vitals } from './fixture.ts'

const NEVER = new AbortController().signal
const ARRIVAL = { atMs: START_MS, instance: null, via: 'https' } as const
const DAY_MS = 86_400_000

/** A database that has nothing, and keeps the scripts that it was told. */
function silent(transaction: CentralDatabase['transaction'] | null = null): CentralDatabase & { readonly scripts: string[] } {
  const scripts: string[] = []
  const sql: Sql = { query: () => Promise.resolve([]), script: text => Promise.resolve(void scripts.push(text)) }
  return { ...sql, kind: 'pglite', scripts, transaction: transaction ?? (work => work(sql)), close: () => Promise.resolve() }
}

function eventsOn(days: number) {
  const read = readBatch(batch(Array.from({ length: days }, (_, day) => vitals({ subject: 's', atMs: START_MS - day * DAY_MS, values: [1] }))), 1, () => false)
  if (read.kind === 'refused') throw new Error('it can be read')
  return read.batch
}

test('as many partitions are made as the limit, and the rows of one day more lie in the default ones', async () => {
  const database = silent()
  const partitions = await openPartitions(database)
  // Two tables have a partition for each day of vital signs.
  await partitions.makeFor(eventsOn(centralLimits.partitionsMax / 2 + 1).events)
  expect(database.scripts).toHaveLength(centralLimits.partitionsMax)
  await partitions.makeFor(eventsOn(1).events)
  expect(database.scripts).toHaveLength(centralLimits.partitionsMax)
})

test.each(['40P01', '40001'])('a batch that the database gives up for another (%s) is begun again, as often as the limit and no oftener', async code => {
  let tries = 0
  const database = silent(() => {
    tries += 1
    return Promise.reject(Object.assign(new Error('deadlock detected'), { code }))
  })
  await expect(ingest({ database, partitions: { makeFor: () => Promise.resolve(), dropValuesBefore: () => Promise.resolve() } }, eventsOn(1), ARRIVAL, NEVER)).rejects.toThrow('deadlock')
  expect(tries).toBe(centralLimits.transactionTriesMax)
})

test('a batch that fails for another reason is not begun again', async () => {
  let tries = 0
  const database = silent(() => {
    tries += 1
    return Promise.reject(new Error('the disk is full'))
  })
  await expect(ingest({ database, partitions: { makeFor: () => Promise.resolve(), dropValuesBefore: () => Promise.resolve() } }, eventsOn(1), ARRIVAL, NEVER)).rejects.toThrow('disk')
  expect(tries).toBe(1)
})
