/**
 * The reference central: a small, real backend with the contract of the platform, for demos, tests and trying out a gateway.
 * It stores exactly what comes; keeping identifiers away from it is the gateway's business.
 */

import Fastify from 'fastify'
import type { FastifyError, FastifyInstance } from 'fastify'
import { centralLimits } from '../../src/limits.ts'
import type { Clock } from '../../src/seams.ts'
import { accessBy } from './access.ts'
import { runIntake } from './brokers/intake.ts'
import type { Deliveries } from './brokers/intake.ts'
import { openKafka } from './brokers/kafka.ts'
import { openNats } from './brokers/nats.ts'
import { createFaults } from './faults.ts'
import { openLive } from './live.ts'
import { openPartitions } from './partitions.ts'
import { latestOf } from './read.ts'
import { keepValues } from './retention.ts'
import { addApi, addControl, addPages, refuse, suffer } from './routes.ts'
import type { Central } from './routes.ts'
import { migrate } from './schema.ts'
import { openDatabase, supervised } from './sql.ts'
import type { Place } from './sql.ts'
import { readerOf } from './tenants.ts'

export type CentralOptions = {
  /** 0 for any free port. */
  readonly port: number
  readonly host: string
  /** Of the operator, who sees and sends for every organisation; at least 16 characters. */
  readonly token: string
  /** Tokens by organisation: whoever shows one sees and sends for that organisation alone. */
  readonly organizations?: ReadonlyMap<string, string> | undefined
  /** postgresql:// address; wins over dataFolder. */
  readonly databaseUrl?: string | undefined
  /** Where PGlite keeps its files; without either, in memory. */
  readonly dataFolder?: string | undefined
  /** So many days single values are kept; `centralLimits.valueDays` where nothing is said. Roll-ups, alerts and keys stay. */
  readonly valueDays?: number | undefined
  /** Brokers whose messages are taken beside what comes over HTTP. */
  readonly brokers?: readonly Broker[] | undefined
  readonly clock: Clock
  /** Lines for the operator, never with anything from a batch. */
  readonly note: (line: string) => void
}

export type Broker = { readonly organizationId: string } & (
  | { readonly via: 'kafka'; readonly addresses: readonly string[]; readonly topicPrefix: string }
  | { readonly via: 'nats'; readonly addresses: readonly string[]; readonly stream: string }
)

export type RunningCentral = {
  /** `http://127.0.0.1:40001`, without a slash at the end. */
  readonly url: string
  /** A batch half written is rolled back: its sender got no answer and sends it again. */
  readonly close: () => Promise<void>
}

/** @throws Error with a sentence when the port is taken, the folder is in use or the database does not open. */
export async function startCentral({ port, host, token, organizations = new Map(), brokers = [], valueDays = centralLimits.valueDays, databaseUrl, dataFolder, clock, note }: CentralOptions): Promise<RunningCentral> {
  const access = accessBy(token, organizations)
  const database = supervised(await openDatabase(placeOf(databaseUrl, dataFolder), note))
  const stopping = new AbortController()
  const app = createApp(note, stopping.signal)
  try {
    await migrate(database)
    const live = openLive({
      server: app.server, clock, note, stop: stopping.signal, mayEnter: access.bearer,
      metrics: tenant => latestOf(readerOf(database, tenant), null),
    })
    const central: Central = { database, partitions: await openPartitions(database), clock, stop: stopping.signal, access, faults: createFaults(), live }
    await addRoutes(app, central)
    await app.listen({ port, host })
    const intakes = brokers.map(broker => runIntake(broker, openerOf(broker, stopping.signal), { store: central, clock, live, stop: stopping.signal, note }))
    const kept = keepValues({ partitions: central.partitions, days: valueDays, clock, stop: stopping.signal, note })
    const close = async (): Promise<void> => {
      stopping.abort(new Error('central is stopping'))
      await Promise.all([...intakes, kept])
      await live.close()
      await app.close()
      await database.close()
    }
    let closing: Promise<void> | null = null
    return { url: urlOf(app, host), close: () => (closing ??= close()) }
  } catch (error) {
    stopping.abort()
    await app.close()
    await database.close()
    throw error
  }
}

