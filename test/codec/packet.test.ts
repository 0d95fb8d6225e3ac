import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, utf8 } from '../../src/codec/bytes.ts'
import { segmentOf } from '../../src/codec/packet.ts'
import { GATEWAY, GATEWAY_V6, LINKS, MONITOR, MONITOR_V6, ethernet, tagged, tcp, udp } from './network.ts'

const packet = (bytes: Uint8Array, linkType = 1) => ({ atMs: 0, linkType, bytes, isCut: false })
const hello = utf8('hello')

describe('a packet', () => {
  it.each([...LINKS.keys()])('of link type %i carries a datagram or a segment of IPv4 and of IPv6, without its padding', (linkType) => {
    const wrap = LINKS.get(linkType) ?? ethernet
    for (const [from, to, ends] of [
      [MONITOR, GATEWAY, { from: '10.0.0.5:24105', to: '10.0.0.9:40000' }],
      [MONITOR_V6, GATEWAY_V6, { from: '[fe80:0:0:0:0:0:0:5]:24105', to: '[fe80:0:0:0:0:0:0:9]:40000' }],
    ] as const) {
      expect(segmentOf(packet(wrap(udp(from, to, hello)), linkType))).toEqual({ ...ends, protocol: 'udp', payload: hello, missingBytes: 0, atMs: 0 })
      expect(segmentOf(packet(wrap(tcp(from, to, { sequence: 4_000_000_000, isEnd: true }, hello)), linkType))).toEqual({
        ...ends, protocol: 'tcp', sequence: 4_000_000_000, isBegin: false, isEnd: true, isReset: false, payload: hello, missingBytes: 0, atMs: 0,
      })
    }
  })

  it('of a tagged network is read behind its tags', () => {
    expect(segmentOf(packet(tagged(udp(MONITOR, GATEWAY, hello))))).toMatchObject({ protocol: 'udp', payload: hello })
  })

  it('of which the capture kept the beginning says how much is missing', () => {
    const whole = ethernet(udp(MONITOR, GATEWAY, utf8('x'.repeat(100))))
    expect(segmentOf(packet(whole.subarray(0, whole.length - 30)))).toMatchObject({ missingBytes: 30, payload: { length: 70 } })
    expect(segmentOf(packet(ethernet(tcp(MONITOR, GATEWAY, { sequence: 1 }, utf8('x'.repeat(100)))).subarray(0, 60)))).toMatchObject({ missingBytes: 98, payload: { length: 2 } })
  })

  it('that is something else is passed by with a reason', () => {
    const fragment = udp(MONITOR, GATEWAY, hello)
    fragment[6] = 0x20
    const ping = udp(MONITOR, GATEWAY, hello)
    ping[9] = 1
    expect(segmentOf(packet(ethernet(fragment)))).toBe('a piece of a divided packet')
    expect(segmentOf(packet(ethernet(ping)))).toBe('neither UDP nor TCP')
    expect(segmentOf(packet(concat([new Uint8Array(12), Uint8Array.of(8, 6), new Uint8Array(28)])))).toBe('no IP')
    expect(segmentOf(packet(hello, 147))).toBe('packets of link type 147')
    expect(segmentOf(packet(new Uint8Array(3)))).toBe('too short for what it should be')
  })

  it('may be anything', () => {
    const originals = [udp(MONITOR, GATEWAY, hello), tcp(MONITOR_V6, GATEWAY_V6, { sequence: 1 }, hello)]
    fc.assert(
      fc.property(fc.constantFrom(...LINKS.keys(), 12, 228, 999), fc.constantFrom(...originals), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }), fc.nat(80), (linkType, original, harms, length) => {
        const bytes = (LINKS.get(linkType)?.(original) ?? original).slice(0, length)
        for (const [at, byte] of harms) if (bytes.length > 0) bytes[at % bytes.length] = byte
        const segment = segmentOf(packet(bytes, linkType))
        if (typeof segment === 'string') return
        expect(segment.payload.length).toBeLessThanOrEqual(bytes.length)
        expect(segment.missingBytes).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: 1_000 },
    )
  })
})
