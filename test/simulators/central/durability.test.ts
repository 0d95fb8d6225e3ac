import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MIGRATIONS, migrate } from '../../../simulators/central/schema.ts'
import { openDatabase, supervised } from '../../../simulators/central/sql.ts'
import { centralLimits } from '../../../src/limits.ts'
import { TOKEN, batch, openDesk, vitals } from './fixture.ts'
import { freshFolder } from './folder.ts'
import type { WireBatch } from './fixture.ts'

const HR = 'MDC_ECG_HEART_RATE'

let folder: string
beforeEach(async () => {
  folder = await freshFolder()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('a data folder', () => {
  test('belongs to one central at a time; the next keeps its rows and knows its batches', async () => {
    const event = vitals({ subject: 's', values: [80, null] })
    const sent = batch([event])
    const before = await openDesk({ dataFolder: folder })
    await before.send(sent)
    await expect(openDesk({ dataFolder: folder })).rejects.toThrow(/another central uses/)
    await before.close()
    const after = await openDesk({ dataFolder: folder })
    expect(await after.counts('s', true)).toEqual({ [HR]: 1 })
    expect((await after.send(sent)).status).toBe(200)
    expect((await after.send(batch(sent.events))).body).toMatchObject({ duplicates: 1 })
    expect(await after.counts('s', true)).toEqual({ [HR]: 1 })
    await after.close()
    // Whoever asks in SQL sees vital signs as one plain table.
    const database = await openDatabase({ kind: 'folder', folder }, () => undefined)
    expect(await database.query('SELECT event_key, subject, metric, value, quality FROM vital_sign ORDER BY at')).toEqual([
      { event_key: event.key, subject: 's', metric: HR, value: 80, quality: 'measured' },
      { event_key: event.key, subject: 's', metric: HR, value: null, quality: 'probe-off' },
    ])
    await database.close()
  })

  test('whose creation was cut short is created anew', async () => {
    rmSync(join(folder, 'created'))
    rmSync(join(folder, 'pglite', 'global'), { recursive: true })
    const database = await openDatabase({ kind: 'folder', folder }, () => undefined)
    expect(await database.query("SELECT to_regclass('central.batch')::text AS batch")).toEqual([{ batch: null }])
    await database.close()
    expect(readdirSync(folder)).toContain('created')
  })
})

test('without a folder central forgets, and serves all the same', async () => {
  const subject = randomUUID()
  const desk = await openDesk('memory')
  expect((await desk.send(batch([vitals({ subject })]))).status).toBe(202)
  expect(await desk.counts(subject, true)).toEqual({ [HR]: 2 })
  await desk.close()
})

describe('closing', () => {
  test('rolls back the batch in work, whose sender sends it again to the next central', async () => {
    const subject = randomUUID()
    const values = Array.from({ length: centralLimits.valuesPerEventMax }, () => 1)
    const EVENTS = 6
    expect(EVENTS * values.length).toBeGreaterThan(2 * centralLimits.valuesPerInsertMax)
    const large = batch(Array.from({ length: EVENTS }, () => vitals({ subject, values })))
    const first = await openDesk({ dataFolder: folder })
    const answer = first.send(large).then(({ status }) => status, () => 'none' as const)
    while ((await first.get('/api/v1/streaming/status')).status !== 200);
    await first.close()
    const second = await openDesk({ dataFolder: folder })
    expect([200, 202]).toContain((await second.send(large)).status)
    expect(['none', 202, 500]).toContain(await answer)
    expect(await second.counts(subject, true)).toEqual({ [HR]: EVENTS * values.length })
    await second.close()
  })

  test('does not wait for the slow, and may be asked for twice', async () => {
    const desk = await openDesk({ dataFolder: folder })
    await desk.fault({ mode: 'slow', ms: 600_000 })
    const answer = desk.send(batch([vitals({ subject: 's' })])).then(({ status }) => status, () => 'none' as const)
    await desk.clock.asleep(600_000)
    await Promise.all([desk.close(), desk.close()])
    expect(['none', 500]).toContain(await answer)
  })
})

test('nothing is closed under a query that runs, and nothing begins once closing has', async () => {
  const order: string[] = []
  const { promise, reject } = Promise.withResolvers<never>()
  const database = supervised({
    kind: 'pglite',
    query: () => promise,
    script: () => promise,
    transaction: () => promise,
    close: () => Promise.resolve(void order.push('closed')),
  })
  const running = [database.query('SELECT 1'), database.transaction(() => Promise.resolve())].map(work => work.catch(() => order.push('ended')))
  const closing = database.close()
  await expect(database.query('SELECT 1')).rejects.toThrow('stopping')
  expect(order).toEqual([])
  reject(new Error('the disk is gone'))
  await Promise.all([...running, closing])
  expect(order).toEqual(['ended', 'ended', 'closed'])
})

describe('a schema', () => {
  test('is brought up once, and grows by what is new', async () => {
    const database = await openDatabase({ kind: 'folder', folder }, () => undefined)
    await migrate(database)
    await migrate(database)
    const grown = [...MIGRATIONS, { script: "ALTER TABLE batch ADD COLUMN remark text; UPDATE batch SET remark = 'none'" }]
    await migrate(database, grown)
    expect(await database.query('SELECT count(*)::int AS done FROM central_migration')).toEqual([{ done: grown.length }])
    expect(await database.query('SELECT remark FROM batch')).toEqual([])
    await expect(migrate(database, MIGRATIONS)).rejects.toThrow(/newer central/)
    await database.close()
  })

  test('that fails half way leaves nothing behind', async () => {
    rmSync(folder, { recursive: true })
    folder = await freshFolder('none')
    const database = await openDatabase({ kind: 'folder', folder }, () => undefined)
    await expect(migrate(database, [{ script: 'CREATE TABLE half (a int); NONSENSE' }])).rejects.toThrow()
    expect(await database.query("SELECT to_regclass('half')::text AS half")).toEqual([{ half: null }])
    await database.close()
  })
})

/** A central of its own process, on the real clock, as a child that can be killed. */
async function spawnCentral(): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  const root = new URL('../../../', import.meta.url)
  const script = `
    import { startCentral } from ${JSON.stringify(new URL('simulators/central/server.ts', root).href)}
    import { realClock, REAL_TIME } from ${JSON.stringify(new URL('src/ops/clock.ts', root).href)}
    const { TOKEN: token, FOLDER: dataFolder } = process.env
    const central = await startCentral({ port: 0, host: '127.0.0.1', token, dataFolder, clock: realClock(REAL_TIME), note: () => undefined })
    process.stdout.write(central.url)`
  const child = spawn('node', ['--input-type=module', '-e', script], { env: { ...process.env, TOKEN, FOLDER: folder }, stdio: ['ignore', 'pipe', 'inherit'] })
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', chunk => resolve(String(chunk)))
    child.once('exit', code => reject(new Error(`central ended: ${code}`)))
  })
  return { url, child }
}