/** Name of the consumer group, and of the durable consumer: all centrals of one organisation share what comes. */
const groupOf = (organizationId: string): string => `vigil-central-${organizationId.replaceAll(/[^A-Za-z0-9_-]/g, '_')}`

const openerOf = (broker: Broker, stop: AbortSignal) => (): Promise<Deliveries> =>
  (broker.via === 'kafka'
    ? openKafka({ brokers: broker.addresses, topicPrefix: broker.topicPrefix, groupId: groupOf(broker.organizationId), stop })
    : openNats({ servers: broker.addresses, stream: broker.stream, organizationId: broker.organizationId, durable: groupOf(broker.organizationId), stop }))

function placeOf(databaseUrl: string | undefined, dataFolder: string | undefined): Place {
  if (databaseUrl !== undefined) return { kind: 'url', url: databaseUrl }
  return dataFolder === undefined ? { kind: 'memory' } : { kind: 'folder', folder: dataFolder }
}

function createApp(note: (line: string) => void, stop: AbortSignal): FastifyInstance {
  const app = Fastify({
    bodyLimit: centralLimits.bodyBytesMax,
    requestTimeout: centralLimits.requestTimeoutMs,
    // The batch in work rolls back by itself; a dashboard or a slow sender does not hold up the end.
    forceCloseConnections: true,
    clientErrorHandler(error, socket) {
      const [status, body] = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? ['408 Request Timeout', TOO_SLOW] : ['400 Bad Request', NOT_HTTP]
      const headers = ['Connection: close', 'Content-Type: application/json', `Content-Length: ${body.length}`].join('\r\n')
      if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\n${headers}\r\n\r\n${body}`)
      socket.destroySoon()
    },
  })
  app.server.maxConnections = centralLimits.connectionsMax
  // Bodies stay bytes until they are unpacked within bounds.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.setNotFoundHandler((_request, reply) => refuse(reply, { status: 404, detail: 'No such address.' }))
  app.setErrorHandler<FastifyError>((error, _request, reply) => {
    const status = error.statusCode ?? 500
    if (status < 500) return refuse(reply, { status, detail: error.message, code: status === 400 ? 'ANALYTICS_001' : undefined })
    if (!stop.aborted) note(`A request failed: ${reasonOf(error)}`)
    return refuse(reply, { status: 500, detail: 'Central failed; sending the batch again is safe.' })
  })
  return app
}

const TOO_SLOW = JSON.stringify({ detail: 'The request took too long.', code: 'ANALYTICS_005' })
const NOT_HTTP = JSON.stringify({ detail: 'This is not HTTP.', code: 'ANALYTICS_001' })

/** Messages of the database may quote what was to be stored, so its code alone is told. */
const reasonOf = (error: FastifyError): string => (/^[0-9A-Z]{5}$/.test(error.code) ? `SQLSTATE ${error.code}` : `${error.name}: ${error.message}`)

async function addRoutes(app: FastifyInstance, central: Central): Promise<void> {
  await app.register(async api => addApi(api, central))
  await app.register(async control => addControl(control, central))
  await app.register(async pages => addPages(pages, central))
  app.get('/health', async (request, reply) => {
    if ((await suffer(central.faults.meet(), request, { reply, central })) === 'over') return reply
    return { status: 'ok', message: `The reference central listens; it keeps rows in ${central.database.kind}.` }
  })
}

function urlOf(app: FastifyInstance, host: string): string {
  const address = app.server.address()
  if (address === null || typeof address === 'string') throw new Error('central listens on no port')
  const shown = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${shown.includes(':') ? `[${shown}]` : shown}:${address.port}`
}
