import { describe, expect, it } from 'vitest'
import { webLimits } from '../../src/limits.ts'
import { type Held, isTyped, NOTHING_HELD, readCode, type Step, stillHeld } from '../../src/web/scan.ts'

const PLACES = { beds: ['bed-1', 'bed-2'], devices: ['monitor-1'] }
const T = 5_000

/** Codes as a scanner reads them, a second apart: what comes of the last. */
function scanned(...codes: readonly (string | { readonly typed: string })[]): Step {
  let held: Held = NOTHING_HELD
  let step: Step = { kind: 'held', held }
  codes.forEach((code, place) => {
    step = readCode(held, { code: typeof code === 'string' ? code : code.typed, typed: typeof code !== 'string', at: T + place * 1_000 }, PLACES)
    held = step.kind === 'held' ? step.held : NOTHING_HELD
  })
  return step
}

describe('a scanner', () => {
  it('pairs a wristband with a bed, or with a monitor, in either order', () => {
    expect(scanned('1001', 'bed-2')).toEqual({ kind: 'both', number: '1001', place: { bed: 'bed-2' }, typed: false })
    expect(scanned(' BED-2 ', '1001\t')).toEqual({ kind: 'both', number: '1001', place: { bed: 'bed-2' }, typed: false })
    expect(scanned('1001', 'monitor-1')).toMatchObject({ kind: 'both', place: { device: 'monitor-1' } })
  })

  it('that reads a wristband twice, or another bed, waits for the other half', () => {
    expect(scanned('1001', '1001', 'bed-1')).toMatchObject({ kind: 'both', number: '1001' })
    expect(scanned('bed-1', 'bed-2', '1001')).toMatchObject({ kind: 'both', place: { bed: 'bed-2' } })
    expect(scanned('bed-1', '  ')).toMatchObject({ kind: 'held', held: { kind: 'place' } })
  })

  it('that reads two wristbands pairs nobody with anything, and nothing of them is left', () => {
    expect(scanned('1001', '1002')).toEqual({ kind: 'no-place', code: '1002' })
    expect(scanned('1001', '1002', 'bed-1')).toMatchObject({ kind: 'held', held: { kind: 'place' } })
  })

  it('is not what typed by hand, in either half', () => {
    expect(scanned({ typed: '1001' }, 'bed-1')).toMatchObject({ kind: 'both', typed: true })
    expect(scanned('bed-1', { typed: '1001' })).toMatchObject({ kind: 'both', typed: true })
    expect(scanned({ typed: '1001' }, '1001', 'bed-1')).toMatchObject({ kind: 'both', typed: true })
  })

  it('must be used within the time that a wristband waits, or nobody is paired', () => {
    const held: Held = { kind: 'wristband', number: '1001', typed: false, at: T }
    const bedAt = (at: number): Step => readCode(held, { code: 'bed-1', typed: false, at }, PLACES)
    expect(bedAt(T + webLimits.scanHoldMs - 1)).toMatchObject({ kind: 'both' })
    expect(bedAt(T + webLimits.scanHoldMs)).toMatchObject({ kind: 'held', held: { kind: 'place' } })
    expect(stillHeld(held, T + webLimits.scanHoldMs)).toEqual(NOTHING_HELD)
  })
})

describe('typing', () => {
  const keys = (count: number, everyMs: number): readonly number[] => Array.from({ length: count }, (_, place) => T + place * everyMs)

  it('is told from scanning by its speed', () => {
    expect(isTyped(keys(8, 10), '12345678')).toBe(false)
    expect(isTyped(keys(8, webLimits.scanKeyMsMax), '12345678')).toBe(false)
    expect(isTyped(keys(8, webLimits.scanKeyMsMax + 1), '12345678')).toBe(true)
  })

  it('is what pasting counts as, and what lost some of its keys', () => {
    expect(isTyped([], '1001')).toBe(true)
    expect(isTyped(keys(2, 10), '1001')).toBe(true)
  })
})
