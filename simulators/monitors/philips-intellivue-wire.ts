/**
 * Bytes of the IntelliVue Data Export protocol as a monitor sends and hears them. Written from the public facts alone, and
 * apart from the gateway's driver, so that one mistake cannot agree with itself.
 */

export type Framing = 'rs232' | 'lan'

/** Grows a message field by field, big-endian. */
export class Writer {
  readonly #bytes: number[] = []

  u8(...values: readonly number[]): this {
    for (const value of values) this.#bytes.push(value & 255)
    return this
  }

  u16(...values: readonly number[]): this {
    for (const value of values) this.#bytes.push((value >> 8) & 255, value & 255)
    return this
  }

  u32(...values: readonly number[]): this {
    for (const value of values) this.u16(Math.floor(value / 65_536) & 65_535, value & 65_535)
    return this
  }

  add(other: Writer): this {
    for (const byte of other.#bytes) this.#bytes.push(byte)
    return this
  }

  hex(text: string): this {
    for (const pair of text.split(/\s+/)) this.#bytes.push(parseInt(pair, 16))
    return this
  }

  /** {count, length} and the items. */
  list(items: readonly Writer[]): this {
    this.u16(items.length, items.reduce((sum, item) => sum + item.length, 0))
    for (const item of items) this.add(item)
    return this
  }

  get length(): number {
    return this.#bytes.length
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.#bytes)
  }
}

export const put = (): Writer => new Writer()

/** An attribute: id, length, value. */
export const attribute = (id: number, value: Writer): Writer => put().u16(id, value.length).add(value)

/** UTF-16 with its length in bytes in front and a NUL behind. */
export function text(words: string): Writer {
  const out = put().u16(words.length * 2 + 2)
  for (let at = 0; at < words.length; at++) out.u16(words.charCodeAt(at))
  return out.u16(0)
}

/** FLOAT with `decimals` digits behind the point; null is "not a number". */
export function float(value: number | null, decimals = 0): Writer {
  if (value === null) return put().u32(0x007fffff)
  const mantissa = Math.round(value * 10 ** decimals)
  return put().u8(-decimals, mantissa >> 16, mantissa >> 8, mantissa)
}

const bcd = (value: number): number => Math.floor(value / 10) * 16 + (value % 10)

/** Eight BCD bytes of a wall clock. */
export function absoluteTime(at: number): Writer {
  const date = new Date(at)
  const year = date.getUTCFullYear()
  const day = [Math.floor(year / 100), year % 100, date.getUTCMonth() + 1, date.getUTCDate()]
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds(), 0]
  return put().u8(...[...day, ...time].map(bcd))
}

export const ABSENT_TIME: Writer = put().u32(0xffffffff, 0xffffffff)

// ── Frames of the serial line ────────────────────────────────────────────────────────────────────────────────────────

/** CRC of X.25, bit by bit, as its definition reads. */
function crc(bytes: readonly number[]): number {
  let register = 0xffff
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const mixed = ((register ^ (byte >> bit)) & 1) === 1
      register >>= 1
      if (mixed) register ^= 0x8408
    }
  }
  return ~register & 0xffff
}

export function toWire(message: Uint8Array, framing: Framing): Uint8Array {
  if (framing === 'lan') return message
  const inner = [0x11, 0x01, message.length >> 8, message.length & 255, ...message]
  const check = crc(inner)
  inner.push(check & 255, check >> 8)
  const stuffed = [0xc0]
  for (const byte of inner) {
    if (byte === 0xc0 || byte === 0xc1 || byte === 0x7d) stuffed.push(0x7d, byte ^ 0x20)
    else stuffed.push(byte)
  }
  stuffed.push(0xc1)
  return new Uint8Array(stuffed)
}

