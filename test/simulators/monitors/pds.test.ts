import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type PdsWire, pdsWire } from '../../../simulators/monitors/pds.ts'
import type { Outgoing } from '../../../simulators/monitors/wire.ts'
import { simulatorLimits } from '../../../src/limits.ts'
import { freePort } from '../../free-port.ts'
import { until } from '../fake-gateway.ts'

const message = (bytes: Uint8Array): Outgoing => ({ id: '', bytes, values: [] })
const text = (said: string): Outgoing => message(new TextEncoder().encode(said))

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

type Monitor = {
  readonly wire: PdsWire
  readonly ownPort: number
  readonly heard: string[]
  readonly notes: string[]
  readonly announced: string[]
  readonly calls: () => number
}

async function start(): Promise<Monitor> {
  const gateway = createSocket('udp4')
  const announced: string[] = []
  gateway.on('message', (bytes) => void announced.push(bytes.toString()))
  gateway.bind(0, '127.0.0.1')
  await once(gateway, 'listening')
  closing.push(() => new Promise((resolve) => gateway.close(() => resolve())))
  const ownPort = await freePort()
  const stop = new AbortController()
  const heard: string[] = []
  const notes: string[] = []
  let calls = 0
  const hear = (bytes: Uint8Array): void => void heard.push(Buffer.from(bytes).toString())
  const target = { host: '127.0.0.1', port: gateway.address().port, ownPort, name: 'm', heard: hear, called: () => void calls++ }
  const wire = pdsWire(target, { note: (line) => void notes.push(line) })
  const running = wire.run(stop.signal)
  closing.push(() => {
    stop.abort()
    return running
  })
  await until(() => notes.length > 0)
  return { wire, ownPort, heard, notes, announced, calls: () => calls }
}

async function call(port: number): Promise<{ readonly socket: Socket; readonly got: () => string; readonly closed: () => boolean }> {
  const socket = connect(port, '127.0.0.1')
  let got = ''
  let closed = false
  socket.on('data', (bytes: Buffer) => void (got += bytes.toString()))
  socket.on('error', () => undefined)
  socket.on('close', () => void (closed = true))
  closing.push(async () => void socket.destroy())
  await once(socket, 'connect')
  return { socket, got: () => got, closed: () => closed }
}

describe('a monitor that announces itself', () => {
  it('is called, hears and answers', async () => {
    const { wire, ownPort, heard, announced, calls } = await start()
    wire.announce(new TextEncoder().encode('here'))
    await until(() => announced.length === 1)
    expect(wire.offer(text('to nobody'))).toBe(false)
    const { socket, got } = await call(ownPort)
    await until(() => calls() === 1)
    socket.write('query')
    await until(() => heard.length === 1)
    expect(wire.offer(text('answer'))).toBe(true)
    await until(() => got() === 'answer')
    expect([announced, heard]).toEqual([['here'], ['query']])
  })

  it('talks to the newest caller alone', async () => {
    const { wire, ownPort, calls } = await start()
    const first = await call(ownPort)
    await until(() => calls() === 1)
    const second = await call(ownPort)
    await until(() => calls() === 2 && first.closed())
    wire.offer(text('1'))
    await until(() => second.got() === '1')
    expect(first.got()).toBe('')
  })

  it('hangs up, is silent and is not to be reached while its cable is out, and is called again afterwards', async () => {
    const { wire, ownPort, announced, calls } = await start()
    const before = await call(ownPort)
    await until(() => calls() === 1)
    wire.plug('pulled')
    await until(before.closed)
    wire.announce(new TextEncoder().encode('unheard'))
    const meanwhile = await call(ownPort)
    await until(meanwhile.closed)
    expect([wire.offer(text('1')), calls()]).toEqual([false, 1])
    wire.plug('plugged')
    wire.announce(new TextEncoder().encode('here'))
    await until(() => announced.length === 1)
    await call(ownPort)
    await until(() => calls() === 2)
    expect(announced).toEqual(['here'])
  })

  it('gives up a caller that does not read, rather than leave messages out', async () => {
    const { wire, ownPort, notes, calls } = await start()
    const { socket } = await call(ownPort)
    socket.pause()
    await until(() => calls() === 1)
    const piece = new Uint8Array(simulatorLimits.answerBacklogBytesMax + 1)
    // What the system itself holds for a socket comes on top.
    let offered = 0
    while (wire.offer(message(piece))) offered++
    expect(offered).toBeGreaterThan(0)
    expect(notes.at(-1)).toContain('does not read')
    expect(wire.offer(text('1'))).toBe(false)
  })
})
