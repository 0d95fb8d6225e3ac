/** The embedded MQTT broker (aedes): devices log in, publish below their own name, and are acknowledged after the commit. */

import { type EventEmitter, once } from 'node:events'
import { createServer } from 'node:net'
import { Aedes, type Client } from 'aedes'
import type { Logger } from 'pino'
import type { DeviceId } from '../domain/ids.ts'
import { linkLimits } from '../limits.ts'
import type { Clock, Link, OpenLine } from '../seams.ts'
import { GuardedSocket } from './mqtt-guard.ts'
import { policyOf } from './mqtt-policy.ts'
import { Places } from './places.ts'

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

async function serve({ id, host, port, users, log, listening }: BrokerSetting, open: OpenLine, stop: AbortSignal): Promise<void> {
  const sockets = new WeakMap<Client, GuardedSocket>()
  const admitted = (client: Client): void => sockets.get(client)?.admit()
  const policy = policyOf({ id, users, open, log, admitted })
  const broker = await Aedes.createBroker({
    connectTimeout: linkLimits.mqttLoginMs,
    drainTimeout: linkLimits.mqttDrainMs,
    keepaliveLimit: linkLimits.mqttKeepaliveSecondsMax,
    queueLimit: linkLimits.mqttLoginPacketsMax,
    maxInflightInbound: linkLimits.mqttUnreleasedMessagesMax,
    maxTopicLevels: linkLimits.mqttTopicLevelsMax,
    ...policy,
  })
  broker.on('clientReady', policy.ready)
  broker.on('unsubscribe', (filters, client) => policy.unsubscribed(client, filters))
  // Old wills are looked through after a long pause of this computer; what is refused of them is no reason to die.
  const events: EventEmitter = broker
  events.on('error', (error: Error) => log.warn({ link: id, why: error.message }, 'MQTT trouble.'))

  const places = new Places()
  const server = createServer((socket) => {
    if (!places.take(socket)) {
      log.warn({ link: id, address: socket.remoteAddress ?? 'unknown', sockets: places.taken }, 'Connection refused: too many.')
      socket.destroy()
      return
    }
    socket.setNoDelay(true)
    const guarded = new GuardedSocket(socket)
    const client = broker.handle(guarded)
    sockets.set(client, guarded)
    guarded.on('close', () => policy.gone(client))
  })
  try {
    server.listen(port, host)
    await once(server, 'listening', { signal: stop })
    const got = server.address()
    listening(typeof got === 'object' && got ? got.port : port)
    await once(server, 'close', { signal: stop })
  } finally {
    server.close()
    places.clear()
    await new Promise<void>((resolve) => broker.close(() => resolve()))
  }
}
