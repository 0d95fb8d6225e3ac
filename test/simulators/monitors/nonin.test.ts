import { describe, expect, it } from 'vitest'
import nonin from '../../../drivers/nonin/driver.ts'
import { monoMs } from '../../../src/domain/time.ts'
import type { Frame } from '../../../src/seams.ts'
import { noninComposer, noninLine, noninPacket, type NoninModel } from '../../../simulators/monitors/nonin.ts'
import { createPatient, type Signs } from '../../../simulators/patients/patient.ts'
import { parseScenario, SCENARIO_NAMES } from '../../../simulators/patients/scenarios.ts'
import { createWaves } from '../../../simulators/patients/waves.ts'

const START = Date.UTC(2026, 0, 1)
type Good = Extract<Frame, { kind: 'good' }>
const isGood = (frame: Frame): frame is Good => frame.kind === 'good'

function patientWith(scenario: string): ReturnType<typeof createPatient> {
  const parsed = parseScenario(scenario)
  if (parsed === null) throw new Error(scenario)
  return createPatient(17, 'bed-1', parsed)
}
const signsOf = (saturation: number, pulse: number): Signs => ({
  ...patientWith('stable').next().signs,
  saturation: { kind: 'value', value: saturation },
  pulse: { kind: 'value', value: pulse },
})

describe('a Nonin oximeter', () => {
  it('prints three digits, or dashes', () => {
    expect(noninLine(signsOf(97, 72), null)).toBe('SPO2=097 HR=072\r\n')
    expect(noninLine({ ...signsOf(97, 72), saturation: { kind: 'none', why: 'probe-off' } }, '08:00:00')).toBe('08:00:00 SPO2=--- HR=072\r\n')
  })

  it('makes the documented frames: heart rate 72, SpO2 97, revision 48', () => {
    const bytes = noninPacket(signsOf(97, 72), new Float64Array(25).fill(1 / 255), { format: 2, timer: 0 })
    const row = (index: number): string => Array.from(bytes.subarray(index * 5, index * 5 + 5), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
    expect([row(0), row(1), row(2), row(3), bytes.length]).toEqual(['01 81 01 00 83', '01 80 01 48 ca', '01 80 01 61 e3', '01 80 01 30 b2', 125])
  })
})

describe.each<NoninModel>(['text', 'text-with-time', 'format-2', 'format-7'])('a Nonin oximeter set to %s', (model) => {
  it.each(SCENARIO_NAMES)('is understood by its driver, value for value, through %s', (scenario) => {
    const patient = patientWith(`${scenario}@60`)
    const composer = noninComposer('n', model, createWaves(5))
    const session = nonin.open({})
    const isText = model === 'text' || model === 'text-with-time'
    let samples = 0
    let expected = 0
    for (let second = 0; second < 240; second++) {
      if (second === 100) composer.replug()
      if (second === 200) composer.restart(second)
      const moment = patient.next()
      const { bytes, values } = composer.compose(moment, START + second * 1_000)
      const frames = [bytes.subarray(0, 131), bytes.subarray(131)].flatMap((piece) => session.receive(piece, monoMs(second * 1_000)).frames)
      // A cable that is pulled within a packet leaves noise: the head of none, the tail of another.
      expect(frames.filter(({ kind }) => kind === 'bad')).toEqual([])
      const goods = frames.filter(isGood)
      const readings = goods.flatMap((good) => good.readings)
      const read = readings.flatMap(({ metric, measurement }) => (measurement.kind === 'measured' ? [{ metric: metric.id, value: measurement.value }] : []))
      expect(read).toEqual(values)
      samples += goods.flatMap(({ waveforms }) => waveforms).reduce((sum, wave) => sum + wave.samples.length, 0)
      const { saturation } = moment.signs
      // Where the first of a second's three packets was cut, two are left; without a sensor there is no sample.
      if (!isText && (saturation.kind === 'value' || saturation.why !== 'probe-off')) expected += second === 0 || second === 100 ? 50 : 75
    }
    expect(samples).toBe(expected)
  })
})
