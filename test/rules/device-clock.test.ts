import { expect, it } from 'vitest'
import { type DeviceClock, judgeClock, jumpWords, offsetWords, spanWords } from '../../src/rules/device-clock.ts'

const HOUR = 3_600_000

function wrongOf(offsets: readonly number[]): readonly boolean[] {
  let clock: DeviceClock | null = null
  return offsets.map((offsetMs) => (clock = judgeClock(clock, offsetMs)).isWrong)
}

it('a clock is wrong from two minutes on', () => {
  expect(wrongOf([0, 120_000, -120_000, -3 * HOUR, 0, 120_001])).toEqual([false, false, false, true, false, true])
})

it('a clock that hovers about the limit is not wrong and right again and again', () => {
  expect(wrongOf([119_000, 121_000, 119_000, 121_000, 61_000, 59_000, 61_000])).toEqual([false, true, true, true, true, false, false])
})

it('a jump is told where a person would see it', () => {
  expect([HOUR, -HOUR, 30_000, 29_999, -29_999].map(jumpWords)).toEqual(['jumped forward by 1 h', 'jumped back by 1 h', 'jumped forward by 30 s', null, null])
})

it('times are said in words', () => {
  expect([0, 999, 40_000, 3_900_000, 90_061_000].map(spanWords)).toEqual(['0 s', '1 s', '40 s', '1 h 5 min', '1 d 1 h'])
  expect([offsetWords(-60_000), offsetWords(60_000)]).toEqual(['1 min behind', '1 min ahead'])
})
