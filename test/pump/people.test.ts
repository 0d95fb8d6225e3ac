import { expect, it } from 'vitest'
import type { AlertEvent } from '../../src/domain/alert.ts'
import { bedId } from '../../src/domain/ids.ts'
import { peopleLimits } from '../../src/limits.ts'
import { handoverBed, shiftView } from '../../src/pump/people-view.ts'
import { isOpen, foldAlert, type Alert } from '../../src/domain/alert.ts'
import { NOTHING_RESTORED, ward } from './fixture.ts'

const ONE = bedId('bed-1')
type Ward = ReturnType<typeof ward>

const settle = async ({ pump }: Ward): Promise<void> => {
  pump.committer.soon()
  await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
}
const pass = (of: Ward, seconds: number): void => {
  for (let second = 0; second < seconds; second++) {
    void of.clock.pass(1_000)
    of.pump.tick()
  }
}
/** Who was told, of what the monitor itself calls a high. */
const told = ({ published }: Ward): string[] => published.flatMap((event) => (event.kind === 'escalated' ? [`${event.level}: ${event.to ?? 'the ward'}`] : []))
const alarm = (of: Ward): void => of.connect('mon-1').say({ id: 'm1', hr: 70, mrn: '1', alarms: [{ priority: 'high' }] })
const open = (of: Ward): Alert => [...of.pump.lifecycle.open.values()].find(({ priority }) => priority === 'high') ?? expect.fail('no high is open')

function staffed(of: Ward): Ward {
  of.pump.changeShift({ what: 'assign', nurse: 'anna', beds: [ONE] }, 'carla')
  of.pump.changeShift({ what: 'buddy', nurse: 'anna', buddy: 'ben' }, 'carla')
  of.pump.changeShift({ what: 'charge', nurse: 'carla' }, 'carla')
  return of
}

it('tells the nurse of the bed at once, then the buddy, then the charge nurse, and nobody once it is acknowledged', () => {
  const of = staffed(ward())
  alarm(of)
  pass(of, 1)
  expect(told(of)).toEqual(['nurse: anna'])
  pass(of, 120)
  expect(told(of)).toEqual(['nurse: anna', 'buddy: ben'])
  pass(of, 180)
  expect(told(of)).toEqual(['nurse: anna', 'buddy: ben', 'charge: carla'])
  expect(of.pump.acknowledge(open(of).id, 'anna')).toBe(true)
  pass(of, 600)
  expect(told(of)).toHaveLength(3)
})

it('hands over what is over and unseen as over', () => {
  const of = staffed(ward())
  alarm(of)
  const [bed] = of.pump.beds.values()
  const told = (): readonly string[] => (bed === undefined ? [] : handoverBed(bed, { shift: null, open: of.pump.lifecycle.open.values(), now: of.pump.now() }).alerts.map(({ text }) => text))
  expect(told()).not.toContainEqual(expect.stringContaining('(over)'))
  of.connect('mon-1').say({ id: 'm2', hr: 70, mrn: '1', alarms: [{ priority: 'high', phase: 'end', state: 'inactive' }] })
  expect(told()).toContainEqual(expect.stringMatching(/^Monitor: .*\(over\)$/))
})

it('tells the whole ward where nobody ever said who has which bed', () => {
  const of = ward()
  alarm(of)
  pass(of, 1)
  expect(told(of)).toEqual(['nurse: the ward'])
})

it('what was said of the shift and who was told survive a restart, and nobody is told twice', async () => {
  const of = staffed(ward())
  alarm(of)
  pass(of, 125)
  await settle(of)
  const alertEvents = of.ticks.flatMap((tick) => tick.events.flatMap((stored): AlertEvent[] => (stored.kind === 'alert' ? [stored.event] : [])))
  const byId = Map.groupBy(alertEvents, ({ alertId }) => alertId)
  const stillOpen = [...byId.values()].filter((events) => isOpen(events.reduce<Alert | null>(foldAlert, null) ?? expect.fail('no alert'))).flat()
  const standing = of.ticks.flatMap((tick) => tick.standing ?? [])
  const next = ward({ clock: of.clock, restored: { ...NOTHING_RESTORED, stays: of.ticks.flatMap((tick) => tick.stays), alertEvents: stillOpen, standing: standing.filter(({ key }, place) => standing.findLastIndex((one) => one.key === key) === place) }, minted: 50 })
  expect(next.pump.people.shift?.charge).toBe('carla')
  pass(next, 170)
  expect(told(next)).toEqual([])
  pass(next, 8)
  expect(told(next)).toEqual(['charge: carla'])
  expect(open(next).escalated?.map(({ to }) => to)).toEqual(['anna', 'ben', 'carla'])
})

