/** One conversation over MLLP, one message at a time: what is sent next waits for the answer to what was sent before. */

import { type Socket, connect as connectPlain } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { MllpFramer, mllpFrame } from '../../codec/mllp.ts'
import { syncLimits } from '../../limits.ts'
import { type TlsSpec, tlsOptions } from './tls.ts'

export type MllpPlace = { readonly host: string; readonly port: number; readonly tls: TlsSpec | null }

export interface MllpCaller {
  /** The answer's content. Rejects when the connection breaks or `over` aborts: it is closed then, so that no late answer is taken for the next one's. */
  call(content: Uint8Array, over: AbortSignal): Promise<Uint8Array>
  close(): void
}

export function createMllpCaller({ host, port, tls }: MllpPlace): MllpCaller {
  let open: Socket | null = null

  const dial = (): Socket => (tls === null ? connectPlain({ host, port }) : connectTls({ host, port, ...tlsOptions(tls) }))

  function close(): void {
    open?.destroy()
    open = null
  }

  return {
    call(content, over) {
      if (open === null || open.destroyed) open = dial()
      const socket = open
      const framer = new MllpFramer({ frameBytesMax: syncLimits.ackBytesMax, keptBytesMax: 0, noiseSpanBytesMax: syncLimits.ackBytesMax })
      return new Promise((resolve, reject) => {
        const leave = (): void => {
          socket.off('data', heard)
          socket.off('error', broken)
          socket.off('close', ended)
          over.removeEventListener('abort', stopped)
          // Nobody listens between two calls, and an error that nobody hears ends the thread.
          socket.on('error', () => undefined)
        }
        const fail = (error: Error): void => {
          leave()
          close()
          reject(error)
        }
        const broken = (error: Error): void => fail(error)
        const ended = (): void => fail(new Error('the connection was closed before an answer came'))
        const stopped = (): void => fail(new Error('stopped'))
        const heard = (chunk: Uint8Array): void => {
          for (const frame of framer.push(Uint8Array.from(chunk))) {
            if (frame.kind === 'bad') return fail(new Error('what came back is no answer in MLLP'))
            if (frame.kind !== 'message') continue
            leave()
            return resolve(frame.content)
          }
        }
        socket.removeAllListeners('error')
        socket.on('data', heard)
        socket.on('error', broken)
        socket.on('close', ended)
        over.addEventListener('abort', stopped, { once: true })
        if (over.aborted) stopped()
        else socket.write(mllpFrame(content))
      })
    },
    close,
  }
}
