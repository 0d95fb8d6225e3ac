import { expect, it } from 'vitest'
import { rowsOf } from '../../src/alerts/causes.ts'
import { Covered } from '../../src/alerts/ways/covered.ts'
import { foldAlert, isOpen, type Alert } from '../../src/domain/alert.ts'
import { type AlertId, deviceId } from '../../src/domain/ids.ts'
import { monoMs, wallMs } from '../../src/domain/time.ts'
import { pumpLimits } from '../../src/limits.ts'
import { AlertPlaces } from '../../src/pump/alert-places.ts'
import { Hubs } from '../../src/pump/hubs.ts'
import { alertsOfBed, highestOf, rowsIn } from '../../src/web/order.ts'
import { houseWard } from './house-ward.ts'

const BEDS = 20
const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1)
const siteOf = (beds: number): string => JSON.stringify({
  gateway: { id: 'gw', ward: 'Ward', data: '/nowhere' },
  beds: numbers(beds).map((bed) => ({ id: `bed-${bed}`, label: `${bed}` })),
  links: [{ kind: 'mllp-listen', id: 'in', port: 0 }],
  devices: numbers(beds).map((bed) => ({ id: `mon-${bed}`, driver: 'line', bed: `bed-${bed}`, match: { sender: `mon-${bed}` } })),
})

type Ward = ReturnType<typeof houseWard>
/** All beds speak by way of one sender, and connect anew now and then. */
const hubOf = ({ pump }: Ward) => {
  const line = pump.openFor('line')({ address: `10.1.2.3:${40_000 + Math.round(pump.now().at) % 1_000}`, device: null }, () => undefined)
  return (beds: readonly number[], hr = 80): void => {
    for (const bed of beds) line.receive(new TextEncoder().encode(JSON.stringify({ sender: `mon-${bed}`, hr })))
  }
}
const opens = ({ pump }: Ward): readonly Alert[] => [...pump.lifecycle.open.values()]
const conditions = (ward: Ward): Readonly<Record<string, number>> => Object.fromEntries([...Map.groupBy(opens(ward), ({ condition }) => condition)].map(([condition, its]) => [condition, its.length]))
const HUB = 'silence/hub/10.1.2.3'

/** As the ways out see it, event by event: who would be called at once. */
function calledOf(published: Ward['published']): readonly string[] {
  const alerts = new Map<AlertId, Alert>()
  const covered = new Covered(alerts)
  const called: string[] = []
  for (const event of published) {
    alerts.set(event.alertId, foldAlert(alerts.get(event.alertId) ?? null, event))
    if (!isOpen(alerts.get(event.alertId) ?? foldAlert(null, event))) alerts.delete(event.alertId)
    const covers = covered.after([event])
    if (event.kind === 'phase' && event.phase === 'start' && !covers.some(({ id, by }) => id === event.alertId && by.length > 0)) called.push(event.condition)
  }
  return called
}

it('a hub of twenty beds that falls silent is one row, names its beds, and calls once; each bed says so on its own tile', async () => {
  const ward = houseWard({ site: siteOf(BEDS) })
  const hub = hubOf(ward)
  await ward.every(1_000, 10, () => hub(numbers(BEDS)))
  await ward.every(1_000, 60)
  expect(conditions(ward)).toEqual({ [HUB]: 1, 'silence/device': BEDS })
  const [row, ...rest] = rowsOf(opens(ward))
  expect(rest).toEqual([])
  expect(row?.head).toMatchObject({ condition: HUB, priority: 'medium', type: 'technical', bed: null, text: `No data from 20 beds at once, all by way of 10.1.2.3: ${numbers(BEDS).join(', ')}. Look at their monitors` })
  expect(row?.carried).toHaveLength(BEDS)
  expect(calledOf(ward.published)).toEqual([HUB])
  // As the pages are told.
  const places = new AlertPlaces(() => ward.pump.lifecycle.open.values())
  const views = opens(ward).map((alert) => {
    const place = places.of(alert)
    return { ...alert, saved: true, bedLabel: null, ...(place === null ? {} : { inRow: place }) }
  })
  expect(rowsIn(views)).toHaveLength(1)
  expect(highestOf(alertsOfBed(views, 'bed-7'))).toMatchObject({ condition: 'silence/device', text: 'No data from mon-7: look at the monitor' })
})

