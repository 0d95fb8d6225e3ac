/** Shapes that arrive (contract with central §1), strict: what would not be stored is refused, never dropped in silence. */

import { z } from 'zod'
import { centralLimits } from '../../src/limits.ts'

const text = (charactersMax: number) => z.string().min(1).max(charactersMax)
const name = text(200)
/** Beyond these years a time is a fault of the sender, and PostgreSQL's own range is near. */
const EARLIEST_MS = Date.UTC(1900, 0, 1)
const LATEST_MS = Date.UTC(2300, 0, 1)
/** ISO 8601 with a zone, as milliseconds. */
const instant = z.iso
  .datetime({ offset: true })
  .transform(iso => Date.parse(iso))
  .refine(at => at >= EARLIEST_MS && at < LATEST_MS, 'a time between 1900 and 2300')

const key = text(centralLimits.keyCharactersMax)
const revision = z.number().int().min(0).max(2_147_483_647)
/** Some thirty years: what the allow-list of a gateway lets through. */
const GAP_OFFSET_MS_MAX = 1e12
/** What gaps say beside the columns is kept as it came; gaps of another form are kept too, and explain nothing. */
const GapRows = z
  .looseObject({ rule: z.array(name), state: z.array(name), t: z.array(z.number().int().min(-GAP_OFFSET_MS_MAX).max(GAP_OFFSET_MS_MAX)) })
  .refine(({ rule, state, t }) => rule.length === state.length && rule.length === t.length && rule.length <= centralLimits.valuesPerEventMax)
export type GapColumns = { readonly rule: readonly string[]; readonly state: readonly string[]; readonly t: readonly number[] }
const gapsOf = (data: unknown): GapColumns | null => GapRows.safeParse(data).data ?? null

const anyObject = z.record(z.string(), z.unknown())

// ── Batch ────────────────────────────────────────────────────────────────────────────────────────────────────────────

export const BatchShape = z.strictObject({
  batchId: name,
  events: z.array(z.unknown()).min(1),
  metadata: z.looseObject({
    timestamp: instant,
    source: name,
    size: z.number().int().min(0),
    schemaVersion: z.literal(1),
    organizationId: name,
    gatewayId: name,
    lane: z.enum(['live', 'release']),
    method: name,
    keyEpoch: z.union([name, z.number().int()]),
    /** Of the live lane: what is released says nothing of the log that it came from. */
    seqFrom: z.number().int().min(0).optional(),
    seqTo: z.number().int().min(0).optional(),
    /** With this batch nothing of the epoch up to here is left to send. */
    through: z.number().int().min(0).optional(),
    /** With this batch nothing between these two numbers is left to send, though what lies before them may be. */
    ahead: z.tuple([z.number().int().min(0), z.number().int().min(0)]).optional(),
    /** Hex, over JSON.stringify(events). */
    sha256: z.string().regex(/^[0-9a-f]{64}$/, 'a sha256 in lower-case hex').optional(),
  }),
})

// ── Events ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const column = <Item extends z.ZodType>(item: Item) => z.array(item).min(1).max(centralLimits.valuesPerEventMax)
const DAY_MS = 86_400_000
/** Beyond any vital sign; a sum of them in millionths stays a number. */
const VALUE_MAX = 1e12

/** One subject, metric and (by agreement) minute, in columns. */
const VitalSigns = z
  .strictObject({
    metric: name,
    mdc: z.number().int(),
    loinc: text(40).nullable(),
    unit: text(40),
    /** Milliseconds from the event's timestamp. */
    t: column(z.number().int().min(-DAY_MS).max(DAY_MS)),
    v: column(z.number().min(-VALUE_MAX).max(VALUE_MAX).nullable()),
    q: column(z.union([z.number().int(), text(40)])),
  })
  .refine(({ t, v, q }) => t.length === v.length && t.length === q.length, 't, v and q of one length')

const Alert = z.strictObject({
  alertId: name,
  phase: z.enum(['start', 'update', 'escalate', 'deescalate', 'end', 'reset']),
  state: z.enum(['active', 'latched', 'inactive']),
  severity: z.enum(['info', 'warning', 'critical', 'emergency']),
  priority: z.enum(['low', 'medium', 'high']),
  type: z.enum(['physiological', 'technical', 'advisory']),
  rule: name,
  version: name,
  because: anyObject,
})

/** Events by their keys: of nobody any more, or whose they are. `from`, `to` and what else is said of the stretch is kept as it came. */
const Corrections = z
  .looseObject({
    kind: z.enum(['retract', 'reassign']),
    keys: z.array(key).min(1).max(centralLimits.eventsPerBatchMax),
    subject: name.nullish(),
    reason: z.string().max(200).nullish(),
  })
  .refine(({ kind, subject }) => kind === 'retract' || typeof subject === 'string', 'subject, for a reassignment')

/** `supersedes`: the key of the event that this one stands in the place of. */
const envelope = { streamId: name, partitionKey: name, key, revision, timestamp: instant, supersedes: key.nullish() }

const StreamEvent = z.discriminatedUnion('eventType', [
  z.strictObject({ ...envelope, eventType: z.literal('vital-signs'), data: VitalSigns }),
  z.strictObject({ ...envelope, eventType: z.literal('alerts'), data: Alert }),
  z.strictObject({ ...envelope, eventType: z.literal('corrections'), data: Corrections }),
  z.strictObject({ ...envelope, eventType: z.enum(['device-metrics', 'gaps', 'system-metrics', 'lab-results', 'medications']), data: anyObject }),
])

