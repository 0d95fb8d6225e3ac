/**
 * What the alarm manager says of an alert that it took: IHE PCD-05 (Report Alert Status), ORA^R41. The profile text was not
 * at hand: which fields carry the status rests on memory and wants a check against the alarm manager that is bought. So a
 * status is believed only as one of the profile's own words, standing alone in a value, of an alert that we sent. Pure.
 */

import type { Hl7Message, Segment } from '../../codec/hl7.ts'
import type { FarWord } from './way.ts'

/** The words of the profile, folded; those of a call that goes on (callback begun and ended) say nothing of delivery. */
const STEPS: ReadonlyMap<string, FarWord['step']> = new Map([
  ['received', 'sent'],
  ['delivered', 'delivered'],
  ['displayed', 'displayed'],
  ['read', 'displayed'],
  ['accepted', 'accepted'],
  ['acceptedpositive', 'accepted'],
  ['undeliverable', 'failed'],
  ['rejected', 'failed'],
  ['cancelled', 'failed'],
  ['cancelledbyother', 'failed'],
])

/** MSA-1 of an answer. */
export type Verdict = { readonly kind: 'accepted' | 'error' | 'rejected'; readonly code: string; readonly text: string }
const VERDICTS: ReadonlyMap<string, Verdict['kind']> = new Map([
  ['AA', 'accepted'], ['CA', 'accepted'], ['AE', 'error'], ['CE', 'error'], ['AR', 'rejected'], ['CR', 'rejected'],
])

/** Of a message that answers one of ours: MSA-2, and what it says. Null when it answers nothing that is known. */
export function verdictOf({ segments }: Hl7Message): { readonly of: string; readonly verdict: Verdict } | null {
  const msa = segments.find(({ id }) => id === 'MSA')
  const code = msa?.value(1).trim().toUpperCase() ?? ''
  const kind = VERDICTS.get(code)
  if (msa === undefined || kind === undefined) return null
  return { of: msa.value(2).trim(), verdict: { kind, code, text: msa.value(3).slice(0, NOTE_CHARS_MAX) } }
}

const NOTE_CHARS_MAX = 80

export type AlertStatus = { readonly ids: readonly string[]; readonly step: FarWord['step']; readonly word: string; readonly by: string | null }

export const isStatusReport = ({ header }: Hl7Message): boolean => header.component(9, 1) === 'ORA' && header.component(9, 2) === 'R41'

/** `ids`: what the report calls the alert, the likeliest first. One a group that begins with OBR. */
export function statusesOf({ segments }: Hl7Message): readonly AlertStatus[] {
  const statuses: AlertStatus[] = []
  let ids: readonly string[] = []
  let by: string | null = null
  for (const segment of segments) {
    if (segment.id === 'OBR') {
      ids = [segment.value(29, 2), segment.value(29, 1), segment.value(3), segment.value(2)].filter((id) => id !== '')
      by = null
    } else if (segment.id === 'PRT') by = personOf(segment) ?? by
    else if (segment.id === 'OBX') {
      const word = [segment.value(5), segment.value(5, 2)].find((text) => STEPS.has(folded(text)))
      const step = word === undefined ? undefined : STEPS.get(folded(word))
      if (word !== undefined && step !== undefined && ids.length > 0) statuses.push({ ids, step, word: word.trim(), by })
    }
  }
  return statuses
}

const folded = (text: string): string => text.trim().toLowerCase().replaceAll(/[\s_-]/gu, '')

/** PRT-5, a person: name where there is one, else the id. */
function personOf(segment: Segment): string | null {
  const name = [segment.value(5, 3), segment.value(5, 2)].filter((word) => word !== '').join(' ')
  const text = name === '' ? segment.value(5) : name
  return text === '' ? null : text.slice(0, NOTE_CHARS_MAX)
}
