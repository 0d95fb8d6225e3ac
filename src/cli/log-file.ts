/**
 * Logs of a line as programs write them for people, which `vigil decode` reads: a line for each piece of bytes, in hexadecimal
 * or as text, after a time stamp, an offset or a direction.
 *
 *     [2026-04-01 07:00:00.123] RX: C0 11 01 03          00000000  c0 11 01 03  |....|
 *     07:00:00.123 SPO2=097 HR=072                       00000000: c011 0103    ....
 */

import { latin1, utf8 } from '../codec/bytes.ts'
import { LineFramer } from '../codec/line.ts'
import { toolLimits } from '../limits.ts'

/** What one line holds. `isSent`: it went to the device. */
export type LoggedLine = { readonly how: 'hex' | 'text'; readonly isSent: boolean; readonly bytes: Uint8Array }

const STAMP = /^\[?(?:(?:\d{4}-\d\d-\d\d[ T])?\d\d:\d\d:\d\d(?:[.,:]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?|\d{1,10}\.\d{3,9})\]?[,;:]?(?:\s+|$)/
const PORT = /^(?:\/dev\/)?(?:COM|tty)\w+:?\s+/i
const DIRECTION = /^\[?(?:(rx|recv|received|read|in|<+-?|<=)|(tx|sent|send|write|written|out|-?>+|=>))\]?(?:\s*[([]?\d+(?:\s*bytes?)?[)\]]?)?(?::\s*|\s+|$)/i
const OFFSET = /^(?:0x)?[0-9a-f]{4,16}(?::\s*|\s{2,})(?=[0-9a-f]{2})/i
/** Dumps with offsets have so many bytes in a line; what stands after them is the same as text. */
const DUMPED_BYTES = 16
/** Without anything before them fewer than these may be words. */
const BARE_BYTES_MIN = 4

/** Null: neither bytes in hexadecimal, nor text after a stamp or a direction. */
export function readLogLine(line: string): LoggedLine | null {
  const stamp = STAMP.exec(line)?.[0] ?? ''
  const port = stamp === '' ? '' : (PORT.exec(line.slice(stamp.length))?.[0] ?? '')
  const rest = line.slice(stamp.length + port.length)
  const [direction = '', , sent] = DIRECTION.exec(rest) ?? []
  const isSent = sent !== undefined
  const content = rest.slice(direction.length)
  const offset = OFFSET.exec(content)?.[0] ?? ''
  const bytes = hexBytes(content.slice(offset.length), offset === '' ? toolLimits.logLineCharsMax : DUMPED_BYTES)
  const isMarked = stamp !== '' || direction !== ''
  if (bytes !== null && (isMarked || offset !== '' || bytes.length >= BARE_BYTES_MIN)) return { how: 'hex', isSent, bytes }
  // A bare time of day may be what the device itself says.
  return direction !== '' || /[^\d:\s]/.test(stamp) ? { how: 'text', isSent, bytes: utf8(`${content}\r\n`) } : null
}

/** Two spaces part the halves of a dump; more, or a bar, what is there for the eye. */
const HEX = /^ {0,2}(?:0x)?((?:[0-9a-f]{2})+)(?=[\s|,;:-]|$)[,;:-]?/i

function hexBytes(text: string, most: number): Uint8Array | null {
  const bytes: number[] = []
  let rest = text
  for (let found = HEX.exec(rest); found !== null && bytes.length < most; found = HEX.exec(rest)) {
    for (const pair of found[1]?.match(/../g) ?? []) bytes.push(Number.parseInt(pair, 16))
    rest = rest.slice(found[0].length)
  }
  return bytes.length === 0 || (bytes.length < most && !/^(?:\s*$|\s*\||\s{2})/.test(rest)) ? null : Uint8Array.from(bytes.slice(0, most))
}

/** Of the first lines of a recording so many must be those of a log. */
const SHARE = 0.8
const LINES_MIN = 3
/** A line that was opened in the middle of something begins with a few bytes of nothing. */
const NO_TEXT_SHARE = 0.02
const isNoText = (byte: number): boolean => byte > 0x7e || (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d)

/** How the lines are to be read; null: this is no log. `isWhole`: nothing comes after it. 'unclear': more is needed to tell. */
export function logKind(head: Uint8Array, isWhole: boolean): LoggedLine['how'] | null | 'unclear' {
  if (head.filter(isNoText).length > head.length * NO_TEXT_SHARE) return null
  const lines = latin1(head).split(/[\r\n]+/)
  // The last is under way.
  if (!isWhole) lines.pop()
  const filled = lines.filter((line) => line.trim() !== '')
  if (filled.length < LINES_MIN) return isWhole || head.length >= toolLimits.logHeadBytesMax ? null : 'unclear'
  const read = filled.map(readLogLine)
  for (const how of ['hex', 'text'] as const) if (read.filter((line) => line?.how === how).length >= filled.length * SHARE) return how
  return null
}

export class LogReader {
  readonly #how: LoggedLine['how']
  readonly #lines = new LineFramer({ lineBytesMax: toolLimits.logLineCharsMax })
  #unreadable = 0
  #sent = 0

  constructor(how: LoggedLine['how']) {
    this.#how = how
  }

  /** Lines that are none of the log's, and those that were sent to the device: both are passed by. */
  get unreadableLines(): number {
    return this.#unreadable
  }
  get sentLines(): number {
    return this.#sent
  }

  push(bytes: Uint8Array): readonly Uint8Array[] {
    return this.#lines.push(bytes).flatMap((line) => this.#take(line.kind === 'bad' ? null : line.bytes))
  }

  end(): readonly Uint8Array[] {
    return this.#lines.end().flatMap((line) => this.#take(line.kind === 'bad' ? null : line.bytes))
  }

  #take(line: Uint8Array | null): readonly Uint8Array[] {
    const read = line === null ? null : readLogLine(latin1(line))
    if (read === null || read.how !== this.#how) this.#unreadable++
    else if (read.isSent) this.#sent++
    else return [read.bytes]
    return []
  }
}
