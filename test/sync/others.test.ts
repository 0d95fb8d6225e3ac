/** What leaves of laboratory, medicines, devices and the gateway itself. */

import { expect, it } from 'vitest'
import { syncLimits } from '../../src/limits.ts'
import type { LoggedRow } from '../../src/seams.ts'
import { openSyncLedger } from '../../src/store/sync-ledger.ts'
import { compileLive } from '../../src/sync/anonymise.ts'
import { deviceMinutes, isLaboratory } from '../../src/sync/anonymise-others.ts'
import { createPump } from '../../src/sync/pump.ts'
import { createScanner } from '../../src/sync/scanner.ts'
import { EPOCH, NEVER, START, bodyOf, fakeCentral, fakeClock, fakeLog, givenRow, scratch, snapshotRow } from './fakes.ts'

function sentOf(rows: readonly LoggedRow[]) {
  using place = scratch()
  using ledger = openSyncLedger(place.folder)
  const { events, withheld } = compileLive(rows, { gatewayId: 'gw', epoch: EPOCH, surrogates: ledger.surrogates(EPOCH) })
  const sent: readonly { readonly eventType: string; readonly key: string; readonly data: Readonly<Record<string, unknown>> }[] = JSON.parse(JSON.stringify(events.map(({ event }) => event)))
  return { sent, withheld }
}

it('What was measured in blood goes as lab-results, and the gas of a breath as a vital sign.', () => {
  const { sent } = sentOf([snapshotRow(1, [{ value: 2, metric: 'NOM_CONC_LACT' }, { value: 40, metric: 'MDC_CONC_AWAY_CO2_ET' }, { value: 11, metric: 'VIGIL_LAB_LEUKOCYTES' }])])
  expect(sent.map(({ eventType, data }) => [eventType, data['metric']])).toEqual([
    ['lab-results', 'NOM_CONC_LACT'], ['vital-signs', 'MDC_CONC_AWAY_CO2_ET'], ['lab-results', 'VIGIL_LAB_LEUKOCYTES'],
  ])
  expect(isLaboratory({ id: 'MDC_CONC_PCO2_ART' })).toBe(true)
})

it('A medicine goes by its ATC code and closed words: no name, no route, no number of an order; the same dose has one surrogate.', () => {
  const { sent } = sentOf([givenRow(1), givenRow(2, { action: 'deleted' }), givenRow(3, { id: '', dose: { amount: 1, unit: 'tablet of Jane' } })])
  const [first, second, third] = sent
  expect(first?.data).toEqual({
    medicationId: expect.stringMatching(/^[0-9a-f]{32}$/), system: 'ATC', code: 'C01CA03', status: 'complete', action: 'added', dose: { amount: 4, unit: 'mg', per: 'h' }, from: -60_000, until: null,
  })
  expect(second?.data).toMatchObject({ medicationId: first?.data['medicationId'], action: 'deleted' })
  expect(third?.data).toMatchObject({ medicationId: null, dose: { amount: 1, unit: 'other', per: 'once' } })
  expect(JSON.stringify(sent)).not.toMatch(/Jane|4711|IV|Norepinephrine/)
  const scanner = createScanner(['gw', EPOCH])
  scanner.learn(['mg', 'added', 'ATC', 'C01CA03'])
  expect(sent.map((event) => scanner.scan(event).kind)).toEqual(['clean', 'clean', 'clean'])
})

it('A medicine that only the house can name stays there, and so does one of nobody or of a test; each is counted.', () => {
  const { sent, withheld } = sentOf([givenRow(1, { system: 'HOUSE' }), givenRow(2, { code: '4711' }), givenRow(3, { flags: ['test'] }), givenRow(4, {}, null)])
  expect([sent, withheld]).toEqual([[], [{ reason: 'unknown-words', rows: 3, readings: 0 }, { reason: 'no-stay', rows: 1, readings: 0 }]])
})

it('A device is told of once a minute at most, however its minutes are cut, and remembered among so many.', () => {
  const told = new Map<string, number>()
  const rows = Array.from({ length: 150 }, (_, index) => snapshotRow(index + 1, [{ value: index % 2 === 0 ? null : 60 }], { at: START + index * 1_000 }))
  const minutes = [rows.slice(0, 5), rows.slice(5, 70), rows.slice(70)].flatMap((some) => deviceMinutes(some, told))
  expect(minutes.map(({ minute, firstSeq, lastSeq, data: { messages, values, absent, clockOffsetMs } }) => [minute - START / 60_000, firstSeq, lastSeq, messages, values, absent, clockOffsetMs])).toEqual([
    [0, 1, 5, 5, 5, 3, null], [1, 61, 70, 10, 10, 5, null], [2, 121, 150, 30, 30, 15, null],
  ])
  for (let device = 0; device <= syncLimits.devicesToldMax; device++) deviceMinutes([snapshotRow(1, [], { device: `d${device}` })], told)
  expect(told.size).toBe(syncLimits.devicesToldMax)
})

it('The clock of a device is told as its own time of sending minus ours, the middle of the minute.', () => {
  const row = (seq: number, aheadMs: number): LoggedRow => {
    const made = snapshotRow(seq, [{ value: 60 }])
    return made.kind === 'snapshot' ? { ...made, snapshot: { ...made.snapshot, sentAt: (made.snapshot.receivedAt + aheadMs) as typeof made.snapshot.receivedAt } } : made
  }
  expect(deviceMinutes([row(1, 1_440_000), row(2, 1_439_990), row(3, 1_000_000)], new Map()).map(({ data }) => data.clockOffsetMs)).toEqual([1_439_990])
})

it('The gateway tells how it stands once a minute, with what it sends anyway.', async () => {
  using place = scratch()
  using ledger = openSyncLedger(place.folder)
  const [log, central, clock] = [fakeLog(), fakeCentral(), fakeClock()]
  const pump = createPump({
    gatewayId: 'gw', organizationId: 'org', ledger, log, clock, sink: central.sink, random: () => 0.5, identifiers: () => [], health: () => ({ load: 0.5, memoryFree: 0.25, diskFree: null }),
  })
  for (let second = 0; second < 130; second++) {
    log.rows.push(snapshotRow(second + 1, [{ value: 60 }], { at: START + second * 1_000 }))
    clock.now = second * 1_000
    while ((await pump.step(NEVER)).kind !== 'idle');
  }
  const events = central.calls.flatMap(({ body }) => bodyOf(body).events)
  const of = (type: string) => events.filter(({ eventType }) => eventType === type)
  expect(of('system-metrics').map(({ data }) => data)).toEqual(Array.from({ length: 3 }, () => ({ load: 0.5, memoryFree: 0.25, diskFree: null, lagRows: 1, deadLetters: 0 })))
  expect(of('device-metrics')).toHaveLength(3)
  expect(new Set(events.map(({ key }) => key)).size).toBe(events.length)
})
