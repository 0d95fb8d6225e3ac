import { describe, expect, it } from 'vitest'
import { BURSTS, SAMPLE_HZ, samplesOf, type Sound } from '../../src/web/sound-pattern.ts'

const SOUNDS: readonly Sound[] = ['low', 'medium', 'high', 'failure']

/** IEC 60601-1-8, tables 3 and 4. Intervals are from the end of a burst to the beginning of the next. */
const BOUNDS = {
  high: { pulses: [10, 10], lengthMs: [75, 200], intervalMs: [2_500, 15_000] },
  medium: { pulses: [3, 3], lengthMs: [125, 250], intervalMs: [2_500, 30_000] },
  low: { pulses: [1, 2], lengthMs: [125, 250], intervalMs: [15_000, Number.POSITIVE_INFINITY] },
  // Not one of the three: of the pulses alone there is something to say.
  failure: { pulses: [2, 10], lengthMs: [75, 250], intervalMs: [2_500, 15_000] },
} as const

/** A pulse as it can be measured: where it is louder than a tenth of the loudest. */
type Heard = { readonly fromMs: number; readonly untilMs: number; readonly samples: Float32Array }

function pulsesIn(samples: Float32Array): readonly Heard[] {
  const window = SAMPLE_HZ / 1_000
  const loud: number[] = []
  for (let ms = 0; ms * window < samples.length; ms += 1) {
    if (samples.subarray(ms * window, (ms + 1) * window).some((sample) => Math.abs(sample) > 0.01)) loud.push(ms)
  }
  const heard: { fromMs: number; untilMs: number }[] = []
  for (const ms of loud) {
    const last = heard.at(-1)
    // A wave of 440 Hz crosses zero within a millisecond or two: that is no end.
    if (last !== undefined && ms - last.untilMs < 10) last.untilMs = ms + 1
    else heard.push({ fromMs: ms, untilMs: ms + 1 })
  }
  return heard.map((one) => ({ ...one, samples: samples.subarray(one.fromMs * window, one.untilMs * window) }))
}

/** Strength of one frequency. */
function strengthAt(samples: Float32Array, hz: number): number {
  let real = 0
  let imaginary = 0
  samples.forEach((sample, index) => {
    real += sample * Math.cos((2 * Math.PI * hz * index) / SAMPLE_HZ)
    imaginary += sample * Math.sin((2 * Math.PI * hz * index) / SAMPLE_HZ)
  })
  return Math.hypot(real, imaginary)
}

