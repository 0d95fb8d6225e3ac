/** What `vigil doctor` looks at. Each finding says what is so and, where something is to be done, what. */

import { createSocket } from 'node:dgram'
import { constants } from 'node:fs'
import { access, mkdir, readdir, stat, statfs } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { connect, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { env, execPath, versions } from 'node:process'
import { loadProfiles, loadSite, readSecret } from '../config/load.ts'
import { laneOf } from '../config/release.ts'
import type { LinkSetting, SecretSetting, Site } from '../config/schema.ts'
import { nearest, suggestion } from '../domain/nearest.ts'
import { wallMs } from '../domain/time.ts'
import { DRIVERS } from '../drivers.ts'
import { doctorLimits } from '../limits.ts'
import { sinkSecretsOf } from '../sync/deliveries.ts'
import { bootFindings, boxClock, boxFindings, deviceClockFindings } from './clock-findings.ts'
import { diskFacts, judgeDisk } from './disk.ts'
import { type Finding, good, odd, wrong } from './finding.ts'

const there = (path: string, mode = constants.F_OK): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  )

export async function checkMachine(of: { readonly root: string; readonly pages: string }): Promise<Finding[]> {
  return [
    good(`Node.js ${versions.node} (${execPath})`),
    await sqlite(),
    (await there(of.pages)) ? good('The pages are built') : odd('The pages are not built', 'Run "npm run build"; "npm start" does it by itself.'),
    (await onPath('script')) ? good('Simulated serial ports are pseudo-terminals') : odd('"script" is not installed', 'The demo falls back to TCP for serial monitors; on Debian install bsdutils. A real ward does not need it.'),
    await serialPorts(),
    ...boxFindings(await boxClock(), wallMs(Date.now())),
  ]
}

async function sqlite(): Promise<Finding> {
  try {
    const { sqliteVersion } = await import('../store/sqlite-version.ts')
    return good(`SQLite ${sqliteVersion()}`)
  } catch (error) {
    return wrong(`The database engine does not load: ${error instanceof Error ? error.message : String(error)}`, 'Run "npm ci" again on this machine: better-sqlite3 ships its binary for Linux, macOS and Windows.')
  }
}

async function onPath(name: string): Promise<boolean> {
  const folders = (env['PATH'] ?? '').split(delimiter)
  for (const folder of folders) if (await there(join(folder, name), constants.X_OK)) return true
  return false
}

/** `SerialPort.list()` needs udevadm and throws without it: the kernel's own listing is enough here. */
async function serialPorts(): Promise<Finding> {
  const byId = await readdir('/dev/serial/by-id').catch(() => [])
  if (byId.length > 0) return good(`Serial ports: ${byId.map((name) => `/dev/serial/by-id/${name}`).join(', ')}`)
  const names = (await readdir('/sys/class/tty').catch(() => [])).filter((name) => /^tty(USB|ACM|AMA)\d+$/.test(name))
  return names.length > 0 ? good(`Serial ports: ${names.map((name) => `/dev/${name}`).join(', ')}`) : good('No serial port with a device is plugged in')
}

export async function checkSite(file: string, environment: Readonly<Record<string, string | undefined>>): Promise<Finding[]> {
  const loaded = loadSite(file)
  if (loaded.kind === 'wrong') return loaded.problems.map((problem) => wrong(problem, 'Mend the file; config/settings.md lists every setting.'))
  const { site } = loaded
  const findings = [good(`${file} is valid: ${site.beds.length} beds, ${site.devices.length} devices, ${site.links.length} links`)]
  findings.push(...(await folder(resolve(dirname(file), site.gateway.data))))
  findings.push(...(await stored(resolve(dirname(file), site.gateway.data), site)))
  findings.push(...secretsOf(site).flatMap((secret) => checkSecret(secret, file, environment)))
  findings.push(...drivers(site), ...bindings(site))
  const limits = loadProfiles(site, file)
  if (limits.kind === 'wrong') findings.push(...limits.problems.map((problem) => wrong(problem, 'Mend the file of limits; config/limits/ shows its form.')))
  for (const link of site.links) findings.push(await checkLink(link))
  findings.push(await portFree('The nurse station', site.http.host, site.http.port))
  findings.push(...clientLibraries(site))
  if (laneOf(site.sync) === 'none') findings.push(odd('Nothing is sent to central', 'Name a sink under "sync": what leaves then is de-identified, unless a data-use agreement permits more.'))
  return findings
}

