/**
 * What each sound is made of: pulses in a burst, and bursts that come again (IEC 60601-1-8, 6.3.3.1, tables 3 and 4). Pure: the
 * samples are made here, so that what is measured is what is heard. How loud a loudspeaker is no page can know.
 */

import type { Priority } from '../domain/alert.ts'

/** `failure`: nothing is heard of the gateway, so nobody knows what stands (6.11.2.2); it is like none of the three. */
export type Sound = Priority | 'failure'

/** From the beginning of its burst, in ms. */
export type Pulse = { readonly atMs: number; readonly lengthMs: number; readonly hz: number }

export type Burst = {
  readonly pulses: readonly Pulse[]
  /** From the beginning of the first pulse to the end of the last. */
  readonly lengthMs: number
  /** From the beginning of one burst to that of the next. */
  readonly periodMs: number
}

/** Rise and fall of a pulse, as a share of its length. */
const EDGE = 0.15

/** Partials of a pulse at once, twice, three times … its frequency. Five of them lie in 300 to 4,000 Hz, none more than 15 dB below the first. */
const PARTIALS = [1, 0.8, 0.65, 0.5, 0.4]

function burstOf({ lengthMs, pausesMs, hz, periodMs }: { readonly lengthMs: number; readonly pausesMs: readonly number[]; readonly hz: readonly number[]; readonly periodMs: number }): Burst {
  const pulses: Pulse[] = []
  let atMs = 0
  for (let pulse = 0; pulse <= pausesMs.length; pulse += 1) {
    pulses.push({ atMs, lengthMs, hz: hz[pulse % hz.length] ?? 0 })
    atMs += lengthMs + (pausesMs[pulse] ?? 0)
  }
  return { pulses, lengthMs: atMs, periodMs }
}

/** Table 3, high: three and two and the same again; the pause within a group, and twice that and a pulse between three and two. */
const HIGH_PAUSES_MS = [100, 100, 350, 100, 800, 100, 100, 350, 100]

/** How often they come again is what bedside monitors do: every 10, 25 and 30 s. */
export const BURSTS: Readonly<Record<Sound, Burst>> = {
  high: burstOf({ lengthMs: 150, pausesMs: HIGH_PAUSES_MS, hz: [660], periodMs: 10_000 }),
  medium: burstOf({ lengthMs: 200, pausesMs: [200, 200], hz: [523], periodMs: 25_000 }),
  low: burstOf({ lengthMs: 200, pausesMs: [], hz: [440], periodMs: 30_000 }),
  failure: burstOf({ lengthMs: 200, pausesMs: [100, 100, 100], hz: [784, 523], periodMs: 5_000 }),
}

/** Enough for what lies below 4,000 Hz; a browser plays it at its own rate. */
export const SAMPLE_HZ = 16_000

/** 0 to 1 and back to 0, without a corner that would click. */
function envelope(ms: number, lengthMs: number): number {
  const edgeMs = lengthMs * EDGE
  const share = Math.min(1, ms / edgeMs, (lengthMs - ms) / edgeMs)
  return share <= 0 ? 0 : (1 - Math.cos(Math.PI * share)) / 2
}

/** One period, from the first pulse to where the next burst begins; the greatest of all is 1. */
export function samplesOf(sound: Sound): Float32Array<ArrayBuffer> {
  const { pulses, periodMs } = BURSTS[sound]
  const samples = new Float32Array((periodMs * SAMPLE_HZ) / 1_000)
  for (const { atMs, lengthMs, hz } of pulses) {
    const from = Math.round((atMs * SAMPLE_HZ) / 1_000)
    const count = Math.round((lengthMs * SAMPLE_HZ) / 1_000)
    for (let index = 0; index < count; index += 1) {
      const turn = (2 * Math.PI * hz * index) / SAMPLE_HZ
      const wave = PARTIALS.reduce((sum, strength, partial) => sum + strength * Math.sin(turn * (partial + 1)), 0)
      samples[from + index] = wave * envelope((index * 1_000) / SAMPLE_HZ, lengthMs)
    }
  }
  const greatest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
  return samples.map((sample) => sample / greatest)
}
