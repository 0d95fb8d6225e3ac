/**
 * The last half hour of each waveform, in memory. A channel is a row of stretches: within one, samples follow each other
 * without a gap on the device's own sample clock; between two there is one. Where the time of a sample is in doubt a gap is
 * made, never a bridge.
 */

import type { DeviceId } from '../domain/ids.ts'
import type { Waveform } from '../domain/reading.ts'
import { type WallMs, wallMs } from '../domain/time.ts'
import { waveLimits } from '../limits.ts'

/** Samples of one channel without a gap. Physical value = sample × scale + offset, in `unit` (UCUM). */
export type Stretch = {
  readonly metric: string
  readonly channel: string
  readonly rateHz: number
  readonly scale: number
  readonly offset: number
  readonly unit: string
  /** Gateway time of the first sample. */
  readonly from: WallMs
  readonly samples: Int32Array
}

type Like = Pick<Waveform, 'rateHz' | 'scale' | 'offset' | 'unit'>
/** A piece of a stretch: full but for the newest. */
type Block = Like & { readonly from: number; readonly first: number; readonly samples: Int16Array | Int32Array; used: number; readonly follows: boolean }
/**
 * `taken`: how many samples it ever got: they are counted from 0, and `first` of a block is the number of its first one.
 * `end`: gateway time after the newest sample; `deviceEnd`: the same on the device's clock, null while it does not say.
 */
type Channel = { readonly metric: string; readonly channel: string; readonly blocks: Block[]; taken: number; end: number; deviceEnd: number | null }

/** A signal of one device, and the gateway time after its newest sample. */
export type WaveChannel = { readonly metric: string; readonly channel: string; readonly end: number }
/** What a reader has of a channel: how many of its samples, dropped ones included. */
export type WaveCursor = { readonly taken: number; /** Nothing older: gateway time. */ readonly from: WallMs }
/** `follows`: the first of the stretches goes on where the reader was. `taken`: the number of its first sample. */
export type NewWaves = { readonly stretches: readonly Stretch[]; readonly follows: boolean; readonly taken: number }

const SECOND_MS = 1_000

export class Waves {
  readonly #devices = new Map<DeviceId, Map<string, Channel>>()
  #bytes = 0
  /** Numbers of samples of channels that are forgotten: none is given again, so that a reader's cursor never means another sample. */
  #given = 0

  /** Bytes of samples that are kept. */
  get bytes(): number {
    return this.#bytes
  }

