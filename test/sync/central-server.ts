/** A central on a real socket, small enough to be read: what the wire tests talk to. */

import { type IncomingMessage, type RequestListener, type ServerResponse, createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { Behaviour } from '../contract/sink.ts'
import { bodyOf } from './fakes.ts'

export type CentralServer = {
  readonly url: string
  readonly token: string
  behave(behaviour: Behaviour | ((request: IncomingMessage, response: ServerResponse, batchId: string) => void)): void
  bodies(): readonly Uint8Array[]
  /** Keys of the events that it has, each once. */
  taken(): readonly string[]
  requests(): readonly IncomingMessage[]
  close(): Promise<void>
}

const TOKEN = 'secret-token'

export async function centralServer(tls?: { readonly cert: string; readonly key: string; readonly maxVersion?: 'TLSv1.2'; readonly ca?: string; readonly requestCert?: true; readonly rejectUnauthorized?: true }): Promise<CentralServer> {
  let behaviour: Behaviour | ((request: IncomingMessage, response: ServerResponse, batchId: string) => void) = 'takes'
  const bodies: Uint8Array[] = []
  const requests: IncomingMessage[] = []
  const known = new Set<string>()
  const held = new Set<string>()

  function answer(request: IncomingMessage, response: ServerResponse, batchId: string, keys: readonly string[]): void {
    const take = (some: readonly string[]): void => some.forEach((key) => held.add(key))
    const say = (status: number, body: object, headers: Record<string, string> = {}): void => void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
    if (typeof behaviour === 'function') return behaviour(request, response, batchId)
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return say(401, { detail: 'no' })
    const receipt = { batchId, accepted: keys.length, rejected: [] }
    switch (behaviour) {
      case 'takes':
        take(keys)
        say(known.has(batchId) ? 200 : 202, receipt)
        return void known.add(batchId)
      case 'takes-and-answer-is-lost':
        take(keys)
        known.add(batchId)
        return void request.socket.destroy()
      case 'rejects-row-1':
        take(keys.filter((_key, index) => index !== 1))
        return say(202, { batchId, accepted: 1, rejected: [{ index: 1, code: 'ANALYTICS_003', detail: 'unit' }] })
      case 'is-down':
        return say(503, { detail: 'down' })
      case 'wants-a-pause':
        return say(429, { detail: 'slowly' }, { 'retry-after': '7' })
      case 'refuses-us':
        return say(401, { detail: 'no' })
      case 'finds-it-too-large':
        return say(413, { detail: 'too large' })
      case 'cannot-take-it':
        return say(422, { detail: 'no', code: 'ANALYTICS_003' })
      case 'finds-it-too-old':
        return say(422, { detail: 'older than a day', code: 'ANALYTICS_010' })
      case 'silent':
        return
    }
  }

  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = []
    request.on('error', () => undefined)
    request.on('data', (chunk: Buffer) => void chunks.push(chunk))
    request.on('end', () => {
      const body = request.headers['content-encoding'] === 'zstd' ? zstdDecompressSync(Buffer.concat(chunks)) : gunzipSync(Buffer.concat(chunks))
      // This one keeps no record of who sends.
      if (request.url?.endsWith('/gateways')) return void response.writeHead(404, { 'content-type': 'application/json' }).end('{}')
      bodies.push(body)
      requests.push(request)
      const { batchId, events } = bodyOf(body)
      answer(request, response, batchId, events.map(({ key }) => key))
    })
  }
  const server = tls ? createTlsServer(tls, listener) : createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a port')
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${address.port}`,
    token: TOKEN,
    behave: (next) => void (behaviour = next),
    bodies: () => bodies,
    taken: () => [...held],
    requests: () => requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
