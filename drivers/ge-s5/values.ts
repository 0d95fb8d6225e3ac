/** What a record's numbers become: readings, with the reason where there is no value. */

import {
  type AbsentReason, type Fault, type Measurement, type Metric, type Reading, type ReadingFlag, type WallMs,
  absent, flagBit, flagsOf, measured, within,
} from '#driver'

/** DRI Specification: what is at or below this is no data. */
export const NO_DATA_MAX = -32_001
const UNDER_RANGE = -32_764
const OVER_RANGE = -32_763
const NOT_CALIBRATED = -32_762
/** Invalid, not updated, and one between them that the specification does not list and monitors send. */
const NOTHING_MIN = -32_767
const NOTHING_MAX = -32_765

export const isData = (raw: number): boolean => raw > NO_DATA_MAX

/** Rounding of what was converted: two digits more than are shown. */
export function rounded(value: number, metric: Metric): number {
  const factor = 10 ** (metric.decimals + 2)
  // Minus zero is a rounding artefact of conversion.
  return Math.round(value * factor) / factor + 0
}

export const believed = (metric: Metric, value: number): Measurement => (within(metric.parsed, value) ? measured(value) : absent('out-of-range'))

/**
 * Parameters that were measured since the line opened. A monitor says the same of a sensor that came off and of one that
 * nobody ever plugged in; the first wants somebody to look, the second does not.
 */
export type Known = Set<string>

type Details = { readonly channel?: string; readonly flags?: readonly ReadingFlag[]; readonly at?: WallMs | null }

/** The readings of one subrecord. */
export class Values {
  readonly readings: Reading[] = []
  readonly leftOut: Fault[] = []
  readonly at: WallMs | null
  readonly #marks: number
  readonly #known: Known

  /** `at`: the subrecord's own time. `marks`: flags of all readings, as bits. */
  constructor(at: WallMs | null, marks: number, known: Known) {
    this.at = at
    this.#marks = marks | (at === null ? 0 : flagBit('zone-assumed'))
    this.#known = known
  }

  add(metric: Metric, measurement: Measurement, { channel = '', flags = [], at = this.at }: Details = {}): void {
    const key = `${metric.id} ${channel}`
    if (measurement.kind === 'measured') this.#known.add(key)
    else if (measurement.reason === 'not-measured') this.#known.delete(key)
    const marks = flags.reduce((bits, flag) => bits | flagBit(flag), this.#marks)
    this.readings.push({ metric, measurement, channel, deviceAt: at, flags: flagsOf(marks) })
  }

  /** A raw number of a group whose module is active or not: value = raw × scale. */
  put(metric: Metric, raw: number, { scale, active, channel = '' }: { readonly scale: number; readonly active: boolean; readonly channel?: string }): void {
    const measurement = active && isData(raw) ? believed(metric, rounded(raw * scale, metric)) : absent(this.reasonOf(metric, raw, { active, channel }))
    this.add(metric, measurement, { channel })
  }

  reasonOf(metric: Metric, raw: number, { active, channel = '' }: { readonly active: boolean; readonly channel?: string }): AbsentReason {
    // The monitor says that this is not being measured, whatever number still stands there.
    if (!active) return 'not-measured'
    if (raw === UNDER_RANGE || raw === OVER_RANGE) return 'out-of-range'
    if (raw === NOT_CALIBRATED) return 'device-invalid'
    const isNothing = raw >= NOTHING_MIN && raw <= NOTHING_MAX
    return isNothing && !this.#known.has(`${metric.id} ${channel}`) ? 'not-measured' : 'device-invalid'
  }

  /** A parameter that is not sent any more: said once, where it was measured before. */
  gone(metric: Metric, channel: string): void {
    if (this.#known.has(`${metric.id} ${channel}`)) this.add(metric, absent('not-measured'), { channel })
  }

  leave(at: string, why: string): void {
    this.leftOut.push({ why, at })
  }
}
