/** What people say of who lies where, as the log of what people did; and settings of a listener, for all who call there. */

import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { parseSite } from '../../src/config/load.ts'
import { driverOf } from '../../src/drivers.ts'
import { driverTroubles } from '../../src/pump/driver-settings.ts'
import { Pump } from '../../src/pump/pump.ts'
import type { DriverSettings } from '../../src/seams.ts'
import { fakeClock } from '../fakes/clock.ts'
import { NOTHING_RESTORED, ward } from './fixture.ts'

const A = { mrn: 'A-4711', name: 'Meyer^Anna' }

describe('what people say of who lies where', () => {
  it('is written down with who said it and of which bed, without names and numbers; what was refused is not', async () => {
    const { pump, ticks } = ward()
    pump.associate({ what: 'scan', bed: 'bed-1', patient: A }, 'Ana')
    const proposed = pump.associate({ what: 'type', bed: 'bed-2', patient: A }, 'Ana')
    if (proposed.kind !== 'proposed') throw new Error('not proposed')
    expect(pump.associate({ what: 'confirm', fact: proposed.fact }, 'Ana')).toMatchObject({ kind: 'refused' })
    pump.associate({ what: 'confirm', fact: proposed.fact }, 'Bert')
    pump.associate({ what: 'unassign', bed: 'bed-2' }, 'Bert')
    await pump.close()
    const events = ticks.flatMap((tick) => tick.events).filter(({ kind }) => kind === 'gateway')
    expect(events.map((event) => (event.kind === 'gateway' ? [event.what, event.subject.bed] : []))).toEqual([
      ['association scan fact 1 by Ana', 'bed-1'], ['association type fact 2 by Ana', 'bed-2'], ['association confirm fact 3 by Bert', 'bed-2'], ['association unassign fact 4 by Bert', 'bed-2'],
    ])
    for (const secret of [A.mrn, A.name]) expect(JSON.stringify(events)).not.toContain(secret)
  })
})

describe('settings of a listener', () => {
  const siteOf = (settings: string) => {
    const loaded = parseSite(`
gateway: { id: gw, ward: Ward, data: /nowhere }
beds: [{ id: bed-1, label: '1' }]
links: [{ kind: mllp-listen, id: adt, port: 0, settings: ${settings} }]
devices: [{ id: mon-1, driver: hl7, bed: bed-1, settings: { zone: '+03:00' } }]
`, 'test.yaml')
    if (loaded.kind === 'wrong') throw new Error(loaded.problems.join('\n'))
    return loaded.site
  }

  it('that its driver does not know are told at the start', () => {
    expect(driverTroubles(siteOf("{ authority: 'CITY_HOSPITAL' }"), driverOf)).toEqual([])
    expect(driverTroubles(siteOf("{ authority: 'two words' }"), driverOf)).toEqual([expect.stringMatching(/^adt: authority/)])
  })

  it('count for who calls there and is not known yet, and for no device with a line of its own', () => {
    const opened: DriverSettings[] = []
    const pump = new Pump({
      site: siteOf("{ authority: 'CITY_HOSPITAL', zone: '+01:00' }"),
      driverOf: (id) => ({ ...driverOf(id), open: (settings) => (opened.push(settings), driverOf(id).open(settings)) }),
      rules: { start: () => 0, adopt: (state) => state, step: (state) => ({ state, signals: [] }) },
      clock: fakeClock(), speed: 1, restored: NOTHING_RESTORED,
      store: { commit: () => Promise.resolve({ kind: 'durable', lastSeq: 1 }), close: () => Promise.resolve() },
      mint: { alert: () => { throw new Error('no alert') }, stay: () => { throw new Error('no stay') } },
      publish: () => undefined, saved: () => undefined, log: pino({ level: 'silent' }),
    })
    pump.openFor('hl7', 'adt')({ address: '10.0.0.5:1', device: null }, () => undefined)
    pump.openFor('hl7', 'adt')({ address: '10.0.0.6:1', device: pump.devices.all()[0]?.id ?? null }, () => undefined)
    pump.openFor('hl7')({ address: '10.0.0.7:1', device: null }, () => undefined)
    expect(opened).toEqual([{ authority: 'CITY_HOSPITAL', zone: '+01:00' }, { zone: '+03:00' }, { zone: 'UTC' }])
  })
})
