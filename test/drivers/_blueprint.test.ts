import { describe, expect, it } from 'vitest'
import driver from '../../drivers/_blueprint/driver.ts'
import { utf8 } from '../../src/codec/bytes.ts'
import { monoMs } from '../../src/domain/time.ts'
import { blueprintComposer } from '../../simulators/monitors/_blueprint.ts'
import { createPatient } from '../../simulators/patients/patient.ts'
import { parseScenario } from '../../simulators/patients/scenarios.ts'
import { framesOf } from '../contract/driver.ts'

/** What the driver makes of some text: values, reasons, or what became of the frame. */
const read = (text: string): readonly (string | readonly string[])[] =>
  framesOf(driver.open({}), [utf8(text)]).map((frame) =>
    frame.kind === 'good'
      ? [
          ...frame.readings.map(({ metric, measurement }) => `${metric.label} ${measurement.kind === 'measured' ? measurement.value : measurement.reason}`),
          ...frame.faults.map(({ at }) => `fault ${at}`),
          ...(frame.leftOut ?? []).map(({ at }) => `left out ${at}`),
        ]
      : frame.kind,
  )

describe('a line', () => {
  it.each([
    ['HR=072 SPO2=097', ['HR 72', 'SpO₂ 97']],
    ['HR=000 SPO2=100', ['HR 0', 'SpO₂ 100']],
    ['HR=--- SPO2=---', ['HR not-measured', 'SpO₂ not-measured']],
    ['HR=301 SPO2=000', ['HR out-of-range', 'SpO₂ out-of-range']],
    ['HR=72 SPO2=097', ['SpO₂ 97', 'fault HR']],
    ['HR=072 SPO2=097 PI=1.2', ['HR 72', 'SpO₂ 97', 'left out PI']],
  ])('%s is %j', (line, expected) => expect(read(`${line}\r\n`)).toEqual([expected]))

  it('that was there before we were is skipped, and one of another kind later is kept', () => {
    expect(read('72 SPO2=097\r\nSELF TEST PASSED\r\n')).toEqual(['skipped', 'quarantined'])
  })

  it('that says something twice is not believed', () => {
    expect(read('HR=072 SPO2=097\r\nHR=072 HR=090 SPO2=097\r\n')).toEqual([['HR 72', 'SpO₂ 97'], 'quarantined'])
  })

  it('that is cut off is bad, however complete it looks', () => {
    expect(read('HR=072 SPO2=097\r\nHR=072 SPO2=09')).toEqual([['HR 72', 'SpO₂ 97'], 'bad'])
  })
})

describe.each(['stable', 'asystole', 'probe-off', 'leads-off'])('its simulator at a bed with %s', (name) => {
  it('is heard in every value, once', () => {
    const scenario = parseScenario(`${name}@10`)
    if (scenario === null) throw new Error(name)
    const patient = createPatient(5, 'bed-1', scenario)
    const composer = blueprintComposer()
    const session = driver.open({})
    for (let second = 0; second < 120; second++) {
      const { bytes, values } = composer.compose(patient.next(), second * 1_000)
      const frames = [bytes.subarray(0, 7), bytes.subarray(7)].flatMap((piece) => session.receive(piece, monoMs(second * 1_000)).frames)
      const heard = frames.flatMap((frame) => (frame.kind === 'good' ? frame.readings : []))
      const numbers = heard.flatMap(({ metric, measurement }) => (measurement.kind === 'measured' ? [{ metric: metric.id, value: measurement.value }] : []))
      expect(numbers).toEqual(values)
      expect(frames.map(({ kind }) => kind)).toEqual([second === 0 ? 'skipped' : 'good'])
    }
  })
})