test('killed with -9 while it writes, central keeps what it acknowledged and doubles nothing', async () => {
  const subject = randomUUID()
  const BATCHES = 20
  const eventsOf = (index: number) => [0, 1, 2, 3].map(part => vitals({ subject, key: `${subject}/${index}/${part}`, values: [1, 2, 3, 4, 5] }))
  const waiting = Array.from({ length: BATCHES }, (_, index) => batch(eventsOf(index)))
  const acknowledged: WireBatch[] = []
  // Full ones kill it again and again, over the network too: `npm run prove -- exactly-once`.
  for (const killAfter of [10, BATCHES]) {
    const { url, child } = await spawnCentral()
    const send = (sent: WireBatch) =>
      fetch(`${url}/api/v1/analytics/batches`, {
        method: 'POST', body: JSON.stringify(sent), headers: { authorization: `Bearer ${TOKEN}`, 'idempotency-key': sent.batchId },
      })
    // What was acknowledged before the last kill is known again, though nobody closed the database.
    for (const sent of acknowledged) expect((await send(sent)).status).toBe(200)
    const ended = new Promise(resolve => child.once('exit', resolve))
    while (waiting.length > 0) {
      const [next] = waiting
      if (next === undefined) break
      const answer = send(next)
      if (acknowledged.length === killAfter) {
        child.kill('SIGKILL')
        await answer.catch(() => undefined)
        break
      }
      expect([200, 202]).toContain((await answer).status)
      acknowledged.push(next)
      waiting.shift()
    }
    if (waiting.length === 0) {
      const headers = { authorization: `Bearer ${TOKEN}` }
      for (const query of ['', '?recount=true']) {
        expect(await (await fetch(`${url}/api/v1/analytics/counts${query}`, { headers })).json()).toEqual([{ subject, metric: HR, values: BATCHES * 4 * 5 }])
      }
      child.kill('SIGKILL')
    }
    await ended
  }
  expect(acknowledged).toHaveLength(BATCHES)
})
