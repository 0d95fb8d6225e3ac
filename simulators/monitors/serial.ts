/**
 * A serial line: bytes go out whether or not anybody listens, and nothing is kept or acknowledged. Over a pseudo-terminal
 * where `script` is there; else over a loopback TCP port, as a serial device server would offer it.
 */

import { createServer, type Server, type Socket } from 'node:net'
import { simulatorLimits } from '../../src/limits.ts'
import { openPty, type Pty } from '../pty.ts'
import { backoffMs, createBell, LOOK_AROUND_MS, pause } from './bell.ts'
import { createOutbox } from './outbox.ts'
import type { Outgoing, Plug, Wire, WireEvents } from './wire.ts'

export type SerialTarget = {
  /** Stable name of the port: where the link to the terminal is made. */
  readonly link: string
  /** Loopback port to listen on where there are no pseudo-terminals; null for a free one. */
  readonly tcpPort: number | null
  readonly name: string
  /** Told of what the gateway writes. */
  readonly heard?: (bytes: Uint8Array) => void
  readonly openLine?: (link: string) => Promise<Pty | null>
}

/** One opening of the line, whatever it is made of. */
type Line = { readonly send: (message: Outgoing) => Promise<void>; readonly closed: () => boolean; readonly close: () => Promise<void> }

export function serialWire({ link, tcpPort, name, heard = () => undefined, openLine = openPty }: SerialTarget, { note }: Pick<WireEvents, 'note'>): Wire {
  const outbox = createOutbox(simulatorLimits.serialLinesWaitingMax)
  const bell = createBell()
  let state: Plug = 'plugged'
  let pulls = 0
  let noTerminals = false

  async function openOne(): Promise<Line> {
    const pty = noTerminals ? null : await openLine(link)
    if (pty !== null) return overTerminal(pty, { name, heard, note })
    if (!noTerminals) note(`${name}: no usable \`script\` on this machine, so no pseudo-terminal: the serial line goes over TCP instead`)
    noTerminals = true
    return await overTcp(tcpPort ?? 0, { name, heard, note })
  }

  async function converse(line: Line, stop: AbortSignal): Promise<void> {
    const pullsBefore = pulls
    while (!stop.aborted && !line.closed() && pulls === pullsBefore) {
      const message = outbox.first()
      if (message === undefined) await bell.wait(LOOK_AROUND_MS, stop)
      else {
        outbox.done(message)
        await line.send(message)
      }
    }
  }

  return {
    offer(message) {
      if (state !== 'plugged') return false
      const kept = outbox.add(message)
      bell.ring()
      return kept
    },
    plug(next) {
      if (next === state) return
      // A loss of power leaves the adapter in its socket: the port stays, and is silent. A pulled cable takes the port away.
      if (next === 'pulled') pulls++
      if (next !== 'plugged') outbox.clear()
      state = next
      bell.ring()
    },
    async run(stop) {
      while (!stop.aborted) {
        if (state === 'pulled') {
          await bell.wait(LOOK_AROUND_MS, stop)
          continue
        }
        const line = await openOne()
        outbox.clear()
        await converse(line, stop)
        const lost = line.closed()
        await line.close()
        if (!stop.aborted && lost) {
          note(`${name}: the line is gone, opening it again`)
          await pause(backoffMs(0), stop)
        }
      }
    },
  }
}

type Ends = Required<Pick<SerialTarget, 'name' | 'heard'>> & Pick<WireEvents, 'note'>

function overTerminal(pty: Pty, { name, heard, note }: Ends): Line {
  note(`${name}: serial line on ${pty.path}`)
  let closed = false
  let wasHeard = false
  pty.onData(heard)
  void pty.closed.then(() => void (closed = true))
  return {
    async send(message) {
      const isHeard = await pty.heard()
      if (isHeard) pty.write(message.bytes)
      else if (wasHeard) await pty.drain()
      wasHeard = isHeard
    },
    closed: () => closed,
    close: pty.close,
  }
}

async function overTcp(port: number, { name, heard, note }: Ends): Promise<Line> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    if (sockets.size >= simulatorLimits.serialListenersMax) {
      socket.destroy()
      return
    }
    sockets.add(socket)
    socket.on('data', heard)
    socket.on('close', () => sockets.delete(socket))
  })
  const why = await listen(server, port)
  if (why === null) {
    const address = server.address()
    note(`${name}: serial line on tcp 127.0.0.1:${typeof address === 'object' && address !== null ? address.port : port}`)
  } else note(`${name}: cannot listen on 127.0.0.1:${port} (${why})`)
  return {
    send(message) {
      for (const socket of sockets) if (socket.writableLength <= simulatorLimits.serialBacklogBytesMax) socket.write(message.bytes)
      return Promise.resolve()
    },
    closed: () => !server.listening,
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function listen(server: Server, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    server.on('error', (error) => resolve(error.message))
    server.listen(port, '127.0.0.1', () => resolve(null))
  })
}
