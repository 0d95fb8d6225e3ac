/** TCP, both ways: a listener that monitors call (MLLP), and a caller for monitors and serial servers that wait to be called. */

import { connect, createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import type { Logger } from 'pino'
import type { DeviceId } from '../domain/ids.ts'
import { linkLimits } from '../limits.ts'
import type { Clock, Link, OpenLine } from '../seams.ts'
import { Places } from './places.ts'
import { converse } from './socket.ts'

export type ListenerSetting = {
  readonly id: string
  readonly host: string
  readonly port: number
  readonly clock: Clock
  readonly log: Logger
  /** Told once it listens, with the port it got. */
  readonly listening: (port: number) => void
}

/** Listens for monitors that push (HL7 over MLLP). Reopens when the port is taken or the interface is not up yet. */
export function tcpListener({ id, host, port, clock, log, listening }: ListenerSetting): Link {
  return {
    id,
    async run(open, stop) {
      const places = new Places()
      const accept = (socket: Socket): void => {
        const address = socket.remoteAddress ?? 'unknown'
        if (!places.take(socket)) {
          log.warn({ link: id, address, sockets: places.taken }, 'Connection refused: too many.')
          socket.destroy()
          return
        }
        // Never rejects: a conversation ends when its socket does.
        void converse(socket, open, { address: `${address}:${socket.remotePort ?? 0}`, device: null })
      }
      while (!stop.aborted) {
        const server = createServer(accept)
        try {
          server.listen(port, host)
          await once(server, 'listening', { signal: stop })
          const got = server.address()
          listening(typeof got === 'object' && got ? got.port : port)
          await once(server, 'close', { signal: stop })
        } catch (error) {
          if (!stop.aborted) log.error({ link: id, why: error instanceof Error ? error.message : String(error) }, 'Listener failed; trying again.')
        } finally {
          server.close()
          places.clear()
        }
        await clock.sleep(linkLimits.serialReopenDelayMs, stop)
      }
    },
  }
}

/** Whom to call. */
export type Called = { readonly host: string; readonly port: number; readonly device: DeviceId }

export type CallerSetting = Called & { readonly id: string; readonly clock: Clock; readonly log: Logger }

/** One call. Resolves with null when the conversation is over, or with why there was none. */
export async function callOnce({ host, port, device }: Called, open: OpenLine, stop: AbortSignal): Promise<string | null> {
  const socket = connect({ host, port })
  const cut = (): void => void socket.destroy()
  stop.addEventListener('abort', cut)
  try {
    await once(socket, 'connect', { signal: AbortSignal.any([stop, AbortSignal.timeout(linkLimits.connectMs)]) })
    await converse(socket, open, { address: `${host}:${port}`, device })
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    stop.removeEventListener('abort', cut)
    socket.destroy()
  }
}

/** Calls one device and calls again whenever the conversation ends. */
export function tcpCaller({ id, host, port, device, clock, log }: CallerSetting): Link {
  return {
    id,
    async run(open, stop) {
      while (!stop.aborted) {
        const why = await callOnce({ host, port, device }, open, stop)
        if (why !== null && !stop.aborted) log.info({ link: id, why }, 'Device does not answer the call; trying again.')
        await clock.sleep(linkLimits.serialReopenDelayMs, stop)
      }
    },
  }
}
