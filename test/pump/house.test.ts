import { describe, expect, it } from 'vitest'
import { bedId, type StayId } from '../../src/domain/ids.ts'
import type { DeviceAlarm } from '../../src/domain/reading.ts'
import { wallMs } from '../../src/domain/time.ts'
import { houseLimits } from '../../src/limits.ts'
import type { HouseRequest } from '../../src/pump/house-requests.ts'
import { houseRules, houseWard, MINUTE, ONE, TWO } from './house-ward.ts'

const away = (minutes = 60): HouseRequest => ({ what: 'bed', bed: ONE, state: 'away', reason: 'imaging', words: 'CT head', minutes })
const bed = (state: 'occupied' | 'empty' | 'cleaning'): HouseRequest => ({ what: 'bed', bed: ONE, state })
const test = (minutes = 30): HouseRequest => ({ what: 'bed', bed: ONE, state: 'maintenance', words: 'simulator', minutes })

describe('a patient who is away', () => {
  it('is watched until nothing valid is measured any more, then his rules rest and nothing of the bed sounds', async () => {
    const { say, monitor, every, phase, alerts, watched } = houseWard()
    monitor.say({ hr: 120 })
    expect(say(away())).toEqual({ kind: 'done' })
    expect(phase()).toBe('leaving')
    await every(5_000, 2, () => monitor.say({ hr: 120 }))
    expect(phase()).toBe('leaving')
    expect(alerts()).toContain('hr-high')
    await every(1_000, 20, () => monitor.say({ hr: 'absent' }))
    expect(phase()).toBe('in-force')
    expect(alerts()).toEqual([])
    expect(await watched()).toBe('away')
    // Also a monitor that is turned off.
    await every(60_000, 20)
    expect(alerts()).toEqual([])
  })

  it('is watched from the first valid value on, and that he was away is over', async () => {
    const { say, monitor, every, phase, alerts, watched, stay, events } = houseWard()
    monitor.say({ hr: 80 })
    say(away())
    await every(1_000, 15)
    expect(phase()).toBe('in-force')
    monitor.say({ hr: 130 })
    expect([phase(), alerts()]).toEqual([null, ['hr-high']])
    expect(stay()?.context.away).toBeUndefined()
    await every(1_000, 1)
    expect(await watched()).not.toBe('away')
    expect(events()).toContain('bed state occupied: a valid value came')
  })

  it.each([
    ['an absent value', { hr: 'absent' as const }],
    ['a demonstration', { hr: 130, demo: true }],
    ['what the monitor had in its memory', { hr: 130, sentAt: Date.UTC(2026, 0, 15, 2, 0, 20), ageMs: 20 * MINUTE }],
    ['a probe at room temperature', { also: { metric: 'MDC_TEMP', value: 22, ageMs: 0 } }],
    ['the oxygen that a ventilator is set to', { also: { metric: 'MDC_CONC_AWAY_O2_INSP', value: 40, ageMs: 0 } }],
  ])('is not back with %s', async (_name, message) => {
    const { say, monitor, every, phase } = houseWard()
    monitor.say({ hr: 80 })
    say(away())
    await every(1_000, 20)
    monitor.say(message)
    expect(phase()).toBe('in-force')
  })

  it('is back with an asystole that his monitor measures, and with an alarm that it calls', async () => {
    const zero = houseWard()
    zero.monitor.say({ hr: 80 })
    zero.say(away())
    await zero.every(1_000, 15)
    zero.monitor.say({ hr: 0 })
    expect(zero.phase()).toBe(null)
    const alarm = houseWard()
    alarm.monitor.say({ hr: 80 })
    alarm.say(away())
    await alarm.every(1_000, 15)
    const called: Partial<DeviceAlarm> = { type: 'physiological', phase: 'start', state: 'active' }
    alarm.monitor.say({ alarms: [{ ...called, type: 'technical' }] })
    expect([alarm.phase(), alarm.alerts()]).toEqual(['in-force', []])
    alarm.monitor.say({ alarms: [called] })
    expect(alarm.phase()).toBe(null)
    expect(alarm.alerts()).toHaveLength(1)
  })

  it('and does not come back in time is told, and his bed is watched again although nothing comes', async () => {
    const { say, monitor, every, phase, ours, alerts } = houseWard()
    monitor.say({ hr: 80 })
    say(away(30))
    await every(60_000, 29)
    expect(phase()).toBe('in-force')
    await every(60_000, 2)
    expect(phase()).toBe('overdue')
    const open = ours()
    expect(open.find(({ condition }) => condition === 'technical/away-overdue')).toMatchObject({ priority: 'medium', text: 'Bed 1 was to be back at 02:30 UTC (imaging): where is the patient?' })
    expect(open.map(({ condition }) => condition)).toContain('silence/device')
    monitor.say({ hr: 80 })
    await every(1_000, 1)
    expect(phase()).toBe(null)
    expect(alerts()).toEqual([])
  })

  it('cannot stay away for longer by a clock that is set back, and is overdue at once by one that is set forward', async () => {
    const back = houseWard()
    back.monitor.say({ hr: 80 })
    back.say(away(30))
    await back.every(1_000, 15)
    back.clock.step(-2 * 3_600_000)
    await back.every(60_000, 31)
    expect(back.phase()).toBe('overdue')
    const forth = houseWard()
    forth.monitor.say({ hr: 80 })
    forth.say(away(30))
    await forth.every(1_000, 15)
    forth.clock.step(365 * 86_400_000)
    await forth.every(1_000, 1)
    expect(forth.phase()).toBe('overdue')
  })

  it('is found by a valid value also when the clock was set back since he left', async () => {
    const { say, monitor, every, phase, clock } = houseWard()
    monitor.say({ hr: 80 })
    say(away())
    await every(1_000, 15)
    clock.step(-2 * 3_600_000)
    monitor.say({ hr: 80 })
    expect(phase()).toBe(null)
  })

  it('who is measured five minutes after all is not away, and somebody is told so by the bed itself', async () => {
    const { say, monitor, every, phase } = houseWard()
    monitor.say({ hr: 80 })
    say(away())
    await every(5_000, 61, () => monitor.say({ hr: 80 }))
    expect(phase()).toBe(null)
  })

  it('stays away over a restart, and comes back after it', async () => {
    const { say, monitor, every, restart } = houseWard()
    monitor.say({ hr: 80 })
    say(away())
    await every(1_000, 15)
    const again = await restart()
    await again.every(1_000, 30)
    expect([again.phase(), again.alerts()]).toEqual(['in-force', []])
    again.monitor.say({ hr: 130 })
    expect([again.phase(), again.alerts()]).toEqual([null, ['hr-high']])
  })

  it('is away in the bed he is moved to, and the next patient in the bed of before inherits nothing', async () => {
    const { say, registry, every, phase, pump } = houseWard()
    registry.say({ facts: [admitted('A', '^^1')] })
    say(away())
    await every(1_000, 15)
    registry.say({ facts: [moved('A', '^^2')] })
    registry.say({ facts: [admitted('B', '^^1')] })
    await every(1_000, 2)
    expect([phase(ONE), phase(TWO)]).toEqual([null, 'in-force'])
    expect(pump.beds.get(ONE)?.stay).toMatchObject({ identity: { mrn: 'B' } })
    expect(pump.beds.get(ONE)?.stay?.context.away).toBeUndefined()
    expect(pump.beds.get(TWO)?.stay).toMatchObject({ identity: { mrn: 'A' }, context: { away: { reason: 'imaging', by: 'Ana' } } })
  })

  it('is to be back within twelve hours, and nobody is away from a bed in which nobody is known', () => {
    const { say, monitor } = houseWard()
    expect(say(away())).toMatchObject({ kind: 'refused' })
    monitor.say({ hr: 80 })
    expect(say(away(houseLimits.awayMinutesMax + 1))).toMatchObject({ kind: 'refused' })
    expect(say(away(0))).toMatchObject({ kind: 'refused' })
    expect(say(away(houseLimits.awayMinutesMax))).toEqual({ kind: 'done' })
    expect(say({ ...away(), bed: bedId('bed-9') } as HouseRequest)).toEqual({ kind: 'unknown' })
  })
})

