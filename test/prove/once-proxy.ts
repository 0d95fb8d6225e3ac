/** An HTTP proxy that loses, repeats, reorders, delays and cuts what it is given. */

import { type IncomingHttpHeaders, createServer, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { randomOf } from './prove.ts'

type Kept = { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: Buffer }
type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer }

export const FAULTS = ['lost', 'answer lost', 'repeated', 'reordered', 'delayed', 'cut'] as const
export type Fault = (typeof FAULTS)[number]

export type FaultyProxy = AsyncDisposable & {
  readonly url: string
  /** Where what it takes goes; null: nowhere, central is down. */
  target: string | null
  /** How often each was done. */
  readonly done: ReadonlyMap<Fault, number>
}

/** Of a hundred calls with batches, so many meet each fault. */
const PER_CENT: Readonly<Record<Fault, number>> = { lost: 8, 'answer lost': 12, repeated: 5, reordered: 5, delayed: 3, cut: 4 }
const DELAY_MS_MAX = 60
/** A copy that overtakes nothing any more. */
const COPIES_MAX = 20

export async function faultyProxy(seed: number): Promise<FaultyProxy> {
  const random = randomOf(seed)
  const done = new Map<Fault, number>()
  const copies: Kept[] = []
  const faultNow = (): Fault | null => {
    let at = random.int(100)
    for (const fault of FAULTS) {
      at -= PER_CENT[fault]
      if (at < 0) return fault
    }
    return null
  }

  const proxy: { target: string | null } = { target: null }
  const forward = ({ path, headers, body }: Kept, bytes = body.length): Promise<Answer> =>
    new Promise((resolve, reject) => {
      if (proxy.target === null) return reject(new Error('down'))
      const sent = request(new URL(path, proxy.target), { method: 'POST', headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => void chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }))
      })
      sent.on('error', reject)
      if (bytes === body.length) return void sent.end(body)
      sent.write(body.subarray(0, bytes), () => void sent.destroy(new Error('cut')))
    })
  const quietly = (work: Promise<unknown>): Promise<unknown> => work.catch(() => undefined)

  async function carry(call: Kept): Promise<Answer | null> {
    const fault = call.path.endsWith('/batches') ? faultNow() : null
    if (fault !== null) done.set(fault, (done.get(fault) ?? 0) + 1)
    // What was kept comes when others are through.
    if (copies.length > 0 && random.int(4) === 0) await quietly(forward(copies.splice(random.int(copies.length), 1)[0] ?? call))
    switch (fault) {
      case null:
        return forward(call)
      case 'lost':
        return null
      case 'answer lost':
        await forward(call)
        return null
      case 'repeated':
        return (await Promise.all([forward(call), quietly(forward(call))]))[0]
      case 'reordered':
        if (copies.length < COPIES_MAX) copies.push(call)
        return forward(call)
      case 'delayed':
        await delay(random.int(DELAY_MS_MAX))
        return forward(call)
      case 'cut':
        await quietly(forward(call, Math.floor(call.body.length / 2)))
        return null
    }
  }

  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('error', () => undefined)
    outgoing.on('error', () => undefined)
    incoming.on('data', (chunk: Buffer) => void chunks.push(chunk))
    incoming.on('end', () => {
      const { host: _host, connection: _connection, ...headers } = incoming.headers
      carry({ path: incoming.url ?? '/', headers, body: Buffer.concat(chunks) }).then(
        (answer) => (answer === null ? incoming.socket.destroy() : outgoing.writeHead(answer.status, { 'content-type': 'application/json', ...retryOf(answer) }).end(answer.body)),
        () => incoming.socket.destroy(),
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a port')
  return Object.assign(proxy, {
    url: `http://127.0.0.1:${address.port}`,
    done,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}

const retryOf = ({ headers }: Answer): Record<string, string> => (headers['retry-after'] === undefined ? {} : { 'retry-after': headers['retry-after'] })
