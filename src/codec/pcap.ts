/**
 * Captures of a network, in whatever pieces they come: libpcap files (what `tcpdump -w` writes; IETF draft opsawg-pcap) and pcapng
 * (draft opsawg-pcapng), in either byte order. Linear, bounded; what is damaged ends the reading, in words.
 */

import { toolLimits } from '../limits.ts'
import { GrowingBytes } from './growing.ts'

export type Packet = {
  /** ms since 1970 on the clock of whoever captured; null where the capture does not say. */
  readonly atMs: number | null
  /** As in the registry of tcpdump.org: 1 is Ethernet. */
  readonly linkType: number
  readonly bytes: Uint8Array
  /** The capture kept its beginning alone. */
  readonly isCut: boolean
}

const SECTION = 0x0a0d0d0a
const ORDER_MAGIC = 0x1a2b3c4d
const MICROSECONDS = 0xa1b2c3d4
const NANOSECONDS = 0xa1b23c4d

const FILE_HEAD_BYTES = 24
const PACKET_HEAD_BYTES = 16
/** Type, length, and the length again at the end. */
const BLOCK_FRAME_BYTES = 12
const BLOCK_HEAD_BYTES = 8

/** Whether a file that begins like this is one of the two; its first four bytes tell. */
export const isPcap = (head: Uint8Array): boolean => head.length >= 4 && kindOf(viewOf(head)) !== null

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

type Kind = { readonly kind: 'pcap'; readonly little: boolean; readonly perSecond: number } | { readonly kind: 'pcapng' }

function kindOf(view: DataView): Kind | null {
  if (view.getUint32(0, true) === SECTION) return { kind: 'pcapng' }
  for (const little of [true, false]) {
    const magic = view.getUint32(0, little)
    if (magic === MICROSECONDS || magic === NANOSECONDS) return { kind: 'pcap', little, perSecond: magic === MICROSECONDS ? 1e6 : 1e9 }
  }
  return null
}

/** One interface of a pcapng section. */
type Interface = { readonly linkType: number; readonly snapBytes: number; readonly perSecond: number; readonly offsetSeconds: number }

/** What stands at a place: so many bytes were read there; more are needed; or nothing that can be. */
type Step = { readonly taken: number; readonly packet?: Packet } | 'more' | { readonly trouble: string }

export class PcapReader {
  readonly #held = new GrowingBytes()
  #kind: Kind | null = null
  #linkType = 0
  /** Of the section that is read. */
  #little = true
  #interfaces: Interface[] = []
  /** Of a block that is passed by, so many bytes are still to come. */
  #passing = 0
  #trouble: string | null = null

  /** Why the rest is not read; null while all is well. */
  get trouble(): string | null {
    return this.#trouble
  }

