/**
 * A process with the parts that send: log, ledger, pump and one sink, on the folder of a gateway, until it is killed. Its batches are small and its
 * rests short, so that a trial of minutes has thousands; no promise is taken away. Each batch is noted before it is first sent.
 */

import { appendFileSync } from 'node:fs'
import { syncLimits } from '../../src/limits.ts'
import { REAL_TIME, realClock } from '../../src/ops/clock.ts'
import type { Sink } from '../../src/seams.ts'
import { openLogReader } from '../../src/store/log-reader.ts'
import { openSyncLedger } from '../../src/store/sync-ledger.ts'
import { memoryOf } from '../../src/sync/ledger.ts'
import { createPump } from '../../src/sync/pump.ts'
import { openSink } from '../../src/sync/sinks/open.ts'
import type { OnceGateway } from './once-ward.ts'

Object.assign(syncLimits, { lingerMs: 5, pollMs: 10, retryDelayMsMin: 2, retryDelayMsMax: 50, breakerHalfOpenMs: 50, pausedProbeMs: 50 })

const setting: OnceGateway = JSON.parse(process.argv[2] ?? '')
const { folder, to, instance, rowsMax, noted } = setting
const log = openLogReader(folder)
const ledger = openSyncLedger(folder)
const real = await openSink(to, { id: 'central', organizationId: 'org', instance, memory: memoryOf(ledger, 'central'), identityOf: () => null })
let last = ''
let batches = 0
const sink: Sink = {
  ...real,
  send(batch, stop) {
    if (batch.batchId !== last) {
      appendFileSync(noted, `${Buffer.from(batch.body).toString()}\n`)
      last = batch.batchId
      process.send?.({ seq: 0, batches: ++batches })
    }
    return real.send(batch, stop)
  },
}
const pump = createPump({
  sink, log, ledger, clock: realClock(REAL_TIME), random: Math.random, gatewayId: 'gw', organizationId: 'org', identifiers: () => [], rowsMax,
  onAdvanced: (seq) => void process.send?.({ seq, batches }),
})
await pump.run(new AbortController().signal)
