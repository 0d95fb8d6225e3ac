import { describe, expect, it } from 'vitest'
import { type DeviceClock, hearClock, offsetWords, spanWords } from '../../src/rules/device-clock.ts'
import { monoMs, wallMs } from '../../src/domain/time.ts'

const HOUR = 3_600_000
/** The device says `offsetMs` beside our wall clock, which stands `gatewayMs` beside the clock that never steps. */
const hear = (known: DeviceClock | null, seconds: number, offsetMs: number, gatewayMs = 0) =>
  hearClock(known, { deviceAt: wallMs(1e12 + seconds * 1_000 + gatewayMs + offsetMs), receivedAt: wallMs(1e12 + seconds * 1_000 + gatewayMs), at: monoMs(seconds * 1_000) })

function newsOf(offsets: readonly (readonly [offsetMs: number, gatewayMs?: number])[]): string[] {
  let clock: DeviceClock | null = null
  return offsets.flatMap(([offsetMs, gatewayMs], index) => {
    const heard = hear(clock, index, offsetMs, gatewayMs)
    clock = heard.clock
    return heard.news.map((one) => `${index} ${one.kind}${'text' in one ? ` ${one.text}` : ''}`)
  })
}

describe('the clock of a device', () => {
  it('that is wrong is said once, and again when it is right', () => {
    expect(newsOf([[0], [1_000], [-900]])).toEqual([])
    expect(newsOf([[-3 * HOUR], [-3 * HOUR], [-3 * HOUR]])).toEqual(['0 wrong 3 h behind'])
    expect(newsOf([[-3 * HOUR], [-3 * HOUR], [0]])).toEqual(['0 wrong 3 h behind', '2 stepped jumped forward by 3 h', '2 right'])
  })

  it('that hovers about the limit does not call again and again', () => {
    expect(newsOf([[119_000], [121_000], [119_000], [121_000], [61_000], [59_000]])).toEqual(['1 wrong 2 min 1 s ahead', '4 stepped jumped back by 1 min', '5 right'])
  })

  it('that jumps is told, and not when it was ours that was set', () => {
    expect(newsOf([[0], [HOUR]])).toEqual(['1 stepped jumped forward by 1 h', '1 wrong 1 h ahead'])
    // Our own wall clock was set forward by an hour: the device, which stayed, is now an hour behind, and did not jump.
    expect(newsOf([[0], [-HOUR, HOUR]])).toEqual(['1 wrong 1 h behind'])
  })

  it('is said in words', () => {
    expect([0, 999, 40_000, 3_900_000, 90_061_000].map(spanWords)).toEqual(['0 s', '1 s', '40 s', '1 h 5 min', '1 d 1 h'])
    expect([offsetWords(-60_000), offsetWords(60_000)]).toEqual(['1 min behind', '1 min ahead'])
  })
})
