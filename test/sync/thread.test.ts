import { rmSync } from 'node:fs'
import { type Socket, createServer } from 'node:net'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { MllpFramer, mllpFrame } from '../../src/codec/mllp.ts'
import type { SyncStatus } from '../../src/domain/batch.ts'
import { RELEASED_KEY } from '../../src/domain/releases.ts'
import { realClock } from '../../src/ops/clock.ts'
import { acknowledgedCounts, openSyncLedger } from '../../src/store/sync-ledger.ts'
import { openKnownIdentifiers } from '../../src/store/sync-identifiers.ts'
import type { Delivery } from '../../src/sync/deliveries.ts'
import { wallMs } from '../../src/domain/time.ts'
import { ALL } from '../../src/sync/filter.ts'
import { type SyncHandle, type SyncSettings, startSync } from '../../src/sync/start.ts'
import { START as STORED_AT, heartRate, phase, snapshot, stay, tick } from '../store/fixture.ts'
import { writing } from '../store/writing.ts'
import { centralServer } from './central-server.ts'
import { bodyOf, scratch } from './fakes.ts'
import { bedId, stayId } from '../../src/domain/ids.ts'

/** A batch gathers for seconds, and releases are looked for once a minute: a minute a second. */
const FAST = { originMs: 0, speed: 60 }

type Central = { readonly url: string; readonly token: string; readonly ca: null }
const deliveryTo = (id: string, central: Central): Delivery => ({
  id, lane: 'live', to: { kind: 'https-batch', ...central, certificate: null, compression: 'gzip' }, fallback: null, filter: ALL, eventsPerSecond: null, between: null,
})
const settingsOf = (folder: string, central: Central): SyncSettings => ({
  folder, gatewayId: 'gw', organizationId: 'org', version: '1.0.0', deliveries: [deliveryTo('https-batch', central)], timeZone: 'UTC', instance: 'i', clock: { originMs: 0, speed: 1 }, identifiers: ['Bed 7'],
})

const until = (handle: SyncHandle, wanted: (status: SyncStatus) => boolean): Promise<SyncStatus> =>
  new Promise((resolve) => {
    const forget = handle.onStatus((status) => {
      if (!wanted(status)) return
      forget()
      resolve(status)
    })
  })

const reached = (handle: SyncHandle, seq: number): Promise<void> =>
  new Promise((resolve) => {
    const forget = handle.onAdvanced((advanced) => {
      if (advanced < seq) return
      forget()
      resolve()
    })
  })

it('The thread carries committed rows to central, says how far it is, and stops when told.', async () => {
  using place = scratch()
  using store = writing(place.folder)
  const server = await centralServer()
  store.write(tick({ snapshots: [snapshot(), heartRate(0)], events: [phase('alert-1', 'active')] }))
  const handle = startSync({ ...settingsOf(place.folder, { url: server.url, token: server.token, ca: null }), clock: FAST }, { clock: realClock(FAST) })
  await reached(handle, 3)
  const more = reached(handle, 4)
  store.write(tick({ snapshots: [heartRate(81)] }))
  handle.committed(4)
  await more
  expect(handle.status()).toMatchObject({ kind: 'ok', lagRows: 0 })
  await handle.stop()

  const events = server.bodies().flatMap((body) => bodyOf(body).events)
  const heart = events.filter((event) => event.data.metric === 'MDC_ECG_HEART_RATE').flatMap((event) => event.data.v ?? [])
  expect(heart).toEqual([82, 0, 81])
  expect(events.filter((event) => event.eventType === 'alerts')).toHaveLength(1)
  expect(acknowledgedCounts(place.folder).get('monitor-1\u0000MDC_ECG_HEART_RATE')).toBe(3)
  expect(Buffer.concat(server.bodies().map((body) => Buffer.from(body))).toString()).not.toMatch(/monitor-1|bed-1|stay-1|alert-1/)
  await server.close()
})

