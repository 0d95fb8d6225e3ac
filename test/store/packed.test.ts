import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Snapshot } from '../../src/domain/observation.ts'
import { absent } from '../../src/domain/reading.ts'
import { type PackedReading, packReadings, unpackReadings } from '../../src/store/packed.ts'
import { Scratch } from '../../src/store/scratch.ts'
import { START, anySnapshot, heartRate, snapshot } from './fixture.ts'

function packed(from: Snapshot): Uint8Array {
  const scratch = new Scratch()
  packReadings(scratch, from, ({ metric }) => metric.mdc % 65_536)
  return new Uint8Array(scratch.copy())
}

const expected = ({ observations }: Snapshot): PackedReading[] =>
  observations.map(({ metric, channel: _channel, ...reading }) => ({ series: metric.mdc % 65_536, ...reading }))

const withoutValue = packed(snapshot({ values: [['MDC_ECG_HEART_RATE', absent('lead-off')]] }))
const valueBytes = (value: number): number => packed(heartRate(value)).length - withoutValue.length

describe('packed readings', () => {
  it('come out as they went in, to the bit', () => {
    fc.assert(
      fc.property(anySnapshot, (any) => {
        expect(unpackReadings(packed(any), any)).toStrictEqual(expected(any))
      }),
      { numRuns: 400 },
    )
  })

  it('keep minus zero and the smallest and greatest numbers', () => {
    for (const value of [-0, 0, Number.MIN_VALUE, Number.MAX_VALUE, -Number.MAX_VALUE, 8_388_605, 8_388_606, -8_388_606, 2_045, 2_046, -2_046, 0.1 + 0.2]) {
      const [reading] = unpackReadings(packed(heartRate(value)), heartRate(value))
      expect(reading?.measurement).toStrictEqual({ kind: 'measured', value })
    }
  })

  it('take two bytes for what a monitor shows, four for finer numbers, eight for what is no decimal number', () => {
    expect([80, 36.6, 0, -15, 2_045, 2.35].map(valueBytes)).toEqual([2, 2, 2, 2, 2, 2])
    expect([2_046, 120_000, 36.654].map(valueBytes)).toEqual([4, 4, 4])
    expect([1 / 3, 1e12, -0].map(valueBytes)).toEqual([8, 8, 8])
  })

  it('take five bytes a reading where twelve share their flags and device time', () => {
    const bytes = packed(snapshot({ sentAt: START - 40, deviceAt: START - 1_040, flags: ['validated'] }))
    expect(bytes.length).toBe(1 + 12 * 5 + 1 + 4)
  })

  it('of no readings at all are one byte', () => {
    const none = snapshot({ values: [] })
    expect(packed(none)).toHaveLength(1)
    expect(unpackReadings(packed(none), none)).toEqual([])
  })

  it('are refused, not guessed at, when the bytes are something else', () => {
    const any = snapshot()
    expect(() => unpackReadings(packed(any).subarray(0, -1), any)).toThrow(RangeError)
    expect(() => unpackReadings(new Uint8Array(), any)).toThrow(RangeError)
    expect(() => unpackReadings(new Uint8Array([2]), any)).toThrow(/layout 2/)
    expect(() => unpackReadings(new Uint8Array([1, 0, 0, 15]), any)).toThrow(/form 15/)
  })

  it('never yield a value that is not a number, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
        try {
          for (const { measurement } of unpackReadings(new Uint8Array([1, ...noise]), snapshot())) {
            if (measurement.kind === 'measured') expect(Number.isFinite(measurement.value)).toBe(true)
          }
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
      { numRuns: 1_000 },
    )
  })
})
