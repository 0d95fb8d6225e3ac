import { describe, expect, it } from 'vitest'
import { mqttComposer } from '../../../simulators/monitors/mqtt-json.ts'
import { createPatient } from '../../../simulators/patients/patient.ts'
import type { ScenarioName } from '../../../simulators/patients/scenarios.ts'

type Payload = { readonly id: string; readonly at: string; readonly readings: readonly { readonly mdc: number; readonly value?: number; readonly absent?: string; readonly unit: string; readonly at?: string }[] }

const START = Date.UTC(2026, 0, 1)
const read = (bytes: Uint8Array): Payload => JSON.parse(new TextDecoder().decode(bytes)) as Payload

function payloads(scenario: ScenarioName, seconds: number): readonly { readonly payload: Payload; readonly values: readonly { readonly metric: string; readonly value: number }[] }[] {
  const patient = createPatient(4, 'bed-1', { name: scenario, delayS: 10 })
  const composer = mqttComposer(START, null)
  return Array.from({ length: seconds }, (_, second) => {
    const { bytes, values } = composer.compose(patient.next(), START + second * 1_000)
    return { payload: read(bytes), values }
  })
}

describe('an MQTT module', () => {
  it('names its patient where it knows one', () => {
    const moment = createPatient(4, 'bed-1', { name: 'stable', delayS: 0 }).next()
    expect(read(mqttComposer(START, { mrn: '7', name: 'A B' }).compose(moment, START).bytes)).toMatchObject({ patient: { mrn: '7', name: 'A B' } })
    expect(read(mqttComposer(START, null).compose(moment, START).bytes)).not.toHaveProperty('patient')
  })

  it('says for each reading either a value or why there is none', () => {
    for (const scenario of ['stable', 'asystole', 'leads-off', 'probe-off'] as const) {
      for (const { payload } of payloads(scenario, 400)) {
        for (const reading of payload.readings) {
          expect(typeof reading.value === 'number').toBe(reading.absent === undefined)
          expect(reading.unit).toMatch(/^(%|\/min|mm\[Hg\]|Cel)$/)
        }
      }
    }
  })

  it('says why: a lead, a probe, or nothing to measure', () => {
    const absentAt = (scenario: ScenarioName): readonly (readonly [number, string | undefined])[] =>
      payloads(scenario, 20)[15]?.payload.readings.filter((reading) => reading.absent !== undefined).map((reading) => [reading.mdc, reading.absent] as const) ?? []
    expect(absentAt('leads-off')).toEqual([[147842, 'lead-off'], [151562, 'lead-off']])
    expect(absentAt('probe-off')).toEqual([[150456, 'probe-off'], [149530, 'probe-off'], [150488, 'probe-off']])
    expect(absentAt('asystole')).toEqual([[150456, 'not-measured'], [149530, 'not-measured'], [150488, 'not-measured']])
  })

  it('sends a standing heart as the value zero', () => {
    expect(payloads('asystole', 20)[15]?.payload.readings[0]).toEqual({ mdc: 147842, value: 0, unit: '/min' })
  })

  it('sends each cuff measurement once, with the time it was made', () => {
    const withCuff = payloads('stable', 400).filter(({ payload }) => payload.readings.some((reading) => reading.mdc === 150021))
    expect(withCuff).toHaveLength(2)
    for (const { payload } of withCuff) expect(payload.readings.find((reading) => reading.mdc === 150021)?.at).toBe(payload.at)
  })

  it('lists as values exactly those that it sends', () => {
    for (const { payload, values } of payloads('probe-off', 100)) expect(values.map((sent) => sent.value)).toEqual(payload.readings.flatMap((reading) => reading.value ?? []))
  })

  it('never uses a message id twice, over restarts and over runs', () => {
    const patient = createPatient(4, 'bed-1', { name: 'stable', delayS: 0 })
    const ids: string[] = []
    for (const startedAt of [START, START + 1_000]) {
      const composer = mqttComposer(startedAt, null)
      for (let second = 0; second < 50; second++) {
        if (second === 25) composer.restart(25)
        ids.push(composer.compose(patient.next(), START).id)
      }
    }
    expect(new Set(ids).size).toBe(ids.length)
  })
})
