import { describe, expect, test } from 'vitest'
import { webLimits } from '../../src/limits.ts'
import { ageOf, receptionFreshness, valueFreshness } from '../../src/web/freshness.ts'
import { moment, T, value } from './fixtures.ts'

describe('the age of a value', () => {
  test('is the time since it was measured, on the gateway clock', () => {
    expect(ageOf(T - 4_000, null, moment())).toBe(4_000)
  })

  test('is at least the time that this page has looked at it, when the gateway clock was set back', () => {
    expect(ageOf(T, { at: T, now: 1_000 }, moment({ now: 91_000, server: T - 7_200_000 }))).toBe(90_000)
  })

  test('of a value from the future grows all the same', () => {
    expect(ageOf(T + 3_600_000, { at: T + 3_600_000, now: 1_000 }, moment({ now: 61_000, server: T + 60_000 }))).toBe(60_000)
  })

  test('in a demo is ward time, not real time', () => {
    expect(ageOf(T, { at: T, now: 1_000 }, moment({ now: 2_000, server: null, speed: 60 }))).toBe(60_000)
  })
})

describe('a value on the screen', () => {
  const shown = value('MDC_PULS_OXIM_SAT_O2')

  test('is live up to its limit, grey beyond it, and gone beyond the next', () => {
    expect([0, 15_000, 15_001, 60_000, 60_001].map((ageMs) => valueFreshness(shown, ageMs, moment()))).toEqual(['live', 'live', 'stale', 'stale', 'gone'])
  })

  test('is grey as soon as the gateway is silent, however new it is', () => {
    expect(valueFreshness(shown, 0, moment({ reception: 'silent', silentMs: 4_000 }))).toBe('stale')
  })

  test('is off the screen half a minute after the gateway was last heard, also one that may be hours old', () => {
    const cuff = value('MDC_PRESS_BLD_NONINV_SYS', { staleAfterMs: 1_800_000, goneAfterMs: 43_200_000 })
    const { removedAfterMs } = webLimits
    expect(removedAfterMs + 1_000 + webLimits.lookEveryMs).toBeLessThan(30_000)
    const seen = [removedAfterMs - 1, removedAfterMs].map((silentMs) => valueFreshness(cuff, 0, moment({ reception: 'silent', silentMs })))
    expect(seen).toEqual(['stale', 'gone'])
  })

  test('is grey after a reload until the first heartbeat', () => {
    expect(valueFreshness(shown, 0, moment({ reception: 'starting' }))).toBe('stale')
  })

  test('is not there before the gateway was ever heard', () => {
    expect(receptionFreshness(moment({ server: null }))).toBe('gone')
  })

  test('in a demo is not called old for the ward seconds that pass between two pushes', () => {
    expect(valueFreshness(shown, 40_000, moment({ speed: 60 }))).toBe('live')
    expect(valueFreshness(shown, 40_000, moment({ speed: 1 }))).toBe('stale')
  })
})
