import { describe, expect, it } from 'vitest'
import type { Variable } from '../../src/domain/metrics.ts'
import { ruleLimits } from '../../src/limits.ts'
import { type Best, bestSource, hearSnapshot, LAST, lastSample, liveSample, NO_VITALS, scoreSample, type Vitals } from '../../src/rules/vitals.ts'
import { monoOf, type Said, snapshot } from './fixture.ts'

const INTERVAL_MS = ruleLimits.periodicIntervalMs
const lastOf = (vitals: Vitals, variable: Variable): Best | null => bestSource({ vitals, at: monoOf(0), intervalMs: INTERVAL_MS }, variable, LAST)
const hear = (vitals: Vitals, seconds: number, said: readonly Said[], device?: string): Vitals => hearSnapshot(vitals, snapshot(seconds, said, device).snapshot, INTERVAL_MS)

describe('what the sensors say', () => {
  it('is unchanged, the very object, by a snapshot that no rule may see', () => {
    const heard = hear(NO_VITALS, 0, [{ sensor: 'ecg', value: 70 }])
    expect(hear(heard, 1, [{ sensor: 'pi', value: 1.5 }])).toBe(heard)
    expect(hear(heard, 1, [{ sensor: 'ecg', value: 0, flags: ['test'] }])).toBe(heard)
    expect(hear(heard, 1, [])).toBe(heard)
  })

  it('keeps the last good value behind an absent one', () => {
    const heard = hear(hear(NO_VITALS, 0, [{ sensor: 'spo2', value: 97 }]), 1, [{ sensor: 'spo2', value: 'probe-off' }])
    const [source] = heard.sources
    expect(source && liveSample(source, monoOf(1), INTERVAL_MS)).toBeNull()
    expect(source && scoreSample(source, monoOf(1))?.value).toBe(97)
    expect(source && lastSample(source)?.value).toBe(97)
  })

  it('takes the newest of several values of one source', () => {
    const heard = hear(NO_VITALS, 0, [{ sensor: 'ecg', value: 60, ageS: 2 }, { sensor: 'ecg', value: 70, ageS: 0 }, { sensor: 'ecg', value: 80, ageS: 1 }])
    expect(lastOf(heard, 'hr')?.sample.value).toBe(70)
  })

  it('takes the newest by the device’s own clock when the device does not say when it sent', () => {
    const { snapshot: whole } = snapshot(0, [{ sensor: 'ecg', value: 60, ageS: 5_000 }, { sensor: 'ecg', value: 70, ageS: 4_000 }, { sensor: 'ecg', value: 80, ageS: 4_500 }])
    for (const observations of [whole.observations, whole.observations.toReversed()]) {
      const heard = hearSnapshot(NO_VITALS, { ...whole, sentAt: null, observations: observations.map((one) => ({ ...one, correctedAt: whole.receivedAt })) }, INTERVAL_MS)
      expect(lastOf(heard, 'hr')?.sample.value).toBe(70)
    }
  })

  it('is live for two intervals, a cuff for a quarter of an hour', () => {
    const [cuff, ecg] = ['nibps', 'ecg'].map((sensor) => hear(NO_VITALS, 0, [{ sensor, value: 100 } as Said]).sources[0])
    expect(ecg && liveSample(ecg, monoOf(120), INTERVAL_MS)?.value).toBe(100)
    expect(ecg && liveSample(ecg, monoOf(121), INTERVAL_MS)).toBeNull()
    expect(cuff && liveSample(cuff, monoOf(900), INTERVAL_MS)?.value).toBe(100)
    expect(cuff && liveSample(cuff, monoOf(901), INTERVAL_MS)).toBeNull()
  })

  it('a spot check by a periodic sensor is live as long as a cuff', () => {
    const [spot] = hear(NO_VITALS, 0, [{ sensor: 'spo2', value: 97, flags: ['episodic'] }]).sources
    expect(spot && liveSample(spot, monoOf(900), INTERVAL_MS)?.value).toBe(97)
  })

  it('forgets the sensor heard longest ago when there are more than a stay may have', () => {
    let heard = hear(NO_VITALS, 0, [{ sensor: 'temp', value: 37 }])
    for (let at = 1; at <= ruleLimits.sourcesPerStayMax; at++) heard = hear(heard, at, [{ sensor: 'ecg', value: 70, channel: `${at}` }])
    expect(heard.sources).toHaveLength(ruleLimits.sourcesPerStayMax)
    expect(lastOf(heard, 'temperature')).toBeNull()
    expect(heard.sources.some(({ key }) => key.endsWith('|1'))).toBe(true)
  })

  it('ranks sensors of several devices at one bed the same way whoever speaks first', () => {
    const one = hear(hear(NO_VITALS, 0, [{ sensor: 'spo2', value: 90 }], 'a'), 0, [{ sensor: 'spo2', value: 95 }], 'b')
    const other = hear(hear(NO_VITALS, 0, [{ sensor: 'spo2', value: 95 }], 'b'), 0, [{ sensor: 'spo2', value: 90 }], 'a')
    expect(lastOf(one, 'spo2')?.sample.value).toBe(lastOf(other, 'spo2')?.sample.value)
  })
})
