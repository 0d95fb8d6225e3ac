/** A far end that takes everything and keeps nothing, in a process of its own: what is measured is the gateway. Tells its parent what came. */

import { createServer } from 'node:http'
import { gunzipSync } from 'node:zlib'

/** `alerts`: how long after their own time they were here, in ms. */
export type Received = { readonly batches: number; readonly bytes: number; readonly events: number; readonly alertsMs: readonly number[] }
export type ReceiverSays = { readonly url: string } | Received

let takesFrom: number | null = null
let [batches, bytes, events] = [0, 0, 0]
let alertsMs: number[] = []
const SIZE = /"size":(\d+)/

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => void chunks.push(chunk))
  request.on('end', () => {
    const say = (status: number, body: object, headers: Record<string, string> = {}): void => void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
    if (request.url?.endsWith('/gateways')) return say(200, { through: {} })
    if (takesFrom === null) return say(429, { detail: 'not yet' }, { 'retry-after': '1' })
    const packed = Buffer.concat(chunks)
    const text = gunzipSync(packed).toString()
    batches++
    bytes += packed.length
    events += Number(SIZE.exec(text.slice(text.lastIndexOf('"metadata"')))?.[1] ?? 0)
    // Alerts go by themselves, so their batches begin with one.
    if (text.slice(0, 300).includes('"eventType":"alerts"')) {
      const now = Date.now()
      const { events: sent }: { events: readonly { timestamp: string; data: { phase?: string } }[] } = JSON.parse(text)
      // Those that waited for us to begin say nothing of the way.
      for (const { timestamp, data } of sent) if (data.phase === 'start' && Date.parse(timestamp) > takesFrom) alertsMs.push(now - Date.parse(timestamp))
    }
    return say(202, { batchId: request.headers['idempotency-key'], rejected: [] })
  })
})

process.on('message', (message) => {
  if (message === 'take') takesFrom = Date.now()
  const said: Received = { batches, bytes, events, alertsMs }
  process.send?.(said)
  alertsMs = []
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address !== 'string') process.send?.({ url: `http://127.0.0.1:${address.port}` })
})