/** Takes messages out of what a client sends. Damaged ones are not for a monitor to answer. */
export function createEar(framing: Framing): (bytes: Uint8Array) => readonly Uint8Array[] {
  let frame: number[] | null = null
  let escaped = false
  return (bytes) => {
    if (framing === 'lan') return [bytes]
    const messages: Uint8Array[] = []
    for (const byte of bytes) {
      if (byte === 0xc0) {
        frame = []
        escaped = false
      } else if (frame !== null && byte === 0xc1) {
        const check = (frame.at(-2) ?? 0) + (frame.at(-1) ?? 0) * 256
        if (frame.length > 6 && crc(frame.slice(0, -2)) === check) messages.push(new Uint8Array(frame.slice(4, -2)))
        frame = null
      } else if (frame !== null && byte === 0x7d) escaped = true
      else if (frame !== null) {
        frame.push(escaped ? byte ^ 0x20 : byte)
        escaped = false
        if (frame.length > 4_096) frame = null
      }
    }
    return messages
  }
}

// ── Association ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** What a client asked for. */
export const EXTENSION_NUMERICS = 0x80000000
export const EXTENSION_WAVES = 0x08000000
export const EXTENSION_ENUMERATIONS = 0x04000000

const RESPONSE_HEADER =
  '31 80 A0 80 80 01 01 00 00 A2 80 A0 03 00 00 01 A5 80 30 80 80 01 00 81 02 51 01 00 00 30 80 80 01 00 81 0C 2A 86 48 CE 14 02 01 ' +
  '00 00 00 02 01 00 00 00 00 61 80 30 80 02 01 01 A0 80 61 80 A1 80 06 0C 2A 86 48 CE 14 02 01 00 00 00 03 01 00 00 A2 03 02 01 00 ' +
  'A3 05 A1 03 02 01 00 BE 80 28 80 02 01 02 81'

/** `extensions` null: a monitor of the first software, which knows no extended poll. */
export function associationResponse(framing: Framing, extensions: number | null): Uint8Array {
  const packages = put().list(extensions === null ? [] : [attribute(0xf001, put().u32(extensions, 0))])
  const mtu = framing === 'lan' ? 0x5b0 : 0x3e4
  const profile = put().u32(0x80000000, framing === 'lan' ? 0x4e2 : 0xc35, mtu, mtu, 0xffffffff, 0x60000000).add(packages)
  const user = put().u32(0x80000000, 0x40000000, 0, 0x00800000, 0x20000000, 0).list([attribute(0x0001, profile)])
  const presentation = put().hex(RESPONSE_HEADER).u8(user.length).add(user).u32(0, 0, 0, 0)
  const session = put().hex('05 08 13 01 00 16 01 02 80 00 14 02 00 02 C1').u8(presentation.length).add(presentation)
  return put().u8(0x0e, session.length).add(session).bytes()
}

export const REFUSE: Uint8Array = put().hex('0C 03 32 01 00').bytes()
export const ABORT: Uint8Array = put()
  .hex('19 2E 11 01 03 C1 29 A0 80 A0 80 30 80 02 01 01 06 02 51 01 00 00 00 00 61 80 30 80 02 01 01 A0 80 64 80 80 01 01')
  .u32(0, 0, 0)
  .bytes()
export const RELEASED: Uint8Array = put().hex('0A 18 C1 16 61 80 30 80 02 01 01 A0 80 63 80 80 01 00 00 00 00 00 00 00 00 00').bytes()

/** What a client's request asks for; null when it has no extensions. The option stands behind the profile's attribute F001. */
export function extensionsAsked(request: Uint8Array): number | null {
  for (let at = 0; at + 8 <= request.length; at++) {
    if (request[at] === 0xf0 && request[at + 1] === 0x01 && request[at + 2] === 0x00 && request[at + 3] === 0x08) {
      return new DataView(request.buffer, request.byteOffset).getUint32(at + 4)
    }
  }
  return null
}

// ── Operations ───────────────────────────────────────────────────────────────────────────────────────────────────────

