/** `npm start`: a ward in a box. One small parent; the gateway, the simulated ward and the reference central are its children. */

import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { WardSize } from '../../simulators/demo-ward.ts'
import type { DemoPorts } from './demo-site.ts'
import { supervisorLimits } from '../limits.ts'
import { REAL_TIME } from '../ops/clock.ts'
import { type Child, keepAlive } from '../ops/supervisor.ts'
import { buildPages } from '../ops/pages.ts'
import { type CliContext, CommandFailed, UsageError } from './context.ts'

type Options = { readonly ward: string; readonly speed?: string; readonly seed: string; readonly port: string; readonly data: string; readonly fresh?: boolean }

const HOST = '127.0.0.1'

export function register(program: Command, context: CliContext): void {
  program
    .command('demo')
    .description('a ward in a box: simulated beds, the gateway and a reference central (npm start)')
    .option('--ward <size>', 'small: 12 beds on three protocols; full: a monitor of every kind that there is a driver for; teaching: sepsis, an opioid, loose electrodes, an hour a minute', 'small')
    .option('--speed <factor>', 'ward seconds per real second; other than 1 starts with an empty ward (default: 1, in the teaching ward 60)')
    .option('--seed <number>', 'same seed, same ward', '1')
    .option('--port <number>', 'port of the nurse station; 0 takes a free one, here and for all else that listens', '8470')
    .option('--data <folder>', 'where the demo keeps its data', join(context.root, '.vigil', 'demo'))
    .option('--fresh', 'forget what an earlier demo stored')
    .action(async (options: Options) => demo(options, context))
}

type Ready = { readonly url: string; readonly links: readonly { readonly role: string; readonly url: string }[] }

async function demo(options: Options, context: CliContext): Promise<void> {
  // Imported late, as all that is heavy: every other command starts without it.
  const [{ demoSite }, { SPEED_OF, WARD_SIZES }] = await Promise.all([import('./demo-site.ts'), import('../../simulators/demo-ward.ts')])
  const size = wardSize(options.ward, WARD_SIZES)
  const speed = options.speed === undefined ? SPEED_OF[size] : numberOf('--speed', options.speed, 0.1, 1_000)
  const seed = numberOf('--seed', options.seed, 0, 2 ** 31)
  const folder = options.data
  await prepareFolder(folder, { speed, fresh: options.fresh === true, note: context.note })
  await buildPages(context.root, context.note)

  const ports = await freePorts(numberOf('--port', options.port, 0, 65_535))
  const token = await keptSecret(join(folder, 'secrets', 'central-token'))
  const site = await demoSite({ folder, host: HOST, ports, seed, size })
  for (const [device, password] of site.passwords) await writeFile(join(folder, 'secrets', device), password, { mode: 0o600 })
  const files = { site: join(folder, 'site.yaml'), plan: join(folder, 'plan.json') }
  await writeFile(files.site, site.yaml)
  await writeFile(files.plan, JSON.stringify(site.plan, null, 2), { mode: 0o600 })
  const centralUrl = `http://${HOST}:${ports.central}`
  await writeFile(join(folder, 'ward.json'), JSON.stringify({ hl7: { host: HOST, port: ports.hl7 }, central: centralUrl, nurseStation: `http://localhost:${ports.http}`, speed, seed }))

  const clock = ['--origin', String(Date.now()), '--speed', String(speed)]
  let failed: string | null = null
  let isUp = false
  const giveUp = new AbortController()
  const end = AbortSignal.any([context.stop, giveUp.signal])
  const children: Child[] = []
  const child = (name: string, args: readonly string[], message: (message: unknown) => void): void =>
    void children.push(
      keepAlive({
        command: context.node,
        args: [join(context.root, 'src', 'vigil.mjs'), ...args],
        cwd: context.root,
        // The demo's central keeps its rows in the demo's folder, whatever database the environment names.
        env: { ...context.env, VIGIL_CENTRAL_TOKEN: token, DATABASE_URL: undefined },
        line(line) {
          const said = end.aborted ? null : legible(line)
          if (said !== null) context.note(`[${name}] ${said}`)
        },
        message,
        died(how, code) {
          // Wrong use and wrong config do not mend themselves; neither does a gateway that never came up.
          if (code === 2 || (name === 'gateway' && code === 1 && !isUp)) {
            failed = `${name} cannot run (${how}); see above`
            giveUp.abort()
            return 'give-up'
          }
          context.note(`[${name}] ended (${how}); starting it again`)
          return 'again'
        },
      }),
    )

  await new Promise<void>((ready) => {
    child('central', ['central', '--host', HOST, '--port', String(ports.central), '--data', join(folder, 'central'), ...clock], () => ready())
    // The ward does not depend on central: it is waited for only so that the first look finds everything.
    void context.clockOf(REAL_TIME).sleep(supervisorLimits.centralStartMs, end).then(ready)
  })
  await new Promise<void>((up) => {
    child('gateway', ['run', '--config', files.site, '--demo', ...clock], (message) => {
      const ready = readyOf(message)
      if (!ready) return
      if (isUp) context.note('[gateway] is back; open pages go on by themselves')
      else greet(context, ready, { centralUrl, folder, speed, hl7: ports.hl7, mqtt: ports.mqtt, serial: site.serial })
      isUp = true
      up()
    })
    if (end.aborted) up()
    end.addEventListener('abort', () => up(), { once: true })
  })
  child('ward', ['sim', '--plan', files.plan, ...clock], () => undefined)

  await new Promise<void>((stopped) => (end.aborted ? stopped() : end.addEventListener('abort', () => stopped(), { once: true })))
  context.note('Stopping: the monitors first, then the gateway, then central.')
  for (const running of children.reverse()) await running.stop()
  if (failed !== null) throw new CommandFailed(failed)
  context.note('Stopped. What was acknowledged is stored.')
}

