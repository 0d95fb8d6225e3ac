import { connect, createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { serialWire } from '../../../simulators/monitors/serial.ts'
import type { Outgoing, Wire } from '../../../simulators/monitors/wire.ts'
import type { Pty } from '../../../simulators/pty.ts'
import { simulatorLimits } from '../../../src/limits.ts'
import { until } from '../fake-gateway.ts'

const message = (id: string): Outgoing => ({ id, bytes: new TextEncoder().encode(`${id}\r\n`), values: [] })

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function start(openLine: (link: string) => Promise<Pty | null>, tcpPort: number | null = null): { readonly wire: Wire; readonly notes: string[]; readonly heard: string[] } {
  const stop = new AbortController()
  const notes: string[] = []
  const heard: string[] = []
  const wire = serialWire({ link: '/nowhere/monitor-1', tcpPort, name: 'm', heard: (bytes) => void heard.push(new TextDecoder().decode(bytes)), openLine }, { note: (line) => void notes.push(line) })
  const running = wire.run(stop.signal)
  closing.push(() => {
    stop.abort()
    return running
  })
  return { wire, notes, heard }
}

/** A terminal made of an array: the fake of the wire itself. `type`: what a gateway writes. */
function fakePty(heard: () => boolean): { readonly open: () => Promise<Pty>; readonly type: (text: string) => void; readonly written: string[]; readonly drained: () => number; readonly opened: () => number; readonly openNow: () => number } {
  const written: string[] = []
  let drained = 0
  let opened = 0
  let now = 0
  const listeners: ((bytes: Uint8Array) => void)[] = []
  return {
    type: (text) => listeners.forEach((listener) => listener(new TextEncoder().encode(text))),
    written,
    drained: () => drained,
    opened: () => opened,
    openNow: () => now,
    open: () => {
      opened++
      now++
      return Promise.resolve({
        path: '/nowhere/monitor-1',
        terminal: '/dev/pts/9',
        write: (bytes) => {
          written.push(new TextDecoder().decode(bytes))
          return true
        },
        onData: (listener) => void listeners.push(listener),
        heard: () => Promise.resolve(heard()),
        drain: () => {
          drained++
          return Promise.resolve()
        },
        closed: new Promise<void>(() => undefined),
        close: () => {
          now--
          return Promise.resolve()
        },
      })
    },
  }
}

describe('a serial line', () => {
  it('writes what it is given while somebody listens', async () => {
    const pty = fakePty(() => true)
    const { wire, notes } = start(pty.open)
    await until(() => notes.length === 1)
    for (const id of ['1', '2', '3']) wire.offer(message(id))
    await until(() => pty.written.length === 3)
    expect(pty.written).toEqual(['1\r\n', '2\r\n', '3\r\n'])
  })

  it('tells of what the gateway writes', async () => {
    const pty = fakePty(() => true)
    const { notes, heard } = start(pty.open)
    await until(() => notes.length === 1)
    pty.type('query')
    expect(heard).toEqual(['query'])
  })

  it('keeps nothing for a listener that comes later', async () => {
    let heard = true
    const pty = fakePty(() => heard)
    const { wire, notes } = start(pty.open)
    await until(() => notes.length === 1)
    wire.offer(message('1'))
    await until(() => pty.written.length === 1)
    heard = false
    wire.offer(message('2'))
    wire.offer(message('3'))
    await until(() => pty.drained() === 1)
    heard = true
    wire.offer(message('4'))
    await until(() => pty.written.length === 2)
    expect(pty.written).toEqual(['1\r\n', '4\r\n'])
  })

  it('takes its port away while the cable is out, and sends nothing old when it is back', async () => {
    const pty = fakePty(() => true)
    const { wire, notes } = start(pty.open)
    await until(() => notes.length === 1)
    wire.plug('pulled')
    expect(wire.offer(message('1'))).toBe(false)
    await until(() => pty.openNow() === 0)
    wire.plug('plugged')
    await until(() => pty.opened() === 2)
    wire.offer(message('2'))
    await until(() => pty.written.length === 1)
    expect(pty.written).toEqual(['2\r\n'])
  })

  it('keeps its port, and is silent, while the device has no power', async () => {
    const pty = fakePty(() => true)
    const { wire, notes } = start(pty.open)
    await until(() => notes.length === 1)
    wire.plug('dead')
    expect(wire.offer(message('1'))).toBe(false)
    wire.plug('plugged')
    wire.offer(message('2'))
    await until(() => pty.written.length === 1)
    expect([pty.opened(), pty.written]).toEqual([1, ['2\r\n']])
  })

  it('drops lines beyond what can wait', () => {
    const wire = serialWire({ link: '/nowhere', tcpPort: null, name: 'm', openLine: () => Promise.resolve(null) }, { note: () => undefined })
    const kept = Array.from({ length: simulatorLimits.serialLinesWaitingMax + 1 }, (_, index) => wire.offer(message(String(index))))
    expect([kept.filter(Boolean).length, kept.at(-1)]).toEqual([simulatorLimits.serialLinesWaitingMax, false])
  })

  it('goes over a loopback TCP port where there are no pseudo-terminals, and says so', async () => {
    const { wire, notes, heard } = start(() => Promise.resolve(null))
    await until(() => notes.length === 2)
    expect(notes[0]).toContain('goes over TCP instead')
    const port = Number(/tcp 127\.0\.0\.1:(\d+)$/.exec(notes[1] ?? '')?.[1])
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.write('query')
    socket.on('data', (bytes: Buffer) => void (text += bytes.toString()))
    closing.push(() => new Promise((resolve) => void socket.destroy().once('close', () => resolve())))
    await new Promise((resolve) => socket.once('connect', resolve))
    // The listener's own accept may still be on its way: a line too early falls on the floor, as it should.
    let sent = 0
    await until(() => {
      wire.offer(message(String(++sent)))
      return text.endsWith('\r\n')
    })
    expect(text).toMatch(/^(\d+\r\n)+$/)
    await until(() => heard.join('') === 'query')
  })

  it('takes so many listeners over TCP and no more', async () => {
    const { notes } = start(() => Promise.resolve(null))
    await until(() => notes.length === 2)
    const port = Number(/tcp 127\.0\.0\.1:(\d+)$/.exec(notes[1] ?? '')?.[1])
    const closed: number[] = []
    for (let nth = 1; nth <= simulatorLimits.serialListenersMax + 1; nth++) {
      const socket = connect(port, '127.0.0.1')
      socket.on('close', () => void closed.push(nth))
      closing.push(async () => void socket.destroy())
      await new Promise((resolve) => socket.once('connect', resolve))
    }
    await until(() => closed.length > 0)
    expect(closed).toEqual([simulatorLimits.serialListenersMax + 1])
  })

  it('survives a TCP port that somebody else has', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    closing.push(() => new Promise((resolve) => void other.close(() => resolve())))
    const address = other.address()
    const { notes } = start(() => Promise.resolve(null), typeof address === 'object' && address !== null ? address.port : 0)
    await until(() => notes.some((line) => line.includes('cannot listen')))
  })
})
