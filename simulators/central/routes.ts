/** The addresses of central: batches in, the read API out, faults, pages (contract with central §2, §3). */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { centralLimits } from '../../src/limits.ts'
import type { Clock } from '../../src/seams.ts'
import type { Access } from './access.ts'
import { unpack } from './body.ts'
import type { Refusal } from './body.ts'
import { FaultShape, refusesRow } from './faults.ts'
import type { Fault, Faults } from './faults.ts'
import { ingest, readBatch } from './ingest.ts'
import type { Ingested, Store } from './ingest.ts'
import type { Live } from './live.ts'
import { PAGE_POLICY, frontPage, subjectPage } from './page.ts'
import { alarmLoadOf, completenessOf, fleetOf } from './fleet.ts'
import {
  AlarmLoadShape, CompletenessShape, PageShape, RollUpShape, TrendShape, alertsOf, batchesOf, countsOf, eventsOf, latestOf, patientOf, patientsOf, predictionsOf,
  recountOf, rollUpsOf, summaryOf, totalsOf, trendsOf, vitalSignsOf,
} from './read.ts'
import type { Page, Reads } from './read.ts'
import { ClaimShape, admit, instanceOf, throughOf } from './senders.ts'
import { saying } from './shapes.ts'
import { lockGateway, readerOf } from './tenants.ts'
import type { Tenant } from './tenants.ts'

export type Central = Store & {
  readonly clock: Clock
  readonly stop: AbortSignal
  readonly access: Access
  readonly faults: Faults
  readonly live: Live
}

export function refuse(reply: FastifyReply, { status, detail, code, retryAfterSeconds }: Refusal): FastifyReply {
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds))
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  return reply.code(status).send(code === undefined ? { detail } : { detail, code })
}

/** The tenant whose token the request shows. */
const tenantOf = ({ access }: Central, request: FastifyRequest): Tenant => {
  const tenant = access.bearer(request.headers.authorization)
  if (tenant === null) throw new Error('a request without a token came through')
  return tenant
}

const FOREIGN: Refusal = { status: 403, code: 'ANALYTICS_006', detail: 'organizationId is not that of the token.' }

/**
 * Whose rows they become: the organisation of the token. The release lane names organisations by tokens of its own, drawn anew for each release.
 * Null where another is named.
 */
function ownerOf(tenant: Tenant, { organizationId, lane }: { readonly organizationId: string; readonly lane: string }): string | null {
  if (tenant.kind === 'all') return organizationId
  return lane === 'live' && organizationId !== tenant.name ? null : tenant.name
}

const UNKNOWN_SENDER: Refusal = { status: 401, detail: 'Authorization: Bearer with the token of central is needed.' }

/** The connection ends without an answer. */
function cut(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.hijack()
  request.raw.socket.destroy()
  return reply
}

/** Everything under /api: the token first, then the fault that central was told to make. */
export async function addApi(app: FastifyInstance, central: Central): Promise<void> {
  app.addHook('onRequest', async (request, reply) => {
    if (central.access.bearer(request.headers.authorization) === null) return refuse(reply, UNKNOWN_SENDER)
    return undefined
  })
  addBatches(app, central)
  addClaims(app, central)
  await app.register(async reads => {
    reads.addHook('preHandler', async (request, reply) => ((await suffer(central.faults.meet(), request, { reply, central })) === 'over' ? reply : undefined))
    addReads(reads, central)
  })
}

type Suffering = { readonly reply: FastifyReply; readonly central: Central }

/**
 * Makes the trouble of a fault and says whether the request has its answer with that. Never returns the reply itself: it is a thenable,
 * so an async function that returned it would hand on undefined.
 */
export async function suffer(fault: Fault, request: FastifyRequest, { reply, central }: Suffering): Promise<'over' | 'goes on'> {
  switch (fault.mode) {
    case 'ok':
    case 'lose-response':
    case 'reject-rows':
      return 'goes on'
    case 'slow':
      await central.clock.sleep(fault.ms, central.stop)
      return 'goes on'
    case 'absent':
      cut(request, reply)
      return 'over'
    case 'wrong':
      refuse(reply, { status: fault.status, code: fault.code ?? CODES.get(fault.status), detail: 'Central was told to be wrong.' })
      return 'over'
    case 'unauthorized':
      refuse(reply, { status: fault.status, code: CODES.get(fault.status), detail: 'Central was told to let nobody in.' })
      return 'over'
    case 'busy':
      refuse(reply, { status: 429, retryAfterSeconds: Math.ceil(fault.ms / 1_000), detail: 'Central was told to be busy.' })
      return 'over'
  }
}

/** Codes of the platform by status, where it has one (contract with central §2). */
const CODES: ReadonlyMap<number, string> = new Map([
  [400, 'ANALYTICS_001'],
  [403, 'ANALYTICS_006'],
  [408, 'ANALYTICS_005'],
  [422, 'ANALYTICS_003'],
])

