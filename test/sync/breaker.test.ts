import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { syncLimits } from '../../src/limits.ts'
import type { SinkAnswer } from '../../src/seams.ts'
import { createBreaker, retryDelayMs } from '../../src/sync/breaker.ts'
import { fakeClock } from './fakes.ts'

const GONE: SinkAnswer = { kind: 'retry', why: 'no answer', afterMs: null }
const WELL: SinkAnswer = { kind: 'accepted' }
const answer = (what: SinkAnswer) => () => Promise.resolve(what)

afterEach(() => void vi.useRealTimers())

describe('the circuit breaker', () => {
  it('opens after five failures in a row and lets one probe through after a minute of our clock', async () => {
    const clock = fakeClock()
    const breaker = createBreaker(clock)
    for (let failure = 1; failure < syncLimits.breakerFailures; failure++) await breaker.run(answer(GONE))
    expect(breaker.state()).toBe('closed')
    await breaker.run(answer(GONE))
    expect(breaker.state()).toBe('open')
    expect(breaker.waitMs()).toBe(60_000)
    clock.now += 59_999
    await expect(breaker.run(answer(WELL))).rejects.toThrow()
    clock.now += 1
    expect(breaker.waitMs()).toBe(0)
    await breaker.run(answer(GONE))
    expect(breaker.state()).toBe('open')
    expect(breaker.waitMs()).toBe(60_000)
    clock.now += 60_000
    let during = ''
    await breaker.run(() => {
      during = breaker.state()
      return Promise.resolve(WELL)
    })
    expect(during).toBe('half-open')
    expect(breaker.state()).toBe('closed')
  })

  it('does not mind a step of the wall clock', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.UTC(2026, 0, 1))
    const clock = fakeClock()
    const breaker = createBreaker(clock)
    for (let failure = 0; failure < syncLimits.breakerFailures; failure++) await breaker.run(answer(GONE))
    vi.setSystemTime(Date.UTC(2027, 0, 1))
    await expect(breaker.run(answer(WELL))).rejects.toThrow()
    vi.setSystemTime(Date.UTC(2020, 0, 1))
    clock.now += 60_000
    await expect(breaker.run(answer(WELL))).resolves.toEqual(WELL)
  })

  it('does not count refusals and named times as failures, and a success begins the count again', async () => {
    const breaker = createBreaker(fakeClock())
    for (let call = 0; call < 20; call++) await breaker.run(answer({ kind: 'retry', why: '429', afterMs: 1_000 }))
    for (let call = 0; call < 20; call++) await breaker.run(answer({ kind: 'refused', how: 'pause', why: '401' }))
    for (let call = 0; call < 20; call++) await breaker.run(answer(call % 5 === 4 ? WELL : GONE))
    expect(breaker.state()).toBe('closed')
  })
})

it('Backoff is full jitter: anywhere between nothing and a bound that doubles up to a minute.', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 5_000 }), fc.double({ min: 0, max: 0.999_999, noNaN: true }), (attempt, random) => {
    const ms = retryDelayMs(attempt, () => random)
    expect(ms).toBeGreaterThanOrEqual(0)
    expect(ms).toBeLessThan(Math.min(syncLimits.retryDelayMsMax, 1_000 * 2 ** (attempt - 1)))
  }))
  expect([1, 2, 3, 7, 8].map((attempt) => retryDelayMs(attempt, () => 0.5))).toEqual([500, 1_000, 2_000, 30_000, 30_000])
})
