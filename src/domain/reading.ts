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

/** What a device says of its patient: asserted, not confirmed (IHE PCIM). */
export type PatientIdentity = {
  /** Medical record number, PID-3.1; null when the device sends a name alone. */
  readonly mrn: string | null
  readonly name: string | null
}
