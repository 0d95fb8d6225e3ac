/**
 * A waveform record: whole numbers with blanks between them, a rate such as `248/sec`, a baseline, what the converter can
 * give at least and at most, and for an ECG what one step is worth, such as `1.5uV`; `NA` for what has no unit.
 */

import { type Json, type Waveform, isJsonText } from '#driver'

export type ReadWave =
  | { readonly kind: 'wave'; readonly waveforms: readonly Waveform[]; /** There were more gaps than are kept. */ readonly isCut: boolean }
  | { readonly kind: 'left out'; readonly why: string; readonly name: string }
  | { readonly kind: 'wrong'; readonly why: string; readonly key: string }

const METRICS: ReadonlyMap<string, string> = new Map([
  ['II', 'MDC_ECG_ELEC_POTL_II'],
  ['Pleth', 'MDC_PULS_OXIM_PLETH'],
  ['Respiration', 'MDC_RESP'],
])
const ECG = 'II'

const RATE = /^(\d{1,4}(?:\.\d{1,3})?)\s?\/\s?s(?:ec)?$/i
const MICROVOLTS = /^(\d{1,5}(?:\.\d{1,4})?)\s?[uµμ]V$/
const SAMPLE = /^-?\d{1,9}$/
const UNITLESS: Step = { scale: 1, unit: '1' }
type Step = { readonly scale: number; readonly unit: string }

/** `stretchesMax`: each gap in the samples makes one more. */
export function readWave(record: Json, stretchesMax: number): ReadWave {
  const name = record['wave-name']
  if (!isJsonText(name)) return { kind: 'wrong', why: 'must be a text', key: 'wave-name' }
  const metric = METRICS.get(name)
  if (metric === undefined) return { kind: 'left out', why: 'a waveform that is not documented', name }
  const rateHz = rateOf(record['sampling rate'])
  if (rateHz === null) return { kind: 'wrong', why: 'must be a rate such as 248/sec', key: 'sampling rate' }
  const step = stepOf(name, record['resolution'])
  if (step === null) return { kind: 'left out', why: 'a waveform whose resolution is not documented', name }
  const [baseline, low, high] = [record['data-baseline'], record['data-low-limit'], record['data-high-limit']]
  if (!isNumber(baseline)) return { kind: 'wrong', why: 'must be a number', key: 'data-baseline' }
  if (!isNumber(low)) return { kind: 'wrong', why: 'must be a number', key: 'data-low-limit' }
  if (!isNumber(high)) return { kind: 'wrong', why: 'must be a number', key: 'data-high-limit' }
  const { data } = record
  const words = typeof data === 'string' ? data.split(/\s+/).filter((word) => word !== '') : null
  if (words === null || !words.every((word) => SAMPLE.test(word))) return { kind: 'wrong', why: 'must be whole numbers with blanks between them', key: 'data' }
  const stretches = stretchesOf(words.map(Number), low, high)
  const waveforms = stretches.slice(0, Math.max(0, stretchesMax)).map((samples): Waveform => ({
    // The time of the record has whole seconds, and nobody says whether of the first sample or of the last: samples follow each other by arrival.
    metric, channel: '', rateHz, ...step, offset: baseline === 0 ? 0 : -baseline * step.scale, samples: Int32Array.from(samples), deviceAt: null,
  }))
  return { kind: 'wave', waveforms, isCut: waveforms.length < stretches.length }
}

/** Twelve digits are more than any converter has, and what is computed of them stays finite. */
const isNumber = (value: unknown): value is number => typeof value === 'number' && Math.abs(value) < 1e12

function rateOf(text: unknown): number | null {
  const rate = typeof text === 'string' ? Number(RATE.exec(text)?.[1] ?? 0) : 0
  return rate > 0 ? rate : null
}

function stepOf(name: string, resolution: unknown): Step | null {
  if (resolution === 'NA') return UNITLESS
  const microvolts = name === ECG && typeof resolution === 'string' ? Number(MICROVOLTS.exec(resolution)?.[1] ?? 0) : 0
  return microvolts > 0 ? { scale: microvolts / 1_000, unit: 'mV' } : null
}

/** Runs of samples that the converter can give; what lies beyond is no sample. */
function stretchesOf(samples: readonly number[], low: number, high: number): readonly (readonly number[])[] {
  const stretches: number[][] = []
  let stretch: number[] | null = null
  for (const sample of samples) {
    if (sample < low || sample > high) stretch = null
    else if (stretch === null) stretches.push((stretch = [sample]))
    else stretch.push(sample)
  }
  return stretches
}
