/** The sync thread: joins log, ledger, and a pump with its sink for each delivery. It lives in a worker of its own; when it dies, the ward goes on. */

import { createHmac, randomBytes } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { UTC, readZone } from './codec/zone.ts'
import { surrogate } from './domain/batch.ts'
import { realClock } from './ops/clock.ts'
import { machineHealth } from './ops/health.ts'
import { goBehind } from './ops/priority.ts'
import { openLogReader } from './store/log-reader.ts'
import { openKnownIdentifiers } from './store/sync-identifiers.ts'
import { openStayIdentities } from './store/sync-identity.ts'
import { openStayReader } from './store/sync-stays.ts'
import { openSyncLedger } from './store/sync-ledger.ts'
import type { Cutter, CutterParts } from './sync/cutter.ts'
import type { Delivery } from './sync/deliveries.ts'
import { memoryOf } from './sync/ledger.ts'
import { type Pump, createPump } from './sync/pump.ts'
import { createReleaseCutter } from './sync/release-cutter.ts'
import { missReleases, releasesOf } from './sync/release-count.ts'
import { outOf } from './sync/release-out.ts'
import type { ReleaseSettings } from './sync/release-stays.ts'
import { type OpenSink, openSink } from './sync/sinks/open.ts'
import type { FromSync, SyncSettings, ToSync } from './sync/start.ts'

async function main(settings: SyncSettings, tell: (message: FromSync) => void, listen: (listener: (message: ToSync) => void) => () => void): Promise<void> {
  // Weeks may wait to be sent; an alarm does not wait for them.
  goBehind()
  const stopping = new AbortController()
  await using resources = new AsyncDisposableStack()
  const log = resources.adopt(openLogReader(settings.folder), (open) => open.close())
  const ledger = resources.adopt(
    openSyncLedger(settings.folder, { onSetAside: (folder, why) => tell({ type: 'set-aside', folder, why }) }),
    (open) => open.close(),
  )
  ledger.nameSinks(settings.deliveries.map(({ id, lane, to: { kind } }) => ({ id, lane, kind })))
  const clock = realClock(settings.clock)
  const zone = readZone(settings.timeZone) ?? UTC
  let forkedBy: string | null = null

  async function sinksOf({ id, lane, to, fallback }: Delivery): Promise<{ readonly sink: OpenSink; readonly fallback?: OpenSink }> {
    const identities = to.kind === 'hl7-oru' ? resources.adopt(openStayIdentities(settings.folder), (open) => open.close()) : null
    const parts = {
      organizationId: settings.organizationId, instance: lane === 'release' ? null : settings.instance, memory: memoryOf(ledger, id),
      identityOf: (stay: string) => identities?.of(stay) ?? null,
    }
    const open = async (spec: Delivery['to'], name: string): Promise<OpenSink> =>
      resources.adopt(await openSink(spec, { ...parts, id: name }), (sink) => sink.close())
    return { sink: await open(to, id), ...(fallback === null ? {} : { fallback: await open(fallback, `${id} (fallback)`) }) }
  }

  async function pumpOf(delivery: Delivery): Promise<Pump> {
    const { id, lane, filter, eventsPerSecond, between, release } = delivery
    const names = resources.adopt(openKnownIdentifiers(settings.folder), (open) => open.close())
    let told = false
    const identifiers = (): readonly string[] => {
      const fresh = told ? names.fresh() : [...settings.identifiers, ...names.fresh()]
      told = true
      return fresh
    }
    return createPump({
      ...(await sinksOf(delivery)),
      ...(release === undefined ? {} : { cutterOf: cutterOf(id, release) }),
      ...(lane === 'live' ? { out: outOf(ledger.releases.stays(id)) } : {}),
      log, ledger, identifiers, lane, filter, clock, health: () => machineHealth(settings.folder),
      pace: { eventsPerSecond, hours: between === null ? null : { ...between, zone } },
      gatewayId: settings.gatewayId,
      organizationId: settings.organizationId,
      version: settings.version,
      random: Math.random,
      onStatus: (status) => tell({ type: 'status', sink: id, status }),
      onAdvanced: (seq) => tell({ type: 'advanced', sink: id, seq }),
      onForked(fork) {
        // All of them see the same files: one new incarnation is enough.
        forkedBy ??= id
        if (forkedBy === id) tell({ type: 'forked', fork })
      },
    })
  }

  const cutterOf = (id: string, release: ReleaseSettings) => {
    const reader = resources.adopt(openStayReader(settings.folder), (open) => open.close())
    const released = (again: readonly string[]): void => tell({ type: 'released', sink: id, so: { times: releasesOf(ledger, id), again } })
    const { times: kept, again } = reader.released(id)
    // Before a pump looks at the ledger.
    if (missReleases(ledger, id, kept) > kept) released(again)
    return (parts: CutterParts): Cutter => createReleaseCutter({
      ...parts, ledger, releases: ledger.releases, settings: release, reader, released,
      // Not to be guessed, unlike the jitter.
      random: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
      mint: () => surrogate(randomBytes(16).toString('hex')),
      hmac: (key, text) => createHmac('sha256', key).update(text).digest(),
    })
  }

  const pumps: Pump[] = []
  for (const delivery of settings.deliveries) pumps.push(await pumpOf(delivery))
  resources.adopt(
    listen((message) => (message.type === 'stop' ? stopping.abort() : pumps.forEach((pump) => pump.wake()))),
    (unlisten) => unlisten(),
  )
  await Promise.all(pumps.map((pump) => pump.run(stopping.signal)))
}

const port = parentPort
if (port === null) throw new Error('thread-sync.ts is started by startSync, as a worker')
const settings: SyncSettings = workerData
await main(
  settings,
  (message) => port.postMessage(message),
  (listener) => {
    port.on('message', listener)
    return () => void port.off('message', listener)
  },
)
