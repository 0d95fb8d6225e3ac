/** Vigil's own JSON, version 1: what a payload says, and what is wrong with it, by the name of the key. */

import {
  ABSENT_REASONS, type AbsentReason, type Fault, METRICS, type Measurement, type Metric, type PatientIdentity, type Reading, type WallMs,
  type Json, absent, driverLimits, flagBit, flagsOf, isJsonObject, isJsonText, isSentinel, isoTime, measure, metricOfCode, metricOfId, nearest, parseJson, shown,
  suggestion, unitOfName,
} from '#driver'

export type Payload = {
  readonly messageId: string
  readonly sentAt: WallMs
  readonly readings: readonly Reading[]
  readonly faults: readonly Fault[]
  readonly identity: PatientIdentity | null
}

const PAYLOAD_KEYS = ['id', 'at', 'readings', 'demo', 'channel', 'patient'] as const
const READING_KEYS = ['mdc', 'value', 'absent', 'unit', 'at', 'channel'] as const
const PATIENT_KEYS = ['mrn', 'name'] as const
const METRIC_IDS = METRICS.map((metric) => metric.id)
const DEMO = flagBit('demo')
const EPISODIC = flagBit('episodic')

const TEXT_CHARS_MAX = driverLimits.jsonTextCharsMax

const unknownKeys = (object: Json, known: readonly string[], at: string): readonly Fault[] =>
  Object.keys(object)
    .filter((key) => !known.includes(key))
    .map((key) => ({ why: `key ${shown(key)} is not known.${suggestion(key.slice(0, driverLimits.shownWordCharsMax), known)}`, at: `${at}${shown(key)}` }))

/** A sentence when the payload as a whole cannot be believed. */
export function readPayload(text: string): Payload | string {
  const payload = parseJson(text)
  if (!isJsonObject(payload)) return 'not valid JSON'
  const { id, at, readings, demo, channel, patient } = payload
  const messageId = typeof id === 'number' && Number.isSafeInteger(id) ? String(id) : id
  if (!isJsonText(messageId) || messageId === '') return `id must be a text of 1 to ${TEXT_CHARS_MAX} characters: a message sent twice is known by it`
  const sentAt = typeof at === 'string' ? isoTime(at) : null
  if (sentAt === null) return 'at must be a time as in 2026-01-31T13:45:00Z: a message kept back by a broker is known by it'
  if (!Array.isArray(readings)) return 'readings must be a list'
  if (readings.length > driverLimits.readingsPerFrameMax) return `more than ${driverLimits.readingsPerFrameMax} readings`
  // Whether values are real must never be guessed.
  if (demo !== undefined && typeof demo !== 'boolean') return 'demo must be true or false'
  if (channel !== undefined && !isJsonText(channel)) return 'channel must be a text'
  const faults: Fault[] = [...unknownKeys(payload, PAYLOAD_KEYS, '')]
  const around: Around = { sentAt, channel: channel ?? '', flags: demo === true ? DEMO : 0 }
  const taken: Reading[] = []
  readings.forEach((reading: unknown, index) => {
    const outcome = readReading(reading, `readings[${index}]`, around)
    if ('metric' in outcome) taken.push(outcome)
    else faults.push(outcome)
  })
  const identity = readPatient(patient, faults)
  return { messageId, sentAt, readings: taken, faults, identity }
}

type Around = { readonly sentAt: WallMs; readonly channel: string; readonly flags: number }

function readReading(reading: unknown, at: string, around: Around): Reading | Fault {
  if (!isJsonObject(reading)) return { why: 'must be an object', at }
  const [unknown] = unknownKeys(reading, READING_KEYS, `${at}.`)
  if (unknown !== undefined) return unknown
  const metric = metricOf(reading['mdc'])
  if (typeof metric === 'string') return { why: metric, at: `${at}.mdc` }
  const deviceAt = reading['at'] === undefined ? around.sentAt : typeof reading['at'] === 'string' ? isoTime(reading['at']) : null
  if (deviceAt === null) return { why: 'must be a time as in 2026-01-31T13:45:00Z', at: `${at}.at` }
  const channel = reading['channel'] ?? around.channel
  if (!isJsonText(channel)) return { why: 'must be a text', at: `${at}.channel` }
  const measurement = measurementOf(reading, metric)
  if ('why' in measurement) return { why: measurement.why, at: `${at}.${measurement.key}` }
  const flags = metric.kind === 'episodic' ? around.flags | EPISODIC : around.flags
  return { metric, measurement, channel, deviceAt, flags: flagsOf(flags) }
}

/** By MDC code (a number, or its digits) or reference id; else what is wrong. */
function metricOf(mdc: unknown): Metric | string {
  if (typeof mdc === 'number' || (typeof mdc === 'string' && /^\d{1,10}$/.test(mdc))) return metricOfCode(Number(mdc)) ?? `code ${Number(mdc)} is of no metric`
  if (typeof mdc !== 'string') return 'must be an MDC code or a reference id such as MDC_PULS_OXIM_SAT_O2'
  const metric = metricOfId(mdc)
  if (metric !== undefined) return metric
  const near = nearest(mdc.slice(0, driverLimits.shownWordCharsMax), METRIC_IDS)
  return `${shown(mdc)} is of no metric.${near === null ? '' : ` Did you mean "${near}"?`}`
}

type Wrong = { readonly why: string; readonly key: 'value' | 'absent' | 'unit' }

function measurementOf(reading: Json, metric: Metric): Measurement | Wrong {
  const { value, absent: reason, unit: unitName } = reading
  const unit = typeof unitName === 'string' ? unitOfName(unitName) : undefined
  if (unitName !== undefined && unit === undefined) return { why: `${typeof unitName === 'string' ? shown(unitName) : 'this'} is no known unit`, key: 'unit' }
  if (reason !== undefined) {
    if (value !== undefined) return { why: 'stands beside a value: one of the two', key: 'absent' }
    const known = ABSENT_REASONS.find((candidate): candidate is AbsentReason => candidate === reason)
    if (known !== undefined) return absent(known)
    const word = typeof reason === 'string' ? reason.slice(0, driverLimits.shownWordCharsMax) : ''
    return { why: `${shown(word)} is no reason.${suggestion(word, ABSENT_REASONS)}`, key: 'absent' }
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) return { why: 'must be a number; where there is none, say why with "absent"', key: 'value' }
  if (unit === undefined) return { why: `must be there: ${metric.unit}, or a unit that converts to it`, key: 'unit' }
  if (isSentinel(value)) return absent('not-measured')
  return measure(value, unit, metric) ?? { why: `${unit.ucum} does not fit ${metric.id} (${metric.unit})`, key: 'unit' }
}

function readPatient(patient: unknown, faults: Fault[]): PatientIdentity | null {
  if (patient === undefined || patient === null) return null
  if (!isJsonObject(patient)) {
    faults.push({ why: 'must be an object', at: 'patient' })
    return null
  }
  faults.push(...unknownKeys(patient, PATIENT_KEYS, 'patient.'))
  const textOf = (key: (typeof PATIENT_KEYS)[number]): string | null => {
    const text = patient[key]
    if (text === undefined || text === null) return null
    if (isJsonText(text)) return text.trim() === '' ? null : text.trim()
    faults.push({ why: `must be a text of at most ${TEXT_CHARS_MAX} characters`, at: `patient.${key}` })
    return null
  }
  const [mrn, name] = [textOf('mrn'), textOf('name')]
  return mrn === null && name === null ? null : { mrn, name }
}
