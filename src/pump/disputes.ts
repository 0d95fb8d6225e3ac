/** What does not fit together about who lies where, as alerts. No names in them: they are shown to the whole ward. Pure. */

import type { Priority } from '../domain/alert.ts'
import type { Dispute } from '../domain/association.ts'
import { bedText } from '../domain/bed-state.ts'
import type { BedId } from '../domain/ids.ts'
import type { MonoMs, WallMs } from '../domain/time.ts'
import { pumpLimits } from '../limits.ts'
import type { Bed } from './beds.ts'
import type { Associations } from './ledger.ts'
import type { Now } from './watch.ts'

export const PATIENT_CONFLICT = 'technical/patient-conflict'
/** Values come, and the patient whose they were is known to be gone. */
export const PATIENT_UNKNOWN = 'technical/patient-unknown'
export const TWO_SENDERS = 'technical/two-senders'

/** Of the gateway. */
export const LEDGER_FULL = 'technical/association-full'

export const BED_CONDITIONS: readonly string[] = [PATIENT_CONFLICT, PATIENT_UNKNOWN, TWO_SENDERS]

export type Said = { readonly priority: Priority; readonly text: string }

type Looked = {
  readonly associations: Associations
  readonly labelOf: (bed: BedId) => string
  readonly heardAt: MonoMs | null
  readonly doubt: string | null
  /** A time of the wall clock, as the ward reads it. */
  readonly clock: (at: WallMs) => string
  readonly now: Now
}

/** What stands of one bed now, by condition. `heardAt`: when one of its devices last sent; `doubt`: two senders claim it. */
export function disputesOf(bed: Bed, of: Looked): ReadonlyMap<string, Said> {
  const { associations, labelOf, heardAt, doubt, clock, now } = of
  const said = new Map<string, Said>()
  const [first] = associations.disputes(bed, now)
  if (first) said.set(PATIENT_CONFLICT, { priority: 'medium', text: textOf(first, bed, labelOf) })
  const isHeard = heardAt !== null && now.at - heardAt < pumpLimits.conditionHoldMs
  if (!first && isHeard && bed.stay?.identity === null && associations.hasLeft(bed.id, now)) {
    const since = associations.sinceOf(bed.id, now)
    said.set(PATIENT_UNKNOWN, { priority: 'medium', text: `${bedText(bed.label)}: its patient was discharged or moved${since === null ? '' : ` at ${clock(since)}`}, still measured and watched: who lies here?` })
  }
  if (doubt !== null) said.set(TWO_SENDERS, { priority: 'medium', text: doubt })
  return said
}

function textOf(dispute: Dispute, { label }: Bed, labelOf: (bed: BedId) => string): string {
  switch (dispute.kind) {
    case 'two-patients':
      return `${bedText(label)}: the registry has two patients here. Nobody is assumed: scan the one who lies here`
    case 'registry-has-another':
      return `${bedText(label)}: the registry has another patient here than the one who was seen here`
    case 'registry-has-elsewhere':
      return `${bedText(label)}: the registry has this patient ${dispute.elsewhere === null ? 'elsewhere or discharged' : `in ${bedText(labelOf(dispute.elsewhere))}`}, and he was seen here`
    case 'monitor-names-another':
      return `${bedText(label)}: monitor ${dispute.device} names another patient than the one who is known to lie here`
  }
}
