/** Numbers of one record, judged by its status first. Zero is a value: a heart that stands still. */

import {
  type Fault, type Json, type Measurement, type Metric, type Reading, type WallMs,
  absent, flagBit, flagsOf, isJsonObject, isSentinel, measure, metricOfCode, unitOfName,
} from '#driver'
import type { Status } from './status.ts'

export type Times = { readonly deviceAt: WallMs; readonly isZoned: boolean }
type Around = { readonly status: Status; readonly times: Times; readonly at: string }

const NUMERICS: Readonly<Record<string, { readonly mdc: number; readonly channel: string }>> = {
  'heart-rate': { mdc: 147842, channel: '' },
  'pulse-rate': { mdc: 149530, channel: '' },
  SpO2: { mdc: 150456, channel: '' },
  'respiratory-rate': { mdc: 151562, channel: '' },
  'body-temperature1': { mdc: 150344, channel: 'T1' },
  'body-temperature2': { mdc: 150344, channel: 'T2' },
}

/** The pressure of the cuff: the messages that the middleware lists beside it are of one. */
const PRESSURES = [
  { key: 'systolic', mdc: 150021, isOptional: false },
  { key: 'diastolic', mdc: 150022, isOptional: false },
  { key: 'map', mdc: 150023, isOptional: true },
] as const

export function readingOf(kind: string, record: Json, around: Around): readonly (Reading | Fault)[] | 'left out' {
  const numeric = Object.hasOwn(NUMERICS, kind) ? NUMERICS[kind] : undefined
  const metric = numeric === undefined ? undefined : metricOfCode(numeric.mdc)
  return numeric === undefined || metric === undefined ? 'left out' : [judged(record, { metric, channel: numeric.channel }, around)]
}

export function pressuresOf(record: Json, around: Around): readonly (Reading | Fault)[] {
  return PRESSURES.flatMap(({ key, mdc, isOptional }) => {
    const part = record[key] ?? (isOptional ? undefined : {})
    const metric = metricOfCode(mdc)
    if (part === undefined || metric === undefined) return []
    const at = `${around.at}.${key}`
    return [isJsonObject(part) ? judged(part, { metric, channel: '' }, { ...around, at }) : { why: 'must be an object', at }]
  })
}

function judged(from: Json, { metric, channel }: { readonly metric: Metric; readonly channel: string }, { status, times, at }: Around): Reading | Fault {
  const measurement = measurementOf(from, metric, status)
  if ('why' in measurement) return { why: measurement.why, at: `${at}.${measurement.key}` }
  const flags = (times.isZoned ? 0 : flagBit('zone-assumed')) | (metric.kind === 'episodic' ? flagBit('episodic') : 0)
  return { metric, measurement, channel, deviceAt: times.deviceAt, flags: flagsOf(flags) }
}

type Wrong = { readonly why: string; readonly key: 'value' | 'unit' }

function measurementOf({ value, unit: unitName }: Json, metric: Metric, status: Status): Measurement | Wrong {
  if (status.kind === 'absent') return absent(status.reason)
  if (value === undefined || value === null) return absent('not-measured')
  if (status.kind !== 'valid') return absent('device-invalid')
  if (typeof value !== 'number' || !Number.isFinite(value)) return { why: 'must be a number or null', key: 'value' }
  if (isSentinel(value)) return absent('not-measured')
  const unit = typeof unitName === 'string' ? unitOfName(unitName) : undefined
  if (unit === undefined) return { why: `must be ${metric.unit}, or a unit that converts to it`, key: 'unit' }
  return measure(value, unit, metric) ?? { why: `${unit.ucum} does not fit ${metric.id} (${metric.unit})`, key: 'unit' }
}
