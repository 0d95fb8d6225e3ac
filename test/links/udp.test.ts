import { type RemoteInfo, type Socket, createSocket } from 'node:dgram'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { deviceId } from '../../src/domain/ids.ts'
import { monoMs } from '../../src/domain/time.ts'
import { linkLimits } from '../../src/limits.ts'
import { udpCaller } from '../../src/links/udp.ts'
import { REAL_TIME, realClock } from '../../src/ops/clock.ts'
import type { Clock, Link, OpenLine } from '../../src/seams.ts'
import { linkContract, quiet, recorder } from '../contract/link.ts'

const real = realClock(REAL_TIME)
/** Sleeps are short, and no time passes but by hand. */
function handClock() {
  let now = 0
  let slept = 0
  const clock: Clock = { ...real, mono: () => monoMs(now), sleep: (ms, stop) => real.sleep(Math.min(ms, 10), stop).then(() => void slept++) }
  return { clock, pass: (ms: number) => void (now += ms), sleeps: () => slept }
}

async function bound(port = 0): Promise<{ readonly socket: Socket; readonly port: number }> {
  const socket = createSocket('udp4')
  socket.bind(port, '127.0.0.1')
  await once(socket, 'listening')
  return { socket, port: socket.address().port }
}

const caller = (port: number, clock: Clock): Link => udpCaller({ id: 'lan', host: '127.0.0.1', port, device: deviceId('mon-1'), clock, log: quiet })

/** A device knows nobody until it is asked: the line speaks first, as a dialogue does. */
const greeting = (link: Link, opened: (conversation: { readonly write: (bytes: Uint8Array) => void; readonly over: Promise<void> }) => void = () => undefined): Link => ({
  id: link.id,
  run: (open, stop) =>
    link.run((peer, write, hangUp) => {
      const line = open(peer, write, hangUp)
      const over = Promise.withResolvers<void>()
      opened({ write, over: over.promise })
      write(Buffer.from('?'))
      return {
        ...line,
        close: (why) => {
          line.close(why)
          over.resolve()
        },
      }
    }, stop),
})

describe('a device asked over UDP', () => {
  linkContract(async () => {
    let { socket, port } = await bound()
    let answered = ''
    let waiting = Promise.withResolvers<RemoteInfo>()
    let last: { readonly write: (bytes: Uint8Array) => void; readonly over: Promise<void> } | null = null
    const listen = (): void => {
      socket.on('message', (bytes, from) => {
        waiting.resolve(from)
        if (bytes.toString() !== '?') answered += bytes.toString()
      })
    }
    listen()
    return {
      link: greeting(caller(port, { ...real, sleep: (ms, stop) => real.sleep(Math.min(ms, 10), stop) }), (conversation) => (last = conversation)),
      say: async (text) => {
        const { port: to } = await waiting.promise
        socket.send(text, to, '127.0.0.1')
      },
      answers: () => answered,
      breakOff: async () => {
        await new Promise<void>((resolve) => socket.close(resolve))
        // Nobody listens there: the next word is refused, which ends the conversation.
        last?.write(Buffer.from('?'))
        await last?.over
        waiting = Promise.withResolvers()
        const again = await bound(port)
        socket = again.socket
        port = again.port
        listen()
      },
      close: () => new Promise<void>((resolve) => socket.close(resolve)),
    }
  })

  it('is one conversation a socket, in which each datagram is heard by itself and nobody else is', async () => {
    const { socket, port } = await bound()
    const asker = Promise.withResolvers<RemoteInfo>()
    socket.on('message', (_bytes, asking) => asker.resolve(asking))
    const stranger = await bound()
    const stop = new AbortController()
    const { open, heard, until } = recorder()
    const running = greeting(caller(port, handClock().clock)).run(open, stop.signal)
    const from = await asker.promise
    stranger.socket.send('intruder', from.port, '127.0.0.1')
    for (const text of ['one', 'two', '']) socket.send(text, from.port, '127.0.0.1')
    socket.send('three', from.port, '127.0.0.1')
    await until(() => heard.some(({ bytes }) => bytes.toString() === 'three'))
    expect(heard.map(({ bytes, peer, settled }) => [bytes.toString(), peer.device, settled])).toEqual(['one', 'two', '', 'three'].map((text) => [text, 'mon-1', undefined]))
    stop.abort()
    await running
    socket.close()
    stranger.socket.close()
  })

  it('is asked anew when it is silent for longer than the limit, not before', async () => {
    const { socket, port } = await bound()
    const stop = new AbortController()
    const { clock, pass, sleeps } = handClock()
    const { open, closed, until } = recorder()
    let opened = 0
    const counting: OpenLine = (...args) => {
      opened++
      return open(...args)
    }
    const running = caller(port, clock).run(counting, stop.signal)
    await expect.poll(() => opened).toBe(1)
    pass(linkLimits.udpSilentMs)
    const before = sleeps()
    await expect.poll(() => sleeps()).toBeGreaterThan(before + 2)
    expect(closed).toEqual([])
    pass(1)
    await until(() => closed.length > 0)
    expect(closed).toEqual(['silent for 30 s'])
    await expect.poll(() => opened).toBe(2)
    stop.abort()
    await running
    expect(closed).toEqual(['silent for 30 s', 'stopped'])
    socket.close()
  })

  it('is hung up when the session says that it is dead, and asked anew', async () => {
    const { socket, port } = await bound()
    const stop = new AbortController()
    const { open, closed, until } = recorder()
    const hangUps: (((why: string) => void) | undefined)[] = []
    const running = caller(port, handClock().clock).run((peer, write, hangUp) => {
      hangUps.push(hangUp)
      return open(peer, write, hangUp)
    }, stop.signal)
    await expect.poll(() => hangUps.length).toBe(1)
    hangUps[0]?.('association refused')
    await until(() => closed.length > 0)
    expect(closed).toEqual(['association refused'])
    await expect.poll(() => hangUps.length).toBe(2)
    stop.abort()
    await running
    socket.close()
  })
})
