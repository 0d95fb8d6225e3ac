import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { advancePageClock, observeServer, type ServerClock, serverTime, startPageClock } from '../../src/web/clocks.ts'

describe('the page clock', () => {
  test('goes by the steady clock and does not care when the time of day is set back', () => {
    const set = advancePageClock(startPageClock(1_000, 5_000_000), 1_250, 0)
    expect(set.nowMs).toBe(1_250)
  })

  test('counts sleep that the steady clock did not see', () => {
    const woken = advancePageClock(startPageClock(1_000, 5_000_000), 1_250, 5_600_000)
    expect(woken.nowMs).toBe(601_000)
  })

  test('takes small differences between the two for what they are', () => {
    const drifted = advancePageClock(startPageClock(1_000, 5_000_000), 2_000, 5_003_500)
    expect(drifted.nowMs).toBe(2_000)
  })

  test('never runs backwards, whatever either clock does', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.double({ min: -1e9, max: 1e9, noNaN: true }), fc.double({ min: -1e12, max: 1e12, noNaN: true }))), (readings) => {
      let clock = startPageClock(0, 0)
      for (const [steady, date] of readings) {
        const next = advancePageClock(clock, steady, date)
        expect(next.nowMs).toBeGreaterThanOrEqual(clock.nowMs)
        clock = next
      }
    }))
  })
})

const follow = (messages: readonly { readonly sentAt: number; readonly receivedAt: number }[], speed = 1): ServerClock => {
  let clock: ServerClock | null = null
  for (const { sentAt, receivedAt } of messages) clock = observeServer(clock, sentAt, { now: receivedAt, speed })
  if (clock === null) throw new Error('no message')
  return clock
}

describe('the estimate of the gateway clock', () => {
  const SERVER = 1_700_000_000_000

  test('is never ahead of the gateway and behind it by no more than the least delay', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 1_400 }), { minLength: 1, maxLength: 60 }), (delays) => {
      const clock = follow(delays.map((delay, index) => ({ sentAt: SERVER + index * 2_000, receivedAt: index * 2_000 + delay })))
      const now = delays.length * 2_000
      const behind = SERVER + now - serverTime(clock, now)
      expect(behind).toBeGreaterThanOrEqual(0)
      expect(behind).toBeCloseTo(Math.min(...delays), 3)
    }))
  })

  test('is not led astray by a burst of old messages after a stall', () => {
    const live = Array.from({ length: 10 }, (_, index) => ({ sentAt: SERVER + index * 1_000, receivedAt: index * 1_000 + 20 }))
    const burst = Array.from({ length: 30 }, (_, index) => ({ sentAt: SERVER + 10_000 + index * 1_000, receivedAt: 40_000 + index }))
    expect(serverTime(follow([...live, ...burst]), 40_100)).toBe(SERVER + 40_080)
  })

  test('follows a gateway clock that is set forward at once', () => {
    expect(serverTime(follow([{ sentAt: SERVER, receivedAt: 0 }, { sentAt: SERVER + 3_601_000, receivedAt: 1_000 }]), 1_000)).toBe(SERVER + 3_601_000)
  })

  test('follows a gateway clock that is set back within ten seconds', () => {
    const before = [{ sentAt: SERVER, receivedAt: 0 }]
    const after = Array.from({ length: 10 }, (_, index) => ({ sentAt: SERVER - 7_200_000 + index * 1_000, receivedAt: 1_000 + index * 1_000 }))
    expect(serverTime(follow([...before, ...after]), 10_000)).toBe(SERVER - 7_200_000 + 9_000)
  })

  test('runs at the speed of the demo', () => {
    expect(serverTime(follow([{ sentAt: SERVER, receivedAt: 0 }], 60), 1_000)).toBe(SERVER + 60_000)
  })

  test('begins anew when the speed changes', () => {
    const slow = observeServer(null, SERVER, { now: 0, speed: 60 })
    expect(observeServer(slow, SERVER, { now: 10_000, speed: 1 })).toEqual({ offsetMs: SERVER - 10_000, speed: 1, later: null })
  })
})
