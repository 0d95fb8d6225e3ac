/** Who and where, as a message says it: PID, MRG, PV1 and MSH. From a monitor it is asserted, never confirmed. */

import {
  type DriverSettings, type PatientIdentity, type Segment, type Sender, type Separators, type SettingSpec, driverLimits, part, settingOf, unescape,
} from '#driver'

export const AUTHORITY_SETTING: SettingSpec = {
  name: 'authority',
  help: 'Whose patient numbers count: PID-3.4, its name (blanks as _) or its id; in results those without any too. Empty takes type MR, else the first.',
  default: '',
}

/** @throws RangeError when the setting can be no authority. Empty: anybody's numbers count. */
export function authoritySetting(settings: DriverSettings): string {
  const authority = settingOf(settings, AUTHORITY_SETTING)
  if (!/\s/.test(authority) && authority.length <= driverLimits.jsonTextCharsMax) return authority
  throw new RangeError(`authority: "${authority.slice(0, 64)}" has blanks or is too long; write blanks as _`)
}

/** HL7 2.6, 2.5.3: two quotation marks delete a value. */
export const isErased = (text: string): boolean => text.trim() === '""'

const filled = (text: string): string | null => {
  const trimmed = text.trim()
  return trimmed === '' || isErased(trimmed) ? null : trimmed
}

/** MSH-3, else MSH-4 (some monitors leave MSH-3 empty); PV1-3 as `unit^room^bed`, subcomponents as they came. */
export function senderOf(header: Segment, visit: Segment | null): Sender {
  return { name: filled(header.value(3)) ?? filled(header.value(4)), location: visit === null ? null : locationOf(visit, 3) }
}

/**
 * PV1-3, or where the patient was before, PV1-6. Mindray and Comen put unit, bed and address into subcomponents of PV1-3.3:
 * kept whole, because any one of them alone would be the same for several beds.
 */
export function locationOf(visit: Segment, field: 3 | 6): string | null {
  const places = [1, 2, 3].map((n) => filled(visit.component(field, n)) ?? '')
  return places.every((place) => place === '') ? null : places.join('^')
}

/** `authority`: whose numbers count; empty: anybody's. `isMonitor`: a number that names no authority counts too. */
export function identityOf(patient: Segment, separators: Separators, authority = '', isMonitor = false): PatientIdentity | null {
  const mrn = numberOf(patient, 3, { separators, authority }) ?? (isMonitor ? numberOf(patient, 3, { separators, authority: '', isBare: true }) : null)
  const name = nameOf(patient, 5) ?? (looksLikeName(patient) ? nameOf(patient, 4) : null)
  return mrn === null && name === null ? null : { mrn, name }
}

type Numbers = { readonly separators: Separators; readonly authority: string; /** Of nobody who is named. */ readonly isBare?: boolean }

/**
 * The patient's number in a field of data type CX, which has one for each authority that gave one: the medical record number
 * (MR) if one says that it is, else the first. A longer one than any is taken for none.
 */
export function numberOf(segment: Segment, field: number, { separators, authority, isBare = false }: Numbers): string | null {
  const text = (component: string): string => unescape(component, separators).trim()
  const wanted = authority.replaceAll(/\s/g, '_')
  const numbers = segment.repetitions(field).flatMap((repetition) => {
    const id = filled(text(part(part(repetition, separators.component, 1), separators.subcomponent, 1)))
    const by = part(repetition, separators.component, 4)
    const isTheirs = isBare ? by === '' : authority === '' || [1, 2].some((n) => text(part(by, separators.subcomponent, n)).replaceAll(/\s/g, '_') === wanted)
    return id === null || !isTheirs || id.length > driverLimits.jsonTextCharsMax ? [] : [{ id, type: text(part(repetition, separators.component, 5)) }]
  })
  return (numbers.find(({ type }) => type === 'MR') ?? numbers[0])?.id ?? null
}

/** Data type XPN: family name (its first subcomponent), given name. */
function nameOf(patient: Segment, field: 4 | 5): string | null {
  const parts = [filled(patient.value(field, 1)), filled(patient.value(field, 2))].filter((text) => text !== null)
  return parts.length === 0 ? null : parts.join(', ')
}

/** Mindray eGateway puts the name into PID-4, which is for another identifier: letters, no digits, no authority. */
function looksLikeName(patient: Segment): boolean {
  return patient.component(4, 4) === '' && /^[^\d]*\p{L}[^\d]*$/u.test(patient.value(4))
}

/** PID-7 and PID-8. A day of birth has no zone, and a time behind it is cut off. */
export function demographicsOf(patient: Segment): { readonly known: Pick<PatientIdentity, 'bornOn' | 'sex'>; readonly isBroken: boolean } {
  const born = filled(patient.value(7)) ?? ''
  // Monitors send zeros where nobody said it.
  const isSaid = !/^0*$/.test(born)
  const bornOn = isSaid ? dateOf(born) : null
  const sex = SEXES.get(patient.value(8).trim().toUpperCase())
  return { known: { ...(bornOn === null ? {} : { bornOn }), ...(sex === undefined ? {} : { sex }) }, isBroken: isSaid && bornOn === null }
}

/** HL7 table 0001. U (unknown) and N (not applicable) say nothing. */
const SEXES: ReadonlyMap<string, 'F' | 'M' | 'O'> = new Map([['F', 'F'], ['M', 'M'], ['O', 'O'], ['A', 'O']])

/** Null when it is none. */
function dateOf(text: string): string | null {
  const [, year = '', month, day] = /^(\d{4})(?:(\d{2})(?:(\d{2})\d*(?:\.\d+)?(?:[+-]\d{4})?)?)?$/.exec(text) ?? []
  if (year === '' || Number(year) < 1850) return null
  if (month === undefined) return year
  if (Number(month) < 1 || Number(month) > 12) return null
  if (day === undefined) return `${year}-${month}`
  const isDay = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() === Number(day) && day !== '00'
  return isDay ? `${year}-${month}-${day}` : null
}
