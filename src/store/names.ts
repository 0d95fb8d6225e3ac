/**
 * Names live once: rows carry numbers. Main gives the numbers (`Names`), the writer stores what they mean, and readers look
 * them up (in `log-reader.ts`). Two numbers may mean the same; one number never means two things.
 */

import type { BedId, DeviceId, StayId } from '../domain/ids.ts'
import type { Metric } from '../domain/metrics.ts'
import type { Observation, Snapshot } from '../domain/observation.ts'
import { storeLimits } from '../limits.ts'
import { rowCrc } from './crc.ts'

/** Where a snapshot comes from. */
export type StreamName = { readonly id: number; readonly device: string; readonly bed: string | null; readonly stay: string | null }
/** What a value is of: a metric's reference id, the channel, and the unit that the metric had when it was written. */
export type SeriesName = { readonly id: number; readonly metric: string; readonly channel: string; readonly unit: string }

export type StreamRow = StreamName & { readonly crc: number }
export type SeriesRow = SeriesName & { readonly crc: number }

export const streamCrc = ({ id, device, bed, stay }: StreamName): number => rowCrc(id, device, bed, stay)
export const seriesCrc = ({ id, metric, channel, unit }: SeriesName): number => rowCrc(id, metric, channel, unit)

/** What a store knows of names when it opens. */
export type KnownNames = {
  readonly streams: readonly StreamName[]
  readonly series: readonly SeriesName[]
  readonly lastStream: number
  readonly lastSeries: number
}

export type NewNames = { readonly streams: readonly StreamName[]; readonly series: readonly SeriesName[] }

export class Names {
  readonly #streams = new Map<string, number>()
  readonly #latest = new Map<DeviceId, { readonly bed: BedId | null; readonly stay: StayId | null; readonly id: number }>()
  readonly #series = new Map<string, Map<string, number>>()
  /** The same, found without making a key: this runs once for every reading. */
  readonly #channelsOf = new WeakMap<Metric, Map<string, number>>()
  #lastStream: number
  #lastSeries: number
  #newStreams: StreamName[] = []
  #newSeries: SeriesName[] = []

  constructor(known: KnownNames) {
    for (const stream of known.streams) this.#streams.set(streamKey(stream), stream.id)
    for (const series of known.series) this.#channels(series.metric, series.unit).set(series.channel, series.id)
    this.#lastStream = known.lastStream
    this.#lastSeries = known.lastSeries
  }

  streamOf({ device, bed, stay }: Pick<Snapshot, 'device' | 'bed' | 'stay'>): number {
    const latest = this.#latest.get(device)
    if (latest && latest.bed === bed && latest.stay === stay) return latest.id
    const key = streamKey({ device, bed, stay })
    const id = this.#streams.get(key) ?? this.#addStream(key, { device, bed, stay })
    this.#latest.set(device, { bed, stay, id })
    return id
  }

  /** @throws RangeError when there are more metrics and channels than 16 bits can number, or a channel's name is too long. */
  seriesOf({ metric, channel }: Observation): number {
    let channels = this.#channelsOf.get(metric)
    if (!channels) {
      channels = this.#channels(metric.id, metric.unit)
      this.#channelsOf.set(metric, channels)
    }
    const known = channels.get(channel)
    if (known !== undefined) return known
    if (this.#lastSeries >= storeLimits.seriesMax) throw new RangeError(`more than ${storeLimits.seriesMax} pairs of metric and channel`)
    if (channel.length > storeLimits.channelCharactersMax) throw new RangeError(`a channel's name of more than ${storeLimits.channelCharactersMax} characters`)
    const id = ++this.#lastSeries
    channels.set(channel, id)
    this.#newSeries.push({ id, metric: metric.id, channel, unit: metric.unit })
    return id
  }

  /** Names that no tick has carried yet. */
  pending(): NewNames {
    return { streams: this.#newStreams, series: this.#newSeries }
  }

  /** The tick that carries them is on its way. */
  sent(): void {
    this.#newStreams = []
    this.#newSeries = []
  }

  #addStream(key: string, name: Omit<StreamName, 'id'>): number {
    if (this.#streams.size >= storeLimits.streamsRememberedMax) {
      // A forgotten stream is named anew under another number, which readers take for the same.
      this.#streams.clear()
      this.#latest.clear()
    }
    const id = ++this.#lastStream
    this.#streams.set(key, id)
    this.#newStreams.push({ id, ...name })
    return id
  }

  #channels(metric: string, unit: string): Map<string, number> {
    // A metric whose unit was changed is another series: a value never takes on a unit that it was not measured in.
    const key = `${metric}\u0000${unit}`
    const known = this.#series.get(key)
    if (known) return known
    const channels = new Map<string, number>()
    this.#series.set(key, channels)
    return channels
  }
}

const streamKey = ({ device, bed, stay }: Omit<StreamName, 'id'>): string => `${device}\u0000${bed ?? ''}\u0000${stay ?? ''}`
