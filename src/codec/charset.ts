/** Text of HL7 messages by MSH-18 (HL7 table 0211), where the real bytes win over what the message says of them. */

import { utf8 } from './bytes.ts'

/** What was used: a WHATWG encoding label. */
export type Charset = 'utf-8' | 'utf-16le' | 'utf-16be' | `iso-8859-${number}` | 'latin1'

const UTF8_STRICT = new TextDecoder('utf-8', { fatal: true })
const LATIN1 = new TextDecoder('latin1')

/** A long header would only be read to find one field in it. */
const HEADER_BYTES_MAX = 4_096

function tryUtf8(bytes: Uint8Array): string | null {
  try {
    return UTF8_STRICT.decode(bytes)
  } catch {
    return null
  }
}

/** The part of ISO 8859 that MSH-18 names, as `8859/15`; null when it names none that we can read. */
function statedPart(bytes: Uint8Array): Charset | null {
  const header = LATIN1.decode(bytes.subarray(0, HEADER_BYTES_MAX)).trimStart().split(/[\r\n]/, 1)[0] ?? ''
  const field = header.split(header[3] ?? '|')[17] ?? ''
  const part = Number(/^(?:ISO ?)?8859[/-](\d{1,2})$/i.exec(field.split(/[~^]/)[0]?.trim() ?? '')?.[1])
  return part >= 2 && part <= 16 && part !== 12 ? `iso-8859-${part}` : null
}

/**
 * UTF-16 shows by its zero bytes. Whatever is valid UTF-8 is read as UTF-8, whatever MSH-18 says: text of another charset
 * that happens to be valid UTF-8 is not seen in the field, while UTF-8 labelled `8859/1`, `ASCII` or nothing is. The rest is
 * the part of ISO 8859 that MSH-18 names, else Latin-1 (windows-1252, which has letters where 8859/1 has control codes).
 */
export function decodeHl7(bytes: Uint8Array): { readonly text: string; readonly charset: Charset } {
  const wide = wideCharset(bytes)
  if (wide !== null) return { text: new TextDecoder(wide).decode(bytes), charset: wide }
  const text = tryUtf8(bytes)
  if (text !== null) return { text, charset: 'utf-8' }
  const part = statedPart(bytes)
  return part === null ? { text: LATIN1.decode(bytes), charset: 'latin1' } : { text: new TextDecoder(part).decode(bytes), charset: part }
}

function wideCharset(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | null {
  const [first, second] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0x4d && second === 0)) return 'utf-16le'
  if ((first === 0xfe && second === 0xff) || (first === 0 && second === 0x4d)) return 'utf-16be'
  return null
}

/** Text in the charset it came in, for an answer in the same; what the charset lacks becomes `?`. */
export function encodeHl7(text: string, charset: Charset): Uint8Array {
  if (charset === 'utf-8') return utf8(text)
  if (charset === 'utf-16le' || charset === 'utf-16be') {
    const bytes = new Uint8Array(text.length * 2)
    const view = new DataView(bytes.buffer)
    for (let at = 0; at < text.length; at++) view.setUint16(at * 2, text.charCodeAt(at), charset === 'utf-16le')
    return bytes
  }
  const bytes = bytesOf(charset)
  return Uint8Array.from(text, (character) => bytes.get(character) ?? 0x3f)
}

/** There are few charsets of one byte, and a sender that has one asks for an answer in it with every message. */
const BYTES = new Map<Charset, ReadonlyMap<string, number>>()

/** The byte of each character. */
function bytesOf(charset: Charset): ReadonlyMap<string, number> {
  const known = BYTES.get(charset)
  if (known !== undefined) return known
  const decoder = new TextDecoder(charset)
  const bytes = new Map<string, number>()
  for (let byte = 255; byte >= 0; byte--) bytes.set(decoder.decode(Uint8Array.of(byte)), byte)
  BYTES.set(charset, bytes)
  return bytes
}
