import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { udpWire } from '../../../simulators/monitors/udp.ts'
import type { Outgoing, Wire } from '../../../simulators/monitors/wire.ts'
import { until } from '../fake-gateway.ts'

const message = (text: string): Outgoing => ({ id: text, bytes: new TextEncoder().encode(text), values: [] })

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** At a port that the system chooses, which the wire names. */
async function start(wanted = 0): Promise<{ readonly wire: Wire; readonly port: number; readonly heard: string[]; readonly notes: string[] }> {
  const stop = new AbortController()
  const heard: string[] = []
  const notes: string[] = []
  const hear = (bytes: Uint8Array): void => void heard.push(new TextDecoder().decode(bytes))
  const wire = udpWire({ host: '127.0.0.1', port: wanted, name: 'm', heard: hear }, { note: (line) => void notes.push(line) })
  const running = wire.run(stop.signal)
  closing.push(() => {
    stop.abort()
    return running
  })
  await until(() => notes.length > 0)
  return { wire, port: Number(/:(\d+)$/.exec(notes[0] ?? '')?.[1]), heard, notes }
}

async function client(): Promise<{ readonly socket: Socket; readonly got: string[] }> {
  const socket = createSocket('udp4')
  const got: string[] = []
  socket.on('message', (bytes) => void got.push(bytes.toString()))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  closing.push(() => new Promise((resolve) => socket.close(() => resolve())))
  return { socket, got }
}

describe('a monitor that is asked over UDP', () => {
  it('has nobody to talk to before it is spoken to, and answers who spoke last', async () => {
    const { wire, port, heard } = await start()
    expect(wire.offer(message('into the void'))).toBe(false)
    const [one, other] = [await client(), await client()]
    one.socket.send('a', port, '127.0.0.1')
    await until(() => heard.length === 1)
    expect(wire.offer(message('to a'))).toBe(true)
    await until(() => one.got.length === 1)
    other.socket.send('b', port, '127.0.0.1')
    await until(() => heard.length === 2)
    wire.offer(message('to b'))
    await until(() => other.got.length === 1)
    expect([one.got, other.got, heard]).toEqual([['to a'], ['to b'], ['a', 'b']])
  })

  it('neither hears nor says anything while its cable is out', async () => {
    const { wire, port, heard } = await start()
    const { socket, got } = await client()
    socket.send('a', port, '127.0.0.1')
    await until(() => heard.length === 1)
    wire.plug('pulled')
    expect(wire.offer(message('1'))).toBe(false)
    socket.send('b', port, '127.0.0.1')
    // On loopback a datagram is there when it was sent: who read a later one has had this one too.
    const echo = await client()
    echo.socket.send('x', echo.socket.address().port, '127.0.0.1')
    await until(() => echo.got.length === 1)
    wire.plug('plugged')
    socket.send('c', port, '127.0.0.1')
    await until(() => heard.includes('c'))
    wire.offer(message('2'))
    await until(() => got.length === 1)
    expect([got, heard]).toEqual([['2'], ['a', 'c']])
  })

  it('says so where its port is taken', async () => {
    const { socket } = await client()
    const { notes } = await start(socket.address().port)
    expect(notes[0]).toContain('cannot wait')
  })
})
