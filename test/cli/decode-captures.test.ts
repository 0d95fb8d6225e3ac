/** Recordings of each binary protocol in every form in which people have them, made of the simulated devices: all of it is read, by the right driver, unasked. */

import { describe, expect, it } from 'vitest'
import { RecordedInput } from '../../src/cli/decode-input.ts'
import { StreamDecoder } from '../../src/cli/decode-streams.ts'
import { concat, utf8 } from '../../src/codec/bytes.ts'
import { DRIVERS } from '../../src/drivers.ts'
import { GATEWAY, MONITOR, ethernet, pcap, pcapng, tcp, udp } from '../codec/network.ts'
import { type Conversation, type Heard, conversation } from './conversation.ts'

type Read = { readonly drivers: readonly string[]; readonly frames: Record<'good' | 'bad' | 'quarantined' | 'skipped', number>; readonly values: number; readonly waveforms: number; readonly unreadBytes: number; readonly remarks: readonly string[] }

/** Chunks cut anywhere; `driver` given or found. */
function decode(bytes: Uint8Array, driver?: string): Read {
  const frames = { good: 0, bad: 0, quarantined: 0, skipped: 0 }
  const drivers: string[] = []
  let [values, waveforms, unreadBytes] = [0, 0, 0]
  const given = driver === undefined ? undefined : DRIVERS.get(driver)
  const decoder = new StreamDecoder(given ? { kind: 'given', driver: given, settings: {} } : { kind: 'auto', drivers: [...DRIVERS.values()] }, {
    found: (_, [first]) => void drivers.push(first?.driver.id ?? ''),
    unread: (_, count) => void (unreadBytes += count),
    frames(_, read) {
      for (const frame of read) {
        frames[frame.kind]++
        if (frame.kind !== 'good') continue
        values += frame.readings.length
        waveforms += frame.waveforms.length
      }
    },
  })
  const input = new RecordedInput()
  for (let from = 0; from < bytes.length; from += 997) for (const heard of input.push(bytes.subarray(from, from + 997))) decoder.take(heard)
  for (const heard of input.end()) decoder.take(heard)
  decoder.end()
  return { drivers, frames, values, waveforms, unreadBytes, remarks: input.remarks() }
}

const SECONDS = 5
const MODELS = ['intellivue-lan', 'intellivue', 's-5', 'carescape', 'nonin-format-2', 'nonin-format-7', 'nonin-text', 'nonin-text-with-time', 'evita', 'pds', 'blood-gas', 'ivy-450c'] as const
const known = new Map<string, Conversation>()
function talk(model: string): Conversation {
  const talked = known.get(model) ?? conversation(model, model === 'blood-gas' ? 130 : SECONDS)
  known.set(model, talked)
  return talked
}

const fromDevice = ({ pieces }: Conversation): readonly Heard[] => pieces.filter((piece) => piece.fromDevice)
const bytesOf = (pieces: readonly Heard[], before: (piece: Heard) => string = () => ''): Uint8Array => concat(pieces.flatMap((piece) => [utf8(before(piece)), piece.bytes]))
const two = (value: number, width = 2): string => String(value).padStart(width, '0')
const clock = ({ atMs }: Heard): string => `07:${two(Math.floor(atMs / 60_000))}:${two(Math.floor(atMs / 1_000) % 60)}.${two(atMs % 1_000, 3)}`
const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')

