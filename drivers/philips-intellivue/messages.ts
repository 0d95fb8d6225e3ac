/** One message, taken apart as far as it can be without knowing the monitor: who says it, and where its values lie. */

import { ACTION } from './codes.ts'

/** A result of a poll: `list` is where its objects lie, up to `end`. */
export type PollResult = {
  readonly kind: 'poll-result'
  readonly pollNumber: number
  /** Counts the results of one extended poll, parts of one result alike; null for a single poll. */
  readonly sequence: number | null
  /** 0 unless the result comes in parts: then which part this is. */
  readonly part: number
  /** Units of 125 µs. */
  readonly relativeTime: number
  /** Where the absolute time lies: eight bytes, often FF. */
  readonly absoluteTime: number
  readonly object: number
  readonly list: number
  readonly end: number
}

export type Message =
  /** `periodTicks`: shortest poll period, in 125 µs. `extensions`: kinds of periodic results granted; 0: none. */
  | { readonly kind: 'accept'; readonly periodTicks: number; readonly extensions: number }
  | { readonly kind: 'refuse' | 'abort' | 'release' | 'released' | 'request' }
  /** Asks to be answered: `invoke`, the object (class, context, handle) and the time go back. */
  | {
      readonly kind: 'created'
      readonly invoke: number
      readonly object: number
      readonly eventTime: number
      readonly attributes: number
      readonly end: number
    }
  | PollResult
  /** Another operation went well: a priority list was set. */
  | { readonly kind: 'result'; readonly invoke: number }
  | { readonly kind: 'error'; readonly invoke: number; readonly code: number }
  /** What a client says to a monitor, or a monitor to everybody. */
  | { readonly kind: 'invoke'; readonly why: string }
  | { readonly kind: 'broken'; readonly why: string }

const OPERATION = { invoke: 1, result: 2, error: 3, linked: 5 } as const
const COMMAND = { event: 0, confirmedEvent: 1, set: 5, action: 7 } as const
const MDS_CREATED = 0x0d06

const broken = (why: string): Message => ({ kind: 'broken', why })

export function readMessage(view: DataView): Message {
  if (view.byteLength < 2) return broken('empty')
  switch (view.getUint8(0)) {
    case 0x0d:
      return { kind: 'request' }
    case 0x0e:
      return readAccept(view)
    case 0x0c:
      return { kind: 'refuse' }
    case 0x19:
      return { kind: 'abort' }
    case 0x09:
      return { kind: 'release' }
    case 0x0a:
      return { kind: 'released' }
    case 0x00:
      return { kind: 'invoke', why: 'a monitor announces itself on the network' }
    case 0xe1:
      return readOperation(view)
    default:
      return broken('a message of an unknown kind')
  }
}

function readOperation(view: DataView): Message {
  if (view.byteLength < 14 || view.getUint16(6) !== view.byteLength - 8) return broken('the lengths within it disagree')
  const operation = view.getUint16(4)
  if (operation === OPERATION.error) return { kind: 'error', invoke: view.getUint16(8), code: view.getUint16(10) }
  const head = operation === OPERATION.linked ? 10 : 8
  if (view.byteLength < head + 6 || view.getUint16(head + 4) !== view.byteLength - head - 6) return broken('the lengths within it disagree')
  const invoke = view.getUint16(head)
  const command = view.getUint16(head + 2)
  if (operation === OPERATION.invoke) return readInvoke(view, invoke, command)
  if (operation !== OPERATION.result && operation !== OPERATION.linked) return broken('an operation of an unknown kind')
  if (command !== COMMAND.action) return { kind: 'result', invoke }
  return readActionResult(view, head + 6, operation === OPERATION.linked ? view.getUint16(8) : 0)
}

function readInvoke(view: DataView, invoke: number, command: number): Message {
  if (command === COMMAND.action) return { kind: 'invoke', why: 'a poll by the other side' }
  if (command === COMMAND.set) return { kind: 'invoke', why: 'a priority list set by the other side' }
  if (command !== COMMAND.event && command !== COMMAND.confirmedEvent) return { kind: 'invoke', why: 'an operation of the other side' }
  if (view.byteLength < 34) return broken('an event that is too short')
  if (view.getUint16(24) !== MDS_CREATED) return { kind: 'invoke', why: 'an event that is not understood' }
  if (view.getUint16(26) !== view.byteLength - 28) return broken('the lengths within it disagree')
  // The created object (class, context, handle) stands before its attributes.
  return { kind: 'created', invoke, object: 14, eventTime: view.getUint32(20), attributes: 34, end: view.byteLength }
}

function readActionResult(view: DataView, at: number, part: number): Message {
  if (view.byteLength < at + 10) return broken('a result that is too short')
  const action = view.getUint16(at + 6)
  const from = at + 10
  if (view.getUint16(at + 8) !== view.byteLength - from) return broken('the lengths within it disagree')
  const extended = action === ACTION.extendedPoll
  if (!extended && action !== ACTION.poll) return { kind: 'result', invoke: 0 }
  const time = extended ? from + 4 : from + 2
  if (view.byteLength < time + 22) return broken('a result that is too short')
  const end = view.byteLength
  if (view.getUint16(time + 20) !== end - time - 22) return broken('the lengths within it disagree')
  return {
    kind: 'poll-result',
    pollNumber: view.getUint16(from),
    sequence: extended ? view.getUint16(from + 2) : null,
    part,
    relativeTime: view.getUint32(time),
    absoluteTime: time + 4,
    object: view.getUint16(time + 14),
    list: time + 18,
    end,
  }
}

/** Where the user information begins: behind these bytes, or these. */
const USER_DATA = [0xbe, 0x80, 0x28, 0x80] as const
const POLL_PROFILE = 0x0001
const POLL_EXTENSIONS = 0xf001

/**
 * Of the answer only the profile varies that anybody needs: it is looked for by its attribute, for the bytes around it
 * (BER, presentation) differ between models. An answer without one is an answer: the monitor has no extensions then.
 */
function readAccept(view: DataView): Message {
  let at = 0
  while (at + 4 <= view.byteLength && USER_DATA.some((byte, index) => view.getUint8(at + index) !== byte)) at++
  const none: Message = { kind: 'accept', periodTicks: 0, extensions: 0 }
  for (at += 4; at + 32 <= view.byteLength; at++) {
    // Profile attribute: id, length, revision 80000000; period, three sizes, options, and a list of optional packages.
    if (view.getUint16(at) !== POLL_PROFILE || view.getUint32(at + 4) !== 0x8000_0000 || view.getUint16(at + 2) < 24) continue
    return { kind: 'accept', periodTicks: view.getUint32(at + 8), extensions: extensionsAt(view, at + 28) }
  }
  return none
}

function extensionsAt(view: DataView, list: number): number {
  if (list + 4 > view.byteLength) return 0
  const count = view.getUint16(list)
  let at = list + 4
  for (let index = 0; index < count && at + 8 <= view.byteLength; index++) {
    if (view.getUint16(at) === POLL_EXTENSIONS) return view.getUint32(at + 4)
    at += 4 + view.getUint16(at + 2)
  }
  return 0
}
