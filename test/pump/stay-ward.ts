/** A pump with the rules that Vigil ships, which may begin where another one ended. */

import { pino } from 'pino'
import { parseSite } from '../../src/config/load.ts'
import type { AlertEvent } from '../../src/domain/alert.ts'
import { alertId, deviceId, stayId } from '../../src/domain/ids.ts'
import { Pump } from '../../src/pump/pump.ts'
import { bedRules, type BedState } from '../../src/rules/bed.ts'
import type { Driver, Store, Tick } from '../../src/seams.ts'
import { type FakeClock, fakeClock } from '../fakes/clock.ts'
import { lineDriver, type Message } from './fixture.ts'

const SITE = `
gateway: { id: gw, ward: Ward, data: /nowhere }
beds: [{ id: bed-1, label: '1' }]
links: [{ kind: mllp-listen, id: in, port: 0 }]
devices: [{ id: mon-1, driver: line, bed: bed-1 }]
`

/** `ticks`: what the store was given before. */
export function realWard({ clock = fakeClock(), ticks: before = [], driver = lineDriver, site = '' }: { readonly clock?: FakeClock; readonly ticks?: readonly Tick[]; readonly driver?: Driver; /** More of the site. */ readonly site?: string } = {}) {
  const loaded = parseSite(SITE + site, 'test.yaml')
  if (loaded.kind === 'wrong') throw new Error(loaded.problems.join('\n'))
  const ticks: Tick[] = []
  const published: AlertEvent[] = []
  let minted = before.length * 100
  let seq = 0
  const store: Store = {
    commit: async (tick) => {
      ticks.push(tick)
      return { kind: 'durable', lastSeq: ++seq }
    },
    close: () => Promise.resolve(),
  }
  const pump = new Pump<BedState>({
    site: loaded.site,
    driverOf: () => driver,
    rules: bedRules,
    clock,
    speed: 1,
    store,
    restored: {
      stays: [...new Map(before.flatMap(({ stays }) => stays).map((stay) => [stay.id, stay])).values()],
      alertEvents: before.flatMap(({ events }) => events).flatMap((stored) => (stored.kind === 'alert' ? [stored.event] : [])),
      recent: before.flatMap(({ snapshots }) => snapshots).map(({ unchecked: _unstored, ...snapshot }) => snapshot),
      messages: [],
      facts: before.flatMap(({ facts = [] }) => facts),
    },
    mint: { alert: () => alertId(`alert-${++minted}`), stay: () => stayId(`stay-${++minted}`) },
    publish: (events) => void published.push(...events),
    saved: () => undefined,
    log: pino({ level: 'silent' }),
  })
  const connect = (device: string) => {
    const line = pump.openFor('line')({ address: `test:${device}`, device: deviceId(device) }, () => undefined)
    return { say: (message: Message): void => void line.receive(new TextEncoder().encode(JSON.stringify(message))) }
  }
  return { pump, clock, ticks, published, connect }
}
