import { describe, expect, it } from 'vitest'
import hl7 from '../../../drivers/hl7/driver.ts'
import { type AlarmHabit, type SimulatedAlarm, hl7AlarmReporter } from '../../../simulators/monitors/hl7-alarms.ts'
import { createPatient } from '../../../simulators/patients/patient.ts'
import { SCENARIO_NAMES, parseScenario } from '../../../simulators/patients/scenarios.ts'
import { mllpFrame } from '../../../src/codec/mllp.ts'
import type { DeviceAlarm } from '../../../src/domain/reading.ts'
import { monoMs } from '../../../src/domain/time.ts'

const START = Date.UTC(2026, 2, 4, 5, 6, 7)
const SENDER = { device: 'monitor-1', style: 'accept', patient: { mrn: 'DEMO-0001', name: 'Alma Birch' }, location: { unit: 'WARD', bed: 'bed-1' } } as const
const PRIORITIES = { PH: 'high', PM: 'medium', PL: 'low' } as const

const told = ({ id, text, priority, inactivation }: DeviceAlarm): string => [id, text, priority, ...inactivation].join(' ')
const meant = ({ id, text, priority, isPaused }: SimulatedAlarm): string => [id, text, PRIORITIES[priority], ...(isPaused ? ['audio-paused'] : [])].join(' ')

// The two sides share no code: what they agree on was agreed on by two readings of the same public documents.
describe.each<AlarmHabit>(['first', 'own'])('a monitor that names the %s event on what follows', (habit) => {
  it.each(SCENARIO_NAMES)('is understood by the driver through %s: each second the same alarms are active on both sides', (name) => {
    const scenario = parseScenario(`${name}@30`)
    if (scenario === null) throw new Error(name)
    const patient = createPatient(17, 'bed-1', scenario)
    const reporter = hl7AlarmReporter(SENDER, habit)
    const session = hl7.open({})
    const active = new Map<string, DeviceAlarm>()
    for (let second = 0; second < 600; second++) {
      const moment = patient.next()
      for (const { bytes } of reporter.report(moment, START + second * 1_000)) {
        const [frame] = session.receive(mllpFrame(bytes), monoMs(second)).frames
        if (frame?.kind !== 'good') throw new Error(`not good: ${JSON.stringify(frame)}`)
        expect([frame.faults, frame.readings, frame.alarms.length]).toEqual([[], [], 1])
        for (const alarm of frame.alarms) {
          expect(alarm.deviceAt).toBe(START + second * 1_000)
          if (alarm.phase === 'end') active.delete(alarm.id)
          else active.set(alarm.id, alarm)
        }
      }
      expect([...active.values()].map(told).sort()).toEqual(reporter.active().map(meant).sort())
    }
  })

  it('says every phase somewhere in the ward, and each message has a name of its own', () => {
    const messages = SCENARIO_NAMES.flatMap((name) => {
      const scenario = parseScenario(`${name}@30`)
      if (scenario === null) throw new Error(name)
      const patient = createPatient(17, 'bed-1', scenario)
      const reporter = hl7AlarmReporter(SENDER, habit)
      const sent = Array.from({ length: 600 }, (_, second) => reporter.report(patient.next(), START + second * 1_000)).flat()
      expect(new Set(sent.map(({ id }) => id)).size).toBe(sent.length)
      return sent.map(({ bytes }) => /MDC_ATTR_EVENT_PHASE\^MDC\|[^|]*\|(\w+)/.exec(new TextDecoder().decode(bytes))?.[1])
    })
    expect(new Set(messages)).toEqual(new Set(['start', 'update', 'escalate', 'deescalate', 'end']))
  })
})
