import { expect, it } from 'vitest'
import { realWard } from './real-ward.ts'

const HOUR = 3_600_000

it('after two hours without a gateway the monitor empties its memory, and of all that was in it nothing is alarmed', async () => {
  const ward = realWard()
  await ward.every(60, () => ward.measure({ hr: 80, spo2: 96 }))
  await ward.stop()
  const offAt = ward.clock.wall()
  await ward.clock.pass(2 * HOUR)
  const again = realWard({ clock: ward.clock, disk: ward.disk })
  const told: string[] = []
  const begun = ward.disk.length
  // A desaturation of nearly two hours, sent as fast as the line takes it, with what is measured now in between.
  for (let minute = 0; minute < 115; minute++) {
    again.measure({ hr: 150, spo2: 70 }, { at: offAt + minute * 60_000 })
    if (minute % 10 === 0) {
      again.measure({ hr: 80, spo2: 96 })
      await again.every(1)
      told.push(...again.open().filter(({ type }) => type === 'physiological').map(({ condition }) => condition))
    }
  }
  await again.every(60, () => again.measure({ hr: 80, spo2: 96 }))
  await again.stop()
  const started = again.disk.slice(begun).flatMap((tick) => tick.events).flatMap((stored) => (stored.kind === 'alert' && stored.event.kind === 'phase' && stored.event.phase === 'start' ? [stored.event.condition] : []))
  expect(told).toEqual([])
  expect(started.filter((condition) => !condition.startsWith('silence') && !condition.startsWith('technical'))).toEqual([])
  // And all of it is stored.
  expect(again.disk.slice(begun).flatMap((tick) => tick.snapshots).flatMap(({ observations }) => observations).filter(({ measurement }) => measurement.kind === 'measured' && measurement.value === 70)).toHaveLength(115)
})

it('an alert that was open before the outage is the same alert after it, while its condition goes on; one that is over ends', async () => {
  const ward = realWard()
  await ward.every(60, () => ward.measure({ hr: 150, spo2: 80 }))
  const before = new Map(ward.open().map(({ condition, id }) => [condition, id]))
  expect([...before.keys()]).toEqual(expect.arrayContaining(['threshold/spo2-low', 'threshold/hr-high']))
  const nurse = before.get('threshold/spo2-low')
  if (nurse) ward.pump.acknowledge(nurse, 'Ana')
  await ward.stop()
  await ward.clock.pass(2 * HOUR)
  const again = realWard({ clock: ward.clock, disk: ward.disk })
  expect(again.open().find(({ id }) => id === nurse)).toMatchObject({ acknowledged: { by: 'Ana' } })
  await again.every(30, () => again.measure({ hr: 80, spo2: 80 }))
  const after = new Map(again.open().filter(({ state }) => state === 'active').map(({ condition, id }) => [condition, id]))
  expect(after.get('threshold/spo2-low')).toBe(nurse)
  expect(after.has('threshold/hr-high')).toBe(false)
  await again.stop()
})
