import { expect, it } from 'vitest'
import { CLOCK_KEY } from '../../src/pump/clock-doctor.ts'
import { NOTHING_RESTORED, ward } from './fixture.ts'

const OFFSET = 24 * 60_000

async function speak(of: ReturnType<typeof ward>, say: (message: object) => void, seconds: number, offsetMs: number): Promise<void> {
  for (let second = 0; second < seconds; second += 2) {
    say({ hr: 80, sentAt: of.clock.wall() + offsetMs, ageMs: 0 })
    of.pump.tick()
    await of.clock.pass(2_000)
  }
}

it('the devices page is told the offset, and the last step', async () => {
  const of = ward()
  const { say } = of.connect('mon-1')
  const view = () => {
    const [device] = of.pump.devices.all()
    return device ? of.pump.clocks.view(device.id, of.pump.now()) : null
  }
  expect(view()).toBeNull()
  await speak(of, say, 60, OFFSET)
  expect(view()).toMatchObject({ offsetMs: OFFSET, epoch: 1, lastStep: null })
  await speak(of, say, 60, OFFSET - 3_600_000)
  expect(view()).toMatchObject({ offsetMs: OFFSET - 3_600_000, epoch: 2, lastStep: { byMs: -3_600_000 } })
})

it('what a monitor kept while the gateway was away is stored with the time at which it was measured', async () => {
  const of = ward()
  await speak(of, of.connect('mon-1').say, 120, OFFSET)
  const standing = of.ticks.flatMap((tick) => tick.standing ?? []).filter(({ key }) => key.startsWith(CLOCK_KEY))
  expect(standing.length).toBeLessThan(4)
  const stays = of.ticks.flatMap((tick) => tick.stays).slice(-1)
  const awayAt = of.clock.wall()
  await of.clock.pass(600_000)
  const later = ward({ clock: of.clock, restored: { ...NOTHING_RESTORED, stays, standing }, minted: 100 })
  const { say } = later.connect('mon-1')
  for (let second = 0; second < 300; second += 2) say({ hr: 90, sentAt: awayAt + second * 1_000 + OFFSET, ageMs: 0 })
  await of.clock.pass(2_000)
  const rows = later.stored().flatMap(({ observations }) => observations)
  expect(rows).toHaveLength(150)
  expect(rows[0]?.boundMs).toBeGreaterThan(599_000)
  const wrong = rows.slice(1).map(({ correctedAt }, index) => Math.abs(correctedAt - (awayAt + (index + 1) * 2_000)))
  expect(Math.max(...wrong)).toBeLessThanOrEqual(1_000)
})

it('is told again when the database was begun anew', async () => {
  const of = ward()
  await speak(of, of.connect('mon-1').say, 60, OFFSET)
  const before = of.ticks.flatMap((tick) => tick.standing ?? []).filter(({ key }) => key === `${CLOCK_KEY}mon-1`)
  of.pump.retell({ openAlertEvents: [] })
  await of.clock.pass(2_000)
  const after = of.ticks.flatMap((tick) => tick.standing ?? []).filter(({ key }) => key === `${CLOCK_KEY}mon-1`)
  expect(after).toEqual([...before, before.at(-1)])
})
