/** The configuration of the demo's ward: the same kind of file that a real ward has, written for the simulated one. */

import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { type WardPlan, demoWard } from '../../simulators/ward.ts'
import { hasPty } from '../../simulators/pty.ts'

/** Where `vigil sim --replay` sends a recording: a bed of its own, empty until then. */
const REPLAY = 'replay'

export type DemoPorts = { readonly http: number; readonly hl7: number; readonly mqtt: number; readonly central: number; /** Where the serial monitors' TCP ports begin, where there are no pseudo-terminals. */ readonly serial: number }

export type DemoSite = {
  readonly yaml: string
  readonly plan: WardPlan
  /** MQTT passwords by device. */
  readonly passwords: ReadonlyMap<string, string>
  /** How the serial monitors are reached here, in words. */
  readonly serial: string
}

export async function demoSite(of: { readonly folder: string; readonly host: string; readonly ports: DemoPorts; readonly seed: number }): Promise<DemoSite> {
  const { folder, host, ports, seed } = of
  const passwords = new Map<string, string>()
  for (const device of await mqttDevices(seed)) {
    const kept = await readFile(join(folder, 'secrets', device), 'utf8').catch(() => '')
    passwords.set(device, kept === '' ? randomBytes(18).toString('base64url') : kept)
  }
  const pty = hasPty()
  const plan = demoWard({
    seed,
    hl7: { host, port: ports.hl7 },
    mqtt: { url: `mqtt://${host}:${ports.mqtt}`, passwordOf: (device) => passwords.get(device) ?? '' },
    serialFolder: join(folder, 'tty'),
    ...(pty ? {} : { tcpPortOf: (device: string) => ports.serial + Number(device.replaceAll(/\D/g, '')) }),
  })
  const site = {
    gateway: { id: 'demo-gateway', ward: 'Demo ward', organization: 'demo', data: folder, timeZone: 'UTC', population: 'adult' },
    http: { host, port: ports.http },
    beds: [...plan.beds.map(({ bed }) => ({ id: bed, label: bed.replace('bed-', '') })), { id: REPLAY, label: 'Replay' }],
    links: [
      { kind: 'mllp-listen', id: 'hl7', host, port: ports.hl7 },
      {
        kind: 'mqtt-broker',
        id: 'mqtt',
        host,
        port: ports.mqtt,
        users: [...passwords.keys()].map((device) => ({ device, password: { file: join('secrets', device) } })),
      },
      ...plan.beds.flatMap(({ device, transport }): object[] => {
        if (transport.kind !== 'serial') return []
        if (pty) return [{ kind: 'serial', id: `port-${device}`, device, path: transport.link, baudRate: 9_600 }]
        return transport.tcpPort === undefined ? [] : [{ kind: 'tcp-connect', id: `port-${device}`, device, host, port: transport.tcpPort }]
      }),
    ],
    devices: [
      ...plan.beds.map(({ bed, device, transport }) => ({
        id: device,
        driver: transport.kind === 'hl7' ? 'hl7' : transport.kind === 'serial' ? 'masimo-ascii' : 'mqtt-json',
        bed,
        ...(transport.kind === 'hl7' ? { match: { sender: device } } : {}),
      })),
      { id: REPLAY, driver: 'hl7', bed: REPLAY, match: { sender: REPLAY }, silenceSeconds: 0 },
    ],
    sync: {
      lane: 'live',
      agreement: 'demo: nobody in it exists',
      url: `http://${host}:${ports.central}`,
      token: { file: join('secrets', 'central-token') },
    },
  }
  const yaml = `# Written by "npm start" for the demo's ward at each start: changes here are lost.\n${stringify(site)}`
  return { yaml, plan, passwords, serial: pty ? 'pseudo-terminals' : 'TCP, because "script" (bsdutils) is missing here' }
}

/** Which devices of the plan speak MQTT: asked of the plan itself, with no passwords yet. */
async function mqttDevices(seed: number): Promise<string[]> {
  const plan = demoWard({ seed, hl7: { host: '', port: 0 }, mqtt: { url: '', passwordOf: () => '' }, serialFolder: '' })
  return plan.beds.flatMap(({ device, transport }) => (transport.kind === 'mqtt' ? [device] : []))
}
