/** Kafka and JetStream into central, on real parts: what our own sinks send is in the store once, whatever is sent or read again. */

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { batchesOf } from '../../../simulators/central/brokers/intake.ts'
import { openKafka } from '../../../simulators/central/brokers/kafka.ts'
import type { Broker } from '../../../simulators/central/server.ts'
import { startCentral } from '../../../simulators/central/server.ts'
import { createKafka } from '../../../src/sync/sinks/kafka.ts'
import { createNatsJetstream } from '../../../src/sync/sinks/nats-jetstream.ts'
import { lacking, programPath } from '../../parts.ts'
import { kafkaLacks, startKafka } from '../../sync/real/kafka.ts'
import { natsLacks } from '../../sync/real/nats.ts'
import { freePort } from '../../free-port.ts'
import { TOKEN, fakeClock, iso, START_MS } from './fixture.ts'
import { freshFolder } from './folder.ts'

const NEVER = new AbortController().signal
const SUBJECT = '0f'.repeat(16)

const event = (of: string, value: number) => ({
  streamId: 's', eventType: 'vital-signs', partitionKey: SUBJECT, key: `gw%2F1/epoch/${SUBJECT}/${of}/1-2/0`, revision: 0, timestamp: iso(START_MS),
  data: { metric: 'MDC_ECG_HEART_RATE', mdc: 147842, loinc: null, unit: '/min', t: [0], v: [value], q: [0] },
})
const bodyOf = (...events: readonly object[]) => ({
  batchId: JSON.stringify(events).slice(0, 20), events: events.length,
  body: new TextEncoder().encode(JSON.stringify({ batchId: 'b', events, metadata: { lane: 'live', seqFrom: 1, seqTo: 2 } })),
})

