/** Small byte tools that codecs and drivers share. Pure. */

export const EMPTY_BYTES: Uint8Array = new Uint8Array(0)

const UTF8 = new TextEncoder()
export const utf8 = (text: string): Uint8Array => UTF8.encode(text)

const ASCII_LENIENT = new TextDecoder('latin1')
/** Each byte as the character of the same number, as far as windows-1252 lets it: for ASCII protocols, never for names. */
export const latin1 = (bytes: Uint8Array): string => ASCII_LENIENT.decode(bytes)

/** The same text in memory of its own, for what is kept long: V8 makes of a piece of 13 characters or more a view that keeps the whole text it was cut from. */
export const ownText = (text: string): string => ` ${text}`.slice(1)

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