it('the hub comes back: nobody is called for the beds that follow, and one that does not stands by itself then', async () => {
  const ward = houseWard({ site: siteOf(BEDS) })
  const hub = hubOf(ward)
  await ward.every(1_000, 5, () => hub(numbers(BEDS)))
  await ward.every(1_000, 60)
  const before = ward.published.length
  await ward.every(1_000, 5, () => hub(numbers(3)))
  expect(conditions(ward)).toEqual({ [HUB]: 1, 'silence/device': BEDS - 3 })
  const again = hubOf(ward)
  await ward.every(1_000, pumpLimits.hubSettleMs / 1_000, () => again(numbers(BEDS - 1)))
  expect(conditions(ward)).toEqual({ 'silence/device': 1 })
  expect(rowsOf(opens(ward)).map(({ head }) => head.bed)).toEqual(['bed-20'])
  expect(ward.published.slice(before).filter((event) => event.kind === 'phase' && event.phase === 'start')).toEqual([])
})

it('what was wrong with a patient when the hub fell silent stands beside it, in a row of its own', async () => {
  const ward = houseWard({ site: siteOf(BEDS) })
  const hub = hubOf(ward)
  await ward.every(1_000, 5, () => {
    hub(numbers(BEDS))
    hub([7], 130)
  })
  await ward.every(1_000, 60)
  expect(rowsOf(opens(ward)).map(({ head, carried }) => `${head.condition} ${carried.length}`).toSorted()).toEqual(['hr-high 0', `${HUB} ${BEDS}`])
})

it('two beds are two rows, three are a hub; and one of them that speaks on is no hub that is silent', async () => {
  const conditionsAfter = async (beds: number, speaking: readonly number[] = []) => {
    const ward = houseWard({ site: siteOf(beds) })
    const hub = hubOf(ward)
    await ward.every(1_000, 5, () => hub(numbers(beds)))
    await ward.every(1_000, 60, () => hub(speaking))
    return conditions(ward)
  }
  expect(await conditionsAfter(pumpLimits.hubDevicesMin - 1)).toEqual({ 'silence/device': pumpLimits.hubDevicesMin - 1 })
  expect(await conditionsAfter(pumpLimits.hubDevicesMin)).toEqual({ [HUB]: 1, 'silence/device': pumpLimits.hubDevicesMin })
  expect(await conditionsAfter(5, [2])).toEqual({ 'silence/device': 4 })
})

it('names so many beds and counts the others', async () => {
  const ward = houseWard({ site: siteOf(pumpLimits.hubBedsNamedMax + 1) })
  const hub = hubOf(ward)
  await ward.every(1_000, 2, () => hub(numbers(pumpLimits.hubBedsNamedMax + 1)))
  await ward.every(1_000, 40)
  expect(opens(ward).find(({ condition }) => condition === HUB)?.text).toContain(`${pumpLimits.hubBedsNamedMax} and 1 more. Look`)
})

it('is the same alert over a restart, and a hub that dies while nobody looks is one row too', async () => {
  const ward = houseWard({ site: siteOf(BEDS) })
  const hub = hubOf(ward)
  await ward.every(1_000, 5, () => hub(numbers(BEDS)))
  const unseen = await ward.restart()
  await unseen.every(1_000, 60)
  expect(conditions(unseen)).toEqual({ [HUB]: 1, 'silence/device': BEDS })
  const [before] = opens(unseen).filter(({ condition }) => condition === HUB)
  const again = await unseen.restart()
  await again.every(1_000, 60)
  expect(opens(again).filter(({ condition }) => condition === HUB).map(({ id }) => id)).toEqual([before?.id])
  const back = hubOf(again)
  await again.every(1_000, 3, () => back(numbers(BEDS)))
  expect(conditions(again)).toEqual({})
})

it('a device that comes by two ways in turn has the list written once a minute, not with each tick; one that is new is written at once', () => {
  const written: number[] = []
  const at = (ms: number) => ({ wall: wallMs(ms), at: monoMs(ms) })
  const hubs = new Hubs({
    restored: [], devices: () => [], beds: new Map(), isWatched: () => true, lifecycle: { open: new Map(), signals: () => [] }, emit: () => undefined, write: (standing) => void written.push(standing.at),
  }, at(0))
  const hear = (id: string, host: string): void => hubs.heard({ id: deviceId(id), unknown: false }, { address: `${host}:1`, device: null })
  for (let ms = 500; ms <= 120_500; ms += 500) {
    hear('mon-1', ms % 1_000 === 0 ? '10.0.0.1' : '10.0.0.2')
    if (ms === 30_000) hear('mon-2', '10.0.0.1')
    hubs.tick(at(ms))
  }
  expect(written).toEqual([500, 30_000, 30_000 + pumpLimits.hubMovedMs])
})
