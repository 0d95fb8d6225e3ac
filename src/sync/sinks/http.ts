/**
 * POST over HTTPS, TLS 1.3 at least, with a token and where wanted a certificate of our own. node:https, for fetch takes neither an authority
 * nor a least TLS version.
 */

import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { syncLimits } from '../../limits.ts'
import type { SinkAnswer } from '../../seams.ts'
import type { HttpAnswer } from './https-answer.ts'
import { faultOf, within } from './within.ts'

export type Certificate = { readonly cert: string; readonly key: string }

export type HttpSettings = {
  /** Base address of central, with or without a path. */
  readonly url: string
  readonly token: string
  /** PEM of the authority that signed central's certificate; null for those that Node trusts. */
  readonly ca: string | null
  /** PEM: who we are, where central asks for it. */
  readonly certificate?: Certificate | null
  /** Whole call, in ms of real time. */
  readonly timeoutMs?: number
}

export type Call = { readonly path: string; readonly body: Uint8Array; readonly headers: Readonly<Record<string, string>> }
export type Unanswered = Extract<SinkAnswer, { kind: 'retry' }>

export interface Poster {
  /** Never rejects. `path` is relative to the address of `checkedUrl`. */
  post(call: Call, stop: AbortSignal): Promise<HttpAnswer | Unanswered>
  close(): void
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/
export const isLoopback = (host: string): boolean => LOOPBACK.test(host)

/** `path` at the base address. @throws RangeError with a sentence when it is none, or would send readings over a network in clear. */
export function checkedUrl(text: string, path: string): URL {
  if (!URL.canParse(text)) throw new RangeError(`"${text}" is no address: central's base address looks like https://central.example.org`)
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') throw new RangeError('the address of central must not hold a password: the token stands in a file')
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new RangeError(`central's address ${url.origin} is not encrypted: use https, or an address of this machine (127.0.0.1)`)
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new RangeError(`central's address must begin with https://, not ${url.protocol}//`)
  return new URL(path, url.href.endsWith('/') ? url.href : `${url.href}/`)
}

/** @throws RangeError for a wrong address or a token that no header can carry. */
export function createPoster(path: string, { url, token, ca, certificate = null, timeoutMs = syncLimits.callTimeoutMs }: HttpSettings): Poster {
  const target = checkedUrl(url, path)
  if (!/^[\x21-\x7e]+$/.test(token)) throw new RangeError('the token of central must be printable characters without spaces')
  const secure = target.protocol === 'https:'
  const connections = { keepAlive: true, maxSockets: 1, timeout: timeoutMs }
  const agent = secure
    ? new HttpsAgent({ ...connections, minVersion: 'TLSv1.3', ...(ca === null ? {} : { ca }), ...certificate })
    : new HttpAgent(connections)

  function send({ path: to, body, headers }: Call, signal: AbortSignal): Promise<HttpAnswer> {
    const all = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'content-length': body.length, accept: 'application/json', ...headers }
    return new Promise((resolve, reject) => {
      const sent = (secure ? requestHttps : requestHttp)(new URL(to, target), { method: 'POST', headers: all, agent, signal })
      // `on`: a broken connection may say so twice, and an error that nobody hears ends the thread.
      sent.on('error', reject)
      sent.once('response', (response) => {
        const { statusCode: status = 0, headers: said } = response
        readAll(response).then((text) => resolve({ status, retryAfter: said['retry-after'] ?? null, body: text }), reject)
      })
      sent.end(body)
    })
  }

  return {
    async post(call, stop) {
      const outcome = await within((over) => send(call, over), timeoutMs, stop)
      switch (outcome.kind) {
        case 'done':
          return outcome.result
        case 'failed':
          return { kind: 'retry', why: `central cannot be reached: ${faultOf(outcome.error)}`, afterMs: null }
        case 'late':
          return { kind: 'retry', why: `central did not answer within ${timeoutMs / 1_000} s`, afterMs: null }
        case 'stopped':
          return { kind: 'retry', why: 'stopped', afterMs: null }
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