function addBatches(app: FastifyInstance, central: Central): void {
  let inWork = 0
  app.post('/api/v1/analytics/batches', async (request, reply) => {
    if (inWork >= centralLimits.batchesInWorkMax) return refuse(reply, { status: 429, retryAfterSeconds: 1, detail: 'Too many batches are in work.' })
    inWork += 1
    try {
      // After the body has been read, as a server that struggles would; so a sender that gives up may still be stored.
      const fault = central.faults.meet()
      if ((await suffer(fault, request, { reply, central })) === 'over') return reply
      const result = await take(central, request, fault)
      if (result.kind === 'refused') return refuse(reply, result.refusal)
      if (fault.mode === 'lose-response') return cut(request, reply)
      return reply.code(result.kind === 'stored' ? 202 : 200).send(result.receipt)
    } finally {
      inWork -= 1
    }
  })
}

/** A gateway begins to send: it takes its name over, and hears up to where everything is here. */
function addClaims(app: FastifyInstance, central: Central): void {
  const { database, clock } = central
  app.post('/api/v1/analytics/gateways', async (request, reply) => {
    if ((await suffer(central.faults.meet(), request, { reply, central })) === 'over') return reply
    const instance = instanceOf(request.headers['vigil-instance'])
    if (instance === null || !(request.body instanceof Uint8Array)) return refuse(reply, { status: 400, code: 'ANALYTICS_001', detail: 'Vigil-Instance and a body are needed.' })
    const unpacked = await unpack(request.body, request.headers['content-encoding'] ?? '')
    if (unpacked.kind === 'refused') return refuse(reply, unpacked.refusal)
    const claim = ClaimShape.safeParse(unpacked.json)
    if (!claim.success) return refuse(reply, { status: 422, detail: saying(claim.error) })
    // Names are claimed for the live lane: whoever releases draws new ones and says of none of them that it is coming (src/thread-sync.ts). So a name
    // that is not the token's own is somebody else's.
    const organizationId = ownerOf(tenantOf(central, request), { ...claim.data, lane: 'live' })
    if (organizationId === null) return refuse(reply, FOREIGN)
    const sender = { ...claim.data, organizationId }
    const answer = await database.transaction(async sql => {
      await lockGateway(sql, sender)
      return (await admit(sql, { ...sender, instance }, clock.wall())) ?? (await throughOf(sql, sender))
    })
    return 'status' in answer ? refuse(reply, answer) : answer
  })
}

async function take(central: Central, request: FastifyRequest, fault: Fault): Promise<Ingested> {
  const { clock, stop, live } = central
  const refused = (status: number, detail: string): Ingested => ({ kind: 'refused', refusal: { status, code: CODES.get(status), detail } })
  const idempotencyKey = request.headers['idempotency-key']
  if (typeof idempotencyKey !== 'string' || idempotencyKey === '') return refused(400, 'Idempotency-Key with the batchId is needed.')
  if (!(request.body instanceof Uint8Array)) return refused(400, 'A body is needed.')
  const unpacked = await unpack(request.body, request.headers['content-encoding'] ?? '')
  if (unpacked.kind === 'refused') return unpacked
  const share = fault.mode === 'reject-rows' ? fault.share : 0
  const read = readBatch(unpacked.json, request.body.length, key => refusesRow(key, share))
  if (read.kind === 'refused') return read
  if (read.batch.batchId !== idempotencyKey) return refused(422, 'Idempotency-Key is not the batchId.')
  const organizationId = ownerOf(tenantOf(central, request), read.batch)
  if (organizationId === null) return { kind: 'refused', refusal: FOREIGN }
  const batch = { ...read.batch, organizationId }
  try {
    const result = await ingest(central, batch, { atMs: clock.wall(), instance: instanceOf(request.headers['vigil-instance']), via: 'https' }, stop)
    if (result.kind === 'stored' && batch.lane === 'live') live.publish(organizationId, result.alerts.map(({ subject, atMs, alert }) => ({ patient_id: subject, timestamp: new Date(atMs), ...alert })))
    return result
  } catch (error) {
    // Class 22 and 23 of SQLSTATE: these very rows cannot be stored, so sending them again would never help.
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (/^2[23]...$/.test(code)) return refused(422, `The database cannot store this batch (SQLSTATE ${code}).`)
    throw error
  }
}

