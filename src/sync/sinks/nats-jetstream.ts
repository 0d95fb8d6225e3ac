/**
 * Events to a JetStream of NATS: subject `vigil.<organization>.<eventType>.<subject>`, `Nats-Msg-Id` = event key (contract with central, §2).
 * The stream is the platform's: it is not made here, and where none takes our subjects, this sink pauses and says so. Its window for
 * repeats (2 minutes by default) is a help; what comes later is dropped by key at the receiver.
 *
 * What is of one subject is sent one after the other, each after the last was stored; subjects go side by side.
 */

import { syncLimits } from '../../limits.ts'
import type { Sink, SinkAnswer, SinkBatch } from '../../seams.ts'
import { type WireBatch, type WireEvent, readBatch } from './events.ts'
import { answerOfFault, isTooLarge } from './nats-answer.ts'
import { type TlsSpec, mustBeSafe, placeOf, tlsOptions } from './tls.ts'
import { letGo, within } from './within.ts'

export type NatsLogin =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'user'; readonly user: string; readonly password: string }
  | { readonly kind: 'none' }

export type NatsSettings = {
  readonly id: string
  readonly organizationId: string
  /** `host:port`; the next is taken when one is gone. */
  readonly servers: readonly string[]
  readonly tls: TlsSpec | null
  readonly login: NatsLogin
  readonly timeoutMs?: number
}

type Published = { readonly msgId: string; readonly headers: Readonly<Record<string, string>>; readonly timeoutMs: number }

/** All that is used of @nats-io, which is loaded when a site names this sink. Both may reject. */
export interface JetStreamConnection {
  /** Whether the stream had this id within its window. */
  publish(subject: string, payload: Uint8Array, sent: Published): Promise<{ readonly duplicate: boolean }>
  /** It broke while nobody used it. */
  isClosed(): boolean
  close(): Promise<void>
}

export type OpenJetStream = () => Promise<JetStreamConnection>

/** Letters that have a meaning in a subject, or none: percent-encoded, so that two names stay two. */
export const subjectToken = (text: string): string => encodeURIComponent(text === '' ? '-' : text).replaceAll('.', '%2E').replaceAll('*', '%2A')

/** @throws RangeError for a wrong address, or one that readings would go to in clear. */
export function createNatsJetstream(settings: NatsSettings, open: OpenJetStream = opener(settings)): Sink & { close(): Promise<void> } {
  const { id, organizationId, timeoutMs = syncLimits.callTimeoutMs } = settings
  mustBeSafe(settings.servers.map((server) => placeOf(server, 'a NATS server').host), settings.tls, 'NATS')
  let connection: JetStreamConnection | null = null
  let closed = false
  /** Keys that the stream has of the batch that was under way last: over a slow way it is got through call by call. */
  let stored = { batchId: '', keys: new Set<string>() }

  async function deliver(batch: SinkBatch, over: AbortSignal): Promise<SinkAnswer> {
    const read = readBatch(batch)
    if (connection?.isClosed()) connection = null
    const on = (connection ??= await open())
    const headers = {
      'Vigil-Batch': batch.batchId, 'Vigil-Lane': read.lane,
      ...(read.lane === 'release' ? {} : { 'Vigil-Seq': `${read.seqFrom}-${read.seqTo}` }),
      ...(read.isHistorical ? { 'Vigil-Historical': 'true' } : {}),
    }
    // What is released does not say whose it is.
    const organization = subjectToken(read.lane === 'release' ? read.organizationId : organizationId)
    const rejected: { index: number; code: string; detail: string }[] = []
    let repeats = 0
    let trouble: { readonly fault: unknown } | null = null
    if (stored.batchId !== batch.batchId) stored = { batchId: batch.batchId, keys: new Set() }
    const { keys } = stored

    async function publishAll(events: readonly WireEvent[]): Promise<void> {
      for (const { index, key, json, eventType, subject } of events) {
        if (trouble !== null || over.aborted) return
        if (keys.has(key)) continue
        const to = `vigil.${organization}.${subjectToken(eventType)}.${subjectToken(subject)}`
        try {
          const published = { msgId: key, headers, timeoutMs: Math.min(timeoutMs, syncLimits.natsConnectMs) }
          const { duplicate } = await on.publish(to, new TextEncoder().encode(json), published)
          keys.add(key)
          if (duplicate) repeats++
        } catch (fault) {
          if (isTooLarge(fault)) rejected.push({ index, code: 'TOO_LARGE', detail: 'larger than the stream takes' })
          else trouble ??= { fault }
        }
      }
    }

    const queues = bySubject(read)
    const worker = async (): Promise<void> => {
      for (let next = queues.shift(); next !== undefined; next = queues.shift()) await publishAll(next)
    }
    await Promise.all(Array.from({ length: Math.min(syncLimits.natsInFlightMax, queues.length) }, worker))
    if (trouble !== null) return troubleOf(trouble)
    if (over.aborted) return { kind: 'retry', why: 'stopped', afterMs: null }
    stored = { batchId: '', keys: new Set() }
    if (rejected.length > 0) return { kind: 'partly', rejected: rejected.sort((a, b) => a.index - b.index) }
    return { kind: repeats === read.events.length ? 'duplicate' : 'accepted' }
  }

  /** A connection that failed may still hold what it could not send: it is given up, and what it held with it. */
  async function giveUp(): Promise<void> {
    const old = connection
    connection = null
    await letGo(() => old?.close())
  }

  return {
    id,
    async send(batch, stop) {
      if (closed) return { kind: 'retry', why: 'closed', afterMs: null }
      const outcome = await within((over) => deliver(batch, over), timeoutMs, stop)
      const answer: SinkAnswer =
        outcome.kind === 'done' ? outcome.result
        : outcome.kind === 'failed' ? answerOfFault(outcome.error)
        : { kind: 'retry', why: outcome.kind === 'late' ? `JetStream did not take it within ${timeoutMs / 1_000} s` : 'stopped', afterMs: null }
      if (answer.kind === 'retry' || answer.kind === 'refused') await giveUp()
      return answer
    },
    async close() {
      closed = true
      await giveUp()
    },
  }
}

