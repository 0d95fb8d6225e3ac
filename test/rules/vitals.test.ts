import { describe, expect, it } from 'vitest'
import { deviceId } from '../../src/domain/ids.ts'
import type { Variable } from '../../src/domain/metrics.ts'
import { correct } from '../../src/domain/observation.ts'
import { wallMs } from '../../src/domain/time.ts'
import { ruleLimits } from '../../src/limits.ts'
import { type Best, bestSource, hearSnapshot, LAST, lastSample, liveSample, NO_VITALS, scoreSample, type Vitals } from '../../src/rules/vitals.ts'
import { monoOf, type Said, snapshot } from './fixture.ts'

const PROMISED = { periodicIntervalMs: ruleLimits.periodicIntervalMs }
const lastOf = (vitals: Vitals, variable: Variable): Best | null => bestSource({ vitals, at: monoOf(0) }, variable, LAST)
const hear = (vitals: Vitals, seconds: number, said: readonly Said[], device?: string): Vitals => hearSnapshot(vitals, snapshot(seconds, said, device).snapshot, PROMISED)

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
    expect(source && liveSample(source, monoOf(1))).toBeNull()
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
      const heard = hearSnapshot(NO_VITALS, { ...whole, sentAt: null, observations: observations.map((one) => ({ ...one, correctedAt: whole.receivedAt })) }, PROMISED)
      expect(lastOf(heard, 'hr')?.sample.value).toBe(70)
    }
  })

  it('is live for two intervals, a cuff for a quarter of an hour', () => {
    const [cuff, ecg] = ['nibps', 'ecg'].map((sensor) => hear(NO_VITALS, 0, [{ sensor, value: 100 } as Said]).sources[0])
    expect(ecg && liveSample(ecg, monoOf(120))?.value).toBe(100)
    expect(ecg && liveSample(ecg, monoOf(121))).toBeNull()
    expect(cuff && liveSample(cuff, monoOf(900))?.value).toBe(100)
    expect(cuff && liveSample(cuff, monoOf(901))).toBeNull()
  })

  it('is live for two of the intervals that its device promises, from a second to an hour', () => {
    const promised = (everyMs: number) => ({ ...PROMISED, contracts: new Map([[deviceId('monitor-1'), { everyMs }]]) })
    for (const [everyMs, live, gone] of [[1_000, 2, 3], [3_600_000, 7_200, 7_201]] as const) {
      const [source] = hearSnapshot(NO_VITALS, snapshot(0, [{ sensor: 'ecg', value: 70 }]).snapshot, promised(everyMs)).sources
      expect(source && [liveSample(source, monoOf(live))?.value, liveSample(source, monoOf(gone))]).toEqual([70, null])
      expect(hearSnapshot(NO_VITALS, snapshot(gone, [{ sensor: 'ecg', value: 70, ageS: gone }]).snapshot, promised(everyMs))).toBe(NO_VITALS)
    }
  })

  it('one metric may have a contract of its own: measured now and then, and scored for eight hours', () => {
    const own = { ...PROMISED, contracts: new Map([[deviceId('monitor-1'), { everyMs: 1_000, metrics: { MDC_ECG_HEART_RATE: { kind: 'episodic', scoredMs: 28_800_000 } } } as const]]) }
    const [ecg] = hearSnapshot(NO_VITALS, snapshot(0, [{ sensor: 'ecg', value: 70 }]).snapshot, own).sources
    expect(ecg && [liveSample(ecg, monoOf(900))?.value, liveSample(ecg, monoOf(901)), scoreSample(ecg, monoOf(28_800))?.value, scoreSample(ecg, monoOf(28_801))]).toEqual([70, null, 70, null])
  })

  it('of a wrong device clock is as live as any: ages are counted on that clock', () => {
    const { snapshot: whole } = snapshot(0, [{ sensor: 'ecg', value: 70, ageS: 1 }])
    const years = 10 * 365 * 86_400_000
    const wrong = { ...whole, sentAt: wallMs((whole.sentAt ?? 0) - years), observations: whole.observations.map((one) => ({ ...one, deviceAt: wallMs((one.deviceAt ?? 0) - years) })) }
    expect(lastOf(hearSnapshot(NO_VITALS, wrong, PROMISED), 'hr')?.sample).toMatchObject({ value: 70, timeUncertain: false })
  })

  it('a single measurement is marked when only a clock that may be wrong says when it was, and a signal never', () => {
    const { snapshot: whole } = snapshot(0, [{ sensor: 'nibps', value: 84 }, { sensor: 'ecg', value: 70 }])
    const observations = (deviceAtMs: number) => whole.observations.map((one) => ({ ...one, deviceAt: wallMs(deviceAtMs), ...correct({ receivedAt: whole.receivedAt, sentAt: null, deviceAt: wallMs(deviceAtMs) }) }))
    const marks = (apartMs: number) => {
      const heard = hearSnapshot(NO_VITALS, { ...whole, sentAt: null, observations: observations(whole.receivedAt - apartMs) }, PROMISED)
      return [lastOf(heard, 'sbp')?.sample.timeUncertain, lastOf(heard, 'hr')?.sample.timeUncertain]
    }
    expect(marks(ruleLimits.timeBoundMs)).toEqual([false, false])
    expect(marks(ruleLimits.timeBoundMs + 1)).toEqual([true, false])
    expect(marks(-3_600_000)).toEqual([true, false])
  })

  it('a spot check by a periodic sensor is live as long as a cuff', () => {
    const [spot] = hear(NO_VITALS, 0, [{ sensor: 'spo2', value: 97, flags: ['episodic'] }]).sources
    expect(spot && liveSample(spot, monoOf(900))?.value).toBe(97)
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
