/** The configuration of the demo's ward: the same kind of file that a real ward has, written for the simulated one. */

import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { demoWard, type WardSize } from '../../simulators/demo-ward.ts'
import { serialModel } from '../../simulators/monitors/models.ts'
import type { BedPlan, WardPlan } from '../../simulators/monitors/plan.ts'
import { REGISTRY_SENDER } from '../../simulators/monitors/registry.ts'
import { hasPty } from '../../simulators/pty.ts'

/** Where `vigil sim --replay` sends a recording: a bed of its own, empty until then. */
const REPLAY = 'replay'

/** The hospital's registry, which says who lies where. */
const REGISTRY = 'registry'

export type DemoPorts = {
  readonly http: number
  readonly hl7: number
  readonly mqtt: number
  readonly central: number
  /** Where the serial monitors' TCP ports begin, where there are no pseudo-terminals. */
  readonly serial: number
  /** UDP, where the IntelliVue on the network waits to be asked. */
  readonly intellivue: number
  /** UDP, for announcements of Mindray monitors. */
  readonly pds: number
  /** Where the Mindray monitor is called. */
  readonly pdsMonitor: number
  /** Where the hospital's registry takes questions. */
  readonly registry: number
}

export type DemoSite = {
  readonly yaml: string
  readonly plan: WardPlan
  /** MQTT passwords by device. */
  readonly passwords: ReadonlyMap<string, string>
  /** How the serial monitors are reached here, in words. */
  readonly serial: string
}

export type DemoOrder = { readonly folder: string; readonly host: string; readonly ports: DemoPorts; readonly seed: number; readonly size: WardSize }

export async function demoSite({ folder, host, ports, seed, size }: DemoOrder): Promise<DemoSite> {
  const passwords = new Map<string, string>()
  const addresses = {
    hl7: { host, port: ports.hl7 },
    intellivue: { host, port: ports.intellivue },
    pds: { host, port: ports.pds, ownPort: ports.pdsMonitor },
    registryPort: ports.registry,
    serialFolder: join(folder, 'tty'),
  }
  for (const device of mqttDevices(demoWard({ ...addresses, seed, size, mqtt: { url: '', passwordOf: () => '' } }))) {
    const kept = await readFile(join(folder, 'secrets', device), 'utf8').catch(() => '')
    passwords.set(device, kept === '' ? randomBytes(18).toString('base64url') : kept)
  }
  const pty = hasPty()
  const plan = demoWard({
    ...addresses,
    seed,
    size,
    mqtt: { url: `mqtt://${host}:${ports.mqtt}`, passwordOf: (device) => passwords.get(device) ?? '' },
    ...(pty ? {} : { tcpPortOf: (device: string) => ports.serial + Number(device.replaceAll(/\D/g, '')) }),
  })
  const central = (): object => ({ kind: 'https-batch', url: `http://${host}:${ports.central}`, token: { file: join('secrets', 'central-token') } })
  const site = {
    gateway: { id: 'demo-gateway', ward: 'Demo ward', organization: 'demo', data: folder, timeZone: 'UTC', population: 'adult' },
    http: { host, port: ports.http },
    beds: [...plan.beds.filter(isAtBed).map(({ bed }) => ({ id: bed, label: bed.replace('bed-', '') })), { id: REPLAY, label: 'Replay' }],
    links: [
      { kind: 'mllp-listen', id: 'hl7', host, port: ports.hl7 },
      ...(passwords.size === 0
        ? []
        : [{ kind: 'mqtt-broker', id: 'mqtt', host, port: ports.mqtt, users: [...passwords.keys()].map((device) => ({ device, password: { file: join('secrets', device) } })) }]),
      ...(size === 'full' ? [{ kind: 'mindray-pds', id: 'pds', host, port: ports.pds }] : []),
      ...plan.beds.flatMap((bed) => ownLinkOf(bed, host)),
    ],
    devices: [
      ...plan.beds.map(deviceOf),
      ...(plan.registry === undefined ? [] : [{ id: REGISTRY, driver: 'hl7', match: { sender: REGISTRY_SENDER }, silenceSeconds: 0 }]),
      { id: REPLAY, driver: 'hl7', bed: REPLAY, match: { sender: REPLAY }, silenceSeconds: 0 },
    ],
    ...(plan.registry?.ownPort === undefined ? {} : { registry: { host, port: plan.registry.ownPort, dialect: 'Q22', application: REGISTRY_SENDER } }),
    // Both lanes: nobody in it exists, and what has ended is released within minutes.
    sync: {
      lane: 'live',
      agreement: 'demo: nobody in it exists',
      sinks: [{ to: central() }, { id: 'release', lane: 'release', to: central() }],
      release: { delayHours: { from: 0.01, to: 0.03 }, staysMin: 1, gatherHours: 0.01 },
    },
  }
  const yaml = `# Written by "npm start" for the demo's ward at each start: changes here are lost.\n${stringify(site)}`
  return { yaml, plan, passwords, serial: pty ? 'pseudo-terminals' : 'TCP, because "script" (bsdutils) is missing here' }
}

/** The way in that a monitor has for itself, if it has one. */
function ownLinkOf({ device, transport }: BedPlan, host: string): readonly object[] {
  const link = { id: `port-${device}`, device }
  switch (transport.kind) {
    case 'hl7':
    case 'mqtt':
    case 'pds':
      return []
    case 'intellivue':
      return [{ kind: 'udp-connect', ...link, host, port: transport.port }]
    case 'serial': {
      const { baudRate, parity } = serialModel(transport.model ?? 'radical-7')
      const { tcpPort: port } = transport
      return port === undefined ? [{ kind: 'serial', ...link, path: transport.link, baudRate, parity }] : [{ kind: 'tcp-connect', ...link, host, port }]
    }
  }
}

/** A monitor as the site's file names it. */
function deviceOf(plan: BedPlan): object {
  const { bed, device: id, transport } = plan
  switch (transport.kind) {
    case 'hl7':
      return { id, driver: 'hl7', bed, match: { sender: id } }
    case 'mqtt':
      return { id, driver: transport.speaks === 'teleicu' ? 'mqtt-teleicu' : 'mqtt-json', bed }
    case 'intellivue':
      return { id, driver: 'philips-intellivue', bed, settings: { framing: 'lan' } }
    case 'pds':
      return { id, driver: 'mindray-pds', bed, match: { sender: id } }
    case 'serial': {
      const { driver, settings } = serialModel(transport.model ?? 'radical-7')
      return isAtBed(plan) ? { id, driver, bed, ...(settings && { settings }) } : { id, driver, silenceSeconds: 0 }
    }
  }
}

const isAtBed = ({ transport }: BedPlan): boolean => transport.kind !== 'serial' || serialModel(transport.model ?? 'radical-7').place === 'bedside'

const mqttDevices = ({ beds }: WardPlan): readonly string[] => beds.flatMap(({ device, transport }) => (transport.kind === 'mqtt' ? [device] : []))
