import { createServer as createHttp } from 'node:http'
import { type Socket, createServer as createTcp } from 'node:net'
import { MllpFramer, mllpFrame } from '../../src/codec/mllp.ts'
import type { Sink, SinkAnswer } from '../../src/seams.ts'
import type { SinkMemory } from '../../src/sync/ledger.ts'
import { createHl7Oru } from '../../src/sync/sinks/hl7-oru.ts'
import { createHttpsBatch } from '../../src/sync/sinks/https-batch.ts'
import { createPatientsApi } from '../../src/sync/sinks/patients-api.ts'
import { bodyOf } from '../sync/fakes.ts'
import { centralServer } from '../sync/central-server.ts'
import { loopbackCertificate } from '../sync/certificate.ts'
import { type Behaviour, type SinkUnderTest, batchOf, hospitalBatch, liveBatch, sinkContract, subjectOf, vitalEvent } from './sink.ts'

const keysIn = (body: Uint8Array): readonly string[] => bodyOf(body).events.map(({ key }) => key)
const two = (name: string) => ({ batch: batchOf(name), arrives: [`${name}/0`, `${name}/1`] })

export function fakeMemory(): SinkMemory & { readonly counts: ReadonlyMap<string, number> } {
  const kept = new Map<string, string>()
  const counts = new Map<string, number>()
  return {
    counts,
    get: (name) => kept.get(name) ?? null,
    put: (name, value) => void (value === null ? kept.delete(name) : kept.set(name, value)),
    count: (what, times = 1) => void counts.set(what, (counts.get(what) ?? 0) + times),
  }
}

// ── A fake, that other tests may stand on ────────────────────────────────────────────────────────────────────────────

function fakeSink(): SinkUnderTest {
  let behaviour: Behaviour = 'takes'
  let closed = false
  const keys: string[] = []
  const known = new Set<string>()
  const refused = (how: 'pause' | 'split' | 'dead' | 'stale'): SinkAnswer => ({ kind: 'refused', how, why: how === 'dead' ? 'ANALYTICS_003' : how })
  const take = (batchId: string, body: Uint8Array, without = ''): void => {
    if (!known.has(batchId)) keys.push(...keysIn(body).filter((key) => key !== without))
    known.add(batchId)
  }
  const answers = (batchId: string, body: Uint8Array): SinkAnswer => {
    const isKnown = known.has(batchId)
    switch (behaviour) {
      case 'takes':
        take(batchId, body)
        return { kind: isKnown ? 'duplicate' : 'accepted' }
      case 'rejects-row-1':
        take(batchId, body, keysIn(body)[1])
        return { kind: 'partly', rejected: [{ index: 1, code: 'ANALYTICS_003', detail: 'unit' }] }
      case 'takes-and-answer-is-lost':
        take(batchId, body)
        return { kind: 'retry', why: behaviour, afterMs: null }
      case 'is-down':
      case 'silent':
        return { kind: 'retry', why: behaviour, afterMs: null }
      case 'wants-a-pause':
        return { kind: 'retry', why: behaviour, afterMs: 7_000 }
      case 'refuses-us':
        return refused('pause')
      case 'finds-it-too-large':
        return refused('split')
      case 'cannot-take-it':
        return refused('dead')
      case 'finds-it-too-old':
        return refused('stale')
    }
  }
  const sink: Sink & { close(): void } = {
    id: 'fake',
    async send({ batchId, body }, stop) {
      if (stop.aborted || closed) return { kind: 'retry', why: 'stopped', afterMs: null }
      if (behaviour === 'silent') await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }))
      return answers(batchId, body)
    },
    close: () => void (closed = true),
  }
  return {
    sink, behave: (next) => void (behaviour = next), arrived: () => Promise.resolve(keys), close: () => Promise.resolve(),
    batch: (name) => (behaviour === 'rejects-row-1' ? { batch: batchOf(name), arrives: [`${name}/0`] } : two(name)),
  }
}

const EVERYTHING: readonly Behaviour[] = [
  'takes', 'takes-and-answer-is-lost', 'rejects-row-1', 'is-down', 'wants-a-pause', 'refuses-us', 'finds-it-too-large', 'cannot-take-it', 'finds-it-too-old', 'silent',
]

