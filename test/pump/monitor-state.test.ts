import { describe, expect, it } from 'vitest'
import { NOTHING_RESTORED, ward } from './fixture.ts'

/** What is open of this monitor and of the gateway: the others say nothing here. */
const openOf = ({ pump }: ReturnType<typeof ward>) =>
  [...pump.lifecycle.open.values()].filter(({ device }) => device === null || device === 'mon-1').map(({ condition, priority, text }) => ({ condition, priority, text }))
const OFF = 'technical/monitor-alarm-off'

/** Speaks every five seconds for so long. */
async function speak(of: ReturnType<typeof ward>, say: (message: object) => void, seconds: number, message: () => object = () => ({ hr: 80 })): Promise<void> {
  for (let second = 0; second < seconds; second += 5) {
    say(message())
    await of.clock.pass(5_000)
    of.pump.tick()
  }
}

describe('a monitor whose alarms are off', () => {
  it('is an alert of its bed, and ends when it says that they are on', async () => {
    const of = ward()
    const { say } = of.connect('mon-1')
    say({ hr: 80, quiet: ['alarm-off'] })
    await speak(of, say, 1_320)
    expect(openOf(of)).toEqual([{ condition: OFF, priority: 'medium', text: 'Monitor alarms off for 20 min: look at mon-1' }])
    expect([...of.pump.lifecycle.open.values()].find(({ condition }) => condition === OFF)).toMatchObject({ bed: 'bed-1', device: 'mon-1', type: 'technical' })
    say({ hr: 80, quiet: [] })
    expect(openOf(of)).toEqual([])
  })

  it('is known from its alarms too (PCD-04), and no more when those are over', async () => {
    const of = ward()
    const { say } = of.connect('mon-1')
    say({ hr: 80, alarms: [{ inactivation: ['alarm-paused'] }] })
    await speak(of, say, 200)
    expect(openOf(of).map(({ text }) => text)).toContain('Monitor alarms paused for 3 min: look at mon-1')
    say({ hr: 80, alarms: [{ phase: 'end', state: 'inactive', inactivation: ['alarm-paused'] }] })
    expect(openOf(of).filter(({ condition }) => condition === OFF)).toEqual([])
  })

  it('of demonstration data is nobody’s alarm', async () => {
    const of = ward()
    const { say } = of.connect('mon-1')
    say({ hr: 80, alarms: [{ inactivation: ['alarm-off'], flags: ['demo'] }] })
    await speak(of, say, 200)
    expect(openOf(of)).toEqual([])
  })

  it('that falls silent is told as silent, and nothing is claimed of its alarms', async () => {
    const of = ward()
    const { say } = of.connect('mon-1')
    say({ hr: 80, quiet: ['audio-off'] })
    await speak(of, say, 200)
    for (let second = 0; second < 80; second += 10) {
      await of.clock.pass(10_000)
      of.pump.tick()
    }
    expect(openOf(of).map(({ condition }) => condition)).toEqual(['silence/device'])
  })

  it('goes on counting over a restart of the gateway, and ends within a minute where it says nothing of it any more', async () => {
    const before = ward()
    const { say } = before.connect('mon-1')
    say({ hr: 80, quiet: ['alarm-off'] })
    await speak(before, say, 700)
    const restored = { ...NOTHING_RESTORED, alertEvents: before.published }

    const again = ward({ restored })
    await again.clock.pass(700_000)
    const line = again.connect('mon-1')
    await speak(again, line.say, 400, () => ({ hr: 80, quiet: ['alarm-off'] }))
    expect(openOf(again).map(({ text }) => text)).toEqual(['Monitor alarms off for 16 min: look at mon-1'])

    const other = ward({ restored })
    const quiet = other.connect('mon-1')
    await speak(other, quiet.say, 70)
    expect(openOf(other)).toEqual([])
  })
})