describe('a bed that is marked empty, or in cleaning', () => {
  it.each(['empty', 'cleaning'] as const)('never leaves a valid value unwatched: %s', async (state) => {
    const { say, monitor, every, phase, alerts, pump, restart } = houseWard()
    say(bed(state))
    await every(60_000, 3)
    expect([phase(), alerts()]).toEqual(['in-force', []])
    monitor.say({ hr: 130 })
    expect(phase()).toBe('measured')
    await every(1_000, 1)
    expect(alerts()).toEqual(['hr-high', 'technical/bed-measured'])
    expect([...pump.lifecycle.open.values()].find(({ condition }) => condition === 'technical/bed-measured')?.text).toMatch(/^Bed 1 is marked (empty|in cleaning), but a patient is being measured/)
    // Also when the sensor falls off, and after a restart: until a person clears it up.
    await every(60_000, 2)
    expect(phase()).toBe('measured')
    const again = await restart()
    await again.every(60_000, 2)
    expect(again.phase()).toBe('measured')
    expect(again.say(bed('occupied'))).toEqual({ kind: 'done' })
    await again.every(1_000, 1)
    expect(again.phase()).toBe(null)
    expect(again.alerts()).not.toContain('technical/bed-measured')
  })

  it('is quiet about a monitor that is turned off, and tells of it when somebody is to lie there again', async () => {
    const { say, monitor, every, alerts } = houseWard()
    monitor.say({ hr: 80 })
    await every(1_000, 60)
    expect(alerts()).toContain('silence/device')
    say(bed('empty'))
    await every(1_000, 5)
    expect(alerts()).toEqual([])
    say(bed('occupied'))
    await every(1_000, 2)
    expect(alerts()).toContain('silence/device')
  })

  it('is said not to be as it is marked while a patient is registered there, though nothing measures him; until he is discharged, or the mark is gone', async () => {
    const { say, registry, every, open, restart } = houseWard()
    registry.say({ facts: [admitted('A', '^^1')] })
    await every(1_000, 40)
    say(bed('empty'))
    await every(1_000, houseLimits.bedStillTakenMs / 1_000 - 1)
    expect(open()).toEqual([])
    await every(1_000, 2)
    expect(open()).toEqual(['technical/bed-still-taken low technical'])
    const again = await restart()
    await again.every(60_000, houseLimits.bedStillTakenLoudMs / 60_000)
    expect(again.open()).toEqual(['technical/bed-still-taken medium technical'])
    again.say(bed('occupied'))
    await again.every(1_000, 1)
    expect(again.open()).toEqual([])
    // Of a bed where nobody is known a mark is all that is known.
    const nobody = houseWard()
    nobody.say(bed('empty'))
    await nobody.every(60_000, 2 * houseLimits.bedStillTakenLoudMs / 60_000)
    expect(nobody.open()).toEqual([])
  })

  it('is cleaned while its patient is away, and he stays away', async () => {
    const { say, monitor, every, stay, pump } = houseWard()
    monitor.say({ hr: 80 })
    say(away())
    await every(1_000, 15)
    say(bed('cleaning'))
    expect(stay()?.context.away).toBeDefined()
    expect(pump.house.markOf(ONE)?.mark.kind).toBe('away')
    say(bed('empty'))
    expect(stay()?.context.away).toBeUndefined()
  })
})

