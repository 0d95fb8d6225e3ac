/**
 * The readings of one snapshot as one blob, little-endian, layout 1:
 *
 *   u8 layout · for each reading: u16 series · u8 head · [u8 flags] · [value] · [device time] · [corrected time]
 *
 *   head, bits 0-3  what the value is: 0 SFLOAT, 2 bytes · 1 FLOAT, 4 bytes · 2 IEEE 754 double, 8 bytes · 3… absent, in the
 *                   order of ABSENT_REASONS, 0 bytes
 *         bit 4     a flags byte follows (bits in the order of READING_FLAGS) and holds until the next; none at the start
 *         bits 5-6  the device's time: 0 as the reading before (none at the start) · 1 none · 2 int32, ms after the snapshot's
 *                   sentAt, or receivedAt where there is none · 3 double, ms since 1970
 *         bit 7     two doubles follow, correctedAt and boundMs, for they are not what `correct` says
 *
 * SFLOAT and FLOAT are those of IEEE 11073-20601 (mantissa × 10^exponent), used where they hold the number exactly: what
 * comes out is what went in, to the bit.
 */

import { type Observation, correct } from '../domain/observation.ts'
import { ABSENT_REASONS, type Measurement, READING_FLAGS, type ReadingFlag, absent, measured } from '../domain/reading.ts'
import { type WallMs, wallMs } from '../domain/time.ts'
import type { Scratch } from './scratch.ts'

const LAYOUT = 1

const SFLOAT = 0
const FLOAT = 1
const DOUBLE = 2
const ABSENT = 3

const HAS_FLAGS = 1 << 4
const TIME_NONE = 1 << 5
const TIME_OFFSET = 2 << 5
const TIME_DOUBLE = 3 << 5
const TIME_BITS = 3 << 5
const HAS_CORRECTED = 1 << 7

/** 20601 keeps the outermost mantissas for NaN, NRes and the infinities. */
const SFLOAT_MANTISSA_MAX = 2_045
const FLOAT_MANTISSA_MAX = 8_388_605
const DECIMALS_MAX = 6
const POWERS = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000] as const
const INT32_MAX = 2_147_483_647

/** One reading as it lies in the blob: its series is a number that `names.ts` explains. */
export type PackedReading = {
  readonly series: number
  readonly measurement: Measurement
  readonly flags: readonly ReadingFlag[]
  readonly deviceAt: WallMs | null
  readonly correctedAt: WallMs
  readonly boundMs: number
}

/** What the row says beside the blob. */
export type RowTimes = { readonly receivedAt: WallMs; readonly sentAt: WallMs | null }

/** Every set of flags, by its bits. */
const FLAG_SETS: readonly (readonly ReadingFlag[])[] = Array.from({ length: 1 << READING_FLAGS.length }, (_, bits) =>
  READING_FLAGS.filter((_flag, place) => (bits & (1 << place)) !== 0),
)
const ABSENCES: readonly Measurement[] = ABSENT_REASONS.map(absent)

function bitsOf(flags: readonly ReadingFlag[]): number {
  let bits = 0
  for (const flag of flags) bits |= 1 << READING_FLAGS.indexOf(flag)
  return bits
}

/** Fewest digits after the point with which mantissa / 10^digits is this very number; null when six do not do. */
function decimalsOf(value: number): number | null {
  if (Object.is(value, -0)) return null
  for (let decimals = 0; decimals <= DECIMALS_MAX; decimals++) {
    const power = POWERS[decimals] ?? 1
    const mantissa = Math.round(value * power)
    if (Math.abs(mantissa) > FLOAT_MANTISSA_MAX) return null
    if (mantissa / power === value) return decimals
  }
  return null
}

/** A value apart from what it is of. */
type Packable = Omit<Observation, 'metric' | 'channel'>

/** `right`: what `deviceAt` is corrected to where nothing more is known of the way. */
type Carried = { flags: number; deviceAt: WallMs | null; right: ReturnType<typeof correct> }

/** Writes the readings of a snapshot. `seriesOf` answers 0 to 65,535. */
export function packReadings<One extends Packable>(into: Scratch, snapshot: RowTimes & { readonly observations: readonly One[] }, seriesOf: (observation: One) => number): void {
  const { receivedAt, sentAt } = snapshot
  const carried: Carried = { flags: 0, deviceAt: null, right: correct({ receivedAt, sentAt, deviceAt: null }) }
  into.u8(LAYOUT)
  for (const observation of snapshot.observations) {
    into.u16(seriesOf(observation))
    packReading(into, snapshot, observation, carried)
  }
}

