/**
 * Nothing that names anybody leaves: identifiers are planted in every field, in free text, file names, topics and the ways of errors, for 24
 * hours of a ward, and looked for in what both lanes send (body, headers and address, as they reach a server), in the log, in the words of
 * the sinks, in what a page without a log-in is told, and in what a process says when it dies.
 *
 * The address of a sender whom nobody knows stands in the gateway's own log on purpose: biomed finds the box by it. It is looked for in all
 * else. The control sends the rows as they are, without allow-list and scanner.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { join } from 'node:path'
import { createHmac } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { openLogReader } from '../../src/store/log-reader.ts'
import { openKnownIdentifiers } from '../../src/store/sync-identifiers.ts'
import { openSyncLedger } from '../../src/store/sync-ledger.ts'
import { openStayReader } from '../../src/store/sync-stays.ts'
import { cutBatches, recutEvent } from '../../src/sync/cut.ts'
import type { Cutter, CutterParts } from '../../src/sync/cutter.ts'
import { memoryOf } from '../../src/sync/ledger.ts'
import { type PumpParts, createPump } from '../../src/sync/pump.ts'
import { createReleaseCutter } from '../../src/sync/release-cutter.ts'
import { createScanner } from '../../src/sync/scanner.ts'
import { openSink } from '../../src/sync/sinks/open.ts'
import { NEVER, START, fakeClock } from '../sync/fakes.ts'
import { SETTINGS, seeded } from '../sync/release-ward.ts'
import { type Canary, Planter, Search } from './canaries.ts'
import { crashed } from './canary-crash.ts'
import { openCanaryWard } from './canary-ward.ts'
import { proveFolder } from './gateway.ts'
import type { Prove } from './prove.ts'

const HOUR_MS = 3_600_000
const STEPS_MAX = 1_000_000

export const prove: Prove = async ({ quick, seed, say }) => {
  const folder = proveFolder()
  const planter = new Planter()
  const logged = new Set<Canary>()
  try {
    const { hours, canaries } = quick ? { hours: 1, canaries: 500 } : { hours: 24, canaries: 5_000 }
    const ward = openCanaryWard(folder, planter)
    await ward.live(hours, canaries)
    await ward.close()
    say(`${planter.planted.length} identifiers in ${hours} h of the ward`)
    const isOfSender = ({ where }: Canary): boolean => where === 'address of a sender'
    const log = new Search(planter.planted.filter((canary) => !isOfSender(canary)))
    log.look(ward.logged())
    log.found.forEach((canary) => logged.add(canary))

    const sent = await sentOf(folder, { seed, hours, identifiers: ward.identifiers, kind: 'real' })
    const out = new Search(planter.planted)
    out.look(sent.text)
    say(`${sent.requests} requests, ${sent.events} events, ${(out.bytes / 1e6).toFixed(1)} MB`)

    const died = await crashed()
    const control = await sentOf(folder, { seed, hours, identifiers: ward.identifiers, kind: 'raw' })
    const leaked = new Search(planter.planted)
    leaked.look(control.text)
    for (const { kind, text, where } of [...out.found, ...logged, ...died.found].slice(0, 20)) say(`FOUND a ${kind}, ${text}: ${where}`)
    return {
      kind: 'judged',
      pass: out.found.size + logged.size + died.found.size === 0 && planter.planted.length >= canaries && sent.events > 0 && sent.lanes.size === 2,
      figures: {
        'identifiers planted': planter.planted.length + died.planted, 'simulated hours': hours, 'lanes, requests, events': `${[...sent.lanes].toSorted().join(' and ')}, ${sent.requests}, ${sent.events}`,
        'bytes searched: sent, logged, of a real process': `${out.bytes}, ${log.bytes}, ${died.bytes}`,
        'found in what was sent': out.found.size, 'found in the log': logged.size, 'found in what a process says': died.found.size, 'stopped by the scanner': sent.stopped,
        'control: found in rows as they are': leaked.found.size, 'control: rows that pass the scanner alone, found in them': rawThroughScanner(folder, planter.planted, ward.identifiers),
      },
      control: { ran: true, failed: leaked.found.size > 0 },
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

type Sending = { readonly seed: number; readonly hours: number; readonly identifiers: readonly string[]; readonly kind: 'real' | 'raw' }
type Sent = { readonly text: string; readonly requests: number; readonly events: number; readonly stopped: number; readonly lanes: ReadonlySet<string> }

/** Both lanes through the sync that is shipped, over HTTP, to the end of the log. */
async function sentOf(folder: string, { seed, hours, identifiers, kind }: Sending): Promise<Sent> {
  await using central = await openCatcher()
  const ledgerFolder = mkdtempSync(join(folder, 'sync-'))
  await using resources = new AsyncDisposableStack()
  const log = resources.adopt(openLogReader(folder), (open) => open.close())
  const ledger = resources.adopt(openSyncLedger(ledgerFolder), (open) => open.close())
  const reader = resources.adopt(openStayReader(folder), (open) => open.close())
  const { random, mint } = seeded(seed)
  const release = (parts: CutterParts): Cutter =>
    createReleaseCutter({
      ...parts, ledger, reader, releases: ledger.releases, random, mint, hmac: (key, text) => createHmac('sha256', key).update(text).digest(),
      settings: { ...SETTINGS, delayFromMs: HOUR_MS, delayToMs: 2 * HOUR_MS, staysMin: 3, gatherMs: HOUR_MS },
    })
  let stopped = 0
  let said = ''
  for (const lane of kind === 'real' ? (['live', 'release'] as const) : (['live'] as const)) {
    const names = resources.adopt(openKnownIdentifiers(folder), (open) => open.close())
    const spec = { kind: 'https-batch', url: central.url, token: 'token-of-the-proves', ca: null, certificate: null, compression: 'gzip' } as const
    const sink = resources.adopt(await openSink(spec, { id: `${lane}-sink`, organizationId: 'org', instance: null, memory: memoryOf(ledger, lane), identityOf: () => null }), (open) => open.close())
    const clock = fakeClock()
    const parts: PumpParts = {
      sink, ledger, log, clock, lane, gatewayId: 'gw', organizationId: 'org', random: () => 0.5, identifiers: () => [...identifiers, ...names.fresh()],
      onStatus: (status) => void (said = `${said.slice(-100_000)}${JSON.stringify(status)}`),
      ...(kind === 'raw' ? { cutterOf: rawCutter } : lane === 'release' ? { cutterOf: release } : {}),
    }
    const pump = createPump(parts)
    clock.now = START - clock.wall() + (hours + 1) * HOUR_MS
    const end = clock.now + 8 * HOUR_MS
    for (let steps = 0; steps < STEPS_MAX && clock.now < end; steps++) {
      const next = await pump.step(NEVER)
      if (next.kind === 'done') continue
      // The live lane has all that it will have; releases wait for their time.
      if (next.kind === 'idle' && (lane === 'live' || ledger.releases.states(sink.id).waiting === 0)) break
      clock.now += next.kind === 'idle' ? HOUR_MS / 4 : Math.max(1, next.ms)
    }
    stopped += pump.status().stoppedByScanner
    // The words about dead letters are shown to people; what they hold is not, and was stopped.
    said += JSON.stringify([pump.status(), ledger.counts(sink.id), ledger.deadLetters(sink.id, 10_000).map(({ why }) => why)])
  }
  return { text: central.caught.join('\n') + said, requests: central.caught.length, events: central.events, stopped, lanes: central.lanes }
}

