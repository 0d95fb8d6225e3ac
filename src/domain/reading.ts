/** What a driver may say: readings, waveforms, device alarms. No bed, no patient, no clock. */

import type { Metric } from './metrics.ts'
import type { WallMs } from './time.ts'

/** Why there is no value. Absent is never 0, never NaN, never null. */
export const ABSENT_REASONS = ['lead-off', 'probe-off', 'not-measured', 'out-of-range', 'device-invalid', 'implausible'] as const
export type AbsentReason = (typeof ABSENT_REASONS)[number]

export type Measurement =
  | { readonly kind: 'measured'; readonly value: number }
  | { readonly kind: 'absent'; readonly reason: AbsentReason }

/** @throws RangeError for NaN and infinities: those are absent, and the caller must say why. */
export function measured(value: number): Measurement {
  if (!Number.isFinite(value)) throw new RangeError(`not a measured value: ${value}`)
  return { kind: 'measured', value }
}

export const absent = (reason: AbsentReason): Measurement => ({ kind: 'absent', reason })

/**
 * Marks on a reading. `demo` and `test` never reach a rule; `questionable` and `low-signal` reach rules as such;
 * `zone-assumed`: the device's time had no zone and the configured one (else UTC) was taken;
 * `episodic`: measured once (a cuff, a spot check), not a continuous signal; `validated`: a person confirmed it (OBX-11 F);
 * `history`: the device says that this comes from its memory: kept, never live.
 */
export const READING_FLAGS = ['demo', 'test', 'questionable', 'low-signal', 'zone-assumed', 'episodic', 'validated', 'history'] as const
export type ReadingFlag = (typeof READING_FLAGS)[number]

/** One value of one metric, in the metric's own unit: drivers convert. */
export type Reading = {
  readonly metric: Metric
  readonly measurement: Measurement
  /** Which of several sensors of one kind: HL7 OBX-4, a pressure channel. Empty when the device has one. */
  readonly channel: string
  /** When the device says it measured this, on the device's clock; null when it does not say. */
  readonly deviceAt: WallMs | null
  readonly flags: readonly ReadingFlag[]
}

/** Samples of a continuous signal; a gap is a new Waveform. */
export type Waveform = {
  readonly metric: string
  readonly channel: string
  /** Samples per second. */
  readonly rateHz: number
  /** Physical value = sample × scale + offset, in `unit` (UCUM). */
  readonly scale: number
  readonly offset: number
  readonly unit: string
  readonly samples: Int16Array | Int32Array
  readonly deviceAt: WallMs | null
}

/** How an alarm is kept quiet at the bedside (IHE ACM, facet 5: MDC_ATTR_ALARM_INACTIVATION_STATE). None of it: it sounds. */
export const ALARM_INACTIVATIONS = ['audio-paused', 'audio-off', 'alarm-paused', 'alarm-off', 'alert-acknowledged'] as const
export type AlarmInactivation = (typeof ALARM_INACTIVATIONS)[number]

/** The monitor's own alarm, in the vocabulary of IHE PCD-04 (ACM). */
export type DeviceAlarm = {
  /** The same from start to end, and another for the next: OBR-29 where the device says it, else code and source. */
  readonly id: string
  /** MDC reference id where it is known, else the device's own code with its system: `philips:274`. */
  readonly code: string
  /** As the monitor shows it, in its own language. */
  readonly text: string
  /** What it is about: a metric's reference id, a channel, a module; empty when the device does not say. */
  readonly source: string
  readonly priority: 'high' | 'medium' | 'low' | 'none'
  readonly type: 'physiological' | 'technical' | 'advisory'
  readonly phase: 'start' | 'continue' | 'end' | 'update' | 'escalate' | 'deescalate' | 'reset'
  /** Latched: the condition is over, and the monitor goes on saying it until somebody comes. */
  readonly state: 'active' | 'inactive' | 'latched'
  readonly inactivation: readonly AlarmInactivation[]
  readonly flags: readonly ReadingFlag[]
  readonly deviceAt: WallMs | null
}

