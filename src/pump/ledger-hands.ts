/** What people say of who lies where, and what they are shown of it. Pure. */

import type { Dispute, Fact, FactSource, Occupant } from '../domain/association.ts'
import { personOf } from '../domain/association.ts'
import { type BedId, type DeviceId, type StayId, bedId, deviceId, isId } from '../domain/ids.ts'
import type { PatientIdentity } from '../domain/reading.ts'
import type { WallMs } from '../domain/time.ts'
import { associationLimits } from '../limits.ts'
import type { Bed } from './beds.ts'
import type { Associations, Word } from './ledger.ts'
import type { Now } from './watch.ts'

/** What a person at the bedside or at the console asks for. Ids as they were read: they need not exist. */
export type AssociationRequest =
  /** Wristband and bed were scanned; or the wristband and a device, which says the bed. Counts at once, and more than the registry. */
  | { readonly what: 'scan'; readonly patient: PatientIdentity; readonly bed?: string; readonly device?: string }
  /** Typed: a proposal, until another person confirms it. */
  | { readonly what: 'type'; readonly patient: PatientIdentity; readonly bed: string }
  | { readonly what: 'confirm' | 'withdraw'; readonly fact: number }
  /** None of those who are said to lie there does: the bed goes on as not identified. */
  | { readonly what: 'unassign'; readonly bed: string }

export const REFUSALS = ['unknown-bed', 'unknown-device', 'device-at-no-bed', 'device-at-another-bed', 'no-number', 'no-such-proposal', 'same-person', 'too-many'] as const
export type Refusal = (typeof REFUSALS)[number]

export type AssociationAnswer =
  | { readonly kind: 'done'; readonly fact: number }
  /** It waits for a second person. */
  | { readonly kind: 'proposed'; readonly fact: number }
  | { readonly kind: 'refused'; readonly why: Refusal }

/** One bed, as a person is shown whose it is and why. */
export type AssociationView = {
  readonly bed: BedId
  readonly stay: StayId | null
  /** `since`: null where nothing is known of before. `unidentified`: watched, and nobody knows who it is. */
  readonly occupant:
    | { readonly kind: 'patient'; readonly patient: PatientIdentity; readonly standing: 'confirmed' | 'registered' | 'asserted'; readonly since: WallMs | null }
    | { readonly kind: 'unidentified' | 'empty' }
  readonly disputes: readonly Dispute[]
  readonly proposals: readonly { readonly fact: number; readonly patient: PatientIdentity; readonly by: string; readonly at: WallMs }[]
  /** What was said of this bed, or of who lies there: the newest first. */
  readonly facts: readonly FactView[]
}

export type FactView = {
  readonly id: number
  readonly learnedAt: WallMs
  readonly effectiveAt: WallMs
  readonly source: FactSource
  readonly by: string
  /** `placed`, `discharged`, `cancelled` and so on, as in the ledger. */
  readonly kind: Fact['body']['kind']
  readonly patient: PatientIdentity | null
  readonly bed: BedId | null
}

type Room = { readonly isBed: (bed: BedId) => boolean; /** undefined: no such device. */ readonly bedOf: (device: DeviceId) => BedId | null | undefined }

/** The word that a request is, or why it is none. */
export function wordOf(request: AssociationRequest, by: string, of: { readonly associations: Associations; readonly room: Room; readonly now: Now }): Word | Refusal {
  const { associations: { ledger }, room, now } = of
  const base = { by, effectiveAt: now.wall }
  switch (request.what) {
    case 'scan':
    case 'type': {
      const bed = request.what === 'scan' ? scannedBed(request, room) : knownBed(request.bed, room)
      if (typeof bed !== 'object') return bed
      const patient = checked(request.patient)
      if (patient === null) return 'no-number'
      if (request.what === 'type' && ledger.proposals(bed.id).length >= associationLimits.proposalsPerBedMax) return 'too-many'
      return { ...base, source: request.what === 'scan' ? 'scan' : 'hand', body: { kind: 'placed', how: 'seen', patient, visit: null, bed: bed.id, prior: null } }
    }
    case 'confirm':
    case 'withdraw': {
      const fact = ledger.fact(request.fact)
      const isOpen = fact?.body.kind === 'placed' && fact.body.bed !== null && ledger.proposals(fact.body.bed).some(({ id }) => id === request.fact)
      if (!fact || !isOpen) return 'no-such-proposal'
      if (request.what === 'confirm' && fact.by === by) return 'same-person'
      return { ...base, source: 'hand', body: { kind: request.what === 'confirm' ? 'confirmed' : 'withdrawn', of: request.fact } }
    }
    case 'unassign': {
      const bed = knownBed(request.bed, room)
      return typeof bed === 'object' ? { ...base, source: 'hand', body: { kind: 'unassigned', bed: bed.id } } : bed
    }
  }
}

