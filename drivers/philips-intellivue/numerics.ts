/** Numerics: one observed value (physiological code, state, unit, FLOAT) into a reading, and what is remembered of values. */

import {
  type AbsentReason, type Fault, type Measurement, type Metric, type Reading, type WallMs,
  absent, convert, driverLimits, flagBit, flagsOf, measured, within,
} from '#driver'
import { MILLIMETRE, PERCENT, STATE, UNDER_WAY, UNUSABLE, channelOfLabel, meaningOf, named, unitOf } from './codes.ts'
import { TICKS_PER_MS, floatAt } from './values.ts'

/** Access bit of a metric specification: measured now and then, not all the time. */
const NONCONTINUOUS = 0x1000
/** A series whose object is not in the results any more for so long, in ticks: its module was pulled. */
const GONE_TICKS = 3_000 * TICKS_PER_MS
/** Millimetres of ST on paper make one mV. */
const MM_PER_MV = 10

/** What is known of an object beyond its values. */
type Known = { label: number | null; isNoncontinuous: boolean }
type Series = { readonly metric: Metric; readonly channel: string; readonly key: number; seenTicks: number }
/** The last measurement of a cuff or the like, so that its repetition is known as one. */
type Episode = { readonly at: WallMs | null; readonly state: number; readonly bits: number }

export type NumericSink = { readonly readings: Reading[]; readonly faults: Fault[]; readonly leftOut: Fault[] }
/** One value of object `key` (context × 65536 + handle) at `at`. `measuredAt`: its own time, where the object states one. */
export type Observed = {
  readonly key: number
  readonly at: number
  readonly ticks: number
  readonly sentAt: WallMs | null
  readonly measuredAt: WallMs | null
  readonly marks: number
}

const UNKNOWN: Known = { label: null, isNoncontinuous: false }

export class NumericReader {
  readonly #known = new Map<number, Known>()
  /** By metric and channel. */
  readonly #series = new Map<string, Series>()
  /** By context and physiological code: handles change with the association, and a cuff's value is still the old one then. */
  readonly #episodes = new Map<number, Episode>()

  /** A new association: objects have new handles. What was measured before stays known. */
  forget(): void {
    this.#known.clear()
    this.#series.clear()
  }

  /** `label` or `specification` is -1 where the object does not tell. */
  learn(view: DataView, key: number, { label, specification }: { readonly label: number; readonly specification: number }): void {
    if (label < 0 && specification < 0) return
    let known = this.#known.get(key)
    if (known === undefined) {
      if (this.#known.size >= driverLimits.intellivueObjectsMax) return
      known = { ...UNKNOWN }
      this.#known.set(key, known)
    }
    if (label >= 0) known.label = view.getUint32(label)
    if (specification >= 0) known.isNoncontinuous = (view.getUint16(specification + 6) & NONCONTINUOUS) !== 0
  }

  read(view: DataView, observed: Observed, sink: NumericSink): void {
    const physio = view.getUint16(observed.at)
    const meaning = meaningOf(physio)
    if (meaning === null) return void sink.leftOut.push({ why: 'no metric for this code', at: named(physio) })
    const { metric } = meaning
    const state = view.getUint16(observed.at + 2)
    const known = this.#known.get(observed.key) ?? UNKNOWN
    const isEpisodic = metric.kind === 'episodic' || known.isNoncontinuous
    if (isEpisodic) {
      const why = this.#notNew(view, observed, physio)
      if (why !== null) return void sink.leftOut.push({ why, at: named(physio) })
    }
    const measurement = measurementOf(view, observed.at, metric)
    if ('why' in measurement) {
      const list = measurement.isFault ? sink.faults : sink.leftOut
      return void list.push({ why: measurement.why, at: `${metric.id} ${named(physio)}` })
    }
    const deviceAt = isEpisodic ? observed.measuredAt : (observed.measuredAt ?? observed.sentAt)
    const side = meaning.channel === '' && known.label !== null ? channelOfLabel(known.label) : meaning.channel
    const channel = this.#channel(metric, side, { observed, isEpisodic })
    const flags =
      observed.marks |
      ((state & STATE.demo) === 0 ? 0 : flagBit('demo')) |
      ((state & STATE.test) === 0 ? 0 : flagBit('test')) |
      ((state & STATE.validated) === 0 ? 0 : flagBit('validated')) |
      (isEpisodic ? flagBit('episodic') : 0) |
      (deviceAt === null ? 0 : flagBit('zone-assumed'))
    sink.readings.push({ metric, measurement, channel, deviceAt, flags: flagsOf(flags) })
  }

  /** Why a measurement made now and then is none to be passed on; null when it is new. */
  #notNew(view: DataView, { key, at, measuredAt }: Observed, physio: number): string | null {
    const state = view.getUint16(at + 2)
    if ((state & UNDER_WAY) !== 0) return 'a measurement that is under way'
    const episode = Math.floor(key / 0x1_0000) * 0x1_0000 + physio
    const before = this.#episodes.get(episode)
    // Whether an alarm is on, and whether it is switched off, says nothing about the measurement.
    const now: Episode = { at: measuredAt, state: state & 0xffe0, bits: view.getUint32(at + 6) }
    if (before !== undefined && before.at === now.at && before.state === now.state && before.bits === now.bits) return 'the same measurement again'
    if (before !== undefined || this.#episodes.size < driverLimits.intellivueObjectsMax) this.#episodes.set(episode, now)
    // Found when we came: it may be hours old.
    return before === undefined && measuredAt === null ? 'a measurement of unknown age' : null
  }

  /** Two objects with one metric in one channel are two sensors: the second gets a channel of its own. */
  #channel(metric: Metric, channel: string, { observed, isEpisodic }: { readonly observed: Observed; readonly isEpisodic: boolean }): string {
    if (isEpisodic) return channel
    const { key, ticks } = observed
    const series = this.#series.get(`${metric.mdc}/${channel}`)
    if (series === undefined || series.key === key || ((ticks - series.seenTicks) | 0) > GONE_TICKS) {
      this.#note(metric, channel, observed)
      return channel
    }
    const own = `${channel}${channel === '' ? '' : '-'}${Math.floor(key / 0x1_0000)}.${key % 0x1_0000}`
    this.#note(metric, own, observed)
    return own
  }

