import { describe, expect, it } from 'vitest'
import ivy from '../../../drivers/ivy-450c/driver.ts'
import { monoMs } from '../../../src/domain/time.ts'
import type { Frame } from '../../../src/seams.ts'
import { ivyComposer } from '../../../simulators/monitors/ivy-450c.ts'
import { createPatient } from '../../../simulators/patients/patient.ts'
import { parseScenario } from '../../../simulators/patients/scenarios.ts'
import { createWaves } from '../../../simulators/patients/waves.ts'

type Good = Extract<Frame, { kind: 'good' }>
const printed = (values: readonly { readonly metric: string; readonly value: number }[]): string[] => values.map(({ metric, value }) => `${metric} ${value.toFixed(1)}`).sort()
const numbersIn = ({ readings }: Good): string[] =>
  printed(
    readings.flatMap(({ metric, measurement, flags }) =>
      measurement.kind === 'measured' && !flags.includes('episodic') ? [{ metric: metric.id, value: measurement.value }] : [],
    ),
  )

describe.each(['stable', 'asystole', 'leads-off', 'probe-off', 'opioid'])('an Ivy 450C at a bed with %s', (name) => {
  it('is heard in every number, once, with the right value; its cuff when it measured, and not again', () => {
    const scenario = parseScenario(`${name}@30`)
    if (scenario === null) throw new Error(name)
    const patient = createPatient(5, 'bed-1', scenario)
    const composer = ivyComposer('ivy-1', createWaves(5))
    const session = ivy.open({})
    let cuffs = 0
    const made = new Set<string>()
    for (let second = 0; second < 370; second++) {
      const moment = patient.next()
      const { bytes, values } = composer.compose(moment, second * 1_000)
      const { cuff } = moment.signs
      if (cuff?.systolic.kind === 'value') made.add(String(cuff.second))
      const frames = [bytes.subarray(0, 137), bytes.subarray(137)].flatMap((piece) => session.receive(piece, monoMs(second * 1_000)).frames)
      const goods = frames.filter((frame): frame is Good => frame.kind === 'good')
      expect(goods.length).toBe(second === 0 ? 0 : 1)
      for (const good of goods) {
        expect(numbersIn(good)).toEqual(printed(values))
        expect(good.faults).toEqual([])
        expect(good.waveforms.reduce((sum, { samples }) => sum + samples.length, 0)).toBeGreaterThanOrEqual(100)
        if (good.readings.some(({ metric, measurement }) => metric.id === 'MDC_PRESS_BLD_NONINV_SYS' && measurement.kind === 'measured')) cuffs++
      }
    }
    expect(cuffs).toBe(made.size)
  })
})
