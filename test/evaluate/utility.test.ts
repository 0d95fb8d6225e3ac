import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Scores } from '../../src/evaluate/curves.ts'
import { type Hour, Tally } from '../../src/evaluate/tally.ts'
import { normalised, onsetOf, utilityOf } from '../../src/evaluate/utility.ts'

const bools = (bits: readonly number[]): boolean[] => bits.map((bit) => bit === 1)

/** The published scorer's own loop, over one stay. */
function utilityOfStay(labels: readonly number[], predictions: readonly number[]): number {
  const onset = onsetOf(bools(labels))
  return predictions.reduce((sum, predicted, hour) => sum + utilityOf(onset === null ? null : hour - onset, predicted === 1), 0)
}

describe('utility of the Challenge 2019', () => {
  it('is that of its published example', () => {
    expect(utilityOfStay([0, 0, 0, 0, 1, 1], [0, 0, 1, 1, 1, 1])).toBeCloseTo(3.388888888888889, 12)
  })

  it.each([
    [-13, true, -0.05], [-12, true, 0], [-9, true, 0.5], [-6, true, 1], [0, true, 1 / 3], [3, true, 0], [4, true, 0],
    [-6, false, 0], [-3, false, -2 / 3], [3, false, -2], [4, false, 0], [null, true, -0.05], [null, false, 0],
  ])('at %s h from onset, predicted %s: %d', (hours, predicted, worth) => {
    expect(utilityOf(hours, predicted)).toBeCloseTo(worth, 12)
  })

  it('counts onset six hours after the label turns', () => {
    expect(onsetOf(bools([0, 0, 1, 1]))).toBe(8)
    expect(onsetOf(bools([0, 0]))).toBeNull()
  })

  it('is 0 for no prediction and 1 for the best', () => {
    expect(normalised({ seen: -3, none: -3, best: 5 })).toBe(0)
    expect(normalised({ seen: 5, none: -3, best: 5 })).toBe(1)
    expect(normalised({ seen: 0, none: 0, best: 0 })).toBeNull()
  })
})

describe('areas under the curves', () => {
  const areasOf = (labels: readonly number[], scores: readonly number[]) => {
    const seen = new Scores()
    scores.forEach((score, index) => seen.add(score, labels[index] === 1))
    return seen.areas()
  }

  it('are those of the published example', () => {
    expect(areasOf([0, 0, 0, 0, 1, 1], [0.3, 0.4, 0.6, 0.7, 0.8, 0.8])).toEqual({ auroc: 1, auprc: 1 })
  })

  it('count ties half', () => {
    expect(areasOf([0, 1], [1, 1])?.auroc).toBe(0.5)
    expect(areasOf([0, 1, 0, 1], [1, 1, 2, 2])?.auroc).toBe(0.5)
    expect(areasOf([1, 1], [1, 2])).toBeNull()
  })

  it('are the share of pairs in the right order, ties half', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 1 })), { minLength: 2, maxLength: 60 }), (seen) => {
        const [ill, well] = [seen.filter(([, label]) => label === 1), seen.filter(([, label]) => label === 0)]
        const pairs = ill.flatMap(([a]) => well.map(([b]) => (a > b ? 1 : a === b ? 0.5 : 0)))
        const areas = areasOf(seen.map(([, label]) => label), seen.map(([score]) => score))
        if (pairs.length === 0) expect(areas).toBeNull()
        else expect(areas?.auroc).toBeCloseTo(pairs.reduce<number>((sum, pair) => sum + pair, 0) / pairs.length, 10)
      }),
    )
  })
})

describe('the tally of a policy', () => {
  const hours = (positives: readonly number[], alerts = positives): Hour[] => positives.map((bit, index) => ({ score: bit, positive: bit === 1, alerts: alerts[index] ?? 0 }))

  it('counts hours, episodes and stays', () => {
    const tally = new Tally('one')
    // Onset at hour 8: a new alert at 2 lies in the window; the one at 0 as well, and is the first.
    tally.stay(hours([1, 0, 1, 1], [1, 0, 1, 0]), bools([0, 0, 1, 1]))
    tally.stay(hours([0, 0, 0, 1]), bools([0, 0, 0, 0]))
    tally.stay(hours([0, 0]), bools([0, 0]))
    expect(tally.result()).toMatchObject({
      name: 'one', hour: { sensitivity: 1, specificity: 6 / 8, ppv: 0.5 },
      septicInWindow: 1, septicBy3h: 1, nonSepticAlerted: 0.5, episodesPer100PatientDays: 720, leadHoursMedian: 8,
    })
  })

  it('counts an alert that only goes on as none that is new', () => {
    const tally = new Tally('on for long')
    const labels = Array.from({ length: 30 }, (_, hour) => hour >= 20)
    tally.stay(labels.map((_, hour) => ({ score: 1, positive: true, alerts: hour === 0 ? 1 : 0 })), labels)
    // Onset at 26, window from 14: it began at 0.
    expect(tally.result()).toMatchObject({ septicInWindow: 0, septicBy3h: 1, leadHoursMedian: null })
  })

  it('has no answer where there is nothing to divide by', () => {
    expect(new Tally('none').result()).toMatchObject({ auroc: null, utility: null, septicInWindow: null, nonSepticAlerted: null, episodesPer100PatientDays: null })
  })
})