sinkContract('a fake', { can: EVERYTHING, namesRepeats: true }, () => Promise.resolve(fakeSink()))

// ── https-batch ──────────────────────────────────────────────────────────────────────────────────────────────────────

async function https(over: { readonly tls?: Parameters<typeof centralServer>[0]; readonly settings?: object }): Promise<SinkUnderTest> {
  const server = await centralServer(over.tls)
  const sink = createHttpsBatch({ url: server.url, token: server.token, ca: over.tls?.cert ?? null, ...over.settings })
  let behaviour: Behaviour = 'takes'
  return {
    sink, close: () => server.close(),
    behave(next) {
      behaviour = next
      server.behave(next)
    },
    arrived: () => Promise.resolve(server.taken()),
    batch: (name) => (behaviour === 'rejects-row-1' ? { batch: batchOf(name), arrives: [`${name}/0`] } : two(name)),
  }
}

sinkContract('https-batch on loopback', { can: EVERYTHING, namesRepeats: true }, () => https({}))
sinkContract('https-batch over TLS 1.3 with zstd', { can: EVERYTHING, namesRepeats: true }, () => https({ tls: loopbackCertificate(), settings: { compression: 'zstd' } }))
sinkContract('https-batch with a certificate of our own', { can: EVERYTHING, namesRepeats: true }, () => {
  const ours = loopbackCertificate()
  return https({ tls: { ...loopbackCertificate(), ca: ours.cert, requestCert: true, rejectUnauthorized: true }, settings: { certificate: ours } })
})

// ── patients-api ─────────────────────────────────────────────────────────────────────────────────────────────────────

const SIX = [['MDC_ECG_HEART_RATE', 82], ['MDC_PRESS_BLD_NONINV_SYS', 121], ['MDC_PRESS_BLD_NONINV_DIA', 74], ['MDC_TEMP_CORE', 37], ['MDC_PULS_OXIM_SAT_O2', 97], ['MDC_RESP_RATE', 16]] as const

/** Two patients, each with a whole set; a minute later than the batch before, so that each batch has sets of its own. */
function setsBatch(name: string, minute: number) {
  const timestamp = new Date(Date.UTC(2026, 0, 15, 2, minute)).toISOString()
  const of = (subject: string, from: number) => SIX.map(([metric, value], place) => vitalEvent(`${name}/${from + place}`, { subject, metric, v: [value], timestamp }))
  const [first, second] = [subjectOf(1), subjectOf(2)]
  return { batch: liveBatch(name, [...of(first, 0), ...of(second, 6)]), arrives: [`1 ${timestamp}`, `2 ${timestamp}`] }
}

