/** Waveforms (DRI Specification, chapter 5): samples of 16 bits, with a status for each stretch of them. */

import { type Fault, type WallMs, type Waveform } from '#driver'
import { leadOf } from './labels.ts'
import type { Labels } from './physiological.ts'
import { type Subrecord, i16, u16 } from './record.ts'

/** `type`: in records and in requests. Physical value = sample × scale. */
type Channel = {
  readonly name: string
  readonly type: number
  readonly rateHz: number
  readonly scale: number
  readonly unit: string
  readonly channel: string
  readonly metricOf: (labels: Labels) => string
}

const ecg = (number: number): Channel => ({
  name: `ecg${number}`, type: number, rateHz: 300, scale: 0.001, unit: 'mV', channel: `ECG${number}`, metricOf: ({ ecg: label }) => leadOf(label, number).wave,
})
const pressure = (number: number, type: number): Channel => ({
  name: `p${number}`, type, rateHz: 100, scale: 0.01, unit: 'mm[Hg]', channel: `P${number}`,
  metricOf: ({ pressures }) => pressures[number - 1]?.wave ?? 'MDC_PRESS_BLD',
})
const gas = (name: string, type: number, metric: string): Channel => ({ name, type, rateHz: 25, scale: 0.01, unit: '%', channel: '', metricOf: () => metric })

export const CHANNELS: readonly Channel[] = [
  ecg(1), ecg(2), ecg(3),
  pressure(1, 4), pressure(2, 5), pressure(3, 6), pressure(4, 7), pressure(5, 16), pressure(6, 17),
  { name: 'pleth', type: 8, rateHz: 100, scale: 0.01, unit: '%', channel: '', metricOf: () => 'MDC_PULS_OXIM_PLETH' },
  gas('co2', 9, 'MDC_CONC_AWAY_CO2'),
  gas('o2', 10, 'MDC_CONC_AWAY_O2'),
]
const BY_TYPE: ReadonlyMap<number, Channel> = new Map(CHANNELS.map((channel) => [channel.type, channel]))

const WAVE_HEADER_BYTES = 6
const GAP = 0x0001
/** The ECG channel is off. Descriptions differ on which of two bits says so; a flat line may not pass for a heart's. */
const LEAD_OFF = 0x0008 | 0x0100
/** At or below it a sample is a code, not a measurement. */
const NO_SAMPLE_MAX = -32_000

/**
 * Where each waveform has got to. The monitor's clock shows whole seconds; between two of its records time is what the
 * samples took, unless the monitor says that some are missing or its clock is further off than that can be.
 */
export class WaveClock {
  /** By type: when the next sample is due, ms of the monitor's clock. */
  readonly #due = new Map<number, number>()

  /** `at`: of the record, ms. When its first sample was measured. */
  next(channel: Channel, { at, samples, isGap }: { readonly at: number; readonly samples: number; readonly isGap: boolean }): number {
    const lasts = (samples * 1_000) / channel.rateHz
    const due = this.#due.get(channel.type)
    const follows = due !== undefined && !isGap && Math.abs(due + lasts - at) <= CLOCK_SLACK_MS
    const start = follows ? due : at - lasts
    this.#due.set(channel.type, start + lasts)
    return start
  }

  /** Something was lost: the next samples follow nothing. */
  forget(): void {
    this.#due.clear()
  }
}
const CLOCK_SLACK_MS = 1_500

type WaveContext = {
  readonly labels: Labels
  readonly clock: WaveClock
  /** Of the record: ms of the monitor's clock, and how such become times. */
  readonly at: number
  readonly timeOf: (localMs: number) => WallMs | null
  readonly waveforms: Waveform[]
  readonly leftOut: Fault[]
  readonly faults: Fault[]
}

/** Adds the waveforms of one subrecord: one for each stretch without invalid samples. */
export function readWave({ type, bytes }: Subrecord, { labels, clock, at, timeOf, waveforms, leftOut, faults }: WaveContext): void {
  const channel = BY_TYPE.get(type)
  if (channel === undefined) return void leftOut.push({ why: 'a waveform that is not read', at: `wave ${type}` })
  const length = i16(bytes, 0)
  const status = u16(bytes, 2)
  if (length < 0 || bytes.length < WAVE_HEADER_BYTES + length * 2) return void faults.push({ why: 'fewer samples than it says', at: channel.name })
  const start = clock.next(channel, { at, samples: length, isGap: (status & GAP) !== 0 })
  if (channel.type <= 3 && (status & LEAD_OFF) !== 0) return void leftOut.push({ why: 'lead off', at: channel.name })
  const samples = new Int16Array(length)
  for (let index = 0; index < length; index++) samples[index] = i16(bytes, WAVE_HEADER_BYTES + index * 2)
  const { rateHz, scale, unit } = channel
  const metric = channel.metricOf(labels)
  for (const [from, end] of stretches(samples)) {
    const deviceAt = timeOf(Math.round(start + (from * 1_000) / rateHz))
    const stretch = end - from === length ? samples : samples.slice(from, end)
    waveforms.push({ metric, channel: channel.channel, rateHz, scale, offset: 0, unit, samples: stretch, deviceAt })
  }
}

/** From where to where there are samples. */
function stretches(samples: Int16Array): readonly (readonly [number, number])[] {
  const found: (readonly [number, number])[] = []
  let from = 0
  for (let at = 0; at <= samples.length; at++) {
    const sample = samples[at]
    if (sample !== undefined && sample > NO_SAMPLE_MAX) continue
    if (at > from) found.push([from, at])
    from = at + 1
  }
  return found
}