function packReading(into: Scratch, { receivedAt, sentAt }: RowTimes, observation: Packable, carried: Carried): void {
  const { measurement, deviceAt, correctedAt, boundMs } = observation
  const flags = observation.flags.length === 0 ? 0 : bitsOf(observation.flags)
  const decimals = measurement.kind === 'measured' ? decimalsOf(measurement.value) : null
  const base = sentAt ?? receivedAt
  // Most readings of a snapshot were measured at one time: it is corrected once.
  if (!Object.is(deviceAt, carried.deviceAt)) carried.right = correct({ receivedAt, sentAt, deviceAt })
  const { right } = carried
  const isRight = Object.is(right.correctedAt, correctedAt) && Object.is(right.boundMs, boundMs)
  const time = timeForm(base, deviceAt, carried.deviceAt)

  into.u8(valueForm(measurement, decimals) | (flags === carried.flags ? 0 : HAS_FLAGS) | time | (isRight ? 0 : HAS_CORRECTED))
  if (flags !== carried.flags) into.u8(flags)
  if (measurement.kind === 'measured') packValue(into, measurement.value, decimals)
  if (time === TIME_OFFSET) into.i32((deviceAt ?? 0) - base)
  else if (time === TIME_DOUBLE) into.f64(deviceAt ?? 0)
  if (!isRight) {
    into.f64(correctedAt)
    into.f64(boundMs)
  }
  carried.flags = flags
  carried.deviceAt = deviceAt
}

function valueForm(measurement: Measurement, decimals: number | null): number {
  if (measurement.kind === 'absent') return ABSENT + ABSENT_REASONS.indexOf(measurement.reason)
  if (decimals === null) return DOUBLE
  return Math.abs(Math.round(measurement.value * (POWERS[decimals] ?? 1))) <= SFLOAT_MANTISSA_MAX ? SFLOAT : FLOAT
}

function packValue(into: Scratch, value: number, decimals: number | null): void {
  if (decimals === null) return into.f64(value)
  const mantissa = Math.round(value * (POWERS[decimals] ?? 1))
  const exponent = -decimals
  if (Math.abs(mantissa) <= SFLOAT_MANTISSA_MAX) into.u16(((exponent & 0xf) << 12) | (mantissa & 0xfff))
  else into.i32((exponent << 24) | (mantissa & 0xffffff))
}

function timeForm(base: number, deviceAt: WallMs | null, before: WallMs | null): number {
  if (Object.is(deviceAt, before)) return 0
  if (deviceAt === null) return TIME_NONE
  const offset = deviceAt - base
  return Number.isInteger(offset) && Math.abs(offset) <= INT32_MAX && Object.is(base + offset, deviceAt) ? TIME_OFFSET : TIME_DOUBLE
}

/**
 * Reads a blob back. Ask only for bytes whose CRC was right.
 * @throws RangeError when the bytes are not such a blob.
 */
export function unpackReadings(bytes: Uint8Array, { receivedAt, sentAt }: RowTimes): readonly PackedReading[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint8(0) !== LAYOUT) throw new RangeError(`readings in layout ${view.getUint8(0)}, which this version does not know`)
  const readings: PackedReading[] = []
  let flags = 0
  let deviceAt: WallMs | null = null
  // Most readings of a snapshot were measured at one time: it is corrected once.
  let right: ReturnType<typeof correct> | null = null
  let at = 1
  while (at < bytes.length) {
    const series = view.getUint16(at, true)
    const head = view.getUint8(at + 2)
    at += 3
    if (head & HAS_FLAGS) flags = view.getUint8(at++)
    const form = head & 0xf
    const measurement = measurementAt(view, at, form)
    at += form === SFLOAT ? 2 : form === FLOAT ? 4 : form === DOUBLE ? 8 : 0
    const time = head & TIME_BITS
    if (time === TIME_NONE) deviceAt = null
    else if (time === TIME_OFFSET) deviceAt = wallMs((sentAt ?? receivedAt) + view.getInt32(at, true))
    else if (time === TIME_DOUBLE) deviceAt = wallMs(view.getFloat64(at, true))
    at += time === TIME_OFFSET ? 4 : time === TIME_DOUBLE ? 8 : 0
    if (time !== 0 || right === null) right = correct({ receivedAt, sentAt, deviceAt })
    const { correctedAt, boundMs } = head & HAS_CORRECTED ? correctedAtOf(view, at) : right
    if (head & HAS_CORRECTED) at += 16
    readings.push({ series, measurement, flags: flagSet(flags), deviceAt, correctedAt, boundMs })
  }
  return readings
}

function measurementAt(view: DataView, at: number, form: number): Measurement {
  if (form === SFLOAT) {
    const word = view.getInt16(at, true)
    return measured(scaled((word << 20) >> 20, word >> 12))
  }
  if (form === FLOAT) {
    const word = view.getInt32(at, true)
    return measured(scaled((word << 8) >> 8, word >> 24))
  }
  if (form === DOUBLE) return measured(view.getFloat64(at, true))
  const absence = ABSENCES[form - ABSENT]
  if (!absence) throw new RangeError(`a value in form ${form}, which this version does not know`)
  return absence
}

const correctedAtOf = (view: DataView, at: number): { readonly correctedAt: WallMs; readonly boundMs: number } => ({
  correctedAt: wallMs(view.getFloat64(at, true)),
  boundMs: view.getFloat64(at + 8, true),
})

/** The exponents written here are 0 to -6; dividing by the exact power gives the nearest double, multiplying would not. */
function scaled(mantissa: number, exponent: number): number {
  const power = POWERS[-exponent]
  if (power === undefined) throw new RangeError(`a value with exponent ${exponent}, which this version does not write`)
  return mantissa / power
}

function flagSet(bits: number): readonly ReadingFlag[] {
  const flags = FLAG_SETS[bits]
  if (!flags) throw new RangeError(`flags ${bits}, which this version does not know`)
  return flags
}
