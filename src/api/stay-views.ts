/** The shapes of stay-wire.ts as zod schemas, and what people ask of a stay. */

import { z } from 'zod'
import { OBSERVED_NAMES } from '../domain/confirmed.ts'
import { VARIABLES } from '../domain/metrics.ts'
import { POPULATIONS } from '../domain/population.ts'
import { LIMIT_SIDES, type StayLimit } from '../domain/stay-limit.ts'
import { wallMs } from '../domain/time.ts'
import { apiLimits } from '../limits.ts'
import type { ObservationRequest } from '../pump/stay-hands.ts'
import type { LimitRequest } from './stay-ward.ts'
import type { FrozenView, LimitsView, ObservedView, TakenSet } from './stay-wire.ts'

const at = z.number().describe('Milliseconds since 1970-01-01T00:00:00Z, gateway clock.')
const wall = at.transform(wallMs)

export const reasonText = z.string().trim().min(3).max(200)
/** A limit, or a decision, that was made for a time. */
export const hoursHeld = z.number().positive().max(apiLimits.saidHoursMax)

const consciousness = z.enum(['A', 'C', 'V', 'P', 'U'])
const observedName = z.enum(OBSERVED_NAMES)

const word = z.object({ by: z.string(), at, until: at.exactOptional(), reason: z.string().exactOptional() })
export const saidSchema = z.object({
  population: word.exactOptional(), spo2Scale: word.exactOptional(), onOxygen: word.exactOptional(), consciousness: word.exactOptional(), infectionSuspected: word.exactOptional(),
})

export const stayLimitSchema = z.object({
  variable: z.enum(VARIABLES),
  side: z.enum(LIMIT_SIDES),
  beyond: z.number(),
  delaySeconds: z.number().exactOptional(),
  by: z.string(),
  at: wall,
  reason: z.string(),
  signedBy: z.string().exactOptional().describe('The clinician who answers for it.'),
  until: wall.nullable().describe('When the ward’s limit holds again.'),
}) satisfies z.ZodType<StayLimit>

export const frozenSchema = z.object({
  at: at.describe('To be sent back as takenAt.'),
  values: z.array(z.object({ name: observedName, label: z.string(), device: z.string(), value: z.number(), at, isDoubtful: z.boolean(), isTimeUncertain: z.boolean() })),
  missing: z.array(observedName),
  spo2Scale: z.union([z.literal(1), z.literal(2)]),
  ranges: z.record(observedName, z.object({ low: z.number(), high: z.number(), decimals: z.int(), unit: z.string() })),
}) satisfies z.ZodType<FrozenView>

const takenSet = z.object({
  rr: z.number().exactOptional(), spo2: z.number().exactOptional(), sbp: z.number().exactOptional(), pulse: z.number().exactOptional(), temperature: z.number().exactOptional(),
  onOxygen: z.boolean().exactOptional(), consciousness: consciousness.exactOptional(),
}) satisfies z.ZodType<TakenSet>

export const observedSchema = z.object({
  takenAt: at,
  confirmedAt: at.describe('Names the set within its stay.'),
  by: z.string(),
  values: takenSet,
  total: z.number(),
  min: z.number(),
  max: z.number(),
  complete: z.boolean(),
  missing: z.array(z.string()),
  parts: z.record(z.string(), z.number()),
  corrected: z.array(z.object({ name: z.string(), from: z.number().nullable(), to: z.number() })),
  takeBackUntil: at,
}) satisfies z.ZodType<ObservedView>

export const limitsSchema = z.object({
  population: z.enum(POPULATIONS),
  ward: z.object({ name: z.string(), setBy: z.string(), signedBy: z.object({ name: z.string(), at: z.string() }).nullable() }),
  limits: z.array(z.object({
    variable: z.enum(VARIABLES), side: z.enum(LIMIT_SIDES), unit: z.string(),
    ward: z.object({ beyond: z.number(), priority: z.enum(['high', 'medium', 'low']), delaySeconds: z.number() }).nullable(),
    isDraft: z.boolean().describe('It does not act: nobody signed it.'),
    stay: stayLimitSchema.nullable(),
    from: z.number(), to: z.number(), signedBelow: z.number().nullable(),
  })),
  proposals: z.array(z.object({
    variable: z.enum(VARIABLES), side: z.enum(LIMIT_SIDES), beyond: z.number(), now: z.number().nullable(),
    widens: z.boolean().describe('It would let more pass than the limit in force.'), median: z.number(), values: z.int(),
  })),
}) satisfies z.ZodType<LimitsView>

// ── What people ask ──────────────────────────────────────────────────────────────────────────────────────────────────

const taken = z.strictObject({
  value: z.number(),
  at: wall.describe('When it was measured.'),
  frozen: z.number().nullable().exactOptional().describe('What stood there before it was corrected; null: nothing.'),
})

export const observationSchema = z.strictObject({
  takenAt: wall.describe('`at` of the freeze.'),
  values: z.strictObject({ rr: taken.exactOptional(), spo2: taken.exactOptional(), sbp: taken.exactOptional(), pulse: taken.exactOptional(), temperature: taken.exactOptional() }),
  onOxygen: z.boolean().exactOptional(),
  consciousness: consciousness.exactOptional(),
}) satisfies z.ZodType<ObservationRequest>

export const takeBackSchema = z.strictObject({ confirmedAt: at })

export const limitRequestSchema = z.strictObject({
  variable: z.enum(VARIABLES),
  side: z.enum(LIMIT_SIDES),
  beyond: z.number(),
  delaySeconds: z.number().exactOptional(),
  reason: reasonText,
  hours: hoursHeld.nullable().describe('null: until it is changed, or the stay ends.'),
  signedBy: z.string().trim().min(3).max(64).exactOptional().describe('The clinician who answers for it.'),
}) satisfies z.ZodType<LimitRequest>

export const wardLimitSchema = z.strictObject({ variable: z.enum(VARIABLES), side: z.enum(LIMIT_SIDES) })

/** Names of the schemas in the API description. */
export const STAY_SCHEMAS = {
  Frozen: frozenSchema,
  Observed: observedSchema,
  Observation: observationSchema,
  TakeBack: takeBackSchema,
  Limits: limitsSchema,
  LimitRequest: limitRequestSchema,
  WardLimit: wardLimitSchema,
} as const
