/**
 * Whose values are these? Facts about who lay in which bed, each with the time from which it was true and the time when it was
 * learned. What a fact says of the past is folded in at its own time (association-fold.ts), whenever it comes.
 */

import type { BedId, DeviceId } from './ids.ts'
import type { PatientIdentity } from './reading.ts'
import type { WallMs } from './time.ts'

/**
 * Who says it. `scan`: wristband and bed or device were read at the bedside. `hand`: typed, and counts once a second person has
 * confirmed it. `adt`: the hospital's registry. `device`: asserted by a monitor, the weakest (IHE PCIM).
 */
export const FACT_SOURCES = ['scan', 'hand', 'adt', 'device'] as const
export type FactSource = (typeof FACT_SOURCES)[number]

/** What the registry takes back of a patient. */
export type Erased = readonly ('name' | 'bornOn' | 'sex')[]

/** What is said. A `bed` of null: in no bed of this ward. */
export type FactBody =
  | {
      readonly kind: 'placed'
      /** In the words of the registry; `seen`: by somebody who stood there, or typed it. */
      readonly how: 'admitted' | 'transferred' | 'updated' | 'seen'
      readonly patient: PatientIdentity
      readonly visit: string | null
      readonly bed: BedId | null
      /** Where the patient was before, where that is said and is a bed of this ward. */
      readonly prior: BedId | null
      readonly erased?: Erased
    }
  /** Demographics, and nothing of a place. */
  | { readonly kind: 'described'; readonly patient: PatientIdentity; readonly visit: string | null; readonly erased?: Erased }
  | { readonly kind: 'discharged' | 'away'; readonly patient: PatientIdentity; readonly visit: string | null }
  /** Back from leave; a bed of null: the one of before. */
  | { readonly kind: 'returned'; readonly patient: PatientIdentity; readonly visit: string | null; readonly bed: BedId | null }
  /** What was said before was wrong, from its own time on. */
  | {
      readonly kind: 'cancelled'
      readonly what: 'admitted' | 'transferred' | 'discharged'
      readonly patient: PatientIdentity
      readonly visit: string | null
      readonly bed: BedId | null
    }
  /** The number `prior` is, and always was, the patient's. */
  | { readonly kind: 'merged'; readonly patient: PatientIdentity; readonly prior: string }
  /** The visit is, and always was, the patient's. */
  | { readonly kind: 'visit-moved'; readonly patient: PatientIdentity; readonly prior: string; readonly visit: string }
  /** A device names its patient; `bed` is null for one that goes from bed to bed. */
  | { readonly kind: 'asserted'; readonly bed: BedId | null; readonly device: DeviceId | null; readonly patient: PatientIdentity }
  /** None of those who are said to lie there does. */
  | { readonly kind: 'unassigned'; readonly bed: BedId }
  /** Of what was typed: a second person agrees, or somebody takes it back. */
  | { readonly kind: 'confirmed' | 'withdrawn'; readonly of: number }

export type Fact = {
  /** Grows with learning. */
  readonly id: number
  /** When it was learned, on the gateway's clock. */
  readonly learnedAt: WallMs
  /** From when it is true: never later than it was learned, but for what is planned. */
  readonly effectiveAt: WallMs
  readonly source: FactSource
  /** User, sender or device. */
  readonly by: string
  readonly body: FactBody
}

/** How well it is known who lies there (IHE PCIM: confirmed; the registry's word; asserted by a device). */
export type Standing = 'confirmed' | 'registered' | 'asserted'

/** Who lies in a bed. `key`: one patient, whatever numbers he had; it means something within one ledger alone. */
export type Occupant =
  | { readonly kind: 'patient'; readonly key: string; readonly standing: Standing }
  /** `disputed`: the registry puts several patients there; nobody is guessed. */
  | { readonly kind: 'unassigned'; readonly why: 'nobody' | 'disputed' }

/** From one change to the next; `to` is Infinity for what lasts, `from` -Infinity where nothing is known of before. */
export type Segment = { readonly from: number; readonly to: number; readonly occupant: Occupant }

/** What a new fact changed of a bed, in time that may lie back. */
export type OccupancyChange = { readonly bed: BedId; readonly from: number; readonly to: number }

/** What does not fit together, now. No names: it is shown to the whole ward. */
export type Dispute =
  /** The registry puts several patients into one bed. */
  | { readonly kind: 'two-patients'; readonly bed: BedId }
  /** Somebody at the bedside said who lies here, and the registry has another patient in this bed. */
  | { readonly kind: 'registry-has-another'; readonly bed: BedId }
  /** Somebody at the bedside said that this patient lies here, and the registry has him elsewhere, or gone. */
  | { readonly kind: 'registry-has-elsewhere'; readonly bed: BedId; readonly elsewhere: BedId | null }
  /** The monitor names another patient than registry or bedside. */
  | { readonly kind: 'monitor-names-another'; readonly bed: BedId; readonly device: DeviceId }

export const isNamed = (identity: PatientIdentity | null): identity is PatientIdentity => identity !== null && (identity.mrn !== null || identity.name !== null)

/** Whether it moves or names somebody in particular; `null` for those that are about other facts or a bed. */
export function personOf(body: FactBody): PatientIdentity | null {
  switch (body.kind) {
    case 'placed':
    case 'described':
    case 'discharged':
    case 'away':
    case 'returned':
    case 'cancelled':
    case 'merged':
    case 'visit-moved':
    case 'asserted':
      return body.patient
    case 'unassigned':
    case 'confirmed':
    case 'withdrawn':
      return null
  }
}

/** Names as people write them: case, marks and separators say nothing. */
function wordsOf(name: string): string {
  const plain = name.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
  return plain.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '').toSorted().join(' ')
}

/** By record number where both have one, else by name. What cannot be compared is another patient: nobody is guessed. */
export function isSamePerson(one: PatientIdentity, other: PatientIdentity): boolean {
  if (one.mrn !== null && other.mrn !== null) return one.mrn === other.mrn
  return one.name !== null && other.name !== null && wordsOf(one.name) === wordsOf(other.name)
}
