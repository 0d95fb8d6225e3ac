/** A port where a monitor waits to be asked over UDP: it answers whoever spoke last, one message a datagram. */

import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { simulatorLimits } from '../../src/limits.ts'
import { backoffMs, pause } from './bell.ts'
import type { Plug, Wire, WireEvents } from './wire.ts'

export type UdpTarget = {
  /** Where the monitor waits. */
  readonly host: string
  readonly port: number
  readonly name: string
  readonly heard: (bytes: Uint8Array) => void
}

export function udpWire({ host, port, name, heard }: UdpTarget, { note }: Pick<WireEvents, 'note'>): Wire {
  let state: Plug = 'plugged'
  let socket: Socket | null = null
  let client: { readonly address: string; readonly port: number } | null = null

  async function wait(stop: AbortSignal): Promise<void> {
    const opened = createSocket('udp4')
    try {
      opened.bind(port, host)
      await once(opened, 'listening', { signal: stop })
      note(`${name}: waits to be asked at udp ${host}:${opened.address().port}`)
      opened.on('message', (bytes, from) => {
        if (state !== 'plugged') return
        client = from
        heard(bytes)
      })
      socket = opened
      await once(opened, 'close', { signal: stop })
    } catch (error) {
      if (!stop.aborted) note(`${name}: cannot wait at udp ${host}:${port} (${error instanceof Error ? error.message : String(error)}), trying again`)
    }
    socket = null
    await new Promise<void>((resolve) => opened.close(() => resolve()))
  }

  return {
    offer({ bytes }) {
      if (state !== 'plugged' || socket === null || client === null || socket.getSendQueueSize() > simulatorLimits.answerBacklogBytesMax) return false
      // A datagram that does not arrive is nobody's news.
      socket.send(bytes, client.port, client.address, () => undefined)
      return true
    },
    plug(next) {
      state = next
    },
    async run(stop) {
      for (let attempt = 0; !stop.aborted; attempt++) {
        await wait(stop)
        await pause(backoffMs(attempt), stop)
      }
    },
  }
}
