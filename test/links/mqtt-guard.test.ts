import { Socket } from 'node:net'
import fc from 'fast-check'
import { generate } from 'mqtt-packet'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { linkLimits } from '../../src/limits.ts'
import { GuardedSocket, PACKET_START, walkPackets } from '../../src/links/mqtt-guard.ts'

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
        expect(step).toEqual({ packets: payloads.length, kind: 'header' })
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

describe('the deadline of a packet', () => {
  afterEach(() => void vi.useRealTimers())

  function guarded() {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const socket = new Socket()
    const guard = new GuardedSocket(socket)
    guard.on('error', () => undefined)
    return { socket, guard, say: (...bytes: number[]) => void socket.emit('data', Buffer.from(bytes)) }
  }
  const PING = [0xc0, 0]

  it('does not cut a device that is silent between two packets', () => {
    const { guard, say } = guarded()
    guard.resume()
    say(...PING)
    vi.advanceTimersByTime(10 * linkLimits.frameDeadlineMs)
    expect(guard.destroyed).toBe(false)
  })

  it('cuts who never ends a packet, however steadily bytes dribble in', () => {
    const { guard, socket, say } = guarded()
    guard.resume()
    say(...PING, 0x30, 100)
    for (let ms = 0; ms < linkLimits.frameDeadlineMs; ms += 1_000) {
      expect(guard.destroyed).toBe(false)
      say(0)
      vi.advanceTimersByTime(1_000)
    }
    expect([guard.destroyed, socket.destroyed]).toEqual([true, true])
  })

  it('gives each packet a deadline of its own', () => {
    const { guard, say } = guarded()
    guard.resume()
    say(0x30)
    for (let ms = 0; ms < 3 * linkLimits.frameDeadlineMs; ms += 1_000) {
      say(1, 0, 0x30)
      vi.advanceTimersByTime(1_000)
    }
    expect(guard.destroyed).toBe(false)
  })

  it('is no matter of the other end while we are the ones who do not read', () => {
    const { guard, say } = guarded()
    guard.admit()
    say(0x30, 0x80, 0x80, 0x04, ...new Uint8Array(guard.readableHighWaterMark))
    vi.advanceTimersByTime(10 * linkLimits.frameDeadlineMs)
    expect(guard.destroyed).toBe(false)
  })
})
