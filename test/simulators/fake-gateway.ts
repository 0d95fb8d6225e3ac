/** The other end of MLLP for tests: takes frames, answers as it is told. Written for the tests, shares nothing with the gateway. */

import { createServer, type Socket } from 'node:net'

/** `null`: no answer. `hang-up`: the connection is closed instead. */
export type Answer = 'AA' | 'CA' | 'AE' | 'AR' | 'hang-up' | 'other-id' | null

export type FakeGateway = {
  readonly port: number
  /** Every frame that came, repeats included, as text. */
  readonly frames: readonly string[]
  readonly connections: () => number
  /** Resolves when so many frames have come. */
  readonly frame: (count: number) => Promise<void>
  readonly close: () => Promise<void>
}

export const controlIdOf = (message: string): string => message.split('\r')[0]?.split('|')[9] ?? ''

export async function fakeGateway(answer: (message: string, nth: number) => Answer = () => 'AA', port = 0): Promise<FakeGateway> {
  const frames: string[] = []
  const waiting = new Set<{ readonly count: number; readonly resolve: () => void }>()
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    connections++
    sockets.add(socket)
    let held = Buffer.alloc(0)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (bytes: Buffer) => {
      held = Buffer.concat([held, bytes])
      for (let end = held.indexOf('\u001c\r'); end !== -1; end = held.indexOf('\u001c\r')) {
        if (held[0] !== 0x0b) throw new Error('a frame must begin with VT')
        const message = held.subarray(1, end).toString('utf8')
        held = held.subarray(end + 2)
        frames.push(message)
        const code = answer(message, frames.length)
        if (code === 'hang-up') socket.destroy()
        else if (code !== null) {
          const id = code === 'other-id' ? 'another' : controlIdOf(message)
          socket.write(`\u000bMSH|^~\\&|GATEWAY||||20260101||ACK^R01|a${frames.length}|P|2.6\rMSA|${code === 'other-id' ? 'AA' : code}|${id}\r\u001c\r`)
        }
        for (const waiter of waiting) if (frames.length >= waiter.count) waiter.resolve()
      }
    })
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    frames,
    connections: () => connections,
    frame: (count) => (frames.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.add({ count, resolve }))),
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** Resolves when `done` says so: for conditions that nothing announces. */
export async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 1))
}
