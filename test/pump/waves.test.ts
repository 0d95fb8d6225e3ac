import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deviceId } from '../../src/domain/ids.ts'
import type { Waveform } from '../../src/domain/reading.ts'
import { wallMs } from '../../src/domain/time.ts'
import { waveLimits } from '../../src/limits.ts'
import { Waves } from '../../src/pump/waves.ts'

const MONITOR = deviceId('monitor-1')
const START = Date.UTC(2026, 0, 1)
const at = (ms: number) => wallMs(START + ms)

const wave = (samples: readonly number[], more: Partial<Waveform> = {}): Waveform => ({
  metric: 'MDC_ECG_LEAD_II', channel: '', rateHz: 100, scale: 0.01, offset: 0, unit: 'mV', samples: Int16Array.from(samples), deviceAt: null, ...more,
})
const counted = (from: number, count: number): number[] => Array.from({ length: count }, (_, index) => (from + index) % 30_000)
/** Every stretch as [ms since the start, samples]. */
const seen = (waves: Waves, from = 0, to = 10 * waveLimits.keptMs) => waves.between(MONITOR, at(from), at(to)).map((stretch) => [stretch.from - START, [...stretch.samples]])

describe('waveforms', () => {
  it('that follow each other are one stretch, however the device cut them, with the time of the first sample', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 40 }), (cuts) => {
        const waves = new Waves()
        let sent = 0
        for (const count of cuts) {
          expect(waves.add(MONITOR, wave(counted(sent, count)), at(1_000 + (sent + count) * 10))).toBe(true)
          sent += count
        }
        expect(seen(waves)).toEqual([[1_000, counted(0, sent)]])
      }),
      { numRuns: 50 },
    )
  })

  it('keep their places though they arrive early and late', () => {
    const waves = new Waves()
    for (const [turn, lateMs] of [0, 400, 90, 700, 0].entries()) waves.add(MONITOR, wave(counted(turn * 100, 100)), at((turn + 1) * 1_000 + lateMs))
    expect(seen(waves)).toEqual([[0, counted(0, 500)]])
  })

  it('have a gap where the device\'s clock has one, and where nothing came for long', () => {
    const waves = new Waves()
    const deviceAt = (ms: number) => ({ deviceAt: wallMs(5_000 + ms) })
    waves.add(MONITOR, wave(counted(0, 100), deviceAt(0)), at(1_000))
    waves.add(MONITOR, wave(counted(100, 100), deviceAt(1_000)), at(2_000))
    waves.add(MONITOR, wave(counted(300, 50), deviceAt(2_500)), at(3_000))
    waves.add(MONITOR, wave(counted(0, 100)), at(60_000))
    expect(seen(waves)).toEqual([[0, counted(0, 200)], [2_500, counted(300, 50)], [59_000, counted(0, 100)]])
  })

  it('of another scale or rate are another stretch, and channels are kept apart', () => {
    const waves = new Waves()
    waves.add(MONITOR, wave([1, 2]), at(20))
    waves.add(MONITOR, wave([3, 4], { scale: 0.02 }), at(40))
    waves.add(MONITOR, wave([5, 6], { channel: '2' }), at(40))
    expect(waves.between(MONITOR, at(0), at(100)).map(({ channel, scale, samples }) => [channel, scale, ...samples])).toEqual([['', 0.01, 1, 2], ['', 0.02, 3, 4], ['2', 0.01, 5, 6]])
  })

  it('are counted by channel and whole seconds, and no longer when they are older than is kept', () => {
    const waves = new Waves()
    expect(waves.kept(MONITOR, at(0))).toEqual({ channels: 0, seconds: 0 })
    waves.add(MONITOR, wave(counted(0, 250)), at(2_500))
    waves.add(MONITOR, wave(counted(0, 100), { channel: 'V1' }), at(2_500))
    expect(waves.kept(MONITOR, at(2_500))).toEqual({ channels: 2, seconds: 2 })
    expect(waves.kept(deviceId('another'), at(2_500))).toEqual({ channels: 0, seconds: 0 })
    expect(waves.kept(MONITOR, at(2_501 + waveLimits.keptMs))).toEqual({ channels: 0, seconds: 0 })
  })

  it('are cut to the sample between two times', () => {
    const waves = new Waves()
    waves.add(MONITOR, wave(counted(0, 3_000)), at(30_000))
    expect(seen(waves, 12_345, 12_375)).toEqual([[12_350, [1_235, 1_236, 1_237]]])
    expect(seen(waves, 9_990, 10_010)).toEqual([[9_990, [999, 1_000]]])
  })

  it('keep 32-bit samples beside 16-bit ones', () => {
    const waves = new Waves()
    waves.add(MONITOR, wave([1]), at(10))
    waves.add(MONITOR, wave([], { samples: Int32Array.of(1_000_000) }), at(20))
    expect(seen(waves)).toEqual([[0, [1, 1_000_000]]])
  })

  it('are forgotten after half an hour, and with their device', () => {
    const waves = new Waves()
    const minutes = 40
    for (let minute = 0; minute < minutes; minute++) waves.add(MONITOR, wave(counted(0, 6_000)), at((minute + 1) * 60_000))
    const [first] = waves.between(MONITOR, at(0), at(minutes * 60_000))
    const oldest = (first?.from ?? 0) - START
    expect(oldest).toBeLessThanOrEqual(minutes * 60_000 - waveLimits.keptMs)
    expect(oldest).toBeGreaterThan(minutes * 60_000 - waveLimits.keptMs - 2 * waveLimits.blockMs)
    waves.forget(MONITOR)
    expect([waves.bytes, ...seen(waves)]).toEqual([0])
  })

  it('never hold more than their bytes: the oldest of all devices go first', () => {
    const waves = new Waves()
    const fast = { rateHz: waveLimits.rateHzMax, samples: new Int32Array(waveLimits.rateHzMax * 60) }
    let added = 0
    for (let minute = 1; added <= waveLimits.bytesMax * 1.2; minute++) {
      for (let monitor = 0; monitor < 30; monitor++) {
        waves.add(deviceId(`monitor-${monitor}`), wave([], fast), at(minute * 60_000))
        added += fast.samples.byteLength
        expect(waves.bytes).toBeLessThanOrEqual(waveLimits.bytesMax)
      }
    }
    expect(waves.bytes).toBeGreaterThan(waveLimits.bytesMax * 0.9)
  })

  it('of a channel too many, or at a rate that is none, are refused', () => {
    const waves = new Waves()
    for (let channel = 0; channel < waveLimits.channelsPerDeviceMax; channel++) expect(waves.add(MONITOR, wave([1], { channel: String(channel) }), at(10))).toBe(true)
    expect(waves.add(MONITOR, wave([1], { channel: 'one more' }), at(10))).toBe(false)
    for (const rateHz of [0, -1, Number.NaN, waveLimits.rateHzMax + 1]) expect(waves.add(MONITOR, wave([1], { rateHz }), at(10))).toBe(false)
  })
})