function knownBed(text: string, { isBed }: Room): { readonly id: BedId } | Refusal {
  return isId(text) && isBed(bedId(text)) ? { id: bedId(text) } : 'unknown-bed'
}

function scannedBed({ bed, device }: { readonly bed?: string; readonly device?: string }, room: Room): { readonly id: BedId } | Refusal {
  if (device === undefined) return bed === undefined ? 'unknown-bed' : knownBed(bed, room)
  const at = isId(device) ? room.bedOf(deviceId(device)) : undefined
  if (at === undefined) return 'unknown-device'
  if (at === null) return 'device-at-no-bed'
  return bed === undefined || bed === at ? { id: at } : 'device-at-another-bed'
}

/** A wristband holds a number: a name alone is nobody in particular. */
function checked({ mrn, name, ...rest }: PatientIdentity): PatientIdentity | null {
  const number = mrn?.trim() ?? ''
  if (number === '' || number.length > associationLimits.identityCharsMax) return null
  return { ...rest, mrn: number, name: name === null || name.trim() === '' ? null : name.trim().slice(0, associationLimits.identityCharsMax) }
}

const FACTS_SHOWN_MAX = 50

/** Without the facts, which take a look at all that is known. */
export function associationHead(associations: Associations, { bed: place, now }: { readonly bed: Bed; readonly now: Now }): Omit<AssociationView, 'facts'> {
  const { id: bed } = place
  const stay = place.stay?.id ?? null
  return {
    bed,
    stay,
    occupant: occupantView(associations, { occupant: associations.occupantOf(bed, now), bed, stay, now }),
    disputes: associations.disputes(place, now),
    proposals: associations.ledger.proposals(bed).flatMap(({ id, by, learnedAt, body }) => (body.kind === 'placed' ? [{ fact: id, patient: body.patient, by, at: learnedAt }] : [])),
  }
}

export function associationView(associations: Associations, of: { readonly bed: Bed; readonly now: Now }): AssociationView {
  const { ledger } = associations
  const { id: bed } = of.bed
  const occupant = associations.occupantOf(bed, of.now)
  const key = occupant.kind === 'patient' ? occupant.key : null
  const isShown = (fact: Fact): boolean => {
    const person = personOf(fact.body)
    return ('bed' in fact.body && fact.body.bed === bed) || (person !== null && key !== null && ledger.keyOf(person) === key)
  }
  return {
    ...associationHead(associations, of),
    facts: [...ledger.facts()].filter(isShown).toSorted((a, b) => b.id - a.id).slice(0, FACTS_SHOWN_MAX).map(factView),
  }
}

const factView = ({ id, learnedAt, effectiveAt, source, by, body }: Fact): FactView => ({
  id, learnedAt, effectiveAt, source, by, kind: body.kind, patient: personOf(body), bed: 'bed' in body ? body.bed : null,
})

type Occupied = { readonly occupant: Occupant; readonly bed: BedId; readonly stay: StayId | null; readonly now: Now }

function occupantView(associations: Associations, { occupant, bed, stay, now }: Occupied): AssociationView['occupant'] {
  if (occupant.kind === 'unassigned') return { kind: stay === null ? 'empty' : 'unidentified' }
  return { kind: 'patient', patient: associations.ledger.identityOf(occupant.key) ?? { mrn: null, name: null }, standing: occupant.standing, since: associations.sinceOf(bed, now) }
}
