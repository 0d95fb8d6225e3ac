import { expect, it } from 'vitest'
import { readBatch } from '../../simulators/central/ingest.ts'
import { alertId, deviceId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { openSyncLedger } from '../../src/store/sync-ledger.ts'
import { createPump } from '../../src/sync/pump.ts'
import { NEVER, START, alertRow, fakeCentral, fakeClock, fakeLog, gatewayRow, givenRow, phaseEvent, reissue, scratch, snapshotRow } from './fakes.ts'

it('The reference central takes every kind of event that the live lane sends.', async () => {
  using place = scratch()
  const id = alertId('alert-1')
  const log = fakeLog([
    snapshotRow(1, [{ value: 80 }, { value: null }, { value: 60, flags: ['demo'] }, { metric: 'MDC_TEMP_SKIN', value: 36.123456, channel: 'T2', at: START - 86_400_000 }]),
    snapshotRow(2, [{ value: 80, channel: 'a' }, { value: 81, channel: 'b' }, { value: 82, at: START + 7_200_000 }]),
    alertRow(3, phaseEvent({ alertId: id })),
    alertRow(4, phaseEvent({ alertId: id, phase: 'end', state: 'inactive', priority: 'high', type: 'technical', stay: null, device: deviceId('m'), condition: 'odd/one' })),
    alertRow(5, phaseEvent({ alertId: alertId('alert-2'), stay: null, device: null, bed: null })),
    alertRow(6, { kind: 'acknowledged', alertId: id, at: START, by: 'anna' }),
    alertRow(7, { kind: 'audio-paused', alertId: id, at: START, by: 'anna', until: wallMs(START + 1) }),
    gatewayRow(8),
    givenRow(9),
    snapshotRow(10, [{ value: 2.1, metric: 'NOM_CONC_LACT' }]),
  ])
  const central = fakeCentral()
  const ledger = openSyncLedger(place.folder)
  const pump = createPump({ gatewayId: 'gw', organizationId: 'org', ledger, log, clock: fakeClock(), sink: central.sink, random: () => 0, identifiers: () => [], health: () => ({ load: 0.5, memoryFree: 0.5, diskFree: null }) })
  while ((await pump.step(NEVER)).kind !== 'idle');
  reissue(log, 1, 'stay-2')
  while ((await pump.step(NEVER)).kind !== 'idle');
  ledger.close()
  const types = central.calls.map(({ body }) => {
    const read = readBatch(JSON.parse(Buffer.from(body).toString('utf8')), body.length, () => false)
    expect(read).toMatchObject({ kind: 'batch', batch: { rejected: [], repeatedWithin: 0 } })
    return read.kind === 'batch' ? read.batch.events.map((event) => event.type) : []
  })
  expect(types.map((some) => some.toSorted())).toEqual([
    ['alerts', 'alerts', 'alerts', 'user-interaction', 'user-interaction'],
    ['device-metrics', 'lab-results', 'medications', 'system-metrics', ...Array(5).fill('vital-signs')],
    ['corrections', ...Array(2).fill('vital-signs')],
  ])
})