export type Request =
  | {
      readonly kind: 'poll'
      readonly invoke: number
      readonly number: number
      readonly object: number
      readonly group: number
      /** Null for a single poll. */
      readonly periodMs: number | null
    }
  | { readonly kind: 'set-waves'; readonly invoke: number; readonly labels: readonly number[] }
  | { readonly kind: 'created-answer'; readonly invoke: number }
  | { readonly kind: 'other' }

export function readRequest(message: Uint8Array): Request {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  if (message[0] !== 0xe1 || message.length < 14) return { kind: 'other' }
  const [operation, invoke, command] = [view.getUint16(4), view.getUint16(8), view.getUint16(10)]
  if (operation === 2 && command === 1) return { kind: 'created-answer', invoke }
  if (operation === 1 && command === 5 && message.length > 40 && view.getUint16(30) === 0xf23a) {
    return { kind: 'set-waves', invoke, labels: Array.from({ length: view.getUint16(34) }, (_, index) => view.getUint32(38 + index * 4)) }
  }
  if (operation !== 1 || command !== 7 || message.length < 36) return { kind: 'other' }
  const isExtended = view.getUint16(24) === 0xf13b
  const [number, object, group] = [view.getUint16(28), view.getUint16(32), view.getUint16(34)]
  return { kind: 'poll', invoke, number, object, group, periodMs: isExtended ? view.getUint32(44) / 8 : null }
}

const MDS = (): Writer => put().u16(33, 0, 0)
const operation = (kind: number, body: Writer): Uint8Array => put().hex('E1 00 00 02').u16(kind, body.length).add(body).bytes()

export function createdEvent(invoke: number, ticks: number, attributes: readonly Writer[]): Uint8Array {
  const what = put().add(MDS()).list(attributes)
  const event = put().add(MDS()).u32(ticks).u16(0x0d06, what.length).add(what)
  return operation(1, put().u16(invoke, 1, event.length).add(event))
}

export const setResult = (invoke: number): Uint8Array => operation(2, put().u16(invoke, 5, 10).add(MDS()).u16(0, 0))
export const refusal = (invoke: number, error: number): Uint8Array => operation(3, put().u16(invoke, error, 0))

export type Thing = { readonly context: number; readonly handle: number; readonly attributes: readonly Writer[] }
export type Result = {
  readonly invoke: number
  readonly number: number
  /** Null for a single poll. */
  readonly sequence: number | null
  readonly ticks: number
  readonly object: number
  readonly group: number
  readonly things: readonly Thing[]
}

const thing = ({ handle, attributes }: Thing): Writer => put().u16(handle).list(attributes)

/** A result in as many linked parts as its size asks for; the last is a plain result. */
export function pollResult(result: Result, bytesMax: number): readonly Uint8Array[] {
  const parts: Thing[][] = [[]]
  let size = 0
  for (const one of result.things) {
    const length = thing(one).length + 6
    if (size > 0 && size + length > bytesMax - 60) {
      parts.push([])
      size = 0
    }
    parts.at(-1)?.push(one)
    size += length
  }
  return parts.map((things, index) => part(result, things, { index, count: parts.length }))
}

type Place = { readonly index: number; readonly count: number }

function part({ invoke, number, sequence, ticks, object, group }: Result, things: readonly Thing[], { index, count }: Place): Uint8Array {
  const contexts = [...new Set(things.map(({ context }) => context))].map((context) =>
    put().u16(context).list(things.filter((one) => one.context === context).map(thing)),
  )
  const reply = put().u16(number)
  if (sequence !== null) reply.u16(sequence)
  reply.u32(ticks).add(ABSENT_TIME).u16(1, object, group).list(contexts)
  const action = put().add(MDS()).u16(sequence === null ? 0x0c16 : 0xf13b, reply.length).add(reply)
  const body = put().u16(invoke, 7, action.length).add(action)
  if (index === count - 1) return operation(2, body)
  return operation(5, put().u8(index === 0 ? 1 : 2, index + 1).add(body))
}
