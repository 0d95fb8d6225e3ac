/** Ports for a person with a cable: which there are, and one opened for as long as somebody looks. The ward's own links are beside. */

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readdir, readFile, realpath } from 'node:fs/promises'
import { isIPv6, connect } from 'node:net'
import { basename, join } from 'node:path'
import { SerialPort } from 'serialport'
import { linkLimits } from '../limits.ts'

// ── How a line is set ────────────────────────────────────────────────────────────────────────────────────────────────

export type LineSetting = { readonly baudRate: number; readonly dataBits: 7 | 8; readonly parity: 'none' | 'even' | 'odd'; readonly stopBits: 1 | 2 }

const PARITIES = { N: 'none', E: 'even', O: 'odd' } as const
const LINE = /^(\d{3,6})(?: ([78])([NEO])([12]))?$/i

/** `9600 8N1`; of a speed alone 8N1. Null for what is none. */
export function readLine(text: string): LineSetting | null {
  const [, baud, bits = '8', parity = 'N', stops = '1'] = LINE.exec(text.trim()) ?? []
  const baudRate = Number(baud)
  if (baud === undefined || baudRate < 300 || baudRate > 921_600) return null
  const letter = parity.toUpperCase()
  return {
    baudRate,
    dataBits: bits === '7' ? 7 : 8,
    parity: letter === 'E' || letter === 'O' ? PARITIES[letter] : 'none',
    stopBits: stops === '2' ? 2 : 1,
  }
}

/** As people write it: `9600 8N1`. */
export const lineText = ({ baudRate, dataBits, parity, stopBits }: LineSetting): string =>
  `${baudRate} ${dataBits}${parity.slice(0, 1).toUpperCase()}${stopBits}`

/** Where bytes come from. */
export type Target =
  | { readonly kind: 'serial'; readonly path: string; readonly line: LineSetting }
  | { readonly kind: 'tcp' | 'udp'; readonly host: string; readonly port: number }

const ADDRESS = /^(udp:)?(\[[0-9a-f:.]+\]|[^/\\:[\]]+):(\d{1,5})$/i

/** `host:port` is TCP, `udp:host:port` UDP, and what is neither the path of a serial port. */
export function targetOf(text: string, line: LineSetting): Target {
  const [, udp, host, port] = ADDRESS.exec(text) ?? []
  if (host === undefined || Number(port) > 65_535) return { kind: 'serial', path: text, line }
  return { kind: udp === undefined ? 'tcp' : 'udp', host: host.replaceAll(/[[\]]/g, ''), port: Number(port) }
}

/** As it was named, with how its line is set. */
export function targetText(target: Target): string {
  if (target.kind === 'serial') return `${target.path} ${lineText(target.line)}`
  const address = `${isIPv6(target.host) ? `[${target.host}]` : target.host}:${target.port}`
  return target.kind === 'udp' ? `udp:${address}` : address
}

// ── An open port ─────────────────────────────────────────────────────────────────────────────────────────────────────

export type OpenedPort = {
  readonly kind: 'open'
  /** Bytes for the device; dropped where more wait than a line can take. */
  readonly write: (bytes: Uint8Array) => void
  /** Settles with why, when the port ends by itself. */
  readonly closed: Promise<string>
  readonly close: () => Promise<void>
}
export type OpenResult = OpenedPort | { readonly kind: 'failed'; readonly why: string }

/** Opens it once. `heard` is told of each piece of bytes as it comes: of UDP one datagram. Never rejects. */
export function openPort(target: Target, heard: (bytes: Uint8Array) => void): Promise<OpenResult> {
  if (target.kind === 'serial') return openSerial(target, heard)
  return target.kind === 'tcp' ? openTcp(target, heard) : openUdp(target, heard)
}

const failed = (error: unknown): OpenResult => ({ kind: 'failed', why: error instanceof Error ? error.message : String(error) })

async function openSerial({ path, line }: Target & { kind: 'serial' }, heard: (bytes: Uint8Array) => void): Promise<OpenResult> {
  const real = await realpath(path).catch(() => null)
  if (real === null) return { kind: 'failed', why: `${path} is not there` }
  const port = new SerialPort({ path: real, ...line, autoOpen: false })
  const why = await new Promise<string | null>((resolve) => port.open((error) => resolve(error ? error.message : null)))
  if (why !== null) return { kind: 'failed', why: why.includes('Permission denied') ? `${why}. Members of the group "dialout" may open it.` : why }
  // What the operating system held from before came at another speed.
  await new Promise<void>((resolve) => port.flush(() => resolve()))
  const closed = new Promise<string>((resolve) => {
    port.on('close', () => resolve('the port closed: was the cable pulled?'))
    port.on('error', (error: Error) => resolve(error.message))
  })
  port.on('data', heard)
  return {
    kind: 'open',
    write: (bytes) => void (port.writableLength <= linkLimits.writeBacklogBytesMax && port.write(bytes)),
    closed,
    close: () => new Promise((resolve) => (port.isOpen ? port.close(() => resolve()) : resolve())),
  }
}

