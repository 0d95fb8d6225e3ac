/**
 * MEDIBUS real-time data: bytes of 80h and more, between and within all others, without a checksum. A sync byte says which
 * curves follow, then each sends 12 bits in two bytes. What they mean is told by two answers: the scales that a device has,
 * and which curve was asked for as which stream.
 */

import { type Waveform, driverLimits } from '#driver'

type Curve = { readonly name: string; readonly metric: string; readonly unit: string }

/** By code: airway pressure, flow, and carbon dioxide in one of its units. */
export const CURVES: ReadonlyMap<number, Curve> = new Map([
  [0x00, { name: 'paw', metric: 'MDC_PRESS_AWAY', unit: 'mbar' }],
  [0x01, { name: 'flow', metric: 'MDC_FLOW_AWAY', unit: 'L/min' }],
  [0x06, { name: 'co2', metric: 'MDC_CONC_AWAY_CO2', unit: 'mm[Hg]' }],
  [0x07, { name: 'co2', metric: 'MDC_CONC_AWAY_CO2', unit: 'kPa' }],
  [0x08, { name: 'co2', metric: 'MDC_CONC_AWAY_CO2', unit: '%' }],
])

/** Value = min + raw × (max − min) / maxBin, every so many microseconds. */
type Scale = { readonly intervalUs: number; readonly min: number; readonly max: number; readonly maxBin: number }
type Stream = { readonly code: number; readonly multiplier: number }

const STREAMS_MAX = 12
const SCALE_CHARS = 23
const STREAM_CHARS = 4
const RATE_HZ_MAX = 2_000

const hexOf = (text: string): number => (/^[0-9A-F]+$/.test(text) ? Number.parseInt(text, 16) : NaN)
/** Some devices put blanks between the sign and the digits. */
const decimalOf = (text: string): number => (/^-?\d+(?:\.\d+)?$/.test(text.replaceAll(' ', '')) ? Number(text.replaceAll(' ', '')) : NaN)
const pieces = (text: string, chars: number): readonly string[] =>
  Array.from({ length: Math.floor(text.length / chars) }, (_, index) => text.slice(index * chars, (index + 1) * chars))

/** The answer to a question for scales: code, interval, least and greatest value, what stands for the greatest. */
export function scalesOf(text: string): ReadonlyMap<number, Scale> {
  const scales = new Map<number, Scale>()
  if (text.length % SCALE_CHARS !== 0) return scales
  for (const piece of pieces(text, SCALE_CHARS)) {
    const code = hexOf(piece.slice(0, 2))
    const [intervalUs, min, max] = [piece.slice(2, 10), piece.slice(10, 15), piece.slice(15, 20)].map(decimalOf)
    if (intervalUs === undefined || min === undefined || max === undefined) continue
    const scale: Scale = { intervalUs, min, max, maxBin: hexOf(piece.slice(20)) }
    const rateHz = 1_000_000 / scale.intervalUs
    if (!Number.isNaN(code) && rateHz > 0 && rateHz <= RATE_HZ_MAX && scale.maxBin > 0 && scale.max > scale.min) scales.set(code, scale)
  }
  return scales
}

/** Which curves are asked for, as streams 1, 2 and so on: each with every how manieth sample. */
const streamsOf = (text: string): readonly Stream[] =>
  pieces(text, STREAM_CHARS).slice(0, STREAMS_MAX).map((piece) => ({ code: hexOf(piece.slice(0, 2)), multiplier: hexOf(piece.slice(2)) }))
export const streamsText = (codes: readonly number[]): string => codes.map((code) => `${code.toString(16).toUpperCase().padStart(2, '0')}01`).join('')

/** Streams 1 to `count` on, all others off; C0h ends it. */
export function enabling(count: number): Uint8Array {
  const group = (first: number): number => 0xc0 | (count <= first ? 0 : (1 << Math.min(4, count - first)) - 1)
  return Uint8Array.from([0xd0, 0xc3, group(8), 0xc2, group(4), 0xc1, group(0), 0xc0, 0xc0])
}

type Channel = { readonly samples: Int16Array; used: number }

