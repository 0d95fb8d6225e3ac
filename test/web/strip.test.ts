import { describe, expect, test } from 'vitest'
import type { StripView } from '../../src/api/wire.ts'
import { waveLimits } from '../../src/limits.ts'
import { edgeText, LANE_HEIGHT, LANE_WIDTH, lanesOf, momentsOf, ONSET_X } from '../../src/web/strip.ts'
import { isStripView } from '../../src/web/wire-guard.ts'
import { stripView } from './fake-ward.ts'

const AT = Date.UTC(2026, 0, 1)
const line = (part: Partial<StripView['lines'][number]> = {}): StripView['lines'][number] => ({
  at: AT, device: 'monitor-1', metric: 'MDC_ECG_ELEC_POTL_II', channel: '', unit: 'mV', rateHz: 10, scale: 0.5, offset: -1, from: AT - waveLimits.stripBeforeMs, samples: [0, 2, 4], ...part,
})
const strip = (...lines: StripView['lines']): StripView => ({ lines, damaged: 0, isCut: false })
const points = (path = ''): number[][] => path.split(/[ML]/).filter((part) => part !== '').map((part) => part.split(' ').map(Number))

describe('a lane', () => {
  test('runs from before the alert to after it, its lowest value below, its highest above', () => {
    const [lane] = lanesOf(strip(line({ from: AT, samples: [0, 2, 4] })), AT)
    expect(lane).toMatchObject({ low: -1, high: 1, label: 'ECG II', kind: 'ecg', unit: 'mV' })
    expect(points(lane?.path)).toEqual([[ONSET_X, LANE_HEIGHT], [ONSET_X + 5, LANE_HEIGHT / 2], [ONSET_X + 10, 0]])
    const whole = lanesOf(strip(line({ samples: Array.from({ length: 300 }, (_, index) => index) })), AT)
    expect([points(whole[0]?.path)[0]?.[0], points(whole[0]?.path).at(-1)?.[0]]).toEqual([0, LANE_WIDTH - 5])
  })

  test('of two stretches has a gap and one scale', () => {
    const lanes = lanesOf(strip(line({ samples: [0, 4] }), line({ from: AT, samples: [2, 8] })), AT)
    expect(lanes).toHaveLength(1)
    expect(lanes[0]?.path.match(/M/g)).toHaveLength(2)
    expect(lanes[0]).toMatchObject({ low: -1, high: 3 })
  })

  test('loses no spike where more samples come than it has columns', () => {
    const samples = Array.from({ length: 60_000 }, (_, index) => (index === 31_234 ? 900 : index === 31_240 ? -900 : index % 3))
    const [lane] = lanesOf(strip(line({ rateHz: 2_000, samples })), AT)
    const drawn = points(lane?.path)
    expect(drawn.length).toBeLessThanOrEqual(4 * (LANE_WIDTH + 1))
    expect(Math.min(...drawn.map(([, y = 0]) => y))).toBe(0)
    expect(Math.max(...drawn.map(([, y = 0]) => y))).toBe(LANE_HEIGHT)
  })

  test('that is flat lies in the middle, zero too', () => {
    const [lane] = lanesOf(strip(line({ offset: 0, samples: [0, 0] })), AT)
    expect(points(lane?.path).map(([, y]) => y)).toEqual([LANE_HEIGHT / 2, LANE_HEIGHT / 2])
  })

  test('is one for each device, signal and channel, with the words of the ward', () => {
    const metrics = ['MDC_ECG_ELEC_POTL_AVR', 'MDC_ECG_ELEC_POTL', 'MDC_PULS_OXIM_PLETH', 'MDC_PRESS_BLD_ART_ABP', 'MDC_PRESS_BLD', 'MDC_AWAY_CO2', 'MDC_RESP', 'MDC_PRESS_AWAY', 'MDC_OTHER']
    const lanes = lanesOf(strip(...metrics.map((metric) => line({ metric, channel: metric === 'MDC_PRESS_BLD' ? 'P1' : '' })), line({ device: 'monitor-2' })), AT)
    expect(lanes.map(({ label }) => label)).toEqual(['ECG aVR', 'ECG', 'Pleth', 'ABP', 'Pressure P1', 'CO₂', 'Resp', 'Paw', 'MDC_OTHER', 'ECG II'])
  })
})

describe('a strip', () => {
  test('of an alert that became high twice is two moments, the last first', () => {
    const both = strip(line({ at: AT - 60_000 }), line(), line({ channel: '2' }))
    expect(momentsOf(both)).toEqual([AT, AT - 60_000])
    expect([lanesOf(both, AT).length, lanesOf(both, AT - 60_000).length]).toEqual([2, 1])
  })

  test('comes in by the guard, and nothing else does', () => {
    expect(isStripView(JSON.parse(JSON.stringify(stripView(AT))))).toBe(true)
    for (const wrong of [null, {}, { lines: [{}], damaged: 0 }, { lines: [line({ samples: [Number.NaN] })], damaged: 0 }, { lines: [] }]) expect(isStripView(wrong)).toBe(false)
  })

  test('says its edges with the digits that matter', () => {
    expect([-0.4236, 0, 117.6, 0.00123].map(edgeText)).toEqual(['−0.424', '0', '118', '0.00123'])
  })
})