  #note(metric: Metric, channel: string, { key, ticks }: Observed): void {
    const id = `${metric.mdc}/${channel}`
    const series = this.#series.get(id)
    if (series?.key === key) series.seenTicks = ticks
    else if (series !== undefined || this.#series.size < driverLimits.intellivueObjectsMax) this.#series.set(id, { metric, channel, key, seenTicks: ticks })
  }

  /** Values that were there until lately, and are in no result any more: their module was pulled. Told once. */
  gone(ticks: number, { sentAt, marks }: { readonly sentAt: WallMs | null; readonly marks: number }, readings: Reading[]): void {
    for (const [id, { metric, channel, seenTicks }] of this.#series) {
      if (((ticks - seenTicks) | 0) <= GONE_TICKS) continue
      this.#series.delete(id)
      const flags = flagsOf(marks | (sentAt === null ? 0 : flagBit('zone-assumed')))
      readings.push({ metric, measurement: absent('not-measured'), channel, deviceAt: sentAt, flags })
    }
  }
}

type NoMeasurement = { readonly why: string; readonly isFault: boolean }

/** State first: only what it calls valid is looked at as a number (Data Export Interface Programming Guide, Numeric Observed Value). */
function measurementOf(view: DataView, at: number, metric: Metric): Measurement | NoMeasurement {
  const reason = absenceOf(view.getUint16(at + 2))
  if (reason !== null) return absent(reason)
  const value = floatAt(view, at + 6)
  if (value === null) return absent('not-measured')
  const code = view.getUint16(at + 4)
  if (code === MILLIMETRE && metric.unit === 'mV') return ranged(value / MM_PER_MV, metric)
  if (code === PERCENT && metric.unit === 'mm[Hg]') return { why: 'a gas in %, which says nothing without the air pressure', isFault: false }
  const unit = unitOf(code)
  if (unit === undefined) return { why: `unknown unit ${named(code)}`, isFault: true }
  const converted = convert(value, unit, metric)
  return converted === null ? { why: `code and unit ${named(code)} do not agree`, isFault: true } : ranged(converted, metric)
}

// Minus zero is a rounding artefact of conversion.
const ranged = (value: number, metric: Metric): Measurement => (within(metric.parsed, value) ? measured(value === 0 ? 0 : value) : absent('out-of-range'))

function absenceOf(state: number): AbsentReason | null {
  if ((state & (UNUSABLE | UNDER_WAY)) === 0) return null
  return (state & STATE.invalid) === 0 && (state & (STATE.unavailable | UNDER_WAY)) !== 0 ? 'not-measured' : 'device-invalid'
}
