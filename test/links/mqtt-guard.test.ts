import fc from 'fast-check'
import { generate } from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import { PACKET_START, walkPackets } from '../../src/links/mqtt-guard.ts'

const publish = (payload: Uint8Array): Buffer => generate({ cmd: 'publish', topic: 'vigil/v1/a/readings', payload: Buffer.from(payload), qos: 1, messageId: 7, dup: false, retain: false })

describe('the bound in front of the MQTT broker', () => {
  it('stands at the start of a packet after any sequence of packets, however they are split', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 6 }), fc.infiniteStream(fc.integer({ min: 1, max: 50 })), (payloads, cuts) => {
        const bytes = Buffer.concat(payloads.map(publish))
        let step: ReturnType<typeof walkPackets> = PACKET_START
        for (let at = 0; at < bytes.length; ) {
          const next = at + (cuts.next().value ?? 1)
          if (step === 'too-long') throw new Error('a packet within the bound was refused')
          step = walkPackets(step, bytes.subarray(at, next), 500)
          at = next
        }
        expect(step).toEqual({ kind: 'header' })
      }),
    )
  })

  it('refuses a packet one byte over the bound at its header, before its body comes', () => {
    const packet = publish(new Uint8Array(100))
    const remaining = packet.length - 2
    expect(walkPackets(PACKET_START, packet.subarray(0, 2), remaining)).not.toBe('too-long')
    expect(walkPackets(PACKET_START, packet.subarray(0, 2), remaining - 1)).toBe('too-long')
  })

  it('refuses the 232 MB that a first packet may claim', () => {
    expect(walkPackets(PACKET_START, new Uint8Array([0x10, 0xff, 0xff, 0xff, 0x7f]), 4_096)).toBe('too-long')
  })

  it('refuses a length that never ends', () => {
    expect(walkPackets(PACKET_START, new Uint8Array([0x10, 0x80, 0x80, 0x80, 0x80, 0x01]), 4_096)).toBe('too-long')
  })

  it('is total on any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => void walkPackets(PACKET_START, bytes, 4_096)))
  })
})
