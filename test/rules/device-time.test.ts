import { expect, it } from 'vitest'
import { type DeviceTime, type HeardTime, adopted, hearTime, knownOf, offsetAt } from '../../src/rules/device-time.ts'
import { metricOfId } from '../../src/domain/metrics.ts'
import { type Timing, observed } from '../../src/domain/observation.ts'
import { measured } from '../../src/domain/reading.ts'
import { monoMs, wallMs } from '../../src/domain/time.ts'
import { clockLimits } from '../../src/limits.ts'
import { parseKnownTime } from '../../src/pump/clock-doctor.ts'

const START = 1.7e12
const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** A device that says its time, and the gateway that hears it; times in ms from the start. */
class Talk {
  time: DeviceTime | null = null
  isSending = true
  /** Our wall clock over the one that never steps. */
  gatewayMs = 0

  say(cameMs: number, saidMs: number): Timing {
    const heard: HeardTime = hearTime(this.time, { said: wallMs(START + saidMs + 1), isSending: this.isSending, receivedAt: wallMs(START + cameMs + this.gatewayMs), at: monoMs(cameMs) })
    this.time = heard.time
    return heard.timing
  }

  /** Every second, at once. */
  live(fromMs: number, toMs: number, saidOf: (at: number) => number): Timing[] {
    return Array.from({ length: Math.ceil((toMs - fromMs) / 1_000) }, (_, second) => fromMs + second * 1_000).map((at) => this.say(at + 20, saidOf(at)))
  }

  offset(at: number): number {
    if (!this.time) throw new Error('nothing was said')
    return Math.round(offsetAt(this.time, { at: monoMs(at), wall: wallMs(START + at + this.gatewayMs) }))
  }
}

const quiet: Timing = { lateMs: 0, uncertainMs: 0, saidAt: null }

it('a clock that is right changes nothing', () => {
  const talk = new Talk()
  expect(new Set(talk.live(0, HOUR, (at) => at).map((timing) => JSON.stringify(timing)))).toEqual(new Set([JSON.stringify(quiet)]))
  expect(talk.time).toMatchObject({ epoch: 1, step: null, isSettled: true })
})

it.each([24 * MINUTE, -24 * MINUTE])('a clock that is %i ms off is known after ten seconds, and until then said to be uncertain', (offsetMs) => {
  const talk = new Talk()
  const timings = talk.live(0, MINUTE, (at) => at + offsetMs)
  expect(timings[0]?.uncertainMs).toBeGreaterThan(23 * MINUTE)
  expect(timings.slice(11)).toEqual(timings.slice(11).map(() => quiet))
  expect(Math.abs(talk.offset(MINUTE) - offsetMs)).toBeLessThan(50)
})

it.each([1e-4, -1e-4, 0.01, -0.01])('a drift of %d is measured', (drift) => {
  const talk = new Talk()
  talk.live(0, HOUR, (at) => at * (1 + drift))
  expect((talk.time?.slope ?? 0) * 3_600_000).toBeCloseTo(drift * 3_600_000, 0)
  expect(talk.time).toMatchObject({ epoch: 1, step: null })
  expect(Math.abs(talk.offset(HOUR) - drift * HOUR)).toBeLessThan(100)
})

it('what a monitor kept while the link was cut has the time at which it was measured, the first of it is uncertain', () => {
  const talk = new Talk()
  talk.live(0, 20 * MINUTE, (at) => at + 24 * MINUTE)
  const kept = Array.from({ length: 600 }, (_, second) => talk.say(30 * MINUTE + second * 5, 20 * MINUTE + second * 1_000 + 24 * MINUTE))
  expect(kept[0]).toMatchObject({ lateMs: 0 })
  expect(kept[0]?.uncertainMs).toBeGreaterThan(9 * MINUTE)
  const wrong = kept.slice(1, 590).map(({ lateMs }, index) => Math.abs(30 * MINUTE + (index + 1) * 5 - lateMs - (20 * MINUTE + (index + 1) * 1_000)))
  expect(Math.max(...wrong)).toBeLessThan(500)
  expect(talk.time?.epoch).toBe(1)
})

