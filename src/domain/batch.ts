/** What central is told: surrogates, quality codes, keys of events, and where an event came from. Pure. */

import type { DeviceId } from './ids.ts'
import type { AbsentReason, Reading } from './reading.ts'
import type { WallMs } from './time.ts'

declare const surrogateBrand: unique symbol

/** 128 random bits in lower-case hex, drawn once for a stay, device, user or alert of one epoch; derived from nothing. */
export type Surrogate = string & { readonly [surrogateBrand]: true }

const SURROGATE = /^[0-9a-f]{32}$/
export const isSurrogate = (text: string): boolean => SURROGATE.test(text)

/** @throws RangeError when the text has not the form of a surrogate: a name must never pass for one. */
export function surrogate(text: string): Surrogate {
  if (!SURROGATE.test(text)) throw new RangeError('not a surrogate: 32 hexadecimal digits are')
  return text as Surrogate
}

/** What a surrogate stands for. */
export type SurrogateKind = 'stay' | 'device' | 'sensor' | 'user' | 'alert' | 'gateway' | 'medication' | 'organization'

/**
 * Quality codes of central's column `q`. 0–9: a value, to be believed less as the number grows. 10–19: no value (`v` is
 * null), with the reason. 100 and 200 are added where the monitor said that it shows a demonstration or a test signal:
 * a code of 100 or more is nobody's vital sign.
 */
export const QUALITY = { good: 0, zoneAssumed: 1, lowSignal: 2, questionable: 3, timeUncertain: 4, demo: 100, test: 200 } as const

export const ABSENT_QUALITY: Readonly<Record<AbsentReason, number>> = {
  'lead-off': 10,
  'probe-off': 11,
  'not-measured': 12,
  'out-of-range': 13,
  'device-invalid': 14,
  implausible: 15,
}

/** A time that is known no better than this is told to be uncertain, in ms. */
const TIME_SURE_MS = 2_000

/** The code of one reading: the gravest of its marks; that its time is uncertain (`boundMs`) is told where nothing is to be said of the value. */
export function qualityOf({ measurement, flags, boundMs = 0 }: Pick<Reading, 'measurement' | 'flags'> & { readonly boundMs?: number }): number {
  const notAPatient = (flags.includes('demo') ? QUALITY.demo : 0) + (flags.includes('test') ? QUALITY.test : 0)
  if (measurement.kind === 'absent') return notAPatient + ABSENT_QUALITY[measurement.reason]
  if (flags.includes('questionable')) return notAPatient + QUALITY.questionable
  if (flags.includes('low-signal')) return notAPatient + QUALITY.lowSignal
  if (flags.includes('zone-assumed')) return notAPatient + QUALITY.zoneAssumed
  return notAPatient + (boundMs > TIME_SURE_MS ? QUALITY.timeUncertain : QUALITY.good)
}

/** What makes an event of the live lane one of a kind, whatever batch brings it (contract with central, §1). */
export type EventKeyParts = {
  readonly gatewayId: string
  /** Incarnation of the database. */
  readonly epoch: string
  readonly subject: Surrogate
  /** MDC reference id, or the event type where the event is of no metric; `.1`, `.2` … behind it where all else is the same. */
  readonly metric: string
  readonly firstSeq: number
  readonly lastSeq: number
  readonly revision: number
}

/** Six parts; what is configured is percent-encoded, so that a slash in it does not make a seventh. */
export const eventKey = ({ gatewayId, epoch, subject, metric, firstSeq, lastSeq, revision }: EventKeyParts): string =>
  `${encodeURIComponent(gatewayId)}/${encodeURIComponent(epoch)}/${subject}/${metric}/${firstSeq}-${lastSeq}/${revision}`

/** What an event of vital signs was made of. Stays on the ward: it is how acknowledged values are counted. */
export type EventOrigin = { readonly device: DeviceId; readonly metric: string; readonly measured: number }

/** One event inside a stored batch, as the ledger keeps it; in the order of the batch. null origin: not vital signs. */
export type BatchItem = { readonly origin: EventOrigin | null; readonly retries: number }

/** A batch that was cut: its bytes never change again. */
export type CutBatch = {
  readonly batchId: string
  readonly body: Uint8Array
  readonly items: readonly BatchItem[]
  readonly seqFrom: number
  readonly seqTo: number
}

/** A batch as the ledger gives it back. `movesCursor` is false for dead letters that are tried again. `isEarly`: alerts, which go before all that waits. */
export type StoredBatch = CutBatch & { readonly id: number; readonly epoch: string; readonly movesCursor: boolean; readonly isEarly: boolean }

/** Numbers of the log, both ends within. */
export type SeqRange = { readonly seqFrom: number; readonly seqTo: number }

/** Rows that were cut together. `digest`: of the keys that came of them. `passed`: rows in it that were left out, because others had taken their place. */
export type CutStretch = SeqRange & { readonly digest: string; readonly passed: readonly number[] }

/** As the ledger knows it. `passed`: first what was left out when it was cut, then what each correction took back. */
export type KnownCut = SeqRange & { readonly id: number; readonly epoch: string; readonly digest: string; readonly passed: readonly (readonly number[])[] }

/** An event that could not be delivered, with the reason. `event` is its JSON. */
export type DeadEvent = BatchItem & { readonly event: string; readonly why: string; readonly seqFrom: number; readonly seqTo: number }

export type DeadLetter = DeadEvent & { readonly id: number; readonly epoch: string; readonly at: WallMs; readonly retryAsked: boolean }

/** Why a row of the log is not sent; it still moves the cursor. */
export const WITHHELD_REASONS = ['no-stay', 'superseded', 'gateway-event', 'unknown-metric', 'unknown-words', 'follows-from-alert', 'filtered', 'not-confirmed', 'outside-stay', 'not-allowed', 'after-release', 'damaged', 'deleted'] as const
export type WithheldReason = (typeof WITHHELD_REASONS)[number]
export type Withheld = { readonly reason: WithheldReason; readonly rows: number; readonly readings: number }

/** Central's code of what is too old for its real-time lane: sent again as history, not given up (contract with central, §2). */
export const TOO_OLD = 'ANALYTICS_010'

/** What can be asked for by name where a sink takes a part alone. */
export const SENT_EVENTS = ['vital-signs', 'alerts', 'gaps', 'visit', 'user-interactions', 'confirmed-observations', 'lab-results', 'medications', 'device-metrics', 'system-metrics'] as const
export type SentEvent = (typeof SENT_EVENTS)[number]

/** How delivery to central stands. `off`: nothing is configured to leave. */
export type SyncStatus = {
  readonly kind: 'off' | 'ok' | 'behind' | 'paused'
  readonly lagRows: number
  /** A sentence; empty when all is well. */
  readonly why: string
  readonly lastAcceptedAt: WallMs | null
  readonly deadLetters: number
  /** Events that the egress scanner has stopped since the thread began. */
  readonly stoppedByScanner: number
  readonly breaker: 'closed' | 'open' | 'half-open'
  /** Paused because another box sends under our name. */
  readonly fenced: boolean
  /** Each of several sinks; what stands above is then the worst of them, and the oldest. */
  readonly sinks?: readonly SinkStanding[]
}

export type SinkStanding = Pick<SyncStatus, 'kind' | 'lagRows' | 'why' | 'lastAcceptedAt' | 'deadLetters' | 'breaker'> & { readonly id: string }
