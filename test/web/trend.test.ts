import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { webLimits } from '../../src/limits.ts'
import { addPoint, aligned, appendBed, joinTrends, NO_TREND, type Series, spanOf, trendOf } from '../../src/web/trend.ts'
import { bed, T, value } from './fixtures.ts'

const EMPTY: Series = { metric: 'HR', label: 'HR', unit: '/min', t: [], v: [] }
const SPACING_MS = webLimits.trendSpanMs / webLimits.trendPointsPerSeriesMax
const build = (points: readonly (readonly [number, number | null])[]): Series => points.reduce((series, [at, value]) => addPoint(series, { at, value }), EMPTY)

describe('a trend line', () => {
  test('takes no point that is not newer', () => {
    expect(build([[T, 80], [T, null], [T - 10_000, null], [T - 20_000, 82]])).toMatchObject({ t: [T], v: [80] })
  })

  test('leaves out points closer than a screen can show', () => {
    expect(build([[T, 80], [T + 1_000, 81], [T + SPACING_MS, 82]]).v).toEqual([80, 82])
  })

  test('breaks at once where the value went away, and begins again at once', () => {
    expect(build([[T, 80], [T + 1_000, null], [T + 2_000, 82]]).v).toEqual([80, null, 82])
  })

  test('is not drawn across minutes of silence', () => {
    expect(build([[T, 80], [T + 600_000, 82]]).v).toEqual([80, null, 82])
  })

  test('forgets what is older than its span', () => {
    expect(build([[T, 80], [T + webLimits.trendSpanMs + 1, 82]]).t).not.toContain(T)
  })

  test('never holds more points than its bound, at any pace', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 20 }), (paceMs) => {
      const count = webLimits.trendPointsPerSeriesMax + 1
      const series = trendOf({ series: [{ ...EMPTY, t: Array.from({ length: count }, (_, index) => T + index * paceMs * SPACING_MS), v: Array.from({ length: count }, () => 80) }] })
      expect(series.get('HR')?.t.length).toBe(webLimits.trendPointsPerSeriesMax)
    }), { numRuns: 5 })
    const alternating = Array.from({ length: webLimits.trendPointsPerSeriesMax + 1 }, (_, index) => [T + index, index % 2 === 0 ? 80 : null] as const)
    expect(build(alternating).t.length).toBe(webLimits.trendPointsPerSeriesMax)
  })

  test('of history is the same as if its points had come one by one', () => {
    const points = fc.array(fc.tuple(fc.integer({ min: 1, max: 400_000 }), fc.option(fc.integer({ min: 40, max: 180 }))), { maxLength: 60 })
    fc.assert(fc.property(points, (steps) => {
      let at = T
      const told = steps.map(([stepMs, v]) => [(at += stepMs), v] as const)
      const history = trendOf({ series: [{ ...EMPTY, t: told.map(([t]) => t), v: told.map(([, v]) => v) }] }, 1e12).get('HR')
      const live = told.reduce((series, [t, v]) => addPoint(series, { at: t, value: v }, 1e12), EMPTY)
      expect(history).toEqual(live)
    }))
  })
})

describe('the span of a chart', () => {
  const from = (firstAgoMs: number): number => T - spanOf([{ ...EMPTY, t: [T - firstAgoMs], v: [80] }, EMPTY], T).from

  test('grows with what there is to show, from a quarter of an hour to two hours', () => {
    expect([0, 60_000, 3_600_000, 9_000_000].map(from)).toEqual([900_000, 900_000, 3_600_000, webLimits.trendSpanMs])
  })

  test('is in whole milliseconds', () => {
    expect(spanOf([EMPTY], T + 0.25)).toEqual({ from: T + 1 - 900_000, to: T + 1 })
  })
})

describe('the trends of a bed', () => {
  test('grow with its values, zero included, and break where one is absent', () => {
    const first = appendBed(NO_TREND, bed('1', { values: [value('HR', { value: { kind: 'measured', value: 0 } })] }))
    const next = appendBed(first, bed('1', { values: [value('HR', { at: T + 1_000, value: { kind: 'absent', reason: 'lead-off' } })] }))
    expect(next.get('HR')?.v).toEqual([0, null])
  })

  test('are no more than their bound', () => {
    const values = Array.from({ length: webLimits.trendSeriesPerBedMax + 1 }, (_, index) => value(`M${index}`))
    expect(appendBed(NO_TREND, bed('1', { values })).size).toBe(webLimits.trendSeriesPerBedMax)
    expect(trendOf({ series: values.map(({ metric }) => ({ ...EMPTY, metric })) }).size).toBe(webLimits.trendSeriesPerBedMax)
  })

  test('join history with what came while it was fetched, each point once', () => {
    const history = trendOf({ series: [{ ...EMPTY, t: [T - 10_000, T], v: [70, 71] }] })
    const live = new Map([['HR', { ...EMPTY, t: [T, T + 10_000], v: [71, 72] }], ['RR', { ...EMPTY, metric: 'RR', t: [T], v: [16] }]])
    const joined = joinTrends(history, live)
    expect(joined.get('HR')).toMatchObject({ t: [T - 10_000, T, T + 10_000], v: [70, 71, 72] })
    expect(joined.get('RR')?.v).toEqual([16])
  })

  test('share one time axis: where a series has no point the line goes on, where it has a gap it breaks', () => {
    const table = aligned([{ ...EMPTY, t: [1, 3], v: [10, null] }, { ...EMPTY, t: [2, 3], v: [20, 30] }])
    expect(table).toEqual({ t: [1, 2, 3], v: [[10, undefined, null], [undefined, 20, 30]] })
  })
})
