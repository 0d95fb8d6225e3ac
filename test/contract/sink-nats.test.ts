import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { syncLimits } from '../../src/limits.ts'
import { createNatsJetstream, subjectToken } from '../../src/sync/sinks/nats-jetstream.ts'
import { lacking } from '../parts.ts'
import { MESSAGE_BYTES_MAX, type NatsCluster, natsLacks, startNats } from '../sync/real/nats.ts'
import { startProxy } from '../sync/real/proxy.ts'
import { type Behaviour, type SinkUnderTest, batchOf, liveBatch, sinkContract, subjectOf, vitalEvent } from './sink.ts'

const missing = natsLacks()
const reason = lacking(missing === '' ? 'a NATS cluster' : missing, missing === '')
const NEVER = new AbortController().signal

let cluster: NatsCluster
beforeAll(async () => {
  if (reason === null) cluster = await startNats()
})
afterAll(() => cluster?.close())

let streams = 0

/** A stream of its own, behind a proxy to whichever member answers. */
async function jetstream(): Promise<SinkUnderTest> {
  const name = `s${streams++}`
  await cluster.addStream(name, `org${name}`)
  const [first = ''] = cluster.servers
  const proxy = await startProxy(() => ({ host: '127.0.0.1', port: Number(first.split(':')[1]) }), (bytes) => bytes.includes('HPUB vigil.'))
  let behaviour: Behaviour = 'takes'
  return {
    sink: createNatsJetstream({ id: 'nats-jetstream', organizationId: `org${name}`, servers: [`127.0.0.1:${proxy.port}`], tls: null, login: { kind: 'none' }, timeoutMs: 10_000 }),
    behave(next) {
      behaviour = next
      proxy.behave(next === 'is-down' ? 'down' : next === 'silent' ? 'silent' : next === 'takes-and-answer-is-lost' ? 'loses-answer' : 'passes')
    },
    batch: (of) => behaviour === 'rejects-row-1'
      ? { batch: liveBatch(of, [vitalEvent(`${of}/0`), vitalEvent(`${of}/1`, { padding: ' '.repeat(MESSAGE_BYTES_MAX) })]), arrives: [`${of}/0`] }
      : { batch: batchOf(of), arrives: [`${of}/0`, `${of}/1`] },
    arrived: async () => (await cluster.messages(name)).map(({ key }) => key),
    async close() {
      await proxy.close()
      await cluster.removeStream(name)
    },
  }
}

if (reason === null) {
  sinkContract('nats-jetstream on three real servers', { can: ['takes', 'takes-and-answer-is-lost', 'rejects-row-1', 'is-down', 'silent'], namesRepeats: true }, jetstream)
}

