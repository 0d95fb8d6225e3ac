/** The topics of our kafka sink (contract with central §2), read as one consumer group: several centrals share the partitions. */

import type { Admin, Message as KafkaMessage, MessagesStream } from '@platformatic/kafka'
import { centralLimits } from '../../../src/limits.ts'
import type { Deliveries, Delivery } from './intake.ts'

/** `user-interactions` and `corrections` as the sink names what has no topic in the contract. */
export const TOPICS = [
  'vital-signs', 'lab-results', 'medications', 'alerts', 'device-metrics', 'gaps', 'system-metrics', 'corrections', 'user-interactions', 'visit',
] as const

export type KafkaSource = {
  /** `host:port`. */
  readonly brokers: readonly string[]
  /** In front of each topic, as in the sink. */
  readonly topicPrefix: string
  readonly groupId: string
  readonly stop: AbortSignal
  /** How often it is looked for topics that were not there before, in ms. */
  readonly lookMs?: number
}

type Stream = MessagesStream<string, string, string, string>
type Read = KafkaMessage<string, string, string, string>

/** Ends by itself (null) when a topic has come that was not there: who opens it anew reads that too. @throws Error when none of the topics is there yet. */
export async function openKafka({ brokers, topicPrefix, groupId, stop, lookMs = centralLimits.topicsLookMs }: KafkaSource): Promise<Deliveries> {
  const { Admin: KafkaAdmin, Consumer, stringDeserializers } = await import('@platformatic/kafka')
  const topicsThere = async (): Promise<string[]> => {
    const there = new Set(await listed(new KafkaAdmin({ clientId: 'vigil-central', bootstrapBrokers: [...brokers], retries: 2 })))
    return TOPICS.map(topic => `${topicPrefix}${topic}`).filter(topic => there.has(topic))
  }
  const topics = await topicsThere()
  if (topics.length === 0) throw new Error('there is none of its topics')
  // `autocommit: false`: an offset is committed after what it stands behind.
  const consumer = new Consumer({ clientId: 'vigil-central', groupId, bootstrapBrokers: [...brokers], deserializers: stringDeserializers, autocommit: false })
  const stream = await consumer.consume({ topics, mode: 'committed', fallbackMode: 'earliest', maxWaitTime: MAX_WAIT_MS })
  let look = AbortSignal.timeout(lookMs)
  return {
    async next() {
      for (;;) {
        // Many a topic is made with its first message: corrections come when something has to be corrected.
        if (look.aborted) {
          if ((await topicsThere()).length > topics.length) return null
          look = AbortSignal.timeout(lookMs)
        }
        const delivery = await nextOf(stream, AbortSignal.any([stop, look]))
        if (delivery !== null || stop.aborted || !look.aborted) return delivery
      }
    },
    async close() {
      await stream.close().catch(() => undefined)
      await consumer.close(true)
    },
  }
}

async function listed(admin: Admin): Promise<readonly string[]> {
  try {
    return await admin.listTopics()
  } finally {
    await admin.close()
  }
}

const MAX_WAIT_MS = 250

/** All that is there, up to the limit; the last of each partition says that those before it are taken too. */
async function nextOf(stream: Stream, stop: AbortSignal): Promise<Delivery | null> {
  const read: Read[] = []
  while (read.length === 0) {
    if (stop.aborted || stream.destroyed || stream.readableEnded) return null
    for (let message = pull(stream); message !== null; message = read.length < centralLimits.messagesPerIntakeMax ? pull(stream) : null) read.push(message)
    if (read.length === 0) await readable(stream, stop)
  }
  return {
    messages: read.map(({ value, headers }) => ({ text: value, lane: headers.get('lane') ?? 'live' })),
    async settle() {
      const newest = new Map(read.map(message => [`${message.topic}/${message.partition}`, message]))
      for (const message of newest.values()) await message.commit()
    },
  }
}

const pull = (stream: Stream): Read | null => stream.read()

function readable(stream: Stream, stop: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const over = (error?: Error): void => {
      stream.off('readable', done).off('end', done).off('close', done).off('error', over)
      stop.removeEventListener('abort', done)
      if (error === undefined) resolve()
      else reject(error)
    }
    const done = (): void => over()
    stream.once('readable', done).once('end', done).once('close', done).once('error', over)
    stop.addEventListener('abort', done, { once: true })
  })
}