describe('a monitor that is tested', () => {
  it('rests the rules of its bed, whatever it sends, and its values are nobody’s vital signs', async () => {
    const { say, monitor, every, phase, alerts, watched, stored } = houseWard()
    expect(say(test())).toEqual({ kind: 'done' })
    await every(10_000, 6, () => monitor.say({ hr: 170 }))
    expect([phase(), alerts(), await watched()]).toEqual(['in-force', [], 'maintenance'])
    expect(stored().flatMap(({ observations }) => observations.map(({ flags }) => flags))).toEqual(Array.from({ length: 6 }, () => ['test']))
  })

  it('is over when a patient comes to lie there: he is watched', async () => {
    const { say, monitor, registry, every, phase, alerts } = houseWard()
    say(test())
    // Who is named by what is tested is nobody.
    await every(1_000, 5, () => monitor.say({ hr: 170, mrn: 'T', name: 'Test' }))
    expect([phase(), alerts()]).toEqual(['in-force', []])
    registry.say({ facts: [admitted('A', '^^1')] })
    await every(1_000, 5, () => monitor.say({ hr: 170 }))
    expect([phase(), alerts()]).toEqual([null, ['hr-high']])
  })

  it('expires aloud, and what it measures counts again', async () => {
    const { say, monitor, every, phase, alerts, stored } = houseWard()
    say(test(10))
    await every(60_000, 9, () => monitor.say({ hr: 170 }))
    expect(alerts()).toEqual([])
    await every(60_000, 2, () => monitor.say({ hr: 170 }))
    expect(phase()).toBe('overdue')
    expect(alerts()).toEqual(expect.arrayContaining(['hr-high', 'technical/bed-maintenance-over']))
    expect(stored().at(-1)?.observations[0]?.flags).toEqual([])
    say(bed('occupied'))
    await every(1_000, 1, () => monitor.say({ hr: 170 }))
    expect(alerts()).toEqual(['hr-high'])
  })

  it('is not tested on somebody who is measured, nor on a patient who is known there and not away, nor for longer than an hour', async () => {
    const { say, monitor, registry, every } = houseWard()
    monitor.say({ hr: 80 })
    expect(say(test())).toMatchObject({ kind: 'refused', why: expect.stringContaining('measured') })
    await every(1_000, 40)
    expect(say(test(houseLimits.bedMaintenanceMinutesMax + 1))).toMatchObject({ kind: 'refused' })
    expect(say(test(houseLimits.bedMaintenanceMinutesMax))).toEqual({ kind: 'done' })
    say(bed('occupied'))
    registry.say({ facts: [admitted('A', '^^1')] })
    expect(say(test())).toMatchObject({ kind: 'refused', why: expect.stringContaining('known') })
    say(away())
    await every(1_000, 40)
    expect(say(test())).toEqual({ kind: 'done' })
  })
})