export class Realtime {
  #scales: ReadonlyMap<number, Scale> = new Map()
  #streams: readonly Stream[] = []
  readonly #channels: readonly Channel[] = Array.from({ length: STREAMS_MAX }, () => ({
    samples: new Int16Array(driverLimits.medibusSamplesPerWaveMax),
    used: 0,
  }))
  /** The record under way: which streams it has, and the bytes that came of it. Null: the next sync byte is waited for. */
  #record: { readonly streams: number[]; readonly bytes: number[] } | null = null
  #command: number | null = null
  #done: Waveform[] = []
  /** Counts samples that were understood. */
  samples = 0

  learnScales(text: string): ReadonlyMap<number, Scale> {
    this.#lose()
    this.#scales = scalesOf(text)
    return this.#scales
  }

  learnStreams(text: string): void {
    this.#lose()
    this.#streams = streamsOf(text)
  }

  /** The curves that are full with this byte. */
  step(byte: number): readonly Waveform[] {
    if (byte >= 0xe0) this.#lose()
    else if (byte >= 0xd0) this.#sync(byte)
    else if (byte >= 0xc0) this.#sequence(byte)
    else this.#value(byte)
    return this.#taken()
  }

  /** All that there is, for nothing more comes. */
  end(): readonly Waveform[] {
    this.#commit()
    this.#record = null
    this.#command = null
    this.#flush()
    return this.#taken()
  }

  #taken(): readonly Waveform[] {
    if (this.#done.length === 0) return this.#done
    const done = this.#done
    this.#done = []
    return done
  }

  /** D0h and a bit for each of the first four streams. Only now is it known that the record before it is whole. */
  #sync(byte: number): void {
    this.#commit()
    this.#command = null
    this.#record = { streams: [0, 1, 2, 3].filter((stream) => (byte & (1 << stream)) !== 0), bytes: [] }
  }

  /** Two bytes: what is said, and about what. */
  #sequence(byte: number): void {
    if (this.#command === null) {
      this.#command = byte
      return
    }
    const command = this.#command
    this.#command = null
    // Streams 5 to 8 and 9 to 12 of the record that begins.
    if ((command === 0xc4 || command === 0xc5) && this.#record?.bytes.length === 0) {
      for (const bit of [0, 1, 2, 3]) if ((byte & (1 << bit)) !== 0) this.#record.streams.push((command - 0xc3) * 4 + bit)
    }
    if (command === 0xcf) this.#lose()
  }

  #value(byte: number): void {
    if (this.#command !== null) this.#lose()
    else if (this.#record !== null && this.#record.bytes.length <= this.#record.streams.length * 2) this.#record.bytes.push(byte)
  }

  /** A record that lost or gained a byte would give one curve's bits to another: it is left out, which is a gap in all. */
  #lose(): void {
    this.#record = null
    this.#command = null
    this.#flush()
  }

  #commit(): void {
    if (this.#record === null) return
    const { streams, bytes } = this.#record
    if (bytes.length !== streams.length * 2) return this.#flush()
    streams.forEach((stream, index) => this.#sample(stream, ((bytes[index * 2] ?? 0) & 0x3f) | (((bytes[index * 2 + 1] ?? 0) & 0x3f) << 6)))
    if (this.#channels.some(({ samples, used }) => used === samples.length)) this.#flush()
  }

  #sample(stream: number, raw: number): void {
    const scale = this.#scales.get(this.#streams[stream]?.code ?? NaN)
    const channel = this.#channels[stream]
    if (scale === undefined || channel === undefined) return
    this.samples++
    if (raw > scale.maxBin) this.#flushOne(stream)
    else channel.samples[channel.used++] = raw
  }

  #flush(): void {
    for (let stream = 0; stream < STREAMS_MAX; stream++) this.#flushOne(stream)
  }

  #flushOne(stream: number): void {
    const channel = this.#channels[stream]
    const asked = this.#streams[stream]
    if (channel === undefined || channel.used === 0) return
    const samples = channel.samples.slice(0, channel.used)
    channel.used = 0
    const curve = CURVES.get(asked?.code ?? NaN)
    const scale = this.#scales.get(asked?.code ?? NaN)
    if (asked === undefined || curve === undefined || scale === undefined || !(asked.multiplier > 0)) return
    const { metric, unit } = curve
    const { intervalUs, min, max, maxBin } = scale
    const rateHz = 1_000_000 / (intervalUs * asked.multiplier)
    this.#done.push({ metric, channel: '', rateHz, scale: (max - min) / maxBin, offset: min, unit, samples, deviceAt: null })
  }
}
