/** Message 103: who lies where. Asserted by the monitor, never confirmed. */

import { type Hl7Message, type PatientIdentity, type Segment, type Sender, driverLimits, unescape } from '#driver'

const RECORD_NUMBER = '2301'

/** HL7 2.3.1, 2.7: two quotation marks delete a value. */
function filled(text: string): string | null {
  const trimmed = text.trim().slice(0, driverLimits.jsonTextCharsMax)
  return trimmed === '' || trimmed === '""' ? null : trimmed
}

/**
 * The record number is what somebody typed (OBX 2301). PID-3 is a number of the monitor's own for this admission: it stands
 * in, marked as such, where nothing else tells one patient from the next. Neither number nor name: nobody is admitted.
 */
export function identityOf({ segments, separators }: Hl7Message): PatientIdentity {
  let mrn: string | null = null
  let own: string | null = null
  let name: string | null = null
  for (const segment of segments) {
    if (segment.id === 'PID') {
      own = filled(segment.value(3))
      name = nameOf(segment)
    }
    // The text as it came: HL7 subcomponents mean nothing in it.
    if (segment.id === 'OBX' && segment.component(3, 1).trim() === RECORD_NUMBER) mrn = filled(unescape(segment.field(5), separators))
  }
  const isAdmitted = own !== null && !/^[0-]*$/.test(own)
  return mrn === null && name === null && isAdmitted ? { mrn: `mindray-pds:${own}`, name } : { mrn, name }
}

/** Family name, given name. */
function nameOf(patient: Segment): string | null {
  const parts = [filled(patient.value(5, 1)), filled(patient.value(5, 2))].filter((text) => text !== null)
  return parts.length === 0 ? null : parts.join(', ')
}

/** PV1-3.3 is department & bed & address & port: the first two, as `unit^room^bed`. */
export function senderOf({ segments }: Hl7Message): Sender {
  const visit = segments.find(({ id }) => id === 'PV1')
  const [department, bed] = visit === undefined ? [null, null] : [filled(visit.value(3, 3, 1)), filled(visit.value(3, 3, 2))]
  return { name: null, location: department === null && bed === null ? null : `${department ?? ''}^^${bed ?? ''}` }
}
