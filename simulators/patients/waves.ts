/**
 * Waves of a patient: ECG, plethysmogram, breathing, arterial pressure and capnogram that beat and breathe as fast, and
 * swing as far, as the signs of the moment say. Shapes are sums of smooth bumps, recognisable and no more.
 */

import type { Sign, Signs } from './patient.ts'
import { type Random, hashOf, randomOf } from './random.ts'

/** In mV, 0 to 1, ohm, mmHg and mmHg. */
export type WaveKind = 'ecg' | 'pleth' | 'resp' | 'art' | 'co2'

export interface Waves {
  /** The next `seconds` of one wave. Goes on where the last call for this kind ended; NaN where the sensor gives nothing. */
  next(kind: WaveKind, signs: Signs, rateHz: number, seconds: number): Float64Array
}

type Bump = readonly [at: number, width: number, height: number]
/** One beat from P to T, in parts of its period. */
const ECG: readonly Bump[] = [[0.18, 0.022, 0.12], [0.265, 0.008, -0.1], [0.285, 0.009, 1.1], [0.307, 0.009, -0.22], [0.52, 0.05, 0.3]]
/** Upstroke, crest and the wave behind the notch. */
const PULSE: readonly Bump[] = [[0.2, 0.075, 0.75], [0.32, 0.1, 0.35], [0.52, 0.07, 0.22]]

function bumps(phase: number, shape: readonly Bump[]): number {
  let sum = 0
  for (const [at, width, height] of shape) {
    const away = (phase - at) / width
    sum += height * Math.exp(-0.5 * away * away)
  }
  return sum
}

/** The crest of PULSE, which makes 1 of it. */
const PULSE_CREST = Array.from({ length: 200 }, (_, index) => bumps(index / 200, PULSE)).reduce((most, value) => Math.max(most, value), 0)
const pulse = (phase: number): number => bumps(phase, PULSE) / PULSE_CREST

/** Flat while air comes in, up with the first of the air that goes out, a slow slope, and down with the next breath. */
function capnogram(phase: number): number {
  if (phase < 0.4) return 0
  if (phase < 0.48) return ((phase - 0.4) / 0.08) * 0.9
  if (phase < 0.95) return 0.9 + ((phase - 0.48) / 0.47) * 0.1
  return (1 - phase) / 0.05
}

const valueOf = (sign: Sign): number | null => (sign.kind === 'value' ? sign.value : null)

/** Beats or breaths a minute that drive a wave; null: the sensor gives nothing. */
function ratePerMinute(kind: WaveKind, signs: Signs): number | null {
  switch (kind) {
    case 'ecg':
      return valueOf(signs.heartRate)
    case 'pleth':
      return signs.saturation.kind === 'none' && signs.saturation.why === 'probe-off' ? null : (valueOf(signs.pulse) ?? 0)
    case 'art':
      return valueOf(signs.systolic) === null ? null : (valueOf(signs.heartRate) ?? valueOf(signs.pulse) ?? 0)
    case 'resp':
      return valueOf(signs.breaths)
    case 'co2':
      return valueOf(signs.carbonDioxide) === null ? null : (valueOf(signs.breaths) ?? 0)
  }
}

/** One sample at a phase between 0 and 1; `still`: nothing beats or breathes. */
function sampleOf(kind: WaveKind, signs: Signs, { phase, still, noise }: { readonly phase: number; readonly still: boolean; readonly noise: number }): number {
  switch (kind) {
    case 'ecg':
      return (still ? 0 : bumps(phase, ECG)) + 0.01 * noise
    case 'pleth':
      return still ? 0.5 + 0.002 * noise : Math.min(1, Math.max(0, 0.1 + 0.8 * pulse(phase)))
    case 'resp':
      return (still ? 0 : 0.5 * Math.sin(2 * Math.PI * phase)) + 0.005 * noise
    case 'art': {
      const low = valueOf(signs.diastolic) ?? 0
      return low + (still ? 0 : ((valueOf(signs.systolic) ?? low) - low) * pulse(phase)) + 0.2 * noise
    }
    case 'co2':
      return still ? 0 : Math.max(0, (valueOf(signs.carbonDioxide) ?? 0) * capnogram(phase))
  }
}

/** The same seed gives the same waves, however the calls are cut. */
export function createWaves(seed: number): Waves {
  const phases = new Map<WaveKind, { phase: number; readonly random: Random }>()
  return {
    next(kind, signs, rateHz, seconds) {
      let state = phases.get(kind)
      if (state === undefined) {
        state = { phase: 0, random: randomOf(hashOf(`${seed}/wave/${kind}`)) }
        phases.set(kind, state)
      }
      const rate = ratePerMinute(kind, signs)
      const step = (rate ?? 0) / 60 / rateHz
      const samples = new Float64Array(Math.round(seconds * rateHz))
      for (let index = 0; index < samples.length; index++) {
        const noise = state.random.bell()
        samples[index] = rate === null ? NaN : sampleOf(kind, signs, { phase: state.phase, still: step === 0, noise })
        state.phase = (state.phase + step) % 1
      }
      return samples
    },
  }
}
