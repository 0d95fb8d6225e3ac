/** The sync thread: joins log, ledger, pump and sink. It lives in a worker of its own; when it dies, the ward goes on. */

import { parentPort, workerData } from 'node:worker_threads'
import { realClock } from './ops/clock.ts'
import { openLogReader } from './store/log-reader.ts'
import { openKnownIdentifiers } from './store/sync-identifiers.ts'
import { openSyncLedger } from './store/sync-ledger.ts'
import { createPump } from './sync/pump.ts'
import { createHttpsBatch } from './sync/sinks/https-batch.ts'
import type { FromSync, SyncSettings, ToSync } from './sync/start.ts'

async function main(settings: SyncSettings, tell: (message: FromSync) => void, listen: (listener: (message: ToSync) => void) => () => void): Promise<void> {
  const stopping = new AbortController()
  using resources = new DisposableStack()
  const sink = resources.adopt(createHttpsBatch({ ...settings.sink, instance: settings.instance }), (open) => open.close())
  const log = resources.adopt(openLogReader(settings.folder), (open) => open.close())
  const ledger = resources.adopt(
    openSyncLedger(settings.folder, { onSetAside: (folder, why) => tell({ type: 'set-aside', folder, why }) }),
    (open) => open.close(),
  )
  const names = resources.adopt(openKnownIdentifiers(settings.folder), (open) => open.close())
  let told = false
  const identifiers = (): readonly string[] => {
    const fresh = told ? names.fresh() : [...settings.identifiers, ...names.fresh()]
    told = true
    return fresh
  }
  const pump = createPump({
    sink, log, ledger, identifiers,
    gatewayId: settings.gatewayId,
    organizationId: settings.organizationId,
    clock: realClock(settings.clock),
    random: Math.random,
    onStatus: (status) => tell({ type: 'status', status }),
    onAdvanced: (seq) => tell({ type: 'advanced', seq }),
    onForked: (fork) => tell({ type: 'forked', fork }),
  })
  resources.adopt(
    listen((message) => (message.type === 'stop' ? stopping.abort() : pump.wake())),
    (unlisten) => unlisten(),
  )
  await pump.run(stopping.signal)
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
