/**
 * Reader of one HL7 v2 message (2.1 to 2.8), lazy: the text is decoded once and cut into segments; a field is looked for
 * when it is asked for. Nothing is judged here beyond what can be read.
 */

import { EMPTY_BYTES } from './bytes.ts'
import { type Charset, decodeHl7 } from './charset.ts'

/** Characters that part a message, from MSH-1 and MSH-2; an empty one is not in use. */
export type Separators = {
  readonly field: string
  readonly component: string
  readonly repetition: string
  readonly escape: string
  readonly subcomponent: string
}

/** The n-th part, counted from 1; empty when there are fewer. */
export function part(text: string, separator: string, n: number): string {
  if (separator === '') return n === 1 ? text : ''
  let from = 0
  for (let index = 1; index < n; index++) {
    const at = text.indexOf(separator, from)
    if (at < 0) return ''
    from = at + 1
  }
  const end = text.indexOf(separator, from)
  return end < 0 ? (from === 0 ? text : text.slice(from)) : text.slice(from, end)
}

const partsOf = (text: string, separator: string): readonly string[] => (separator === '' ? [text] : text.split(separator))

/**
 * Escape sequences put back: \F\ \S\ \T\ \R\ \E\ \P\, \Xhh…\ (bytes: UTF-8, else Latin-1), \.br\ and \.sp\ (line breaks).
 * Highlighting (\H\ \N\) is dropped. What is no sequence stays as it is.
 */
export function unescape(text: string, separators: Separators): string {
  const { escape } = separators
  if (escape === '' || !text.includes(escape)) return text
  let out = ''
  let from = 0
  for (;;) {
    const open = text.indexOf(escape, from)
    const close = open < 0 ? -1 : text.indexOf(escape, open + 1)
    if (close < 0) return out + text.slice(from)
    const meaning = meaningOf(text.slice(open + 1, close), separators)
    out += text.slice(from, open)
    if (meaning === null) {
      // The closing character may open the next sequence.
      out += text.slice(open, close)
      from = close
    } else {
      out += meaning
      from = close + 1
    }
  }
}

const HEX = /^X((?:[0-9A-Fa-f]{2})+)$/

function meaningOf(sequence: string, separators: Separators): string | null {
  switch (sequence) {
    case 'F':
      return separators.field
    case 'S':
      return separators.component
    case 'T':
      return separators.subcomponent
    case 'R':
      return separators.repetition
    case 'E':
      return separators.escape
    case 'P':
      return '#'
    case 'H':
    case 'N':
      return ''
    case '.br':
    case '.sp':
      return '\n'
  }
  const hex = HEX.exec(sequence)?.[1]
  if (hex === undefined) return null
  const bytes = Uint8Array.from({ length: hex.length / 2 }, (_, index) => Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16))
  // `\X00E0\` is how some senders write U+00E0: the zero byte says nothing.
  return decodeHl7(bytes).text.replaceAll('\0', '')
}

/** So many fields of a segment are found in one pass, as many as are read of OBX; those behind are looked for one by one. */
const FIELDS_INDEXED = 18

/** Where the fields of one segment begin. Segments are read one after the other, so those of a message share one. */
class FieldIndex {
  readonly starts = new Int32Array(FIELDS_INDEXED + 1)
  /** Fields found; the start after the last one is one behind the segment's end. */
  count = 0
  segment: Segment | null = null
  readonly #text: string
  readonly #bytes: Uint8Array | null
  readonly #separator: number

  /** `bytes`: where each byte is the character at its place, as in all messages without accents; looking through them is several times faster. */
  constructor(text: string, bytes: Uint8Array, separator: string) {
    this.#text = text
    this.#bytes = bytes.length === text.length ? bytes : null
    this.#separator = separator.charCodeAt(0)
  }

  find(segment: Segment): void {
    this.starts[0] = segment.start
    this.count = this.#bytes === null ? this.#findInText(this.#text, segment) : this.#findInBytes(this.#bytes, segment)
    this.segment = segment
  }

