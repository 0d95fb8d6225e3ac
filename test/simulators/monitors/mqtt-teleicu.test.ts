import { describe, expect, it } from 'vitest'
import mqttTeleicu from '../../../drivers/mqtt-teleicu/driver.ts'
import { teleicuComposer } from '../../../simulators/monitors/mqtt-teleicu.ts'
import { createPatient } from '../../../simulators/patients/patient.ts'
import { SCENARIO_NAMES, type Scenario, parseScenario } from '../../../simulators/patients/scenarios.ts'
import { monoMs } from '../../../src/domain/time.ts'
import type { Frame } from '../../../src/seams.ts'

const START = Date.UTC(2026, 0, 1)
const SETTING = { address: '192.168.1.13', patient: { mrn: '3', name: 'PATIENT 3' }, offsetMinutes: 330, seed: 4 }
const EVERY_S = 4

function scenarioOf(text: string): Scenario {
  const scenario = parseScenario(text)
  if (scenario === null) throw new Error(`no scenario ${text}`)
  return scenario
}

describe('a tele-ICU gateway', () => {
  it.each(SCENARIO_NAMES)('is understood by the driver, value for value, through %s', (scenario) => {
    const patient = createPatient(4, 'bed-1', scenarioOf(`${scenario}@20`))
    const composer = teleicuComposer(SETTING)
    const session = mqttTeleicu.open({ zone: '+05:30' })
    for (let second = 0; second < 240; second++) {
      const moment = patient.next()
      if (second % EVERY_S !== 0) continue
      const at = START + second * 1_000
      const { bytes, values } = composer.compose(moment, at)
      const [frame, ...rest]: readonly Frame[] = [...session.receive(bytes, monoMs(second * 1_000)).frames, ...session.end(monoMs(second * 1_000)).frames]
      if (frame?.kind !== 'good') throw new Error(JSON.stringify(frame))
      expect([rest, frame.faults, frame.leftOut, frame.sentAt]).toEqual([[], [], [], at])
      const read = frame.readings.flatMap(({ metric, measurement }) => (measurement.kind === 'measured' ? [`${metric.id} ${measurement.value}`] : []))
      expect(read.toSorted()).toEqual(values.map(({ metric, value }) => `${metric} ${value}`).toSorted())
      const seconds = second === 0 ? 1 : EVERY_S
      for (const { samples, rateHz } of frame.waveforms) expect(samples.length).toBe(rateHz * seconds)
    }
  })

  it('says a standing heart as zero and as an alarm, and a lead that is off as such', () => {
    const toldOf = (scenario: 'asystole' | 'leads-off'): unknown => {
      const patient = createPatient(4, 'bed-1', { name: scenario, delayS: 0 })
      const moments = Array.from({ length: 30 }, () => patient.next())
      const moment = moments.at(-1)
      if (moment === undefined) throw new Error('no moment')
      const [frame] = mqttTeleicu.open({}).receive(teleicuComposer(SETTING).compose(moment, START).bytes, monoMs(0)).frames
      return frame?.kind === 'good' ? [frame.readings[0]?.measurement, frame.alarms.map(({ code, priority }) => [code, priority])] : frame
    }
    expect(toldOf('asystole')).toEqual([{ kind: 'measured', value: 0 }, [['teleicu:asystole', 'high']]])
    expect(toldOf('leads-off')).toEqual([{ kind: 'absent', reason: 'lead-off' }, []])
  })

  it('sends each cuff once, and the same again for the same seed', () => {
    const run = (): readonly string[] => {
      const patient = createPatient(4, 'bed-1', { name: 'stable', delayS: 0 })
      const composer = teleicuComposer(SETTING)
      return Array.from({ length: 700 }, (_, second) => new TextDecoder().decode(composer.compose(patient.next(), START + second * 1_000).bytes))
    }
    const messages = run()
    expect(messages.filter((message) => message.includes('blood-pressure'))).toHaveLength(3)
    expect(run()).toEqual(messages)
  })
})
