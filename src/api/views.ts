/** The shapes of wire.ts as zod schemas: OpenAPI is made from these, and the compiler holds the two together. */

import { z } from 'zod'
import { DELIVERY_STEPS } from '../domain/delivery.ts'
import { alertId, bedId, deviceId, isId, stayId } from '../domain/ids.ts'
import { POPULATIONS } from '../domain/population.ts'
import { wallMs } from '../domain/time.ts'
import { UNWATCHED } from '../domain/watch.ts'
import { apiLimits, watchLimits } from '../limits.ts'
import { ESCALATION_LEVELS } from '../domain/alert.ts'
import { ASSOCIATION_SCHEMAS } from './association-views.ts'
import { bedMarkSchema, goalSchema, HOUSE_SCHEMAS, wardModeSchema } from './house-views.ts'
import { bedNurseSchema, handoverBedSchema, SHIFT_SCHEMAS, wardPeopleSchema } from './shift-views.ts'
import { hoursHeld, observedSchema, reasonText, saidSchema, stayLimitSchema, STAY_SCHEMAS } from './stay-views.ts'
import type { AlertView, BedView, ClientMessage, DeliveryView, DeviceView, GatewayView, HandoverView, ScoreView, SentinelView, SessionView, ServerMessage, StripView, TrendView, ValueView, WaveLine, WayView, You } from './wire.ts'

const idText = z.string().refine(isId, 'must be 1 to 64 letters, digits and ._:@/-')
export const alertIdText = idText.transform(alertId)
export const bedIdText = idText.transform(bedId)
export const stayIdText = idText.transform(stayId)
const deviceIdText = idText.transform(deviceId)
const at = z.number().describe('Milliseconds since 1970-01-01T00:00:00Z, gateway clock.')
const wall = at.transform(wallMs)

export const roleSchema = z.enum(['nurse', 'biomed', 'admin', 'station'])

export const youSchema = z.object({ name: z.string(), role: roleSchema }) satisfies z.ZodType<You>

export const valueSchema = z.object({
  metric: z.string().describe('MDC reference id (IEEE 11073-10101).'),
  key: z.string(),
  label: z.string(),
  unit: z.string().describe('UCUM.'),
  decimals: z.int(),
  value: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('measured'), value: z.number() }),
    z.object({ kind: z.literal('absent'), reason: z.string() }),
  ]),
  at,
  staleAfterMs: z.number(),
  goneAfterMs: z.number(),
  questionable: z.boolean(),
}) satisfies z.ZodType<ValueView>

const scoreSchema = z.object({
  total: z.number(),
  min: z.number(),
  max: z.number(),
  complete: z.boolean(),
  missing: z.array(z.string()),
  parts: z.record(z.string(), z.number()),
  at,
}) satisfies z.ZodType<ScoreView>

export const deviceSchema = z.object({
  id: z.string(),
  driver: z.string(),
  bed: z.string().nullable(),
  link: z.enum(['live', 'silent', 'down', 'never']),
  lastFrameAt: at.nullable(),
  frames: z.object({ good: z.int(), bad: z.int(), skipped: z.int(), quarantined: z.int() }),
  waves: z.object({ channels: z.int(), seconds: z.int() }),
  note: z.string(),
  clock: z.object({
    offsetMs: z.int().describe('How far the device’s clock is ahead of the gateway’s; behind: below 0.'),
    boundMs: z.int().describe('The offset is true within ± so much.'),
    driftMsPerHour: z.int().nullable().describe('null before enough was heard.'),
    epoch: z.int().describe('How often the clock jumped, and one.'),
    lastStep: z.object({ at, byMs: z.number() }).nullable(),
  }).nullable().exactOptional().describe('null before enough was heard.'),
}) satisfies z.ZodType<DeviceView>

const contextFields = {
  population: z.enum(POPULATIONS),
  spo2Scale: z.union([z.literal(1), z.literal(2)]),
  onOxygen: z.boolean().nullable(),
  consciousness: z.enum(['A', 'C', 'V', 'P', 'U']).nullable(),
  infectionSuspected: z.boolean(),
}

/** The way of an alert, in order, as the sentinel tries it. */
const SENTINEL_STAGES = ['link', 'driver', 'rules', 'alert', 'store', 'screen'] as const

