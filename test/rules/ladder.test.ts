import fc from 'fast-check'
import { expect, it } from 'vitest'
import { groundLadder, type Ladder, stepLadder } from '../../src/rules/ladder.ts'
import { monoOf } from './fixture.ts'

const TIMES = { riseMs: [60_000, 60_000, 30_000], fallMs: 60_000 }
const climb = (course: readonly (readonly [rise: number, keep: number])[]): Ladder[] => {
  let ladder = groundLadder(3)
  return course.map(([rise, keep], at) => (ladder = stepLadder(ladder, { rise, keep }, monoOf(at), TIMES)))
}
const steady = (seconds: number, rise: number, keep = rise) => Array.from({ length: seconds }, () => [rise, keep] as const)

it('rises after the time of the level, straight to the level whose time is over', () => {
  const told = climb(steady(70, 3)).map((ladder) => ladder.told)
  expect(told.indexOf(3)).toBe(30)
  expect(climb(steady(70, 1)).map((ladder) => ladder.told).indexOf(1)).toBe(60)
})

it('a break starts the time anew', () => {
  expect(climb([...steady(29, 3), [0, 0], ...steady(29, 3)]).at(-1)?.told).toBe(0)
})

it('a higher level that comes and goes does not hold back a lower one', () => {
  const flicker = Array.from({ length: 61 }, (_, at) => (at % 2 === 0 ? ([1, 1] as const) : ([3, 3] as const)))
  expect(climb(flicker).map((ladder) => ladder.told).indexOf(1)).toBe(60)
})

it('falls only when what keeps it is gone for long enough, to what is kept', () => {
  const risen = steady(40, 3)
  expect(climb([...risen, ...steady(200, 0, 3)]).at(-1)?.told).toBe(3)
  expect(climb([...risen, ...steady(60, 0, 2)]).at(-1)?.told).toBe(3)
  expect(climb([...risen, ...steady(61, 0, 2)]).at(-1)?.told).toBe(2)
  expect(climb([...risen, ...steady(59, 0, 0), [0, 3], ...steady(59, 0, 0)]).at(-1)?.told).toBe(3)
})

it('gives back the same object while nothing moves', () => {
  const [first] = climb([[0, 0]])
  expect(first && stepLadder(first, { rise: 0, keep: 0 }, monoOf(5), TIMES)).toBe(first)
})

it('never tells a level that was not reached without a break for its time', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 200 }), (rises) => {
      climb(rises.map((rise) => [rise, rise] as const)).forEach((ladder, at, all) => {
        const before = all[at - 1]?.told ?? 0
        if (ladder.told > before) expect(rises.slice(Math.max(0, at - 30), at + 1).every((rise) => rise >= ladder.told)).toBe(true)
      })
    }),
  )
})
