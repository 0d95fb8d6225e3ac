/** The far ends that can promise it: each behind a network that fails, with what it holds as its readers see it. */

import { randomUUID } from 'node:crypto'
import { Client } from 'pg'
import type { SinkSpec } from '../../src/sync/sinks/open.ts'
import { kafkaLacks, startKafka } from '../sync/real/kafka.ts'
import { natsLacks, startNats } from '../sync/real/nats.ts'
import { type Proxy, startProxy } from '../sync/real/proxy.ts'
import { type CentralProcess, startCentral } from './central.ts'
import { faultyProxy } from './once-proxy.ts'
import type { HeldEvent } from './once-ward.ts'
import { randomOf } from './prove.ts'
import { rest } from './senders.ts'

export type Receiver = AsyncDisposable & {
  /** The way through the network that fails. */
  readonly to: SinkSpec
  /** A way that does not. */
  readonly direct: SinkSpec
  /** Until it is told to stop. */
  makeTrouble(stop: AbortSignal): Promise<void>
  /** The other side is killed and comes back. */
  restart(): Promise<void>
  /** 25 hours are over: whatever window there was is closed. */
  later(): Promise<void>
  /** What its readers hold, who drop repeats by key. */
  held(): Promise<readonly HeldEvent[]>
  /** What was done, in words. */
  told(): string
}

/** `folder`: where what is killed finds its rows again; null: it is not killed. */
type Far = { readonly folder: string | null; readonly seed: number }
type Kind = { readonly lacks: () => string; readonly open: (far: Far) => Promise<Receiver> }

const LATER_MS = 25 * 3_600_000
const BROKEN_MS = 40
const WHOLE_MS_MAX = 250

export const RECEIVERS: Readonly<Record<string, Kind>> = {
  'https-batch': { lacks: () => '', open: httpsBatch },
  postgres: { lacks: () => (process.env['VIGIL_TEST_POSTGRES'] ? '' : 'a PostgreSQL server (VIGIL_TEST_POSTGRES)'), open: postgres },
  kafka: { lacks: kafkaLacks, open: kafka },
  'nats-jetstream': { lacks: natsLacks, open: nats },
}

const byKey = (events: readonly HeldEvent[]): readonly HeldEvent[] => [...new Map(events.map((event) => [event.key, event])).values()]

async function httpsBatch({ folder, seed }: Far): Promise<Receiver> {
  const proxy = await faultyProxy(seed)
  const place = folder === null ? {} : { folder }
  let central: CentralProcess = await startCentral(place)
  let restarts = 0
  proxy.target = central.url
  const again = async (laterMs: number): Promise<void> => {
    proxy.target = null
    await central[Symbol.asyncDispose]()
    central = await startCentral({ ...place, laterMs })
    proxy.target = central.url
  }
  const specOf = (url: string): SinkSpec => ({ kind: 'https-batch', url, token: central.token, ca: null, certificate: null, compression: 'gzip' })
  return {
    to: specOf(proxy.url),
    get direct() {
      return specOf(central.url)
    },
    // The proxy makes it with each call.
    makeTrouble: () => Promise.resolve(),
    async restart() {
      restarts++
      await again(0)
    },
    later: () => again(LATER_MS),
    held: async () => (await central.events()).map(({ type, ...event }) => ({ ...event, eventType: type })),
    told: () => [...[...proxy.done].map(([fault, times]) => `${times} ${fault}`), `central killed ${restarts} times`].join(', '),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await central[Symbol.asyncDispose]()
    },
  }
}

/** A connection that loses answers, is silent and breaks, in turns with one that is well. */
async function trouble(proxy: Proxy, seed: number, stop: AbortSignal): Promise<number> {
  const random = randomOf(seed)
  let times = 0
  while (!stop.aborted) {
    await rest(20 + random.int(WHOLE_MS_MAX))
    const mode = (['down', 'loses-answer', 'silent'] as const)[random.int(3)] ?? 'down'
    proxy.behave(mode)
    await rest(random.int(BROKEN_MS))
    // Who waits for an answer that was swallowed would wait for the end of the call.
    proxy.behave('down')
    proxy.behave('passes')
    times++
  }
  return times
}

