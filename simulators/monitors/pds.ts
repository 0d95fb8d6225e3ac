/** A monitor that says over UDP where it is, and waits there to be called over TCP: by one gateway at a time, the newest. */

import { createSocket, type Socket as Datagrams } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { simulatorLimits } from '../../src/limits.ts'
import { backoffMs, pause } from './bell.ts'
import type { Plug, Wire, WireEvents } from './wire.ts'

export type PdsTarget = {
  /** Where announcements go. */
  readonly host: string
  readonly port: number
  /** The loopback port at which it is called, and which it announces. */
  readonly ownPort: number
  readonly name: string
  readonly heard: (bytes: Uint8Array) => void
  /** A new call: of what was asked for in the one before nothing is left. */
  readonly called: () => void
}

export type PdsWire = Wire & {
  /** Sends an announcement, if the cable is in. */
  readonly announce: (datagram: Uint8Array) => void
}

/** The loopback address, which the announcement gives too. */
export const PDS_ADDRESS = '127.0.0.1'

export function pdsWire({ host, port, ownPort, name, heard, called }: PdsTarget, { note }: Pick<WireEvents, 'note'>): PdsWire {
  let state: Plug = 'plugged'
  let caller: Socket | null = null
  let datagrams: Datagrams | null = null

  function accept(socket: Socket): void {
    socket.on('error', () => socket.destroy())
    if (state !== 'plugged') {
      socket.destroy()
      return
    }
    caller?.destroy()
    caller = socket
    called()
    socket.on('data', (bytes: Buffer) => {
      if (caller === socket) heard(bytes)
    })
    socket.on('close', () => {
      if (caller === socket) caller = null
    })
  }

  async function wait(stop: AbortSignal): Promise<void> {
    const server = createServer({ noDelay: true }, accept)
    try {
      server.listen(ownPort, PDS_ADDRESS)
      await once(server, 'listening', { signal: stop })
      note(`${name}: waits to be called at tcp ${PDS_ADDRESS}:${ownPort}`)
      await once(server, 'close', { signal: stop })
    } catch (error) {
      if (!stop.aborted) note(`${name}: cannot wait at tcp ${PDS_ADDRESS}:${ownPort} (${error instanceof Error ? error.message : String(error)}), trying again`)
    }
    caller?.destroy()
    await new Promise<void>((resolve) => void server.close(() => resolve()))
  }

  return {
    announce(datagram) {
      if (state === 'plugged') datagrams?.send(datagram, port, host, () => undefined)
    },
    offer({ bytes }) {
      if (state !== 'plugged' || caller === null) return false
      if (caller.writableLength > simulatorLimits.answerBacklogBytesMax) {
        // Messages that are left out would be a conversation with holes.
        note(`${name}: the gateway does not read, hanging up`)
        caller.destroy()
        return false
      }
      caller.write(bytes)
      return true
    },
    plug(next) {
      state = next
      if (next !== 'plugged') caller?.destroy()
    },
    async run(stop) {
      datagrams = createSocket('udp4')
      datagrams.on('error', () => undefined)
      for (let attempt = 0; !stop.aborted; attempt++) {
        await wait(stop)
        await pause(backoffMs(attempt), stop)
      }
      const open = datagrams
      datagrams = null
      await new Promise<void>((resolve) => open.close(() => resolve()))
    },
  }
}
