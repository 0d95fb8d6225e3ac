/** The door of /ws: nobody comes in whose Origin is not ours (403), who has no session (401), or who is one too many (429). */

import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type RawData, type WebSocket } from 'ws'
import { apiLimits } from '../limits.ts'
import type { Log } from '../security/log.ts'
import type { Session } from '../security/sessions.ts'
import { whyOf } from '../security/files.ts'
import type { Hub } from './hub.ts'
import type { Wire } from './page-line.ts'
import type { Failure } from './route.ts'

export type DoorParts = {
  readonly hub: Hub
  readonly isOwn: (headers: IncomingMessage['headers']) => boolean
  readonly sessionOf: (headers: IncomingMessage['headers']) => Session | null
  readonly headers: Readonly<Record<string, string>>
  readonly log: Pick<Log, 'info'>
}

export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

export function socketDoor({ hub, isOwn, sessionOf, headers, log }: DoorParts): Upgrade {
  // ws takes 100 MiB a message unless told otherwise.
  const sockets = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: apiLimits.socketMessageBytesMax })
  return (request, socket, head) => {
    // The other end may vanish at any moment; there is nobody to tell.
    socket.on('error', () => socket.destroy())
    const refuse = (status: Failure, detail: string): void => refuseUpgrade(socket, status, { detail, headers })
    const [path] = (request.url ?? '').split('?')
    if (path !== '/ws') return refuse(404, 'There is nothing here.')
    if (!isOwn(request.headers)) return refuse(403, 'This page does not come from this gateway.')
    const session = sessionOf(request.headers)
    if (!session) return refuse(401, 'Sign in first.')
    if (!hub.takesMore) return refuse(429, 'Too many pages are open.')
    sockets.handleUpgrade(request, socket, head, (page) => attach(page, hub, session, log))
  }
}

function attach(page: WebSocket, hub: Hub, session: Session, log: Pick<Log, 'info'>): void {
  const joined = hub.join(wireOf(page), session)
  page.on('message', (data, isBinary) => joined.received(isBinary ? '' : textOf(data)))
  page.on('pong', joined.ponged)
  // A message beyond the limit or a broken frame: ws closes by itself, with the right code.
  page.on('error', (error) => log.info({ why: whyOf(error) }, 'A page broke the rules of the socket.'))
  page.on('close', joined.gone)
}

const wireOf = (page: WebSocket): Wire => ({
  waitingBytes: () => page.bufferedAmount,
  // Without a callback a socket that just closed would throw; its close event tells all there is to tell.
  send: (message) => page.send(message, { binary: false }, () => undefined),
  ping: () => page.ping(undefined, undefined, () => undefined),
  close: (code, reason) => page.close(code, reason),
  cut: () => page.terminate(),
})

function textOf(data: RawData): string {
  if (Buffer.isBuffer(data)) return data.toString('utf8')
  return Array.isArray(data) ? Buffer.concat(data).toString('utf8') : Buffer.from(data).toString('utf8')
}

type Refusal = { readonly detail: string; readonly headers: Readonly<Record<string, string>> }

function refuseUpgrade(socket: Duplex, status: Failure, { detail, headers }: Refusal): void {
  const body = JSON.stringify({ detail })
  const fields = {
    ...headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': `${Buffer.byteLength(body)}`,
    'cache-control': 'no-store',
    connection: 'close',
  }
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...Object.entries(fields).map(([name, value]) => `${name}: ${value}`)]
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}
