/** `npm start` as a person starts it, in a folder of its own, for tests of the whole house. */

import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { promisify } from 'node:util'
import { join, resolve } from 'node:path'
import { programPath } from '../parts.ts'

export const ROOT = resolve(import.meta.dirname, '../..')
const DOOR = join(ROOT, 'src', 'vigil.mjs')

export type Demo = {
  readonly data: string
  readonly nurseStation: string
  readonly central: string
  readonly hl7: { readonly host: string; readonly port: number }
  /** One-time log-in link of a role. */
  readonly link: (role: string) => string
  readonly token: string
  /** Process id of one of the parent's children, once there is such a one. */
  readonly pidOf: (command: string) => Promise<number>
  readonly said: () => string
  /** Ctrl-C. Resolves with the exit code and how long it took. */
  readonly interrupt: () => Promise<{ readonly code: number | null; readonly ms: number }>
  readonly dispose: () => Promise<void>
}

export async function startDemo(...args: readonly string[]): Promise<Demo> {
  const data = mkdtempSync(join(tmpdir(), 'vigil-demo-'))
  const child = spawn(process.execPath, [DOOR, 'demo', '--data', data, '--port', '0', ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  const heard = (bytes: Buffer): void => void (said += bytes.toString())
  child.stdout.on('data', heard)
  child.stderr.on('data', heard)
  await until(child, () => said.includes('Ctrl-C stops everything'), () => said)
  const ward: { hl7: { host: string; port: number }; central: string; nurseStation: string } = JSON.parse(readFileSync(join(data, 'ward.json'), 'utf8'))
  const links = new Map([...said.matchAll(/one-time log-in\s+(\S+)\s+\((\w+)\)/g)].map(([, url = '', role = '']) => [role, url]))
  const interrupt = async (): Promise<{ code: number | null; ms: number }> => {
    const before = performance.now()
    child.kill('SIGINT')
    const [code]: unknown[] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode]
    return { code: typeof code === 'number' ? code : null, ms: performance.now() - before }
  }
  return {
    data,
    nurseStation: /Nurse station\s+(\S+)/.exec(said)?.[1] ?? '',
    central: ward.central,
    hl7: ward.hl7,
    link: (role) => links.get(role) ?? '',
    token: readFileSync(join(data, 'secrets', 'central-token'), 'utf8'),
    async pidOf(command) {
      let pid: number | null = null
      await until(child, () => (pid = childOf(child.pid ?? 0, command)) !== null, () => said)
      return pid ?? 0
    },
    said: () => said,
    interrupt,
    async dispose() {
      if (child.exitCode === null && child.signalCode === null) await interrupt()
      rmSync(data, { recursive: true, force: true })
    },
  }
}

function childOf(parent: number, command: string): number | null {
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const fields = procFile(name, 'stat').replace(/^.*\) /, '').split(' ')
    if (Number(fields[1]) === parent && procFile(name, 'cmdline').split('\0').includes(command)) return Number(name)
  }
  return null
}

/** Empty of a process that has just ended. */
function procFile(pid: string, name: string): string {
  try {
    return readFileSync(join('/proc', pid, name), 'utf8')
  } catch {
    return ''
  }
}

async function until(child: ChildProcess, what: () => boolean, said: () => string): Promise<void> {
  const deadline = performance.now() + 200_000
  while (!what()) {
    if (child.exitCode !== null) throw new Error(`the demo ended with ${child.exitCode}:\n${said()}`)
    if (performance.now() > deadline) throw new Error(`the demo did not come up:\n${said()}`)
    await new Promise((wake) => setTimeout(wake, 100))
  }
}

/** Runs one command of Vigil to its end; stdout. Throws with stderr when it fails. */
export const vigil = (...args: readonly string[]): string => execFileSync(process.execPath, [DOOR, ...args], { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 * 1_048_576 })

/** The same, while the test goes on. */
export const vigilAsync = async (...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, [DOOR, ...args], { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 * 1_048_576 })).stdout

/** Lines of JSON. */
export const jsonLines = <Row>(text: string): Row[] => text.split('\n').filter((line) => line !== '').map((line): Row => JSON.parse(line))

export const chromium = ['chromium', 'chromium-browser', 'google-chrome'].map(programPath).find((path) => path !== undefined)

/** A page may sound only after a tap: a kiosk allows it from the start. */
export const MAY_SOUND = '--autoplay-policy=no-user-gesture-required'
/** As a kiosk of a ward runs it, with a loudspeaker that this machine need not have. */
export const CHROMIUM_ARGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', MAY_SOUND, '--use-fake-device-for-media-stream',
]
