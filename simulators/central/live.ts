/** Dashboards on a WebSocket, `/ws/analytics/{dashboard_id}/` (contract with central §3). */

import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'
import { z } from 'zod'
import { centralLimits } from '../../src/limits.ts'
import type { Clock } from '../../src/seams.ts'
import type { Tenant } from './tenants.ts'

export type Live = {
  /** Alerts of one organisation go out at once; metrics soon, gathered. */
  readonly publish: (organization: string, alerts: readonly object[]) => void
  /** How many this tenant has; the operator's are his own, and he counts all. */
  readonly dashboards: (tenant: Tenant) => number
  readonly close: () => Promise<void>
}

export type LiveDependencies = {
  readonly server: Server
  readonly clock: Clock
  readonly stop: AbortSignal
  readonly mayEnter: (authorization: string | undefined) => Tenant | null
  readonly metrics: (tenant: Tenant) => Promise<unknown>
  readonly note: (line: string) => void
}

const PATH = /^\/ws\/analytics\/([^/?#]{1,200})\/$/
const Subscribe = z.object({ type: z.literal('subscribe_metrics'), dashboard_id: z.string().max(200) })

export function openLive({ server, clock, stop, mayEnter, metrics, note }: LiveDependencies): Live {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: centralLimits.socketMessageBytesMax })
  /** Whom each dashboard is for. */
  const subscribed = new Map<WebSocket, Tenant>()
  let wake = (): void => undefined
  let waiting = new Promise<void>(resolve => (wake = resolve))

  const send = (socket: WebSocket, message: object): void => {
    if (socket.readyState !== WebSocket.OPEN) return
    if (socket.bufferedAmount > centralLimits.socketBacklogBytesMax) socket.terminate()
    else socket.send(JSON.stringify(message))
  }

  const sendMetrics = async (to: ReadonlyMap<WebSocket, Tenant>): Promise<void> => {
    try {
      // Asked once for each tenant, however many dashboards it has.
      const asked = new Map<string, Promise<unknown>>()
      for (const [socket, tenant] of to) {
        const name = JSON.stringify(tenant)
        const read = asked.get(name) ?? metrics(tenant)
        asked.set(name, read)
        send(socket, { type: 'live_metrics', metrics: await read })
      }
    } catch (error) {
      note(`Live metrics could not be read: ${String(error)}`)
    }
  }

  const receive = async (socket: WebSocket, { dashboard, tenant }: { readonly dashboard: string; readonly tenant: Tenant }, text: string): Promise<void> => {
    const message = Subscribe.safeParse(parsed(text))
    if (!message.success) return send(socket, { type: 'error', detail: 'Expected { "type": "subscribe_metrics", "dashboard_id": … }.' })
    if (message.data.dashboard_id !== dashboard) return send(socket, { type: 'error', detail: 'dashboard_id is not that of the address.' })
    // Once in, it gets the next gathered metrics; asking again and again costs nothing more.
    if (subscribed.has(socket)) return wake()
    subscribed.set(socket, tenant)
    return sendMetrics(new Map([[socket, tenant]]))
  }

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => socket.destroy())
    const dashboard = PATH.exec(request.url ?? '')?.[1]
    if (dashboard === undefined) return refuse(socket, '404 Not Found')
    const tenant = mayEnter(request.headers.authorization)
    if (tenant === null) return refuse(socket, '401 Unauthorized')
    if (sockets.clients.size >= centralLimits.socketsMax) return refuse(socket, '503 Service Unavailable')
    sockets.handleUpgrade(request, socket, head, opened => {
      opened.on('error', () => opened.terminate())
      opened.on('close', () => subscribed.delete(opened))
      opened.on('message', (bytes, isBinary) => void receive(opened, { dashboard: decoded(dashboard), tenant }, Buffer.isBuffer(bytes) && !isBinary ? bytes.toString() : ''))
    })
  }
  server.on('upgrade', upgrade)

  const run = async (): Promise<void> => {
    while (!stop.aborted) {
      await waiting
      if (stop.aborted) return
      waiting = new Promise<void>(resolve => (wake = resolve))
      if (subscribed.size > 0) await sendMetrics(subscribed)
      await clock.sleep(centralLimits.dashboardPauseMs, stop)
    }
  }
  stop.addEventListener('abort', () => wake(), { once: true })
  const running = run()

  return {
    publish(organization, alerts) {
      for (const [socket, tenant] of subscribed) {
        if (tenant.kind === 'organization' && tenant.name !== organization) continue
        for (const alert of alerts) send(socket, { type: 'alert', alert })
      }
      wake()
    },
    dashboards: asking =>
      asking.kind === 'all' ? subscribed.size : [...subscribed.values()].filter(tenant => tenant.kind === 'organization' && tenant.name === asking.name).length,
    async close() {
      server.off('upgrade', upgrade)
      for (const socket of sockets.clients) socket.terminate()
      await running
    },
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy())
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