async function patients(): Promise<SinkUnderTest> {
  let behaviour: Behaviour = 'takes'
  const posted: string[] = []
  const minutes = new Map<string, number>()
  let rows = 0
  const server = createHttp((request, response) => {
    const chunks: Buffer[] = []
    request.on('error', () => undefined)
    request.on('data', (chunk: Buffer) => void chunks.push(chunk))
    request.on('end', () => {
      const body: Record<string, unknown> = JSON.parse(Buffer.concat(chunks).toString())
      const say = (status: number, said: object, headers: Record<string, string> = {}): void => void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(said))
      const isVitals = request.url?.endsWith('/vital-signs') ?? false
      if (behaviour === 'is-down') return say(503, { detail: 'down' })
      if (behaviour === 'wants-a-pause') return say(429, { detail: 'slowly' }, { 'retry-after': '7' })
      if (behaviour === 'refuses-us') return say(401, { detail: 'no' })
      if (behaviour === 'silent') return
      if (!isVitals) return say(201, { id: ++rows })
      posted.push(`${String(body['patient_id'])} ${String(body['timestamp'])}`)
      if (behaviour === 'takes-and-answer-is-lost') return void request.socket.destroy()
      say(201, { id: 1 })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a port')
  return {
    sink: createPatientsApi({
      id: 'patients-api', url: `http://127.0.0.1:${address.port}`, token: 't', ca: null, memory: fakeMemory(), freshMs: 300_000, everyMs: 60_000, placeholders: { first_name: 'Not sent' },
    }),
    behave: (next) => void (behaviour = next),
    batch(name) {
      const minute = minutes.get(name) ?? minutes.size
      minutes.set(name, minute)
      return setsBatch(name, minute)
    },
    arrived: () => Promise.resolve(posted),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

sinkContract('patients-api', { can: ['takes', 'takes-and-answer-is-lost', 'is-down', 'wants-a-pause', 'refuses-us', 'silent'], namesRepeats: true }, patients)

// ── hl7-oru ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const confirmedEvent = (key: string, stay: string, timestamp: string) => ({
  eventType: 'confirmed-observations', key, stay, bed: 'bed-7', device: 'monitor-1', timestamp,
  data: { metric: 'MDC_ECG_HEART_RATE', mdc: 147_842, loinc: '8867-4', label: 'HR', unit: '/min', value: 82, channel: '' },
})

async function hospital(): Promise<SinkUnderTest> {
  let behaviour: Behaviour = 'takes'
  const arrived: string[] = []
  const sockets = new Set<Socket>()
  const server = createTcp((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    if (behaviour === 'is-down') return void socket.destroy()
    const framer = new MllpFramer({ frameBytesMax: 65_536, keptBytesMax: 0, noiseSpanBytesMax: 1_024 })
    socket.on('data', (bytes: Buffer) => {
      for (const frame of framer.push(Uint8Array.from(bytes))) {
        if (frame.kind !== 'message') continue
        if (behaviour === 'silent') return
        if (behaviour === 'is-down') return void socket.destroy()
        const text = Buffer.from(frame.content).toString()
        const id = text.split('|')[9] ?? ''
        const [code, error] = behaviour === 'refuses-us' ? ['AR', 'ERR|||203^Unsupported version^HL70357|E\r'] : ['AA', '']
        if (code === 'AA') arrived.push(`${/PID\|1\|\|([^^|]*)/.exec(text)?.[1]} ${/OBR\|.*?\|(\d{14})/.exec(text)?.[1]}`)
        if (behaviour === 'takes-and-answer-is-lost') return void socket.destroy()
        socket.write(mllpFrame(Buffer.from(`MSH|^~\\&|EHR||VIGIL||20260115020000||ACK^R01|a|P|2.6\rMSA|${code}|${id}\r${error}`)))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a port')
  const names = new Map<string, number>()
  return {
    sink: createHl7Oru({
      id: 'hl7-oru', host: '127.0.0.1', port: address.port, tls: null, memory: fakeMemory(),
      header: { sendingApplication: 'VIGIL', sendingFacility: 'W3', receivingApplication: 'EHR', receivingFacility: 'H', assigningAuthority: 'H', unit: 'ICU' },
      identityOf: (stay) => (stay === 'unknown' ? null : { mrn: `mrn-${stay}`, name: 'Doe^Jané', bed: 'bed-7' }),
    }),
    behave(next) {
      behaviour = next
      if (next === 'is-down') for (const socket of sockets) socket.destroy()
    },
    batch(name) {
      const minute = names.get(name) ?? names.size
      names.set(name, minute)
      const at = `2026-01-15T02:${String(minute).padStart(2, '0')}:00.000Z`
      const shown = at.replace(/[-:T]/g, '').slice(0, 14)
      const second = behaviour === 'rejects-row-1' ? 'unknown' : 's2'
      return {
        batch: hospitalBatch(name, [confirmedEvent(`${name}/0`, 's1', at), confirmedEvent(`${name}/1`, second, at)]),
        arrives: [`mrn-s1 ${shown}`, ...(second === 's2' ? [`mrn-s2 ${shown}`] : [])],
      }
    },
    arrived: () => Promise.resolve(arrived),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

sinkContract('hl7-oru', { can: ['takes', 'takes-and-answer-is-lost', 'rejects-row-1', 'is-down', 'refuses-us', 'silent'], namesRepeats: true }, hospital)
