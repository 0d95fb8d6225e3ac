/**
 * What a captured packet carries: Ethernet (with VLAN tags), Linux cooked captures (SLL, SLL2), loopback and raw IP; IPv4 (RFC 791),
 * IPv6 (RFC 8200); UDP (RFC 768), TCP (RFC 9293). Lengths are those that the headers state, so that padding is left off.
 */

import type { Packet } from './pcap.ts'

/** One datagram, or one segment of a stream, between two ends written `address:port`. */
export type Segment = {
  readonly from: string
  readonly to: string
  readonly payload: Uint8Array
  /** Bytes that were sent here and not captured. */
  readonly missingBytes: number
  readonly atMs: number | null
} & (
  | { readonly protocol: 'udp' }
  | { readonly protocol: 'tcp'; readonly sequence: number; readonly isBegin: boolean; readonly isEnd: boolean; readonly isReset: boolean }
)

/** Link types of the registry of tcpdump.org. */
const LINK = { null: 0, ethernet: 1, rawBsd: 12, rawOpenBsd: 14, raw: 101, loop: 108, cooked: 113, ipv4: 228, ipv6: 229, cooked2: 276 } as const

const IPV4 = 0x0800
const IPV6 = 0x86dd
const VLAN_TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100])
const TCP = 6
const UDP = 17
/** Hop-by-hop, routing, destination options: each says how long it is. */
const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 60])
const FRAGMENT = 44

/** The segment in a packet, or why there is none. Total. */
export function segmentOf({ linkType, bytes, atMs }: Packet): Segment | string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const network = networkAt(view, linkType)
  if (typeof network === 'string') return network
  const inner = network.ethertype === IPV4 ? ipv4At(view, network.at) : network.ethertype === IPV6 ? ipv6At(view, network.at) : 'no IP'
  if (typeof inner === 'string') return inner
  if (inner.protocol === UDP) return udpAt(view, inner, atMs)
  return inner.protocol === TCP ? tcpAt(view, inner, atMs) : 'neither UDP nor TCP'
}

type Network = { readonly at: number; readonly ethertype: number }
/** What IP carries: from where to where in the packet; `end` is where the sender says that it ends, captured or not. */
type Inner = { readonly protocol: number; readonly at: number; readonly end: number; readonly source: string; readonly target: string }

const SHORT = 'too short for what it should be'

function networkAt(view: DataView, linkType: number): Network | string {
  switch (linkType) {
    case LINK.ethernet:
      return etherAt(view, 12)
    case LINK.cooked:
      return etherAt(view, 14)
    case LINK.cooked2:
      return view.byteLength < 20 ? SHORT : { at: 20, ethertype: view.getUint16(0) }
    case LINK.null:
    case LINK.loop:
      return rawAt(view, 4)
    case LINK.raw:
    case LINK.rawBsd:
    case LINK.rawOpenBsd:
    case LINK.ipv4:
    case LINK.ipv6:
      return rawAt(view, 0)
    default:
      return `packets of link type ${linkType}`
  }
}

function etherAt(view: DataView, from: number): Network | string {
  let at = from
  while (at + 2 <= view.byteLength) {
    const ethertype = view.getUint16(at)
    if (!VLAN_TAGS.has(ethertype)) return { at: at + 2, ethertype }
    at += 4
  }
  return SHORT
}

/** The version of IP stands in its first four bits; the family before it is written in the byte order of whoever captured. */
function rawAt(view: DataView, at: number): Network | string {
  if (at >= view.byteLength) return SHORT
  const version = view.getUint8(at) >> 4
  return version === 4 ? { at, ethertype: IPV4 } : version === 6 ? { at, ethertype: IPV6 } : 'no IP'
}

function ipv4At(view: DataView, at: number): Inner | string {
  if (at + 20 > view.byteLength) return SHORT
  const headBytes = (view.getUint8(at) & 0x0f) * 4
  if (view.getUint8(at) >> 4 !== 4 || headBytes < 20) return 'no IP'
  // More to come, or not the first: a datagram in pieces, which no protocol of a monitor needs.
  if ((view.getUint16(at + 6) & 0x3fff) !== 0) return 'a piece of a divided packet'
  const stated = view.getUint16(at + 2)
  // Captured before the network card divides it, a packet states no length.
  const end = stated === 0 ? view.byteLength : at + stated
  return { protocol: view.getUint8(at + 9), at: at + headBytes, end, source: addressV4(view, at + 12), target: addressV4(view, at + 16) }
}

function ipv6At(view: DataView, from: number): Inner | string {
  if (from + 40 > view.byteLength) return SHORT
  if (view.getUint8(from) >> 4 !== 6) return 'no IP'
  const stated = view.getUint16(from + 4)
  const end = stated === 0 ? view.byteLength : from + 40 + stated
  let protocol = view.getUint8(from + 6)
  let at = from + 40
  while (EXTENSIONS.has(protocol)) {
    if (at + 2 > view.byteLength) return SHORT
    protocol = view.getUint8(at)
    at += (view.getUint8(at + 1) + 1) * 8
  }
  if (protocol === FRAGMENT) return 'a piece of a divided packet'
  return { protocol, at, end, source: addressV6(view, from + 8), target: addressV6(view, from + 24) }
}

const addressV4 = (view: DataView, at: number): string => Array.from({ length: 4 }, (_, index) => view.getUint8(at + index)).join('.')
/** In full, without the short forms: the same address is always the same text. */
const addressV6 = (view: DataView, at: number): string => `[${Array.from({ length: 8 }, (_, index) => view.getUint16(at + index * 2).toString(16)).join(':')}]`

function udpAt(view: DataView, inner: Inner, atMs: number | null): Segment | string {
  const { at } = inner
  if (at + 8 > view.byteLength) return SHORT
  const stated = view.getUint16(at + 4)
  const end = stated < 8 ? inner.end : Math.min(at + stated, inner.end)
  return { ...ends(view, inner), protocol: 'udp', ...payloadOf(view, at + 8, end), atMs }
}

function tcpAt(view: DataView, inner: Inner, atMs: number | null): Segment | string {
  const { at, end } = inner
  if (at + 20 > view.byteLength) return SHORT
  const headBytes = (view.getUint8(at + 12) >> 4) * 4
  if (headBytes < 20) return 'neither UDP nor TCP'
  const flags = view.getUint8(at + 13)
  const marks = { isEnd: (flags & 1) !== 0, isBegin: (flags & 2) !== 0, isReset: (flags & 4) !== 0 }
  return { ...ends(view, inner), protocol: 'tcp', sequence: view.getUint32(at + 4), ...marks, ...payloadOf(view, at + headBytes, end), atMs }
}

const ends = (view: DataView, { at, source, target }: Inner): { readonly from: string; readonly to: string } =>
  ({ from: `${source}:${view.getUint16(at)}`, to: `${target}:${view.getUint16(at + 2)}` })

function payloadOf(view: DataView, from: number, end: number): { readonly payload: Uint8Array; readonly missingBytes: number } {
  const start = Math.min(from, view.byteLength)
  const stop = Math.max(start, Math.min(end, view.byteLength))
  return { payload: new Uint8Array(view.buffer, view.byteOffset + start, stop - start), missingBytes: Math.max(0, end - Math.max(stop, from)) }
}