it('a clock that is set back is uncertain for ten seconds, and then an epoch of its own: never late, for live values must stay live', () => {
  const talk = new Talk()
  talk.live(0, 10 * MINUTE, (at) => at)
  const after = talk.live(10 * MINUTE, 11 * MINUTE, (at) => at - HOUR)
  expect(after.every(({ lateMs }) => lateMs === 0)).toBe(true)
  expect(after.findIndex(({ uncertainMs }) => uncertainMs === 0)).toBe(10)
  expect(talk.time).toMatchObject({ epoch: 2, step: { at: START + 10 * MINUTE + 20 } })
  expect(Math.abs((talk.time?.step?.byMs ?? 0) + HOUR)).toBeLessThan(100)
  expect(Math.abs(talk.offset(11 * MINUTE) + HOUR)).toBeLessThan(100)
})

it('a clock that is set forward begins an epoch at once, for nothing comes before it is sent', () => {
  const talk = new Talk()
  talk.live(0, 10 * MINUTE, (at) => at)
  talk.live(10 * MINUTE, 10 * MINUTE + 1_000, (at) => at + HOUR)
  expect(talk.time).toMatchObject({ epoch: 2, isSettled: false })
})

it('a clock that was set back while the link was cut is not taken for a backlog', () => {
  const talk = new Talk()
  talk.live(0, 10 * MINUTE, (at) => at)
  const kept = Array.from({ length: 300 }, (_, second) => talk.say(20 * MINUTE + second * 5, 10 * MINUTE + second * 1_000 - (second >= 100 ? HOUR : 0)))
  expect(kept.slice(101).every(({ lateMs, uncertainMs }) => lateMs === 0 && uncertainMs > HOUR)).toBe(true)
})

it.each([[24 * MINUTE, 30 * MINUTE], [HOUR, 3 * HOUR], [10_000, 5 * MINUTE]])('a clock that was set back by %i ms in a silence of %i, whose first messages then come in one burst, gives no time that is wrong and called certain', (backMs, silentMs) => {
  const talk = new Talk()
  talk.live(0, HOUR, (at) => at)
  const back = HOUR + silentMs
  const bounds = [0, 1, 2, 3, 4].map((second) => talk.say(back + 5_000 + second * 5, back + second * 1_000 - backMs).uncertainMs)
  expect(Math.min(...bounds)).toBeGreaterThan(backMs - 1_000)
})

it('when our own clock is set, it is not the device’s', () => {
  const talk = new Talk()
  talk.live(0, 10 * MINUTE, (at) => at)
  talk.gatewayMs = HOUR
  expect(talk.live(10 * MINUTE, 11 * MINUTE, (at) => at)).toEqual(Array.from({ length: 60 }, () => quiet))
  expect(talk.time?.epoch).toBe(1)
  expect(Math.abs(talk.offset(11 * MINUTE) + HOUR)).toBeLessThan(100)
})

it('a device that does not say when it sent gets the times of its values, once its clock is known', () => {
  const metric = metricOfId('MDC_ECG_HEART_RATE')
  if (!metric) throw new Error('no such metric')
  const talk = new Talk()
  talk.isSending = false
  talk.live(0, 20 * MINUTE, (at) => at - 24 * MINUTE)
  const said = 20 * MINUTE - 24 * MINUTE
  const timing = talk.say(20 * MINUTE + 20, said)
  const reading = { metric, measurement: measured(80), channel: '', deviceAt: wallMs(START + said - 5_000), flags: [] }
  const times = { receivedAt: wallMs(START + 20 * MINUTE + 20), sentAt: null }
  const [before, now] = [observed([reading], times)[0], observed([reading], times, timing)[0]]
  expect(before).toMatchObject({ boundMs: 24 * MINUTE + 5_020 })
  expect(now?.boundMs).toBeLessThanOrEqual(1_500)
  expect(Math.abs((now?.correctedAt ?? 0) - (START + 20 * MINUTE - 5_000))).toBeLessThan(100)
})

