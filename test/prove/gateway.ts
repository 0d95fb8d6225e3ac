/** A real gateway with a ward of every transport, in a process and folder of its own, that can be killed, traced and lied to. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Pty, openPty } from '../../simulators/pty.ts'
import { ROOT } from '../bench/gateway-process.ts'
import { freePort } from '../free-port.ts'
import type { Ledger, ProveDevice } from './oracle.ts'
import { TRANSPORTS, type Transport, serialLine } from './payload.ts'
import { type Sender, type SenderSetting, mllpSender, mqttSender, rest } from './senders.ts'

export type WardSetting = {
  /** How many devices of each transport, each at a bed of its own. */
  readonly devices: Readonly<Partial<Record<Transport, number>>>
  /** Further HL7 devices `alarm-1` and so on, each at a bed of its own, for alerts. */
  readonly alarmBeds?: number
  /** The data folder, where it must lie on a disk of its own. */
  readonly data?: string
  readonly hospitalPort?: number
  readonly central?: { readonly url: string; readonly token: string }
}

export type GatewayOptions = {
  /** Modules that take a promise away, loaded before anything else. */
  readonly imports?: readonly string[]
  /** Arguments of strace, which then watches from the first instruction on. */
  readonly strace?: readonly string[]
  /** For this process, over what is set. */
  readonly env?: Readonly<Record<string, string>>
}

export type RunningGateway = {
  readonly url: string
  readonly pid: number
  readonly readyMs: number
  readonly isAlive: () => boolean
  /** The last lines that it wrote, for a failure's sake. */
  readonly said: () => string
  /** Kills it and waits until it is gone. */
  readonly kill: () => Promise<void>
  /** Asks it to stop and waits; after a while it is killed. */
  readonly stop: () => Promise<void>
}

const PASSWORD = 'a password of the proves'
const STOP_MS = 15_000
const SAID_CHARS = 8_000