/** What a nurse says of a stay; keys left out stay as they are. */
export const contextChangeSchema = z
  .strictObject({
    population: contextFields.population.exactOptional(),
    spo2Scale: contextFields.spo2Scale.exactOptional(),
    onOxygen: contextFields.onOxygen.exactOptional(),
    consciousness: contextFields.consciousness.exactOptional(),
    infectionSuspected: contextFields.infectionSuspected.exactOptional(),
    reason: reasonText.exactOptional(),
    hours: hoursHeld.exactOptional().describe('How long scale 2 holds; left out: until it is changed.'),
  })
  .refine(({ reason: _reason, hours: _hours, ...change }) => Object.keys(change).length > 0, 'names nothing to change')
  .refine(({ spo2Scale, hours }) => hours === undefined || spo2Scale === 2, 'hours are of scale 2 alone: the other facts end when they do')
  .refine(({ spo2Scale, reason }) => spo2Scale !== 2 || reason !== undefined, 'scale 2 is a clinician’s documented decision: its reason is to be said')

export const bedSchema = z.object({
  id: z.string(),
  label: z.string(),
  stay: z.string().nullable(),
  patient: z.object({ name: z.string().nullable(), mrn: z.string().nullable(), identified: z.enum(['confirmed', 'registered', 'asserted', 'none']) }),
  devices: z.array(deviceSchema),
  values: z.array(valueSchema),
  news2: scoreSchema.nullable(),
  pews: scoreSchema.nullable().exactOptional(),
  pending: z
    .array(z.object({ id: z.string(), text: z.string(), priority: z.enum(['high', 'medium', 'low']), onsetAt: at, dueAt: at }))
    .exactOptional()
    .describe('Limits that are violated and wait out their delay: no alerts yet.'),
  observed: observedSchema.nullable().exactOptional(),
  mark: bedMarkSchema.exactOptional(),
  goal: goalSchema.exactOptional(),
  nurse: bedNurseSchema.exactOptional(),
  context: z.object({ ...contextFields, limits: z.array(stayLimitSchema).exactOptional(), said: saidSchema.exactOptional() }),
}) satisfies z.ZodType<BedView>

export const alertSchema = z.object({
  id: alertIdText,
  bed: bedIdText.nullable(),
  stay: stayIdText.nullable(),
  device: deviceIdText.nullable(),
  bedLabel: z.string().nullable(),
  condition: z.string(),
  state: z.enum(['active', 'latched', 'inactive']),
  priority: z.enum(['high', 'medium', 'low']),
  type: z.enum(['physiological', 'technical', 'advisory']),
  text: z.string(),
  because: z.object({
    rule: z.string(),
    version: z.string(),
    inputs: z.array(z.object({ name: z.string(), value: z.union([z.number(), z.string()]), unit: z.string(), at: wall, timeUncertain: z.literal(true).exactOptional() })),
    limit: z.object({ text: z.string(), setBy: z.string() }).nullable(),
    missing: z.array(z.string()),
    sensors: z.array(z.object({ device: deviceIdText, metric: z.string() })).exactOptional(),
  }),
  startedAt: wall,
  changedAt: wall,
  acknowledged: z.object({ by: z.string(), at: wall }).nullable(),
  audioPaused: z.object({ by: z.string(), until: wall }).nullable(),
  escalated: z.array(z.object({ level: z.enum(ESCALATION_LEVELS), to: z.string().nullable().describe('null: the whole ward.'), at: wall })).exactOptional().describe('Who was told since it went unanswered.'),
  unseenHigh: z.literal(true).exactOptional().describe('It is high, or was, and nobody has acknowledged it since.'),
  onsetAt: wall.exactOptional().describe('When the limit was first violated; the alert waited out its delay since then.'),
  bedside: z.object({ how: z.enum(['audio-paused', 'alert-acknowledged']), at: wall, isOver: z.literal(true).exactOptional() }).exactOptional().describe('A monitor\'s own alarm, silenced or acknowledged at the bedside.'),
  inRow: z.object({ of: alertIdText, as: z.enum(['with', 'carried']) }).exactOptional().describe('It stands in the row of another alert: as one that says the same, or as what follows from it.'),
  saved: z.boolean().describe('Whether the last change is on disk.'),
}) satisfies z.ZodType<AlertView>

const okAgoSeconds = z.int().nullable().describe('Since its alert last came all the way; null: it has not yet.')
const sentinelSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('starting'), okAgoSeconds }),
  z.object({ kind: z.literal('ok'), screen: z.enum(['shown', 'none']), okAgoSeconds }),
  z.object({ kind: z.literal('failing'), stage: z.enum(SENTINEL_STAGES), okAgoSeconds }),
]) satisfies z.ZodType<SentinelView>

