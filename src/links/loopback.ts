/** A conversation of the gateway with itself, over a real socket of this machine: what keeps monitors from being heard keeps this too. */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Logger } from 'pino'
import type { DeviceId } from '../domain/ids.ts'
import { linkLimits, sentinelLimits } from '../limits.ts'
import type { Clock, OpenLine } from '../seams.ts'
import { tcpListener } from './tcp.ts'

export type LoopbackSetting = { readonly id: string; readonly device: DeviceId; readonly clock: Clock; readonly log: Logger }

export type Loopback = {
  /** Never throws, never waits: what cannot be sent now is not sent. */
  say(bytes: Uint8Array): void
  /** Resolves when it has stopped. */
  readonly stopped: Promise<void>
}

/** Listens on a free port, calls it, and calls again whenever the conversation ends. */
export function loopback({ id, device, clock, log }: LoopbackSetting, open: OpenLine, stop: AbortSignal): Loopback {
  let own: Socket | null = null
  let port: number | null = null
  const isOurs = (address: string): boolean => own !== null && address.endsWith(`:${own.localPort}`)

  /** Whoever else calls is not heard. */
  const guarded: OpenLine = (peer, write, hangUp) => {
    const line = open({ ...peer, device }, write, hangUp)
    return {
      ...line,
      receive(bytes, settled) {
        if (isOurs(peer.address)) return line.receive(bytes, settled)
        hangUp?.('not ours')
        return 0
      },
    }
  }

  async function call(): Promise<void> {
    while (!stop.aborted) {
      if (port !== null) await converse(port)
      await clock.sleep(sentinelLimits.callMs, stop)
    }
  }

  async function converse(to: number): Promise<void> {
    const socket = connect({ host: '127.0.0.1', port: to })
    const cut = (): void => void socket.destroy()
    stop.addEventListener('abort', cut)
    // Its end is heard of below; what it answers is read and let go.
    socket.on('error', () => undefined)
    socket.resume()
    try {
      await once(socket, 'connect', { signal: AbortSignal.any([stop, AbortSignal.timeout(linkLimits.connectMs)]) })
      own = socket
      await once(socket, 'close')
    } catch (error) {
      if (!stop.aborted) log.warn({ link: id, why: error instanceof Error ? error.message : String(error) }, 'The gateway cannot call itself; trying again.')
    } finally {
      own = null
      stop.removeEventListener('abort', cut)
      socket.destroy()
    }
  }

  const listening = tcpListener({ id, host: '127.0.0.1', port: 0, clock, log, listening: (got) => (port = got) }).run(guarded, stop)
  return {
    say(bytes) {
      if (own === null || !own.writable) return
      own.write(bytes)
      if (own.writableLength > linkLimits.writeBacklogBytesMax) own.destroy()
    },
    stopped: Promise.all([listening, call()]).then(() => undefined),
  }
}
