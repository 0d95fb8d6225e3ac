/** The shapes of house-wire.ts as zod schemas, and what people ask of the house. */

import { z } from 'zod'
import { AWAY_REASONS, BED_STATES, GOALS } from '../domain/bed-state.ts'
import { WARD_MODES } from '../domain/ward-mode.ts'
import { houseLimits } from '../limits.ts'
import type { BedMarkView, CommissioningView, GoalView, WardModeView } from './house-wire.ts'

const at = z.number().describe('Milliseconds since 1970-01-01T00:00:00Z, gateway clock.')
const freely = z.string().trim().max(houseLimits.houseWordsCharsMax)
const words = freely.min(3)
const name = z.string().trim().min(3).max(64)
const priority = z.enum(['high', 'medium', 'low'])

export const bedMarkSchema = z.object({
  state: z.enum(BED_STATES).exclude(['occupied']),
  phase: z.enum(['leaving', 'in-force', 'overdue', 'measured']).describe('Rules are suspended while it is in force, and at no other time.'),
  by: z.string(),
  at,
  until: at.exactOptional(),
  reason: z.enum(AWAY_REASONS).exactOptional(),
  words: z.string().exactOptional(),
}) satisfies z.ZodType<BedMarkView>

export const goalSchema = z.object({
  goal: z.enum(GOALS),
  by: z.string(),
  at,
  decidedBy: z.string().describe('The clinician who answers for it.'),
  reason: z.string(),
  reviewHours: z.number(),
  reviewedBy: z.string(),
  reviewDueAt: at,
  quiets: z.boolean().describe('Its prompts are shown, and call nobody: of comfort care, until its review is due.'),
}) satisfies z.ZodType<GoalView>

export const wardModeSchema = z.object({
  mode: z.enum(WARD_MODES),
  isSilent: z.boolean().describe('Nothing sounds, and nobody is called.'),
  since: at,
  by: z.string().nullable(),
  words: z.string(),
  until: at.exactOptional(),
}) satisfies z.ZodType<WardModeView>

const share = z.number().nullable().describe('Of those that ended, over within 15 s.')

export const commissioningSchema = z.object({
  from: at,
  to: at,
  beds: z.int(),
  bedDays: z.number().describe('Days in which something could be looked at, summed over the beds.'),
  alerts: z.int(),
  perBedDay: z.number(),
  shortShare: share,
  rules: z.array(z.object({ condition: z.string(), words: z.string(), priority, alerts: z.int(), perBedDay: z.number(), medianSeconds: z.number().nullable(), shortShare: share })),
  perBed: z.array(z.object({ bed: z.string(), label: z.string(), bedDays: z.number(), alerts: z.int(), perBedDay: z.number(), high: z.int() })),
  perDay: z.array(z.object({ from: at, alerts: z.int(), high: z.int(), medium: z.int(), low: z.int() })),
  offenders: z.array(z.object({ label: z.string(), condition: z.string(), words: z.string(), alerts: z.int() })),
  isCut: z.boolean().describe('More was written than is read at once: the latest is missing.'),
}) satisfies z.ZodType<CommissioningView>

// ── What people ask ──────────────────────────────────────────────────────────────────────────────────────────────────

export const bedStateSchema = z.discriminatedUnion('state', [
  z.strictObject({ state: z.enum(['occupied', 'empty', 'cleaning']) }),
  z.strictObject({
    state: z.literal('away'),
    reason: z.enum(AWAY_REASONS),
    words: freely.default(''),
    minutes: z.number().positive().max(houseLimits.awayMinutesMax).describe('In how many he is to be back.'),
  }),
  z.strictObject({ state: z.literal('maintenance'), words: freely.default(''), minutes: z.number().positive().max(houseLimits.bedMaintenanceMinutesMax) }),
])

export const goalRequestSchema = z.strictObject({
  goal: z.enum(GOALS),
  decidedBy: name.describe('The clinician who answers for it.'),
  reason: words,
  reviewHours: z.number().positive().max(houseLimits.goalReviewHoursMax).describe('It is to be looked at again so often.'),
})

export const modeRequestSchema = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('live'), words: words.describe('With what the administrator signs.') }),
  z.strictObject({ mode: z.literal('maintenance'), words, minutes: z.number().positive().max(houseLimits.wardMaintenanceMinutesMax) }),
  z.strictObject({ mode: z.literal('over') }),
])

export const commissioningQuery = z.object({
  days: z.coerce.number().positive().max(houseLimits.commissioningDaysMax).optional().describe('How far back; left out: since the ward is watched as it is now, or a week.'),
})

/** Names of the schemas in the API description. */
export const HOUSE_SCHEMAS = {
  BedState: bedStateSchema,
  GoalRequest: goalRequestSchema,
  WardModeRequest: modeRequestSchema,
  Commissioning: commissioningSchema,
} as const