const waySchema = z.object({
  id: z.string(),
  state: z.enum(['works', 'troubled', 'failing']),
  why: z.string(),
  waiting: z.int(),
  lastSentAt: at.nullable().describe('null: not since the gateway started.'),
}) satisfies z.ZodType<WayView>

export const deliveriesSchema = z.array(
  z.object({
    at,
    way: z.string().describe('`vigil` for what is raised, `screen` for our own pages, else the id of a way out.'),
    step: z.enum(DELIVERY_STEPS),
    address: z.string().describe('The number of a pager; empty where the way has one receiver.'),
    by: z.string().nullable(),
    note: z.string().nullable(),
  }),
) satisfies z.ZodType<readonly DeliveryView[]>

export const gatewaySchema = z.object({
  id: z.string(),
  ward: z.string(),
  mode: z.enum(['demo', 'live']),
  version: z.string(),
  speed: z.number(),
  store: z.discriminatedUnion('kind', [z.object({ kind: z.literal('ok') }), z.object({ kind: z.literal('failing'), why: z.string() })]),
  sentinel: sentinelSchema.exactOptional().describe('Not there where it is off.'),
  ways: z.array(waySchema).exactOptional().describe('Ways out of alerts, beside our own screens.'),
  watching: wardModeSchema.exactOptional().describe('How the ward is watched; left out: live.'),
  people: wardPeopleSchema.exactOptional(),
  sync: z.object({
    kind: z.enum(['off', 'ok', 'behind', 'paused']), lagRows: z.int(), why: z.string(),
    sinks: z.array(z.object({ id: z.string(), kind: z.enum(['off', 'ok', 'behind', 'paused']), lagRows: z.int(), why: z.string() })).optional(),
  }),
}) satisfies z.ZodType<GatewayView>

export const trendSchema = z.object({
  series: z.array(
    z.object({
      metric: z.string(),
      label: z.string(),
      unit: z.string(),
      t: z.array(at),
      v: z.array(z.number().nullable()).describe('null: absent at that time.'),
    }),
  ),
}) satisfies z.ZodType<TrendView>

export const stripSchema = z.object({
  lines: z.array(
    z.object({
      at: at.describe('When the alert became high.'),
      device: z.string(),
      metric: z.string().describe('MDC reference id (IEEE 11073-10101).'),
      channel: z.string(),
      unit: z.string().describe('UCUM.'),
      rateHz: z.number(),
      scale: z.number(),
      offset: z.number().describe('Physical value = sample × scale + offset.'),
      from: at.describe('Of the first sample.'),
      samples: z.array(z.int()),
    }),
  ),
  damaged: z.int().describe('Lines that are damaged on the disk, and left out.'),
  isCut: z.boolean().describe('There are more: the oldest are left out.'),
}) satisfies z.ZodType<StripView>

export const handoverSchema = z.object({
  from: at,
  to: at,
  beds: z.array(
    z.object({
      bed: z.string(),
      label: z.string(),
      watchedSeconds: z.number().describe('While at least one rule of the bed could have spoken.'),
      unwatchedSeconds: z.number(),
      reasons: z.array(z.object({ why: z.enum(UNWATCHED), seconds: z.number() })).describe('The longest first.'),
      rules: z.array(z.object({ rule: z.string(), unwatchedSeconds: z.number() })).describe('Each rule for itself.'),
      told: handoverBedSchema.exactOptional(),
    }),
  ),
  isCut: z.boolean().describe('More was written than is read at once: the latest is missing.'),
}) satisfies z.ZodType<HandoverView>

const waveLineSchema = z.object({
  from: at.describe('Of the first sample.'),
  rateHz: z.number(),
  scale: z.number(),
  offset: z.number().describe('Physical value = sample × scale + offset.'),
  unit: z.string().describe('UCUM.'),
  follows: z.boolean().describe('No gap lies between this line and the one before it.'),
  samples: z.array(z.int()),
}) satisfies z.ZodType<WaveLine>

/** What the gateway says on /ws. */
export const serverMessageSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('snapshot'),
    at,
    you: youSchema,
    gateway: gatewaySchema,
    beds: z.array(bedSchema),
    alerts: z.array(alertSchema),
    devices: z.array(deviceSchema),
    sentinel: alertSchema.exactOptional().describe('The alert of the sentinel bed, while it is open: of no patient.'),
  }),
  z.object({ type: z.literal('beds'), at, beds: z.array(bedSchema) }),
  z.object({ type: z.literal('alerts'), at, alerts: z.array(alertSchema), sentinel: alertSchema.exactOptional() }),
  z.object({ type: z.literal('heartbeat'), at, seq: z.number(), gateway: gatewaySchema, devices: z.array(deviceSchema) }),
  z.object({
    type: z.literal('waves'),
    at,
    bed: z.string(),
    signals: z.array(z.object({ key: z.string(), metric: z.string().describe('MDC reference id (IEEE 11073-10101).'), channel: z.string(), lines: z.array(waveLineSchema) })),
    more: z.int().describe('Signals of this bed that are not among these.'),
  }),
]) satisfies z.ZodType<ServerMessage>

