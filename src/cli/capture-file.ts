/**
 * What `vigil driver capture` writes and `vigil decode` and `driver try` read: text that a person can read, cut down and mend.
 *
 *     # vigil capture 1
 *     # port /dev/ttyUSB0 9600 8N1
 *     # begun 2026-04-01T07:00:00.000Z
 *     0.000 < 30 33 2f 31 37  |03/17|
 *     + < 0d  |.|
 *     1.250 > 05  |.|
 *
 * Seconds since the beginning, `<` from the device or `>` to it, bytes in hexadecimal, and for the eye as text. `+` goes on with the
 * piece of bytes of the line before. Other lines that begin with `#` are remarks. Of a port `udp:…` each piece is one datagram.
 */

import { concat, latin1, utf8 } from '../codec/bytes.ts'
import { LineFramer } from '../codec/line.ts'
import { type WallMs, isoOf } from '../domain/time.ts'
import { toolLimits } from '../limits.ts'

const TITLE = '# vigil capture 1'
const BYTES_PER_LINE = 24
/** Each byte as it is written. */
const HEX = Array.from({ length: 256 }, (_, byte) => ` ${byte.toString(16).padStart(2, '0')}`)
const SEEN = Array.from({ length: 256 }, (_, byte) => (byte < 0x20 || byte > 0x7e ? '.' : String.fromCharCode(byte)))

export type Direction = 'from-device' | 'to-device'
export type CapturedPiece = { readonly atMs: number; readonly direction: Direction; readonly bytes: Uint8Array }

/** The first lines of a file. `port`: as it was named, with the settings of its line. */
export const captureHead = (port: string, begunAt: WallMs): string => `${TITLE}\n${remark(`port ${port}`)}${remark(`begun ${isoOf(begunAt)}`)}`

/** A line for people: what happened to the port. */
export const remark = (text: string): string => `# ${text.replaceAll(/[\r\n]+/g, ' ').slice(0, toolLimits.captureLineCharsMax / 2)}\n`

/** One piece of bytes, `atMs` after the beginning, in as many lines as it takes. */
export function captureLines({ atMs, direction, bytes }: CapturedPiece): string {
  let lines = ''
  for (let from = 0; from < bytes.length; from += BYTES_PER_LINE) {
    let hex = ''
    let seen = ''
    for (let at = from; at < Math.min(from + BYTES_PER_LINE, bytes.length); at++) {
      const byte = bytes[at] ?? 0
      hex += HEX[byte]
      seen += SEEN[byte]
    }
    lines += `${from === 0 ? (atMs / 1_000).toFixed(3) : '+'} ${direction === 'from-device' ? '<' : '>'}${hex}  |${seen}|\n`
  }
  return lines
}

/** Whether a file begins so; of fewer bytes than it takes to tell, whether it may. */
export function isCapture(head: Uint8Array): boolean {
  const title = utf8(TITLE)
  return head.length > 0 && title.subarray(0, head.length).every((byte, index) => head[index] === byte)
}
export const CAPTURE_TITLE_BYTES = TITLE.length

const LINE = /^(\d{1,9}\.\d{3}|\+) ([<>]) ((?:[0-9a-f]{2} ?)+)(?: \|.*)?$/i
const PORT = /^# port udp:/

export class CaptureReader {
  readonly #lines = new LineFramer({ lineBytesMax: toolLimits.captureLineCharsMax })
  #parts: Uint8Array[] = []
  #partsBytes = 0
  #at = 0
  #direction: Direction = 'from-device'
  #isDatagrams = false
  #unreadable = 0

  /** Whether each piece is one datagram. */
  get isDatagrams(): boolean {
    return this.#isDatagrams
  }

  /** Lines that are neither bytes nor a remark. */
  get unreadableLines(): number {
    return this.#unreadable
  }

  push(bytes: Uint8Array): readonly CapturedPiece[] {
    return this.#lines.push(bytes).flatMap((line) => this.#take(line.kind === 'bad' ? null : latin1(line.bytes)))
  }

  end(): readonly CapturedPiece[] {
    return [...this.#lines.end().flatMap((line) => this.#take(line.kind === 'bad' ? null : latin1(line.bytes))), ...this.#flush()]
  }

  #take(line: string | null): readonly CapturedPiece[] {
    if (line?.startsWith('#') === true) {
      if (PORT.test(line)) this.#isDatagrams = true
      return []
    }
    const [, time, arrow, spaced] = (line === null ? null : LINE.exec(line.trimEnd())) ?? []
    if (time === undefined || spaced === undefined) {
      this.#unreadable++
      return this.#flush()
    }
    const direction = arrow === '<' ? 'from-device' : 'to-device'
    const goesOn = time === '+' && direction === this.#direction && this.#partsBytes < toolLimits.jsonLineBytesMax
    const flushed = goesOn ? [] : this.#flush()
    if (time !== '+') this.#at = Math.round(Number(time) * 1_000)
    this.#direction = direction
    const hex = spaced.replaceAll(' ', '')
    const part = Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))
    this.#parts.push(part)
    this.#partsBytes += part.length
    return flushed
  }

  #flush(): readonly CapturedPiece[] {
    if (this.#parts.length === 0) return []
    const piece = { atMs: this.#at, direction: this.#direction, bytes: concat(this.#parts) }
    this.#parts = []
    this.#partsBytes = 0
    return [piece]
  }
}