it('Several sinks run in one thread: one that is down holds up nobody, the record of the hospital has names, central has none, and the store waits for the slowest.', async () => {
  using place = scratch()
  using store = writing(place.folder)
  store.write(tick({
    stays: [{
      id: stayId('stay-1'), bed: bedId('bed-1'), identity: { mrn: '47110815', name: 'Doe^Jane' }, openedAt: STORED_AT, closedAt: null,
      context: { population: 'adult', spo2Scale: 1, onOxygen: null, consciousness: null, infectionSuspected: false },
    }],
    snapshots: [heartRate(80), heartRate(81, { flags: ['validated'] })],
  }))
  const [central, down] = [await centralServer(), await centralServer()]
  down.behave('is-down')
  const ehr = await hospitalServer()
  const to = (server: typeof central) => ({ url: server.url, token: server.token, ca: null })
  const hospital: Delivery = {
    ...deliveryTo('ehr', to(central)), lane: 'hospital',
    to: { kind: 'hl7-oru', host: '127.0.0.1', port: ehr.port, tls: null, header: { sendingApplication: 'VIGIL', sendingFacility: '', receivingApplication: '', receivingFacility: '', assigningAuthority: 'H', unit: 'ICU' } },
  }
  const settings = { ...settingsOf(place.folder, to(central)), deliveries: [deliveryTo('central', to(central)), deliveryTo('away', to(down)), hospital] }
  const handle = startSync(settings, { clock: realClock({ originMs: 0, speed: 1 }) })
  const advanced: number[] = []
  handle.onAdvanced((seq) => void advanced.push(seq))
  const lags = ({ sinks = [] }: SyncStatus): string => sinks.map(({ lagRows, why }) => (why === 'starting' ? why : lagRows)).join(' ')
  const stood = await until(handle, (status) => lags(status) === '0 2 0' && status.kind === 'behind')
  expect(stood.sinks?.map(({ id, kind }) => [id, kind])).toEqual([['central', 'ok'], ['away', 'behind'], ['ehr', 'ok']])
  expect(stood).toMatchObject({ kind: 'behind', lagRows: 2, why: expect.stringContaining('away: ') })
  expect(advanced).toEqual([0])
  await handle.stop()

  const [message = ''] = ehr.heard()
  expect([/PID\|1\|\|(.*?)\|\|(.*?)\r/.exec(message)?.slice(1), /PV1\|1\|I\|(.*?)\r/.exec(message)?.[1], /OBX\|1\|.*\|(8.)\|/.exec(message)?.[1]]).toEqual([['47110815^^^H^MR', 'Doe^Jane'], 'ICU^^bed-1', '81'])
  expect(Buffer.concat(central.bodies().map((body) => Buffer.from(body))).toString()).not.toMatch(/4711|Doe|monitor-1|bed-1|stay-1/)
  {
    using ledger = openSyncLedger(place.folder)
    expect(ledger.sinks()).toEqual([{ id: 'central', kind: 'https-batch', lane: 'live' }, { id: 'away', kind: 'https-batch', lane: 'live' }, { id: 'ehr', kind: 'hl7-oru', lane: 'hospital' }])
  }
  await Promise.all([central.close(), down.close(), ehr.close()])
})

it('A stay that has ended is released by the thread, and the calls do not say from which gateway.', async () => {
  using place = scratch()
  using store = writing(place.folder)
  const ended = stay('stay-1', { closedAt: wallMs(STORED_AT + 60_000), identity: { mrn: '47110815', name: 'Doe^Jane' } })
  store.write(tick({ stays: [ended], snapshots: [heartRate(80), heartRate(81, { receivedAt: STORED_AT + 30_000 })] }))
  const server = await centralServer()
  const central = { url: server.url, token: server.token, ca: null }
  const release = { method: 'safe-harbor' as const, delayFromMs: 0, delayToMs: 1_000, staysMin: 1, gatherMs: 0, fields: [], values: {} }
  const deliveries: readonly Delivery[] = [{ ...deliveryTo('https-batch', central), lane: 'release', release }]
  const handle = startSync({ ...settingsOf(place.folder, central), clock: FAST, deliveries }, { clock: realClock(FAST) })
  await until(handle, ({ lastAcceptedAt, lagRows }) => lastAcceptedAt !== null && lagRows === 0)
  await handle.stop()

  const [body] = server.bodies().map(bodyOf)
  expect(body?.events.map(({ eventType }) => eventType).toSorted()).toEqual(['visit', 'vital-signs'])
  expect(body?.metadata).toMatchObject({ lane: 'release', method: 'safe-harbor' })
  expect(Buffer.concat(server.bodies().map((bytes) => Buffer.from(bytes))).toString()).not.toMatch(/4711|Doe|monitor-1|bed-1|stay-1|"gw"|"org"|01-15/)
  expect(server.requests().map(({ url, headers }) => [url, headers['vigil-instance']])).toEqual([['/api/v1/analytics/batches', undefined]])
  await server.close()
})