/** What a page says on /ws. */
export const clientMessageSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('displayed'), alerts: z.array(alertIdText).max(apiLimits.displayedAlertsMax) }),
  z.strictObject({ type: z.literal('waves'), bed: bedIdText.nullable() }),
]) satisfies z.ZodType<ClientMessage>

// ── What a page asks ─────────────────────────────────────────────────────────────────────────────────────────────────

export const loginSchema = z.strictObject({ name: z.string().min(1).max(64), password: z.string().min(1).max(apiLimits.passwordCharsMax * 2) })
export const linkSchema = z.strictObject({ token: z.string().min(1).max(64) })
export const pauseSchema = z.strictObject({ seconds: z.int().min(1).max(apiLimits.audioPauseSecondsMax) })
export const nothingSchema = z.strictObject({})
export const alertParams = z.object({ id: alertIdText })
export const wayParams = z.object({ id: idText })
export const sessionParams = z.object({ id: z.string().regex(/^[0-9a-f]{16}$/) })
export const bedParams = z.object({ id: bedIdText })
export const factParams = z.object({ fact: z.string().regex(/^\d{1,15}$/, 'must be the number of a fact').transform(Number) })
export const stayParams = z.object({ id: stayIdText })
export const handoverQuery = z.object({
  hours: z
    .string()
    .regex(/^\d{1,2}$/, 'must be a whole number of hours')
    .default('12')
    .transform(Number)
    .refine((hours) => hours >= 1 && hours <= watchLimits.handoverHoursMax, `must be 1 to ${watchLimits.handoverHoursMax}`),
})

export const trendQuery = z.object({
  hours: z
    .string()
    .regex(/^\d{1,3}(\.\d{1,3})?$/, 'must be a number of hours')
    .default('2')
    .transform(Number)
    .refine((hours) => hours > 0 && hours <= apiLimits.trendHoursMax, `must be more than 0 and at most ${apiLimits.trendHoursMax}`),
})

// ── What it is answered, besides the views ───────────────────────────────────────────────────────────────────────────

export const doneSchema = z.object({ done: z.literal(true) })
export const healthSchema = z.object({
  status: z.enum(['ok', 'failing']),
  message: z.string(),
  mode: z.enum(['demo', 'live']),
  sentinel: z.object({ state: z.enum(['starting', 'ok', 'failing']), stage: z.enum(SENTINEL_STAGES).nullable(), okAgoSeconds }).exactOptional().describe('Whether a synthetic alert comes all the way, tried each minute.'),
  ways: z.object({ configured: z.int(), failing: z.int() }).exactOptional().describe('Ways out of alerts.'),
})
export const failureSchema = z.object({ detail: z.string().describe('A sentence for people.') })

/** Names of the schemas in the API description. */
export const SCHEMAS = {
  You: youSchema,
  Sessions: z.array(z.object({ id: z.string(), ...youSchema.shape, since: at.nullable().describe('null: nobody wrote it down.'), from: z.string().describe('An address; empty: not known.'), isThis: z.boolean() })) satisfies z.ZodType<readonly SessionView[]>,
  Bed: bedSchema,
  Beds: z.array(bedSchema),
  Alert: alertSchema,
  Alerts: z.array(alertSchema),
  Device: deviceSchema,
  Devices: z.array(deviceSchema),
  Trend: trendSchema,
  Strip: stripSchema,
  Deliveries: deliveriesSchema,
  Handover: handoverSchema,
  ...ASSOCIATION_SCHEMAS,
  ...SHIFT_SCHEMAS,
  ...HOUSE_SCHEMAS,
  Login: loginSchema,
  LoginLink: linkSchema,
  Pause: pauseSchema,
  ContextChange: contextChangeSchema,
  ...STAY_SCHEMAS,
  Nothing: nothingSchema,
  Done: doneSchema,
  Health: healthSchema,
  Failure: failureSchema,
  ServerMessage: serverMessageSchema,
  ClientMessage: clientMessageSchema,
} as const
