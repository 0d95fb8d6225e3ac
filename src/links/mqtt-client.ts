/** Client of a hospital's MQTT broker: a persistent session at QoS 1 that acknowledges after our own commit. */

import { connect, type MqttClient } from 'mqtt'
import type { Logger } from 'pino'
import type { DeviceId } from '../domain/ids.ts'
import { linkLimits, pumpLimits } from '../limits.ts'
import type { Clock, Line, Link, OpenLine, Outcome } from '../seams.ts'
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

const FILTERS = [READINGS_FILTER, STATUS_FILTER]
const FELL = 'Not stored: messages come without acknowledgement for now, and those that had none are sent again.'

export function mqttClientLink(setting: MqttClientSetting): Link {
  const { id, url, clientId, username, password, clock, log } = setting
  return {
    id,
    async run(open, stop) {
      const client = connect(url, {
        clientId,
        clean: false,
        reconnectPeriod: linkLimits.mqttReconnectDelayMs,
        resubscribe: false,
        ...(username === undefined ? {} : { username }),
        ...(password === undefined ? {} : { password }),
      })
      const lines = linesOf(open, log, id)
      const begin = (): Answers => answersOf({ client, clock, stop, fell: (why) => log.warn({ link: id, why }, FELL) })
      let answers = begin()
      client.on('connect', () => {
        answers = begin()
        client.subscribe(FILTERS, { qos: 1 }, (error) => {
          if (error) log.error({ link: id, why: error.message }, 'MQTT subscription refused.')
          else log.info({ link: id }, "Connected to the hospital's broker.")
        })
      })
      client.on('error', (error) => log.warn({ link: id, why: error.message }, 'MQTT trouble.'))
      client.handleMessage = (packet, done) => {
        const answer = packet.qos === 0 ? undefined : answers.take(packet.messageId ?? 0)
        const topic = parseTopic(packet.topic)
        const line = topic.kind === 'other' ? null : lines.of(topic.device)
        const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload
        // Where it was not acknowledged nobody sends it again, whatever we say.
        if (line && topic.kind === 'readings' && !packet.retain) line.receive(payload, answer)
        else {
          const state = statusOf(payload.toString())
          // A retained "online" tells what was, perhaps long ago: only "gone" may be believed from it.
          if (line && topic.kind === 'status' && !(packet.retain && state === 'up')) line.status(state, packet.retain ? 'last word of the device' : 'the device said so')
          answer?.({ kind: 'stored' })
        }
        done(READ_ON)
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

/** The library sends PUBACK unless it is told of an error, and only then reads on: we send it ourselves, after the commit. */
const READ_ON = new Error('acknowledged later')

/** MQTT 3.1.1, §3.4. */
const pubackOf = ({ packetId }: Waiting): Uint8Array => Uint8Array.of(0x40, 2, packetId >> 8, packetId & 0xff)

type Waiting = { readonly packetId: number; isStored: boolean }
type Answers = { take(packetId: number): (outcome: Outcome) => void }
type AnswersParts = { readonly client: MqttClient; readonly clock: Clock; readonly stop: AbortSignal; readonly fell: (why: string) => void }

/**
 * PUBACKs of one connection, in the order in which its messages came (MQTT 3.1.1, §4.6). A broker sends so many ahead of them and
 * no more: where the disk is slow or takes nothing, the ward would be held up by what waits for it. Then messages come at
 * QoS 0, of which the broker waits for none; what was not acknowledged is sent again when the connection is broken.
 */
function answersOf({ client, clock, stop, fell }: AnswersParts): Answers {
  const { stream } = client
  const waiting: Waiting[] = []
  let isFallen = false
  let isWatched = false
  // A packet's number is its own connection's: on the next one it may be another message, which nobody has stored yet.
  const isOver = (): boolean => stop.aborted || client.stream !== stream || !client.connected

  function fall(why: string): void {
    if (isFallen || isOver()) return
    isFallen = true
    fell(why)
    client.subscribe(FILTERS, { qos: 0 })
    void clock.sleep(linkLimits.mqttAgainMs, stop).then(() => {
      // First QoS 1: what comes until we are back waits at the broker.
      if (!isOver()) client.subscribe(FILTERS, { qos: 1 }, () => stream.destroy())
    })
  }

  async function watch(): Promise<void> {
    isWatched = true
    for (let first = waiting[0]; first && !isOver() && !isFallen; first = waiting[0]) {
      await clock.sleep(linkLimits.mqttPatienceMs, stop)
      if (waiting[0] === first) fall('the disk is slow')
    }
    isWatched = false
  }

  return {
    take(packetId) {
      const one: Waiting = { packetId, isStored: false }
      // What is beyond the bound is heard, and sent again.
      if (waiting.length < linkLimits.mqttUnansweredMax) waiting.push(one)
      else fall('too many messages wait for the disk')
      if (!isWatched) void watch()
      return (outcome) => {
        if (outcome.kind === 'retry') return fall(outcome.why)
        one.isStored = true
        for (let first = waiting[0]; first?.isStored === true && !isOver(); first = waiting[0]) {
          waiting.shift()
          stream.write(pubackOf(first))
        }
      }
    },
  }
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