  #findInBytes(bytes: Uint8Array, { start, end }: Segment): number {
    const { starts } = this
    const separator = this.#separator
    let count = 1
    for (let at = start; at < end; at++) {
      if (bytes[at] !== separator) continue
      starts[count] = at + 1
      if (count === FIELDS_INDEXED) return count
      count++
    }
    starts[count] = end + 1
    return count
  }

  #findInText(text: string, { start, end }: Segment): number {
    const { starts } = this
    const separator = this.#separator
    let count = 1
    for (let at = start; at < end; at++) {
      if (text.charCodeAt(at) !== separator) continue
      starts[count] = at + 1
      if (count === FIELDS_INDEXED) return count
      count++
    }
    starts[count] = end + 1
    return count
  }
}

type Span = { readonly start: number; readonly end: number }
/** What the segments of one message have in common. */
type Shared = { readonly separators: Separators; readonly index: FieldIndex }

/** Most lines are values: for those one constant, which costs no memory and is told from others at once. */
const idAt = (text: string, start: number): string => (text.startsWith('OBX', start) ? 'OBX' : text.slice(start, start + 3))

/** One line of a message. */
export class Segment {
  /** `OBX`; empty when the line does not begin as a segment must. */
  readonly id: string
  /** Where the line begins and ends in the text. */
  readonly start: number
  readonly end: number
  readonly #text: string
  readonly #separators: Separators
  readonly #index: FieldIndex
  /** MSH-1 is the separator itself, so that all fields of MSH stand one place further left. */
  readonly #shift: 0 | 1

  constructor(text: string, { start, end }: Span, { separators, index }: Shared) {
    this.#text = text
    this.start = start
    this.end = end
    this.#separators = separators
    this.#index = index
    this.id = end === start + 3 || text[start + 3] === separators.field ? idAt(text, start) : ''
    this.#shift = this.id === 'MSH' ? 1 : 0
  }

  /** The whole line, as it came. */
  get raw(): string {
    return this.#text.slice(this.start, this.end)
  }