/** Acknowledges what it hears. */
async function hospitalServer() {
  const heard: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    const framer = new MllpFramer({ frameBytesMax: 65_536, keptBytesMax: 0, noiseSpanBytesMax: 1_024 })
    socket.on('data', (bytes: Buffer) => {
      for (const frame of framer.push(Uint8Array.from(bytes))) {
        if (frame.kind !== 'message') continue
        const text = Buffer.from(frame.content).toString()
        heard.push(text)
        socket.write(mllpFrame(Buffer.from(`MSH|^~\\&|EHR||VIGIL||20260115020000||ACK|a|P|2.6\rMSA|AA|${text.split('|')[9]}\r`)))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a port')
  return {
    port: address.port, heard: () => heard,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

it('A thread that cannot open its files dies alone: the ward hears of it, and stopping works.', async () => {
  using place = scratch()
  const handle = startSync(settingsOf(place.folder, { url: 'http://127.0.0.1:9', token: 't', ca: null }), { clock: realClock({ originMs: 0, speed: 1 }) })
  const status = await until(handle, () => true)
  expect(status).toMatchObject({ kind: 'behind', why: expect.stringContaining('started again') })
  await handle.stop()
})

it('A ledger of a newer version stops delivery, and nothing else.', async () => {
  using place = scratch()
  using store = writing(place.folder)
  store.write(tick({ snapshots: [heartRate(80)] }))
  const ledger = openSyncLedger(place.folder)
  ledger.close()
  const { default: Database } = await import('better-sqlite3')
  const db = new Database(`${place.folder}/sync.db`)
  db.pragma('user_version = 99')
  db.close()
  const handle = startSync(settingsOf(place.folder, { url: 'http://127.0.0.1:9', token: 't', ca: null }), { clock: realClock({ originMs: 0, speed: 1 }) })
  expect(await until(handle, () => true)).toMatchObject({ kind: 'behind', why: expect.stringContaining('newer Vigil') })
  await handle.stop()
})

it('The scanner is told every name of the ward: patients, devices, beds, stays; changed ones too.', () => {
  using place = scratch()
  using store = writing(place.folder)
  const stay = (name: string) => tick({
    stays: [{
      id: stayId('stay-1'), bed: bedId('bed-1'), identity: { mrn: '47110815', name }, openedAt: STORED_AT, closedAt: null,
      context: { population: 'adult', spo2Scale: 1, onOxygen: null, consciousness: null, infectionSuspected: false },
    }],
    snapshots: [heartRate(80)],
  })
  const names = openKnownIdentifiers(place.folder)
  expect(names.fresh()).toEqual([])
  store.write(stay('Doe^Jane'))
  expect(names.fresh()).toEqual(expect.arrayContaining(['47110815', 'Doe^Jane', 'monitor-1', 'bed-1', 'stay-1']))
  store.write(stay('Roe^Jane'))
  expect(names.fresh()).toEqual(['47110815', 'Roe^Jane'])
  names.close()
})

it('The thread says how many releases have begun, and asks for another incarnation when its ledger is gone and the log remembers them.', async () => {
  using place = scratch()
  const server = await centralServer()
  const release = { method: 'safe-harbor' as const, delayFromMs: 0, delayToMs: 0, staysMin: 1, gatherMs: 0, fields: [], values: {} }
  const central = { url: server.url, token: server.token, ca: null }
  const settings = { ...settingsOf(place.folder, central), deliveries: [{ ...deliveryTo('https-batch', central), lane: 'release' as const, release }] }
  const clock = realClock({ originMs: 0, speed: 1 })
  {
    using store = writing(place.folder)
    store.write(tick({ stays: [stay('stay-1', { openedAt: STORED_AT, closedAt: wallMs(STORED_AT + 60_000) })], snapshots: [heartRate(80, { stay: 'stay-1' })] }))
  }
  const first = startSync(settings, { clock })
  const times = await new Promise<number>((resolve) => first.onReleased((_sink, { times: many }) => resolve(many)))
  await first.stop()
  {
    using store = writing(place.folder)
    store.write(tick({ standing: [{ key: `${RELEASED_KEY}https-batch`, at: STORED_AT, value: { times } }] }))
  }
  for (const end of ['', '-wal', '-shm']) rmSync(join(place.folder, `sync.db${end}`), { force: true })
  const second = startSync(settings, { clock })
  const fork = await new Promise<object>((resolve) => second.onForked(resolve))
  await second.stop()
  expect([times, fork]).toEqual([1, { why: 'ledger-lost', afterSeq: null }])
  await server.close()
})
