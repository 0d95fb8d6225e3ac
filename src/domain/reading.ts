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

/** The monitor's own alarm, in the vocabulary of IHE PCD-04 (ACM). */
export type DeviceAlarm = {
  readonly code: string
  readonly text: string
  readonly priority: 'high' | 'medium' | 'low' | 'none'
  readonly type: 'physiological' | 'technical' | 'advisory'
  readonly phase: 'start' | 'continue' | 'end' | 'update' | 'escalate' | 'deescalate' | 'reset'
  readonly deviceAt: WallMs | null
}

/** What a device says of its patient: asserted, not confirmed (IHE PCIM). */
export type PatientIdentity = {
  /** Medical record number, PID-3.1; null when the device sends a name alone. */
  readonly mrn: string | null
  readonly name: string | null
}