it('a clock that stands still is never late and never known', () => {
  const talk = new Talk()
  talk.live(0, 10 * MINUTE, (at) => at)
  const after = talk.live(10 * MINUTE, 20 * MINUTE, () => 10 * MINUTE)
  expect(after.every(({ lateMs }) => lateMs === 0)).toBe(true)
  expect(after.slice(5).every(({ uncertainMs }, index) => uncertainMs > index * 1_000)).toBe(true)
})

it('what is known outlives a restart, and a backlog of the time between is timed by it', () => {
  const talk = new Talk()
  talk.live(0, HOUR, (at) => at * 1.0001 + 24 * MINUTE)
  const now = { at: monoMs(HOUR), wall: wallMs(START + HOUR) }
  if (!talk.time) throw new Error('nothing was said')
  const known = parseKnownTime(JSON.parse(JSON.stringify(knownOf(talk.time, now))))
  if (!known) throw new Error('what was written cannot be read')
  const later = new Talk()
  // Another axis: the clock that never steps began anew.
  later.time = adopted(known, { at: monoMs(5_000), wall: wallMs(START + HOUR + 10 * MINUTE) })
  later.gatewayMs = HOUR + 10 * MINUTE - 5_000
  const kept = Array.from({ length: 500 }, (_, second) => later.say(5_000 + second * 5, (HOUR + second * 1_000) * 1.0001 + 24 * MINUTE))
  const wrong = kept.slice(1).map(({ lateMs }, index) => Math.abs(HOUR + 10 * MINUTE + (index + 1) * 5 - lateMs - (HOUR + (index + 1) * 1_000)))
  expect(Math.max(...wrong)).toBeLessThan(1_000)
})

it.each([null, {}, 'x', { epoch: 0 }, { epoch: 1, step: null, isWhole: false, slope: 1, slopeDoubt: 0, spreadMs: 0, everyMs: 0, offsetMs: 0, at: 0 }])('what is no clock is as if nobody had said it: %j', (value) => {
  expect(parseKnownTime(value)).toBeNull()
})

it('keeps so many pieces and no more', () => {
  const talk = new Talk()
  for (let piece = 0; piece <= clockLimits.piecesMax + 1; piece++) talk.say(piece * clockLimits.pieceMs, piece * clockLimits.pieceMs)
  expect(talk.time?.edge).toHaveLength(clockLimits.piecesMax)
})

it('what comes in a hurry from a clock that is hardly known is uncertain, though it happens to say the time that it is', () => {
  const talk = new Talk()
  talk.isSending = false
  const emptied = Array.from({ length: 10 }, (_, second) => talk.say(5 * MINUTE + second * 5, 5 * MINUTE + (second - 5) * 1_000))
  expect(Math.min(...emptied.slice(1).map(({ uncertainMs }) => uncertainMs))).toBeGreaterThan(1_000)
})

it('a message that fits only because the line may have strayed makes it no surer: what follows in a hurry is uncertain still', () => {
  const talk = new Talk()
  talk.live(0, 4 * MINUTE, (at) => at - (Math.floor(at / clockLimits.pieceMs) % 2) * 800)
  // Nothing for fourteen minutes, in which the clock fell behind.
  const after = Array.from({ length: 4 }, (_, second) => talk.say(18 * MINUTE + second * 5, 18 * MINUTE - 4_200 + second * 1_000))
  expect(talk.time).toMatchObject({ epoch: 1, isSettled: true })
  expect(Math.min(...after.map(({ uncertainMs }) => uncertainMs))).toBeGreaterThan(0)
})

it('a message above the line lifts it at once', () => {
  const talk = new Talk()
  talk.live(0, 5 * MINUTE, (at) => at)
  talk.live(5 * MINUTE, 5 * MINUTE + 5_000, (at) => at + 700)
  expect(Math.abs(talk.offset(5 * MINUTE + 5_000) - 700)).toBeLessThan(50)
})
