/** A thousand gateways in one thread: each sends a minute of its beds as one batch, in the shape and packing of the https-batch sink. */

import { createHash, randomBytes } from 'node:crypto'
import { Agent, request } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'

export type GatewayTask = { readonly url: string; readonly token: string; readonly gateways: number; readonly beds: number; readonly values: number; readonly atOnce: number }
export type Told = { readonly kind: 'ready' } | { readonly kind: 'sent'; readonly events: number; readonly wireBytes: number; readonly plainBytes: number; readonly ms: number }

const METRICS = [
  ['MDC_ECG_HEART_RATE', 147_842, '/min', 78], ['MDC_PULS_OXIM_SAT_O2', 150_456, '%', 96], ['MDC_TTHOR_RESP_RATE', 151_578, '/min', 16],
  ['MDC_PRESS_BLD_ART_ABP_SYS', 150_037, 'mm[Hg]', 122], ['MDC_PRESS_BLD_ART_ABP_DIA', 150_038, 'mm[Hg]', 71], ['MDC_PRESS_BLD_ART_ABP_MEAN', 150_039, 'mm[Hg]', 88],
] as const
export const METRICS_PER_BED = METRICS.length
const START_MS = Date.UTC(2026, 0, 1)
const ORGANIZATION = 'the-fleet'

type Bed = { readonly subject: string; readonly device: string }
/** Noise of the last digit, the same in each run: values that repeat would pack as no patient's do. */
function noise(seed: number): () => number {
  let state = seed >>> 0 || 1
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state / 2 ** 32) * 6 - 3
  }
}

type Packed = { readonly id: string; readonly body: Uint8Array; readonly plainBytes: number; readonly events: number }

function packed(gateway: number, beds: readonly Bed[], { minute, values }: { readonly minute: number; readonly values: number }): Packed {
  const timestamp = new Date(START_MS + minute * 60_000).toISOString()
  const step = 60_000 / values
  const t = Array.from({ length: values }, (_, index) => Math.round(index * step))
  const q = t.map(() => 0)
  const seq = minute * values + 1
  const wobble = noise(gateway * 1_009 + minute)
  const events = beds.flatMap(({ subject, device }) => METRICS.map(([metric, mdc, unit, base]) => ({
    streamId: device, eventType: 'vital-signs', partitionKey: subject, key: `gateway-${gateway}/epoch-1/${subject}/${metric}/${seq}-${seq + values - 1}/0`, revision: 0,
    data: { metric, mdc, loinc: null, unit, t, v: t.map((_, index) => base + Math.round(4 * Math.sin((minute * values + index + gateway) / 7) + wobble())), q }, timestamp,
  })))
  const text = JSON.stringify(events)
  const metadata = JSON.stringify({
    timestamp, source: 'vigil-gateway', size: events.length, schemaVersion: 1, organizationId: ORGANIZATION, gatewayId: `gateway-${gateway}`, lane: 'live', method: 'limited-data-set',
    keyEpoch: 'epoch-1', seqFrom: seq, seqTo: seq + values - 1, through: seq + values - 1, sha256: createHash('sha256').update(text).digest('hex'),
  })
  const id = createHash('sha256').update(metadata).digest('hex').slice(0, 32)
  const plain = Buffer.from(`{"batchId":"${id}","events":${text},"metadata":${metadata}}`)
  return { id, body: gzipSync(plain), plainBytes: plain.length, events: events.length }
}

/** In a thread of its own: packs a minute of all gateways, says so, and sends it when it is told to. */
function run(task: GatewayTask, port: NonNullable<typeof parentPort>): void {
  const agent = new Agent({ keepAlive: true, maxSockets: task.atOnce })
  const fleet = Array.from({ length: task.gateways }, () =>
    Array.from({ length: task.beds }, (): Bed => ({ subject: randomBytes(16).toString('hex'), device: randomBytes(16).toString('hex') })))
  const post = ({ id, body }: Packed): Promise<number> => new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${task.token}`, 'content-type': 'application/json', 'content-encoding': 'gzip', 'idempotency-key': id, 'content-length': body.length }
    request(`${task.url}/api/v1/analytics/batches`, { method: 'POST', agent, headers }, (answer) => {
      answer.resume()
      answer.once('end', () => resolve(answer.statusCode ?? 0))
    }).once('error', reject).end(body)
  })
  let minute = 0
  let batches: readonly Packed[] = []
  const pack = (): void => {
    batches = fleet.map((beds, gateway) => packed(gateway, beds, { minute, values: task.values }))
    minute += 1
    port.postMessage({ kind: 'ready' } satisfies Told)
  }
  const send = async (): Promise<void> => {
    const queue = [...batches]
    const start = performance.now()
    await Promise.all(Array.from({ length: task.atOnce }, async () => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        const status = await post(next)
        if (status !== 202) throw new Error(`central answered ${status}`)
      }
    }))
    const total = (of: (batch: Packed) => number): number => batches.reduce((sum, batch) => sum + of(batch), 0)
    port.postMessage({ kind: 'sent', events: total(({ events }) => events), wireBytes: total(({ body }) => body.length), plainBytes: total(({ plainBytes }) => plainBytes), ms: performance.now() - start } satisfies Told)
  }
  port.on('message', (said) => (said === 'pack' ? pack() : said === 'send' ? void send() : port.close()))
}

if (parentPort !== null && workerData !== null && typeof workerData === 'object' && 'gateways' in workerData) run(workerData, parentPort)
