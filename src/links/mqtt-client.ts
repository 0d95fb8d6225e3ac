/** Client of a hospital's MQTT broker: a persistent session at QoS 1 that acknowledges after our own commit. */

import { connect, type MqttClient } from 'mqtt'
import type { Logger } from 'pino'
import type { DeviceId } from '../domain/ids.ts'
import { linkLimits, pumpLimits } from '../limits.ts'
import type { Clock, Line, Link, OpenLine } from '../seams.ts'
import { READINGS_FILTER, STATUS_FILTER, parseTopic, statusOf } from './mqtt-topics.ts'

export type MqttClientSetting = {
  readonly id: string
  readonly url: string
  readonly clientId: string
  readonly username: string | undefined
  readonly password: string | undefined
  readonly clock: Clock
  readonly log: Logger
}

export function mqttClientLink(setting: MqttClientSetting): Link {
  const { id, url, clientId, username, password, log } = setting
  return {
    id,
    async run(open, stop) {
      const client = connect(url, {
        clientId,
        clean: false,
        reconnectPeriod: linkLimits.mqttReconnectDelayMs,
        resubscribe: true,
        ...(username === undefined ? {} : { username }),
        ...(password === undefined ? {} : { password }),
      })
      const lines = linesOf(open, log, id)
      client.on('connect', () => {
        client.subscribe([READINGS_FILTER, STATUS_FILTER], { qos: 1 }, (error) => {
          if (error) log.error({ link: id, why: error.message }, 'MQTT subscription refused.')
          else log.info({ link: id }, "Connected to the hospital's broker.")
        })
      })
      client.on('error', (error) => log.warn({ link: id, why: error.message }, 'MQTT trouble.'))
      // From here on the library sends PUBACK only when we call back, and we call back after the commit.
      client.handleMessage = (packet, done) => {
        const topic = parseTopic(packet.topic)
        const line = topic.kind === 'other' ? null : lines.of(topic.device)
        const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload
        if (!line || topic.kind === 'other') done()
        else if (topic.kind === 'status') {
          // A retained "online" tells what was, perhaps long ago: only "gone" may be believed from it.
          const state = statusOf(payload.toString())
          if (!(packet.retain && state === 'up')) line.status(state, packet.retain ? 'last word of the device' : 'the device said so')
          done()
        } else if (packet.retain) {
          done()
        } else if (packet.qos === 0) {
          // Nobody sends it again, whatever we say.
          line.receive(payload)
          done()
        } else {
          const { stream } = client
          line.receive(payload, (outcome) => {
            // A packet's number is its own connection's: on the next one it may be another message, which nobody has stored yet.
            if (client.stream !== stream || !client.connected) return
            if (outcome.kind !== 'retry') done()
            else redeliver(client, outcome.why, log, id)
          })
        }
      }
      await new Promise<void>((resolve) => {
        if (stop.aborted) resolve()
        stop.addEventListener('abort', () => resolve(), { once: true })
      })
      lines.close()
      await client.endAsync(true)
    },
  }
}

/** No PUBACK and a broken connection: the broker sends the message again when we are back. */
function redeliver(client: MqttClient, why: string, log: Logger, id: string): void {
  log.warn({ link: id, why }, 'Not stored; the broker is made to send it again.')
  client.stream.destroy()
}

/** One line for each device that speaks through the broker; bounded. */
function linesOf(open: OpenLine, log: Logger, id: string): { of(device: DeviceId): Line; close(): void } {
  const lines = new Map<DeviceId, Line>()
  return {
    of(device) {
      const known = lines.get(device)
      if (known) return known
      const line = open({ address: `mqtt:${device}`, device }, () => undefined)
      // Beyond the bound a line lives for one message: who came late must be heard too, and what is acknowledged is stored.
      if (lines.size < pumpLimits.unknownDevicesMax + linkLimits.socketsMax) lines.set(device, line)
      else log.warn({ link: id, device }, 'Too many devices on one broker.')
      return line
    },
    close() {
      for (const line of lines.values()) line.close('stopped')
      lines.clear()
    },
  }
}
