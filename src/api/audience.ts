/** What each role gets to see. The same cut for the routes and for the socket. */

import type { BedView, DeviceView, Role } from './wire.ts'

/** Whoever mends monitors sees that a patient is there, not who it is. */
export function bedsFor(role: Role, beds: readonly BedView[]): readonly BedView[] {
  if (role !== 'biomed') return beds
  return beds.map((bed) => ({ ...bed, patient: { name: null, mrn: null, identified: bed.patient.identified } }))
}

/** A nurse sees the devices at the beds; those that stand nowhere and unknown senders are the engineer's. */
export function devicesFor(role: Role, devices: readonly DeviceView[]): readonly DeviceView[] {
  return role === 'nurse' ? devices.filter(({ bed }) => bed !== null) : devices
}

/** Whether "this alert is on my screen" counts as delivered: only where somebody watches who can go to the bed. */
export const countsAsDelivered = (role: Role): boolean => role === 'nurse'
