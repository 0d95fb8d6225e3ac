/** Receipts on their way into the log and back, between a pump and the ways out. */

import { pino } from 'pino'
import { expect, it } from 'vitest'
import type { Delivery } from '../src/domain/delivery.ts'
import type { AlertEvent } from '../src/domain/alert.ts'
import { parseSite } from '../src/config/load.ts'
import { openWays, chainOf, retellDeliveries } from '../src/ways-out.ts'
import { fakeClock } from './fakes/clock.ts'
import { ward } from './pump/fixture.ts'

const loaded = parseSite('{ gateway: { id: gw, ward: W, data: d }, beds: [{ id: bed-1, label: "1" }], links: [{ kind: mllp-listen, id: in, port: 0 }] }', 'site.yaml')
if (loaded.kind === 'wrong') throw new Error(loaded.problems.join('\n'))
const { site } = loaded
const NOTHING = { openAlertEvents: [], openDeliveries: [] }
const noHistory = { deliveries: () => Promise.resolve({ kind: 'failed', why: 'not asked' } as const) }

async function opened(opened: { readonly openAlertEvents: readonly AlertEvent[]; readonly openDeliveries: readonly Delivery[] } = NOTHING, made = ward()) {
  const stop = new AbortController()
  const setting = { site, siteFile: 'site.yaml', mode: 'live' as const, clock: { originMs: 0, speed: 1 }, log: pino({ level: 'silent' }), context: { root: '', env: {}, stop: stop.signal, clockOf: () => fakeClock() } }
  const ways = await openWays(setting, { pump: made.pump, opened, say: () => undefined, secretOf: () => '', clock: made.clock, realTime: made.clock })
  const written = () => made.pump.committer.filling.events.flatMap((stored) => (stored.kind === 'delivery' ? [stored] : []))
  return { ...made, ways, written, stop }
}

it('that a screen shows an alert is written with its bed and stay, without any way out; and what the alert itself says is not written twice', async () => {
  const { pump, connect, published, ways, written } = await opened()
  connect('mon-1').say({ hr: 140 })
  ways.publish(published)
  const [alert] = [...pump.lifecycle.open.values()]
  if (!alert) throw new Error('no alert')
  ways.displayed([alert.id], 'station')
  pump.acknowledge(alert.id, 'Nora')
  ways.publish(published.slice(1))
  expect(written()).toMatchObject([{ delivery: { alertId: alert.id, way: 'screen', step: 'displayed', by: 'station' }, subject: { bed: 'bed-1', stay: alert.stay } }])
  expect((await chainOf(alert.id, ways, noHistory))?.map(({ way, step, by }) => [way, step, by])).toEqual([['vigil', 'raised', null], ['screen', 'displayed', 'station'], ['screen', 'accepted', 'Nora']])
})

it('a chain comes back whole at the start, is told again to a database that was begun anew, and of an alert that is over is read from the log', async () => {
  const before = await opened()
  before.connect('mon-1').say({ hr: 140 })
  before.ways.publish(before.published)
  const [alert] = [...before.pump.lifecycle.open.values()]
  if (!alert) throw new Error('no alert')
  before.ways.displayed([alert.id], 'station')
  const openDeliveries = before.written().map(({ delivery }) => delivery)
  const after = await opened({ openAlertEvents: before.published, openDeliveries }, ward({ restored: { stays: [...before.pump.beds.values()].flatMap(({ stay }) => stay ?? []), alertEvents: before.published, recent: [], messages: [] } }))
  expect(after.ways.deliveries(alert.id).map(({ step }) => step)).toEqual(before.ways.deliveries(alert.id).map(({ step }) => step))
  expect(after.written()).toEqual([])
  retellDeliveries(before.pump, before.ways, { openAlertEvents: before.published })
  expect(before.written()).toHaveLength(1)
  retellDeliveries(before.pump, before.ways, { openAlertEvents: [] })
  expect(before.written()).toHaveLength(2)
  const kept = { deliveries: () => Promise.resolve({ kind: 'deliveries', deliveries: openDeliveries, damaged: [], isCut: false } as const) }
  expect(await chainOf(alert.id, null, kept)).toEqual([{ at: expect.any(Number), way: 'screen', step: 'displayed', address: '', by: 'station', note: null }])
  expect(await chainOf(alert.id, null, noHistory)).toBeNull()
})
