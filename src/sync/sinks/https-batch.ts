/**
 * The default sink: `POST {base}/api/v1/analytics/batches`, gzip, Bearer token, Idempotency-Key, TLS 1.3 (contract with
 * central, §2). node:https rather than fetch, which takes neither an authority of one's own nor a least TLS version.
 */

import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { syncLimits } from '../../limits.ts'
import type { ClaimAnswer, Sink, SinkAnswer, SinkClaim } from '../../seams.ts'
import { type HttpAnswer, answerOf, claimAnswerOf } from './https-answer.ts'

export const HTTPS_BATCH = 'https-batch'

export type HttpsBatchSettings = {
  /** Base address of central, with or without a path. */
  readonly url: string
  readonly token: string
  /** PEM of the authority that signed central's certificate; null for those that Node trusts. */
  readonly ca: string | null
  /** Drawn at each start of the gateway: by it central tells two boxes with one name apart. Null where nobody cares. */
  readonly instance?: string
  /** Whole call, in ms of real time. */
  readonly timeoutMs?: number
}

const BATCHES = 'batches'
const GATEWAYS = 'gateways'
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/
const gzipped = promisify(gzip)

/** Where batches go. @throws RangeError with a sentence when it is none, or would send readings over a network in clear. */
export function checkedUrl(text: string): URL {
  if (!URL.canParse(text)) throw new RangeError(`"${text}" is no address: central's base address looks like https://central.example.org`)
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') throw new RangeError('the address of central must not hold a password: the token stands in a file')
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    throw new RangeError(`central's address ${url.origin} is not encrypted: use https, or an address of this machine (127.0.0.1)`)
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new RangeError(`central's address must begin with https://, not ${url.protocol}//`)
  return new URL(`api/v1/analytics/${BATCHES}`, url.href.endsWith('/') ? url.href : `${url.href}/`)
}

type Call = { readonly path: string; readonly body: Uint8Array; readonly headers: Readonly<Record<string, string>> }

/** @throws RangeError for a wrong address or a token that no header can carry. */
export function createHttpsBatch({ url, token, ca, instance, timeoutMs = syncLimits.callTimeoutMs }: HttpsBatchSettings): Sink & { close(): void } {
  const target = checkedUrl(url)
  if (!/^[\x21-\x7e]+$/.test(token)) throw new RangeError('the token of central must be printable characters without spaces')
  const secure = target.protocol === 'https:'
  const connections = { keepAlive: true, maxSockets: 1, timeout: timeoutMs }
  const agent = secure ? new HttpsAgent({ ...connections, minVersion: 'TLSv1.3', ...(ca === null ? {} : { ca }) }) : new HttpAgent(connections)

  function post({ path, body, headers }: Call, signal: AbortSignal): Promise<HttpAnswer> {
    const all = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-encoding': 'gzip',
      'content-length': body.length,
      accept: 'application/json',
      ...(instance === undefined ? {} : { 'vigil-instance': instance }),
      ...headers,
    }
    return new Promise((resolve, reject) => {
      const sent = (secure ? requestHttps : requestHttp)(new URL(path, target), { method: 'POST', headers: all, agent, signal })
      // `on`: a broken connection may say so twice, and an error that nobody hears ends the thread.
      sent.on('error', reject)
      sent.once('response', (response) => {
        const { statusCode: status = 0, headers: said } = response
        readAll(response).then((text) => resolve({ status, retryAfter: said['retry-after'] ?? null, body: text }), reject)
      })
      sent.end(body)
    })
  }

  type Unanswered = Extract<SinkAnswer, { kind: 'retry' }>

  async function call(what: Omit<Call, 'body'> & { readonly body: Uint8Array }, stop: AbortSignal): Promise<HttpAnswer | Unanswered> {
    const over = new AbortController()
    let late = false
    const timer = setTimeout(() => {
      late = true
      over.abort()
    }, timeoutMs)
    const stopped = (): void => over.abort()
    stop.addEventListener('abort', stopped, { once: true })
    try {
      if (stop.aborted) return { kind: 'retry', why: 'stopped', afterMs: null }
      return await post({ ...what, body: await gzipped(what.body) }, over.signal)
    } catch (reason) {
      const why = late ? `central did not answer within ${timeoutMs / 1_000} s` : `central cannot be reached: ${sentenceOf(reason)}`
      return { kind: 'retry', why: stop.aborted ? 'stopped' : why, afterMs: null }
    } finally {
      clearTimeout(timer)
      stop.removeEventListener('abort', stopped)
    }
  }

  async function claim(asked: SinkClaim, stop: AbortSignal): Promise<ClaimAnswer> {
    const answer = await call({ path: GATEWAYS, body: new TextEncoder().encode(JSON.stringify(asked)), headers: {} }, stop)
    return 'kind' in answer ? answer : claimAnswerOf(answer)
  }

  return {
    id: HTTPS_BATCH,
    ...(instance === undefined ? {} : { claim }),
    async send(batch, stop) {
      const answer = await call({ path: BATCHES, body: batch.body, headers: { 'idempotency-key': batch.batchId } }, stop)
      return 'kind' in answer ? answer : answerOf(answer, batch)
    },
    close: () => agent.destroy(),
  }
}

/** An answer longer than the bound is cut off there: it is then no JSON, and treated as none. */
async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response) {
    if (!(chunk instanceof Uint8Array)) continue
    length += chunk.length
    if (length > syncLimits.responseBytesMax) {
      response.destroy()
      break
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The code of a network error names it best (ECONNREFUSED, CERT_HAS_EXPIRED); messages may hold addresses. */
function sentenceOf(reason: unknown): string {
  if (!(reason instanceof Error)) return String(reason)
  if (!('code' in reason) || typeof reason.code !== 'string') return reason.message
  return reason.code === 'EPROTO' ? 'EPROTO: it does not speak TLS 1.3' : reason.code
}