/** As hexdump -C and as xxd write it. */
function dump(bytes: Uint8Array, style: 'hexdump' | 'xxd'): string {
  return Array.from({ length: Math.ceil(bytes.length / 16) }, (_, row) => {
    const part = bytes.subarray(row * 16, row * 16 + 16)
    const seen = Array.from(part, (byte) => (byte > 0x1f && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    const offset = (row * 16).toString(16).padStart(8, '0')
    if (style === 'xxd') return `${offset}: ${hex(part).replaceAll(/(\S\S) (\S\S)/g, '$1$2')}  ${seen}\n`
    return `${offset}  ${`${hex(part.subarray(0, 8))}  ${hex(part.subarray(8))}`.padEnd(49)} |${seen}|\n`
  }).join('')
}

/** What the whole conversation gave, however it was recorded. A ventilator says once which curves it sends when it is asked: that is in both directions together alone. */
function expectAll(read: Read, { driver, values }: Conversation): void {
  expect(read).toMatchObject({ drivers: [driver], values, unreadBytes: 0, frames: { bad: 0 } })
}

describe.each(MODELS)('a recording of %s', (model) => {
  it('is read from one direction and from both, with its driver found and with it given, and frames are counted alike', () => {
    const talked = talk(model)
    const one = decode(bytesOf(fromDevice(talked)))
    const both = decode(bytesOf(talked.pieces))
    expectAll(one, talked)
    expectAll(both, talked)
    expect(talked.values).toBeGreaterThan(3)
    expect(both.frames.good).toBeGreaterThanOrEqual(one.frames.good)
    if (model !== 'evita') expect([one.waveforms, both.waveforms]).toEqual([talked.waveforms, talked.waveforms])
    expect(decode(bytesOf(talked.pieces), talked.driver).frames).toEqual(both.frames)
  })

  it('of the other direction alone says nothing, and calls nothing damaged', () => {
    const talked = talk(model)
    const sent = bytesOf(talked.pieces.filter((piece) => !piece.fromDevice))
    expect(decode(sent, talked.driver)).toMatchObject({ values: 0, waveforms: 0, frames: { good: 0, bad: 0, quarantined: 0 } })
    expect(decode(sent).values).toBe(0)
  })

  it('is read with text and time stamps between frames, and from the middle', () => {
    const talked = talk(model)
    const pieces = fromDevice(talked)
    expectAll(decode(bytesOf(pieces, () => '\r\n-- COM3 opened --\r\n')), talked)
    expectAll(decode(bytesOf(talked.pieces, (piece) => `\n[2026-04-01 ${clock(piece)}] `)), talked)
    const whole = bytesOf(pieces)
    const tail = decode(whole.subarray(Math.floor(whole.length * 0.4)))
    expect(tail.drivers.length === 0 ? talked.driver : tail.drivers[0]).toBe(talked.driver)
    expect(tail.frames.bad).toBeLessThanOrEqual(1)
  })

  it('is read from logs that hold it in hexadecimal', () => {
    const talked = talk(model)
    const pieces = fromDevice(talked)
    const marked = decode(utf8(talked.pieces.map((piece) => `[2026-04-01 ${clock(piece)}] ${piece.fromDevice ? 'RX' : 'TX'}: ${hex(piece.bytes).toUpperCase()}\r\n`).join('')))
    expectAll(marked, talked)
    const sent = talked.pieces.length - pieces.length
    expect(marked.remarks).toContain(sent > 0 ? `Passed by: ${sent} lines that were sent to the device.` : 'Read as a log: what stands before the bytes of each line is passed by.')
    expectAll(decode(utf8(pieces.map((piece) => `${clock(piece)} ${hex(piece.bytes)}\n`).join(''))), talked)
    for (const style of ['hexdump', 'xxd'] as const) {
      const read = decode(utf8(`# recorded at bed 3\n${dump(bytesOf(pieces), style)}`))
      expectAll(read, talked)
      expect(read.remarks).toContain('Passed by: 1 lines of the log that hold no bytes.')
    }
  })
})

describe('a recording of a network', () => {
  const AT = Date.UTC(2026, 3, 1)

  it.each([['intellivue-lan', 'udp', pcap], ['intellivue-lan', 'udp', pcapng], ['pds', 'tcp', pcap], ['pds', 'tcp', pcapng], ['blood-gas', 'tcp', pcapng]] as const)('with %s over %s is read as it is', (model, protocol, write) => {
    const talked = talk(model)
    const at = { device: 1, gateway: 1 }
    const packets = talked.pieces.map((piece) => {
      const [from, to] = piece.fromDevice ? [MONITOR, GATEWAY] : [GATEWAY, MONITOR]
      const side = piece.fromDevice ? 'device' : 'gateway'
      const sequence = at[side]
      at[side] += piece.bytes.length
      return { bytes: ethernet(protocol === 'udp' ? udp(from, to, piece.bytes) : tcp(from, to, { sequence }, piece.bytes)), atMs: AT + piece.atMs }
    })
    const read = decode(write(packets), talked.driver)
    expect(read).toMatchObject({ values: talked.values, waveforms: talked.waveforms, frames: { bad: 0 } })
    expect(decode(write(packets)).values).toBe(talked.values)
  })
})

describe('what is no log', () => {
  it.each([
    ['lines that a device itself stamps with the time of day', '07:00:01 SPO2=097 HR=065\r\n'.repeat(20)],
    ['an HL7 message as text', 'MSH|^~\\&|M||||20260401||ORU^R01|1|P|2.6\nOBX|1|NM|147842||80|bpm\nOBX|2|NM|147842||81|bpm\nOBX|3|NM|147842||82|bpm\n'],
    ['JSON', '{"id":"1","at":"2026-04-01T07:00:00Z","readings":[{"mdc":147842,"value":80,"unit":"/min"}]}\n'.repeat(4)],
    ['two bytes a line', '12 34\n'.repeat(10)],
    ['nothing', ''],
  ])('is left as it is: %s', (_, text) => {
    const input = new RecordedInput()
    const heard = [...input.push(utf8(text)), ...input.end()]
    expect(Buffer.concat(heard.flatMap((one) => (one.kind === 'bytes' ? [one.bytes] : []))).toString()).toBe(text)
    expect(input.remarks()).toEqual([])
  })

  it('is told apart however it comes in pieces, and is not held for long', () => {
    const text = utf8('2026-04-01 07:00:00 hello\n2026-04-01 07:00:01 world\n2026-04-01 07:00:02 again\n')
    for (let cut = 1; cut < text.length; cut++) {
      const input = new RecordedInput()
      const heard = [...input.push(text.subarray(0, cut)), ...input.push(text.subarray(cut)), ...input.end()]
      expect(Buffer.concat(heard.flatMap((one) => (one.kind === 'bytes' ? [one.bytes] : []))).toString()).toBe('hello\r\nworld\r\nagain\r\n')
    }
    const endless = new RecordedInput()
    expect(endless.push(utf8('x'.repeat(4_095)))).toEqual([])
    expect(endless.push(utf8('x'))).toHaveLength(1)
  })
})
