/** Fastify, set up so that nothing gets past the table of routes, and every failure is `{ detail }`. */

import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { apiLimits } from '../limits.ts'
import type { Log } from '../security/log.ts'
import { traceOf } from '../security/trace.ts'
import type { Session } from '../security/sessions.ts'
import { mayCome, type TapParts, whoTaps } from './actor.ts'
import { COOKIE, COOKIE_OPTIONS, COOKIE_SECONDS, isFromElsewhere, isJson } from './guard.ts'
import { type Access, type Answer, failure, FAILURES, type Failure, type Route } from './route.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
  }
}

export type Tls = { readonly cert: string; readonly key: string }

export type GuardParts = {
  readonly headers: Readonly<Record<string, string>>
  readonly isOwn: (headers: IncomingHttpHeaders) => boolean
  readonly sessionOf: (headers: IncomingHttpHeaders) => Session | null
}

const NO_STORE = ['cache-control', 'no-store'] as const

function noSchema(): never {
  throw new Error('no route of ours has a schema of Fastify')
}

/** A server that listens to nobody for longer than `requestTimeoutMs` and to at most `connectionsMax` at a time. */
export function httpServer(tls: Tls | null, headers: Readonly<Record<string, string>>): FastifyInstance {
  const timeouts = {
    headersTimeout: apiLimits.requestTimeoutMs,
    requestTimeout: apiLimits.requestTimeoutMs,
    connectionsCheckingInterval: Math.ceil(apiLimits.requestTimeoutMs / 10),
  }
  const app = Fastify({
    logger: false,
    // Bodies are read by zod and written by JSON.stringify: without these two, Fastify loads a hundred files for schemas that no route has.
    schemaController: { compilersFactory: { buildValidator: noSchema, buildSerializer: noSchema } },
    bodyLimit: apiLimits.requestBytesMax,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 1_024 },
    clientErrorHandler: (_error, socket) => refuseGarbage(socket),
    // The reply is typed by a route, and here there is none: the plain one of Node takes what we have.
    frameworkErrors: (_error, _request, { raw }) => {
      const body = JSON.stringify({ detail: 'The address cannot be read.' })
      const fields = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', 'content-length': Buffer.byteLength(body) }
      raw.writeHead(400, { ...headers, ...fields })
      raw.end(body)
    },
    serverFactory: (handler): Server => {
      const server: Server = tls
        ? createTlsServer({ ...timeouts, ...tls, minVersion: 'TLSv1.2', handshakeTimeout: apiLimits.requestTimeoutMs }, handler)
        : createServer(timeouts, handler)
      server.maxConnections = apiLimits.connectionsMax
      return server
    },
  })
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text, done) => {
    // An empty body is an empty object: many routes take nothing.
    if (typeof text !== 'string' || text.trim() === '') done(null, {})
    else void parse(request, text, done)
  })
  return app
}

/** Runs before any byte of a body is read. What is in no table is refused. */
export function guard(app: FastifyInstance, { headers, isOwn, sessionOf }: GuardParts): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headers).header(...NO_STORE)
    if (request.is404) return undefined
    const refused = refusal(request, isOwn, sessionOf)
    if (refused) return send(reply, refused)
    return undefined
  })
}

function refusal(request: FastifyRequest, isOwn: GuardParts['isOwn'], sessionOf: GuardParts['sessionOf']): Answer | null {
  const { access } = request.routeOptions.config
  if (access === undefined) return failure(403, 'This is not for anyone.')
  const isReading = request.method === 'GET' || request.method === 'HEAD'
  if (!isReading) {
    if (!isOwn(request.headers) || isFromElsewhere(request.headers)) return failure(403, 'This request does not come from a page of this gateway.')
    if (!isJson(request.headers)) return failure(403, 'Only application/json is taken.')
  }
  if (access === 'public') return null
  const session = sessionOf(request.headers)
  if (!session) return failure(401, 'Sign in first.')
  return mayCome(access, session.you.role) ? null : failure(403, 'Your role does not allow this.')
}

/** Puts one row of the table into service. */
export function serve(app: FastifyInstance, route: Route, { sessionOf, ...taps }: TapParts & Pick<GuardParts, 'sessionOf'>): void {
  app.route({
    method: route.method,
    url: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    config: { access: route.access },
    handler: async (request, reply) => {
      const { params, query, body, ip: address } = request
      // Asked again: reading the body took time, in which the session may have ended.
      const session = sessionOf(request.headers)
      if (!session && route.access !== 'public') return send(reply, failure(401, 'Sign in first.'))
      const tapped = await whoTaps(taps, { session, access: route.access, method: route.method, body })
      if (tapped.kind === 'refused') return send(reply, tapped.answer)
      return send(reply, await route.run({ params, query, address, body: tapped.body, session: tapped.session }))
    },
  })
}

function send(reply: FastifyReply, { status, body, cookie, cookieSeconds = COOKIE_SECONDS, retryAfterSeconds }: Answer): FastifyReply {
  if (cookie === null) reply.clearCookie(COOKIE, COOKIE_OPTIONS)
  else if (cookie !== undefined) reply.setCookie(COOKIE, cookie, { ...COOKIE_OPTIONS, maxAge: cookieSeconds })
  if (retryAfterSeconds !== undefined) reply.header('retry-after', `${retryAfterSeconds}`)
  return reply.code(status).send(body)
}

/** Says nothing of the cause: an error's message may hold what a patient's monitor sent. */
export function answerFailures(app: FastifyInstance, log: Pick<Log, 'error'>): void {
  app.setNotFoundHandler((_request, reply) => reply.header(...NO_STORE).code(404).send({ detail: 'There is nothing here.' }))
  app.setErrorHandler((error, request, reply) => {
    const status = statusOf(error)
    if (status === 500) {
      const { method, routeOptions } = request
      log.error({ method, route: routeOptions.url ?? 'none', ...traceOf(error) }, 'A request failed: this is a fault of the gateway.')
    }
    return reply.header(...NO_STORE).code(status).send({ detail: SENTENCES[status] })
  })
}

const SENTENCES: Readonly<Record<Failure, string>> = {
  400: `The request cannot be read, or is larger than ${apiLimits.requestBytesMax} bytes.`,
  401: 'Sign in first.',
  403: 'This is not allowed.',
  404: 'There is nothing here.',
  409: 'This is not possible now.',
  422: 'The request is not understood.',
  429: 'Too many requests.',
  500: 'The gateway made a mistake. It is written in its log.',
}

function statusOf(error: unknown): Failure {
  const code = error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500
  const known = FAILURES.find((status) => status === code)
  return known ?? (code >= 400 && code < 500 ? 400 : 500)
}

/** Bytes that are no HTTP, headers without end, or a request that took too long. */
function refuseGarbage(socket: Socket): void {
  if (!socket.writable) return void socket.destroy()
  const body = JSON.stringify({ detail: 'This is not a request that can be read, or it took too long.' })
  const head = ['HTTP/1.1 400 Bad Request', 'content-type: application/json; charset=utf-8', `content-length: ${Buffer.byteLength(body)}`, 'connection: close']
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}
