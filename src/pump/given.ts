/** Medicines given, as events of the log: of the stay whose patient the message names, or of nobody. */

import type { MedicationGiven, PatientIdentity } from '../domain/reading.ts'
import type { WallMs } from '../domain/time.ts'
import type { StoredEvent } from '../seams.ts'
import type { Bed } from './beds.ts'
import type { Device } from './devices.ts'

type Said = { readonly given?: readonly MedicationGiven[]; readonly identity: PatientIdentity | null }

/**
 * By the patient's number; without one only the patient at the sender's own bed is meant (an infusion pump). A number that no stay
 * has, or two have, is nobody's: it is kept, and not guessed.
 */
export function givenEvents({ given = [], identity }: Said, device: Device, { beds, at }: { readonly beds: Iterable<Bed>; readonly at: WallMs }): readonly StoredEvent[] {
  if (given.length === 0) return []
  const held = Array.from(beds).filter(({ stay, id }) => {
    if (stay === null) return false
    return identity === null ? id === device.bed : identity.mrn !== null && stay.identity?.mrn === identity.mrn
  })
  const [bed] = held.length === 1 ? held : []
  const { id = null, stay = null } = bed ?? {}
  // A pump that was offline tells late, and names nobody: what was given before this patient came is not his.
  const isHis = ({ from }: MedicationGiven): boolean => stay !== null && (identity !== null || from === null || from >= stay.openedAt)
  return given.map((one) => ({ at, kind: 'given', given: one, subject: { bed: id, stay: isHis(one) ? (stay?.id ?? null) : null, device: device.id } }))
}
