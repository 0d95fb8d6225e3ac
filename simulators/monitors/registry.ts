/** The hospital's registry on the wire: soon after the ward begins it admits everybody who has a bed, one a second. */

import { hashOf } from '../patients/random.ts'
import { createRegistry, type Person } from './hl7-adt.ts'
import { mllpWire } from './mllp.ts'
import { personOf, serialModel } from './models.ts'
import type { BedPlan, RegistryPlan } from './plan.ts'
import type { Wire, WireEvents } from './wire.ts'

/** MSH-3 of what it sends. */
export const REGISTRY_SENDER = 'REGISTRY'

export type RegistryStation = {
  readonly wire: Wire
  /** Once a second of the ward; `at`: what its clock shows, in ms since 1970. */
  readonly tick: (second: number, at: number) => void
}

/** Monitors are on before somebody types in who lies there. */
const FIRST_AT_S = 20

export function createRegistryStation({ host, port }: RegistryPlan, beds: readonly BedPlan[], events: WireEvents): RegistryStation {
  const registry = createRegistry({ habit: 'modern', lateMs: 3_000 })
  const wire = mllpWire({ host, port, name: 'registry' }, events)
  const people = beds.flatMap(({ bed, patient, transport }) => {
    const isAtBed = transport.kind !== 'serial' || serialModel(transport.model ?? 'radical-7').place === 'bedside'
    const person = isAtBed ? personOf(patient) : null
    return person === null ? [] : [{ bed, person: registeredOf(person) }]
  })
  return {
    wire,
    tick(second, at) {
      const next = people[second - FIRST_AT_S]
      if (next !== undefined) wire.offer(registry.admit(next.person, { unit: 'WARD', room: '', bed: next.bed }, at))
    },
  }
}

/** What nobody has said of a simulated patient follows from the number. */
function registeredOf({ mrn, family, given }: Pick<Person, 'mrn' | 'family' | 'given'>): Person {
  const seed = hashOf(mrn)
  const born = `${1935 + (seed % 60)}${String(1 + (seed % 12)).padStart(2, '0')}${String(1 + (seed % 28)).padStart(2, '0')}`
  return { mrn, laboratory: `L-${mrn}`, visit: `V-${mrn}`, family, given, born, sex: seed % 2 === 0 ? 'F' : 'M' }
}
