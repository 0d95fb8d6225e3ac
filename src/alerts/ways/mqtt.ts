/** MQTT: each notice is one message at QoS 1 to the hospital's broker; the broker's PUBACK is the receipt. */

import { connect, type MqttClient } from 'mqtt'
import { wayLimits } from '../../limits.ts'
import type { Clock } from '../../seams.ts'
import { contentOf } from './content.ts'
import { deadline, wordsOf } from './waiting.ts'
import type { SendResult, Way } from './way.ts'

export type MqttWaySetting = {
  readonly id: string
  readonly url: string
  readonly clientId: string
  readonly username: string | null
  readonly password: string | null
  /** PEM of the authority that the broker is signed by; null for those that the machine knows. */
  readonly ca: string | null
  readonly topic: string
  readonly gatewayId: string
  readonly patientData: boolean
  readonly clock: Clock
}

export function mqttWay(setting: MqttWaySetting): Way {
  const { id, url, clientId, username, password, ca, topic, gatewayId, patientData, clock } = setting
  let client: MqttClient | null = null
  return {
    id,
    says: 'all',
    async run(events, stop) {
      const opened = connect(url, {
        clientId,
        // Our outbox keeps what is not sent; a queue in the library would send what is long over.
        clean: true,
        queueQoSZero: false,
        reconnectPeriod: wayLimits.reconnectMs,
        connectTimeout: wayLimits.connectMs,
        ...(username === null ? {} : { username }),
        ...(password === null ? {} : { password }),
        ...(ca === null ? {} : { ca }),
      })
      let why = 'the broker does not answer'
      let connections = 0
      opened.on('connect', () => {
        connections++
        events.health(null)
        if (connections > 1) events.resync()
      })
      opened.on('error', (error) => (why = wordsOf(error)))
      opened.on('close', () => events.health(why))
      client = opened
      await new Promise<void>((resolve) => {
        if (stop.aborted) resolve()
        stop.addEventListener('abort', () => resolve(), { once: true })
      })
      client = null
      await opened.endAsync(true)
    },
    async send(notice, stop): Promise<SendResult> {
      const now = client
      if (now === null || !now.connected) return { kind: 'trouble', why: 'not connected to the broker' }
      using over = deadline(clock, wayLimits.sendMs, stop)
      const late = new Promise<never>((_, reject) => {
        over.signal.addEventListener('abort', () => reject(new Error('the broker took the message and did not acknowledge it')), { once: true })
      })
      let messageId: number | null = null
      try {
        const payload = JSON.stringify(contentOf(notice, { gatewayId, patientData }))
        const taken = now.publishAsync(topic, payload, { qos: 1, retain: false })
        messageId = now.getLastMessageId()
        await Promise.race([taken, late])
        return { kind: 'sent', messageId: notice.id }
      } catch (error) {
        // What the library still holds, and would send by itself on its next connection, must not go out later, when it may be over.
        if (messageId !== null) now.removeOutgoingMessage(messageId)
        now.stream.destroy()
        return { kind: 'trouble', why: wordsOf(error), ...(messageId === null ? {} : { mayHaveCome: true }) }
      }
    },
  }
}
