/**
 * A gateway that is all show: serves the built page with a made-up ward behind `/ws` and `/api`, and falls silent in every
 * way that a real one can. `node test/e2e/fake-gateway.ts [port] [folder of the built page]`, then `POST /fake` with part of a Play as JSON.
 */

import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WebSocketServer, type WebSocket } from 'ws'
import type { AlertView, BedView, RegistryLookup, ServerMessage, SessionView, WavesView } from '../../src/api/wire.ts'
import type { ObservedView } from '../../src/api/stay-wire.ts'
import type { StayLimit } from '../../src/domain/stay-limit.ts'
import { bedId } from '../../src/domain/ids.ts'
import { monoMs, wallMs } from '../../src/domain/time.ts'
import { changeShift, type Shift, type ShiftRequest } from '../../src/people/shift.ts'
import { whoHas } from '../../src/people/who-has.ts'
import { bedNurse, shiftView, wardPeople } from '../../src/pump/people-view.ts'
import type { BedMarkView } from '../../src/api/house-wire.ts'
import { commissioningAt, goalsAt, markOf, marksAt, watchingAt } from '../web/fake-house.ts'
import { frozenView, limitsView, observedView } from '../web/fake-stay.ts'
import { alertViews, associationsOf, bedViews, CALM, deliveriesOf, deviceViews, factsOf, gatewayView, givenView, handoverOf, liveWaves, type Scene, stripView, trendView } from '../web/fake-ward.ts'

/** `open`: sockets stay open and nothing comes. `closed`: sockets are cut and refused. `rules`: heartbeats repeat one number. */
export type Silence = 'none' | 'open' | 'closed' | 'rules'

export type Play = Scene & {
  readonly silence: Silence
  /** Every POST fails with this sentence; empty: they succeed. */
  readonly refuses: string
  readonly loggedOut: boolean
  /** What the registry answers to a number. */
  readonly registry: 'none' | 'found' | 'nobody' | 'unknown'
  /** Acknowledgements stay unsaved. */
  readonly unsaved: boolean
}

export interface FakeGateway {
  readonly url: string
  set(change: Partial<Play>): void
  /** Ids of the alerts that pages have said are displayed. */
  readonly displayed: readonly string[]
  /** What pages have posted: path and body. */
  readonly posted: readonly { readonly path: string; readonly body: unknown }[]
  close(): Promise<void>
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml',
}
const SESSIONS: readonly SessionView[] = [
  { id: '0123456789abcdef', name: 'T. Brandt', role: 'admin', since: 600_000, from: '10.20.4.9', isThis: true },
  { id: '1123456789abcdef', name: 'screen-1', role: 'station', since: 90_000_000, from: '10.20.4.31', isThis: false },
  { id: '2123456789abcdef', name: 'anna', role: 'nurse', since: null, from: '', isThis: false },
]
const NURSES = ['anna', 'ben', 'carla', 'dora', 'emre']
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
/** The whole process stands still, as a gateway does whose loop is blocked. The answer to who asked comes after it. */
function block(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until) Math.sqrt(until)
}

const PAGES = fileURLToPath(new URL('../../dist/web/', import.meta.url))

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString())
}

