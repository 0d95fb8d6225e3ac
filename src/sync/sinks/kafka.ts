/**
 * Events to Kafka: one topic for each type, keyed by subject, so that what is of one patient stays in order (contract with central, §2).
 * Kafka does not drop repeats over a restart of ours (its producer ids live as long as the producer); receivers do, by the `key` header.
 *
 * @platformatic/kafka is loaded when a site names this sink. `KafkaProducer` is all that we use of it.
 */

import { syncLimits } from '../../limits.ts'
import type { Sink, SinkAnswer, SinkBatch } from '../../seams.ts'
import { type WireEvent, halvesOf, readBatch } from './events.ts'
import { answerOfErrors, kafkaFaults } from './kafka-answer.ts'
import { type TlsSpec, mustBeSafe, placeOf, tlsOptions } from './tls.ts'
import { letGo, within } from './within.ts'

export type KafkaSettings = {
  readonly id: string
  /** `host:port`. */
  readonly brokers: readonly string[]
  readonly tls: TlsSpec | null
  readonly sasl: { readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'; readonly username: string; readonly password: string } | null
  /** In front of each topic: empty for the names of the contract. */
  readonly topicPrefix: string
  readonly timeoutMs?: number
}

export type KafkaMessage = { readonly topic: string; readonly key: string; readonly value: string; readonly headers: Readonly<Record<string, string>> }

export interface KafkaProducer {
  /** `idempotent`: what the producer itself sends again after a lost answer is there once. */
  send(sent: { readonly messages: readonly KafkaMessage[]; readonly idempotent: true }): Promise<unknown>
  close(force?: boolean): Promise<unknown>
}

export type OpenProducer = () => Promise<KafkaProducer>

const CLIENT_ID = 'vigil'
const RETRIES = 2
const RETRY_DELAY_MS = 250

/** @throws RangeError for a wrong address, or one that readings would go to in clear. */
export function createKafka(settings: KafkaSettings, open: OpenProducer = opener(settings)): Sink & { close(): Promise<void> } {
  const { id, topicPrefix, timeoutMs = syncLimits.callTimeoutMs } = settings
  mustBeSafe(settings.brokers.map((broker) => placeOf(broker, 'a Kafka broker').host), settings.tls, 'Kafka')
  let producer: KafkaProducer | null = null
  let closed = false

  const messageOf = ({ key, subject, json, eventType, revision }: WireEvent, headers: Readonly<Record<string, string>>): KafkaMessage => ({
    topic: `${topicPrefix}${eventType}`, key: subject, value: json, headers: { ...headers, key, revision: String(revision) },
  })

  async function deliver(batch: SinkBatch, over: AbortSignal): Promise<SinkAnswer> {
    const { events, lane, seqFrom, seqTo, isHistorical } = readBatch(batch)
    const headers = { batchId: batch.batchId, ...(lane === 'release' ? {} : { seq: `${seqFrom}-${seqTo}` }), lane, ...(isHistorical ? { historical: 'true' } : {}) }
    producer ??= await open()
    const rejected: { index: number; code: string; detail: string }[] = []
    // One call after the other: what follows a call that failed is not sent, so nothing overtakes it.
    const parts = partsOf(events)
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      if (over.aborted) return { kind: 'retry', why: 'stopped', afterMs: null }
      try {
        await producer.send({ messages: part.map((event) => messageOf(event, headers)), idempotent: true })
      } catch (error) {
        const [first, ...others] = part
        if (!kafkaFaults(error).some((fault) => TOO_LARGE.has(fault))) return answerOfErrors(error)
        if (others.length > 0) parts.unshift(...halvesOf(part))
        else if (first) rejected.push({ index: first.index, code: 'MESSAGE_TOO_LARGE', detail: 'larger than the topic takes' })
      }
    }
    return rejected.length === 0 ? { kind: 'accepted' } : { kind: 'partly', rejected }
  }

  /** What a failed call left on its way must not come after what is sent next: that producer is given up. */
  async function giveUp(): Promise<void> {
    const old = producer
    producer = null
    await letGo(() => old?.close(true))
  }

  return {
    id,
    async send(batch, stop) {
      if (closed) return { kind: 'retry', why: 'closed', afterMs: null }
      const outcome = await within((over) => deliver(batch, over), timeoutMs, stop)
      if (outcome.kind === 'done') {
        if (outcome.result.kind === 'retry' || outcome.result.kind === 'refused') await giveUp()
        return outcome.result
      }
      await giveUp()
      if (outcome.kind === 'failed') return answerOfErrors(outcome.error)
      return { kind: 'retry', why: outcome.kind === 'late' ? `Kafka did not take it within ${timeoutMs / 1_000} s` : 'stopped', afterMs: null }
    },
    async close() {
      closed = true
      await giveUp()
    },
  }
}

const TOO_LARGE: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'])

/** In order, each small enough for a broker with usual settings; an event that alone is larger has a part of its own. */
function partsOf(events: readonly WireEvent[]): (readonly WireEvent[])[] {
  const parts: WireEvent[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const event of events) {
    const size = Buffer.byteLength(event.json) + event.key.length + 200
    if (bytes + size > syncLimits.kafkaCallBytesMax) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1)?.push(event)
    bytes += size
  }
  return parts
}

/** The package, as far as it is used; a name that is not written out is not asked for before it is wanted. */
const PACKAGE: string = '@platformatic/kafka'

type Library = { readonly Producer: new (options: object) => KafkaProducer; readonly stringSerializers: object }
const isLibrary = (module: unknown): module is Library =>
  typeof module === 'object' && module !== null && 'Producer' in module && typeof module.Producer === 'function' && 'stringSerializers' in module

function opener({ brokers, tls, sasl, timeoutMs = syncLimits.callTimeoutMs }: KafkaSettings): OpenProducer {
  return async () => {
    const library: unknown = await import(PACKAGE)
    if (!isLibrary(library)) throw new Error(`${PACKAGE} is of another version than we know`)
    return new library.Producer({
      clientId: CLIENT_ID,
      bootstrapBrokers: [...brokers],
      serializers: library.stringSerializers,
      // Not `idempotent` here, but with each call: the library would try again for ever. A few times over a moment's trouble; the rest is
      // ours, for the batch is stored and a breaker stands in front.
      retries: RETRIES,
      retryDelay: RETRY_DELAY_MS,
      timeout: timeoutMs,
      connectTimeout: Math.min(timeoutMs, syncLimits.kafkaConnectMs),
      ...(tls === null ? {} : { tls: tlsOptions(tls) }),
      ...(sasl === null ? {} : { sasl }),
    })
  }
}
