/** What may be said of an alert, and in which letters. Pure. */

import type { Alert, Priority } from '../../domain/alert.ts'
import { bedText } from '../../domain/bed-state.ts'

/** IEC 60601-1-8 practice at the bedside: three stars for high, two for medium, one for low. */
export const MARKS: Readonly<Record<Priority, string>> = { high: '***', medium: '**', low: '*' }

/** What a monitor says, and what a frame that was not believed holds, is quoted in these: it may be anybody's. */
const QUOTES = /^(monitor\/|technical\/quarantine$)/

/** Whether the alert is about the gateway or its surroundings alone, so that its text cannot tell of a patient. */
export const isImpersonal = ({ bed, stay, type, condition }: Alert): boolean => bed === null && stay === null && type === 'technical' && !QUOTES.test(condition)

export type Telling = {
  readonly place: string | null
  /** What the screens call the ward. */
  readonly ward: string
  /** Whether this way may carry what the alert says of a patient. */
  readonly patientData: boolean
}

/** `Bed 7: SpO₂ 84 % below 90`; where nothing of a patient may be said, `Bed 7: open Vigil`. */
export function textOf(alert: Alert, { place, ward, patientData }: Telling): string {
  const about = place === null ? ward : bedText(place)
  return patientData || isImpersonal(alert) ? `${about}: ${alert.text}` : `${about}: open Vigil`
}

/** Signs of ours that have no decomposition. */
const PLAIN: ReadonlyMap<string, string> = new Map([['≥', '>='], ['≤', '<='], ['°', ''], ['–', '-'], ['—', '-'], ['…', '...'], ['’', "'"], ['‘', "'"], ['“', '"'], ['”', '"'], ['ß', 'ss'], ['µ', 'u'], ['×', 'x']])

/** Printable ASCII, for lines of seven bits: accents go, `₂` is 2, what has no likeness is `?`, line breaks are spaces. */
export function asciiOf(text: string, charactersMax: number): string {
  let out = ''
  for (const character of text) {
    const plain = PLAIN.get(character) ?? character.normalize('NFKD').replaceAll(/\p{M}/gu, '')
    out += plain.replaceAll(/[^\x20-\x7e]/gu, (other) => (/\s/u.test(other) ? ' ' : '?'))
    if (out.length >= charactersMax) return out.slice(0, charactersMax)
  }
  return out
}