export async function startFakeGateway({ port = 0, pages = PAGES, play: first = {} }: { readonly port?: number; readonly pages?: string; readonly play?: Partial<Play> } = {}): Promise<FakeGateway> {
  let play: Play = { ...CALM, silence: 'none', refuses: '', loggedOut: false, unsaved: false, registry: 'found', ...first }
  let seq = 0
  let startedAt = Date.now()
  const acknowledged = new Map<string, number>()
  const takers = new Map<string, string>()
  const paused = new Map<string, AlertView['audioPaused']>()
  const contexts = new Map<string, Partial<BedView['context']>>()
  const observed = new Map<string, ObservedView | null>()
  const limits = new Map<string, readonly StayLimit[]>()
  const displayed: string[] = []
  const posted: { path: string; body: unknown }[] = []
  const taken = new Set<number>()
  const sockets = new Set<WebSocket>()
  const watching = new Map<WebSocket, (now: number) => WavesView>()

  let shift: Shift | null = null
  const shiftNow = () => {
    const all = bedViews(play, wall()).map(({ id, label }) => ({ id: bedId(id), label }))
    const now = { wall: wallMs(wall()), at: monoMs(wall()) }
    return { all, now, view: { ...shiftView(all, { shift, undo: shift?.version ?? null, setting: { buddySeconds: 120, chargeSeconds: 300, people: [] }, now }), people: NURSES.map((name) => ({ name, pin: true, badge: true })) } }
  }
  function sayOfShift(request: ShiftRequest, by: string): { readonly status: number; readonly body: unknown } {
    const { all, now } = shiftNow()
    const done = changeShift(shift, request, { by, at: now.wall, beds: all.map(({ id }) => id) })
    if (done.kind === 'refused') return { status: 409, body: { detail: done.why } }
    shift = done.shift
    tell(snapshot())
    return { status: 200, body: shiftNow().view }
  }

  const wall = (): number => startedAt + (Date.now() - startedAt) * play.speed
  const you = () => ({ name: play.role === 'nurse' ? 'M. Ferreira' : play.role === 'station' ? 'screen-1' : 'T. Brandt', role: play.role })
  const gatewayNow = () => ({ ...gatewayView(play), ...(play.watching === undefined ? {} : { watching: watchingAt(play.watching, startedAt) }), people: wardPeople(shift, { wall: wallMs(wall()), at: monoMs(wall()) }) })
  const nurseAt = (id: string) => {
    const nurse = bedNurse(shift, bedId(id), { wall: wallMs(wall()), at: monoMs(wall()) })
    return nurse === null ? {} : { nurse }
  }
  const marks = new Map<string, BedMarkView | null>()
  const houseOf = ({ id, stay }: BedView): Pick<BedView, 'mark' | 'goal'> => {
    const mark = marks.has(id) ? marks.get(id) : play.house === 'some' ? marksAt(startedAt).get(id) : undefined
    const goal = play.house === 'some' && stay !== null ? goalsAt(startedAt).get(stay) : undefined
    return { ...(mark ? { mark } : {}), ...(goal ? { goal } : {}) }
  }
  const beds = (): readonly BedView[] =>
    bedViews(play, wall()).map((bed) => ({ ...bed, ...nurseAt(bed.id), ...houseOf(bed), observed: observed.get(bed.stay ?? '') ?? null, context: { ...bed.context, ...contexts.get(bed.stay ?? ''), limits: limits.get(bed.stay ?? '') ?? [] } }))
  const started = new Map<string, number>()
  const alerts = (): readonly AlertView[] =>
    alertViews(play, wall()).map((alert) => {
      const at = started.get(alert.id) ?? alert.startedAt
      started.set(alert.id, at)
      const taken = acknowledged.get(alert.id)
      const own = taken === undefined ? alert.acknowledged : { by: takers.get(alert.id) ?? you().name, at: wallMs(taken) }
      const { holder, buddy } = whoHas(shift, alert.bed, wallMs(wall()))
      const told = [{ level: 'nurse', to: holder, at: wallMs(at) }, { level: 'buddy', to: buddy, at: wallMs(at + 120_000) }] as const
      const escalated = alert.priority === 'high' && own === null ? { escalated: told.filter((one) => one.at <= wall()) } : {}
      return { ...alert, ...escalated, startedAt: wallMs(at), changedAt: wallMs(taken ?? at), acknowledged: own, audioPaused: paused.get(alert.id) ?? null, saved: !play.unsaved }
    })

  const tell = (message: ServerMessage): void => {
    if (play.silence === 'open' || play.silence === 'closed') return
    for (const socket of sockets) socket.send(JSON.stringify(message))
  }
  const snapshot = (): ServerMessage => ({
    type: 'snapshot', at: wall(), you: you(), gateway: gatewayNow(), beds: beds(), alerts: alerts(), devices: deviceViews(play, wall()),
  })

  function registryAnswer({ number }: { readonly number?: string }): RegistryLookup {
    if (play.registry === 'found') return { kind: 'found', patients: [{ identity: { mrn: number ?? '', name: 'Quist, Pelle', bornOn: '1962-04-01' }, location: null }], isMore: false }
    return play.registry === 'nobody' ? { kind: 'nobody' } : { kind: 'unknown', why: 'The registry does not answer.' }
  }

  /** What of a stay is more than a change of what is known. */
  function sayOfStay(path: string, body: Record<string, unknown>): { readonly status: number; readonly body: unknown } | null {
    const [, , , id = '', what = '', more = ''] = path.split('/')
    const stay = decodeURIComponent(id)
    const own = limits.get(stay) ?? []
    if (what === 'observations') observed.set(stay, more === 'take-back' ? null : observedView(Object(body), wall(), you().name))
    else if (what === 'limits') {
      const others = own.filter(({ variable, side }) => variable !== body['variable'] || side !== body['side'])
      const hours = body['hours']
      limits.set(stay, more === 'ward' ? others : [...others, { ...Object(body), by: you().name, at: wallMs(wall()), until: typeof hours === 'number' ? wallMs(wall() + hours * 3_600_000) : null }])
    } else {
      const { reason, hours: _hours, ...change } = body
      const word = { by: you().name, at: wall(), ...(typeof reason === 'string' ? { reason } : {}) }
      const said = { ...contexts.get(stay)?.said, ...Object.fromEntries(Object.keys(change).map((fact) => [fact, word])) }
      contexts.set(stay, { ...contexts.get(stay), ...change, said })
    }
    return { status: 200, body: { done: true } }
  }

  async function api(path: string, request: IncomingMessage): Promise<{ readonly status: number; readonly body: unknown }> {
    if (path === '/health') return { status: 200, body: { status: 'ok', message: 'The ward is watched.', mode: play.mode } }
    if (request.method === 'POST') {
      const body = await bodyOf(request)
      if (path === '/fake') {
        const { blockMs, ...next } = Object(body)
        if (typeof blockMs === 'number') block(blockMs)
        else change(next)
        return { status: 200, body: { done: true, at: Date.now() } }
      }
      posted.push({ path, body })
      if (play.refuses !== '') return { status: play.refuses.startsWith('Name') ? 401 : 500, body: { detail: play.refuses } }
      const [, , kind = '', id = '', act = ''] = path.split('/')
      const { actor, ...asked } = Object(body)
      if (play.role === 'station' && kind !== 'login' && kind !== 'logout' && actor?.pin !== '4827' && actor?.badge === undefined) return { status: 403, body: { detail: 'Badge or PIN is not right.' } }
      if (kind === 'shift') return sayOfShift(asked, actor?.name ?? you().name)
      if (kind === 'registry') return { status: 200, body: registryAnswer(Object(body)) }
      if (kind === 'associations') {
        if (act !== '') taken.add(Number(id))
        return { status: 200, body: { kind: id === 'type' ? 'proposed' : 'done', fact: 99 } }
      }
      if (kind === 'alerts' && act === 'pause') {
        // One pause is for a whole row; here a bed has no more than one.
        const bed = alerts().find((one) => one.id === decodeURIComponent(id))?.bed
        for (const one of alerts()) if (one.bed === bed) paused.set(one.id, { by: actor?.name ?? you().name, until: wallMs(wall() + asked.seconds * 1_000) })
        tell({ type: 'alerts', at: wall(), alerts: alerts() })
      } else if (kind === 'alerts') {
        acknowledged.set(decodeURIComponent(id), wall())
        takers.set(decodeURIComponent(id), actor?.name ?? (actor === undefined ? you().name : 'anna'))
        tell({ type: 'alerts', at: wall(), alerts: alerts() })
      }
      if (kind === 'beds' && act === 'state') {
        marks.set(decodeURIComponent(id), markOf(Object(body), actor?.name ?? you().name, wall()))
        tell({ type: 'beds', at: wall(), beds: beds() })
        return { status: 200, body: { done: true } }
      }
      if (kind === 'stays' && act === 'goal') return { status: 200, body: { done: true } }
      const said = kind === 'stays' ? sayOfStay(path, Object(body)) : null
      if (said !== null) return said
      if (kind === 'stays') contexts.set(decodeURIComponent(id), { ...contexts.get(decodeURIComponent(id)), ...Object(body) })
      if (kind === 'login') change({ loggedOut: false })
      if (kind === 'logout') change({ loggedOut: true })
      return { status: 200, body: kind === 'login' ? you() : { done: true } }
    }
    if (play.loggedOut) return { status: 401, body: { detail: 'Sign in first.' } }
    if (path === '/api/commissioning') return { status: 200, body: commissioningAt(wall()) }
    if (path === '/api/shift') return { status: 200, body: shiftNow().view }
    if (path === '/api/sessions') return { status: 200, body: SESSIONS.map((one) => ({ ...one, since: one.since === null ? null : wall() - one.since })) }
    if (path === '/api/handover') return { status: 200, body: handoverOf(beds(), alerts(), wall()) }
    if (path === '/api/associations') return { status: 200, body: { hasRegistry: play.registry !== 'none', beds: associationsOf(play, wall(), taken) } }
    const whose = /^\/api\/beds\/([^/]+)\/association$/.exec(path)?.[1]
    const one = associationsOf(play, wall(), taken).find((candidate) => candidate.bed === whose)
    if (one) return { status: 200, body: { ...one, facts: factsOf(one, wall()) } }
    if (/^\/api\/stays\/[^/]+\/given$/.test(path)) return { status: 200, body: path.includes('stay-7/') ? givenView(wall()) : { given: [], isCut: false } }
    const bed = /^\/api\/beds\/([^/]+)\/trend$/.exec(path)?.[1]
    const stay = /^\/api\/stays\/stay-(\d+)\/(freeze|limits)$/.exec(path)
    if (stay?.[2] === 'freeze') return { status: 200, body: frozenView(Number(stay[1]) - 1, play, wall()) }
    if (stay?.[2] === 'limits') return { status: 200, body: limitsView(limits.get(`stay-${stay[1]}`) ?? []) }
    const told = /^\/api\/alerts\/([^/]+)\/deliveries$/.exec(path)?.[1]
    if (told !== undefined) return { status: 200, body: deliveriesOf(told, started.get(told) ?? wall(), alerts().find(({ id }) => id === told)?.acknowledged?.at ?? null) }
    const alert = /^\/api\/alerts\/([^/]+)\/strip$/.exec(path)?.[1]
    if (alert !== undefined) return { status: 200, body: alert === 'alert-1' ? stripView(started.get(alert) ?? wall()) : { lines: [], damaged: 0, isCut: false } }
    if (bed !== undefined) return { status: 200, body: trendView(Number(bed) - 1, play, wall()) }
    return path === '/api/me' ? { status: 200, body: you() } : { status: 404, body: { detail: 'There is no such thing.' } }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://fake').pathname
    if (play.silence === 'open' && path !== '/fake') return
    response.setHeader('content-security-policy', CSP)
    if (path.startsWith('/api/') || path === '/health' || path === '/fake') {
      const { status, body } = await api(path, request)
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      return
    }
    const file = extname(path) === '' ? 'index.html' : normalize(path).replace(/^([./\\])+/, '')
    const content = await readFile(join(pages, file)).catch(() => null)
    if (content === null) response.writeHead(404).end()
    else response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(content)
  }

  function change(next: Partial<Play>): void {
    if (next.speed !== undefined && next.speed !== play.speed) startedAt = Date.now()
    play = { ...play, ...next }
    if (next.alerts !== undefined) started.clear()
    if (play.silence === 'closed' || play.loggedOut) for (const socket of sockets) socket.terminate()
    else if (next.silence === undefined) tell(snapshot())
  }

  const server = createServer((request, response) => void answer(request, response))
  // Upgrades that are never answered are no connections to the HTTP server any more, so it would wait for them at the end.
  const connections = new Set<Socket>()
  server.on('connection', (socket) => {
    connections.add(socket)
    socket.on('close', () => connections.delete(socket))
  })
  const upgrades = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    if (play.silence === 'open') return
    if (play.silence === 'closed' || play.loggedOut) return void socket.end(`HTTP/1.1 ${play.loggedOut ? '401 Unauthorized' : '503 Service Unavailable'}\r\n\r\n`)
    upgrades.handleUpgrade(request, socket, head, (page) => {
      sockets.add(page)
      page.on('close', () => void (sockets.delete(page), watching.delete(page)))
      page.on('error', () => page.terminate())
      page.on('message', (message) => {
        const { type, alerts: shown, bed } = JSON.parse(Buffer.isBuffer(message) ? message.toString() : '{}')
        if (type === 'displayed') displayed.push(...shown)
        else if (bed === null) watching.delete(page)
        else watching.set(page, liveWaves(bed, wall()))
      })
      page.send(JSON.stringify(snapshot()))
    })
  })

  const beat = setInterval(() => {
    if (play.silence !== 'rules') seq += 1
    tell({ type: 'heartbeat', at: wall(), seq, gateway: gatewayNow(), devices: deviceViews(play, wall()) })
  }, 1_000)
  const sweep = setInterval(() => {
    if (play.silence === 'none' || play.silence === 'rules') for (const [page, waves] of watching) page.send(JSON.stringify({ type: 'waves', at: wall(), ...waves(wall()) }))
  }, 250)
  const push = setInterval(() => tell({ type: 'beds', at: wall(), beds: beds() }), 500)

  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening))
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : port}`,
    set: change,
    displayed,
    posted,
    async close() {
      clearInterval(beat)
      clearInterval(push)
      clearInterval(sweep)
      for (const socket of sockets) socket.terminate()
      for (const socket of connections) socket.destroy()
      await new Promise((closed) => server.close(closed))
    },
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const gateway = await startFakeGateway({ port: Number(process.argv[2] ?? 8_700), pages: process.argv[3] ?? PAGES })
  process.stdout.write(`${gateway.url}\n`)
}
