/**
 * Makes the fixture of the schema as it is now: `node test/store/make-fixture.ts`, run once before the next version is
 * begun, and never again for a version that was released: the two files of one folder, under the version of vigil.db. What the
 * readers of that day say of them lies beside them as JSON.
 */

import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { surrogate } from '../../src/domain/batch.ts'
import { alertId, deviceId } from '../../src/domain/ids.ts'
import { absent } from '../../src/domain/reading.ts'
import { wallMs } from '../../src/domain/time.ts'
import { MIGRATIONS } from '../../src/store/migrations.ts'
import { openSyncLedger } from '../../src/store/sync-ledger.ts'
import { START, acknowledged, frame, gatewayEvent, heartRate, phase, snapshot, stay, tempFolder, tick } from './fixture.ts'
import { contentOf } from './fixture-content.ts'
import { writing } from './writing.ts'

const SINK = 'https-batch'
const FOLDER = join(import.meta.dirname, 'fixtures')
const version = MIGRATIONS.at(-1)?.version ?? 0

using folder = tempFolder()
{
  using open = writing(folder.path)
  open.write(
    tick({
      stays: [stay('stay-1'), stay('stay-2', { identity: { mrn: null, name: 'Kim^Lee' } }), stay('stay-3', { identity: null })],
      snapshots: [
        snapshot(),
        snapshot({ device: 'monitor-2', bed: 'bed-2', stay: 'stay-2', sentAt: START - 500, deviceAt: START - 700, flags: ['questionable'] }),
        heartRate(0, { receivedAt: START + 61_000 }),
        snapshot({ device: 'monitor-3', bed: null, stay: null, values: [['MDC_PULS_OXIM_SAT_O2', absent('probe-off')]], channel: 'left' }),
        snapshot({ values: [['MDC_TEMP_CORE', 36.612_345_678]], receivedAt: START + 122_000 }),
      ],
      events: [phase('alert-1', 'active'), phase('alert-2', 'active'), acknowledged('alert-1', 'anna'), gatewayEvent('started')],
      messages: [{ device: deviceId('monitor-1'), slot: 0, id: 'MSG-1', hash: 42 }, { device: deviceId('monitor-1'), slot: 1, id: 'MSG-2', hash: 43 }],
      quarantined: [frame('no MSH'), frame('noise', { device: null, bytes: new Uint8Array() })],
    }),
    tick({
      stays: [stay('stay-2', { closedAt: wallMs(START + 130_000) })],
      events: [phase('alert-2', 'inactive', wallMs(START + 130_000)), phase('alert-3', 'latched', wallMs(START + 131_000))],
      messages: [{ device: deviceId('monitor-1'), slot: 0, id: 'MSG-3', hash: 44 }],
      strips: [{
        alertId: alertId('alert-1'), at: START, device: deviceId('monitor-1'), metric: 'MDC_ECG_ELEC_POTL_II', channel: '', rateHz: 250, scale: 0.005, offset: 0, unit: 'mV',
        from: wallMs(START - 10_000), samples: Int32Array.of(0, 3, -200, 70_000, -1),
      }],
    }),
  )
}
const db = new Database(join(folder.path, 'vigil.db'))
db.exec(`INSERT INTO quarantine_dropped (device, frames) VALUES ('monitor-1', 7)`)
const { epoch } = db.prepare<[], { epoch: string }>('SELECT epoch FROM meta').get() ?? { epoch: '' }
db.pragma('journal_mode = DELETE')
db.close()
{
  using ledger = openSyncLedger(folder.path, { random: (bytes) => Buffer.alloc(bytes, 7) })
  const origin = { device: deviceId('monitor-1'), metric: 'MDC_ECG_HEART_RATE', measured: 3 }
  const items = [{ origin, retries: 0 }, { origin: null, retries: 1 }]
  const batch = (id: string, seqTo: number) => ({ batchId: id, body: new TextEncoder().encode(`{"batchId":"${id}"}`), items, seqFrom: 1, seqTo })
  ledger.openEpoch(epoch)
  ledger.keep(SINK, epoch, true, [batch('b1', 3)])
  const first = ledger.pending(SINK)
  if (first) ledger.settle(SINK, first, { acknowledged: [origin], dead: [{ event: '{"key":"k"}', origin, retries: 2, why: 'ANALYTICS_003', seqFrom: 1, seqTo: 3 }], at: START })
  ledger.keep(SINK, epoch, true, [batch('b2', 5)])
  ledger.withhold(SINK, epoch, [{ reason: 'no-stay', rows: 1, readings: 1 }])
  const surrogates = ledger.surrogates(epoch)
  surrogates.of('stay', 'stay-1')
  surrogates.sensorOf(deviceId('monitor-1'), 'MDC_ECG_HEART_RATE', 'left')
  surrogates.rememberAlert(alertId('alert-1'), surrogate('07'.repeat(16)))
  ledger.saveStatus(SINK, START, { kind: 'behind', lagRows: 1, why: '503', lastAcceptedAt: START, deadLetters: 1, stoppedByScanner: 2, breaker: 'open' })
}
const ledgerDb = new Database(join(folder.path, 'sync.db'))
ledgerDb.pragma('journal_mode = DELETE')
ledgerDb.close()

mkdirSync(FOLDER, { recursive: true })
for (const [from, to] of [['vigil.db', `vigil-${version}.db`], ['sync.db', `sync-${version}.db`]] as const) {
  const target = join(FOLDER, to)
  if (existsSync(target)) process.stderr.write(`${to} is there already and stays as it was released.\n`)
  else copyFileSync(join(folder.path, from), target)
}
const said = join(FOLDER, `vigil-${version}.json`)
if (!existsSync(said)) writeFileSync(said, `${JSON.stringify(contentOf(folder.path), null, 1)}\n`)
