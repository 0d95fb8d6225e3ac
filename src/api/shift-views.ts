/** The shapes of shift-wire.ts as zod schemas, and what people say of the shift. */

import { z } from 'zod'
import { bedId, isId } from '../domain/ids.ts'
import { peopleLimits, apiLimits } from '../limits.ts'
import { personName } from '../people/shift.ts'
import type { ShiftSaying } from '../pump/people.ts'
import type { ActorProof, BedNurse, HandoverBed, ShiftView, WardPeopleView } from './shift-wire.ts'

const at = z.number().describe('Milliseconds since 1970-01-01T00:00:00Z, gateway clock.')
const person = z.string().max(200).refine((text) => personName(text) !== null, "must be 1 to 40 letters, digits, spaces and .'_@-").transform((text) => personName(text) ?? text)
const bed = z.string().refine(isId, 'must be the id of a bed').transform(bedId)

export const shiftRequestSchema = z.discriminatedUnion('what', [
  z.strictObject({ what: z.literal('begin'), hours: z.number().positive().max(peopleLimits.shiftHoursMax), keep: z.boolean().describe('Everybody stays where they were.') }),
  z.strictObject({ what: z.literal('assign'), nurse: person, beds: z.array(bed).max(1_000).describe('All beds of this nurse.') }),
  z.strictObject({ what: z.literal('buddy'), nurse: person, buddy: person.nullable() }),
  z.strictObject({ what: z.literal('charge'), nurse: person.nullable() }),
  z.strictObject({ what: z.literal('break'), nurse: person, minutes: z.number().positive().max(peopleLimits.breakMinutesMax) }),
  z.strictObject({ what: z.literal('back'), nurse: person }),
  z.strictObject({ what: z.literal('leave'), nurse: person }),
  z.strictObject({ what: z.literal('undo'), version: z.int().describe('As the shift says it: the newest change is taken back, and no other.') }),
]) satisfies z.ZodType<ShiftSaying>

export const bedNurseSchema = z.object({ assigned: z.string().nullable(), holder: z.string().nullable(), isStale: z.boolean() }) satisfies z.ZodType<BedNurse>
export const wardPeopleSchema = z.object({ isSet: z.boolean(), isOver: z.boolean(), charge: z.string().nullable() }) satisfies z.ZodType<WardPeopleView>

export const handoverBedSchema = z.object({
  nurse: bedNurseSchema.nullable(),
  alerts: z.array(z.object({ text: z.string(), priority: z.enum(['high', 'medium', 'low']), since: at, acknowledged: z.object({ by: z.string(), at }).nullable() })),
  limits: z.array(z.object({ variable: z.string(), side: z.string(), beyond: z.number(), by: z.string(), until: at.nullable() })).describe('Of this stay, in place of the ward’s.'),
  observed: z.object({ at, by: z.string(), news2: z.number(), complete: z.boolean() }).nullable().describe('The newest set of vital signs that was confirmed.'),
}) satisfies z.ZodType<HandoverBed>

const shiftSchema = z.object({
  at,
  shift: z
    .object({
      version: z.int(), startedAt: at, endsAt: at, isOver: z.boolean(),
      isGone: z.boolean().describe('Over for so long that its people are told no more.'),
      by: z.string(), charge: z.string().nullable(),
      nurses: z.array(z.object({ name: z.string(), beds: z.array(z.string()), buddy: z.string().nullable(), onBreak: z.object({ since: at, until: at, isOver: z.boolean() }).nullable() })),
    })
    .nullable(),
  beds: z.array(z.object({
    bed: z.string(), label: z.string(), assigned: z.string().nullable(),
    holder: z.string().nullable().describe('Who is told at once; null: the whole ward.'),
    buddy: z.string().nullable().describe('Who is told next.'),
  })),
  undo: z.int().nullable(),
  times: z.object({ buddySeconds: z.int(), chargeSeconds: z.int(), team: z.object({ name: z.string(), seconds: z.int() }).nullable() }),
  people: z.array(z.object({ name: z.string(), pin: z.boolean(), badge: z.boolean() })).describe('Nurses with an account, and whether they can say who they are at a screen of the ward.'),
}) satisfies z.ZodType<ShiftView>

/** Stands as `actor` in the body of any action. */
export const actorSchema = z.union([
  z.strictObject({ name: z.string().min(1).max(64), pin: z.string().min(1).max(apiLimits.pinDigitsMax * 2) }),
  z.strictObject({ badge: z.string().min(1).max(apiLimits.badgeCharsMax * 2) }),
]) satisfies z.ZodType<ActorProof>

export const SHIFT_SCHEMAS = { Shift: shiftSchema, ShiftRequest: shiftRequestSchema, Actor: actorSchema } as const