it('each change is in the log with who made it, and can be taken back while it is the newest', async () => {
  const of = staffed(ward())
  const before = of.pump.people.shift
  of.pump.changeShift({ what: 'assign', nurse: 'ben', beds: [ONE] }, 'ben')
  const version = of.pump.people.undoable(of.pump.now())?.version ?? expect.fail('nothing to take back')
  expect(of.pump.changeShift({ what: 'undo', version: version - 1 }, 'carla')).toMatchObject({ kind: 'refused' })
  expect(of.pump.changeShift({ what: 'undo', version }, 'carla')).toMatchObject({ kind: 'done' })
  expect(of.pump.people.shift).toEqual({ ...before, version: version + 1 })
  expect(of.pump.changeShift({ what: 'undo', version: version + 1 }, 'carla')).toMatchObject({ kind: 'refused' })
  await settle(of)
  const log = of.ticks.flatMap((tick) => tick.events.flatMap((stored) => (stored.kind === 'gateway' && stored.what.startsWith('shift ') ? [stored.what] : [])))
  expect(log.slice(-2)).toEqual(['shift {"what":"assign","nurse":"ben","beds":["bed-1"]} by ben', `shift {"what":"undo","version":${version}} by carla`])
  expect(of.ticks.flatMap((tick) => tick.standing ?? []).findLast(({ key }) => key === 'shift')?.value).toEqual(of.pump.people.shift)
})

it('a change is taken back no later than ten minutes after', () => {
  const of = staffed(ward())
  void of.clock.pass(peopleLimits.undoMs)
  expect(of.pump.people.undoable(of.pump.now())).toBeNull()
})

it('a break that is over is told aloud until she is back, and her beds stay with the buddy', () => {
  const of = staffed(ward())
  of.pump.changeShift({ what: 'break', nurse: 'anna', minutes: 1 }, 'anna')
  const late = (): string | undefined => [...of.pump.lifecycle.open.values()].find(({ condition }) => condition === 'technical/break-over')?.text
  pass(of, 59)
  expect(late()).toBeUndefined()
  pass(of, 2)
  expect(late()).toBe('anna is not back from the break: ben still has Bed 1')
  expect(of.pump.people.whoHas(ONE, of.pump.now())).toMatchObject({ assigned: 'anna', holder: 'ben' })
  of.pump.changeShift({ what: 'back', nurse: 'anna' }, 'anna')
  pass(of, 1)
  expect(late()).toBeUndefined()
})

it('a shift that is over shows its people as of before, and says so until the next begins', () => {
  const of = staffed(ward())
  const over = (): boolean => [...of.pump.lifecycle.open.values()].some(({ condition }) => condition === 'technical/shift-over')
  void of.clock.pass(peopleLimits.usualShiftHours * 3_600_000)
  of.pump.tick()
  expect(over()).toBe(true)
  const now = of.pump.now()
  expect(shiftView(of.pump.beds.values(), { shift: of.pump.people.shift, undo: null, setting: of.pump.people.setting, now }).shift).toMatchObject({ isOver: true, isGone: false, nurses: [{ name: 'anna' }, { name: 'ben' }, { name: 'carla' }] })
  of.pump.changeShift({ what: 'begin', hours: 8, keep: true }, 'dora')
  of.pump.tick()
  expect(over()).toBe(false)
})

it('into a database that was begun anew it is written again', async () => {
  const of = staffed(ward())
  await settle(of)
  of.ticks.length = 0
  of.pump.retell({ openAlertEvents: [] })
  await settle(of)
  expect(of.ticks.flatMap((tick) => tick.standing ?? []).filter(({ key }) => key === 'shift')).toHaveLength(1)
})