describe.skipIf(reason !== null)('nats-jetstream on a cluster of three', () => {
  it('names organization, type and subject in the subject, and the event key in Nats-Msg-Id', async () => {
    await cluster.addStream('named', subjectToken('Ward 3.A'))
    const sink = createNatsJetstream({ id: 'nats', organizationId: 'Ward 3.A', servers: cluster.servers.slice(0, 1), tls: null, login: { kind: 'none' } })
    expect(await sink.send(batchOf('b1'), NEVER)).toEqual({ kind: 'accepted' })
    await sink.close()
    const [first] = await cluster.messages('named')
    expect(first).toMatchObject({ key: 'b1/0', subject: `vigil.Ward%203%2EA.vital-signs.${subjectOf(1)}` })
    expect(JSON.parse(first?.body ?? '')).toEqual(vitalEvent('b1/0'))
    await cluster.removeStream('named')
  })

  it('waits, and says what to look for, while no stream takes its subjects', async () => {
    const sink = createNatsJetstream({ id: 'nats', organizationId: 'nobody', servers: cluster.servers, tls: null, login: { kind: 'none' } })
    expect(await sink.send(batchOf('b1'), NEVER)).toMatchObject({ kind: 'retry', why: expect.stringContaining('no stream') })
    await sink.close()
  })

  it('goes on when the member that leads the stream is killed, and loses, repeats and reorders nothing', async () => {
    await cluster.addStream('killed', 'killed')
    const sink = createNatsJetstream({ id: 'nats', organizationId: 'killed', servers: cluster.servers, tls: null, login: { kind: 'none' }, timeoutMs: 10_000 })
    const sent: string[] = []
    let lost: number | null = null
    let failures = 0
    for (let index = 0; index < 12; index++) {
      const events = Array.from({ length: 40 }, (_, place) => vitalEvent(`b${index}/${place}`, { subject: subjectOf(place % 4) }))
      sent.push(...events.map(({ key }) => key))
      for (;;) {
        const sending = sink.send(liveBatch(`b${index}`, events), NEVER)
        // In the middle of a batch.
        if (index === 4 && lost === null) {
          lost = await cluster.leader('killed')
          if (lost !== null) await cluster.kill(lost)
        }
        const answer = await sending
        if (answer.kind === 'accepted' || answer.kind === 'duplicate') break
        expect(answer.kind).toBe('retry')
        if (++failures > 60) throw new Error(`it does not come back: ${JSON.stringify(answer)}`)
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
    }
    await sink.close()
    expect(lost).not.toBeNull()
    const held = (await cluster.messages('killed')).map(({ key }) => key)
    expect([...held].sort()).toEqual([...sent].sort())
    const ofSubject = (keys: readonly string[], subject: number): readonly string[] => keys.filter((key) => Number(key.split('/')[1]) % 4 === subject)
    for (const subject of [0, 1, 2, 3]) expect(ofSubject(held, subject)).toEqual(ofSubject(sent, subject))
    if (lost !== null) cluster.start(lost)
    await cluster.removeStream('killed')
  })
})

describe('a batch on its way to a JetStream', () => {
  type Publish = (subject: string, key: string) => Promise<{ readonly duplicate: boolean }>
  const to = (publish: Publish) => {
    let closed = 0
    const open = () => Promise.resolve({ publish: (subject: string, _payload: Uint8Array, { msgId }: { readonly msgId: string }) => publish(subject, msgId), isClosed: () => false, close: () => Promise.resolve(void closed++) })
    return { sink: createNatsJetstream({ id: 'nats', organizationId: 'org', servers: ['127.0.0.1:1'], tls: null, login: { kind: 'none' } }, open), closed: () => closed }
  }
  const many = (count: number, subjects: number) => liveBatch('b1', Array.from({ length: count }, (_, index) => vitalEvent(`k/${index}`, { subject: subjectOf(index % subjects) })))

  it('has one event of a subject on its way at a time, and so many subjects side by side', async () => {
    const underWay = new Map<string, number>()
    let most = 0
    const { sink } = to(async (subject) => {
      underWay.set(subject, (underWay.get(subject) ?? 0) + 1)
      expect(underWay.get(subject)).toBe(1)
      most = Math.max(most, [...underWay.values()].filter((count) => count > 0).length)
      await new Promise((resolve) => setImmediate(resolve))
      underWay.set(subject, 0)
      return { duplicate: false }
    })
    expect(await sink.send(many(300, syncLimits.natsInFlightMax + 1), NEVER)).toEqual({ kind: 'accepted' })
    expect(most).toBe(syncLimits.natsInFlightMax)
  })

  it('sends nothing more of a subject behind an event that failed, and gives up the connection with what it may still hold', async () => {
    const published: string[] = []
    const { sink, closed } = to((_subject, key) => {
      published.push(key)
      return key === 'k/2' ? Promise.reject(new Error('TIMEOUT')) : Promise.resolve({ duplicate: false })
    })
    expect(await sink.send(many(10, 1), NEVER)).toMatchObject({ kind: 'retry', why: expect.stringContaining('TIMEOUT') })
    expect(published).toEqual(['k/0', 'k/1', 'k/2'])
    expect(closed()).toBe(1)
  })

  it('gets through in the end, though the way is too slow for all of it in one call: what was stored is not sent again', async () => {
    const published: string[] = []
    const open = () => {
      let left = 3
      const publish = (_subject: string, _payload: Uint8Array, { msgId }: { readonly msgId: string }) => {
        if (left-- === 0) return new Promise<never>(() => undefined)
        published.push(msgId)
        return Promise.resolve({ duplicate: false })
      }
      return Promise.resolve({ publish, isClosed: () => false, close: () => Promise.resolve() })
    }
    const sink = createNatsJetstream({ id: 'nats', organizationId: 'org', servers: ['127.0.0.1:1'], tls: null, login: { kind: 'none' }, timeoutMs: 20 }, open)
    const answers: string[] = []
    for (let call = 0; call < 4; call++) answers.push((await sink.send(many(10, 1), NEVER)).kind)
    expect(answers).toEqual(['retry', 'retry', 'retry', 'accepted'])
    expect(published).toEqual(Array.from({ length: 10 }, (_, index) => `k/${index}`))
    // Another time it is another call: the stream says what it has.
    await sink.send(many(10, 1), NEVER)
    expect(published.length).toBeGreaterThan(10)
  })

  it.each([
    ['AuthorizationError', 'nope', 'pause'], ['PermissionViolationError', 'no', 'pause'], ['Error', "'Authorization Violation'", 'pause'], ['TimeoutError', 'timeout', 'retry'], ['JetStreamNotEnabled', 'x', 'retry'],
    ['JetStreamApiError', 'insufficient resources', 'retry'], ['ClosedConnectionError', 'closed', 'retry'],
  ])('%s (%s) means %s', async (name, text, meaning) => {
    const { sink } = to(() => Promise.reject(Object.assign(new Error(text), { name })))
    const answer = await sink.send(many(1, 1), NEVER)
    expect(answer.kind === 'refused' ? answer.how : answer.kind).toBe(meaning)
  })

  it('a program without the library pauses and says what to do; a server on another machine gets nothing in clear', async () => {
    const settings = { id: 'nats', organizationId: 'org', servers: ['127.0.0.1:1'], tls: null, login: { kind: 'none' } } as const
    const sink = createNatsJetstream(settings, () => import(['@nats-io', 'nowhere'].join('/')))
    expect(await sink.send(many(1, 1), NEVER)).toMatchObject({ kind: 'refused', how: 'pause', why: expect.stringContaining('not installed') })
    expect(() => createNatsJetstream({ ...settings, servers: ['nats.example:4222'] })).toThrow(/in clear/)
  })
})

it('a word of a subject is one token, and two names stay two', () => {
  expect(subjectToken('a.b')).toBe('a%2Eb')
  expect(subjectToken('a b*>')).toBe('a%20b%2A%3E')
  expect(subjectToken('')).toBe('-')
})
