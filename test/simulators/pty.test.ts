import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { SerialPort } from 'serialport'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { hasPty, openPty, type Pty } from '../../simulators/pty.ts'
import { until } from './fake-gateway.ts'

const folder = mkdtempSync(join(tmpdir(), 'vigil-pty-'))
const link = join(folder, 'monitor-1')
const WHY = 'no usable `script` (bsdutils) on this machine: no pseudo-terminals'
const there = hasPty()

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
afterAll(() => rm(folder, { recursive: true }))

async function pty(): Promise<Pty> {
  const opened = await openPty(link)
  if (opened === null) throw new Error('no pseudo-terminal, though hasPty() says yes')
  closing.push(opened.close)
  return opened
}

type Port = { readonly port: SerialPort; readonly bytes: number[] }

/** As a gateway opens it: the terminal that the stable name points at. */
async function openPort(): Promise<Port> {
  const port = new SerialPort({ path: await realpath(link), baudRate: 9_600, autoOpen: false })
  const bytes: number[] = []
  port.on('data', (chunk: Buffer) => void bytes.push(...chunk))
  port.on('error', () => undefined)
  await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())))
  closing.push(() => new Promise((resolve) => (port.isOpen ? port.close(() => resolve()) : resolve())))
  return { port, bytes }
}

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, index) => index)

describe('a pseudo-terminal', () => {
  it('carries every byte unchanged, both ways', async (context) => {
    if (!there) context.skip(WHY)
    const line = await pty()
    const heard: number[] = []
    line.onData((bytes) => void heard.push(...bytes))
    const { port, bytes } = await openPort()
    expect(line.write(EVERY_BYTE)).toBe(true)
    await until(() => bytes.length >= 256)
    expect(bytes).toEqual([...EVERY_BYTE])
    port.write(Buffer.from(EVERY_BYTE))
    await until(() => heard.length >= 256)
    expect(heard).toEqual([...EVERY_BYTE])
  })

  it('knows whether anybody has it open', async (context) => {
    if (!there) context.skip(WHY)
    const line = await pty()
    expect(await line.heard()).toBe(false)
    const { port } = await openPort()
    expect(await line.heard()).toBe(true)
    expect(await line.heard()).toBe(true)
    await new Promise<void>((resolve) => port.close(() => resolve()))
    expect(await line.heard()).toBe(false)
  })

  it('can throw away what nobody read', async (context) => {
    if (!there) context.skip(WHY)
    const line = await pty()
    const first = await openPort()
    line.write(Uint8Array.from([1]))
    await until(() => first.bytes.length === 1)
    await new Promise<void>((resolve) => first.port.close(() => resolve()))
    line.write(Uint8Array.from([2, 3, 4]))
    // What `script` has taken is in the terminal soon after: who waits for it there need not read it.
    await promisify(execFile)('python3', ['-c', 'import os, select, sys; select.select([os.open(sys.argv[1], os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)], [], [])', line.terminal])
    await line.drain()
    const second = await openPort()
    line.write(Uint8Array.from([9]))
    await until(() => second.bytes.length > 0)
    expect(second.bytes).toEqual([9])
  })

  it('takes its name away when the cable is pulled, and has the same name when it is back', async (context) => {
    if (!there) context.skip(WHY)
    const line = await pty()
    // Whether an open port hears of it is a race in the kernel (a read fails, or gives nothing for ever): the name tells.
    await openPort()
    await line.close()
    expect(existsSync(link)).toBe(false)
    const again = await pty()
    expect(await realpath(link)).toBe(again.terminal)
    const { bytes } = await openPort()
    again.write(Uint8Array.from([7]))
    await until(() => bytes.length > 0)
    expect(bytes).toEqual([7])
  })

  it('settles `closed` when it ends', async (context) => {
    if (!there) context.skip(WHY)
    const line = await pty()
    await line.close()
    await line.closed
    expect(line.write(Uint8Array.from([1]))).toBe(false)
  })
})
