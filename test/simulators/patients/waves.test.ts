import { describe, expect, it } from 'vitest'
import { type Signs, createPatient } from '../../../simulators/patients/patient.ts'
import { parseScenario } from '../../../simulators/patients/scenarios.ts'
import { type WaveKind, createWaves } from '../../../simulators/patients/waves.ts'

function signsOf(scenario: string, seconds: number): Signs {
  const parsed = parseScenario(scenario)
  if (parsed === null) throw new Error(scenario)
  const patient = createPatient(5, 'bed-1', parsed)
  let moment = patient.next()
  while (moment.second < seconds) moment = patient.next()
  return moment.signs
}
const HEALTHY = signsOf('stable', 30)
const valueOf = (signs: Signs, name: 'heartRate' | 'breaths' | 'systolic' | 'diastolic' | 'carbonDioxide'): number => {
  const sign = signs[name]
  return sign.kind === 'value' ? sign.value : NaN
}
/** How often a wave rises through a level. */
const rises = (samples: Float64Array, level: number): number => samples.reduce((count, value, index) => count + (index > 0 && value >= level && (samples[index - 1] ?? 0) < level ? 1 : 0), 0)
const range = (samples: Float64Array): readonly [number, number] => [Math.min(...samples), Math.max(...samples)]

describe('waves', () => {
  it.each([
    ['ecg', 500, 0.6, 'heartRate'],
    ['pleth', 125, 0.5, 'heartRate'],
    ['art', 125, 100, 'heartRate'],
    ['resp', 62.5, 0.2, 'breaths'],
    ['co2', 62.5, 15, 'breaths'],
  ] as const)('%s at %d/s beats or breathes as the signs say', (kind, rateHz, level, sign) => {
    const samples = createWaves(1).next(kind, HEALTHY, rateHz, 60)
    expect(samples).toHaveLength(60 * rateHz)
    expect(Math.abs(rises(samples, level) - valueOf(HEALTHY, sign))).toBeLessThanOrEqual(kind === 'pleth' ? 3 : 1)
  })

  it('swing as far as the signs say, in their physical units', () => {
    const waves = createWaves(1)
    const [low, high] = range(waves.next('art', HEALTHY, 125, 20))
    expect(Math.abs(high - valueOf(HEALTHY, 'systolic'))).toBeLessThan(4)
    expect(Math.abs(low - valueOf(HEALTHY, 'diastolic'))).toBeLessThan(8)
    expect(Math.abs(range(waves.next('co2', HEALTHY, 62.5, 20))[1] - valueOf(HEALTHY, 'carbonDioxide'))).toBeLessThan(2)
    const [bottom, top] = range(waves.next('pleth', HEALTHY, 125, 20))
    expect(bottom).toBeGreaterThanOrEqual(0)
    expect(top).toBeLessThanOrEqual(1)
    expect(range(waves.next('ecg', HEALTHY, 500, 5))[1]).toBeGreaterThan(0.9)
  })

  it('go on where the last call ended, however the calls are cut', () => {
    const kinds: readonly WaveKind[] = ['ecg', 'pleth', 'resp', 'art', 'co2']
    for (const kind of kinds) {
      const whole = createWaves(9).next(kind, HEALTHY, 125, 8)
      const cut = createWaves(9)
      const parts = [0.256, 1, 0.744, 2, 4].flatMap((seconds) => Array.from(cut.next(kind, HEALTHY, 125, seconds)))
      expect(parts).toEqual(Array.from(whole))
    }
  })

  it('are the same for the same seed, and others for another', () => {
    const [one, same, other] = [3, 3, 4].map((seed) => Array.from(createWaves(seed).next('ecg', HEALTHY, 250, 1)))
    expect(one).toEqual(same)
    expect(one).not.toEqual(other)
  })

  it('give nothing where the sensor is off, and a flat line where the heart stands still', () => {
    expect(createWaves(1).next('ecg', signsOf('leads-off@0', 5), 500, 1).every(Number.isNaN)).toBe(true)
    expect(createWaves(1).next('pleth', signsOf('probe-off@0', 5), 125, 1).every(Number.isNaN)).toBe(true)
    const [low, high] = range(createWaves(1).next('ecg', signsOf('asystole@0', 60), 500, 4))
    expect(high - low).toBeLessThan(0.1)
  })
})
