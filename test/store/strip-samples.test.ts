import fc from 'fast-check'
import { expect, it } from 'vitest'
import { packSamples, unpackSamples } from '../../src/store/strip-samples.ts'

const INT32 = { min: -2_147_483_648, max: 2_147_483_647 }
/** Some near one another, as in a waveform, some anywhere. */
const anySample = fc.oneof(fc.integer({ min: -200, max: 200 }), fc.integer({ min: -32_768, max: 32_767 }), fc.integer(INT32), fc.constantFrom(INT32.min, INT32.max))

it('any samples come back as they were, however far apart', () => {
  fc.assert(
    fc.property(fc.array(anySample, { maxLength: 60 }), (numbers) => {
      expect([...unpackSamples(packSamples(Int32Array.from(numbers)))]).toEqual(numbers)
    }),
    { numRuns: 500 },
  )
})

it('a difference of less than 64 takes one byte', () => {
  const samples = Int32Array.from({ length: 1_000 }, (_, index) => Math.round(1_000 * Math.sin(index / 40)))
  expect(packSamples(samples).length).toBeLessThanOrEqual(samples.length + 1)
})

it('bytes that end within a sample are not read', () => {
  const bytes = packSamples(Int32Array.of(1, 100_000))
  expect(() => unpackSamples(bytes.subarray(0, -1))).toThrow(RangeError)
})
