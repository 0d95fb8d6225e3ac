import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, utf8 } from '../../src/codec/bytes.ts'
import { type Packet, PcapReader, isPcap } from '../../src/codec/pcap.ts'
import { toolLimits } from '../../src/limits.ts'
import { cut } from '../contract/driver.ts'
import { type Kept, pcap, pcapng } from './network.ts'

const AT = Date.UTC(2026, 3, 1, 7)
const some: readonly Kept[] = [
  { bytes: utf8('first'), atMs: AT },
  { bytes: utf8(''), atMs: AT + 250 },
  { bytes: utf8('third'), atMs: AT + 1_999, wholeBytes: 1_400 },
]
const FORMS: readonly (readonly [string, (packets: readonly Kept[]) => Uint8Array])[] = [
  ['pcap', (packets) => pcap(packets)],
  ['pcap of the other byte order', (packets) => pcap(packets, { little: false })],
  ['pcap with nanoseconds', (packets) => pcap(packets, { nano: true })],
  ['pcapng', (packets) => pcapng(packets)],
  ['pcapng of the other byte order', (packets) => pcapng(packets, { little: false })],
  ['pcapng with nanoseconds', (packets) => pcapng(packets, { nano: true })],
]

function read(chunks: Iterable<Uint8Array>): { readonly packets: readonly Packet[]; readonly trouble: string | null } {
  const reader = new PcapReader()
  const packets: Packet[] = []
  for (const chunk of chunks) packets.push(...reader.push(chunk))
  reader.end()
  return { packets, trouble: reader.trouble }
}

describe.each(FORMS)('a %s file', (_, write) => {
  it('is known by how it begins, and gives its packets with their times', () => {
    const file = write(some)
    expect(isPcap(file.subarray(0, 4))).toBe(true)
    const { packets, trouble } = read([file])
    expect(trouble).toBeNull()
    expect(packets.map(({ bytes, isCut, linkType }) => [new TextDecoder().decode(bytes), isCut, linkType])).toEqual([['first', false, 1], ['', false, 1], ['third', true, 1]])
    expect(packets.map(({ atMs }) => Math.round((atMs ?? 0) - AT))).toEqual([0, 250, 1_999])
  })

  it('gives the same however it is cut, and of any prefix what was whole, with a word for the rest', () => {
    const file = write(some)
    const whole = read([file]).packets
    expect(read(cut(file, Array.from(file, () => 1))).packets).toEqual(whole)
    const wholeEnds: number[] = []
    for (let length = 1; length < file.length; length++) {
      const { packets, trouble } = read([file.subarray(0, length)])
      expect(packets).toEqual(whole.slice(0, packets.length))
      expect([null, 'it ends within a packet']).toContain(trouble)
      if (trouble === null) wholeEnds.push(packets.length)
    }
    // Where one packet ends and before the next begins, nothing is missing.
    expect(new Set(wholeEnds)).toEqual(new Set([0, 1, 2]))
  })
})

describe('a capture', () => {
  it('without times has none', () => {
    expect(read([pcapng(some.slice(0, 1), { simple: true })]).packets).toEqual([{ atMs: null, linkType: 1, bytes: utf8('first'), isCut: false }])
  })

  it('of several sections goes on', () => {
    expect(read([concat([pcapng(some), pcapng(some, { little: false })])]).packets).toHaveLength(6)
  })

  it('whose packet is as long as one may be is read, and one byte longer ends it in words', () => {
    const bytes = new Uint8Array(toolLimits.packetBytesMax)
    expect(read([pcap([{ bytes, atMs: AT }])]).packets).toHaveLength(1)
    const longer = read([pcap([{ bytes: new Uint8Array(bytes.length + 1), atMs: AT }, ...some])])
    expect(longer).toEqual({ packets: [], trouble: 'a packet is longer than any' })
    expect(read([pcapng([{ bytes: new Uint8Array(bytes.length + toolLimits.packetOptionsBytesMax + 1), atMs: AT }])]).trouble).toBe('a packet is longer than any')
  })

  it('with more interfaces than one has ends in words', () => {
    const section = pcapng([])
    const face = section.subarray(28, 48)
    const withFaces = (count: number): Uint8Array => concat([section, ...Array.from({ length: count }, () => face), pcapng(some).subarray(section.length)])
    expect(read([withFaces(toolLimits.interfacesMax - 1)])).toMatchObject({ packets: { length: 3 }, trouble: null })
    expect(read([withFaces(toolLimits.interfacesMax)]).trouble).toBe(`more than ${toolLimits.interfacesMax} interfaces`)
  })

  it('that is something else is told from one', () => {
    for (const text of ['', 'abc', 'MSH|^~\\&|', '03/17/16 19:19:36']) expect(isPcap(utf8(text))).toBe(false)
    expect(read([utf8('no capture')])).toEqual({ packets: [], trouble: 'it is no capture of a network' })
  })
})

describe('reading', () => {
  it('is total on damaged files, and indifferent to how they were cut', () => {
    const file = fc.constantFrom(...FORMS.map(([, write]) => write(some)))
    fc.assert(
      fc.property(file, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }), fc.array(fc.nat(40), { maxLength: 30 }), (original, harms, sizes) => {
        const damaged = original.slice()
        for (const [at, byte] of harms) damaged[at % damaged.length] = byte
        const whole = read([damaged])
        expect(read(cut(damaged, sizes))).toEqual(whole)
        for (const { bytes } of whole.packets) expect(bytes.length).toBeLessThanOrEqual(damaged.length)
      }),
      { numRuns: 500 },
    )
  })
})