async function postgres({ seed }: Far): Promise<Receiver> {
  const server = new URL(process.env['VIGIL_TEST_POSTGRES'] ?? '')
  const database = `vigil_once_${randomUUID().replaceAll('-', '')}`
  const urlOf = (name: string, port = server.port): string => {
    const url = new URL(server)
    url.pathname = `/${name}`
    url.port = port
    return url.href
  }
  const ask = async <Row>(statement: string, name = database): Promise<readonly Row[]> => {
    const client = new Client({ connectionString: urlOf(name) })
    await client.connect()
    try {
      return (await client.query(statement)).rows as Row[]
    } finally {
      await client.end()
    }
  }
  await ask(`CREATE DATABASE ${database}`, server.pathname.slice(1))
  const proxy = await startProxy(() => ({ host: server.hostname, port: Number(server.port || '5432') }), (bytes) => bytes.includes('COMMIT'))
  let [troubles, restarts] = [0, 0]
  const specOf = (port: string): SinkSpec => ({ kind: 'postgres', url: urlOf(database, port), password: null, tls: null })
  return {
    to: specOf(String(proxy.port)),
    direct: specOf(server.port),
    async makeTrouble(stop) {
      troubles = await trouble(proxy, seed, stop)
    },
    async restart() {
      restarts++
      await ask(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}' AND pid <> pg_backend_pid()`)
    },
    later: () => Promise.resolve(),
    async held() {
      const values = await ask<{ key: string; at: Date; metric: string; value: number | null }>('SELECT event_key AS key, time AS at, metric, value FROM vital_signs_timeseries')
      const alerts = await ask<{ key: string; at: Date }>('SELECT event_key AS key, time AS at FROM alerts')
      return [
        ...values.map(({ key, at, metric, value }) => ({ key, eventType: 'vital-signs', timestamp: at.toISOString(), data: { metric, t: [0], v: [value] } })),
        ...alerts.map(({ key, at }) => ({ key, eventType: 'alerts', timestamp: at.toISOString(), data: {} })),
      ]
    },
    told: () => `connection broken ${troubles} times, its processes killed ${restarts} times`,
    async [Symbol.asyncDispose]() {
      await proxy.close()
      await ask(`DROP DATABASE ${database} WITH (FORCE)`, server.pathname.slice(1))
    },
  }
}

async function kafka({ seed }: Far): Promise<Receiver> {
  const broker = await startKafka()
  const topics = ['vital-signs', 'alerts', 'corrections']
  for (const topic of topics) await broker.addTopic(topic)
  let [troubles, copies] = [0, 0]
  const to: SinkSpec = { kind: 'kafka', brokers: [broker.address], tls: null, sasl: null, topicPrefix: '' }
  return {
    to,
    direct: to,
    async makeTrouble(stop) {
      troubles = await trouble(broker.proxy, seed, stop)
    },
    // One node that is killed is a broker that is away, and so it is for who sends.
    async restart() {
      broker.proxy.behave('down')
      await rest(500)
      broker.proxy.behave('passes')
    },
    later: () => Promise.resolve(),
    async held() {
      const records = (await Promise.all(topics.map((topic) => broker.records(topic)))).flat()
      const events = records.map(({ value }): HeldEvent => JSON.parse(value))
      copies = events.length - byKey(events).length
      return byKey(events)
    },
    told: () => `connection broken ${troubles} times, ${copies} copies in the topics, dropped by key`,
    [Symbol.asyncDispose]: () => broker.close(),
  }
}

/** The stream's own window is closed long before the replay: what remains is the key. */
const NATS_WINDOW_MS = 2_000

async function nats({ seed }: Far): Promise<Receiver> {
  const cluster = await startNats()
  await cluster.addStream('once', 'org', NATS_WINDOW_MS)
  const [first = '', ...others] = cluster.servers
  const proxy = await startProxy(() => ({ host: '127.0.0.1', port: Number(first.split(':')[1]) }), (bytes) => bytes.includes('HPUB vigil.'))
  let [troubles, killed, copies] = [0, 0, 0]
  const specOf = (servers: readonly string[]): SinkSpec => ({ kind: 'nats-jetstream', servers, tls: null, login: { kind: 'none' } })
  return {
    to: specOf([`127.0.0.1:${proxy.port}`]),
    direct: specOf(others),
    async makeTrouble(stop) {
      troubles = await trouble(proxy, seed, stop)
    },
    async restart() {
      const leader = (await cluster.leader('once')) ?? 0
      await cluster.kill(leader)
      await rest(500)
      cluster.start(leader)
      killed++
    },
    later: () => rest(2 * NATS_WINDOW_MS),
    async held() {
      const events = (await cluster.messages('once')).map(({ body }): HeldEvent => JSON.parse(body))
      copies = events.length - byKey(events).length
      return byKey(events)
    },
    told: () => `connection broken ${troubles} times, the leader killed ${killed} times, ${copies} copies in the stream, dropped by key`,
    async [Symbol.asyncDispose]() {
      await proxy.close()
      await cluster.close()
    },
  }
}
