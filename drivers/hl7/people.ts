/** Who and where, as a message says it: PID, PV1 and MSH. Asserted by the device, never confirmed. */

import type { PatientIdentity, Segment, Sender } from '#driver'

/** HL7 2.6, 2.5.3: two quotation marks delete a value. */
const filled = (text: string): string | null => {
  const trimmed = text.trim()
  return trimmed === '' || trimmed === '""' ? null : trimmed
}

/** MSH-3, else MSH-4 (some monitors leave MSH-3 empty); PV1-3 as `unit^room^bed`, subcomponents as they came. */
export function senderOf(header: Segment, visit: Segment | null): Sender {
  return { name: filled(header.value(3)) ?? filled(header.value(4)), location: visit === null ? null : locationOf(visit) }
}

/**
 * Mindray and Comen put unit, bed and address into subcomponents of PV1-3.3: kept whole, because any one of them alone
 * would be the same for several beds.
 */
function locationOf(visit: Segment): string | null {
  const places = [1, 2, 3].map((n) => filled(visit.component(3, n)) ?? '')
  return places.every((place) => place === '') ? null : places.join('^')
}

export function identityOf(patient: Segment): PatientIdentity | null {
  const mrn = filled(patient.value(3))
  const name = nameOf(patient, 5) ?? (looksLikeName(patient) ? nameOf(patient, 4) : null)
  return mrn === null && name === null ? null : { mrn, name }
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
