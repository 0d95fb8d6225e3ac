import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SinkAnswer } from '../../src/seams.ts'
import { type KafkaMessage, createKafka } from '../../src/sync/sinks/kafka.ts'
import { answerOfErrors } from '../../src/sync/sinks/kafka-answer.ts'
import { lacking } from '../parts.ts'
import { type KafkaBroker, kafkaLacks, startKafka } from '../sync/real/kafka.ts'
import { type Behaviour, type SinkUnderTest, batchOf, liveBatch, sinkContract, subjectOf, vitalEvent } from './sink.ts'

const missing = kafkaLacks()
const reason = lacking(missing === '' ? 'a Kafka broker' : missing, missing === '')
const NEVER = new AbortController().signal

let broker: KafkaBroker
beforeAll(async () => {
  if (reason === null) broker = await startKafka()
})
afterAll(() => broker?.close())

let topics = 0
/** More than one event may have, and less than two. */
const MESSAGE_BYTES_MAX = 2_000

/** Topics of its own on the one broker. */
async function kafka(): Promise<SinkUnderTest> {
  const topicPrefix = `t${topics++}-`
  await broker.addTopic(`${topicPrefix}vital-signs`, { 'max.message.bytes': String(MESSAGE_BYTES_MAX) })
  let behaviour: Behaviour = 'takes'
  return {
    sink: createKafka({ id: 'kafka', brokers: [broker.address], tls: null, sasl: null, topicPrefix, timeoutMs: 10_000 }),
    behave(next) {
      behaviour = next
      broker.proxy.behave(next === 'is-down' ? 'down' : next === 'silent' ? 'silent' : next === 'takes-and-answer-is-lost' ? 'loses-answer' : 'passes')
    },
    batch: (of) => behaviour === 'rejects-row-1'
      ? { batch: liveBatch(of, [vitalEvent(`${of}/0`), vitalEvent(`${of}/1`, { padding: ' '.repeat(MESSAGE_BYTES_MAX) })]), arrives: [`${of}/0`] }
      : { batch: batchOf(of), arrives: [`${of}/0`, `${of}/1`] },
    async arrived() {
      broker.proxy.behave('passes')
      return (await broker.records(`${topicPrefix}vital-signs`)).map(({ headers }) => headers.get('key') ?? '')
    },
    async close() {
      broker.proxy.behave('passes')
      await Promise.resolve()
    },
  }
}

if (reason === null) {
  sinkContract('kafka on a real broker', { can: ['takes', 'takes-and-answer-is-lost', 'rejects-row-1', 'is-down', 'silent'], namesRepeats: false }, kafka)
}

describe.skipIf(reason !== null)('kafka on a real broker', () => {
  it('gives each type its topic, the subject as key, and batch, seq and event key as headers', async () => {
    for (const type of ['vital-signs', 'alerts', 'user-interactions']) await broker.addTopic(`named-${type}`)
    const sink = createKafka({ id: 'kafka', brokers: [broker.address], tls: null, sasl: null, topicPrefix: 'named-' })
    const alert = { ...vitalEvent('k/alert', { subject: subjectOf(7) }), eventType: 'alerts' }
    const nurse = { userId: subjectOf(3), action: 'edit', resource: { type: 'alert', id: subjectOf(4) }, metadata: { subject: subjectOf(7), change: 'acknowledged' }, key: 'k/nurse', revision: 0, timestamp: '2026-01-15T02:00:00.000Z' }
    expect(await sink.send(liveBatch('b1', [vitalEvent('k/vital'), alert, nurse]), NEVER)).toEqual({ kind: 'accepted' })
    await sink.close()
    const [vital] = await broker.records('named-vital-signs')
    expect(vital).toMatchObject({ key: subjectOf(1), value: JSON.stringify(vitalEvent('k/vital')) })
    expect(Object.fromEntries(vital?.headers ?? [])).toEqual({ batchId: 'b1', seq: '1-9', lane: 'live', key: 'k/vital', revision: '0' })
    expect(await broker.records('named-alerts')).toMatchObject([{ key: subjectOf(7) }])
    expect(await broker.records('named-user-interactions')).toMatchObject([{ key: subjectOf(7) }])
  })

  it('pauses while a topic is not there, and dead-letters nothing', async () => {
    const sink = createKafka({ id: 'kafka', brokers: [broker.address], tls: null, sasl: null, topicPrefix: 'nowhere-', timeoutMs: 10_000 })
    expect(await sink.send(batchOf('b1'), NEVER)).toMatchObject({ kind: 'refused', how: 'pause', why: expect.stringContaining('UNKNOWN_TOPIC') })
    await sink.close()
  })
})