let folder: string
beforeAll(async () => {
  folder = await freshFolder()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A central that takes from one broker, and is waited for until it has as many batches, kept or repeated, as are asked for. */
async function openCentral(broker: Broker) {
  const central = await startCentral({ port: 0, host: '127.0.0.1', token: TOKEN, clock: fakeClock(), note: () => undefined, dataFolder: folder, brokers: [broker] })
  const get = async (path: string): Promise<unknown> => (await fetch(`${central.url}${path}`, { headers: { authorization: `Bearer ${TOKEN}` } })).json()
  return {
    get,
    close: central.close,
    async has(events: number): Promise<void> {
      while (JSON.stringify(await get('/api/v1/analytics/counts')) !== JSON.stringify([{ subject: SUBJECT, metric: 'MDC_ECG_HEART_RATE', values: events }])) await delay(50)
    },
  }
}

describe('messages', () => {
  test('become a batch for each gateway and lane, named by what is in it', () => {
    const texts = [JSON.stringify(event('a', 1)), JSON.stringify({ ...event('b', 2), key: 'drawn-by-lot' }), 'not json', JSON.stringify(event('c', 3))]
    const messages = texts.map((text, index) => ({ text, lane: index === 1 ? 'release' : 'live' }))
    const source = { organizationId: 'st-anna', via: 'kafka' } as const
    const batches = batchesOf(messages, source)
    expect(batches.map(({ gatewayId, lane, epoch, events, rejected }) => ({ gatewayId, lane, epoch, events: events.length, rejected: rejected.length }))).toEqual([
      { gatewayId: 'gw/1', lane: 'live', epoch: 'epoch', events: 2, rejected: 0 },
      { gatewayId: 'by kafka', lane: 'release', epoch: '', events: 1, rejected: 0 },
      { gatewayId: 'by kafka', lane: 'live', epoch: '', events: 0, rejected: 1 },
    ])
    expect(batchesOf(messages, source).map(({ batchId }) => batchId)).toEqual(batches.map(({ batchId }) => batchId))
  })

  test('whose key names a gateway that no database can store are of the broker: one such would come again for ever, and hold up all behind it', () => {
    const [batch] = batchesOf([{ text: JSON.stringify({ ...event('a', 1), key: 'gw%00/e%00/s/m/1-1/0' }), lane: 'live' }], { organizationId: 'st-anna', via: 'kafka' })
    expect([batch?.gatewayId, batch?.epoch]).toEqual(['by kafka', ''])
  })
})

const kafkaReason = lacking(kafkaLacks() === '' ? 'a Kafka broker' : kafkaLacks(), kafkaLacks() === '')
test.skipIf(kafkaReason !== null)('what the kafka sink sends is here once, over a restart of central and though it is sent twice', async () => {
  const kafka = await startKafka()
  for (const topic of ['vital-signs', 'alerts']) await kafka.addTopic(topic)
  const sink = createKafka({ id: 'kafka', brokers: [kafka.address], tls: null, sasl: null, topicPrefix: '' })
  const broker: Broker = { via: 'kafka', organizationId: 'by-kafka', addresses: [kafka.address], topicPrefix: '' }
  const first = await openCentral(broker)
  expect(await sink.send(bodyOf(event('k1', 1), event('k2', 2)), NEVER)).toEqual({ kind: 'accepted' })
  await first.has(2)
  await first.close()
  await sink.send(bodyOf(event('k2', 2), event('k3', 3)), NEVER)
  const second = await openCentral(broker)
  await second.has(3)
  const fleet = await second.get('/api/v1/analytics/fleet')
  expect(fleet).toMatchObject([{ organization: 'by-kafka', gateway: 'gw/1', lane: 'live', events: 3, duplicates: 1 }])
  await second.close()
  // What a gateway puts right after a year is the first of its topic.
  const stop = new AbortController()
  const reading = await openKafka({ brokers: [kafka.address], topicPrefix: '', groupId: 'another', stop: stop.signal, lookMs: 50 })
  expect((await reading.next())?.messages).toHaveLength(4)
  await kafka.addTopic('corrections')
  expect(await reading.next()).toBeNull()
  await reading.close()
  await sink.close()
  await kafka.close()
})

const natsReason = lacking(natsLacks() === '' ? 'nats-server' : natsLacks(), natsLacks() === '')
test.skipIf(natsReason !== null)('what the nats-jetstream sink sends is here once, over a restart of central and though it is sent twice', async () => {
  rmSync(folder, { recursive: true, force: true })
  folder = await freshFolder()
  const data = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'vigil-nats-'))
  const port = await freePort()
  const server = spawn(programPath('nats-server') ?? 'nats-server', ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', data], { stdio: 'ignore' })
  const servers = [`127.0.0.1:${port}`]
  const { connect } = await import('@nats-io/transport-node')
  const { jetstreamManager } = await import('@nats-io/jetstream')
  const connection = await connect({ servers, waitOnFirstConnect: true, reconnectTimeWait: 100 })
  // A window so short that the stream itself drops no repeat: the key has to.
  await (await jetstreamManager(connection)).streams.add({ name: 'vigil', subjects: ['vigil.st%2Eanna.>'], duplicate_window: 100 * 1_000_000 })
  const sink = createNatsJetstream({ id: 'nats', organizationId: 'st.anna', servers, tls: null, login: { kind: 'none' } })
  const broker: Broker = { via: 'nats', organizationId: 'st.anna', addresses: servers, stream: 'vigil' }
  const first = await openCentral(broker)
  await sink.send(bodyOf(event('n1', 1), event('n2', 2)), NEVER)
  await first.has(2)
  await first.close()
  await delay(200)
  await sink.send(bodyOf(event('n2', 2), event('n3', 3)), NEVER)
  const second = await openCentral(broker)
  await second.has(3)
  expect(await second.get('/api/v1/analytics/fleet')).toMatchObject([{ organization: 'st.anna', events: 3 }])
  await second.close()
  await sink.close()
  await connection.close()
  const gone = new Promise(resolve => server.once('exit', resolve))
  server.kill('SIGKILL')
  await gone
  rmSync(data, { recursive: true, force: true })
})
