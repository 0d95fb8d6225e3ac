/** One OBX segment into one reading, or a word on why not (HL7 2.6, 7.4.2; IHE PCD-01, device enterprise communication). */

import {
  type AbsentReason, type Hl7Time, type Measurement, type Metric, type Reading, type Segment, type Separators, type Written,
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

/** Why an OBX gives no reading: it contradicts itself or the table, or it is about no metric of ours. */
export type Untaken = { readonly kind: 'fault' | 'left out'; readonly why: string }

const fault = (why: string): Untaken => ({ kind: 'fault', why })

const NO_TIME: Hl7Time = { kind: 'none' }
const DEMO = flagBit('demo')
const QUESTIONABLE = flagBit('questionable')
const ZONE_ASSUMED = flagBit('zone-assumed')
const EPISODIC = flagBit('episodic')
const VALIDATED = flagBit('validated')

/** null: the row has nothing to say. */
export function readObservation(obx: Segment, around: Surroundings): Reading | Untaken | null {
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
      return readMetric(obx, code.metric, around)
  }
}

function readMetric(obx: Segment, metric: Metric, around: Surroundings): Reading | Untaken {
  const status = statusOf(obx.field(11))
  if (status.kind === 'fault') return status
  const ownTime = obx.isEmpty(14) ? NO_TIME : around.time(obx.field(14))
  const time = ownTime.kind === 'none' ? around.defaultTime : ownTime
  if (time.kind === 'broken') return fault(`${ownTime.kind === 'broken' ? 'OBX-14' : 'the time of this group'} is no HL7 time`)
  const written = status.kind === 'absent' ? status : readValue(obx, around.separators)
  if (written.kind === 'unreadable') return fault(`OBX-5 is ${written.why}`)
  const measurement = written.kind === 'absent' ? absent(written.reason) : inUnit(written.value, obx.field(6), metric, around.separators)
  if (typeof measurement === 'string') return fault(measurement)
  let flags = around.flags
  if (time.kind === 'at' && !time.zoned) flags |= ZONE_ASSUMED
  if (status.kind === 'validated') flags |= VALIDATED
  if (written.kind === 'number' && written.questionable) flags |= QUESTIONABLE
  // IHE PCD-01: a time of its own marks a value measured once; some vendors say so in OBX-13 or OBX-17 instead.
  if (ownTime.kind === 'at' || metric.kind === 'episodic' || says(obx, 13, 'APERIODIC') || says(obx, 17, 'APERIODIC')) flags |= EPISODIC
  if (says(obx, 8, 'DEMO')) flags |= DEMO
  return { metric, measurement, channel: obx.field(4), deviceAt: time.kind === 'at' ? time.at : null, flags: flagsOf(flags) }
}

const says = (obx: Segment, field: number, word: string): boolean => !obx.isEmpty(field) && obx.field(field).toUpperCase().includes(word)

type Status = { readonly kind: 'usual' | 'validated' } | { readonly kind: 'absent'; readonly reason: AbsentReason } | Untaken

const USUAL: Status = { kind: 'usual' }
const CONFIRMED: Status = { kind: 'validated' }
const INVALID: Status = { kind: 'absent', reason: 'device-invalid' }
const NO_RESULT: Status = { kind: 'absent', reason: 'not-measured' }

/** OBX-11, HL7 table 0085, as IHE PCD-01 uses it: R not validated, F validated by a person, X cannot be obtained. */
function statusOf(field: string): Status {
  switch (field) {
    case '':
    case 'R':
    case 'P':
    case 'S':
    case 'C':
    case 'U':
    case 'A':
    case 'B':
    case 'V':
      return USUAL
    case 'F':
      return CONFIRMED
    case 'X':
      return INVALID
    case 'I':
    case 'N':
    case 'O':
      return NO_RESULT
    case 'D':
    case 'W':
      return fault(`OBX-11 ${field} takes an earlier value back, which is not supported`)
  }
  const trimmed = field.trim()
  return trimmed === field ? fault(`OBX-11 ${shown(field)} is not known`) : statusOf(trimmed)
}

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

/** A sentence when the unit is none, not known, or does not fit. */
function inUnit(value: number, field: string, metric: Metric, separators: Separators): Measurement | string {
  const unit = unitOf(field, separators)
  if (typeof unit === 'string') return unit
  return measure(value, unit, metric) ?? `unit ${unit.ucum} does not fit ${metric.id} (${metric.unit})`
}