describe('what a Kafka broker says', () => {
  const fault = (apiId: string): Error => Object.assign(new Error('outer'), { code: 'PLT_KFK_MULTIPLE', errors: [Object.assign(new Error('inner'), { apiId })] })

  it.each([
    ['TOPIC_AUTHORIZATION_FAILED', 'pause'], ['SASL_AUTHENTICATION_FAILED', 'pause'], ['CLUSTER_AUTHORIZATION_FAILED', 'pause'], ['UNKNOWN_TOPIC_OR_PARTITION', 'pause'],
    ['INVALID_RECORD', 'dead'], ['NOT_ENOUGH_REPLICAS', 'retry'], ['REQUEST_TIMED_OUT', 'retry'], ['NOT_LEADER_OR_FOLLOWER', 'retry'], ['KAFKA_STORAGE_ERROR', 'retry'],
  ])('%s means %s', (name, meaning) => {
    const answer: SinkAnswer = answerOfErrors(fault(name))
    expect(answer.kind === 'refused' ? answer.how : answer.kind).toBe(meaning)
  })

  it('a topic that is not there is named: whoever reads it has to make it', () => {
    const unknown = Object.assign(new Error('outer'), { code: 'PLT_KFK_MULTIPLE', errors: [new Error('Unknown topic corrections.')] })
    expect(answerOfErrors(unknown)).toMatchObject({ kind: 'refused', how: 'pause', why: expect.stringContaining('topic corrections') })
  })

  it('a program without the library pauses and says what to do', async () => {
    const sink = createKafka({ id: 'kafka', brokers: ['127.0.0.1:1'], tls: null, sasl: null, topicPrefix: '' }, () => import(['@platformatic', 'nowhere'].join('/')))
    expect(await sink.send(batchOf('b1'), NEVER)).toMatchObject({ kind: 'refused', how: 'pause', why: expect.stringContaining('not installed') })
  })

  it('a broker on another machine gets nothing in clear', () => {
    expect(() => createKafka({ id: 'kafka', brokers: ['127.0.0.1:9092', 'broker.example:9092'], tls: null, sasl: null, topicPrefix: '' })).toThrow(/in clear/)
    expect(() => createKafka({ id: 'kafka', brokers: ['broker.example'], tls: null, sasl: null, topicPrefix: '' })).toThrow(/no address/)
  })
})

describe('a batch on its way to Kafka', () => {
  /** A producer that fails as it is told, and keeps what it took. */
  function producer(fail: (messages: readonly KafkaMessage[]) => Error | null) {
    const taken: string[] = []
    const calls: number[] = []
    const open = () => Promise.resolve({
      send: ({ messages }: { readonly messages: readonly KafkaMessage[] }) => {
        calls.push(messages.length)
        const error = fail(messages)
        if (error) return Promise.reject(error)
        taken.push(...messages.map(({ headers }) => headers['key'] ?? ''))
        return Promise.resolve()
      },
      close: () => Promise.resolve(),
    })
    return { taken, calls, sink: createKafka({ id: 'kafka', brokers: ['127.0.0.1:1'], tls: null, sasl: null, topicPrefix: '' }, open) }
  }
  const keys = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `k/${index}`)

  it('is sent in calls that a broker takes, one after the other', async () => {
    const { taken, calls, sink } = producer(() => null)
    const events = keys(300).map((key) => vitalEvent(key, { padding: ' '.repeat(5_000) }))
    expect(await sink.send(liveBatch('b1', events), NEVER)).toEqual({ kind: 'accepted' })
    expect(taken).toEqual(keys(300))
    expect(calls.length).toBeGreaterThan(2)
  })

  it('is halved where it is too large, down to the event that is, and keeps its order', async () => {
    const { taken, sink } = producer((messages) => (messages.some(({ headers }) => headers['key'] === 'k/5') ? Object.assign(new Error('large'), { apiId: 'MESSAGE_TOO_LARGE' }) : null))
    expect(await sink.send(liveBatch('b1', keys(9).map((key) => vitalEvent(key))), NEVER)).toEqual({ kind: 'partly', rejected: [{ index: 5, code: 'MESSAGE_TOO_LARGE', detail: expect.any(String) }] })
    expect(taken).toEqual(keys(9).filter((key) => key !== 'k/5'))
  })

  it('stops at the first call that fails: nothing overtakes it', async () => {
    let calls = 0
    const { taken, sink } = producer(() => (++calls === 2 ? Object.assign(new Error('down'), { code: 'PLT_KFK_NETWORK' }) : null))
    const batch = liveBatch('b1', keys(300).map((key) => vitalEvent(key, { padding: ' '.repeat(5_000) })))
    expect(await sink.send(batch, NEVER)).toMatchObject({ kind: 'retry' })
    expect(calls).toBe(2)
    expect(await sink.send(batch, NEVER)).toEqual({ kind: 'accepted' })
    expect([...new Set(taken)]).toEqual(keys(300))
  })

  it('is told of as not taken, where a broker that hangs lets nobody end its conversation either', async () => {
    const hangs = { send: () => new Promise<never>(() => undefined), close: () => new Promise<never>(() => undefined) }
    const sink = createKafka({ id: 'kafka', brokers: ['127.0.0.1:1'], tls: null, sasl: null, topicPrefix: '', timeoutMs: 20 }, () => Promise.resolve(hangs))
    expect(await sink.send(liveBatch('b1', [vitalEvent('k/1')]), NEVER)).toMatchObject({ kind: 'retry' })
    await sink.close()
  })
})