/** What the database says: how far back the log goes, whether anything went before its time, and how the clocks are. A folder without one is new. */
async function stored(path: string, { devices }: Site): Promise<readonly Finding[]> {
  if (!(await there(join(path, 'vigil.db')))) return []
  try {
    const [{ retentionNews }, { standingIn }] = await Promise.all([import('../store/retention-state.ts'), import('../store/standing-state.ts')])
    const now = wallMs(Date.now())
    const { what, remedy } = retentionNews(path, now)
    const standing = standingIn(path)
    return [remedy === null ? good(what) : odd(what, remedy), ...bootFindings(standing), ...deviceClockFindings(devices.map(({ id }) => id), standing, now)]
  } catch (error) {
    return [odd(error instanceof Error ? error.message : String(error), 'Let the gateway of this version open it once.')]
  }
}

async function folder(path: string): Promise<Finding[]> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
    const disk = judgeDisk(path, await diskFacts(path))
    const { bavail, bsize } = await statfs(path)
    const freeBytes = bavail * bsize
    const others = (await stat(path)).mode & 0o077
    return [
      good(`${path} is writable`),
      ...disk,
      ...(freeBytes < doctorLimits.freeBytesMin ? [wrong(`Only ${Math.round(freeBytes / 1e6)} MB are free at ${path}`, 'Make room: a ward of 20 beds writes a few hundred MB a day.')] : []),
      ...(others === 0 ? [] : [odd(`${path} can be entered by other users of this machine`, `chmod 700 ${path}`)]),
    ]
  } catch (error) {
    return [wrong(`${path} cannot be written: ${error instanceof Error ? error.message : String(error)}`, 'Create it and give it to the user that runs Vigil.')]
  }
}

/** Loaded by the sync thread when a sink is of their kind: better missed here than at night. */
const LIBRARIES: ReadonlyMap<string, string> = new Map([['kafka', '@platformatic/kafka'], ['nats-jetstream', '@nats-io/transport-node']])

function clientLibraries({ sync }: Site): Finding[] {
  const { resolve: find } = createRequire(import.meta.url)
  const kinds = sync.sinks.flatMap(({ to, fallback }) => [to.kind, ...(fallback ? [fallback.kind] : [])])
  return [...new Set(kinds)].flatMap((kind) => {
    const name = LIBRARIES.get(kind)
    if (name === undefined) return []
    try {
      find(name)
      return []
    } catch {
      return [wrong(`The sink "${kind}" needs ${name}, which is not installed`, 'npm ci, in the folder of the program.')]
    }
  })
}

const secretsOf = (site: Site): SecretSetting[] => [
  ...site.links.flatMap((link) => (link.kind === 'mqtt-broker' ? link.users.map(({ password }) => password) : link.kind === 'mqtt-client' && link.password ? [link.password] : [])),
  ...(site.sync.token ? [site.sync.token] : []),
  ...sinkSecretsOf(site),
]

function checkSecret(secret: SecretSetting, file: string, environment: Readonly<Record<string, string | undefined>>): Finding[] {
  try {
    readSecret(secret, file, environment)
    return []
  } catch (error) {
    return [wrong(error instanceof Error ? error.message : String(error), 'Put the secret there, readable by the user that runs Vigil alone.')]
  }
}

function drivers(site: Site): Finding[] {
  const known = [...DRIVERS.keys()]
  const named = [...site.devices.map((device) => device.driver), ...site.links.flatMap((link) => ('driver' in link ? [link.driver] : []))]
  return [...new Set(named)].filter((name) => !known.includes(name)).map((name) => wrong(`There is no driver "${name}".${suggestion(name, known)}`, 'drivers/README.md tells how to add one.'))
}

