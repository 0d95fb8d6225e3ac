/** What is said to a monitor: to associate, to poll, to answer its one question, to part. Nothing else. */

import { ACTION } from './codes.ts'

const u16 = (value: number): number[] => [(value >> 8) & 0xff, value & 0xff]
const u32 = (value: number): number[] => [...u16(value >>> 16), ...u16(value & 0xffff)]
const hex = (text: string): number[] => Array.from(text.replaceAll(' ', '').matchAll(/../g), ([byte]) => Number.parseInt(byte, 16))

/** Session data and presentation header, ISO 8327 and 8823 in BER: the same for every client (Programming Guide, Association Request). */
const SESSION_DATA = hex('05 08 13 01 00 16 01 02 80 00 14 02 00 02')
const PRESENTATION = hex(
  '31 80 A0 80 80 01 01 00 00 A2 80 A0 03 00 00 01 A4 80 30 80 02 01 01 06 04 52 01 00 01 30 80 06 02 51 01 00 00 00 00 30 80 02 01 02' +
    '06 0C 2A 86 48 CE 14 02 01 00 00 00 01 01 30 80 06 0C 2A 86 48 CE 14 02 01 00 00 00 02 01 00 00 00 00 00 00 61 80 30 80 02 01 01' +
    'A0 80 60 80 A1 80 06 0C 2A 86 48 CE 14 02 01 00 00 00 03 01 00 00 BE 80 28 80 06 0C 2A 86 48 CE 14 02 01 00 00 00 01 01 02 01 02 81',
)
const TRAILER = hex('00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00')

/** Kinds of periodic results, in an association request and its answer. */
export const EXTENSION = { numerics: 0x8000_0000, waves: 0x0800_0000, enumerations: 0x0400_0000 } as const
/** Shortest poll period asked for, in 125 µs: 1 s. With it a monitor gives an association up after 10 s of silence. */
const POLL_PERIOD_TICKS = 8_000
/** The largest that the guide lets a client ask for on the LAN, and what monitors agree to on RS-232. */
const MTU_BYTES = { lan: 1_364, rs232: 1_000 } as const

/** One byte up to FE, else FF and two bytes. */
const sessionLength = (bytes: number): number[] => (bytes <= 0xfe ? [bytes] : [0xff, ...u16(bytes)])

export function associationRequest(format: keyof typeof MTU_BYTES): Uint8Array {
  const extensions = (EXTENSION.numerics | EXTENSION.waves | EXTENSION.enumerations) >>> 0
  const packages = [...u16(1), ...u16(12), ...u16(0xf001), ...u16(8), ...u32(extensions), ...u32(0)]
  const profile = [0x8000_0000, POLL_PERIOD_TICKS, MTU_BYTES[format], MTU_BYTES[format], 0xffff_ffff, 0x6000_0000].flatMap(u32)
  const support = [...u16(1), ...u16(profile.length + packages.length), ...profile, ...packages]
  // Versions of protocol and nomenclature, no functional units, a client that starts cold, no options, one profile.
  const user = [0x8000_0000, 0x4000_0000, 0, 0x8000_0000, 0x2000_0000, 0].flatMap(u32).concat(u16(1), u16(support.length), support)
  const presentation = [...PRESENTATION, user.length, ...user, ...TRAILER]
  const session = [...SESSION_DATA, 0xc1, ...sessionLength(presentation.length), ...presentation]
  return Uint8Array.from([0x0d, ...sessionLength(session.length), ...session])
}

const parting = (kind: number, inner: number): Uint8Array =>
  Uint8Array.from([kind, 0x18, 0xc1, 0x16, ...hex('61 80 30 80 02 01 01 A0 80'), inner, ...hex('80 80 01 00 00 00 00 00 00 00 00 00')])
/** Ends an association that the monitor may still believe in. */
export const RELEASE_REQUEST: Uint8Array = parting(0x09, 0x62)
export const RELEASE_RESPONSE: Uint8Array = parting(0x0a, 0x63)

const SESSION = hex('E1 00 00 02')
const MDS = [...u16(33), ...u32(0)]
/** Commands of an operation: an event to be answered, a set to be confirmed, an action. */
const COMMAND = { event: 1, set: 5, action: 7 } as const

function operation(kind: 1 | 2, invoke: number, command: number, argument: readonly number[]): Uint8Array {
  return Uint8Array.from([...SESSION, ...u16(kind), ...u16(argument.length + 6), ...u16(invoke), ...u16(command), ...u16(argument.length), ...argument])
}

/** "I have heard what you are": a monitor that is not told so answers no poll. `object`: six bytes as they came. */
export const createdAnswer = (invoke: number, object: Uint8Array, eventTime: number): Uint8Array =>
  operation(2, invoke, COMMAND.event, [...object, ...u32(eventTime), ...u16(0x0d06), ...u16(0)])

export type Poll = { readonly invoke: number; readonly pollNumber: number; readonly object: number; readonly group: number }

/** One result, once. */
export const singlePoll = ({ invoke, pollNumber, object, group }: Poll): Uint8Array =>
  operation(1, invoke, COMMAND.action, [...MDS, ...u32(0), ...u16(ACTION.poll), ...u16(8), ...u16(pollNumber), ...u16(1), ...u16(object), ...u16(group)])

/** Results again and again, for `periodTicks` × 125 µs. */
export function extendedPoll({ invoke, pollNumber, object, group }: Poll, periodTicks: number): Uint8Array {
  const period = [...u16(1), ...u16(8), ...u16(0xf13e), ...u16(4), ...u32(periodTicks)]
  const body = [...u16(pollNumber), ...u16(1), ...u16(object), ...u16(group), ...period]
  return operation(1, invoke, COMMAND.action, [...MDS, ...u32(0), ...u16(ACTION.extendedPoll), ...u16(body.length), ...body])
}

/** Which waves the monitor exports to us: it sends none that it was not asked for. Changes nothing at the bedside. */
export function setWaves(invoke: number, labels: readonly number[]): Uint8Array {
  const value = [...u16(labels.length), ...u16(labels.length * 4), ...labels.flatMap(u32)]
  const change = [...u16(0), ...u16(0xf23a), ...u16(value.length), ...value]
  return operation(1, invoke, COMMAND.set, [...MDS, ...u32(0), ...u16(1), ...u16(change.length), ...change])
}
