import { describe, expect, it } from 'vitest'
import nellcor from '../../../drivers/nellcor-ascii/driver.ts'
import { monoMs } from '../../../src/domain/time.ts'
import type { Frame } from '../../../src/seams.ts'
import { nellcorComposer, nellcorHeading, nellcorLine } from '../../../simulators/monitors/nellcor-ascii.ts'
import { createPatient } from '../../../simulators/patients/patient.ts'
import { parseScenario, SCENARIO_NAMES } from '../../../simulators/patients/scenarios.ts'

const START = Date.UTC(2026, 0, 1)
type Good = Extract<Frame, { kind: 'good' }>
const isGood = (frame: Frame): frame is Good => frame.kind === 'good'

function patientWith(scenario: string): ReturnType<typeof createPatient> {
  const parsed = parseScenario(scenario)
  if (parsed === null) throw new Error(scenario)
  return createPatient(17, 'bed-1', parsed)
}

describe('a Nellcor oximeter', () => {
  it('prints in the columns that real ones use, a star where a limit is passed', () => {
    const when = '14-Mar-19 08:00:00'
    const low = nellcorLine({ spo2: 88, pulse: 101, amplitude: 7 }, ['MO', 'SL', '', '', 'AS', ''], when)
    expect(low).toBe('14-Mar-19 08:00:00    88*    101       7    MO SL       AS    \r\n')
    const off = nellcorLine({ spo2: null, pulse: null, amplitude: null }, ['SD', '', '', '', '', ''], when)
    expect(off).toBe('14-Mar-19 08:00:00   ---     ---     ---    SD                \r\n')
    expect(nellcorHeading('n-560').split('\r\n')[2]).toBe('TIME                 %SpO2   BPM     PA     Status')
  })

  it('repeats its headings after 25 lines and after power-up, and is heard from the middle of a line at first', () => {
    const patient = patientWith('stable')
    const composer = nellcorComposer('n', 'n-595')
    const texts = Array.from({ length: 52 }, (_, index) => new TextDecoder().decode(composer.compose(patient.next(), START + index * 2_000).bytes))
    expect(texts.flatMap((text, index) => (text.includes('VERSION') ? [index] : []))).toEqual([25, 50])
    expect(texts[0]).toMatch(/^\0\0 [\d:]+ /)
    composer.restart(104)
    composer.compose(patient.next(), START)
    expect(new TextDecoder().decode(composer.compose(patient.next(), START).bytes)).toMatch(/^01-JAN-26/)
  })
})

describe.each(['n-560', 'n-595'] as const)('an %s', (model) => {
  it.each(SCENARIO_NAMES)('is understood by its driver, value for value, through %s', (scenario) => {
    const patient = patientWith(`${scenario}@60`)
    const composer = nellcorComposer('n', model)
    const session = nellcor.open({})
    const open = new Map<string, string>()
    let heard = 0
    for (let second = 0; second < 900; second += 2) {
      const moment = patient.next()
      patient.next()
      const at = START + second * 1_000
      const { bytes, values } = composer.compose(moment, at)
      const frames = [bytes.subarray(0, 23), bytes.subarray(23)].flatMap((piece) => session.receive(piece, monoMs(second * 1_000)).frames)
      expect(frames.filter(({ kind }) => kind === 'bad' || kind === 'quarantined')).toEqual([])
      const goods = frames.filter(isGood)
      expect(goods.length).toBe(second === 0 ? 0 : 1)
      for (const { readings, alarms, faults, sentAt } of goods) {
        expect([faults, sentAt]).toEqual([[], at])
        const read = readings.flatMap(({ metric, measurement }) => (measurement.kind === 'measured' ? [{ metric: metric.id, value: measurement.value }] : []))
        expect(read).toEqual(values)
        for (const { id, phase } of alarms) {
          expect(phase === 'start').toBe(!open.has(id))
          if (phase === 'end') open.delete(id)
          else open.set(id, phase)
        }
        heard++
      }
      // What the patient is like for two lines in a row is what the alarms say.
      if (moment.signs.saturation.kind === 'value' && moment.signs.saturation.value < 85 && second > 10) expect(open.has('nellcor:SL')).toBe(true)
      if (moment.signs.saturation.kind === 'value' && moment.signs.saturation.value > 94 && second > 10) expect(open.has('nellcor:SL')).toBe(false)
    }
    expect(heard).toBe(449)
  })
})
