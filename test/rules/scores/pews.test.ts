import { describe, expect, it } from 'vitest'
import { pews } from '../../../src/rules/scores/pews.ts'

/** First value of each band and its points, as the published charts have them. */
type Steps = readonly (readonly [from: number, points: number])[]
const AGES = [
  {
    ages: [0, 0.5, 0.99],
    rr: [[1, 4], [10, 2], [20, 1], [30, 0], [50, 1], [60, 2], [70, 4]],
    pulse: [[20, 4], [80, 2], [90, 1], [110, 0], [150, 1], [170, 2], [180, 4]],
    sbp: [[30, 4], [50, 2], [60, 1], [70, 0], [90, 1], [100, 2], [110, 4]],
  },
  {
    ages: [1, 4.99],
    rr: [[1, 4], [10, 2], [20, 0], [40, 1], [50, 2], [60, 4]],
    pulse: [[20, 4], [60, 2], [70, 1], [90, 0], [140, 1], [150, 2], [170, 4]],
    sbp: [[30, 4], [50, 2], [60, 1], [80, 0], [100, 1], [120, 2], [130, 4]],
  },
  {
    ages: [5, 12.99],
    rr: [[1, 4], [10, 2], [15, 1], [20, 0], [25, 1], [40, 2], [50, 4]],
    pulse: [[20, 4], [60, 2], [70, 1], [80, 0], [120, 1], [140, 2], [160, 4]],
    sbp: [[30, 4], [70, 2], [80, 1], [90, 0], [110, 1], [120, 2], [130, 4]],
  },
  {
    ages: [13, 15.9],
    rr: [[1, 4], [10, 1], [15, 0], [25, 1], [30, 2], [40, 4]],
    pulse: [[20, 4], [50, 2], [60, 1], [70, 0], [100, 1], [120, 2], [130, 4]],
    sbp: [[30, 4], [80, 2], [90, 1], [100, 0], [120, 1], [130, 2], [140, 4]],
  },
] as const satisfies readonly { ages: readonly number[]; rr: Steps; pulse: Steps; sbp: Steps }[]

const LAST = { rr: 100, pulse: 300, sbp: 300 } as const

describe('National PEWS England', () => {
  it.each(AGES)('scores rate, pulse and pressure at both edges of every band at $ages years', ({ ages, ...charts }) => {
    for (const ageYears of ages) {
      for (const part of ['rr', 'pulse', 'sbp'] as const) {
        const steps: Steps = charts[part]
        steps.forEach(([from, points], index) => {
          const upTo = (steps[index + 1]?.[0] ?? LAST[part] + 1) - 1
          expect(pews.score({ ageYears, [part]: from }).parts[part], `${part} ${from} at ${ageYears}`).toBe(points)
          expect(pews.score({ ageYears, [part]: upTo }).parts[part], `${part} ${upTo} at ${ageYears}`).toBe(points)
        })
      }
    }
  })

  it.each([[91, 4], [92, 1], [94, 1], [95, 0], [100, 0]])('SpO₂ %d scores %d', (spo2, points) => expect(pews.score({ ageYears: 3, spo2 }).parts['spo2']).toBe(points))
  it.each([['none', 0], ['mild', 1], ['moderate', 2], ['severe', 4]] as const)('respiratory distress %s scores %d', (respiratoryDistress, points) => {
    expect(pews.score({ ageYears: 3, respiratoryDistress }).parts['respiratoryDistress']).toBe(points)
  })
  it.each([[0, 0, 0], [2, 0, 0], [2.5, 0, 2], [3, 2, 2], [5, 2, 2]])('capillary refill of %d s scores %d to %d', (crt, low, high) => {
    const without = pews.score({ ageYears: 3 })
    const result = pews.score({ ageYears: 3, crt })
    expect(result.parts['crt']).toBe(low)
    expect(result.max).toBe(without.max - 2 + high)
    expect(result.missing.includes('crt')).toBe(low !== high)
  })

  it.each([
    [{ device: 'air' }, 0], [{ device: 'air', oxygenFlow: 4 }, 0], [{ oxygen: false }, 0], [{ fio2: 0.21 }, 0],
    [{ device: 'nasal-prongs', oxygenFlow: 0.005 }, 0], [{ device: 'nasal-prongs', oxygenFlow: 0.01 }, 1], [{ device: 'mask', oxygenFlow: 1.99 }, 1],
    [{ device: 'mask', oxygenFlow: 2 }, 2], [{ device: 'mask', oxygenFlow: 5.99 }, 2], [{ device: 'mask', oxygenFlow: 6 }, 4],
    [{ device: 'head-box', oxygenPercent: 15 }, 0], [{ device: 'head-box', oxygenPercent: 16 }, 1], [{ device: 'head-box', oxygenPercent: 29 }, 1],
    [{ device: 'head-box', oxygenPercent: 30 }, 2], [{ device: 'head-box', oxygenPercent: 49 }, 2], [{ device: 'head-box', oxygenPercent: 50 }, 4],
    [{ device: 'mask', fio2: 0.35 }, 2], [{ device: 'mask', oxygenFlow: 1, oxygenPercent: 60 }, 4],
    [{ device: 'high-flow', oxygenPercent: 21 }, 4], [{ device: 'cpap' }, 4], [{ device: 'bipap', oxygenFlow: 1 }, 4],
  ] as const)('oxygen by %o scores %d', (inputs, points) => {
    const result = pews.score({ ageYears: 3, ...inputs })
    expect(result.parts['oxygen']).toBe(points)
    expect(result.missing).not.toContain('device')
  })

  it('leaves oxygen open while device or level is not known', () => {
    expect(pews.score({ ageYears: 3, oxygen: true })).toMatchObject({ parts: { oxygen: 0 }, missing: expect.arrayContaining(['device', 'oxygenFlow']) })
    expect(pews.score({ ageYears: 3, oxygenFlow: 1 })).toMatchObject({ parts: { oxygen: 1 }, missing: expect.arrayContaining(['device']) })
    expect(pews.score({ ageYears: 3, device: 'mask' })).toMatchObject({ parts: { oxygen: 0 }, missing: expect.arrayContaining(['oxygenFlow']) })
  })

  it('adds up to 26 at worst, and is complete with seven items', () => {
    const worst = { ageYears: 0, rr: 80, pulse: 190, sbp: 40, spo2: 85, device: 'cpap', respiratoryDistress: 'severe', crt: 4 } as const
    expect(pews.score(worst)).toMatchObject({ total: 26, complete: true, max: 26 })
    const well = { ageYears: 0, rr: 40, pulse: 130, sbp: 80, spo2: 98, device: 'air', respiratoryDistress: 'none', crt: 2 } as const
    expect(pews.score(well)).toMatchObject({ total: 0, complete: true })
    expect(pews.score({ ageYears: 2 })).toMatchObject({ min: 0, max: 26 })
  })

  it('needs an age, and a child', () => {
    expect(pews.score({ rr: 40 })).toMatchObject({ applicable: false, missing: ['ageYears'], why: expect.stringContaining('age') })
    expect(pews.score({ rr: 40, ageYears: 18 })).toMatchObject({ applicable: false, why: expect.stringContaining('NEWS2') })
    expect(pews.score({ rr: 40, ageYears: 200 })).toMatchObject({ applicable: false })
    expect(pews.score({ rr: 40, ageYears: 17 })).toMatchObject({ applicable: true })
  })
})
