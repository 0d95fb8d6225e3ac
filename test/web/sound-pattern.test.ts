import { describe, expect, it } from 'vitest'
import { BURSTS, SAMPLE_HZ, samplesOf, type Sound } from '../../src/web/sound-pattern.ts'

const SOUNDS: readonly Sound[] = ['low', 'medium', 'high', 'failure']

/**
 * IEC 60601-1-8, tables 3 and 4, as three public readings of them agree (see sound-pattern.ts): durations, pauses within a burst
 * (x of high, y of medium and low) and intervals from burst to burst, all from and to where a pulse is at 90 %.
 */
const BOUNDS = {
  high: { pulses: [10, 10], lengthMs: [75, 200], pauseMs: [50, 125], intervalMs: [2_500, 15_000] },
  medium: { pulses: [3, 3], lengthMs: [125, 250], pauseMs: [125, 250], intervalMs: [2_500, 30_000] },
  low: { pulses: [1, 2], lengthMs: [125, 250], pauseMs: [125, 250], intervalMs: [15_000, Number.POSITIVE_INFINITY] },
  // Not one of the three: of the pulses alone there is something to say.
  failure: { pulses: [2, 10], lengthMs: [75, 250], pauseMs: [50, 250], intervalMs: [2_500, 15_000] },
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

/** Where a pulse rises above and falls below shares of its greatest sample, in ms of its sound. A period of its wave, 2 ms at most, is how exact that is. */
function edgesOf({ fromMs, samples }: Heard): Readonly<Record<'tenth' | 'nineTenths', { readonly upMs: number; readonly downMs: number }>> {
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
  const at = (share: number) => {
    const isLoud = (sample: number): boolean => Math.abs(sample) >= peak * share
    const toMs = (index: number): number => fromMs + (index * 1_000) / SAMPLE_HZ
    return { upMs: toMs(samples.findIndex(isLoud)), downMs: toMs(samples.findLastIndex(isLoud)) }
  }
  return { tenth: at(0.1), nineTenths: at(0.9) }
}
const durationOf = (pulse: Heard): number => edgesOf(pulse).nineTenths.downMs - edgesOf(pulse).nineTenths.upMs
const PERIOD_MS = 2.5

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
  const { pulses, lengthMs, pauseMs, intervalMs } = BOUNDS[sound]

  it('has as many pulses as the standard wants, each as long as it allows', () => {
    expect(heard.length).toBeGreaterThanOrEqual(pulses[0])
    expect(heard.length).toBeLessThanOrEqual(pulses[1])
    expect(heard.length).toBe(BURSTS[sound].pulses.length)
    for (const pulse of heard) {
      expect(durationOf(pulse)).toBeGreaterThanOrEqual(lengthMs[0])
      expect(durationOf(pulse)).toBeLessThanOrEqual(lengthMs[1])
    }
  })

  it('has pauses as the standard wants them, with a higher one between three and two, and between the halves', () => {
    const pauses = heard.slice(1).map((pulse, index) => edgesOf(pulse).nineTenths.upMs - edgesOf(heard[index] ?? pulse).nineTenths.downMs)
    const [x = 0] = pauses
    const isGroup = (place: number): boolean => sound !== 'high' || ![2, 4, 7].includes(place)
    for (const [place, pause] of pauses.entries()) {
      if (!isGroup(place)) continue
      expect(pause).toBeGreaterThanOrEqual(pauseMs[0])
      expect(pause).toBeLessThanOrEqual(pauseMs[1])
      expect(Math.abs(pause - x)).toBeLessThan(PERIOD_MS)
    }
    if (sound !== 'high') return
    const [first] = heard
    if (first === undefined) throw new Error('nothing is heard')
    for (const place of [2, 7]) expect(Math.abs((pauses[place] ?? 0) - 2 * x - durationOf(first))).toBeLessThan(3 * PERIOD_MS)
    expect(pauses[4]).toBeGreaterThanOrEqual(350)
    expect(pauses[4]).toBeLessThanOrEqual(1_300)
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

  it('rises within 10 to 20 % of a pulse, and falls no slower than the pause allows, so that it neither clicks nor blurs', () => {
    for (const pulse of heard) {
      const { tenth, nineTenths } = edgesOf(pulse)
      const rise = nineTenths.upMs - tenth.upMs
      const fall = tenth.downMs - nineTenths.downMs
      expect(rise).toBeGreaterThanOrEqual(0.1 * durationOf(pulse) - PERIOD_MS)
      expect(rise).toBeLessThanOrEqual(0.2 * durationOf(pulse) + PERIOD_MS)
      expect(fall).toBeGreaterThan(0)
      expect(rise + fall).toBeLessThanOrEqual(pauseMs[0])
    }
  })

  it('has pulses of one loudness, as loud as those of every other', () => {
    const levels = heard.map(({ samples: pulse }) => dbOf(pulse))
    // Table 3 allows 10.
    expect(Math.max(...levels) - Math.min(...levels)).toBeLessThan(3)
    expect(Math.abs(Math.max(...levels) - dbOf(pulsesIn(samplesOf('high'))[0]?.samples ?? new Float32Array(1)))).toBeLessThan(3)
    expect(samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)).toBeCloseTo(1, 5)
  })
})

it('NOT RECEIVING is like no alarm: its pitch falls', () => {
  const pitches = (sound: Sound): readonly number[] => [...new Set(BURSTS[sound].pulses.map(({ hz }) => hz))]
  expect(pitches('failure').length).toBe(2)
  for (const sound of ['low', 'medium', 'high'] as const) expect(pitches(sound).length).toBe(1)
})