const troubleOf = ({ fault }: { readonly fault: unknown }): SinkAnswer => answerOfFault(fault)

/** The events of each subject, in their order. */
function bySubject({ events }: WireBatch): WireEvent[][] {
  const queues = new Map<string, WireEvent[]>()
  for (const event of events) {
    const queue = queues.get(event.subject)
    if (queue) queue.push(event)
    else queues.set(event.subject, [event])
  }
  return [...queues.values()]
}

/** Names that are not written out are not asked for before they are wanted. */
const TRANSPORT: string = '@nats-io/transport-node'
const JETSTREAM: string = '@nats-io/jetstream'

type Headers = { set(name: string, value: string): void }
type Connection = { isClosed(): boolean; close(): Promise<void> }
type Transport = { connect(options: object): Promise<Connection>; headers(): Headers }
type Stream = { publish(subject: string, payload: Uint8Array, options: object): Promise<{ readonly duplicate: boolean }> }
type JetStream = { jetstream(connection: Connection): Stream }

const has = (module: unknown, ...names: readonly string[]): boolean => typeof module === 'object' && module !== null && names.every((name) => name in module)
const isTransport = (module: unknown): module is Transport => has(module, 'connect', 'headers')
const isJetStream = (module: unknown): module is JetStream => has(module, 'jetstream')

function opener({ servers, tls, login }: NatsSettings): OpenJetStream {
  return async () => {
    const [transport, library]: readonly unknown[] = await Promise.all([import(TRANSPORT), import(JETSTREAM)])
    if (!isTransport(transport) || !isJetStream(library)) throw new Error('@nats-io is of another version than we know')
    const connection = await transport.connect({
      servers: [...servers],
      name: 'vigil',
      timeout: syncLimits.natsConnectMs,
      // A cluster tells of members at addresses that may not be ours to reach, and that nobody has judged.
      ignoreClusterUpdates: true,
      // Ours to try again: what could not be sent must not wait in the library and come late.
      reconnect: false,
      ...(tls === null ? {} : { tls: tlsOptions(tls) }),
      ...(login.kind === 'token' ? { token: login.token } : login.kind === 'user' ? { user: login.user, pass: login.password } : {}),
    })
    const stream = library.jetstream(connection)
    return {
      async publish(subject, payload, { msgId, headers: said, timeoutMs }) {
        const headers = transport.headers()
        for (const [name, value] of Object.entries(said)) headers.set(name, value)
        return stream.publish(subject, payload, { msgID: msgId, headers, timeout: timeoutMs })
      },
      isClosed: () => connection.isClosed(),
      close: () => connection.close(),
    }
  }
}
