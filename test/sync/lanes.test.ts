import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { alertId, bedId, stayId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { openSyncLedger } from '../../src/store/sync-ledger.ts'
import { linesOf } from '../../src/sync/allow-list.ts'
import { compileLive } from '../../src/sync/anonymise.ts'
import { laneTables } from '../../src/sync/lane-table.ts'
import { LIVE } from '../../src/sync/live-schema.ts'
import { deviceMinutes } from '../../src/sync/anonymise-others.ts'
import { NO_AMENDMENTS } from '../../src/sync/corrections.ts'
import { EPOCH, START, alertRow, givenRow, phaseEvent, scratch, snapshotRow } from './fakes.ts'

/** The path of each leaf, as people read it. */
function pathsOf(value: unknown, at = ''): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((one) => pathsOf(one, `${at}[]`))
  if (typeof value !== 'object' || value === null) return [at]
  return Object.entries(value).flatMap(([name, field]) => pathsOf(field, at === '' ? name : `${at}.${name}`))
}

describe('what people are told of the lanes', () => {
  it('stands in the table, as the schemas have it', () => {
    expect(readFileSync(new URL('../../src/sync/lanes.md', import.meta.url), 'utf8')).toBe(laneTables())
  })

  it('names every field that the live lane sends', () => {
    using place = scratch()
    using ledger = openSyncLedger(place.folder)
    const id = alertId('alert-1')
    const { events } = compileLive([
      snapshotRow(1, [{ value: 80 }, { value: null }]),
      alertRow(2, phaseEvent({ alertId: id })),
      alertRow(3, { kind: 'acknowledged', alertId: id, at: START, by: 'anna' }),
      alertRow(4, { kind: 'audio-paused', alertId: id, at: START, by: 'anna', until: wallMs(START + 1) }),
      {
        kind: 'event', seq: 5,
        stored: { at: START, kind: 'watch', changes: [{ bed: bedId('b'), stay: stayId('stay-1'), rule: 'score', from: START, state: 'armed' }], subject: { bed: bedId('b'), stay: stayId('stay-1'), device: null } },
      },
      { ...snapshotRow(6, [{ value: 1.2, metric: 'NOM_CONC_LACT' }]) },
      givenRow(7),
    ], { gatewayId: 'gw', epoch: EPOCH, surrogates: ledger.surrogates(EPOCH) }, NO_AMENDMENTS, {
      devices: deviceMinutes([snapshotRow(1, [{ value: 80 }])], new Map()),
      system: { at: START, seq: 7, data: { load: 0.5, memoryFree: null, diskFree: 0.2, lagRows: 3, deadLetters: 0 } },
    })
    const seen = new Set<string>()
    for (const { event } of events) {
      const type = 'eventType' in event ? event.eventType : 'user-interactions'
      seen.add(type)
      const told = new Set(linesOf(LIVE[type]).map(({ path }) => path))
      expect(pathsOf(JSON.parse(JSON.stringify(event))).filter((path) => !told.has(path))).toEqual([])
    }
    expect([...seen].toSorted()).toEqual(['alerts', 'device-metrics', 'gaps', 'lab-results', 'medications', 'system-metrics', 'user-interactions', 'vital-signs'])
  })
})