function addReads(app: FastifyInstance, central: Central): void {
  const { clock, live } = central
  const reads = (request: FastifyRequest): Reads => readerOf(central.database, tenantOf(central, request))
  app.get('/api/v1/analytics/counts', request => {
    const { recount } = z.object({ recount: z.string().optional() }).parse(request.query)
    return recount === 'true' ? recountOf(reads(request)) : countsOf(reads(request))
  })
  app.get('/api/v1/analytics/batches', async (request, reply) => paged(request, reply, page => batchesOf(reads(request), page)))
  app.get('/api/v1/analytics/events', async (request, reply) => paged(request, reply, page => eventsOf(reads(request), page, null)))
  app.get('/api/v1/analytics/fleet', async (request, reply) => paged(request, reply, page => fleetOf(reads(request), page)))
  app.get('/api/v1/analytics/completeness', async (request, reply) => {
    const asked = CompletenessShape.safeParse(request.query)
    return asked.success ? completenessOf(reads(request), asked.data.hours, rowsPerPageMax) : refuse(reply, { status: 422, detail: saying(asked.error) })
  })
  app.get('/api/v1/analytics/roll-ups', async (request, reply) => {
    const asked = RollUpShape.safeParse(request.query)
    return asked.success ? rollUpsOf(reads(request), asked.data) : refuse(reply, { status: 422, detail: saying(asked.error) })
  })
  app.get('/api/v1/analytics/alarm-load', async (request, reply) => {
    const asked = AlarmLoadShape.safeParse(request.query)
    return asked.success ? alarmLoadOf(reads(request), asked.data.days) : refuse(reply, { status: 422, detail: saying(asked.error) })
  })
  app.get('/api/v1/patients', async (request, reply) => paged(request, reply, page => patientsOf(reads(request), page)))
  app.get('/api/v1/patients/:id', async (request, reply) => (await patientOf(reads(request), idOf(request))) ?? unknownPatient(reply))
  app.get('/api/v1/patients/:id/vital-signs', async (request, reply) => {
    if ((await patientOf(reads(request), idOf(request))) === null) return unknownPatient(reply)
    return paged(request, reply, page => vitalSignsOf(reads(request), idOf(request), page))
  })
  app.get('/api/v1/patients/:id/predictions', async (request, reply) => {
    if ((await patientOf(reads(request), idOf(request))) === null) return unknownPatient(reply)
    return predictionsOf(reads(request), idOf(request))
  })
  app.get('/api/v1/alerts', async (request, reply) => paged(request, reply, page => alertsOf(reads(request), page, null)))
  app.get('/api/v1/analytics/patient-summary', request => summaryOf(reads(request)))
  app.get('/api/v1/analytics/vital-signs-trends', async (request, reply) => {
    const asked = TrendShape.safeParse(request.query)
    if (!asked.success) return refuse(reply, { status: 422, detail: saying(asked.error) })
    const { patient_id, days } = asked.data
    if ((await patientOf(reads(request), patient_id)) === null) return unknownPatient(reply)
    return { patient_id, days, hours: await trendsOf(reads(request), patient_id, days) }
  })
  app.get('/api/v1/streaming/status', request =>
    totalsOf(reads(request)).then(totals => ({
      status: 'ok', ...totals, lagMs: totals.lastEventAt === null ? null : clock.wall() - totals.lastEventAt.getTime(),
      dashboards: live.dashboards(tenantOf(central, request)),
    })))
  app.get('/api/v1/streaming/live-data', request => latestOf(reads(request), null))
}

const { rowsPerPageMax } = centralLimits

const idOf = (request: FastifyRequest): string => z.object({ id: z.string() }).parse(request.params).id

const unknownPatient = (reply: FastifyReply): FastifyReply => refuse(reply, { status: 404, detail: 'No such patient.' })

async function paged<Row>(request: FastifyRequest, reply: FastifyReply, read: (page: Page) => Promise<readonly Row[]>): Promise<readonly Row[] | FastifyReply> {
  const page = PageShape.safeParse(request.query)
  return page.success ? read(page.data) : refuse(reply, { status: 422, detail: saying(page.error) })
}

/** What stays reachable whatever fault is on: the control itself and the pages. */
export function addControl(app: FastifyInstance, { access, faults }: Central): void {
  app.addHook('onRequest', async (request, reply) => {
    const tenant = access.bearer(request.headers.authorization)
    if (tenant === null) return refuse(reply, UNKNOWN_SENDER)
    if (tenant.kind !== 'all') return refuse(reply, { status: 403, detail: 'That is for the operator of central.' })
    return undefined
  })
  app.get('/control/faults', () => faults.current())
  app.post('/control/faults', async (request, reply) => {
    const unpacked = await unpack(request.body instanceof Uint8Array ? request.body : new Uint8Array(), '')
    if (unpacked.kind === 'refused') return refuse(reply, unpacked.refusal)
    const fault = FaultShape.safeParse(unpacked.json)
    if (!fault.success) return refuse(reply, { status: 422, detail: saying(fault.error) })
    faults.set(fault.data)
    return fault.data
  })
}

export function addPages(app: FastifyInstance, { access, clock, database, faults }: Central): void {
  app.addHook('onRequest', async (request, reply) => {
    if (access.reader(request) !== null) return undefined
    const wanted = 'Basic realm="reference central", charset="UTF-8"'
    return reply.code(401).header('www-authenticate', wanted).send({ detail: 'From another machine a token is needed, as password.' })
  })
  const reads = (request: FastifyRequest): Reads => {
    const tenant = access.reader(request)
    if (tenant === null) throw new Error('a request without a token came through')
    return readerOf(database, tenant)
  }
  const page = (reply: FastifyReply, html: string): FastifyReply =>
    reply
      .headers({ 'content-security-policy': PAGE_POLICY, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
      .type('text/html; charset=utf-8')
      .send(html)
  app.get('/', async (request, reply) =>
    page(reply, await frontPage(reads(request), { fault: faults.current(), database: database.kind, nowMs: clock.wall() })))
  app.get('/subjects/:id', async (request, reply) => page(reply, await subjectPage(reads(request), idOf(request))))
}
