import { describe, expect, test } from 'vitest'
import { columnsOf, nextTile } from '../../src/web/tile-grid.ts'

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
