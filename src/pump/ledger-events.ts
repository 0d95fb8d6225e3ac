/** Who said what of who lies where, for the log of what people did. No names and no numbers: those are in the ledger alone. Pure. */

import type { Fact } from '../domain/association.ts'
import type { BedId } from '../domain/ids.ts'
import type { WallMs } from '../domain/time.ts'
import type { StoredEvent } from '../seams.ts'
import type { Bed } from './beds.ts'
import type { AssociationAnswer, AssociationRequest } from './ledger-hands.ts'

type Of = {
  readonly request: AssociationRequest
  readonly by: string
  readonly beds: ReadonlyMap<BedId, Bed>
  readonly fact: (id: number) => Fact | undefined
  readonly at: WallMs
}

/** Nothing of what was refused: it changed nothing. */
export function associationEvents(answer: AssociationAnswer, { request, by, beds, fact, at }: Of): readonly StoredEvent[] {
  if (answer.kind === 'refused') return []
  const body = fact(answer.fact)?.body
  // What was confirmed or taken back says the bed.
  const about = body && 'of' in body ? fact(body.of)?.body : body
  const bed = about && 'bed' in about ? about.bed : null
  const stay = bed === null ? null : (beds.get(bed)?.stay?.id ?? null)
  return [{ at, kind: 'gateway', what: `association ${request.what} fact ${answer.fact} by ${by}`, subject: { bed, stay, device: null } }]
}
