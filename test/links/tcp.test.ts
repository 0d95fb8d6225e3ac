import { once } from 'node:events'
import { type Socket, connect, createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { deviceId } from '../../src/domain/ids.ts'
import { linkLimits } from '../../src/limits.ts'
import { tcpCaller, tcpListener } from '../../src/links/tcp.ts'
import { REAL_TIME, realClock } from '../../src/ops/clock.ts'
import { linkContract, quiet, recorder } from '../contract/link.ts'

const clock = realClock(REAL_TIME)

/** A listener and the port it got. */
function listener() {
  let port = 0
  const listening = new Promise<number>((resolve) => {
    const link = tcpListener({ id: 'in', host: '127.0.0.1', port: 0, clock, log: quiet, listening: (got) => ((port = got), resolve(got)) })
    made = link
  })
  return { link: made, listening, port: () => port }
}
let made: ReturnType<typeof tcpListener>

describe('the listener', () => {
  linkContract(async () => {
    const { link, listening } = listener()
    let socket: Socket | null = null
    let answered = ''
    const call = async (): Promise<Socket> => {
      const fresh = connect(await listening, '127.0.0.1')
      fresh.on('data', (bytes: Buffer) => (answered += bytes.toString()))
      await once(fresh, 'connect')
      return fresh
    }
    return {
      link,
      say: async (text) => {
        socket ??= await call()
        socket.write(text)
      },
      answers: () => answered,
      breakOff: async () => {
        socket?.destroy()
        socket = null
      },
      close: async () => void socket?.destroy(),
    }
  })

  it('refuses one connection more than a peer may have, and serves the others', async () => {
    const { link, listening } = listener()
    const stop = new AbortController()
    const { open, until, text } = recorder()
    const running = link.run(open, stop.signal)
    const port = await listening
    const sockets: Socket[] = []
    for (let index = 0; index < linkLimits.socketsPerPeerMax; index++) {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      sockets.push(socket)
    }
    const tooMany = connect(port, '127.0.0.1')
    await once(tooMany, 'close')
    sockets[0]?.write('still served')
    await until(() => text() === 'still served')
    stop.abort()
    await running
    for (const socket of sockets) socket.destroy()
  })
})

describe('the caller', () => {
  linkContract(async () => {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    let answered = ''
    let socket: Socket | null = null
    const called = (): Promise<Socket> => once(server, 'connection').then(([fresh]: Socket[]) => {
      if (!fresh) throw new Error('no connection')
      fresh.on('data', (bytes: Buffer) => (answered += bytes.toString()))
      fresh.on('error', () => undefined)
      return fresh
    })
    let next = called()
    return {
      link: tcpCaller({ id: 'out', host: '127.0.0.1', port, device: deviceId('mon-1'), clock, log: quiet }),
      say: async (text) => {
        socket ??= await next
        socket.write(text)
      },
      answers: () => answered,
      breakOff: async () => {
        next = called()
        socket?.destroy()
        socket = null
      },
      close: async () => {
        socket?.destroy()
        server.close()
        next.catch(() => undefined)
      },
    }
  })

  it('knows its device before any byte', async () => {
    const server = createServer((socket) => socket.end('x'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const stop = new AbortController()
    const { open, heard, until } = recorder()
    const running = tcpCaller({ id: 'out', host: '127.0.0.1', port: typeof address === 'object' && address ? address.port : 0, device: deviceId('mon-1'), clock, log: quiet }).run(open, stop.signal)
    await until(() => heard.length > 0)
    expect(heard[0]?.peer.device).toBe('mon-1')
    stop.abort()
    await running
    server.close()
  })
})
