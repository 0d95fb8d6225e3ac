import fc from 'fast-check'
import { expect, it } from 'vitest'
import { GrowingBytes } from '../../src/codec/growing.ts'

it('growing bytes hold what an array would', () => {
  const step = fc.oneof(
    fc.record({ append: fc.uint8Array({ maxLength: 3_000 }) }),
    fc.record({ drop: fc.nat({ max: 2_000 }) }),
    fc.constant({ take: true }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const held = new GrowingBytes()
      let model: number[] = []
      for (const one of steps) {
        if ('append' in one) {
          held.append(one.append)
          model.push(...one.append)
        } else if ('drop' in one) {
          const count = Math.min(one.drop, model.length)
          held.drop(count)
          model = model.slice(count)
        } else {
          expect(Array.from(held.take())).toEqual(model)
          model = []
        }
        expect(held.length).toBe(model.length)
        expect(Array.from(held.view())).toEqual(model)
      }
    }),
    { numRuns: 50 },
  )
})