  /** Takes what a device sent. Returns false when it has more channels than the limit, or a rate that is none. */
  add(device: DeviceId, wave: Waveform, receivedAt: WallMs): boolean {
    if (!(wave.rateHz > 0 && wave.rateHz <= waveLimits.rateHzMax)) return false
    this.#dropOldOf(device, receivedAt - waveLimits.keptMs)
    const channel = this.#channelOf(device, wave)
    if (!channel) return false
    const lengthMs = (wave.samples.length * SECOND_MS) / wave.rateHz
    const follows = isNext(channel, wave, receivedAt - lengthMs)
    const from = follows ? channel.end : receivedAt - lengthMs
    this.#append(channel, wave, { from, follows })
    channel.end = from + lengthMs
    channel.deviceEnd = wave.deviceAt === null ? null : wave.deviceAt + lengthMs
    while (this.#bytes > waveLimits.bytesMax) this.#dropOldest()
    return true
  }

  /** Of one device, what lies between two gateway times; the ends are cut to the sample. */
  between(device: DeviceId, from: WallMs, to: WallMs): readonly Stretch[] {
    return [...(this.#devices.get(device)?.values() ?? [])].flatMap((channel) =>
      stretchesOf(channel, (block) => (endOf(block) <= from || block.from >= to ? null : [indexAt(block, from), Math.min(block.used, indexAt(block, to))])),
    )
  }

  /** The signals of one device, in the order in which they were first heard. */
  channels(device: DeviceId): readonly WaveChannel[] {
    return [...(this.#devices.get(device)?.values() ?? [])]
  }

  /** What one channel got since a reader last looked; null when that is nothing. */
  since(device: DeviceId, of: Pick<WaveChannel, 'metric' | 'channel'>, cursor: WaveCursor): NewWaves | null {
    const channel = this.#devices.get(device)?.get(nameOf(of))
    if (!channel || channel.taken === cursor.taken) return null
    const begin = (block: Block): number => Math.max(cursor.taken - block.first, indexAt(block, cursor.from))
    const isNew = (block: Block | undefined): boolean => block !== undefined && begin(block) < block.used
    // From the newest back: readers come often, and the ring is long.
    let place = channel.blocks.length
    while (isNew(channel.blocks[place - 1])) place--
    const oldest = channel.blocks[place]
    if (!oldest) return null
    const taken = oldest.first + begin(oldest)
    const stretches = stretchesOf({ ...channel, blocks: channel.blocks.slice(place) }, (block) => [begin(block), block.used])
    return { stretches, taken, follows: taken === cursor.taken && (taken > oldest.first || oldest.follows) }
  }

  /** Of one device, how many channels are kept, and whole seconds of the one that has most: what is older than is kept is not counted. */
  kept(device: DeviceId, now: WallMs): { readonly channels: number; readonly seconds: number } {
    const channels = [...(this.#devices.get(device)?.values() ?? [])]
    const kept = channels.map(({ blocks }) => secondsSince(blocks, now - waveLimits.keptMs)).filter((seconds) => seconds > 0)
    return { channels: kept.length, seconds: Math.floor(kept.reduce((most, seconds) => Math.max(most, seconds), 0)) }
  }

  /** The device is gone from the site, or another patient's now. */
  forget(device: DeviceId): void {
    for (const channel of this.#devices.get(device)?.values() ?? []) {
      for (const { samples } of channel.blocks) this.#bytes -= samples.byteLength
      this.#given = Math.max(this.#given, channel.taken)
    }
    this.#devices.delete(device)
  }

  #channelOf(device: DeviceId, { metric, channel }: Waveform): Channel | null {
    let channels = this.#devices.get(device)
    if (!channels) this.#devices.set(device, (channels = new Map()))
    const name = nameOf({ metric, channel })
    const known = channels.get(name)
    if (known) return known
    if (channels.size >= waveLimits.channelsPerDeviceMax) this.#dropEmpty(channels)
    if (channels.size >= waveLimits.channelsPerDeviceMax) return null
    const made: Channel = { metric, channel, blocks: [], taken: this.#given, end: Number.NaN, deviceEnd: null }
    channels.set(name, made)
    return made
  }

  #append(channel: Channel, wave: Waveform, { from, follows }: { readonly from: number; readonly follows: boolean }): void {
    const { samples, rateHz } = wave
    const { blocks } = channel
    for (let done = 0; done < samples.length; ) {
      let block = blocks.at(-1)
      const joins = (done > 0 || follows) && block !== undefined && isAlike(block, wave)
      if (!block || !joins || block.used === block.samples.length || (samples instanceof Int32Array && block.samples instanceof Int16Array)) {
        block = this.#begin(wave, { from: from + (done * SECOND_MS) / rateHz, first: channel.taken, follows: joins })
        blocks.push(block)
      }
      const taken = samples.subarray(done, done + block.samples.length - block.used)
      block.samples.set(taken, block.used)
      block.used += taken.length
      channel.taken += taken.length
      done += taken.length
    }
  }

  #begin({ rateHz, scale, offset, unit, samples: { BYTES_PER_ELEMENT } }: Waveform, { from, first, follows }: Pick<Block, 'from' | 'first' | 'follows'>): Block {
    // After a gap a second's worth: a device whose samples never follow each other must not take ten times the room.
    const length = Math.max(1, Math.ceil((rateHz * (follows ? waveLimits.blockMs : SECOND_MS)) / SECOND_MS))
    const samples = BYTES_PER_ELEMENT === 2 ? new Int16Array(length) : new Int32Array(length)
    this.#bytes += samples.byteLength
    return { rateHz, scale, offset, unit, from, first, samples, used: 0, follows }
  }

  /** Of every channel of the device: one that says no more is forgotten too. */
  #dropOldOf(device: DeviceId, before: number): void {
    for (const { blocks } of this.#devices.get(device)?.values() ?? []) while (blocks[0] && endOf(blocks[0]) < before) this.#bytes -= blocks.shift()?.samples.byteLength ?? 0
  }

  #dropEmpty(channels: Map<string, Channel>): void {
    for (const [name, { blocks, taken }] of channels) {
      if (blocks.length > 0) continue
      this.#given = Math.max(this.#given, taken)
      channels.delete(name)
    }
  }

  /** Of all that is kept, the block that began first. */
  #dropOldest(): void {
    let oldest: Channel | null = null
    for (const channels of this.#devices.values()) {
      for (const channel of channels.values()) if (channel.blocks[0] && channel.blocks[0].from < (oldest?.blocks[0]?.from ?? Number.POSITIVE_INFINITY)) oldest = channel
    }
    this.#bytes -= oldest?.blocks.shift()?.samples.byteLength ?? 0
  }
}

const nameOf = ({ metric, channel }: Pick<WaveChannel, 'metric' | 'channel'>): string => `${metric}\n${channel}`

/** Of the first sample at a gateway time or after it; beyond the block when that is later. */
const indexAt = ({ from, rateHz }: Block, at: number): number => Math.max(0, Math.ceil(((at - from) * rateHz) / SECOND_MS))

const endOf = ({ from, used, rateHz }: Block): number => from + (used * SECOND_MS) / rateHz

const secondsSince = (blocks: readonly Block[], from: number): number =>
  blocks.reduce((sum, block) => (endOf(block) > from ? sum + block.used / block.rateHz : sum), 0)

const isAlike = (one: Like, other: Like): boolean => one.rateHz === other.rateHz && one.scale === other.scale && one.offset === other.offset && one.unit === other.unit

/** Whether the first sample comes right after the last one: by the device's clock where it says, else by arrival. */
function isNext({ end, deviceEnd }: Channel, { deviceAt, rateHz }: Waveform, claimedFrom: number): boolean {
  if (Math.abs(claimedFrom - end) > waveLimits.jitterMs || Number.isNaN(end)) return false
  if (deviceAt === null || deviceEnd === null) return true
  return Math.abs(deviceAt - deviceEnd) <= Math.max(waveLimits.deviceClockStepMs, (2 * SECOND_MS) / rateHz)
}

function stretchesOf({ metric, channel, blocks }: Channel, rangeOf: (block: Block) => readonly [number, number] | null): Stretch[] {
  const found: Stretch[] = []
  let parts: (Int16Array | Int32Array)[] = []
  let first: { readonly like: Like; readonly from: number } | null = null
  const close = (): void => {
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    if (first && length > 0) {
      const samples = new Int32Array(length)
      let at = 0
      for (const part of parts) {
        samples.set(part, at)
        at += part.length
      }
      const { rateHz, scale, offset, unit } = first.like
      found.push({ metric, channel, rateHz, scale, offset, unit, from: wallMs(first.from), samples })
    }
    parts = []
    first = null
  }
  for (const block of blocks) {
    const range = rangeOf(block)
    if (!range) continue
    if (!block.follows) close()
    const [begin, end] = range
    first ??= { like: block, from: block.from + (begin * SECOND_MS) / block.rateHz }
    parts.push(block.samples.subarray(begin, end))
  }
  close()
  return found
}
