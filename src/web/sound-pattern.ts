/**
 * What each sound is made of: pulses in a burst, and bursts that come again (IEC 60601-1-8:2006, 6.3.3.1, tables 3 and 4). Pure:
 * the samples are made here, so that what is measured is what is heard. How loud a loudspeaker is no page can know.
 *
 * The standard itself is not at hand. Its numbers are as public readings of it agree: a generator of alarm sounds that names the
 * page (durations and pauses are measured where a pulse is at 90 %, rise time 10 to 20 % of the duration, fall time no longer than
 * pause less rise, at most 10 dB between pulses) and the registers of the TI DACx3701 (lengths and pauses). Nobody has measured it
 * against the text.
 */

import type { Priority } from '../domain/alert.ts'

/** `failure`: nothing is heard of the gateway, so nobody knows what stands (6.11.2.2); it is like none of the three. */
export type Sound = Priority | 'failure'

/** The whole of what is heard, from the first to the last of it; from the beginning of its burst, in ms. */
export type Pulse = { readonly atMs: number; readonly lengthMs: number; readonly hz: number }

export type Burst = {
  readonly pulses: readonly Pulse[]
  /** From the beginning of the first pulse to the end of the last. */
  readonly lengthMs: number
  /** From the beginning of one burst to that of the next. */
  readonly periodMs: number
}

/** Table 4: rise time from 10 to 90 %, as a share of the duration, which lasts from 90 % to 90 %. The fall is as long. */
const RISE = 0.13
/** Of a rise as half a cosine, from nothing to all: where it is at 10 and at 90 %. */
const AT_TENTH = Math.acos(0.8) / Math.PI
const AT_NINE_TENTHS = 1 - AT_TENTH
const edgeOf = (durationMs: number): number => (durationMs * RISE) / (AT_NINE_TENTHS - AT_TENTH)
/** Heard before a pulse is at 90 %, and after. */
const leadOf = (durationMs: number): number => edgeOf(durationMs) * AT_NINE_TENTHS

/**
 * Partials of a pulse at once, twice, three times … its frequency. Table 4: the frequency is of 150 to 1,000 Hz, four harmonics or
 * more lie in 300 to 4,000 Hz, within 15 dB of it.
 */
const PARTIALS = [1, 0.8, 0.65, 0.5, 0.4]

/** In the words of table 3: durations and pauses from 90 % to 90 %. */
type Written = { readonly durationMs: number; readonly pausesMs: readonly number[]; readonly hz: readonly number[]; readonly periodMs: number }

function burstOf({ durationMs, pausesMs, hz, periodMs }: Written): Burst {
  const leadMs = leadOf(durationMs)
  const lengthMs = durationMs + 2 * leadMs
  const pulses: Pulse[] = []
  let atMs = 0
  for (let pulse = 0; pulse <= pausesMs.length; pulse += 1) {
    pulses.push({ atMs, lengthMs, hz: hz[pulse % hz.length] ?? 0 })
    atMs += durationMs + (pausesMs[pulse] ?? 0)
  }
  return { pulses, lengthMs: atMs + 2 * leadMs, periodMs }
}

/** Table 3, high: three and two and the same again; x within a group, of 50 to 125 ms; twice x and a pulse between three and two; 350 to 1,300 ms between the halves. */
const HIGH_MS = 150
const X_MS = 110
const HALF_MS = [X_MS, X_MS, 2 * X_MS + HIGH_MS, X_MS]
const HIGH_PAUSES_MS = [...HALF_MS, 800, ...HALF_MS]

/** How often they come again is what bedside monitors do: every 10, 25 and 30 s. */
export const BURSTS: Readonly<Record<Sound, Burst>> = {
  high: burstOf({ durationMs: HIGH_MS, pausesMs: HIGH_PAUSES_MS, hz: [660], periodMs: 10_000 }),
  medium: burstOf({ durationMs: 175, pausesMs: [200, 200], hz: [523], periodMs: 25_000 }),
  low: burstOf({ durationMs: 175, pausesMs: [], hz: [440], periodMs: 30_000 }),
  failure: burstOf({ durationMs: 175, pausesMs: [125, 125, 125], hz: [784, 523], periodMs: 5_000 }),
}

/** Enough for what lies below 4,000 Hz; a browser plays it at its own rate. */
export const SAMPLE_HZ = 16_000

/** Each edge of a whole pulse. */
const EDGE = edgeOf(1) / (1 + 2 * leadOf(1))

/** 0 to 1 and back to 0, without a corner that would click. */
function envelope(ms: number, lengthMs: number): number {
  const edgeMs = EDGE * lengthMs
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
