/** What each role gets to see. The same cut for the routes and for the socket. */

import type { AssociationFact, BedAssociation, BedAssociationFacts, BedView, DeviceView, Role } from './wire.ts'

/** Whoever mends monitors sees that a patient is there, not who it is. */
export function bedsFor(role: Role, beds: readonly BedView[]): readonly BedView[] {
  if (role !== 'biomed') return beds
  return beds.map((bed) => ({ ...bed, patient: { name: null, mrn: null, identified: bed.patient.identified } }))
}

/** Nobody. */
const NAMELESS = { mrn: null, name: null } as const

/** Whoever mends monitors confirms a typed number by the wristband: that number alone is shown, and no name. */
export function associationFor<Some extends BedAssociation>(role: Role, bed: Some): Some {
  if (role !== 'biomed') return bed
  const { occupant, proposals } = bed
  return {
    ...bed,
    occupant: occupant.kind === 'patient' ? { ...occupant, patient: NAMELESS } : occupant,
    proposals: proposals.map((one) => ({ ...one, patient: { mrn: one.patient.mrn, name: null } })),
  }
}

export function associationFactsFor(role: Role, bed: BedAssociationFacts): BedAssociationFacts {
  if (role !== 'biomed') return bed
  const facts = bed.facts.map((fact): AssociationFact => ({ ...fact, patient: fact.patient === null ? null : NAMELESS }))
  return { ...associationFor(role, bed), facts }
}

/** A nurse sees the devices at the beds; those that stand nowhere and unknown senders are the engineer's. */
export function devicesFor(role: Role, devices: readonly DeviceView[]): readonly DeviceView[] {
  return role === 'nurse' || role === 'station' ? devices.filter(({ bed }) => bed !== null) : devices
}

/** Whether "this alert is on my screen" counts as delivered: only where somebody watches who can go to the bed. */
export const countsAsDelivered = (role: Role): boolean => role === 'nurse' || role === 'station'
