/** One OBX segment into one reading, or a word on why not (HL7 2.6, 7.4.2; IHE PCD-01, device enterprise communication). */

import {
  type AbsentReason, type Hl7Time, type Measurement, type Metric, type Reading, type Segment, type Separators, type Written,
  absent, flagBit, flagsOf, measure, part, readNumber, shown, unescape,
} from '#driver'
import { type MetricCode, codeByProfile, codeOf, unitOf } from './codes.ts'
import type { Laboratory, Specimen } from './laboratory.ts'
import type { Profile } from './profiles.ts'

/** What the segments before say of an OBX. */
export type Surroundings = {
  readonly separators: Separators
  /** DEMO or TEST of the whole message, as flag bits. */
  readonly flags: number
  /** A timestamp of this message, in its zone. */
  readonly time: (text: string) => Hl7Time
  /** When the OBX says nothing: OBR-7, else MSH-7. */
  readonly defaultTime: Hl7Time
  /** OBR-7 said it. */
  readonly isTimed: boolean
  /** OBR-15. */
  readonly specimen: Specimen
  /** Whose dialect it is: asked for only by a row that says nothing to the standard. */
  readonly profile: () => Profile
}

/** Why an OBX gives no reading: it contradicts itself or the table, it is about no metric of ours, or it is a row of samples or of an alert. */
export type Untaken = { readonly kind: 'fault' | 'left out' | 'wave' | 'alert'; readonly why: string }

const fault = (why: string): Untaken => ({ kind: 'fault', why })
const WAVE: Untaken = { kind: 'wave', why: 'a waveform' }
const ALERT: Untaken = { kind: 'alert', why: 'an alert of the monitor' }
/** Philips PIIC: rows of this system say which alerts are active. */
const ALERT_SYSTEM = '^MDIL-ALERT'

const NO_TIME: Hl7Time = { kind: 'none' }
const DEMO = flagBit('demo')
const QUESTIONABLE = flagBit('questionable')
const ZONE_ASSUMED = flagBit('zone-assumed')
const EPISODIC = flagBit('episodic')
const VALIDATED = flagBit('validated')

/** null: the row has nothing to say. */
export function readObservation(obx: Segment, around: Surroundings): Reading | Untaken | null {
  const type = obx.field(2)
  if (type === 'NA' || type === 'MA') return WAVE
  const field = obx.field(3)
  if (field === '') return obx.isEmpty(5) ? null : { kind: 'left out', why: 'no code' }
  const code = codeOf(field, around.separators)
  switch (code.kind) {
    case 'metric':
      return readMetric(obx, code, around)
    case 'device':
      return null
    case 'left out':
    case 'fault': {
      const { profile, specimen } = around
      const known = codeByProfile(field, { profile: profile(), channel: obx.field(4), specimen })
      if (known !== null) return readMetric(obx, known, around)
      return field.endsWith(ALERT_SYSTEM) ? ALERT : code
    }
  }
}

function readMetric(obx: Segment, { metric, channel, laboratory }: MetricCode, around: Surroundings): Reading | Untaken {
  const status = statusOf(obx.field(11))
  if (status.kind === 'fault') return status
  const ownTime = obx.isEmpty(14) ? NO_TIME : around.time(obx.field(14))
  const time = ownTime.kind === 'none' ? around.defaultTime : ownTime
  if (time.kind === 'broken') return fault(`${ownTime.kind === 'broken' ? 'OBX-14' : 'the time of this group'} is no HL7 time`)
  const written = status.kind === 'absent' ? status : readValue(obx, around.separators)
  if (written.kind === 'unreadable') return fault(`OBX-5 is ${written.why}`)
  const measurement = written.kind === 'absent' ? absent(written.reason) : inUnit(written.value, obx.field(6), { metric, laboratory }, around.separators)
  if (typeof measurement === 'string') return fault(measurement)
  let flags = around.flags
  if (time.kind === 'at' && !time.zoned) flags |= ZONE_ASSUMED
  if (status.kind === 'validated') flags |= VALIDATED
  if (written.kind === 'number' && written.questionable) flags |= QUESTIONABLE
  // IHE PCD-01: a time of its own marks a value measured once; some vendors say so in OBX-13 or OBX-17 instead.
  if (ownTime.kind === 'at' || metric.kind === 'episodic' || says(obx, 13, 'APERIODIC') || says(obx, 17, 'APERIODIC')) flags |= EPISODIC
  if (says(obx, 8, 'DEMO')) flags |= DEMO
  if (status.kind === 'doubtful') flags |= QUESTIONABLE
  if (laboratory !== null) return inLaboratory(obx, { metric, measurement, time, flags }, laboratory, around)
  return { metric, measurement, channel: channel ?? obx.field(4), deviceAt: time.kind === 'at' ? time.at : null, flags: flagsOf(flags) }
}

type Result = { readonly metric: Metric; readonly measurement: Measurement; readonly time: Hl7Time; readonly flags: number }

/**
 * A result of a sample: once, of some blood, and at the time at which it was drawn. When the message was sent says nothing of
 * that, and a result that its analyser does not stand by is not one to act on.
 */
function inLaboratory(obx: Segment, { metric, measurement, time, flags }: Result, { specimen, passed }: Laboratory, around: Surroundings): Reading {
  const isTimed = around.isTimed || around.time(obx.field(14)).kind === 'at'
  const isDoubted = !isTimed || (passed !== null && !obx.isEmpty(13) && obx.field(13).trim() !== passed)
  return {
    metric, measurement, channel: specimen === '' ? around.specimen : specimen, deviceAt: isTimed && time.kind === 'at' ? time.at : null,
    flags: flagsOf(flags | EPISODIC | (isDoubted ? QUESTIONABLE : 0)),
  }
}

const says = (obx: Segment, field: number, word: string): boolean => !obx.isEmpty(field) && obx.field(field).toUpperCase().includes(word)

type Status = { readonly kind: 'usual' | 'validated' | 'doubtful' } | { readonly kind: 'absent'; readonly reason: AbsentReason } | Untaken

const USUAL: Status = { kind: 'usual' }
const DOUBTFUL: Status = { kind: 'doubtful' }
const CONFIRMED: Status = { kind: 'validated' }
const INVALID: Status = { kind: 'absent', reason: 'device-invalid' }
const NO_RESULT: Status = { kind: 'absent', reason: 'not-measured' }

/**
 * OBX-11, HL7 table 0085, as IHE PCD-01 uses it: R not validated, F validated by a person, X cannot be obtained. P and S may
 * change yet; C takes the place of a value that went before, and is marked until that can be told to everybody.
 */
function statusOf(field: string): Status {
  switch (field) {
    case '':
    case 'R':
    case 'U':
    case 'A':
    case 'B':
    case 'V':
      return USUAL
    case 'P':
    case 'S':
    case 'C':
      return DOUBTFUL
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
function inUnit(value: number, field: string, { metric, laboratory }: Pick<MetricCode, 'metric' | 'laboratory'>, separators: Separators): Measurement | string {
  const unit = unitOf(field, separators)
  if (typeof unit === 'string') return unit
  const asked = laboratory === null ? null : laboratory.quantity
  if (asked !== null && asked !== unit.quantity) return `unit ${unit.ucum} does not fit what the LOINC code measures`
  return measure(value, unit, metric) ?? `unit ${unit.ucum} does not fit ${metric.id} (${metric.unit})`
}