describe('the goal of a stay', () => {
  const goal = (stay: StayId, kind: 'full' | 'limited' | 'comfort', reviewHours = 24): HouseRequest => ({ what: 'goal', stay, goal: kind, decidedBy: 'Dr. Osei', reason: 'as the family wishes', reviewHours })

  it('comfort makes prompts an advisory that calls nobody, leaves limits as they are, and is taken back as loudly as it was', async () => {
    const { say, monitor, every, stayId, open, watched } = houseWard({ rules: houseRules })
    monitor.say({ hr: 130 })
    expect(open()).toEqual(['hr-high medium physiological', 'news2/deterioration high physiological'])
    expect(say(goal(stayId(), 'comfort'))).toEqual({ kind: 'done' })
    expect(open()).toEqual(['hr-high medium physiological', 'news2/deterioration low advisory'])
    await every(1_000, 1)
    expect(await watched('score')).toBe('comfort')
    expect(await watched('limits/hr')).toBe('armed')
    say(goal(stayId(), 'full'))
    expect(open()).toEqual(['hr-high medium physiological', 'news2/deterioration high physiological'])
    await every(1_000, 1)
    expect(await watched('score')).toBe('armed')
  })

  it('keeps the id of a prompt through it all, and says in its text why it is quiet', () => {
    const { say, monitor, stayId, pump } = houseWard({ rules: houseRules })
    monitor.say({ hr: 130 })
    const prompt = () => [...pump.lifecycle.open.values()].find(({ condition }) => condition.startsWith('news2'))
    const id = prompt()?.id
    say(goal(stayId(), 'comfort'))
    expect(prompt()).toMatchObject({ id, text: expect.stringContaining('comfort care: shown, calls nobody') })
  })

  it('quietens no longer than its review: then prompts call again and the review is asked for, until somebody has looked', async () => {
    const { say, monitor, every, stayId, open } = houseWard({ rules: houseRules })
    monitor.say({ hr: 130 })
    say(goal(stayId(), 'comfort', 1))
    await every(60_000, 61, () => monitor.say({ hr: 130 }))
    expect(open()).toEqual(expect.arrayContaining(['news2/deterioration high physiological', 'technical/goal-review low technical']))
    expect(say({ what: 'review', stay: stayId() })).toEqual({ kind: 'done' })
    await every(1_000, 1)
    expect(open()).toEqual(['hr-high medium physiological', 'news2/deterioration low advisory'])
  })

  it('moves with a patient who is in his next bed within the hour, and not with one who comes later', async () => {
    for (const [ms, kind] of [[houseLimits.movedStayMs, 'limited'], [houseLimits.movedStayMs + 60_000, undefined]] as const) {
      const { say, registry, clock, stayId, pump } = houseWard()
      registry.say({ facts: [admitted('A', '^^1')] })
      say(goal(stayId(), 'limited'))
      registry.say({ facts: [{ ...moved('A', '^^2'), location: 'theatre' }] })
      await clock.pass(ms)
      registry.say({ facts: [moved('A', '^^2')] })
      expect(pump.beds.get(TWO)?.stay).toMatchObject({ identity: { mrn: 'A' } })
      expect(pump.beds.get(TWO)?.stay?.context.goal?.kind).toBe(kind)
    }
  })

  it('limited changes nothing that is said; it is to be looked at again within three days', () => {
    const { say, monitor, stayId, open, pump } = houseWard({ rules: houseRules })
    monitor.say({ hr: 130 })
    const before = open()
    expect(say(goal(stayId(), 'limited', houseLimits.goalReviewHoursMax + 1))).toMatchObject({ kind: 'refused' })
    expect(say(goal(stayId(), 'limited', houseLimits.goalReviewHoursMax))).toEqual({ kind: 'done' })
    expect(open()).toEqual(before)
    expect(pump.beds.get(ONE)?.stay?.context.goal).toMatchObject({ kind: 'limited', by: 'Ana', decidedBy: 'Dr. Osei' })
  })

  it('moves with the patient, and comfort is quiet over a restart', async () => {
    const { say, registry, monitor, every, stayId, pump, restart } = houseWard({ rules: houseRules })
    registry.say({ facts: [admitted('A', '^^1')] })
    monitor.say({ hr: 130 })
    say(goal(stayId(), 'comfort'))
    await every(1_000, 1)
    const again = await restart()
    again.monitor.say({ hr: 131 })
    expect(again.open()).toContain('news2/deterioration low advisory')
    again.registry.say({ facts: [moved('A', '^^2')] })
    expect(again.pump.beds.get(TWO)?.stay?.context.goal).toMatchObject({ kind: 'comfort' })
    expect(pump.beds.size).toBe(2)
  })
})

