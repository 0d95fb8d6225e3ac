import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { LOCKS } from '../../../simulators/central/schema.ts'
import { centralLimits } from '../../../src/limits.ts'
import { administer, alert, batch, onBothEngines, vitals } from './fixture.ts'
import type { Desk, WireBatch } from './fixture.ts'

const HR = 'MDC_ECG_HEART_RATE'

onBothEngines('a batch', ({ name, desk, databaseUrl }) => {
  test('is stored once, and answered 200 with the first receipt when it comes again', async () => {
    const subject = randomUUID()
    const sent = batch([vitals({ subject }), { not: 'an event' }])
    const first = await desk().send(sent)
    const again = await desk().send(sent)
    expect(first.status).toBe(202)
    expect(first.body).toMatchObject({ batchId: sent.batchId, accepted: 1, duplicates: 0, rejected: [{ index: 1, code: 'ANALYTICS_003' }] })
    expect(again.status).toBe(200)
    expect(again.body).toEqual(first.body)
    expect(await desk().counts(subject)).toEqual({ [HR]: 2 })
    expect((await desk().get(`/api/v1/patients/${subject}/vital-signs`)).rows).toHaveLength(3)
  })

  test('brings no event twice, whatever batch brings it', async () => {
    const subject = randomUUID()
    const [known, fresh] = [vitals({ subject, values: [1, 2, 3] }), vitals({ subject, values: [4] })]
    await desk().send(batch([known]))
    const mixed = await desk().send(batch([known, fresh]))
    expect(mixed.body).toMatchObject({ accepted: 2, duplicates: 1, rejected: [] })
    expect(await desk().counts(subject)).toEqual({ [HR]: 4 })
  })

  test('is not refused as a whole for one time that no database can hold', async () => {
    const subject = randomUUID()
    const { streamId, partitionKey, timestamp, revision } = vitals({ subject })
    const gaps = { streamId, partitionKey, timestamp, revision, eventType: 'gaps', key: randomUUID(), data: { rule: ['limits/hr'], state: ['armed'], t: [Number.MIN_SAFE_INTEGER] } }
    expect((await desk().send(batch([vitals({ subject }), gaps]))).status).toBe(202)
    expect(await desk().counts(subject)).toEqual({ [HR]: 2 })
  })

  test('that holds one key twice stores it once', async () => {
    const subject = randomUUID()
    const twice = vitals({ subject })
    expect((await desk().send(batch([twice, twice]))).body).toMatchObject({ accepted: 2, duplicates: 1 })
    expect(await desk().counts(subject, true)).toEqual({ [HR]: 2 })
  })

  test('with a known id and other events is refused and changes nothing', async () => {
    const subject = randomUUID()
    const sent = batch([vitals({ subject })])
    await desk().send(sent)
    const other = await desk().send(batch([vitals({ subject })], { batchId: sent.batchId }))
    expect(other).toMatchObject({ status: 422, body: { code: 'ANALYTICS_003' } })
    expect(await desk().counts(subject)).toEqual({ [HR]: 2 })
  })

  test('whose answer was lost is stored, and sending it again doubles nothing and still names the rejected rows', async () => {
    const subject = randomUUID()
    const sent = batch([{ bad: 'row' }, vitals({ subject }), alert({ subject, alertId: randomUUID() })])
    await desk().fault({ mode: 'lose-response' })
    await expect(desk().send(sent)).rejects.toThrow()
    await expect(desk().send(sent)).rejects.toThrow()
    await desk().fault({ mode: 'ok' })
    const answered = await desk().send(sent)
    expect(answered.status).toBe(200)
    expect(answered.body).toMatchObject({ accepted: 2, rejected: [{ index: 0 }] })
    expect(await desk().counts(subject, true)).toEqual({ [HR]: 2 })
    expect((await desk().get('/api/v1/alerts?limit=1000')).rows.filter(row => row['patient_id'] === subject)).toHaveLength(1)
  })

  test('loses only its bad rows, each named by its index', async () => {
    const subject = randomUUID()
    const good = () => vitals({ subject, values: [1] })
    const { key: _key, ...keyless } = good()
    const event = good()
    const rows = [
      good(),
      { ...good(), eventType: 'horoscope' },
      { ...event, data: { ...event.data, q: [] } },
      good(),
      keyless,
      { ...good(), key: 'k'.repeat(centralLimits.keyCharactersMax + 1) },
      { ...good(), partitionKey: 'a\u0000b' },
      { ...good(), partitionKey: 'half \ud83d pair' },
      { ...good(), timestamp: '0000-01-01T00:00:00Z' },
      { ...good(), timestamp: 'yesterday' },
      { ...good(), eventType: 'corrections' },
      { ...good(), surplus: 1 },
      { ...event, data: { ...event.data, t: [Number.MAX_VALUE] } },
      null,
      good(),
    ]
    const answer = await desk().send(batch(rows))
    expect(answer.status).toBe(202)
    expect(answer.body.rejected?.map(row => row.index)).toEqual([1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
    expect(answer.body.rejected?.every(row => row.detail.length > 5)).toBe(true)
    expect(answer.body['accepted']).toBe(3)
    expect(await desk().counts(subject)).toEqual({ [HR]: 3 })
  })

  test('may hold every kind of event of the contract, stored as it came', async () => {
    const subject = randomUUID()
    const at = '2026-01-01T00:00:00.000Z'
    const stream = (eventType: string, data: object) =>
      ({ streamId: 's', eventType, partitionKey: subject, key: randomUUID(), revision: 3, timestamp: at, data })
    const visit = {
      key: randomUUID(), patientId: subject, eventType: 'visit',
      metadata: { timestamp: at, provider: null, location: 'ward', details: { began: true } }, context: { sessionId: 's', sourceSystem: 'vigil' },
    }
    const interaction = {
      key: randomUUID(), userId: 'nurse-pseudonym', action: 'edit', resource: { type: 'alert', id: 'a-1' }, timestamp: at,
      metadata: { what: 'acknowledged <é> \\u0000 \\\\ 😀' },
    }
    const kinds = ['gaps', 'device-metrics', 'system-metrics', 'lab-results', 'medications'].map(type => stream(type, { type, deep: { n: [1, null, 'x'] } }))
    const answer = await desk().send(batch([...kinds, visit, interaction]))
    expect(answer.body).toMatchObject({ accepted: 7, rejected: [] })
    const stored = (await desk().get('/api/v1/analytics/events?limit=7')).rows
    const byKey = new Map(stored.map(row => [row['key'], row['data']]))
    for (const event of kinds) expect(byKey.get(event.key)).toEqual(event.data)
    expect(byKey.get(visit.key)).toEqual(visit)
    expect(byKey.get(interaction.key)).toEqual(interaction)
    expect((await desk().get(`/api/v1/patients/${subject}`)).status).toBe(200)
  })

  test('is refused whole when its events are not those that were hashed, and nothing is stored', async () => {
    const subject = randomUUID()
    const answer = await desk().send(batch([vitals({ subject })], { metadata: { sha256: '0'.repeat(64) } }))
    expect(answer).toMatchObject({ status: 422, body: { code: 'ANALYTICS_003' } })
    expect((await desk().get(`/api/v1/patients/${subject}`)).status).toBe(404)
  })

  test('without a hash is taken', async () => {
    const sent = batch([vitals({ subject: randomUUID() })])
    const { sha256: _sha256, ...metadata } = sent.metadata
    expect((await desk().send({ ...sent, metadata })).status).toBe(202)
  })

  test('with more values than one insert takes keeps them all', async () => {
    const subject = randomUUID()
    const values = Array.from({ length: centralLimits.valuesPerEventMax }, (_, index) => index % 200)
    const events = [0, 1, 2].map(part => vitals({ subject, atMs: Date.UTC(2026, 0, 1 + part), values }))
    expect(centralLimits.valuesPerInsertMax).toBeLessThan(3 * values.length)
    expect((await desk().send(batch(events))).body).toMatchObject({ accepted: 3 })
    expect(await desk().counts(subject, true)).toEqual({ [HR]: 3 * values.length })
  })

  test('sent by several at once, by one gateway or by three, with the same events under other ids, stores each event once', async () => {
    const subject = randomUUID()
    const events = Array.from({ length: 100 }, () => vitals({ subject, values: [1] }))
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map(turn => desk().send(batch(turn % 2 === 0 ? events : events.toReversed(), { metadata: { gatewayId: `gateway-${turn % 3}` } }))))
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202, 202])
    expect(answers.reduce((sum, { body }) => sum + (body.duplicates ?? 0), 0)).toBe(5 * events.length)
    expect(await desk().counts(subject, true)).toEqual({ [HR]: events.length })
  })

  test('delivered in any order, repeated, re-cut or with lost answers, has each event in effect exactly once', async () => {
    await fc.assert(fc.asyncProperty(deliveries, async turns => {
      const subject = randomUUID()
      const event = (index: number) => vitals({ subject, key: `${subject}/${index}`, values: [index], atMs: Date.UTC(2026, 0, 1, 0, index) })
      const events = Array.from({ length: EVENTS }, (_, index) => event(index))
      const sent: WireBatch[] = []
      for (const { from, to, lost, again } of turns) await deliver(desk(), sent, { events: events.slice(from, Math.max(from + 1, to)), lost, again })
      await desk().fault({ mode: 'ok' })
      await desk().send(batch(events))
      const rows = (await desk().get(`/api/v1/patients/${subject}/vital-signs?limit=1000`)).rows
      expect(rows.map(row => Number(row['value'])).toSorted((a, b) => a - b)).toEqual(events.map((_, index) => index))
      expect(await desk().counts(subject)).toEqual({ [HR]: EVENTS })
      expect(await desk().counts(subject, true)).toEqual({ [HR]: EVENTS })
    }), { numRuns: 10 })
  })

  if (name === 'postgresql') {
    // Two that write the same events in opposite orders at one time would each wait for the other.
    test('waits until the one before it is written', async () => {
      const before = new Client({ connectionString: databaseUrl() })
      await before.connect()
      await before.query('BEGIN')
      await before.query('SELECT pg_advisory_xact_lock($1::int, hashtext($2))', [LOCKS.ingest, '["organization-1","gateway-1"]'])
      const answer = desk().send(batch([vitals({ subject: randomUUID() })]))
      const waiting = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
      while ((await before.query(waiting)).rows.length === 0);
      await before.query('COMMIT')
      await before.end()
      expect((await answer).status).toBe(202)
    })

    test('comes through after the database has cut every connection', async () => {
      const subject = randomUUID()
      await desk().send(batch([vitals({ subject })]))
      await administer('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()', databaseUrl())
      const sent = batch([vitals({ subject })])
      // The pool may not have heard yet of each of its connections: then the sender is told 500, and sends again.
      const statuses: number[] = []
      while (statuses.at(-1) !== 200 && statuses.length < centralLimits.databaseConnectionsMax + 2) statuses.push((await desk().send(sent)).status)
      expect([statuses.at(-1), statuses.filter(status => status === 202)]).toEqual([200, [202]])
      expect(await desk().counts(subject, true)).toEqual({ [HR]: 4 })
    })
  }
})

const EVENTS = 8
const deliveries = fc.array(
  fc.record({ from: fc.nat(EVENTS - 1), to: fc.integer({ min: 1, max: EVENTS }), lost: fc.boolean(), again: fc.boolean() }),
  { minLength: 1, maxLength: 6 },
)

/** One turn of a sender: a new batch, or one that was sent before; with or without an answer. */
async function deliver(desk: Desk, sent: WireBatch[], { events, lost, again }: { events: readonly unknown[]; lost: boolean; again: boolean }): Promise<void> {
  const next = (again ? sent.at(-1) : undefined) ?? batch(events)
  sent.push(next)
  await desk.fault({ mode: lost ? 'lose-response' : 'ok' })
  if (lost) await expect(desk.send(next)).rejects.toThrow()
  else expect((await desk.send(next)).status).toBeLessThan(300)
}
