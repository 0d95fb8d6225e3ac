/** Shapes of who lies where, as zod schemas (see views.ts). */

import { z } from 'zod'
import { FACT_SOURCES } from '../domain/association.ts'
import { bedId, deviceId, isId } from '../domain/ids.ts'
import { READING_FLAGS } from '../domain/reading.ts'
import { wallMs } from '../domain/time.ts'
import { associationLimits } from '../limits.ts'
import type { AssociationDone, AssociationFact, AssociationsView, BedAssociation, BedAssociationFacts, GivenView, RegistryLookup } from './wire.ts'

const at = z.number().describe('Milliseconds since 1970-01-01T00:00:00Z, gateway clock.')
const idText = z.string().refine(isId, 'must be 1 to 64 letters, digits and ._:@/-')
const identity = z.object({
  mrn: z.string().nullable().describe('Record number; null also where it is not shown to your role.'),
  name: z.string().nullable(),
  bornOn: z.string().exactOptional().describe('YYYY-MM-DD, or less of it.'),
  sex: z.enum(['F', 'M', 'O']).exactOptional(),
})
const bedText = idText.transform(bedId)

const disputeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('two-patients'), bed: bedText }).describe('The registry puts several patients into one bed.'),
  z.object({ kind: z.literal('registry-has-another'), bed: bedText }).describe('The registry has another patient here than the one who was seen here.'),
  z.object({ kind: z.literal('registry-has-elsewhere'), bed: bedText, elsewhere: bedText.nullable() }).describe('The registry has this patient elsewhere, or gone.'),
  z.object({ kind: z.literal('monitor-names-another'), bed: bedText, device: idText.transform(deviceId) }),
])

const bedFields = {
  bed: z.string(),
  label: z.string(),
  stay: z.string().nullable(),
  occupant: z.union([
    z.object({
      kind: z.literal('patient'),
      patient: identity,
      standing: z.enum(['confirmed', 'registered', 'asserted']).describe('Seen at the bedside; said by the registry; sent by a monitor alone.'),
      since: at.nullable().describe('null: nothing is known of before.'),
    }),
    z.object({ kind: z.enum(['unidentified', 'empty']).describe('unidentified: watched, and nobody knows who it is.') }),
  ]),
  disputes: z.array(disputeSchema),
  proposals: z.array(z.object({ fact: z.int(), patient: identity, by: z.string(), at })).describe('Typed, and waiting for a second person.'),
}

const bedAssociationSchema = z.object(bedFields) satisfies z.ZodType<BedAssociation>

const associationsSchema = z.object({ hasRegistry: z.boolean(), beds: z.array(bedAssociationSchema) }) satisfies z.ZodType<AssociationsView>

const FACT_KINDS = ['placed', 'described', 'discharged', 'away', 'returned', 'cancelled', 'merged', 'visit-moved', 'asserted', 'unassigned', 'confirmed', 'withdrawn'] as const

const factSchema = z.object({
  id: z.int(),
  learnedAt: at.describe('When it was learned.'),
  effectiveAt: at.describe('From when it is true.'),
  source: z.enum(FACT_SOURCES),
  by: z.string().describe('User, sender or device.'),
  kind: z.enum(FACT_KINDS),
  patient: identity.nullable(),
  bed: z.string().nullable(),
}) satisfies z.ZodType<AssociationFact>

const bedFactsSchema = z.object({ ...bedFields, facts: z.array(factSchema).describe('The newest first.') }) satisfies z.ZodType<BedAssociationFacts>

const doneSchema = z.object({ kind: z.enum(['done', 'proposed']), fact: z.int() }) satisfies z.ZodType<AssociationDone>

const lookupSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('found'), patients: z.array(z.object({ identity, location: z.string().nullable() })), isMore: z.boolean() }),
  z.object({ kind: z.literal('nobody') }),
  z.object({ kind: z.enum(['refused', 'unknown']), why: z.string() }).describe('Nothing is known of the number: this never means that there is no such patient.'),
]) satisfies z.ZodType<RegistryLookup>

const wall = at.transform(wallMs)
const givenSchema = z.object({
  given: z.array(
    z.object({
      at: at.describe('When it was learned.'),
      id: z.string(),
      code: z.string(),
      system: z.string(),
      name: z.string(),
      dose: z.object({ amount: z.number(), unit: z.string(), per: z.string().exactOptional() }).exactOptional(),
      route: z.string(),
      from: wall.nullable().describe('On the sender’s clock.'),
      until: wall.nullable(),
      status: z.enum(['complete', 'partial', 'refused', 'not-given', 'not-said']),
      action: z.enum(['added', 'updated', 'deleted']).describe('deleted: what was said before is taken back.'),
      flags: z.array(z.enum(READING_FLAGS)),
    }),
  ),
  isCut: z.boolean().describe('There are more: the oldest are left out.'),
}) satisfies z.ZodType<GivenView>

/** A number as it stands on a wristband, and what is known besides. */
const text = z.string().max(associationLimits.identityCharsMax)
const person = { mrn: text.describe('The number on the wristband.'), name: text.exactOptional(), bornOn: z.string().regex(/^\d{4}(-\d\d){0,2}$/).exactOptional(), sex: z.enum(['F', 'M', 'O']).exactOptional() }

/** A code that was scanned may be anything: what is unknown is refused with a sentence. */
const scanned = z.string().min(1).max(associationLimits.identityCharsMax)

export const scanSchema = z
  .strictObject({ ...person, bed: scanned.exactOptional(), device: scanned.exactOptional().describe('Says the bed that it stands at.') })
  .refine(({ bed, device }) => bed !== undefined || device !== undefined, 'needs a bed or a device')
export const typedSchema = z.strictObject({ ...person, bed: scanned })
export const lookupRequestSchema = z.strictObject({ number: z.string().min(1).max(associationLimits.identityCharsMax) })

/** Names of these schemas in the API description. */
export const ASSOCIATION_SCHEMAS = {
  Associations: associationsSchema,
  BedAssociation: bedFactsSchema,
  AssociationDone: doneSchema,
  RegistryLookup: lookupSchema,
  Given: givenSchema,
  Scan: scanSchema,
  Typed: typedSchema,
  RegistryQuestion: lookupRequestSchema,
} as const
