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
type Block = Like & { readonly from: number; readonly samples: Int16Array | Int32Array; used: number; readonly follows: boolean }
/** `end`: gateway time after the newest sample; `deviceEnd`: the same on the device's clock, null while it does not say. */
type Channel = { readonly metric: string; readonly channel: string; readonly blocks: Block[]; end: number; deviceEnd: number | null }

const SECOND_MS = 1_000

export class Waves {
  readonly #devices = new Map<DeviceId, Map<string, Channel>>()
  #bytes = 0

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
    return [...(this.#devices.get(device)?.values() ?? [])].flatMap((channel) => stretchesOf(channel, from, to))
  }

  /** Of one device, how many channels are kept, and whole seconds of the one that has most: what is older than is kept is not counted. */
  kept(device: DeviceId, now: WallMs): { readonly channels: number; readonly seconds: number } {
    const channels = [...(this.#devices.get(device)?.values() ?? [])]
    const kept = channels.map(({ blocks }) => secondsSince(blocks, now - waveLimits.keptMs)).filter((seconds) => seconds > 0)
    return { channels: kept.length, seconds: Math.floor(kept.reduce((most, seconds) => Math.max(most, seconds), 0)) }
  }

  /** The device is gone from the site, or another patient's now. */
  forget(device: DeviceId): void {
    for (const { blocks } of this.#devices.get(device)?.values() ?? []) for (const { samples } of blocks) this.#bytes -= samples.byteLength
    this.#devices.delete(device)
  }

  #channelOf(device: DeviceId, { metric, channel }: Waveform): Channel | null {
    let channels = this.#devices.get(device)
    if (!channels) this.#devices.set(device, (channels = new Map()))
    const name = `${metric}\n${channel}`
    const known = channels.get(name)
    if (known) return known
    if (channels.size >= waveLimits.channelsPerDeviceMax) dropEmpty(channels)
    if (channels.size >= waveLimits.channelsPerDeviceMax) return null
    const made: Channel = { metric, channel, blocks: [], end: Number.NaN, deviceEnd: null }
    channels.set(name, made)
    return made
  }

  #append({ blocks }: Channel, wave: Waveform, { from, follows }: { readonly from: number; readonly follows: boolean }): void {
    const { samples, rateHz } = wave
    for (let done = 0; done < samples.length; ) {
      let block = blocks.at(-1)
      const joins = (done > 0 || follows) && block !== undefined && isAlike(block, wave)
      if (!block || !joins || block.used === block.samples.length || (samples instanceof Int32Array && block.samples instanceof Int16Array)) {
        block = this.#begin(wave, from + (done * SECOND_MS) / rateHz, joins)
        blocks.push(block)
      }
      const taken = samples.subarray(done, done + block.samples.length - block.used)
      block.samples.set(taken, block.used)
      block.used += taken.length
      done += taken.length
    }
  }

  #begin({ rateHz, scale, offset, unit, samples: { BYTES_PER_ELEMENT } }: Waveform, from: number, follows: boolean): Block {
    // After a gap a second's worth: a device whose samples never follow each other must not take ten times the room.
    const length = Math.max(1, Math.ceil((rateHz * (follows ? waveLimits.blockMs : SECOND_MS)) / SECOND_MS))
    const samples = BYTES_PER_ELEMENT === 2 ? new Int16Array(length) : new Int32Array(length)
    this.#bytes += samples.byteLength
    return { rateHz, scale, offset, unit, from, samples, used: 0, follows }
  }

  /** Of every channel of the device: one that says no more is forgotten too. */
  #dropOldOf(device: DeviceId, before: number): void {
    for (const { blocks } of this.#devices.get(device)?.values() ?? []) while (blocks[0] && endOf(blocks[0]) < before) this.#bytes -= blocks.shift()?.samples.byteLength ?? 0
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

function dropEmpty(channels: Map<string, Channel>): void {
  for (const [name, { blocks }] of channels) if (blocks.length === 0) channels.delete(name)
}

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

function stretchesOf({ metric, channel, blocks }: Channel, from: number, to: number): Stretch[] {
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
    if (endOf(block) <= from || block.from >= to) continue
    if (!block.follows) close()
    const begin = Math.max(0, Math.ceil(((from - block.from) * block.rateHz) / SECOND_MS))
    const end = Math.min(block.used, Math.ceil(((to - block.from) * block.rateHz) / SECOND_MS))
    first ??= { like: block, from: block.from + (begin * SECOND_MS) / block.rateHz }
    parts.push(block.samples.subarray(begin, end))
  }
  close()
  return found
}
