/** The web server: nurse station, API and socket on one port. */

import type { IncomingHttpHeaders } from 'node:http'
import { hostname } from 'node:os'
import fastifyCookie from '@fastify/cookie'
import type { FastifyInstance } from 'fastify'
import { apiLimits } from '../limits.ts'
import type { Clock } from '../seams.ts'
import type { Log } from '../security/log.ts'
import type { LoginLinks } from '../security/login-links.ts'
import type { LoginThrottle } from '../security/login-throttle.ts'
import type { Session, Sessions } from '../security/sessions.ts'
import type { Users } from '../security/users.ts'
import { COOKIE, isLoopback, ownOrigin, securityHeaders, urlHost } from './guard.ts'
import { answerFailures, guard, httpServer, serve, type Tls } from './http.ts'
import { Hub } from './hub.ts'
import { describeApi } from './openapi.ts'
import { servePages } from './pages.ts'
import { realNow, realSleep } from './real-time.ts'
import type { Route } from './route.ts'
import { routesOf } from './routes.ts'
import { socketDoor } from './socket.ts'
import type { Ward } from './ward.ts'

export type ApiSetting = {
  readonly ward: Ward
  readonly users: Users
  readonly sessions: Sessions
  readonly links: LoginLinks
  readonly throttle: LoginThrottle
  /** Of PINs and badges. */
  readonly pins: LoginThrottle
  /** What `npm run build` made; may not be there yet. Absolute path. */
  readonly webFolder: string
  /** Address to listen on. */
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  /** PEM. Only a loopback address does without. */
  readonly tls: Tls | null
  /** Further origins that are ours, whole, as `https://ward3.hospital.example`: behind a proxy that ends TLS. */
  readonly origins?: readonly string[]
  /** The ward's clock: stamps messages. Heartbeats and pushes go by real time. */
  readonly clock: Clock
  readonly log: Log
  readonly mode: 'demo' | 'live'
}

export type Api = {
  /** Where a browser finds it. */
  readonly url: string
  /** Pages of those who watch the ward, that are open and have shown an alert before. */
  readonly screens: () => number
  /** Tells every page, frees the port. Afterwards nothing runs any more. */
  close(): Promise<void>
  /** Resolves after `close`; rejects for a bug in what runs beside requests. To be supervised: it carries the heartbeats. */
  readonly done: Promise<void>
}

/** The setting would expose patients. Carries a sentence for the engineer: wrong use, exit 2. */
export class ApiRefused extends Error {
  override readonly name = 'ApiRefused'
}

/** Long enough for a goodbye to reach the pages. */
const GOODBYE_MS = 100

/** @throws ApiRefused for a setting that is not safe; what listening throws (EADDRINUSE, EACCES) when the port is not free. */
export async function startApi(setting: ApiSetting): Promise<Api> {
  refuseUnsafe(setting)
  const { host, tls, users, sessions, throttle, pins, log } = setting
  const headers = securityHeaders(tls !== null)
  const isOwn = ownOrigin({ host, cert: tls?.cert ?? null, origins: setting.origins ?? [] })
  const app = httpServer(tls, headers)
  await app.register(fastifyCookie)
  const sessionOf = (from: IncomingHttpHeaders): Session | null => sessions.find(app.parseCookie(from.cookie ?? '')[COOKIE] ?? '')
  const hub = new Hub({ ...setting, now: realNow })

  guard(app, { headers, isOwn, sessionOf })
  answerFailures(app, log)
  const routes: readonly Route[] = routesOf({ ...setting, hub, describe: () => describeApi(routes, setting.ward.gateway().version) })
  for (const route of routes) serve(app, route, { ...setting, sessionOf })
  await servePages(app, setting.webFolder)
  app.server.on('upgrade', socketDoor({ hub, isOwn, sessionOf, headers, log }))
  // Fastify makes two servers of the name `localhost`, of which the second would know nothing of sockets.
  await app.listen({ host: host === 'localhost' ? '127.0.0.1' : host, port: setting.port }).catch(async (error: unknown) => {
    hub.close()
    await app.close()
    throw error
  })

  const stopping = new AbortController()
  const done = Promise.all([beat(hub, stopping.signal), users.follow(stopping.signal)]).then(() => undefined)
  return {
    url: urlOf(app, host, tls !== null),
    done,
    screens: () => hub.screens,
    close: async () => {
      stopping.abort()
      hub.close()
      await realSleep(GOODBYE_MS, new AbortController().signal)
      hub.cutAll()
      await app.close()
      await Promise.all([sessions.settled(), throttle.settled(), pins.settled(), done])
    },
  }
}

function refuseUnsafe({ host, mode, tls }: ApiSetting): void {
  if (isLoopback(host)) return
  if (mode === 'demo') throw new ApiRefused(`The demo can be reached from this computer alone: listen on 127.0.0.1, not on ${host}.`)
  if (tls) return
  throw new ApiRefused(`The nurse station on ${host} would cross the network unencrypted: give http.tls a certificate and a key, or listen on 127.0.0.1.`)
}

async function beat(hub: Hub, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    hub.pulse()
    await realSleep(apiLimits.pulseMs, stop)
  }
}

function urlOf(app: FastifyInstance, host: string, isTls: boolean): string {
  const address = app.server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const name = host === '0.0.0.0' || host === '::' ? hostname() : host
  return `${isTls ? 'https' : 'http'}://${urlHost(name)}:${port}`
}
