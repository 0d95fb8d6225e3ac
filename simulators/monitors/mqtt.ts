/**
 * The publishing side of MQTT 3.1.1: QoS 1, one message in flight, so that order is kept; a retained `online` on the
 * status topic, and `offline` as last will, which the broker sends when the line is cut without a goodbye.
 */

import { performance } from 'node:perf_hooks'
import mqtt, { type MqttClient } from 'mqtt'
import { simulatorLimits } from '../../src/limits.ts'
import { type Bell, LOOK_AROUND_MS, within } from './bell.ts'
import { type Connection, type Dialled, reliableWire } from './reliable.ts'
import type { Wire, WireEvents } from './wire.ts'

export type MqttTarget = {
  readonly url: string
  /** Client id, and the name in the topics. */
  readonly device: string
  readonly username: string
  readonly password: string
  /** The monitor, for people. */
  readonly name: string
  /** Real milliseconds until a connection without PUBACK is given up. */
  readonly timeoutMs?: number
}

/** Seconds; brokers that watch over patients refuse clients that want to be silent for long. */
const KEEPALIVE_S = 10
const GOODBYE_MS = 1_000

export function mqttWire(target: MqttTarget, events: WireEvents): Wire {
  const { url, name } = target
  return reliableWire({ name, address: url, dial: (bell, stop) => dial(target, bell, stop) }, events)
}

async function dial(target: MqttTarget, bell: Bell, stop: AbortSignal): Promise<Dialled> {
  const client = openClient(target)
  let closed: string | null = null
  const gone = (why: string): void => {
    closed ??= why
    bell.ring()
  }
  client.on('connect', () => bell.ring())
  client.on('error', (error) => gone(error.message))
  client.on('close', () => gone('the broker closed the connection'))
  const connection = connectionOver(client, { target, bell, stop, closed: () => closed, gone })
  while (!stop.aborted && !client.connected && closed === null) await bell.wait(LOOK_AROUND_MS, stop)
  if (closed === null && !stop.aborted) await connection.tell('online')
  if (closed === null && !stop.aborted) return { kind: 'open', connection }
  await hangUp(client)
  return { kind: 'failed', why: closed ?? 'stopped' }
}

function openClient({ url, device, username, password }: MqttTarget): MqttClient {
  return mqtt.connect(url, {
    clientId: device,
    username,
    password,
    clean: true,
    keepalive: KEEPALIVE_S,
    reconnectPeriod: 0,
    connectTimeout: simulatorLimits.connectTimeoutMs,
    will: { topic: `vigil/v1/${device}/status`, payload: Buffer.from('offline'), qos: 1, retain: true },
  })
}

type Over = { readonly target: MqttTarget; readonly bell: Bell; readonly stop: AbortSignal; readonly closed: () => string | null; readonly gone: (why: string) => void }

function connectionOver(client: MqttClient, { target, bell, stop, closed, gone }: Over): Connection & { readonly tell: (status: string) => Promise<void> } {
  const { device, timeoutMs = simulatorLimits.acknowledgementTimeoutMs } = target
  const publish = async (leaf: 'readings' | 'status', bytes: Uint8Array, going: () => boolean): Promise<boolean> => {
    const answers: ('yes' | 'no')[] = []
    client.publish(`vigil/v1/${device}/${leaf}`, Buffer.from(bytes), { qos: 1, retain: leaf === 'status' }, (error) => {
      answers.push(error ? 'no' : 'yes')
      bell.ring()
    })
    const deadline = performance.now() + timeoutMs
    while (going() && answers.length === 0 && performance.now() < deadline) await bell.wait(Math.max(1, deadline - performance.now()), stop)
    return answers[0] === 'yes'
  }
  return {
    closed,
    async tell(status) {
      if (!(await publish('status', Buffer.from(status), () => !stop.aborted && closed() === null)) && !stop.aborted) gone('the broker does not acknowledge')
    },
    async send({ id, bytes }, going) {
      if (await publish('readings', bytes, going)) return 'yes'
      // A broker that does not acknowledge is not asked twice on one connection: MQTT 3.1.1 §4.4 resends on a new one.
      if (going()) gone(`message ${id} was not acknowledged`)
      return 'silent'
    },
    async close(politely) {
      if (politely && client.connected) await sayGoodbye(client, device)
      await hangUp(client)
    },
  }
}

/** The ward ends in order: monitors are switched off, which is not the same as a lost line. */
async function sayGoodbye(client: MqttClient, device: string): Promise<void> {
  await within(GOODBYE_MS, new Promise<void>((resolve) => client.publish(`vigil/v1/${device}/status`, 'offline', { qos: 1, retain: true }, () => resolve())))
}

/** Without DISCONNECT, as a pulled plug does it: the broker then sends the last will. */
async function hangUp(client: MqttClient): Promise<void> {
  await within(GOODBYE_MS, new Promise<void>((resolve) => client.end(true, () => resolve())))
}
