/** What the proves of the wire share: a real gateway of any site in a process of its own, its database as an outsider reads it, and sockets. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type Socket, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { LoggedRow } from '../../src/seams.ts'
import { openLoginLinks } from '../../src/security/login-links.ts'
import { REAL_TIME, realClock } from '../../src/ops/clock.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { ROOT, cpuSecondsOf, residentMbOf } from '../bench/gateway-process.ts'

const PASSWORD_FILE = 'password'
/** Of every MQTT user of a site that is proved. */
export const PASSWORD = 'prove it'

/** As `site.yaml` takes it, without the gateway and its folder. */
export type SiteParts = { readonly links: readonly { readonly port?: number; readonly [setting: string]: unknown }[]; readonly devices: readonly object[]; readonly beds: readonly { readonly id: string; readonly label: string }[] }

export type SiteProcess = {
  readonly url: string
  readonly pid: number
  /** Whether the process that was started still runs. */
  readonly isAlive: () => boolean
  readonly residentMb: () => number
  readonly cpuSeconds: () => number
  /** Asks it to stop, and waits. */
  readonly stop: () => Promise<void>
}

/** A site in a folder of its own, which any number of gateways hold one after the other. */
export class ProvedSite {
  readonly folder = mkdtempSync(join(tmpdir(), 'vigil-prove-'))
  readonly #ports: readonly number[]
  #running: ChildProcess | null = null

  /** A site whose paths lie in its own folder is made from it. */
  constructor(of: SiteParts | ((folder: string) => SiteParts)) {
    const parts = typeof of === 'function' ? of(this.folder) : of
    writeFileSync(join(this.folder, PASSWORD_FILE), PASSWORD)
    this.#ports = parts.links.flatMap(({ port }) => port ?? [])
    // JSON is YAML.
    writeFileSync(join(this.folder, 'site.yaml'), JSON.stringify({ gateway: { id: 'prove', ward: 'Prove', data: this.data }, http: { port: 0 }, ...parts }))
  }

  get data(): string {
    return join(this.folder, 'data')
  }

  /** The last lines that the gateway wrote, for who must know why it died. */
  log(): string {
    return readFileSync(join(this.folder, 'log.txt'), 'utf8').slice(-4_000)
  }

  /** `imports`: files given to `node --import`, to the gateway's threads too. */
  async start(imports: readonly string[] = [], environment: Readonly<Record<string, string>> = {}): Promise<SiteProcess> {
    const log = openSync(join(this.folder, 'log.txt'), 'a')
    const node = imports.flatMap((file) => ['--import', file])
    const child = spawn(process.execPath, [...node, join(ROOT, 'src', 'vigil.mjs'), 'run', '--config', join(this.folder, 'site.yaml')], { stdio: ['ignore', 'ignore', log, 'ipc'], env: { ...process.env, ...environment } })
    closeSync(log)
    this.#running = child
    const died = once(child, 'exit').then(([code]: unknown[]) => {
      throw new Error(`the gateway ended with ${String(code)}: ${this.log()}`)
    })
    died.catch(() => undefined)
    const [ready]: { url?: string }[] = await Promise.race([once(child, 'message'), died])
    // Links open after all else is ready.
    for (const port of this.#ports) while (!(await isListening(port))) await delay(10)
    const pid = child.pid ?? 0
    const isAlive = (): boolean => child.exitCode === null && child.signalCode === null
    return {
      url: ready?.url ?? '',
      pid,
      isAlive,
      residentMb: () => residentMbOf(pid),
      cpuSeconds: () => cpuSecondsOf(pid),
      async stop() {
        if (!isAlive()) return
        child.kill('SIGTERM')
        await once(child, 'exit')
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#running
    if (child && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** A session cookie of a nurse, through a login link as `vigil user link` makes them. */
  async signIn(url: string): Promise<string> {
    mkdirSync(this.data, { recursive: true })
    const issued = await openLoginLinks({ folder: this.data, clock: realClock(REAL_TIME) }).issue({ name: 'prover', role: 'nurse', epoch: null }, 60)
    if (issued.kind !== 'issued') throw new Error(issued.why)
    const answer = await fetch(`${url}/api/login/link`, { method: 'POST', headers: { origin: url, 'content-type': 'application/json' }, body: JSON.stringify({ token: issued.token }) })
    const cookie = answer.headers.get('set-cookie')?.split(';')[0]
    if (!answer.ok || cookie === undefined) throw new Error(`no session: ${answer.status} ${await answer.text()}`)
    return cookie
  }

  /** All rows after `seq`. */
  rows(afterSeq = 0): readonly LoggedRow[] {
    using reader = openLogReader(this.data)
    const rows: LoggedRow[] = []
    for (let after = afterSeq; ; ) {
      const page = reader.read(after, 5_000)
      rows.push(...page)
      const last = page.at(-1)
      if (!last || page.length < 5_000) return rows
      after = last.seq
    }
  }

  /** Asks SQLite itself, so that no code of the gateway's stands between judge and file. */
  query<Row>(sql: string, ...of: unknown[]): Row[] {
    const db = new Database(join(this.data, 'vigil.db'), { readonly: true })
    try {
      return db.prepare<unknown[], Row>(sql).all(...of)
    } finally {
      db.close()
    }
  }

  /** Runs SQL on the file, beside the gateway: for what a judge wants SQLite to note down for it. */
  alter(sql: string): void {
    const db = new Database(join(this.data, 'vigil.db'))
    db.exec(sql)
    db.close()
  }

  get lastSeq(): number {
    return this.query<{ seq: number }>('SELECT max((SELECT coalesce(max(seq), 0) FROM snapshot), (SELECT coalesce(max(seq), 0) FROM event)) AS seq')[0]?.seq ?? 0
  }
}

/** The embedded broker, with these as its users. */
export const brokerFor = (port: number, devices: readonly string[]): { port: number; [setting: string]: unknown } => ({
  kind: 'mqtt-broker',
  id: 'mqtt',
  port,
  users: devices.map((device) => ({ device, password: { file: PASSWORD_FILE } })),
})

/** A device without a bed for each name, whose silence is nothing. */
export const strangers = (names: readonly string[], driver: string, more: object = {}): object[] => names.map((id) => ({ id, driver, silenceSeconds: 0, ...more }))

export const beds = (names: readonly string[]): { id: string; label: string }[] => names.map((id, index) => ({ id, label: String(index + 1) }))

/** From a loopback address of its own: 127.0.0.1 is the gateway's. */
export async function dial(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  // A server that cuts us is what many trials are about: `close` says it.
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.setNoDelay(true)
  return socket
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' })
  const listens = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(() => false)
  socket.destroy()
  return listens
}

/** A loopback address for each number, 127.1.0.1 and on. */
export const loopback = (index: number): string => `127.${1 + Math.floor(index / 62_500)}.${Math.floor(index / 250) % 250}.${1 + (index % 250)}`

export const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Looks again until it is so, at most for `ms`; what it looked at last. */
export async function settled(ms: number, isSo: () => boolean | Promise<boolean>): Promise<boolean> {
  const until = performance.now() + ms
  while (!(await isSo())) {
    if (performance.now() > until) return false
    await delay(10)
  }
  return true
}

/** The highest resident memory of a gateway, looked at until `stop`. MB. */
export async function residentPeakMb(process: SiteProcess, stop: AbortSignal): Promise<number> {
  let peak = 0
  while (!stop.aborted && process.isAlive()) {
    peak = Math.max(peak, process.residentMb())
    await delay(100)
  }
  return peak
}

export const rounded = (value: number, digits = 1): number => Number(value.toFixed(digits))

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
