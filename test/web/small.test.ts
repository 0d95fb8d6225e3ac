import { describe, expect, test } from 'vitest'
import { wallMs } from '../../src/domain/time.ts'
import { chartOptions, LINES, scaleOf } from '../../src/web/chart-options.ts'
import { tokenIn } from '../../src/web/login-link.ts'
import { receiptsFor } from '../../src/web/receipts.ts'
import { columnsOf, nextTile } from '../../src/web/tile-grid.ts'
import { linkPath } from '../../src/security/login-links.ts'
import { alert, T } from './fixtures.ts'

describe('arrow keys', () => {
  const grid = { columns: 4, count: 10 }

  test('go to the neighbour and stay at the edge', () => {
    expect(nextTile(5, 'ArrowLeft', grid)).toBe(4)
    expect(nextTile(5, 'ArrowUp', grid)).toBe(1)
    expect(nextTile(5, 'ArrowDown', grid)).toBe(9)
    expect(nextTile(7, 'ArrowDown', grid)).toBe(7)
    expect(nextTile(0, 'ArrowLeft', grid)).toBe(0)
    expect(nextTile(9, 'ArrowRight', grid)).toBe(9)
  })

  test('count the columns by where the tiles stand', () => {
    expect(columnsOf([10, 10, 10, 200, 200])).toBe(3)
    expect(columnsOf([10, 10])).toBe(2)
    expect(columnsOf([])).toBe(1)
  })
})

describe('receipts', () => {
  test('are sent once for each change of an alert', () => {
    const first = receiptsFor([alert('a'), alert('b')], new Set())
    expect(first.ids).toEqual(['a', 'b'])
    expect(receiptsFor([alert('a'), alert('b')], first.sent).ids).toEqual([])
    expect(receiptsFor([alert('a'), alert('b', { changedAt: wallMs(T + 1) })], first.sent).ids).toEqual(['b'])
  })

  test('remember no more than is on the screen', () => {
    const many = receiptsFor(Array.from({ length: 50 }, (_, index) => alert(`a${index}`)), new Set())
    expect(receiptsFor([alert('a1')], many.sent).sent.size).toBe(1)
  })
})

describe('login links', () => {
  test('that the gateway makes are understood', () => {
    expect(tokenIn(new URL(linkPath('abc_DEF-1'), 'http://ward').hash)).toBe('abc_DEF-1')
  })

  test('may carry the token alone, or nothing', () => {
    expect(tokenIn('#abc')).toBe('abc')
    expect([tokenIn(''), tokenIn('#'), tokenIn('#token=')]).toEqual([null, null, null])
  })
})

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