/** What a device or the hospital's registry says of a patient. From a device: asserted, not confirmed (IHE PCIM). */
export type PatientIdentity = {
  /** Medical record number, PID-3.1; null when the device sends a name alone. */
  readonly mrn: string | null
  readonly name: string | null
  /** `YYYY-MM-DD`, or `YYYY-MM` and `YYYY` where no more is known (PID-7); not there when nobody said it. */
  readonly bornOn?: string
  /** PID-8 (HL7 table 0001); not there when nobody said it. */
  readonly sex?: 'F' | 'M' | 'O'
}

/**
 * What the registry says of who lies where (HL7 v2.6 chapter 3). `location` is PV1-3 as `unit^room^bed`, as a `Sender` has
 * it; null when the message does not say. The ledger finds the bed that is meant.
 */
export type PatientFact = {
  /** When it became so, on the sender's clock: EVN-6, else PV1-44 or -45, else EVN-2, else MSH-7; null when none is said. */
  readonly effectiveAt: WallMs | null
  /** PV1-19, else PID-18; null when neither is said. */
  readonly visit: string | null
  /** What was known before is no more: the message has two quotation marks there (HL7 2.6, 2.5.3). What is null and not named here was not said. */
  readonly erased?: readonly ('name' | 'bornOn' | 'sex' | 'visit' | 'location')[]
} & (
  /** A01, A04. */
  | { readonly kind: 'admitted'; readonly patient: PatientIdentity; readonly location: string | null }
  /** A02. `prior`: PV1-6. */
  | { readonly kind: 'transferred'; readonly patient: PatientIdentity; readonly location: string | null; readonly prior: string | null }
  /** A03. */
  | { readonly kind: 'discharged'; readonly patient: PatientIdentity; readonly location: string | null }
  /**
   * A11, A12, A13: what was said before was wrong. `location`: where the patient is after all, where the message says it; of A11,
   * whose patient never came, null. `effectiveAt`: EVN-6 is when that was which is cancelled (2.6, 3.4.1.6).
   */
  | { readonly kind: 'cancelled'; readonly what: 'admitted' | 'transferred' | 'discharged'; readonly patient: PatientIdentity; readonly location: string | null }
  /** A17: two patients took each other's bed. Locations are those after it. */
  | { readonly kind: 'swapped'; readonly patients: readonly [Placed, Placed] }
  /** A21 goes on leave of absence, A22 is back. */
  | { readonly kind: 'away' | 'returned'; readonly patient: PatientIdentity; readonly location: string | null }
  /** A06, A07, A08, A31: demographics as they are now, and where the patient is, where the message says it. A05 too, without a place: that is a plan. */
  | { readonly kind: 'updated'; readonly patient: PatientIdentity; readonly location: string | null }
  /** A40, A47, and before HL7 2.3.1 A18, A34, A36: the number `prior` is, and always was, `patient`. */
  | { readonly kind: 'merged'; readonly patient: PatientIdentity; readonly prior: string }
  /** A45: the visit belongs, and always belonged, to `patient` and not to `prior`. */
  | { readonly kind: 'visit-moved'; readonly patient: PatientIdentity; readonly prior: string }
)

export type Placed = { readonly patient: PatientIdentity; readonly location: string | null; readonly visit: string | null }

/**
 * A medicine given, or not given after all (HL7 2.6, chapter 4, RXA). Nobody's name stands in it. Texts are as the sender writes
 * them; codes mean something within their system alone.
 */
export type MedicationGiven = {
  /** The order and the dose (ORC-2 or ORC-3, RXA-2): the same when it is said again, corrected or taken back. Empty when the sender names none. */
  readonly id: string
  /** RXA-5.1, and RXA-5.3: `ATC`, `RXNORM`, a system of the house. Empty when not said. */
  readonly code: string
  readonly system: string
  readonly name: string
  /** Not there when nobody said it. `per`: of a rate, the unit of time (RXA-12). */
  readonly dose?: { readonly amount: number; readonly unit: string; readonly per?: string }
  /** RXR-1; empty when not said. */
  readonly route: string
  /** RXA-3 and RXA-4, on the sender's clock; null when not said. */
  readonly from: WallMs | null
  readonly until: WallMs | null
  /** RXA-20. */
  readonly status: 'complete' | 'partial' | 'refused' | 'not-given' | 'not-said'
  /** RXA-21: `deleted` takes back what was said before. */
  readonly action: 'added' | 'updated' | 'deleted'
  readonly flags: readonly ReadingFlag[]
}
