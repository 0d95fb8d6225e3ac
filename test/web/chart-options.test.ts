import { describe, expect, test } from 'vitest'
import { chartOptions, LINES, scaleOf } from '../../src/web/chart-options.ts'

describe('chart scales', () => {
  test('always show the usual range, and widen for what is beyond it', () => {
    const [low, high] = scaleOf(LINES.spo2, { low: 95, high: 99 })
    expect(low).toBeLessThan(LINES.spo2.low)
    expect(high).toBeGreaterThan(LINES.spo2.high)
    expect(scaleOf(LINES.spo2, { low: 60, high: 99 })[0]).toBeLessThan(60)
    expect(scaleOf(LINES.hr, { low: null, high: null })).toEqual([47.2, 122.8])
  })

  test('use no alarm colour', () => {
    for (const { colour } of Object.values(LINES)) expect(colour).not.toMatch(/^#(ff4b4b|ffd426|41cfe6)$/)
  })

  test('are one for all lines of a full chart, and one each on a tile', () => {
    const shape = { lines: [LINES.sys, LINES.dia], span: () => ({ from: 0, to: 1 }), size: { width: 10, height: 10 } }
    expect(Object.keys(chartOptions({ ...shape, full: true }).scales ?? {})).toEqual(['x', 'y'])
    expect(Object.keys(chartOptions({ ...shape, full: false }).scales ?? {})).toEqual(['x', 'Systolic', 'Diastolic'])
  })
})