async function openTcp({ host, port }: Target & { kind: 'tcp' | 'udp' }, heard: (bytes: Uint8Array) => void): Promise<OpenResult> {
  const socket = connect({ host, port })
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(linkLimits.connectMs) })
  } catch (error) {
    socket.destroy()
    return failed(error)
  }
  const closed = new Promise<string>((resolve) => {
    socket.on('error', (error) => resolve(error.message))
    socket.on('close', () => resolve('the other end closed the connection'))
  })
  socket.on('data', heard)
  return {
    kind: 'open',
    write: (bytes) => void (socket.writableLength <= linkLimits.writeBacklogBytesMax && socket.write(bytes)),
    closed,
    close: () => new Promise((resolve) => (socket.destroyed ? resolve() : socket.once('close', () => resolve()).destroy())),
  }
}

async function openUdp({ host, port }: Target & { kind: 'tcp' | 'udp' }, heard: (bytes: Uint8Array) => void): Promise<OpenResult> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  const closed = new Promise<string>((resolve) => socket.on('error', (error) => resolve(error.message)))
  const close = (): Promise<void> => new Promise((resolve) => socket.close(resolve))
  try {
    // Connected, it takes datagrams from this device alone.
    socket.connect(port, host)
    await once(socket, 'connect', { signal: AbortSignal.timeout(linkLimits.connectMs) })
  } catch (error) {
    await close()
    return failed(error)
  }
  socket.on('message', heard)
  return { kind: 'open', write: (bytes) => void (socket.getSendQueueSize() <= linkLimits.writeBacklogBytesMax && socket.send(bytes)), closed, close }
}

// ── Which there are ──────────────────────────────────────────────────────────────────────────────────────────────────

export type PortListing = {
  /** The name that stays the same when other adapters are plugged in, where there is one. */
  readonly path: string
  /** What the kernel calls it now. */
  readonly device: string
  /** Maker and product of an adapter; empty for a port of the machine itself. */
  readonly what: string
}

/**
 * The serial ports of this machine. On Linux as the kernel lists them: `SerialPort.list()` asks udevadm there, and throws where
 * there is none (a container, a small system). `root` is for tests.
 */
export async function listPorts(root = '/'): Promise<readonly PortListing[]> {
  const names = await readdir(join(root, 'sys/class/tty')).catch(() => null)
  if (names === null) return (await SerialPort.list().catch(() => [])).map(({ path, manufacturer = '' }) => ({ path, device: path, what: manufacturer }))
  const stable = await stableNames(root)
  const found: PortListing[] = []
  for (const name of names.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))) {
    const folder = join(root, 'sys/class/tty', name)
    // Ports that are soldered in are listed though nothing is behind them: their type is then 0.
    const type = await readFile(join(folder, 'type'), 'utf8').catch(() => null)
    const device = await realpath(join(folder, 'device')).catch(() => null)
    if (device === null || type?.trim() === '0') continue
    found.push({ path: stable.get(name) ?? `/dev/${name}`, device: `/dev/${name}`, what: await productAt(device) })
  }
  return found
}

/** /dev/serial/by-id: the names that udev made of maker, product and serial number. */
async function stableNames(root: string): Promise<ReadonlyMap<string, string>> {
  const folder = join(root, 'dev/serial/by-id')
  const names = await readdir(folder).catch(() => [])
  const pairs = names.map(async (name) => [basename(await realpath(join(folder, name)).catch(() => '')), `/dev/serial/by-id/${name}`] as const)
  return new Map(await Promise.all(pairs))
}

/** Interface, then device, then what is above them: as far up as the name of a USB adapter may stand. */
const LEVELS = ['.', '..', '../..', '../../..'] as const

async function productAt(device: string): Promise<string> {
  for (const level of LEVELS) {
    const [maker, product] = await Promise.all(['manufacturer', 'product'].map((file) => readFile(join(device, level, file), 'utf8').catch(() => '')))
    const what = [maker?.trim(), product?.trim()].filter(Boolean).join(' ')
    if (what !== '') return what
  }
  return ''
}
