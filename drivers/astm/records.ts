/** ASTM E1394 (CLSI LIS02), the text: records that end with CR, fields and components between the characters that H-2 names. */

import { decodeHl7 } from '#driver'

export type Fields = {
  readonly type: string
  /** Numbered as in the standard: R-3 is field 3, the record's type is field 1. Empty where there is none. */
  field(number: number): string
  /** The components of a field, the first repeat of it. */
  components(number: number): readonly string[]
}

/** The records of a message, or why it is none. Text is UTF-8 where it can be, else Latin-1. */
export function recordsOf(bytes: Uint8Array): readonly Fields[] | string {
  const { text } = decodeHl7(bytes)
  const [, delimiter = '', repeat = '', component = ''] = text
  const delimiters = [delimiter, repeat, component]
  const areDelimiters = new Set(delimiters).size === 3 && delimiters.every((character) => /^[^\w\s]$/.test(character))
  if (!text.startsWith('H') || !areDelimiters) return 'does not begin with a header that names its delimiters'
  return text
    .split('\r')
    .filter((line) => line !== '')
    .map((line) => {
      const fields = line.split(delimiter)
      const field = (number: number): string => fields[number - 1] ?? ''
      return { type: field(1), field, components: (number) => (field(number).split(repeat)[0] ?? '').split(component) }
    })
}
