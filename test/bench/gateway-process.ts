/** A gateway of a real ward in a process and folder of its own, for benches. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { freePort } from '../free-port.ts'

export const ROOT = resolve(import.meta.dirname, '../..')

export type GatewayProcess = {
  readonly hl7Port: number
  readonly folder: string
  /** Of the nurse station. */
  readonly url: string
  /** From the start of the process to its being ready, in ms. */
  readonly readyMs: number
  readonly pid: number
  /** CPU seconds used so far, user and system. */
  readonly cpuSeconds: () => number
  /** Resident memory, MB. */
  readonly residentMb: () => number
  /** What its threads caused to be sent to the block layer, in bytes; null where the kernel does not count it. */
  readonly writtenBytes: () => number | null
  /** Asks it to stop, or kills it, and waits. */
  readonly stop: (signal?: 'SIGTERM' | 'SIGKILL') => Promise<void>
}

export type GatewayOptions = {
  /** Parts of the site that replace the usual ones. */
  readonly site?: Readonly<Record<string, unknown>>
  /** One that is there already, with what lies in its `data`; it stays. */
  readonly folder?: string
}

const CLOCK_TICKS_PER_SECOND = 100
const NO_WATCHDOG = join(ROOT, 'test', 'prove', 'controls', 'unwatched.ts')

/** `beds` beds with one HL7 monitor each, called `MON-1` and so on. */
export async function startGatewayProcess(beds: number, { site: parts = {}, folder: given }: GatewayOptions = {}): Promise<GatewayProcess> {
  const folder = given ?? mkdtempSync(join(tmpdir(), 'vigil-bench-'))
  const hl7Port = await freePort()
  const names = Array.from({ length: beds }, (_, index) => index + 1)
  const site = {
    gateway: { id: 'bench', ward: 'Bench', data: join(folder, 'data') },
    http: { port: 0 },
    beds: names.map((name) => ({ id: `bed-${name}`, label: String(name) })),
    links: [{ kind: 'mllp-listen', id: 'hl7', port: hl7Port }],
    devices: names.map((name) => ({ id: `MON-${name}`, driver: 'hl7', bed: `bed-${name}`, match: { sender: `MON-${name}` }, silenceSeconds: 0 })),
    ...parts,
  }
  // JSON is YAML.
  writeFileSync(join(folder, 'site.yaml'), JSON.stringify(site))
  const before = performance.now()
  const { flags, environment } = asDeployed()
  const child = spawn(process.execPath, [...flags, ...profiling(), join(ROOT, 'src', 'vigil.mjs'), 'run', '--config', join(folder, 'site.yaml')], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...environment, ...process.env },
  })
  const url = await ready(child)
  const readyMs = performance.now() - before
  const pid = child.pid ?? 0
  return {
    hl7Port,
    folder,
    url,
    readyMs,
    pid,
    cpuSeconds: () => cpuSecondsOf(pid),
    residentMb: () => residentMbOf(pid),
    writtenBytes: () => writtenBytesOf(pid),
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      if (given === undefined) rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The flags and the environment that the systemd unit gives to Node: what is measured is what is installed. */
export function asDeployed(): { readonly flags: readonly string[]; readonly environment: Readonly<Record<string, string>> } {
  const unit = readFileSync(join(ROOT, 'deploy', 'vigil.service'), 'utf8')
  const [, between = ''] = /^ExecStart=\S+ (.*)src\/vigil\.mjs run/m.exec(unit) ?? []
  const environment = Object.fromEntries([...unit.matchAll(/^Environment=(\w+)=(\S+)$/gm)].map(([, name = '', value = '']) => [name, value]))
  return { flags: between.trim().split(' ').filter((flag) => flag !== ''), environment }
}

/** With VIGIL_BENCH_PROFILE=<folder>, each thread of the gateway writes a CPU profile there when it ends. */
const profiling = (): string[] => {
  const folder = process.env['VIGIL_BENCH_PROFILE']
  // Writing a profile takes longer than the watchdog lets main be silent.
  return folder === undefined || folder === '' ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(folder)}`, '--import', NO_WATCHDOG]
}

export function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND
}

export const residentMbOf = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024

function writtenBytesOf(pid: number): number | null {
  const written = /^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]
  return written === undefined ? null : Number(written)
}

async function ready(child: ChildProcess): Promise<string> {
  const died = once(child, 'exit').then(([code]: unknown[]) => {
    throw new Error(`the gateway ended with ${String(code)}`)
  })
  const [message]: { readonly url?: string }[] = await Promise.race([once(child, 'message'), died])
  return message?.url ?? ''
}
