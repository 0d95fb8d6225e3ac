import { expect, it } from 'vitest'
import { readBatch } from '../../../src/sync/sinks/events.ts'
import { type KafkaMessage, createKafka } from '../../../src/sync/sinks/kafka.ts'
import { createNatsJetstream } from '../../../src/sync/sinks/nats-jetstream.ts'
import { rowsOf } from '../../../src/sync/sinks/postgres-rows.ts'
import { subjectOf, vitalEvent } from '../../contract/sink.ts'
import { NEVER } from '../fakes.ts'

const TIME = '2026-01-01T00:00:00.000Z'
const visit = {
  patientId: subjectOf(1), eventType: 'visit', key: subjectOf(8), revision: 0, metadata: { timestamp: TIME, provider: null, location: null, details: { minutes: 5 } },
  context: { sessionId: null, sourceSystem: 'vigil' },
}
const metadata = { timestamp: TIME, lane: 'release', method: 'safe-harbor', organizationId: subjectOf(77), gatewayId: subjectOf(78), keyEpoch: subjectOf(79), historical: true }
const events = [vitalEvent(subjectOf(5), { timestamp: TIME }), visit]
const BATCH = { batchId: 'b1', events: 2, body: new TextEncoder().encode(JSON.stringify({ batchId: 'b1', events, metadata })) }

it('a visit is of its patient, at the time that its metadata say', () => {
  expect(readBatch(BATCH).events.map(({ eventType, subject, timestamp }) => [eventType, subject, timestamp])).toEqual([['vital-signs', subjectOf(1), TIME], ['visit', subjectOf(1), TIME]])
  expect(rowsOf(readBatch(BATCH).events).get('other_events')?.map(({ at }) => at)).toEqual([Date.parse(TIME)])
})

it('Kafka is told nothing of the log that a release came from', async () => {
  const sent: KafkaMessage[] = []
  const producer = { send: (of: { readonly messages: readonly KafkaMessage[] }) => Promise.resolve(sent.push(...of.messages)), close: () => Promise.resolve() }
  const sink = createKafka({ id: 'kafka', brokers: ['127.0.0.1:9092'], tls: null, sasl: null, topicPrefix: '' }, () => Promise.resolve(producer))
  expect(await sink.send(BATCH, NEVER)).toEqual({ kind: 'accepted' })
  expect(sent.map(({ topic, key }) => [topic, key])).toEqual([['vital-signs', subjectOf(1)], ['visit', subjectOf(1)]])
  expect(Object.keys(sent[0]?.headers ?? {}).toSorted()).toEqual(['batchId', 'historical', 'key', 'lane', 'revision'])
  await sink.close()
})

it('the subject of a JetStream names the token of the release, not the organization', async () => {
  const subjects: string[] = []
  const headers: object[] = []
  const connection = {
    isClosed: () => false, close: () => Promise.resolve(),
    publish(subject: string, _payload: Uint8Array, of: { readonly headers: object }) {
      subjects.push(subject)
      headers.push(of.headers)
      return Promise.resolve({ duplicate: false })
    },
  }
  const sink = createNatsJetstream({ id: 'nats', organizationId: 'Ward 3', servers: ['127.0.0.1:4222'], tls: null, login: { kind: 'none' } }, () => Promise.resolve(connection))
  expect(await sink.send(BATCH, NEVER)).toEqual({ kind: 'accepted' })
  expect(subjects).toEqual([`vigil.${subjectOf(77)}.vital-signs.${subjectOf(1)}`, `vigil.${subjectOf(77)}.visit.${subjectOf(1)}`])
  expect(headers[0]).toEqual({ 'Vigil-Batch': 'b1', 'Vigil-Lane': 'release', 'Vigil-Historical': 'true' })
  await sink.close()
})