function greet(
  context: CliContext,
  ready: Ready,
  of: { readonly centralUrl: string; readonly folder: string; readonly speed: number; readonly hl7: number; readonly mqtt: number; readonly serial: string },
): void {
  const lines = [
    '',
    '  Vigil — DEMO ward: simulated patients, not for clinical use.',
    '  A secondary notification system: the bedside monitor stays the primary alarm.',
    '',
    `  Nurse station      ${ready.url}`,
    ...ready.links.map(({ role, url }) => `  one-time log-in    ${url}   (${role})`),
    `  Reference central  ${of.centralUrl}`,
    '',
    `  HL7 over MLLP ${HOST}:${of.hl7} · MQTT ${HOST}:${of.mqtt} · serial: ${of.serial} · speed × ${of.speed} · data in ${of.folder}`,
    '  Within two minutes a bed deteriorates and raises an alert. Ctrl-C stops everything; nothing acknowledged is lost.',
    '',
  ]
  for (const line of lines) context.write(line)
}

function readyOf(message: unknown): Ready | null {
  if (typeof message !== 'object' || message === null || !('type' in message) || message.type !== 'ready') return null
  if (!('url' in message) || typeof message.url !== 'string' || !('links' in message) || !Array.isArray(message.links)) return null
  const links = message.links.flatMap((link: unknown) =>
    typeof link === 'object' && link !== null && 'role' in link && 'url' in link ? [{ role: String(link.role), url: String(link.url) }] : [],
  )
  return { url: message.url, links }
}

/** Log lines are JSON for machines; a person reads warnings and what happens at the beds. Routine is null. */
function legible(line: string): string | null {
  if (line.startsWith('{')) {
    try {
      const { level, msg, why, link, device }: { level?: unknown; msg?: unknown; why?: unknown; link?: unknown; device?: unknown } = JSON.parse(line)
      if (typeof level !== 'number' || level < 40) return null
      return [String(msg), ...[link, device, why].filter((field) => typeof field === 'string')].join(' · ')
    } catch {
      return line
    }
  }
  return /: (connected to|serial line|waits to be) /.test(line) || line === '' ? null : line
}

function numberOf(name: string, text: string, low: number, high: number): number {
  const value = Number(text)
  if (!(value >= low && value <= high)) throw new UsageError(`${name} must be a number from ${low} to ${high}, not ${text}`)
  return value
}

/** Ward time that ran ahead of real time cannot be gone on with: rows of the past would lie in the future. */
async function prepareFolder(folder: string, of: { readonly speed: number; readonly fresh: boolean; readonly note: (line: string) => void }): Promise<void> {
  const before: unknown = await readFile(join(folder, 'ward.json'), 'utf8').then(JSON.parse).catch(() => null)
  const beforeSpeed = typeof before === 'object' && before !== null && 'speed' in before ? before.speed : 1
  if (existsSync(folder) && (of.fresh || of.speed !== 1 || beforeSpeed !== 1)) {
    of.note(of.fresh ? 'Starting with an empty ward.' : 'Starting with an empty ward: its clock ran, or will run, faster than real time.')
    await rm(folder, { recursive: true, force: true })
  }
  await mkdir(join(folder, 'secrets'), { recursive: true, mode: 0o700 })
}

function wardSize(text: string, sizes: readonly WardSize[]): WardSize {
  const size = sizes.find((known) => known === text)
  if (size === undefined) throw new UsageError(`--ward must be ${sizes.slice(0, -1).join(', ')} or ${sizes.at(-1)}, not ${JSON.stringify(text)}`)
  return size
}

/** `http` 0 takes free ports for all of them: two demos that begin together then meet nowhere. */
async function freePorts(http: number): Promise<DemoPorts> {
  const usual = (port: number): number => (http === 0 ? 0 : port)
  return {
    http: await freePort(http),
    hl7: await freePort(usual(2_575)),
    mqtt: await freePort(usual(1_883)),
    central: await freePort(usual(8_471)),
    serial: 9_600,
    intellivue: await freeUdpPort(usual(24_105)),
    pds: await freeUdpPort(usual(4_600)),
    pdsMonitor: await freePort(usual(4_601)),
    registry: await freePort(usual(2_576)),
  }
}

async function freeUdpPort(wanted: number): Promise<number> {
  const free = (port: number): Promise<number | null> =>
    new Promise((resolve) => {
      const socket = createSocket('udp4')
      socket.once('error', () => socket.close(() => resolve(null)))
      socket.bind(port, HOST, () => {
        const { port: got } = socket.address()
        socket.close(() => resolve(got))
      })
    })
  const port = (await free(wanted)) ?? (await free(0))
  if (port === null) throw new CommandFailed('no free UDP port on 127.0.0.1')
  return port
}

/** The wanted loopback port, or another free one. */
async function freePort(wanted: number): Promise<number> {
  const free = (port: number): Promise<number | null> =>
    new Promise((resolve) => {
      const server = createServer()
      server.once('error', () => resolve(null))
      server.listen(port, HOST, () => {
        const address = server.address()
        const got = typeof address === 'object' && address ? address.port : port
        server.close(() => resolve(got))
      })
    })
  const port = (await free(wanted)) ?? (await free(0))
  if (port === null) throw new CommandFailed('no free port on 127.0.0.1')
  return port
}

async function keptSecret(path: string): Promise<string> {
  const kept = await readFile(path, 'utf8').catch(() => '')
  if (kept !== '') return kept
  const made = randomBytes(24).toString('base64url')
  await writeFile(path, made, { mode: 0o600 })
  return made
}
