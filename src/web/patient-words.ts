/** Who lies where, in the words of the ward. */

import type { AssociationFact, BedAssociation, GivenView, RegistryLookup } from '../api/wire.ts'
import type { Dispute } from '../domain/association.ts'
import { bedText } from './words.ts'

type Occupant = BedAssociation['occupant']
type Person = AssociationFact['patient']
export type LabelOf = (bed: string) => string

export function standingText(occupant: Occupant): string {
  if (occupant.kind !== 'patient') return occupant.kind === 'empty' ? 'nobody is known to lie here' : 'not identified'
  switch (occupant.standing) {
    case 'confirmed':
      return 'confirmed at the bedside'
    case 'registered':
      return 'from the registry, not confirmed'
    case 'asserted':
      return 'sent by the monitor, not confirmed'
  }
}

/** `Quist, Pelle · 1001`; what is not there is left out. */
export function personText(person: Person): string {
  const parts = [person?.name, person?.mrn].filter((part) => part !== null && part !== undefined && part !== '')
  return parts.length === 0 ? 'somebody whose name your role is not shown' : parts.join(' · ')
}

/** What does not fit together, and what to do. */
export function disputeText(dispute: Dispute, labelOf: LabelOf): string {
  switch (dispute.kind) {
    case 'two-patients':
      return 'The registry has two patients in this bed, so nobody is assumed. Scan the wristband of the one who lies here.'
    case 'registry-has-another':
      return 'The registry has another patient in this bed than the one who was seen here. Scan the wristband again; if it is right, have the registry corrected.'
    case 'registry-has-elsewhere': {
      const where = dispute.elsewhere === null ? 'elsewhere, or discharged' : `in ${bedText(labelOf(dispute.elsewhere))}`
      return `The registry has this patient ${where}. Scan the wristband again; if it is right, have the registry corrected.`
    }
    case 'monitor-names-another':
      return `Monitor ${dispute.device} names another patient. Scan the wristband; if it is right, admit this patient on the monitor anew.`
  }
}

/** What wants a person, in a line: `2 not identified · 1 waits for a second person`. */
export function summaryText(beds: readonly BedAssociation[]): string {
  const count = (isIt: (bed: BedAssociation) => boolean): number => beds.filter(isIt).length
  const unknown = count(({ occupant }) => occupant.kind === 'unidentified')
  const disputed = count(({ disputes }) => disputes.length > 0)
  const waiting = beds.flatMap(({ proposals }) => proposals).length
  const unconfirmed = count(({ occupant }) => occupant.kind === 'patient' && occupant.standing !== 'confirmed')
  const parts = [
    ...(disputed > 0 ? [`${disputed} ${disputed === 1 ? 'does' : 'do'} not fit together`] : []),
    ...(unknown > 0 ? [`${unknown} not identified`] : []),
    ...(waiting > 0 ? [`${waiting} ${waiting === 1 ? 'waits' : 'wait'} for a second person`] : []),
    ...(unconfirmed > 0 ? [`${unconfirmed} not confirmed`] : []),
  ]
  return parts.length === 0 ? 'nothing wants you' : parts.join(' · ')
}

const placeText = (bed: string | null, labelOf: LabelOf): string => (bed === null ? 'no bed of this ward' : bedText(labelOf(bed)))

/** One line of what was said, without who said it. */
export function factText({ kind, bed, patient, source }: AssociationFact, labelOf: LabelOf): string {
  const who = personText(patient)
  const where = placeText(bed, labelOf)
  switch (kind) {
    case 'placed':
      return source === 'scan' ? `${who}: scanned in ${where}` : source === 'hand' ? `${who}: typed for ${where}` : `${who}: in ${where}`
    case 'described':
      return `${who}: details`
    case 'discharged':
      return `${who}: discharged`
    case 'away':
      return `${who}: on leave`
    case 'returned':
      return `${who}: back from leave`
    case 'cancelled':
      return `${who}: what the registry said before is cancelled`
    case 'merged':
      return `${who}: has another number too`
    case 'visit-moved':
      return `${who}: the visit was somebody else’s by mistake`
    case 'asserted':
      return `${who}: named by the monitor`
    case 'unassigned':
      return `Nobody who was said to lie in ${where} does`
    case 'confirmed':
      return 'Confirmed by a second person'
    case 'withdrawn':
      return 'Taken back'
  }
}

export function sourceText({ source, by }: Pick<AssociationFact, 'source' | 'by'>): string {
  switch (source) {
    case 'scan':
    case 'hand':
      return by
    case 'adt':
      return by === 'registry' ? by : `registry (${by})`
    case 'device':
      return `monitor ${by}`
  }
}

/** What the registry says of a wristband. That it says nothing is never said as "there is no such patient". */
export function lookupText(looked: RegistryLookup): string {
  switch (looked.kind) {
    case 'found': {
      const [only] = looked.patients
      if (only === undefined || looked.patients.length > 1 || looked.isMore) return 'The registry has several patients with this number: the number alone is used.'
      const { name, bornOn } = only.identity
      return `${name ?? 'No name in the registry'}${bornOn === undefined ? '' : `, born ${bornOn}`}. Is this the name on the wristband?`
    }
    case 'nobody':
      return 'The registry has no patient with this number: is it the right code on the wristband?'
    case 'refused':
    case 'unknown':
      return 'The registry gives no answer now, so the name is not known. The scan counts all the same.'
  }
}

type Medicine = GivenView['given'][number]

/** `5 mg IV`, `80 mL/h`; empty where nothing is said. */
export function doseText({ dose, route }: Medicine): string {
  const amount = dose === undefined ? '' : `${dose.amount} ${dose.unit}${dose.per === undefined ? '' : `/${dose.per}`}`
  return [amount, route].filter((part) => part !== '').join(' ')
}

/** Why an entry is not simply "given"; empty where it is. */
export function givenText({ status, action }: Medicine): string {
  if (action === 'deleted') return 'taken back'
  switch (status) {
    case 'complete':
      return ''
    case 'partial':
      return 'given in part'
    case 'refused':
      return 'refused'
    case 'not-given':
      return 'not given'
    case 'not-said':
      return 'not said whether given'
  }
}