/** The strongest frequency up to 1,100 Hz: here the fundamental is the strongest of all. And how far its multiples lie below it. */
function spectrumOf(samples: Float32Array): { readonly hz: number; readonly belowDb: readonly number[] } {
  const candidates = Array.from({ length: 221 }, (_, index) => index * 5)
  const strengths = candidates.map((hz) => strengthAt(samples, hz))
  const hz = candidates[strengths.indexOf(Math.max(...strengths))] ?? 0
  const finest = [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((shift) => hz + shift).toSorted((one, other) => strengthAt(samples, other) - strengthAt(samples, one))[0] ?? hz
  return { hz: finest, belowDb: Array.from({ length: 8 }, (_, harmonic) => 20 * Math.log10(strengthAt(samples, finest) / strengthAt(samples, finest * (harmonic + 1)))) }
}

const dbOf = (samples: Float32Array): number => 10 * Math.log10(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length)

describe.each(SOUNDS)('the sound %s, in its samples', (sound) => {
  const samples = samplesOf(sound)
  const heard = pulsesIn(samples)
  const { pulses, lengthMs, intervalMs } = BOUNDS[sound]

  it('has as many pulses as the standard wants, each as long as it allows', () => {
    expect(heard.length).toBeGreaterThanOrEqual(pulses[0])
    expect(heard.length).toBeLessThanOrEqual(pulses[1])
    expect(heard.length).toBe(BURSTS[sound].pulses.length)
    for (const { fromMs, untilMs } of heard) {
      // What is said, and what remains of it above a tenth: neither may leave the bounds.
      expect(untilMs - fromMs).toBeGreaterThanOrEqual(lengthMs[0])
      expect(untilMs - fromMs).toBeLessThanOrEqual(lengthMs[1])
    }
  })

  it('comes again neither too soon nor too late', () => {
    const intervals = (samples.length * 1_000) / SAMPLE_HZ - (heard.at(-1)?.untilMs ?? 0)
    expect(intervals).toBeGreaterThanOrEqual(intervalMs[0])
    expect(intervals).toBeLessThanOrEqual(intervalMs[1])
  })

  it('has a fundamental of 150 to 1,000 Hz with four more harmonics up to 4,000 Hz, none of them 15 dB weaker', () => {
    for (const pulse of heard.slice(0, 2)) {
      const { hz, belowDb } = spectrumOf(pulse.samples)
      expect(hz).toBeGreaterThanOrEqual(150)
      expect(hz).toBeLessThanOrEqual(1_000)
      const strong = belowDb.filter((below, harmonic) => below <= 15 && hz * (harmonic + 1) >= 300 && hz * (harmonic + 1) <= 4_000)
      expect(strong.length).toBeGreaterThanOrEqual(4)
    }
  })

  it('rises and falls within a pulse, so that it neither clicks nor blurs', () => {
    for (const { samples: pulse } of heard) {
      const peak = pulse.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
      const isLoud = (sample: number): boolean => Math.abs(sample) >= peak * 0.9
      const rise = pulse.findIndex(isLoud) / pulse.length
      const fall = 1 - pulse.findLastIndex(isLoud) / pulse.length
      for (const edge of [rise, fall]) {
        expect(edge).toBeGreaterThan(0.05)
        expect(edge).toBeLessThan(0.4)
      }
    }
  })

  it('has pulses of one loudness, as loud as those of every other', () => {
    const levels = heard.map(({ samples: pulse }) => dbOf(pulse))
    expect(Math.max(...levels) - Math.min(...levels)).toBeLessThan(3)
    expect(Math.abs(Math.max(...levels) - dbOf(pulsesIn(samplesOf('high'))[0]?.samples ?? new Float32Array(1)))).toBeLessThan(3)
    expect(samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)).toBeCloseTo(1, 5)
  })
})

it('high is three and two and the same again, with the pauses of table 3', () => {
  const heard = BURSTS.high.pulses
  const pauses = heard.slice(1).map(({ atMs }, index) => atMs - ((heard[index]?.atMs ?? 0) + (heard[index]?.lengthMs ?? 0)))
  const [x = 0] = pauses
  expect(x).toBeGreaterThanOrEqual(50)
  expect(x).toBeLessThanOrEqual(125)
  expect(pauses).toEqual([x, x, 2 * x + 150, x, pauses[4], x, x, 2 * x + 150, x])
  expect(pauses[4]).toBeGreaterThanOrEqual(350)
  expect(pauses[4]).toBeLessThanOrEqual(1_300)
  const [medium = 0, ...others] = BURSTS.medium.pulses.slice(1).map(({ atMs, lengthMs }, index) => atMs - (BURSTS.medium.pulses[index]?.atMs ?? 0) - lengthMs)
  expect(medium).toBeGreaterThanOrEqual(125)
  expect(medium).toBeLessThanOrEqual(250)
  expect(others).toEqual([medium])
})

it('NOT RECEIVING is like no alarm: its pitch falls', () => {
  const pitches = (sound: Sound): readonly number[] => [...new Set(BURSTS[sound].pulses.map(({ hz }) => hz))]
  expect(pitches('failure').length).toBe(2)
  for (const sound of ['low', 'medium', 'high'] as const) expect(pitches(sound).length).toBe(1)
})