/** The step that makes events of rows taken away: the rows go out as they are. */
function rawCutter({ sink, ledger, log, organizationId, gatewayId }: CutterParts): Cutter {
  let after = 0
  return {
    position: () => after,
    lagRows: () => log.lastSeq() - after,
    cutAlerts: () => ({ kind: 'nothing' }),
    cutRetries: () => ({ kind: 'nothing' }),
    cutLog(at, bytesMax) {
      const rows = log.read(after, 1_000)
      const last = rows.at(-1)
      if (last === undefined) return { kind: 'nothing' }
      const frame = { at, organizationId, gatewayId, epoch: log.epoch, seqFrom: after + 1, seqTo: last.seq, completes: true, lane: 'live' } as const
      ledger.keep(sink, log.epoch, true, cutBatches(rows.map((row) => recutEvent(JSON.stringify(row), { origin: null, retries: 0 })), frame, bytesMax))
      after = last.seq
      return { kind: 'cut', full: true, stopped: 0 }
    },
  }
}

/** The scanner knows the names of this ward and no others, so it is the second wall, not the first. */
function rawThroughScanner(folder: string, planted: readonly Canary[], identifiers: readonly string[]): number {
  const log = openLogReader(folder)
  const names = openKnownIdentifiers(folder)
  const scanner = createScanner(['gw'])
  scanner.learn([...identifiers, ...names.fresh()])
  const search = new Search(planted)
  for (let after = 0, rows = log.read(0, 1_000); rows.length > 0; rows = log.read(after, 1_000)) {
    for (const row of rows) if (scanner.scan(row).kind === 'clean') search.look(JSON.stringify(row))
    after = rows.at(-1)?.seq ?? after
  }
  names.close()
  log.close()
  return search.found.size
}

/** A central that takes everything and keeps every byte: method, address, headers and body. */
async function openCatcher() {
  const caught: string[] = []
  const lanes = new Set<string>()
  let events = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (bytes: Buffer) => chunks.push(bytes))
    request.on('end', () => {
      const bytes = Buffer.concat(chunks)
      const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString()
      caught.push(`${request.method} ${request.url}\n${request.rawHeaders.join('\n')}\n${text}`)
      const batch: { batchId: string; events: readonly unknown[]; metadata: { lane: string } } = JSON.parse(text)
      events += batch.events.length
      lanes.add(batch.metadata.lane)
      response.writeHead(202, { 'content-type': 'application/json' }).end(JSON.stringify({ batchId: batch.batchId, processed: batch.events.length, failed: 0, accepted: batch.events.length }))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    caught, lanes,
    get events() {
      return events
    },
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close').catch(() => undefined)
    },
  }
}
