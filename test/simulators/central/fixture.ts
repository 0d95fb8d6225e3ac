import { createHash, randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, test, vi } from 'vitest'
import { startCentral } from '../../../simulators/central/server.ts'
import type { RunningCentral } from '../../../simulators/central/server.ts'
import { monoMs, wallMs } from '../../../src/domain/time.ts'
import type { Clock } from '../../../src/seams.ts'
import { freshFolder } from './folder.ts'

// Bounds for a busy machine; nothing here is measured.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 240_000 })

export const TOKEN = 'a-token-for-tests-alone'
/** Organisations that share the central of a test. */
export const TENANTS: ReadonlyMap<string, string> = new Map([['hospital-a', 'the-token-of-hospital-a'], ['hospital-b', 'the-token-of-hospital-b']])
export const START_MS = Date.UTC(2026, 0, 1)

// ── Clock ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export type FakeClock = Clock & {
  /** Moves on, and wakes who has slept long enough. */
  readonly advance: (ms: number) => void
  /** Resolves once `count` sleeps of exactly `ms` are under way. */
  readonly asleep: (ms: number, count?: number) => Promise<void>
}

export function fakeClock(): FakeClock {
  let nowMs = START_MS
  const sleepers = new Set<{ readonly ms: number; readonly untilMs: number; readonly wake: () => void }>()
  const watchers = new Set<() => void>()
  return {
    wall: () => wallMs(nowMs),
    mono: () => monoMs(nowMs),
    sleep: (ms, stop) =>
      new Promise(resolve => {
        if (stop.aborted) return resolve()
        const sleeper = { ms, untilMs: nowMs + ms, wake: () => (sleepers.delete(sleeper), resolve()) }
        sleepers.add(sleeper)
        stop.addEventListener('abort', sleeper.wake, { once: true })
        for (const watch of watchers) watch()
        return undefined
      }),
    advance(ms) {
      nowMs += ms
      for (const sleeper of sleepers) if (sleeper.untilMs <= nowMs) sleeper.wake()
    },
    asleep: (ms, count = 1) =>
      new Promise(resolve => {
        const watch = (): void => {
          if ([...sleepers].filter(sleeper => sleeper.ms === ms).length < count) return
          watchers.delete(watch)
          resolve()
        }
        watchers.add(watch)
        watch()
      }),
  }
}

// ── What a gateway sends ─────────────────────────────────────────────────────────────────────────────────────────────

export const iso = (ms: number): string => new Date(ms).toISOString()

export type Vitals = {
  readonly subject: string; readonly key?: string; readonly metric?: string; readonly atMs?: number; readonly values?: readonly (number | null)[]
}
export type AlertChange = { readonly subject: string; readonly alertId: string; readonly phase?: string; readonly state?: string; readonly atMs?: number }

export const vitals = ({ subject, key = randomUUID(), metric = 'MDC_ECG_HEART_RATE', atMs = START_MS, values = [80, null, 0] }: Vitals) => ({
  streamId: 'gateway-1/live',
  eventType: 'vital-signs',
  partitionKey: subject,
  key,
  revision: 0,
  timestamp: iso(atMs),
  data: {
    metric, mdc: 147842, loinc: '8867-4', unit: '/min',
    t: values.map((_, index) => index * 1_000),
    v: values,
    q: values.map(value => (value === null ? 'probe-off' : 'measured')),
  },
})

export const alert = ({ subject, alertId, phase = 'start', state = 'active', atMs = START_MS }: AlertChange) => ({
  streamId: 'gateway-1/live',
  eventType: 'alerts',
  partitionKey: subject,
  key: randomUUID(),
  revision: 0,
  timestamp: iso(atMs),
  data: {
    alertId, phase, state, severity: 'critical', priority: 'high', type: 'physiological', rule: 'threshold/spo2-low', version: '1',
    because: { inputs: [{ name: 'spo2', value: 84, unit: '%', at: atMs }], limit: { text: 'below 90', setBy: 'profile adult' }, missing: [] },
  },
})

export type WireBatch = { readonly batchId: string; readonly events: readonly unknown[]; readonly metadata: Readonly<Record<string, unknown>> }

export const batch = (events: readonly unknown[], changes: Partial<WireBatch> = {}): WireBatch => ({
  batchId: changes.batchId ?? randomUUID(),
  events,
  metadata: {
    timestamp: iso(START_MS), source: 'vigil', size: events.length, schemaVersion: 1, organizationId: 'organization-1', gatewayId: 'gateway-1',
    lane: 'live', method: 'limited-data-set', keyEpoch: 'epoch-1', seqFrom: 1, seqTo: 10,
    sha256: createHash('sha256').update(JSON.stringify(events)).digest('hex'),
    ...changes.metadata,
  },
})

// ── Central, and talking to it ───────────────────────────────────────────────────────────────────────────────────────