const ClinicalEvent = z.strictObject({
  key,
  revision: revision.default(0),
  patientId: name,
  eventType: z.enum(['visit', 'prescription', 'procedure', 'note']),
  metadata: z.strictObject({ timestamp: instant, provider: name.nullish(), location: name.nullish(), details: z.unknown().optional() }),
  context: z.strictObject({ sessionId: name.nullish(), sourceSystem: name.nullish() }),
})

const UserInteractionEvent = z.strictObject({
  key,
  revision: revision.default(0),
  userId: name,
  action: z.enum(['view', 'edit', 'create', 'delete']),
  resource: z.strictObject({ type: name, id: name }),
  timestamp: instant,
  metadata: anyObject,
})

export type VitalSignColumns = z.output<typeof VitalSigns>
export type AlertColumns = z.output<typeof Alert>
export type CorrectionColumns = z.output<typeof Corrections>

/** An event ready to store. `sent` is what came and can be stored: the whole of it, or the data of an AnalyticsStream. */
export type CentralEvent = {
  readonly key: string
  readonly revision: number
  readonly type: string
  readonly stream: string | null
  /** Pseudonym; null where the event is about no patient, device or gateway. */
  readonly subject: string | null
  /** The subject is a patient, so it is listed as one. */
  readonly isPatient: boolean
  readonly atMs: number
  readonly sent: unknown
  readonly vitals: VitalSignColumns | null
  readonly alert: AlertColumns | null
  /** Of the watch ledger, where it came in the columns of the contract. */
  readonly gaps: GapColumns | null
  readonly correction: CorrectionColumns | null
  /** The key of the event whose place it takes. */
  readonly supersedes: string | null
}

export type ReadEvent = { readonly kind: 'event'; readonly event: CentralEvent } | { readonly kind: 'refused'; readonly detail: string }

const PATIENT_TYPES: readonly string[] = ['vital-signs', 'lab-results', 'medications']

/**
 * JSON.stringify writes NUL and half surrogate pairs, and nothing else, in this form. PostgreSQL can store neither, and an
 * error from there would fail the whole batch again and again.
 */
const UNSTORABLE = /(?:^|[^\\])(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/

export const isStorable = (json: string): boolean => !UNSTORABLE.test(json)

/** One element of `events`, judged by itself. `isWhollyStorable`: the text that it is of was found storable as a whole. */
export function readEvent(raw: unknown, isWhollyStorable: boolean): ReadEvent {
  if (typeof raw !== 'object' || raw === null) return { kind: 'refused', detail: 'not an object' }
  if (!isWhollyStorable && !isStorable(JSON.stringify(raw))) return { kind: 'refused', detail: 'holds a character that cannot be stored (NUL or half a surrogate pair)' }
  if ('patientId' in raw) return readClinical(raw)
  if ('userId' in raw) return readInteraction(raw)
  return readStream(raw)
}

const NO_COLUMNS = { vitals: null, alert: null, gaps: null, correction: null, supersedes: null } as const

function readStream(raw: object): ReadEvent {
  const parsed = StreamEvent.safeParse(raw)
  if (!parsed.success) return refusedBy(parsed.error)
  const { key, revision, eventType: type, streamId: stream, partitionKey: subject, timestamp: atMs } = parsed.data
  // `raw` and not the parsed copy: what is stored is what came.
  return {
    kind: 'event',
    event: {
      key, revision, type, stream, subject, atMs, sent: 'data' in raw ? raw.data : null,
      isPatient: PATIENT_TYPES.includes(type),
      vitals: parsed.data.eventType === 'vital-signs' ? parsed.data.data : null,
      alert: parsed.data.eventType === 'alerts' ? parsed.data.data : null,
      gaps: parsed.data.eventType === 'gaps' ? gapsOf(parsed.data.data) : null,
      correction: parsed.data.eventType === 'corrections' ? parsed.data.data : null,
      supersedes: parsed.data.supersedes ?? null,
    },
  }
}

function readClinical(raw: object): ReadEvent {
  const parsed = ClinicalEvent.safeParse(raw)
  if (!parsed.success) return refusedBy(parsed.error)
  const { key, revision, eventType: type, patientId: subject, metadata } = parsed.data
  return { kind: 'event', event: { key, revision, type, stream: null, subject, isPatient: true, atMs: metadata.timestamp, sent: raw, ...NO_COLUMNS } }
}

function readInteraction(raw: object): ReadEvent {
  const parsed = UserInteractionEvent.safeParse(raw)
  if (!parsed.success) return refusedBy(parsed.error)
  const { key, revision, timestamp: atMs } = parsed.data
  return { kind: 'event', event: { key, revision, type: 'user-interaction', stream: null, subject: null, isPatient: false, atMs, sent: raw, ...NO_COLUMNS } }
}

const refusedBy = (error: z.ZodError): ReadEvent => ({ kind: 'refused', detail: saying(error) })

/** The first complaints, with their place, in one line. */
export const saying = (error: z.ZodError): string =>
  error.issues
    .slice(0, 3)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('; ')
    .slice(0, 500)
