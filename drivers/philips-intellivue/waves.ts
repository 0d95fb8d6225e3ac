/** Waves: what the samples of an object mean (specification, scale, period, masks), and blocks of samples. */

import { type Fault, type WallMs, type Waveform, driverLimits, wallMs } from '#driver'
import { STATE, UNUSABLE, WAVES, WAVE_UNITS, named } from './codes.ts'
import { TICKS_PER_MS, floatAt } from './values.ts'

/** Non-significant bits of a sample carry marks and are taken out of it. */
const EXTENDED_RANGE = 0x1000
/** Ids of fixed values: a mask that marks an invalid sample, and one that marks a saturated sensor. */
const INVALID_MASK = 1
const SATURATION = 4
/** Compound ECG shares its object with single leads: each has a form of its own, told one after the other. */
const FORMS_MAX = 4

/** How the samples of an object are to be read. Parts that were not told are null. */
type Form = {
  /** Samples in a block. */
  readonly count: number
  readonly isWide: boolean
  readonly mask: number
  periodTicks: number | null
  /** Null: not told; else the first scaled value, the last, and what they stand for. */
  scale: { readonly low: number; readonly high: number; readonly scale: number; readonly offset: number } | null
  unit: number | null
  invalid: number
  saturated: number
}

/** Where the attributes of one object lie; -1: not there. */
export type WaveAttributes = {
  readonly specification: number
  readonly scale: number
  readonly period: number
  readonly unit: number
  readonly fixed: number
  readonly fixedBytes: number
}

/** Samples of object `key` at `at`. `isPretended`: the monitor is in a mode in which none are a patient's. */
export type WaveBlock = { readonly key: number; readonly at: number; readonly end: number; readonly startAt: WallMs | null; readonly isPretended: boolean }
export type WaveSink = { readonly waveforms: Waveform[]; readonly leftOut: Fault[] }

export class WaveReader {
  /** By object; the newest form of each first. */
  readonly #forms = new Map<number, Form[]>()

  forget(): void {
    this.#forms.clear()
  }

  /** What the monitor says of the samples of object `key`. */
  learn(view: DataView, key: number, found: WaveAttributes): void {
    const form = found.specification < 0 ? this.#forms.get(key)?.[0] : this.#formOf(key, view, found.specification)
    if (form === undefined) return
    if (found.period >= 0) form.periodTicks = view.getUint32(found.period)
    if (found.unit >= 0) form.unit = view.getUint16(found.unit)
    if (found.scale >= 0) form.scale = scaleAt(view, found.scale)
    if (found.fixed >= 0) learnMasks(view, form, found)
  }

  #formOf(key: number, view: DataView, at: number): Form | undefined {
    const count = view.getUint16(at)
    const significant = view.getUint8(at + 3)
    const mask = (view.getUint16(at + 4) & EXTENDED_RANGE) === 0 || significant > 16 ? 0xffff : (1 << significant) - 1
    const forms = this.#forms.get(key) ?? []
    if (forms.length === 0 && this.#forms.size >= driverLimits.intellivueObjectsMax) return undefined
    const known = forms.find((form) => form.count === count)
    const form: Form = { periodTicks: null, scale: null, unit: null, invalid: 0, saturated: 0, ...known, count, isWide: view.getUint8(at + 2) > 8, mask }
    this.#forms.set(key, [form, ...forms.filter((other) => other !== known)].slice(0, FORMS_MAX))
    return form
  }

  /** One block: code, state, bytes, samples. Returns where it ends; -1 when that is beyond its attribute. */
  read(view: DataView, block: WaveBlock, sink: WaveSink): number {
    const samplesAt = block.at + 6
    const end = samplesAt <= block.end ? samplesAt + view.getUint16(block.at + 4) : -1
    if (end < 0 || end > block.end) return -1
    const why = this.#read(view, block, sink.waveforms)
    if (why !== null) sink.leftOut.push({ why, at: named(view.getUint16(block.at)) })
    return end
  }

  /** Why nothing was read; null when it was. */
  #read(view: DataView, { key, at, startAt, isPretended }: WaveBlock, waveforms: Waveform[]): string | null {
    const metric = WAVES.get(view.getUint16(at))
    const state = view.getUint16(at + 2)
    if (metric === undefined) return 'a wave of no known kind'
    if ((state & UNUSABLE) !== 0) return 'a wave that is not valid'
    // A waveform carries no flags, so what is not the patient's is not passed on.
    if (isPretended || (state & (STATE.test | STATE.demo)) !== 0) return 'a wave of a demonstration or a test'
    const bytes = view.getUint16(at + 4)
    const form = this.#forms.get(key)?.find((candidate) => candidate.count * (candidate.isWide ? 2 : 1) === bytes)
    if (form === undefined || form.scale === null || form.unit === null || form.periodTicks === null || form.periodTicks === 0) {
      return 'a wave whose form was not told yet'
    }
    const unit = WAVE_UNITS.get(form.unit)
    if (unit === undefined) return 'a wave in an unknown unit'
    const { periodTicks, scale: { scale, offset, high } } = form
    const samples = high > 0x7fff ? new Int32Array(form.count) : new Int16Array(form.count)
    for (const { from, to } of readSamples(view, at + 6, form, samples)) {
      const deviceAt = startAt === null ? null : wallMs(startAt + Math.round((from * periodTicks) / TICKS_PER_MS))
      const run = to - from === samples.length ? samples : samples.slice(from, to)
      waveforms.push({ metric, channel: '', rateHz: (1_000 * TICKS_PER_MS) / periodTicks, scale, offset, unit, samples: run, deviceAt })
    }
    return null
  }
}

type Run = { readonly from: number; readonly to: number }

/** Fills `samples`; runs of samples that are not marked invalid or saturated, and lie in the range that was told. */
function readSamples(view: DataView, at: number, { isWide, mask, invalid, saturated, scale }: Form, samples: Int16Array | Int32Array): readonly Run[] {
  const low = scale?.low ?? 0
  const high = scale?.high ?? 0xffff
  const runs: Run[] = []
  let from = 0
  for (let index = 0; index < samples.length; index++) {
    const raw = isWide ? view.getUint16(at + index * 2) : view.getUint8(at + index)
    const sample = raw & mask
    samples[index] = sample
    const isMarked = (invalid !== 0 && (raw & invalid) === invalid) || (saturated !== 0 && (raw & saturated) === saturated)
    if (!isMarked && sample >= low && sample <= high) continue
    if (index > from) runs.push({ from, to: index })
    from = index + 1
  }
  if (samples.length > from) runs.push({ from, to: samples.length })
  return runs
}

/** Lower and upper absolute value, lower and upper scaled value. A wave without absolute values (pleth) runs from 0 to 1. */
function scaleAt(view: DataView, at: number): Form['scale'] {
  const low = view.getUint16(at + 8)
  const high = view.getUint16(at + 10)
  if (high <= low) return null
  const lower = floatAt(view, at) ?? 0
  const upper = floatAt(view, at + 4) ?? 1
  const scale = (upper - lower) / (high - low)
  return { low, high, scale, offset: lower - low * scale }
}

function learnMasks(view: DataView, form: Form, { fixed, fixedBytes }: WaveAttributes): void {
  const count = view.getUint16(fixed)
  for (let index = 0; index < count && 8 + index * 4 <= fixedBytes; index++) {
    const id = view.getUint16(fixed + 4 + index * 4)
    const value = view.getUint16(fixed + 6 + index * 4)
    if (id === INVALID_MASK) form.invalid = value
    if (id === SATURATION) form.saturated = value
  }
}
