/** Who may do what at the embedded broker: a device logs in, publishes below its own name, and hears what is below it. */

import { timingSafeEqual } from 'node:crypto'
import type { AedesOptions, AuthenticateError, Client } from 'aedes'
import type { Logger } from 'pino'
import type { DeviceId } from '../domain/ids.ts'
import { linkLimits } from '../limits.ts'
import type { Line, OpenLine } from '../seams.ts'
import { parseTopic, statusOf } from './mqtt-topics.ts'

export type PolicyParts = {
  readonly id: string
  /** Log-in name and device in one, with its password. */
  readonly users: ReadonlyMap<DeviceId, string>
  readonly open: OpenLine
  readonly log: Logger
  /** This client has proved who it is: its packets may be larger now. */
  readonly admitted: (client: Client) => void
}

export type Policy = Required<Pick<AedesOptions, 'preConnect' | 'authenticate' | 'authorizePublish' | 'authorizeSubscribe' | 'authorizeForward'>> & {
  readonly ready: (client: Client) => void
  /** Its socket is closed, whether it ever logged in or not. */
  readonly gone: (client: Client) => void
  readonly unsubscribed: (client: Client, filters: readonly string[]) => void
}

/** A device, and all its connections: it is there as long as one of them is. */
type Presence = { readonly device: DeviceId; readonly line: Line; readonly clients: Set<Client> }

/** CONNACK, MQTT 3.1.1 §3.2.2.3. */
const IDENTIFIER_REJECTED = 2
const BAD_USERNAME_OR_PASSWORD = 4
const refusal = (returnCode: 2 | 4, why: string): AuthenticateError => Object.assign(new Error(why), { returnCode })

function samePassword(given: Uint8Array | undefined, wanted: string): boolean {
  const ours = Buffer.from(wanted)
  return given !== undefined && given.length === ours.length && timingSafeEqual(given, ours)
}

export function policyOf({ id, users, open, log, admitted }: PolicyParts): Policy {
  const presences = new Map<DeviceId, Presence>()
  const guests = new WeakMap<Client, Presence>()
  const filters = new WeakMap<Client, Set<string>>()
  const nameless = new WeakSet<Client>()
  const isOwn = (client: Client, topic: string): boolean => topic.startsWith(`vigil/v1/${guests.get(client)?.device ?? '#'}/`)

  function welcome(client: Client, device: DeviceId): void {
    const presence = presences.get(device) ?? { device, line: open({ address: `mqtt:${device}`, device }, () => undefined), clients: new Set() }
    presences.set(device, presence)
    presence.clients.add(client)
    guests.set(client, presence)
    // One name for two log-ins: else whoever calls itself as another device does would have that one thrown out (§3.1.4).
    client.id = `${device} ${client.id}`
    admitted(client)
  }

  return {
    preConnect(client, packet, done) {
      if (packet.clientId === '' && packet.clean !== true) nameless.add(client)
      // A device publishes and keeps what is not acknowledged: a session kept here would be memory for nobody, without a bound.
      packet.clean = true
      done(null, true)
    },
    authenticate(client, name, password, done) {
      if (nameless.has(client)) return done(refusal(IDENTIFIER_REJECTED, 'no name for a session that is to be kept'), null)
      const device = [...users.keys()].find((candidate) => candidate === name)
      if (device === undefined || !samePassword(password, users.get(device) ?? '')) {
        log.warn({ link: id, device: device ?? null }, 'MQTT log-in refused.')
        return done(refusal(BAD_USERNAME_OR_PASSWORD, 'bad user name or password'), null)
      }
      welcome(client, device)
      return done(null, true)
    },
    authorizePublish(client, packet, done) {
      const presence = client ? guests.get(client) : undefined
      const topic = parseTopic(packet.topic)
      if (!client || !presence || topic.kind === 'other' || topic.device !== presence.device) return done(new Error('a device may publish below its own name only'))
      if (topic.kind === 'status') {
        // The last will of a connection that is gone says nothing of the others; where it was the last, its end says so.
        if (!client.closed) presence.line.status(statusOf(packet.payload.toString()), 'the device said so')
        return done(null)
      }
      // A retained reading would be served to later subscribers as if it were new.
      packet.retain = false
      const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload
      if (packet.qos === 0) {
        // Nobody sends it again, whatever we say.
        presence.line.receive(payload)
        return done(null)
      }
      // aedes sends PUBACK when this callback comes back without an error, so it comes back after the commit.
      presence.line.receive(payload, (outcome) => done(outcome.kind === 'retry' ? new Error(outcome.why) : null))
      return undefined
    },
    authorizeSubscribe(client, subscription, done) {
      const own = filters.get(client) ?? new Set()
      const isTaken = isOwn(client, subscription.topic) && (own.has(subscription.topic) || own.size < linkLimits.mqttSubscriptionsMax)
      if (isTaken) filters.set(client, own.add(subscription.topic))
      done(null, isTaken ? subscription : null)
    },
    authorizeForward: (client, packet) => (isOwn(client, packet.topic) ? packet : null),
    ready: (client) => guests.get(client)?.line.status('up', 'connected'),
    gone(client) {
      const presence = guests.get(client)
      if (!presence?.clients.delete(client) || presence.clients.size > 0) return
      presences.delete(presence.device)
      presence.line.status('down', 'disconnected')
      presence.line.close('disconnected')
    },
    unsubscribed(client, gone) {
      for (const filter of gone) filters.get(client)?.delete(filter)
    },
  }
}