  /** Field n as it came, repetitions and escapes in it; empty when there is none. Field 0 is the segment id. */
  field(n: number): string {
    if (n === 1 && this.#shift === 1) return this.#separators.field
    const place = n === 0 ? 0 : n - this.#shift
    if (place >= FIELDS_INDEXED) return part(this.raw, this.#separators.field, place + 1)
    const { starts, count } = this.#indexed()
    return place < count ? this.#text.slice(starts[place], (starts[place + 1] ?? 0) - 1) : ''
  }

  /** Whether field n is empty or not there: cheaper than looking at it. */
  isEmpty(n: number): boolean {
    const place = n - this.#shift
    if (place >= FIELDS_INDEXED || place <= 0) return this.field(n) === ''
    const { starts, count } = this.#indexed()
    return place >= count || (starts[place + 1] ?? 0) - 1 === starts[place]
  }

  #indexed(): FieldIndex {
    if (this.#index.segment !== this) this.#index.find(this)
    return this.#index
  }

  /** Every repetition of field n as it came; one empty string when the field is empty. */
  repetitions(n: number): readonly string[] {
    return partsOf(this.field(n), this.#separators.repetition)
  }

  /** A component of the first repetition, its subcomponents and escapes as they came. */
  component(n: number, component: number): string {
    return part(part(this.field(n), this.#separators.repetition, 1), this.#separators.component, component)
  }

  /** Text of a subcomponent of the first repetition, escapes put back; empty when there is none. */
  value(n: number, component = 1, subcomponent = 1): string {
    return unescape(part(this.component(n, component), this.#separators.subcomponent, subcomponent), this.#separators)
  }
}

export type Hl7Message = {
  readonly charset: Charset
  readonly separators: Separators
  readonly header: Segment
  /** All lines that are not empty, the header first. */
  readonly segments: readonly Segment[]
}

export type Hl7Read =
  | { readonly kind: 'message'; readonly message: Hl7Message }
  /** `header` where enough of it could be read to answer the sender. */
  | { readonly kind: 'broken'; readonly why: string; readonly header: Segment | null; readonly charset: Charset }

const SYMBOL = /^[!-/:-@[-`{-~]$/
const ENCODING = /^[!-/:-@[-`{-~]{1,5}$/

const USUAL: Separators = { field: '|', component: '^', repetition: '~', escape: '\\', subcomponent: '&' }

/** Separators from MSH-1 and MSH-2, or a sentence on what is wrong with them. */
function separatorsOf(line: string): Separators | string {
  if (line.startsWith('MSH|^~\\&|')) return USUAL
  const field = line[3] ?? ''
  if (!line.startsWith('MSH')) return 'does not begin with MSH'
  if (!SYMBOL.test(field)) return 'MSH-1 is no separator'
  const encoding = part(line, field, 2)
  if (!ENCODING.test(encoding)) return 'MSH-2 does not name the separators'
  const [component = '', repetition = '', escape = '', subcomponent = ''] = encoding
  if (new Set(encoding).size < encoding.length) return 'MSH-2 names one separator twice'
  return { field, component, repetition, escape, subcomponent }
}

/** What is readable of a header whose MSH-2 is not: enough for MSH-10. */
const PLAIN_SEPARATORS: Omit<Separators, 'field'> = { component: '^', repetition: '~', escape: '', subcomponent: '&' }

/** Control characters drawn as glyphs (U+240x), as messages pasted from documents and screens carry them. */
function withoutGlyphs(text: string): string {
  if (!text.includes('\u240d') || text.includes('\r') || text.includes('\n')) return text
  return text.replaceAll('\u240d', '\r').replaceAll(/[\u240b\u241c]/g, '')
}

/** Reads the content of one frame. */
export function readHl7(content: Uint8Array, bounds: { readonly segmentsMax: number }): Hl7Read {
  if (!mayBegin(content)) return { kind: 'broken', why: 'does not begin with MSH', header: null, charset: 'utf-8' }
  const { text: decoded, charset } = decodeHl7(content)
  const text = withoutGlyphs(decoded)
  const begin = firstVisible(text)
  const line = lineAt(text, begin)
  const separators = separatorsOf(line)
  if (typeof separators === 'string') {
    const field = line[3] ?? ''
    const readable = line.startsWith('MSH') && SYMBOL.test(field)
    const shared = { separators: { ...PLAIN_SEPARATORS, field }, index: new FieldIndex(line, EMPTY_BYTES, field) }
    const header = readable ? new Segment(line, { start: 0, end: line.length }, shared) : null
    return { kind: 'broken', why: separators, header, charset }
  }
  const frame = { separators, index: new FieldIndex(text, content, separators.field) }
  const segments: Segment[] = []
  const end = text.length
  let from = begin
  let cr = text.indexOf('\r', from)
  let lf = text.indexOf('\n', from)
  while (from < end) {
    if (cr >= 0 && cr < from) cr = text.indexOf('\r', from)
    if (lf >= 0 && lf < from) lf = text.indexOf('\n', from)
    const stop = Math.min(cr < 0 ? end : cr, lf < 0 ? end : lf)
    if (stop > from) segments.push(new Segment(text, { start: from, end: stop }, frame))
    if (segments.length > bounds.segmentsMax) {
      return { kind: 'broken', why: `more than ${bounds.segmentsMax} segments`, header: segments[0] ?? null, charset }
    }
    from = stop + 1
  }
  const [header] = segments
  return header === undefined
    ? { kind: 'broken', why: 'does not begin with MSH', header: null, charset }
    : { kind: 'message', message: { charset, separators, header, segments } }
}

/** Bytes of byte order marks (EF BB BF, FF FE) and of the glyph for VT (E2 90 8B), which may stand before a header. */
const LEADING: ReadonlySet<number> = new Set([0xef, 0xbb, 0xbf, 0xff, 0xfe, 0xe2, 0x90, 0x8b])

/** Garbage is told from a message before its text is decoded, which costs far more. */
function mayBegin(content: Uint8Array): boolean {
  let at = 0
  while (at < content.length && ((content[at] ?? 0) <= 0x20 || LEADING.has(content[at] ?? 0))) at++
  return content[at] === 0x4d
}

/** Where the first character is that is neither blank nor control. */
function firstVisible(text: string): number {
  let at = 0
  while (at < text.length && text.charCodeAt(at) <= 0x20) at++
  return at
}

function lineAt(text: string, from: number): string {
  const cr = text.indexOf('\r', from)
  const lf = text.indexOf('\n', from)
  return text.slice(from, Math.min(cr < 0 ? text.length : cr, lf < 0 ? text.length : lf))
}