/** Memory where there is some: what is counted here is order, not the speed of a disk. */
export function proveFolder(): string {
  const place = process.env['TMPDIR'] === undefined && isWritable('/dev/shm') ? '/dev/shm' : tmpdir()
  return mkdtempSync(join(place, 'vigil-prove-'))
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** A site that any number of gateways run one after the other. Dispose of it at the end. */
export class ProveWard implements AsyncDisposable {
  readonly folder = proveFolder()
  readonly data: string
  readonly devices: readonly ProveDevice[]
  readonly alarmDevices: readonly string[]
  readonly ports: { readonly hl7: number; readonly mqtt: number; readonly hospital: number }
  readonly #setting: WardSetting
  readonly #ptys = new Map<string, Pty>()
  readonly #running = new Set<ChildProcess>()

  private constructor(setting: WardSetting, ports: { readonly hl7: number; readonly mqtt: number }) {
    this.#setting = setting
    this.data = setting.data ?? join(this.folder, 'data')
    this.ports = { ...ports, hospital: setting.hospitalPort ?? 0 }
    this.devices = TRANSPORTS.flatMap((transport) =>
      Array.from({ length: setting.devices[transport] ?? 0 }, (_, index) => `${transport}-${index + 1}`).map((id) => ({ id, transport, bed: bedOf(id) })),
    )
    this.alarmDevices = Array.from({ length: setting.alarmBeds ?? 0 }, (_, index) => `alarm-${index + 1}`)
  }

  static async open(setting: WardSetting): Promise<ProveWard> {
    const ward = new ProveWard(setting, { hl7: await freePort(), mqtt: await freePort() })
    for (const { id, transport } of ward.devices) {
      if (transport !== 'serial') continue
      const pty = await openPty(ward.#terminal(id))
      if (!pty) throw new Error('there are no pseudo-terminals here')
      ward.#ptys.set(id, pty)
    }
    mkdirSync(join(ward.folder, 'secrets'))
    writeFileSync(join(ward.folder, 'secrets', 'mqtt'), PASSWORD, { mode: 0o600 })
    if (setting.central) writeFileSync(join(ward.folder, 'secrets', 'central'), setting.central.token, { mode: 0o600 })
    // JSON is YAML.
    writeFileSync(join(ward.folder, 'site.yaml'), JSON.stringify(ward.#site()))
    return ward
  }

  senderOf(device: ProveDevice, ledger: Ledger, more: Pick<SenderSetting, 'observe' | 'retryMs' | 'answerTimeoutMs'> = {}): Sender {
    switch (device.transport) {
      case 'mllp':
        return mllpSender({ device, ledger, port: this.ports.hl7, ...more })
      case 'mqtt':
        return mqttSender({ device, ledger, port: this.ports.mqtt, password: PASSWORD, ...more })
      case 'hospital':
        return mqttSender({ device, ledger, port: this.ports.hospital, ...more })
      case 'serial':
        return serialSender(device, ledger, this.pty(device.id))
    }
  }

  /** The serial line of a device. @throws Error when it has none. */
  pty(device: string): Pty {
    const pty = this.#ptys.get(device)
    if (!pty) throw new Error(`${device} has no serial line`)
    return pty
  }

  async start({ imports = [], strace, env = {} }: GatewayOptions = {}): Promise<RunningGateway> {
    const run = [join(ROOT, 'src', 'vigil.mjs'), 'run', '--config', join(this.folder, 'site.yaml')]
    const node = [process.execPath, ...imports.flatMap((file) => ['--import', file]), ...run]
    // -D: the tracer is a grandchild, so that the child is the gateway itself.
    const [command = '', ...args] = strace ? ['strace', '-D', '-f', '--seccomp-bpf', ...strace, ...node] : node
    const before = performance.now()
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], env: { ...process.env, ...env } })
    this.#running.add(child)
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-SAID_CHARS)))
    // Listened for from the start: it may be gone before anybody waits.
    const exited = once(child, 'exit').then(() => void this.#running.delete(child))
    const died = exited.then(() => {
      throw new Error(`the gateway ended at its start:\n${said}`)
    })
    died.catch(() => undefined)
    const [message]: unknown[] = await Promise.race([once(child, 'message'), died])
    const isAlive = (): boolean => child.exitCode === null && child.signalCode === null
    return {
      url: typeof message === 'object' && message !== null && 'url' in message ? String(message.url) : '',
      pid: child.pid ?? 0,
      readyMs: performance.now() - before,
      isAlive,
      said: () => said,
      async kill() {
        child.kill('SIGKILL')
        await exited
      },
      async stop() {
        child.kill('SIGTERM')
        const killer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
        await exited
        clearTimeout(killer)
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) child.kill('SIGKILL')
    for (const pty of this.#ptys.values()) await pty.close()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #terminal(device: string): string {
    return join(this.folder, 'tty', device)
  }

  #site(): object {
    const { hospitalPort, central } = this.#setting
    const of = (transport: Transport): readonly ProveDevice[] => this.devices.filter((device) => device.transport === transport)
    const serial = of('serial').map(({ id }) => ({ kind: 'serial', id: `port-${id}`, device: id, path: this.#terminal(id) }))
    const users = of('mqtt').map(({ id }) => ({ device: id, password: { file: 'secrets/mqtt' } }))
    const mqtt = { kind: 'mqtt-broker', id: 'mqtt', port: this.ports.mqtt, users }
    const hospital = { kind: 'mqtt-client', id: 'hospital', url: `mqtt://127.0.0.1:${hospitalPort}`, clientId: 'vigil-prove' }
    const driverOf = { mllp: 'hl7', mqtt: 'mqtt-json', hospital: 'mqtt-json', serial: 'masimo-ascii' } as const
    const monitor = (id: string, bed: string): object => ({ id, driver: 'hl7', bed, match: { sender: id }, silenceSeconds: 0 })
    return {
      gateway: { id: 'prove', ward: 'Prove', data: this.data },
      http: { port: 0 },
      beds: [...this.devices.map(({ bed }) => bed), ...this.alarmDevices.map(bedOf)].map((id, index) => ({ id, label: `B${index + 1}` })),
      links: [
        { kind: 'mllp-listen', id: 'hl7', port: this.ports.hl7 },
        ...(of('mqtt').length > 0 ? [mqtt] : []),
        ...(of('hospital').length > 0 ? [hospital] : []),
        ...serial,
      ],
      devices: [
        ...this.devices.map(({ id, transport, bed }) =>
          transport === 'mllp' ? monitor(id, bed) : { id, driver: driverOf[transport], bed, silenceSeconds: 0 },
        ),
        ...this.alarmDevices.map((id) => monitor(id, bedOf(id))),
      ],
      ...(central ? { sync: { lane: 'live', agreement: 'prove: nobody in it exists', url: central.url, token: { file: 'secrets/central' } } } : {}),
    }
  }
}

export const bedOf = (device: string): string => `bed-${device}`

/** A serial line has no acknowledgement: what is written is delivered or lost. */
function serialSender(device: ProveDevice, ledger: Ledger, pty: Pty): Sender {
  const send = (): number => {
    const id = ledger.issue(device)
    pty.write(serialLine(id))
    return id
  }
  return {
    device,
    ports: [],
    deliver: async () => send(),
    async run(everyMs, stop) {
      while (!stop.aborted) {
        send()
        await rest(everyMs, stop)
      }
    },
    close: () => undefined,
  }
}

/** Resolves when the gateway has subscribed at the hospital's broker: what is published before is for nobody. */
export async function hospitalHeard(gateway: RunningGateway): Promise<void> {
  while (!gateway.said().includes("Connected to the hospital's broker")) await rest(20)
}

/** Resolves when the gateway has the serial lines open; what comes before is thrown away, as on a real line. */
export async function serialHeard(ward: ProveWard): Promise<void> {
  for (const { id, transport } of ward.devices) {
    if (transport !== 'serial') continue
    while (!(await ward.pty(id).heard())) await rest(20)
  }
  // The port is open; then it is flushed.
  await rest(200)
}
