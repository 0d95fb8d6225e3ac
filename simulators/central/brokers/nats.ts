/** The subjects of our nats-jetstream sink (contract with central §2), read by a durable consumer: several centrals share its messages. */

import type { JsMsg } from '@nats-io/jetstream'
import { centralLimits } from '../../../src/limits.ts'
import type { Deliveries, Delivery } from './intake.ts'

export type NatsSource = {
  /** `host:port`. */
  readonly servers: readonly string[]
  /** The stream that takes `vigil.<organization>.>`. */
  readonly stream: string
  readonly organizationId: string
  /** Name of the durable consumer, made where it is not there. */
  readonly durable: string
  readonly stop: AbortSignal
}

const EXPIRES_MS = 1_000
const NS_PER_MS = 1_000_000
/** What is not settled within this comes again. */
const ACK_WAIT_MS = 60_000

/** As the sink writes it. */
const subjectToken = (text: string): string => encodeURIComponent(text === '' ? '-' : text).replaceAll('.', '%2E').replaceAll('*', '%2A')

/** @throws Error when the stream is not there. */
export async function openNats({ servers, stream, organizationId, durable, stop }: NatsSource): Promise<Deliveries> {
  const [{ connect }, { AckPolicy, DeliverPolicy, jetstream, jetstreamManager }] = await Promise.all([import('@nats-io/transport-node'), import('@nats-io/jetstream')])
  const connection = await connect({ servers: [...servers], name: 'vigil-central', reconnect: false, timeout: centralLimits.databaseTimeoutMs })
  try {
    const manager = await jetstreamManager(connection)
    await manager.consumers.add(stream, {
      durable_name: durable, filter_subject: `vigil.${subjectToken(organizationId)}.>`, ack_policy: AckPolicy.Explicit, deliver_policy: DeliverPolicy.All,
      ack_wait: ACK_WAIT_MS * NS_PER_MS, max_ack_pending: 2 * centralLimits.messagesPerIntakeMax,
    })
    const consumer = await jetstream(connection).consumers.get(stream, durable)
    return {
      async next(): Promise<Delivery | null> {
        while (!stop.aborted) {
          const read: JsMsg[] = []
          for await (const message of await consumer.fetch({ max_messages: centralLimits.messagesPerIntakeMax, expires: EXPIRES_MS })) read.push(message)
          if (read.length === 0) continue
          return {
            messages: read.map(message => ({ text: message.string(), lane: message.headers?.get('Vigil-Lane') ?? 'live' })),
            // Each is acknowledged, and the server says that it heard so: one whose acknowledgement is lost comes again, and is a repeat.
            settle: async () => void (await Promise.all(read.map(message => message.ackAck()))),
          }
        }
        return null
      },
      close: () => connection.close(),
    }
  } catch (error) {
    await connection.close()
    throw error
  }
}
