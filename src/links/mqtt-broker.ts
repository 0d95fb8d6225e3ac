/** The embedded MQTT broker (aedes): devices log in, publish below their own name, and are acknowledged after the commit. */

import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { timingSafeEqual } from 'node:crypto'
import { Aedes, type AuthenticateError, type Client } from 'aedes'
import type { Logger } from 'pino'
import type { DeviceId } from '../domain/ids.ts'
import { linkLimits } from '../limits.ts'
import type { Clock, Line, Link, OpenLine } from '../seams.ts'
import { GuardedSocket } from './mqtt-guard.ts'
import { parseTopic, statusOf } from './mqtt-topics.ts'

export type BrokerSetting = {
  readonly id: string
  readonly host: string
  readonly port: number
  /** Log-in name and device in one, with its password. */
  readonly users: ReadonlyMap<DeviceId, string>
  readonly clock: Clock
  readonly log: Logger
  readonly listening: (port: number) => void
}

/** CONNACK 0x04, MQTT 3.1.1 §3.2.2.3. */
const BAD_USERNAME_OR_PASSWORD = 4
const refusal = (): AuthenticateError => Object.assign(new Error('bad user name or password'), { returnCode: BAD_USERNAME_OR_PASSWORD })

function samePassword(given: Uint8Array | undefined, wanted: string): boolean {
  const ours = Buffer.from(wanted)
  return given !== undefined && given.length === ours.length && timingSafeEqual(given, ours)
}

export function mqttBroker(setting: BrokerSetting): Link {
  return {
    id: setting.id,
    async run(open, stop) {
      while (!stop.aborted) {
        await serve(setting, open, stop).catch((error: unknown) => {
          if (!stop.aborted) setting.log.error({ link: setting.id, why: error instanceof Error ? error.message : String(error) }, 'MQTT broker failed; starting again.')
        })
        await setting.clock.sleep(linkLimits.mqttReconnectDelayMs, stop)
      }
    },
  }
}

type Guest = { readonly device: DeviceId; readonly line: Line }

async function serve({ id, host, port, users, log, listening }: BrokerSetting, open: OpenLine, stop: AbortSignal): Promise<void> {
  const guests = new WeakMap<Client, Guest>()
  const sockets = new Map<Client, GuardedSocket>()
  const broker = await Aedes.createBroker({
    connectTimeout: linkLimits.mqttLoginMs,
    keepaliveLimit: linkLimits.mqttKeepaliveSecondsMax,
    maxTopicLevels: 8,
    preConnect: (_client, packet, done) => done(null, packet.clean || packet.clientId !== ''),
    authenticate(client, name, password, done) {
      const device = [...users.keys()].find((candidate) => candidate === name)
      if (device === undefined || !samePassword(password, users.get(device) ?? '')) {
        log.warn({ link: id, device: device ?? null }, 'MQTT log-in refused.')
        done(refusal(), null)
        return
      }
      const socket = sockets.get(client)
      if (socket) socket.packetBytesMax = linkLimits.mqttPacketBytesMax
      guests.set(client, { device, line: open({ address: `mqtt:${device}`, device }, () => undefined) })
      done(null, true)
    },
    authorizePublish(client, packet, done) {
      const guest = client ? guests.get(client) : undefined
      const topic = parseTopic(packet.topic)
      if (!guest || topic.kind === 'other' || topic.device !== guest.device) {
        done(new Error('a device may publish below its own name only'))
        return
      }
      if (topic.kind === 'status') {
        guest.line.status(statusOf(packet.payload.toString()), 'the device said so')
        done(null)
        return
      }
      // A retained reading would be served to later subscribers as if it were new.
      packet.retain = false
      const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload
      if (packet.qos === 0) {
        // Nobody sends it again, whatever we say.
        guest.line.receive(payload)
        done(null)
        return
      }
      // aedes sends PUBACK when this callback comes back without an error, so it comes back after the commit.
      guest.line.receive(payload, (outcome) => done(outcome.kind === 'retry' ? new Error(outcome.why) : null))
    },
    authorizeSubscribe(client, subscription, done) {
      const guest = guests.get(client)
      done(null, guest && subscription.topic.startsWith(`vigil/v1/${guest.device}/`) ? subscription : null)
    },
  })
  broker.on('clientReady', (client) => guests.get(client)?.line.status('up', 'connected'))
  broker.on('clientDisconnect', (client) => {
    const guest = guests.get(client)
    guest?.line.status('down', 'disconnected')
    guest?.line.close('disconnected')
    sockets.delete(client)
  })
  broker.on('connectionError', (client) => sockets.delete(client))

  const all = new Set<Socket>()
  const server = createServer((socket) => {
    if (all.size >= linkLimits.socketsMax) {
      socket.destroy()
      return
    }
    all.add(socket)
    socket.on('close', () => all.delete(socket))
    socket.setNoDelay(true)
    const guarded = new GuardedSocket(socket)
    const client = broker.handle(guarded)
    sockets.set(client, guarded)
    guarded.on('close', () => sockets.delete(client))
  })
  try {
    server.listen(port, host)
    await once(server, 'listening', { signal: stop })
    const got = server.address()
    listening(typeof got === 'object' && got ? got.port : port)
    await once(server, 'close', { signal: stop })
  } finally {
    server.close()
    for (const socket of all) socket.destroy()
    await new Promise<void>((resolve) => broker.close(() => resolve()))
  }
}