export type Row = Readonly<Record<string, unknown>>
/** One of `body`, `rows` and `text` holds what was answered: a JSON object, a JSON list, or anything else. */
export type Answer = {
  readonly status: number
  readonly headers: Headers
  readonly body: Row & { readonly rejected?: readonly { readonly index: number; readonly detail: string }[]; readonly duplicates?: number }
  readonly rows: readonly Row[]
  readonly text: string
}

export type Desk = {
  readonly url: string
  readonly clock: FakeClock
  readonly notes: readonly string[]
  readonly send: (batch: WireBatch, headers?: Readonly<Record<string, string>>) => Promise<Answer>
  readonly sendBytes: (bytes: Uint8Array | string, headers?: Readonly<Record<string, string>>) => Promise<Answer>
  readonly get: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Answer>
  readonly fault: (fault: object) => Promise<Answer>
  /** Values by metric, of one subject. */
  readonly counts: (subject: string, recount?: boolean) => Promise<Readonly<Record<string, number>>>
  readonly close: () => Promise<void>
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text()
  const json = response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : {}
  return { status: response.status, headers: response.headers, text, ...(Array.isArray(json) ? { body: {}, rows: json } : { body: json, rows: [] }) }
}

const BEARER = { authorization: `Bearer ${TOKEN}` }

export type DeskPlace = { readonly databaseUrl: string } | { readonly dataFolder: string } | 'memory' | 'new folder'

export async function openDesk(at: DeskPlace = 'new folder'): Promise<Desk> {
  const own = at === 'new folder' ? await freshFolder() : null
  const place = typeof at === 'object' ? at : own === null ? {} : { dataFolder: own }
  const clock = fakeClock()
  const notes: string[] = []
  const central: RunningCentral = await startCentral({ port: 0, host: '127.0.0.1', token: TOKEN, organizations: TENANTS, clock, note: line => notes.push(line), ...place })
  const sendBytes: Desk['sendBytes'] = async (bytes, headers = {}) =>
    answerOf(await fetch(`${central.url}/api/v1/analytics/batches`, {
      method: 'POST', headers: { ...BEARER, 'content-type': 'application/json', 'idempotency-key': 'none', ...headers }, body: bytes as BodyInit,
    }))
  const get: Desk['get'] = async (path, headers = BEARER) => answerOf(await fetch(`${central.url}${path}`, { headers }))
  return {
    url: central.url,
    clock,
    notes,
    sendBytes,
    get,
    send: (sent, headers = {}) => sendBytes(JSON.stringify(sent), { 'idempotency-key': sent.batchId, ...headers }),
    fault: async fault => answerOf(await fetch(`${central.url}/control/faults`, { method: 'POST', headers: BEARER, body: JSON.stringify(fault) })),
    async counts(subject, recount = false) {
      const { rows } = await get(`/api/v1/analytics/counts${recount ? '?recount=true' : ''}`)
      return Object.fromEntries(rows.filter(row => row['subject'] === subject).map(row => [row['metric'], Number(row['values'])]))
    },
    async close() {
      await central.close()
      if (own !== null) rmSync(own, { recursive: true, force: true })
    },
  }
}

// ── Both engines ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** postgresql:// address of a server where databases may be created, as in `postgresql://postgres@127.0.0.1:5432/postgres`. */
const POSTGRES = process.env['VIGIL_TEST_POSTGRES'] ?? ''

export type OpenEngine = { readonly name: 'pglite' | 'postgresql'; readonly desk: () => Desk; readonly databaseUrl: () => string }

/** Runs the suite on PGlite, and on PostgreSQL where VIGIL_TEST_POSTGRES names one; a CI without it fails. One central a suite: names its own subjects. */
export function onBothEngines(title: string, suite: (engine: OpenEngine) => void): void {
  describe(`${title} (PGlite)`, () => {
    let desk: Desk
    beforeAll(async () => {
      desk = await openDesk()
    })
    afterAll(() => desk.close())
    suite({ name: 'pglite', desk: () => desk, databaseUrl: () => '' })
  })
  describe(`${title} (PostgreSQL)`, () => {
    if (POSTGRES === '') {
      test('wants a server', ({ skip }) => {
        if (process.env['CI'] === 'true') throw new Error('CI has to set VIGIL_TEST_POSTGRES')
        process.stderr.write('Not tried on PostgreSQL: VIGIL_TEST_POSTGRES is not set.\n')
        skip('VIGIL_TEST_POSTGRES is not set')
      })
      return
    }
    const database = `vigil_central_${randomUUID().replaceAll('-', '')}`
    const url = new URL(POSTGRES)
    url.pathname = `/${database}`
    let desk: Desk
    beforeAll(async () => {
      await administer(`CREATE DATABASE ${database}`)
      desk = await openDesk({ databaseUrl: url.href })
    })
    afterAll(async () => {
      await desk.close()
      await administer(`DROP DATABASE ${database} WITH (FORCE)`)
    })
    suite({ name: 'postgresql', desk: () => desk, databaseUrl: () => url.href })
  })
}

export async function administer(statement: string, connectionString = POSTGRES): Promise<void> {
  const client = new Client({ connectionString })
  await client.connect()
  await client.query(statement)
  await client.end()
}