function bindings(site: Site): Finding[] {
  const bound = new Set(site.devices.flatMap(({ bed }) => (bed === undefined ? [] : [bed])))
  const empty = site.beds.filter(({ id }) => !bound.has(id)).map(({ id }) => id)
  const loose = site.devices.filter(({ bed }) => bed === undefined).map(({ id }) => id)
  return [
    ...(empty.length > 0 ? [odd(`No device at ${empty.join(', ')}`, 'These beds are not watched until a device names them as its bed.')] : []),
    ...(loose.length > 0 ? [odd(`Bound to no bed: ${loose.join(', ')}`, 'Their values are kept and belong to nobody.')] : []),
  ]
}

async function checkLink(link: LinkSetting): Promise<Finding> {
  switch (link.kind) {
    case 'mllp-listen':
    case 'mqtt-broker':
      return portFree(`Link ${link.id}`, link.host, link.port)
    case 'serial':
      return serialPort(link.id, link.path)
    case 'mindray-pds':
      return udpPortFree(`Link ${link.id}`, link.host, link.port)
    case 'udp-connect':
      return good(`Link ${link.id}: ${link.host}:${link.port} is asked over UDP; whether it answers shows when Vigil runs`)
    case 'tcp-connect':
      return reachable(`Link ${link.id}`, link.host, link.port)
    case 'mqtt-client': {
      const url = new URL(link.url)
      return reachable(`Link ${link.id}`, url.hostname, Number(url.port || (url.protocol === 'mqtts:' ? 8_883 : 1_883)))
    }
  }
}

async function serialPort(id: string, path: string): Promise<Finding> {
  if (await there(path, constants.R_OK | constants.W_OK)) return good(`Link ${id}: ${path} can be opened`)
  if (await there(path)) return wrong(`Link ${id}: ${path} is there, and may not be opened`, 'Add the user that runs Vigil to the group dialout.')
  const beside = await readdir(dirname(path)).catch(() => [])
  const near = nearest(path, beside.map((name) => join(dirname(path), name)))
  return wrong(`Link ${id}: ${path} is not there`, near === null ? 'Is the adapter plugged in? "ls /dev/serial/by-id" lists what is.' : `Did you mean ${near}?`)
}

function portFree(name: string, host: string, port: number): Promise<Finding> {
  return new Promise((done) => {
    const server = createServer()
    server.once('error', (error) => done(notFree(error, { name, host, port })))
    server.listen(port, host, () => server.close(() => done(good(`${name} can listen on ${host}:${port}`))))
  })
}

function udpPortFree(name: string, host: string, port: number): Promise<Finding> {
  return new Promise((done) => {
    const socket = createSocket('udp4')
    socket.once('error', (error) => {
      socket.close()
      done(notFree(error, { name, host, port }))
    })
    socket.bind(port, host, () => socket.close(() => done(good(`${name} can listen on UDP ${host}:${port}`))))
  })
}

function notFree(error: NodeJS.ErrnoException, { name, host, port }: { readonly name: string; readonly host: string; readonly port: number }): Finding {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address))
  if (error.code === 'EADDRINUSE') return odd(`${name}: port ${port} on ${host} is taken`, 'By a running Vigil? Then all is well; else choose another port.')
  if (error.code === 'EADDRNOTAVAIL') return wrong(`${name}: ${host} is no address of this machine`, `It has ${addresses.join(', ')}.`)
  return wrong(`${name}: cannot listen on ${host}:${port} (${error.message})`, 'Ports below 1024 need a capability; choose a higher one.')
}

function reachable(name: string, host: string, port: number): Promise<Finding> {
  return new Promise((done) => {
    const socket = connect({ host, port, timeout: doctorLimits.connectMs })
    const end = (finding: Finding): void => {
      socket.destroy()
      done(finding)
    }
    socket.once('connect', () => end(good(`${name}: ${host}:${port} answers`)))
    socket.once('timeout', () => end(wrong(`${name}: ${host}:${port} does not answer`, 'Cable, address, firewall: in this order.')))
    socket.once('error', (error) => end(wrong(`${name}: ${host}:${port} refuses (${error.message})`, 'Is the export switched on at the device, and the port right?')))
  })
}
