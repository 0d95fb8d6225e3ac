/** The ways in that a site names, made into links. */

import type { Logger } from 'pino'
import type { LinkSetting, SecretSetting } from '../config/schema.ts'
import { type DeviceId, deviceId } from '../domain/ids.ts'
import type { Clock, Link, Peer, Sender } from '../seams.ts'
import { pdsLink } from './pds.ts'
import { tcpCaller, tcpListener } from './tcp.ts'
import { udpCaller } from './udp.ts'

export type LinkParts = {
  readonly clock: Clock
  readonly log: Logger
  readonly secretOf: (secret: SecretSetting) => string
  /** Told when a listener listens, with the port it got. */
  readonly listening: (link: string, port: number) => void
  /** Which device somebody is who announced itself, in the words of `driver`; null when there are too many unknown ones. */
  readonly deviceOf: (peer: Peer, sender: Sender, driver: string) => DeviceId | null
}

const PDS_DRIVER = 'mindray-pds'

/** `driver`: what frames of this link speak when the device does not say. Serial ports and callers know their device. */
export type OpenedLink = { readonly link: Link; readonly driver: string }

/** What brings a library with it: loaded where a site names it, so that the others are back the sooner after a crash. */
const HEAVY = {
  serial: () => import('./serial.ts'),
  'mqtt-broker': () => import('./mqtt-broker.ts'),
  'mqtt-client': () => import('./mqtt-client.ts'),
}

/** Loads what these links weigh, ahead of `linkOf`. */
export async function loadLinks(settings: readonly LinkSetting[]): Promise<void> {
  await Promise.all(settings.flatMap(({ kind }) => (kind === 'serial' || kind === 'mqtt-broker' || kind === 'mqtt-client' ? [HEAVY[kind]()] : [])))
}

/** Rejects with a sentence when a secret is missing. */
export async function linkOf(setting: LinkSetting, { clock, log, secretOf, listening, deviceOf }: LinkParts): Promise<OpenedLink> {
  const { id } = setting
  const heard = (port: number): void => listening(id, port)
  switch (setting.kind) {
    case 'mllp-listen':
      return { driver: setting.driver, link: tcpListener({ id, host: setting.host, port: setting.port, clock, log, listening: heard }) }
    case 'serial': {
      const { serialLink } = await HEAVY.serial()
      return { driver: '', link: serialLink({ ...setting, device: deviceId(setting.device), clock, log }) }
    }
    case 'tcp-connect':
      return { driver: '', link: tcpCaller({ id, host: setting.host, port: setting.port, device: deviceId(setting.device), clock, log }) }
    case 'udp-connect':
      return { driver: '', link: udpCaller({ id, host: setting.host, port: setting.port, device: deviceId(setting.device), clock, log }) }
    case 'mindray-pds': {
      const { host, port, call } = setting
      return { driver: PDS_DRIVER, link: pdsLink({ id, host, port, call, clock, log, listening: heard, deviceOf: (peer, sender) => deviceOf(peer, sender, PDS_DRIVER) }) }
    }
    case 'mqtt-broker': {
      const { mqttBroker } = await HEAVY['mqtt-broker']()
      const users = new Map(setting.users.map((user) => [deviceId(user.device), secretOf(user.password)]))
      return { driver: setting.driver, link: mqttBroker({ id, host: setting.host, port: setting.port, users, clock, log, listening: heard }) }
    }
    case 'mqtt-client': {
      const { mqttClientLink } = await HEAVY['mqtt-client']()
      const { url, clientId, username, password } = setting
      return { driver: setting.driver, link: mqttClientLink({ id, url, clientId, username, password: password && secretOf(password), clock, log }) }
    }
  }
}