  push(chunk: Uint8Array): readonly Packet[] {
    if (this.#trouble !== null) return []
    const passed = Math.min(this.#passing, chunk.length)
    this.#passing -= passed
    this.#held.append(chunk.subarray(passed))
    const packets: Packet[] = []
    const bytes = this.#held.view()
    let at = 0
    while (at < bytes.length) {
      const step = this.#step(viewOf(bytes.subarray(at)))
      if (step === 'more') break
      if ('trouble' in step) {
        this.#trouble = step.trouble
        at = bytes.length
        break
      }
      if (step.packet !== undefined) packets.push(step.packet)
      const taken = Math.min(step.taken, bytes.length - at)
      this.#passing = step.taken - taken
      at += taken
    }
    this.#held.drop(at)
    return packets
  }

  /** The file is over. A packet that was under way is one trouble more. */
  end(): void {
    if (this.#trouble === null && (this.#held.length > 0 || this.#passing > 0)) this.#trouble = 'it ends within a packet'
    this.#held.drop(this.#held.length)
  }

  #step(view: DataView): Step {
    if (this.#kind === null) return this.#begin(view)
    return this.#kind.kind === 'pcap' ? this.#packet(view, this.#kind) : this.#block(view)
  }

  #begin(view: DataView): Step {
    if (view.byteLength < 4) return 'more'
    const kind = kindOf(view)
    if (kind === null) return { trouble: 'it is no capture of a network' }
    if (kind.kind === 'pcap') {
      if (view.byteLength < FILE_HEAD_BYTES) return 'more'
      // The upper bits tell of checksums at the end of each packet, which the lengths within the packets leave out.
      this.#linkType = view.getUint32(20, kind.little) & 0xffff
    }
    this.#kind = kind
    return { taken: kind.kind === 'pcap' ? FILE_HEAD_BYTES : 0 }
  }

  #packet(view: DataView, { little, perSecond }: Kind & { kind: 'pcap' }): Step {
    if (view.byteLength < PACKET_HEAD_BYTES) return 'more'
    const [seconds, fraction, kept, whole] = [0, 4, 8, 12].map((at) => view.getUint32(at, little))
    if (kept === undefined || kept > toolLimits.packetBytesMax) return { trouble: 'a packet is longer than any' }
    if (view.byteLength < PACKET_HEAD_BYTES + kept) return 'more'
    const bytes = bytesAt(view, PACKET_HEAD_BYTES, kept)
    const atMs = (seconds ?? 0) * 1_000 + ((fraction ?? 0) / perSecond) * 1_000
    return { taken: PACKET_HEAD_BYTES + kept, packet: { atMs, linkType: this.#linkType, bytes, isCut: kept < (whole ?? 0) } }
  }

  #block(view: DataView): Step {
    if (view.byteLength < BLOCK_FRAME_BYTES) return 'more'
    if (view.getUint32(0, true) === SECTION) {
      if (view.getUint32(8, true) !== ORDER_MAGIC && view.getUint32(8, false) !== ORDER_MAGIC) return { trouble: 'a section without a byte order' }
      this.#little = view.getUint32(8, true) === ORDER_MAGIC
      this.#interfaces = []
    }
    const length = view.getUint32(4, this.#little)
    if (length < BLOCK_FRAME_BYTES || length % 4 !== 0) return { trouble: 'a block whose length cannot be' }
    const read = READ_BLOCKS.has(view.getUint32(0, this.#little))
    // What is not read may be as long as it likes: names, statistics, keys.
    if (!read) return { taken: length }
    if (length > toolLimits.packetBytesMax + toolLimits.packetOptionsBytesMax) return { trouble: 'a packet is longer than any' }
    if (view.byteLength < length) return 'more'
    return this.#body(new DataView(view.buffer, view.byteOffset, length - 4), length)
  }

  /** `view`: the block without the length at its end. */
  #body(view: DataView, length: number): Step {
    const little = this.#little
    switch (view.getUint32(0, little)) {
      case BLOCKS.interface: {
        if (view.byteLength < 16) return { trouble: 'an interface that is cut off' }
        if (this.#interfaces.length >= toolLimits.interfacesMax) return { trouble: `more than ${toolLimits.interfacesMax} interfaces` }
        this.#interfaces.push({ linkType: view.getUint16(8, little), snapBytes: view.getUint32(12, little), ...timesOf(view, little) })
        return { taken: length }
      }
      case BLOCKS.simple: {
        const face = this.#interfaces[0]
        const whole = view.byteLength < 12 ? 0 : view.getUint32(8, little)
        const kept = Math.min(whole, face?.snapBytes === 0 ? whole : (face?.snapBytes ?? 0))
        return this.#kept(view, { face, at: 12, kept, whole, atMs: null, length })
      }
      default: {
        if (view.byteLength < 28) return { trouble: 'a packet that is cut off' }
        // The older packet block has a counter in the upper half of the interface's number.
        const isOld = view.getUint32(0, little) === BLOCKS.old
        const face = this.#interfaces[isOld ? view.getUint16(8, little) : view.getUint32(8, little)]
        const ticks = view.getUint32(12, little) * 2 ** 32 + view.getUint32(16, little)
        const atMs = face === undefined ? null : (ticks / face.perSecond + face.offsetSeconds) * 1_000
        return this.#kept(view, { face, at: 28, kept: view.getUint32(20, little), whole: view.getUint32(24, little), atMs, length })
      }
    }
  }

  #kept(view: DataView, { face, at, kept, whole, atMs, length }: KeptPacket): Step {
    if (face === undefined) return { trouble: 'a packet of no interface' }
    if (at + kept > view.byteLength) return { trouble: 'a packet that is longer than its block' }
    return { taken: length, packet: { atMs, linkType: face.linkType, bytes: bytesAt(view, at, kept), isCut: kept < whole } }
  }
}

type KeptPacket = {
  readonly face: Interface | undefined
  readonly at: number
  readonly kept: number
  readonly whole: number
  readonly atMs: number | null
  readonly length: number
}

const BLOCKS = { interface: 1, old: 2, simple: 3, enhanced: 6 } as const
const READ_BLOCKS: ReadonlySet<number> = new Set(Object.values(BLOCKS))

/** A copy: what is held moves. */
const bytesAt = (view: DataView, at: number, length: number): Uint8Array => new Uint8Array(view.buffer, view.byteOffset + at, length).slice()

const OPTION_RESOLUTION = 9
const OPTION_OFFSET = 14

/** How an interface counts its time: `if_tsresol` and `if_tsoffset`; microseconds where it does not say. */
function timesOf(view: DataView, little: boolean): Pick<Interface, 'perSecond' | 'offsetSeconds'> {
  let perSecond = 1e6
  let offsetSeconds = 0
  for (let at = BLOCK_HEAD_BYTES + 8; at + 4 <= view.byteLength; ) {
    const [code, length] = [view.getUint16(at, little), view.getUint16(at + 2, little)]
    if (code === 0 || at + 4 + length > view.byteLength) break
    if (code === OPTION_RESOLUTION && length === 1) {
      const resolution = view.getUint8(at + 4)
      perSecond = (resolution & 0x80) === 0 ? 10 ** resolution : 2 ** (resolution & 0x7f)
    }
    if (code === OPTION_OFFSET && length === 8) offsetSeconds = Number(view.getBigInt64(at + 4, little))
    at += 4 + length + ((4 - (length % 4)) % 4)
  }
  return { perSecond, offsetSeconds }
}