describe('the ward', () => {
  const live: HouseRequest = { what: 'mode', mode: 'live', words: 'Seven days looked through with the ward sister' }
  const maintenance = (minutes: number): HouseRequest => ({ what: 'mode', mode: 'maintenance', words: 'new switch in the cellar', minutes })

  it('is live where nobody has said anything, and being commissioned where its configuration says so, until somebody signs', async () => {
    expect(houseWard().pump.house.mode.kind).toBe('live')
    const { pump, say, restart, monitor, watched, every } = houseWard({ mode: 'commissioning' })
    expect(pump.house.mode).toMatchObject({ kind: 'commissioning', by: null, since: pump.now().wall })
    monitor.say({ hr: 130 })
    await every(1_000, 1)
    expect(await watched('limits/hr')).toBe('commissioning')
    // Shown and recorded; whoever calls people sees nothing of it.
    expect([pump.lifecycle.open.size, pump.house.calling.open.size]).toEqual([1, 0])
    expect(say(live)).toEqual({ kind: 'done' })
    expect(pump.house.calling.open.size).toBe(1)
    const again = await restart()
    expect(again.pump.house.mode).toMatchObject({ kind: 'live', by: 'Ana', words: live.what === 'mode' && live.mode === 'live' ? live.words : '' })
    expect(again.say(live)).toMatchObject({ kind: 'refused' })
  })

  it('in maintenance goes on watching and says so everywhere; its time is over aloud, and a person ends it', async () => {
    const { pump, say, monitor, every, open, watched, alerts } = houseWard()
    expect(say(maintenance(houseLimits.wardMaintenanceMinutesMax + 1))).toMatchObject({ kind: 'refused' })
    expect(say(maintenance(30))).toEqual({ kind: 'done' })
    monitor.say({ hr: 130 })
    await every(1_000, 1)
    expect([open(), await watched('limits/hr')]).toEqual([['hr-high medium physiological'], 'maintenance'])
    await every(60_000, 31, () => monitor.say({ hr: 80 }))
    expect(alerts()).toContain('technical/ward-maintenance-over')
    expect(pump.house.mode.kind).toBe('maintenance')
    expect(say({ what: 'mode', mode: 'over' })).toEqual({ kind: 'done' })
    expect(pump.house.mode.kind).toBe('live')
    expect(alerts()).not.toContain('technical/ward-maintenance-over')
    expect(say({ what: 'mode', mode: 'over' })).toMatchObject({ kind: 'refused' })
  })

  it('that is silent stays silent in a maintenance, and is not signed in the middle of one', () => {
    const { pump, say } = houseWard({ mode: 'commissioning' })
    say(maintenance(30))
    expect(pump.house.mode).toMatchObject({ kind: 'maintenance', from: 'commissioning' })
    expect(pump.house.calling.open.size).toBe(0)
    expect(say(live)).toMatchObject({ kind: 'refused' })
    say({ what: 'mode', mode: 'over' })
    expect(pump.house.mode.kind).toBe('commissioning')
  })

  it('says all of it again to a database that was begun anew', async () => {
    const { pump, say, every, ticks } = houseWard()
    say(bed('cleaning'))
    say(maintenance(30))
    await every(1_000, 1)
    await pump.close()
    ticks.length = 0
    pump.house.retell()
    expect(pump.committer.filling.standing.map(({ key, value }) => [key, value])).toEqual([['mode', pump.house.mode], ['bed/bed-1', expect.objectContaining({ kind: 'cleaning' })]])
  })

  it('is as if nobody had said anything where what stands is damaged', () => {
    const { pump } = houseWard({ standing: [{ key: 'mode', at: wallMs(1), value: { kind: 'asleep' } }, { key: 'bed/bed-1', at: wallMs(1), value: 'cleaning' }, { key: 'bed/bed-7', at: wallMs(1), value: null }] })
    expect([pump.house.mode.kind, pump.house.markOf(ONE)]).toEqual(['live', null])
  })
})

const base = (mrn: string, location: string) => ({ patient: { mrn, name: mrn }, location, visit: `v-${mrn}`, effectiveAt: null })
const admitted = (mrn: string, location: string) => ({ kind: 'admitted' as const, ...base(mrn, location) })
const moved = (mrn: string, location: string) => ({ kind: 'transferred' as const, ...base(mrn, location), prior: null })
