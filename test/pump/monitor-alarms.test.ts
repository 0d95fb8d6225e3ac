import { describe, expect, it } from 'vitest'
import { bedId, deviceId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { pumpLimits, waveLimits } from '../../src/limits.ts'
import { ward } from './fixture.ts'

const phases = (published: ReturnType<typeof ward>['published']) => published.flatMap((event) => (event.kind === 'phase' ? [[event.phase, event.priority, event.type, event.text]] : []))

describe('an alarm of the monitor', () => {
  it('is an alert of its bed, marked as the monitor\'s, from its start to its end', () => {
    const { connect, published, pump } = ward()
    const monitor = connect('mon-1')
    monitor.say({ hr: 80, alarms: [{ priority: 'medium' }] })
    expect([...pump.lifecycle.open.values()]).toMatchObject([{ bed: 'bed-1', device: 'mon-1', condition: 'monitor/a1' }])
    monitor.say({ alarms: [{ phase: 'update', priority: 'medium', text: 'SpO2 very low' }] })
    monitor.say({ alarms: [{ phase: 'end', state: 'inactive' }] })
    expect(phases(published)[0]).toEqual(['start', 'medium', 'physiological', 'Monitor: SpO2 low'])
    expect(phases(published).at(-1)?.[0]).toBe('end')
    expect(pump.lifecycle.open.size).toBe(0)
  })

  it('of high priority that nobody saw stays visible when it is over, as ours do', () => {
    const { connect, pump } = ward()
    const monitor = connect('mon-1')
    monitor.say({ alarms: [{}] })
    monitor.say({ alarms: [{ phase: 'end', state: 'inactive' }] })
    expect([...pump.lifecycle.open.values()]).toMatchObject([{ state: 'latched', priority: 'high' }])
  })

  it('that is over goes with its patient: it would stand beside the name of the next; one that goes on stays', () => {
    const { connect, pump } = ward()
    const monitor = connect('mon-1')
    monitor.say({ hr: 70, mrn: '1', alarms: [{}, { id: 'a2' }] })
    monitor.say({ hr: 70, mrn: '1', alarms: [{ phase: 'end', state: 'inactive' }] })
    const states = (): readonly string[] => [...pump.lifecycle.open.values()].map(({ condition, state }) => `${condition} ${state}`)
    expect(states()).toEqual(['monitor/a1 latched', 'monitor/a2 active'])
    monitor.say({ hr: 70, mrn: '2' })
    expect(pump.beds.get(bedId('bed-1'))?.stay).toMatchObject({ identity: { mrn: '2' } })
    expect(states()).toEqual(['monitor/a2 active'])
  })

  it('says how it is kept quiet at the bedside, and that it is over but latched', () => {
    const { connect, pump } = ward()
    connect('mon-1').say({ alarms: [{ phase: 'end', state: 'latched', inactivation: ['audio-paused', 'alert-acknowledged'] }] })
    expect([...pump.lifecycle.open.values()].map(({ text }) => text)).toEqual(['Monitor: SpO2 low (over, latched at the monitor, sound paused at the monitor, acknowledged at the monitor)'])
  })

  it('of demo data or of a test is nobody\'s alarm', () => {
    const { connect, pump } = ward()
    connect('mon-1').say({ alarms: [{ flags: ['demo'] }, { id: 'a2', flags: ['test'] }] })
    expect(pump.lifecycle.open.size).toBe(0)
  })

  it('beyond the limit is not shown, and the engineer is told; those that are shown still change and end', () => {
    const { connect, pump } = ward()
    const monitor = connect('mon-1')
    const alarms = Array.from({ length: pumpLimits.monitorAlarmsMax }, (_, index) => ({ id: `a${index}`, priority: 'low' as const }))
    monitor.say({ alarms })
    expect(pump.lifecycle.open.size).toBe(pumpLimits.monitorAlarmsMax)
    monitor.say({ alarms: [{ id: 'one more', priority: 'medium' }] })
    const conditions = [...pump.lifecycle.open.values()].map(({ condition }) => condition)
    expect(conditions).toContain('technical/too-many-alarms')
    expect(conditions).not.toContain('monitor/one more')
    monitor.say({ alarms: [{ id: 'a0', phase: 'end', state: 'inactive' }] })
    expect([...pump.lifecycle.open.values()].map(({ condition }) => condition)).not.toContain('monitor/a0')
  })
})

describe('alarms of a monitor, in the long run', () => {
  const shown = (pump: ReturnType<typeof ward>['pump']) => [...pump.lifecycle.open.values()].filter(({ condition }) => condition.startsWith('monitor/'))

  it('a high is let in whatever low ones stand, and so many highs that nobody saw never hide the next', () => {
    const { connect, pump } = ward()
    const monitor = connect('mon-1')
    monitor.say({ alarms: Array.from({ length: pumpLimits.monitorAlarmsMax }, (_, index) => ({ id: `low-${index}`, priority: 'low' as const })) })
    for (let index = 0; index < 2 * pumpLimits.monitorAlarmsMax; index++) {
      monitor.say({ alarms: [{ id: `high-${index}` }] })
      expect(shown(pump)).toContainEqual(expect.objectContaining({ condition: `monitor/high-${index}`, state: 'active' }))
      monitor.say({ alarms: [{ id: `high-${index}`, phase: 'end', state: 'inactive' }] })
    }
    const latched = shown(pump).filter(({ state }) => state === 'latched')
    expect(latched).toHaveLength(pumpLimits.monitorAlarmsMax)
    expect(latched.at(-1)?.condition).toBe(`monitor/high-${2 * pumpLimits.monitorAlarmsMax - 1}`)
  })

  it('a change that comes right after another is shown all the same', async () => {
    const { connect, pump, clock } = ward()
    const monitor = connect('mon-1')
    monitor.say({ alarms: [{}] })
    await clock.pass(3_000)
    monitor.say({ alarms: [{ phase: 'update', inactivation: ['audio-off'] }] })
    await clock.pass(11_000)
    pump.tick()
    expect(shown(pump).map(({ text }) => text)).toEqual(['Monitor: SpO2 low (sound off at the monitor)'])
  })

  it('one that ended while the line was down ends soon after it is back, one that is said again stays', async () => {
    const { connect, pump, clock } = ward()
    connect('mon-1').say({ alarms: [{ id: 'gone', priority: 'low' }, { id: 'still', priority: 'low' }] })
    const again = connect('mon-1')
    again.say({ alarms: [{ id: 'still', priority: 'low' }] })
    await clock.pass(pumpLimits.conditionHoldMs + 1_000)
    pump.tick()
    expect(shown(pump).map(({ condition }) => condition)).toEqual(['monitor/still'])
  })
})

describe('a waveform', () => {
  it('is kept with its device, and one channel too many is told of', () => {
    const { connect, pump } = ward()
    const monitor = connect('mon-1')
    for (let channel = 0; channel < waveLimits.channelsPerDeviceMax; channel++) monitor.say({ wave: { channel: String(channel), samples: [1, 2, 3] } })
    const now = pump.now().wall
    expect(pump.waves.between(deviceId('mon-1'), wallMs(now - 1_000), wallMs(now + 1_000))).toHaveLength(waveLimits.channelsPerDeviceMax)
    expect(pump.lifecycle.open.size).toBe(0)
    monitor.say({ wave: { channel: 'one more', samples: [1] } })
    expect([...pump.lifecycle.open.values()]).toMatchObject([{ condition: 'technical/waveform-refused', device: 'mon-1' }])
  })
})
