/** What the registry says (HL7 ADT), in the ledger's words: places are beds of this ward, and times are ours. Pure. */

import type { FactBody } from '../domain/association.ts'
import type { PatientFact, PatientIdentity } from '../domain/reading.ts'
import { type WallMs, wallMs } from '../domain/time.ts'
import { associationLimits } from '../limits.ts'
import type { Place } from './places.ts'

export type RegistryWord = { readonly effectiveAt: WallMs; readonly body: FactBody }

const bedOf = (place: Place) => (place.kind === 'bed' ? place.bed : null)

/** A registry whose clock is ahead a little means now; farther ahead it tells of a plan. */
const timeOf = (said: WallMs | null, now: WallMs): WallMs => (said === null || (said > now && said - now <= associationLimits.clockAheadMsMax) ? now : said)

/** Nothing where the message names nobody by number: names are no key of a registry. */
export function registryWords(fact: PatientFact, placeOf: (location: string | null) => Place, now: WallMs): readonly RegistryWord[] {
  const effectiveAt = timeOf(fact.effectiveAt, now)
  const isTimeless = (body: FactBody): boolean => body.kind === 'merged' || body.kind === 'visit-moved'
  return bodiesOf(fact, placeOf).map((body) => ({ effectiveAt: isTimeless(body) ? wallMs(Math.min(effectiveAt, now)) : effectiveAt, body }))
}

function bodiesOf(fact: PatientFact, placeOf: (location: string | null) => Place): readonly FactBody[] {
  if (fact.kind === 'swapped') {
    if (!fact.patients.every(({ patient }) => isNumbered(patient))) return []
    return fact.patients.map(({ patient, visit, location }) => ({
      kind: 'placed', how: 'transferred', patient: bounded(patient), visit, bed: bedOf(placeOf(location)), prior: null,
    }))
  }
  if (!isNumbered(fact.patient)) return []
  const patient = bounded(fact.patient)
  const { visit } = fact
  switch (fact.kind) {
    case 'admitted':
    case 'updated': {
      const place: Place = fact.erased?.includes('location') === true ? { kind: 'elsewhere' } : placeOf(fact.location)
      const erased = (fact.erased ?? []).filter((what) => what === 'name' || what === 'bornOn' || what === 'sex')
      const said = { patient, visit, ...(erased.length === 0 ? {} : { erased }) }
      return [place.kind === 'unsaid' ? { kind: 'described', ...said } : { kind: 'placed', how: fact.kind, bed: bedOf(place), prior: null, ...said }]
    }
    // He was moved, wherever to.
    case 'transferred':
      return [{ kind: 'placed', how: 'transferred', patient, visit, bed: bedOf(placeOf(fact.location)), prior: bedOf(placeOf(fact.prior)) }]
    case 'discharged':
    case 'away':
      return [{ kind: fact.kind, patient, visit }]
    case 'returned':
      return [{ kind: 'returned', patient, visit, bed: bedOf(placeOf(fact.location)) }]
    case 'cancelled':
      return [{ kind: 'cancelled', what: fact.what, patient, visit, bed: bedOf(placeOf(fact.location)) }]
    case 'merged':
      return [{ kind: 'merged', patient, prior: fact.prior }]
    case 'visit-moved':
      return visit === null ? [] : [{ kind: 'visit-moved', patient, prior: fact.prior, visit }]
  }
}

const isNumbered = ({ mrn }: PatientIdentity): boolean => mrn !== null && mrn.length <= associationLimits.identityCharsMax

const bounded = (patient: PatientIdentity): PatientIdentity => ({ ...patient, name: patient.name?.slice(0, associationLimits.identityCharsMax) ?? null })
