/** One OBX segment into one reading, or a word on why not (HL7 2.6, 7.4.2; IHE PCD-01, device enterprise communication). */

import {
  type AbsentReason, type Hl7Time, type Measurement, type Metric, type Reading, type Segment, type Separators, type WallMs, type Written,
  absent, flagBit, flagsOf, measure, part, readNumber, shown, unescape,
} from '#driver'
import { codeOf, unitOf } from './codes.ts'

/** What the segments before say of an OBX. */
export type Surroundings = {
  readonly separators: Separators
  /** DEMO or TEST of the whole message, as flag bits. */
  readonly flags: number
  /** A timestamp of this message, in its zone. */
  readonly time: (text: string) => Hl7Time
  /** When the OBX says nothing: OBR-7, else MSH-7. */
  readonly defaultTime: Hl7Time
}

/** Why an OBX gives no reading: its own fault, or none of our metrics. */
export type Untaken = { readonly kind: 'fault' | 'left out'; readonly why: string }
/** null: the row has nothing to say. */
export type Taken = Reading | Untaken | null

const DEMO = flagBit('demo')
const QUESTIONABLE = flagBit('questionable')
const ZONE_ASSUMED = flagBit('zone-assumed')
const EPISODIC = flagBit('episodic')
const VALIDATED = flagBit('validated')

export function readObservation(obx: Segment, around: Surroundings): Taken {
  const type = obx.field(2)
  if (type === 'NA' || type === 'MA') return { kind: 'left out', why: 'a waveform' }
  const field = obx.field(3)
  if (field === '') return obx.isEmpty(5) ? null : { kind: 'left out', why: 'no code' }
  const code = codeOf(field, around.separators)
  switch (code.kind) {
    case 'device':
      return null
    case 'left out':
    case 'fault':
      return code
    case 'metric':
      return readMetric(obx, type, code.metric, around)
  }
}

function readMetric(obx: Segment, type: string, metric: Metric, around: Surroundings): Reading | Untaken {
  const status = statusOf(obx.field(11))
  if (status.kind === 'fault') return status
  const ownTime = obx.isEmpty(14) ? NO_TIME : around.time(obx.field(14))
  const time = ownTime.kind === 'none' ? around.defaultTime : ownTime
  if (time.kind === 'broken') return { kind: 'fault', why: `${ownTime.kind === 'broken' ? 'OBX-14' : 'the time of this group'} is no HL7 time` }
  let flags = around.flags
  if (time.kind === 'at' && !time.zoned) flags |= ZONE_ASSUMED
  if (status.kind === 'validated') flags |= VALIDATED
  // IHE PCD-01: a time of its own marks a value measured once; some vendors say so in OBX-13 or OBX-17 instead.
  if (ownTime.kind === 'at' || metric.kind === 'episodic' || isAperiodic(obx, 13) || isAperiodic(obx, 17)) flags |= EPISODIC
  if (!obx.isEmpty(8) && obx.field(8).toUpperCase().includes('DEMO')) flags |= DEMO
  const measurement = status.kind === 'absent' ? ABSENT[status.reason] : readMeasurement(obx, type, metric, around.separators)
  if (typeof measurement === 'string') return { kind: 'fault', why: measurement }
  if (measurement === QUESTIONABLE_VALUE) return { kind: 'fault', why: '' }
  return { metric, measurement, channel: obx.field(4), deviceAt: time.kind === 'at' ? time.at : null, flags: flagsOf(flags) }
}
type Believed = { readonly metric: Metric; readonly measurement: Measurement; readonly flags: number; readonly deviceAt: WallMs | null }

function reading(obx: Segment, { metric, measurement, flags, deviceAt }: Believed): Taken {
  return { kind: 'reading', reading: { metric, measurement, channel: obx.field(4), deviceAt, flags: flagsOf(flags) } }
}

type Status = { readonly kind: 'usual' } | { readonly kind: 'validated' } | { readonly kind: 'absent'; readonly reason: AbsentReason } | { readonly kind: 'fault'; readonly why: string }

/** OBX-11, HL7 table 0085, as IHE PCD-01 uses it: R not validated, F validated by a person, X cannot be obtained. */
function statusOf(status: string): Status {
  switch (status) {
    case '':
    case 'R':
    case 'P':
    case 'S':
    case 'C':
    case 'U':
    case 'A':
    case 'B':
    case 'V':
      return { kind: 'usual' }
    case 'F':
      return { kind: 'validated' }
    case 'X':
      return { kind: 'absent', reason: 'device-invalid' }
    case 'I':
    case 'N':
    case 'O':
      return { kind: 'absent', reason: 'not-measured' }
    case 'D':
    case 'W':
      return { kind: 'fault', why: `OBX-11 ${status} takes an earlier value back, which is not supported` }
    default:
      return { kind: 'fault', why: `OBX-11 ${shown(status)} is not known` }
  }
}

const isAperiodic = (field: string): boolean => field !== '' && field.includes('APERIODIC')
const isDemo = (field: string): boolean => field !== '' && field.toUpperCase().includes('DEMO')

function readValue(obx: Segment, separators: Separators): Written {
  const field = obx.field(5)
  if (obx.field(2) === 'SN') return readStructured(field, separators)
  if (separators.repetition !== '' && field.includes(separators.repetition)) return { kind: 'unreadable', why: 'more than one value' }
  return readNumber(unescape(field, separators))
}

/** Data type SN: comparator ^ number ^ separator ^ number. Only a plain number is one. */
function readStructured(field: string, separators: Separators): Written {
  const [comparator, first, separator] = [1, 2, 3].map((n) => part(field, separators.component, n).trim())
  if ((comparator !== '' && comparator !== '=') || separator !== '') return { kind: 'unreadable', why: 'a comparison or a range' }
  return readNumber(first ?? '')
}

function inUnit(value: number, field: string, metric: Metric, separators: Separators): Measurement | string {
  const unit = unitOf(field, separators)
  if (typeof unit === 'string') return unit
  return measure(value, unit, metric) ?? `unit ${unit.ucum} does not fit ${metric.id} (${metric.unit})`
}
