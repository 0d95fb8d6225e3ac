/** Captures of a network, written as the standards say and with nothing of the reader: what the tests read. */

import { concat, utf8 } from '../../src/codec/bytes.ts'

const u16 = (value: number, little = false): Uint8Array => bytesOf(2, (view) => view.setUint16(0, value, little))
const u32 = (value: number, little = false): Uint8Array => bytesOf(4, (view) => view.setUint32(0, value >>> 0, little))

function bytesOf(length: number, write: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length)
  write(new DataView(bytes.buffer))
  return bytes
}

export type End = { readonly address: readonly number[]; readonly port: number }
export const MONITOR: End = { address: [10, 0, 0, 5], port: 24_105 }
export const GATEWAY: End = { address: [10, 0, 0, 9], port: 40_000 }
export const MONITOR_V6: End = { address: [0xfe, 0x80, ...Array.from({ length: 13 }, () => 0), 5], port: 24_105 }
export const GATEWAY_V6: End = { address: [0xfe, 0x80, ...Array.from({ length: 13 }, () => 0), 9], port: 40_000 }

export const udp = (from: End, to: End, payload: Uint8Array): Uint8Array => ip(from, to, 17, concat([u16(from.port), u16(to.port), u16(8 + payload.length), u16(0), payload]))

export type TcpMarks = { readonly sequence: number; readonly isBegin?: boolean; readonly isEnd?: boolean; readonly isReset?: boolean }
export function tcp(from: End, to: End, { sequence, isBegin = false, isEnd = false, isReset = false }: TcpMarks, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const flags = 0x10 | (isEnd ? 1 : 0) | (isBegin ? 2 : 0) | (isReset ? 4 : 0)
  const head = concat([u16(from.port), u16(to.port), u32(sequence), u32(1), Uint8Array.of(0x60, flags), u16(1_000), u16(0), u16(0), Uint8Array.of(1, 1, 1, 0)])
  return ip(from, to, 6, concat([head, payload]))
}

/** An IP packet of whichever version the addresses are. */
function ip(from: End, to: End, protocol: number, payload: Uint8Array): Uint8Array {
  const ends = [Uint8Array.from(from.address), Uint8Array.from(to.address)]
  if (from.address.length === 16) return concat([u32(0x6000_0000), u16(payload.length + 8), Uint8Array.of(60, 64), ...ends, Uint8Array.of(protocol, 0, 1, 4, 0, 0, 0, 0), payload])
  return concat([Uint8Array.of(0x45, 0), u16(20 + payload.length), u16(7), u16(0x4000), Uint8Array.of(64, protocol), u16(0), ...ends, payload])
}

const ethertype = (packet: Uint8Array): Uint8Array => u16((packet[0] ?? 0) >> 4 === 6 ? 0x86dd : 0x0800)

/** What stands before an IP packet, by link type. Ethernet pads what is short. */
export const LINKS: ReadonlyMap<number, (packet: Uint8Array) => Uint8Array> = new Map([
  [1, (packet: Uint8Array) => concat([new Uint8Array(12), ethertype(packet), packet, new Uint8Array(Math.max(0, 46 - packet.length)).fill(0xee)])],
  [113, (packet) => concat([u16(0), u16(1), u16(6), new Uint8Array(8), ethertype(packet), packet])],
  [276, (packet) => concat([ethertype(packet), u16(0), u32(1), u16(1), Uint8Array.of(0, 6), new Uint8Array(8), packet])],
  [0, (packet) => concat([u32(2, true), packet])],
  [108, (packet) => concat([u32(2), packet])],
  [101, (packet) => packet],
])
export const ethernet = (packet: Uint8Array): Uint8Array => LINKS.get(1)?.(packet) ?? packet
/** With a VLAN tag, as a mirror port of a switch writes it. */
export const tagged = (packet: Uint8Array): Uint8Array => concat([new Uint8Array(12), u16(0x8100), u16(7), ethertype(packet), packet])

export type Kept = { readonly bytes: Uint8Array; readonly atMs: number; /** How long it was on the wire. */ readonly wholeBytes?: number }

export function pcap(packets: readonly Kept[], { linkType = 1, little = true, nano = false } = {}): Uint8Array {
  const head = concat([u32(nano ? 0xa1b23c4d : 0xa1b2c3d4, little), u16(2, little), u16(4, little), u32(0, little), u32(0, little), u32(65_535, little), u32(linkType, little)])
  const records = packets.map(({ bytes, atMs, wholeBytes = bytes.length }) =>
    concat([u32(Math.floor(atMs / 1_000), little), u32((atMs % 1_000) * (nano ? 1e6 : 1e3), little), u32(bytes.length, little), u32(wholeBytes, little), bytes]),
  )
  return concat([head, ...records])
}

const padded = (bytes: Uint8Array): Uint8Array => concat([bytes, new Uint8Array((4 - (bytes.length % 4)) % 4)])
function block(type: number, body: Uint8Array, little: boolean): Uint8Array {
  const length = u32(12 + body.length, little)
  return concat([u32(type, little), length, body, length])
}

/** Of a section with a name block that is passed by. `nano`: its clock counts nanoseconds. `simple`: blocks without a time. */
export function pcapng(packets: readonly Kept[], { linkType = 1, little = true, nano = false, simple = false } = {}): Uint8Array {
  const options = nano ? concat([u16(9, little), u16(1, little), Uint8Array.of(9, 0, 0, 0), u32(0, little)]) : new Uint8Array(0)
  return concat([
    block(0x0a0d0d0a, concat([u32(0x1a2b3c4d, little), u16(1, little), u16(0, little), u32(0xffffffff, little), u32(0xffffffff, little)]), little),
    block(1, concat([u16(linkType, little), u16(0, little), u32(0, little), options]), little),
    block(4, padded(utf8('names of hosts')), little),
    ...packets.map(({ bytes, atMs, wholeBytes = bytes.length }) => {
      if (simple) return block(3, concat([u32(wholeBytes, little), padded(bytes)]), little)
      const ticks = atMs * (nano ? 1e6 : 1e3)
      const head = concat([u32(0, little), u32(Math.floor(ticks / 2 ** 32), little), u32(ticks % 2 ** 32, little), u32(bytes.length, little), u32(wholeBytes, little)])
      return block(6, concat([head, padded(bytes)]), little)
    }),
  ])
}
