/**
 * The default sink: `POST {base}/api/v1/analytics/batches`, gzip, Bearer token, Idempotency-Key, TLS 1.3 (contract with
 * central, §2). node:https rather than fetch, which takes neither an authority of one's own nor a least TLS version.
 */

import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { syncLimits } from '../../limits.ts'
import type { Sink, SinkAnswer, SinkBatch } from '../../seams.ts'
import { answerOf } from './https-answer.ts'

export const HTTPS_BATCH = 'https-batch'

export type HttpsBatchSettings = {
  /** Base address of central, with or without a path. */
  readonly url: string
  readonly token: string
  /** PEM of the authority that signed central's certificate; null for those that Node trusts. */
  readonly ca: string | null
  /** Whole call, in ms of real time. */
  readonly timeoutMs?: number
}

const PATH = 'api/v1/analytics/batches'
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/
const gzipped = promisify(gzip)

/** @throws RangeError with a sentence when the address is none, or would send readings over a network in clear. */
export function checkedUrl(text: string): URL {
  if (!URL.canParse(text)) throw new RangeError(`"${text}" is no address: central's base address looks like https://central.example.org`)
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') throw new RangeError('the address of central must not hold a password: the token stands in a file')
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    throw new RangeError(`central's address ${url.origin} is not encrypted: use https, or an address of this machine (127.0.0.1)`)
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new RangeError(`central's address must begin with https://, not ${url.protocol}//`)
  return new URL(PATH, url.href.endsWith('/') ? url.href : `${url.href}/`)
}

/** @throws RangeError for a wrong address or a token that no header can carry. */
export function createHttpsBatch({ url, token, ca, timeoutMs = syncLimits.callTimeoutMs }: HttpsBatchSettings): Sink & { close(): void } {
  const target = checkedUrl(url)
  if (!/^[\x21-\x7e]+$/.test(token)) throw new RangeError('the token of central must be printable characters without spaces')
  const secure = target.protocol === 'https:'
  const connections = { keepAlive: true, maxSockets: 1, timeout: timeoutMs }
  const agent = secure ? new HttpsAgent({ ...connections, minVersion: 'TLSv1.3', ...(ca === null ? {} : { ca }) }) : new HttpAgent(connections)

  function call(batch: SinkBatch, bytes: Uint8Array, signal: AbortSignal): Promise<SinkAnswer> {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-encoding': 'gzip',
      'content-length': bytes.length,
      'idempotency-key': batch.batchId,
      accept: 'application/json',
    }
    return new Promise((resolve, reject) => {
      const sent = (secure ? requestHttps : requestHttp)(target, { method: 'POST', headers, agent, signal })
      // `on`: a broken connection may say so twice, and an error that nobody hears ends the thread.
      sent.on('error', reject)
      sent.once('response', (response) => {
        const { statusCode: status = 0, headers: said } = response
        readAll(response).then((body) => resolve(answerOf({ status, retryAfter: said['retry-after'] ?? null, body }, batch)), reject)
      })
      sent.end(bytes)
    })
  }

  return {
    id: HTTPS_BATCH,
    async send(batch, stop) {
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
        return await call(batch, await gzipped(batch.body), over.signal)
      } catch (reason) {
        const why = late ? `central did not answer within ${timeoutMs / 1_000} s` : `central cannot be reached: ${sentenceOf(reason)}`
        return { kind: 'retry', why: stop.aborted ? 'stopped' : why, afterMs: null }
      } finally {
        clearTimeout(timer)
        stop.removeEventListener('abort', stopped)
      }
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