describe('the clock of a device', () => {
  it('that is wrong is shown, is no alert and silences nothing', async () => {
    const of = ward()
    const { say } = of.connect('mon-1')
    const sentAt = () => of.clock.wall() - 3 * 3_600_000
    say({ hr: 80, sentAt: sentAt() })
    await speak(of, say, 20, () => ({ hr: 150, sentAt: sentAt() }))
    expect(openOf(of)).toEqual([{ condition: 'hr-high', priority: 'medium', text: 'HR 150' }])
    expect(of.pump.devices.all().find(({ id }) => id === 'mon-1')?.clock).toMatchObject({ isWrong: true })
  })

  it('that jumps is told for a minute', async () => {
    const of = ward()
    const { say } = of.connect('mon-1')
    await speak(of, say, 20, () => ({ hr: 80, sentAt: of.clock.wall() }))
    say({ hr: 80, sentAt: of.clock.wall() + 3_600_000 })
    expect(openOf(of)).toEqual([{ condition: 'technical/clock-step', priority: 'low', text: 'Clock of mon-1 jumped forward by 1 h' }])
    await speak(of, say, 70, () => ({ hr: 80, sentAt: of.clock.wall() + 3_600_000 }))
    expect(openOf(of)).toEqual([])
  })

  it('that jumps back is told when it is sure that its messages are not late', async () => {
    const of = ward()
    const { say } = of.connect('mon-1')
    await speak(of, say, 20, () => ({ hr: 80, sentAt: of.clock.wall() }))
    await speak(of, say, 20, () => ({ hr: 80, sentAt: of.clock.wall() - 3_600_000 }))
    expect(openOf(of).map(({ text }) => text)).toEqual(['Clock of mon-1 jumped back by 1 h'])
  })

  it('that jumped while the gateway was away is told when the gateway is back', async () => {
    const before = ward()
    await speak(before, before.connect('mon-1').say, 40, () => ({ hr: 80, sentAt: before.clock.wall() }))
    const standing = before.ticks.flatMap((tick) => tick.standing ?? [])
    const again = ward({ clock: before.clock, restored: { ...NOTHING_RESTORED, standing }, minted: 100 })
    again.connect('mon-1').say({ hr: 80, sentAt: again.clock.wall() + 3_600_000 })
    expect(openOf(again).map(({ text }) => text)).toEqual(['Clock of mon-1 jumped forward by 1 h'])
  })

  it('did not jump when the monitor empties its memory, nor when ours was set', async () => {
    const of = ward()
    const { say } = of.connect('mon-1')
    await speak(of, say, 30, () => ({ hr: 80, sentAt: of.clock.wall() }))
    await of.clock.pass(600_000)
    // Ten minutes of a cable that was out, a message of each five seconds, in two.
    const now = of.clock.wall()
    for (let second = -600; second < 0; second += 5) {
      say({ hr: 80, sentAt: now + second * 1_000 })
      await of.clock.pass(16)
    }
    of.clock.step(-180_000)
    await speak(of, say, 30, () => ({ hr: 80, sentAt: of.clock.wall() + 180_000 }))
    const steps = of.published.filter((event) => event.kind === 'phase' && event.condition === 'technical/clock-step' && event.device === 'mon-1')
    expect(steps).toEqual([])
    expect(of.pump.devices.all().find(({ id }) => id === 'mon-1')?.clock).toMatchObject({ isWrong: true, offsetMs: 180_000 })
  })
})

it('the clock of the gateway that is set is told for a minute', async () => {
  const of = ward()
  const { say } = of.connect('mon-1')
  of.pump.tick()
  of.clock.step(180_000)
  await speak(of, say, 10)
  expect(openOf(of)).toEqual([{ condition: 'technical/clock-step', priority: 'low', text: 'The clock of the gateway was set forward by 3 min: times around now are those of two clocks' }])
  await speak(of, say, 70)
  expect(openOf(of)).toEqual([])
})
