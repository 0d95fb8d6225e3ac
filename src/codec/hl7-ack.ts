/** Acknowledgements of HL7 v2 (2.6, chapter 2.9): which one a message asks for, and its bytes. */

import { type Charset, encodeHl7 } from './charset.ts'
import type { Segment } from './hl7.ts'

/** What became of the message: taken; could not be taken now, send it again; will never be taken. */
export type AckResult = 'accept' | 'error' | 'reject'

export type AckCode = 'AA' | 'AE' | 'AR' | 'CA' | 'CE' | 'CR'

const APPLICATION: Readonly<Record<AckResult, AckCode>> = { accept: 'AA', error: 'AE', reject: 'AR' }
const COMMIT: Readonly<Record<AckResult, AckCode>> = { accept: 'CA', error: 'CE', reject: 'CR' }

/** HL7 table 0155. Null: the field is empty or says something else. */
type Condition = 'AL' | 'NE' | 'ER' | 'SU'

function conditionOf(text: string): Condition | null {
  switch (text) {
    case 'AL':
    case 'NE':
    case 'ER':
    case 'SU':
      return text
    default:
      return null
  }
}

function wanted(application: Condition | null, result: AckResult, accept: 'NE' | null): boolean {
  switch (application) {
    case 'AL':
    case null:
      return true
    case 'NE':
      return accept !== 'NE'
    case 'ER':
      return result !== 'accept'
    case 'SU':
      return result === 'accept'
  }
}

/**
 * The one answer that the sender asked for in MSH-15 (accept) and MSH-16 (application), or null for none.
 * - MSH-15 AL, ER or SU: enhanced mode, a commit acknowledgement. It tells all there is to tell, so no application
 *   acknowledgement follows. ER hears of success too: to a sender that hears nothing, stored and lost are the same.
 * - MSH-15 and MSH-16 both NE: never.
 * - else an application acknowledgement, where MSH-16 says ER or SU under that condition.
 */
export function ackCode(header: Segment, result: AckResult): AckCode | null {
  const accept = conditionOf(header.value(15))
  const application = conditionOf(header.value(16))
  switch (accept) {
    case 'AL':
    case 'ER':
      return COMMIT[result]
    case 'SU':
      return result === 'accept' ? COMMIT[result] : null
    case 'NE':
    case null:
      return wanted(application, result, accept) ? APPLICATION[result] : null
  }
}

export type Ack = {
  readonly code: AckCode
  /** MSA-3: a sentence for the sender's engineer; nothing of the message may stand in it. Empty for none. */
  readonly text: string
  /** MSH-7 as it shall stand; empty keeps the answer a function of the message alone. */
  readonly at: string
}

/** Bytes of an answer, without framing; `text` as MSA-3. */
export type AckOf = (code: AckCode, text: string) => Uint8Array

/**
 * An ACK message (without framing): sender and receiver swapped, MSA-2 is the message's MSH-10, separators, version,
 * processing id and charset are the message's own. Its control id is `A` and the message's.
 */
export const ackMessage = (header: Segment, { code, text, at }: Ack, charset: Charset): Uint8Array => ackOf(header, at, charset)(code, text)

/** The same for who does not know yet what to answer: `header` is read now, and what is returned keeps nothing of its message in memory. `at` as in `Ack`. */
export function ackOf(header: Segment, at: string, charset: Charset): AckOf {
  const separator = header.field(1)
  const encoding = header.field(2)
  const [component = '^'] = encoding
  const controlId = header.field(10)
  const trigger = header.component(9, 2)
  const type = trigger === '' ? 'ACK' : `ACK${component}${trigger}${component}ACK`
  const msh = [
    'MSH', encoding, header.field(5), header.field(6), header.field(3), header.field(4), at, '', type, `A${controlId}`,
    header.field(11), header.field(12), '', '', '', '', '', header.field(18),
  ]
  while (msh.at(-1) === '') msh.pop()
  // Joined, and so copies: the fields themselves may be views of the whole text.
  const begin = msh.join(separator)
  const named = ['', controlId].join(separator)
  const separators = [separator, encoding].join('')
  return (code, text) => {
    const id = named === separator && text === '' ? '' : named
    const why = text === '' ? '' : `${separator}${escapeText(text, separators)}`
    return encodeHl7(`${begin}\rMSA${separator}${code}${id}${why}\r`, charset)
  }
}

/** Our own sentences have no separators in them; where a site's separators are letters of them, a space stands instead. */
const escapeText = (text: string, separators: string): string => Array.from(text, (character) => (separators.includes(character) ? ' ' : character)).join('')
