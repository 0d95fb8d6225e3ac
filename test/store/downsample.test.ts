import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Point, downsample, withHoles } from '../../src/store/downsample.ts'

const anyLine: fc.Arbitrary<Point[]> = fc
  .array(fc.record({ step: fc.integer({ min: 0, max: 5_000 }), v: fc.option(fc.integer({ min: 0, max: 300 }), { freq: 6 }) }), { maxLength: 300 })
  .map((steps) => {
    let t = 0
    return steps.map(({ step, v }) => ({ t: (t += step), v }))
  })

const measured = (points: readonly Point[]): number[] => points.flatMap(({ v }) => (v === null ? [] : [v]))

describe('fewer points', () => {
  it('never hide the lowest or the highest value, whatever the line', () => {
    fc.assert(
      fc.property(anyLine, fc.integer({ min: 4, max: 80 }), (line, pointsMax) => {
        const fewer = downsample(line, pointsMax)
        expect(fewer.length).toBeLessThanOrEqual(pointsMax)
        expect(fewer.every((point) => line.includes(point))).toBe(true)
        expect(fewer.map(({ t }) => t)).toEqual(fewer.map(({ t }) => t).toSorted((a, b) => a - b))
        if (measured(line).length > 0) {
          expect(Math.min(...measured(fewer))).toBe(Math.min(...measured(line)))
          expect(Math.max(...measured(fewer))).toBe(Math.max(...measured(line)))
        }
      }),
      { numRuns: 500 },
    )
  })

  it('show a desaturation of one second in a day', () => {
    const day = Array.from({ length: 86_400 }, (_, second) => ({ t: second * 1_000, v: second === 50_000 ? 62 : 97 + (second % 2) }))
    expect(downsample(day, 1_000)).toContainEqual({ t: 50_000_000, v: 62 })
  })

  it('show every dip that lies in a piece of time of its own', () => {
    const line = Array.from({ length: 10_000 }, (_, second) => ({ t: second * 1_000, v: second % 1_000 === 500 ? 80 - second / 1_000 : 97 }))
    expect(measured(downsample(line, 80)).filter((v) => v < 90)).toHaveLength(10)
  })

  it('keep a long absence as a gap', () => {
    const line = Array.from({ length: 1_000 }, (_, second) => ({ t: second * 1_000, v: second > 300 && second < 700 ? null : 80 }))
    const fewer = downsample(line, 40)
    const gap = fewer.findIndex(({ v }) => v === null)
    expect(fewer.filter(({ v }) => v === null)).toHaveLength(1)
    expect([fewer[gap - 1]?.v, fewer[gap + 1]?.v]).toEqual([80, 80])
  })

  it('are the same points where there are few', () => {
    const line = [{ t: 1, v: 80 }, { t: 2, v: null }, { t: 3, v: 81 }]
    expect(downsample(line, 4)).toEqual(line)
    expect(downsample([], 4)).toEqual([])
  })

  it('of values that all came at one time are bounded too', () => {
    expect(downsample(Array.from({ length: 100 }, (_, v) => ({ t: 5, v })), 8).length).toBeLessThanOrEqual(8)
  })
})

it('a line is not drawn across a hole in the data, and not broken by a short one', () => {
  const line = [{ t: 0, v: 80 }, { t: 60_000, v: 81 }, { t: 180_001, v: 82 }, { t: 200_000, v: null }, { t: 900_000, v: 83 }]
  expect(withHoles(line, 60_000)).toEqual([line[0], line[1], { t: 120_000.5, v: null }, line[2], line[3], line[4]])
})
