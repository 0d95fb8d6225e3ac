/** What OBX-3 and OBX-6 name. Code, name and unit must agree with the table, or the value is not believed. */

import { MDC_UNITS, METRICS, type Metric, type Separators, type Unit, metricOfCode, metricOfId, part, shown, unitOfCode, unitOfName, unescape } from '#driver'
import { type Laboratory, type Specimen, analyteInPlace, analyteOfLoinc } from './laboratory.ts'
import { PROFILES, type Profile } from './profiles.ts'

export type MetricCode = {
  readonly kind: 'metric'
  readonly metric: Metric
  /** Which of several sensors, where the code says so; null: OBX-4. */
  readonly channel: string | null
  /** Null for what a monitor measures. */
  readonly laboratory: Laboratory | null
}

export type Code =
  | MetricCode
  /** A well-formed name of something that is no metric of ours. */
  | { readonly kind: 'left out'; readonly why: string }
  /** A row that describes the device, and has no value. */
  | { readonly kind: 'device' }
  | { readonly kind: 'fault'; readonly why: string }

const CONTRADICTION: Code = { kind: 'fault', why: 'the two codes of this value name different metrics' }

const codeFor = (metric: Metric, channel: string | null = null, laboratory: Laboratory | null = null): MetricCode =>
  ({ kind: 'metric', metric, channel, laboratory })

type Triplet = { readonly code: string; readonly name: string; readonly system: string }

const DIGITS = /^\d{1,10}$/
/** Philips MDIL: partition and code in hexadecimal, together the 32-bit MDC code. */
const HEXADECIMAL = /^[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}$/
const PARTITION = 65_536
/** IEEE 11073-10101: partition 1 holds objects (devices, channels), not what they measure. */
const OBJECT_PARTITION = 1
/** From here on codes are private: without its name one says nothing. */
const PRIVATE_CODES = 1_024 * PARTITION

/** The forms in which most devices send known codes, looked up whole. */
const COMMON_CODES: ReadonlyMap<string, Code> = new Map([
  ...METRICS.map((metric): [string, Code] => [`${metric.mdc}^${metric.id}^MDC`, codeFor(metric)]),
  // IHE SDPi has weight and height as attributes of the patient.
  ...named([['68063^MDC_ATTR_PT_WEIGHT^MDC', 'MDC_MASS_BODY_ACTUAL'], ['68060^MDC_ATTR_PT_HEIGHT^MDC', 'MDC_LEN_BODY_ACTUAL']]),
])
/** `10^9/L`: its power is not parted from the rest of it by those who forget to escape. */
const POWER_OF_TEN = /^x?10\^[39]\//
const COMMON_UNITS: ReadonlyMap<string, Unit> = new Map(MDC_UNITS.map(({ mdc, id, unit }) => [`${mdc}^${id}^MDC`, unit]))

/** Codes of makers' own systems, which mean the same whoever sends them. */
const VENDOR_CODES: ReadonlyMap<string, Code> = new Map(
  PROFILES.flatMap(({ codes, others }) => [
    ...named(codes.filter(([code]) => !isStandard(code))),
    ...others.map(([code, why]): [string, Code] => [code, { kind: 'left out', why }]),
  ]),
)
/** By profile: codes to which a maker gives another meaning than the standard. */
const PROFILE_CODES: ReadonlyMap<string, ReadonlyMap<string, MetricCode>> = new Map(
  PROFILES.map(({ id, codes }) => [id, new Map(named(codes.filter(([code]) => isStandard(code))))]),
)

function isStandard(code: string): boolean {
  return code.endsWith('^MDC')
}

function named(rows: Profile['codes']): [string, MetricCode][] {
  return rows.flatMap(([code, id, channel]): [string, MetricCode][] => {
    const metric = metricOfId(id)
    return metric === undefined ? [] : [[code, codeFor(metric, channel)]]
  })
}

const BY_LOINC = Map.groupBy(METRICS.filter((metric) => metric.loinc !== null), (metric) => metric.loinc)

function tripletOf(field: string, separators: Separators, from: 1 | 4): Triplet {
  const text = (n: number): string => unescape(part(field, separators.component, n), separators).trim()
  return { code: text(from), name: text(from + 1), system: text(from + 2).toUpperCase() }
}

/** What OBX-3 names: its identifier, or its alternate identifier, which must not contradict it. */
export function codeOf(field: string, separators: Separators): Code {
  const common = COMMON_CODES.get(field)
  if (common !== undefined && separators.component === '^') return common
  const first = tripletOf(part(field, separators.repetition, 1), separators, 1)
  const second = tripletOf(part(field, separators.repetition, 1), separators, 4)
  const code = meaningOf(first)
  if (second.code === '' && second.name === '') return code
  const alternate = meaningOf(second)
  if (code.kind === 'fault' || alternate.kind !== 'metric') return code
  if (code.kind === 'metric') return code.metric === alternate.metric ? code : CONTRADICTION
  const candidates = first.system === 'LN' ? BY_LOINC.get(first.code) : undefined
  return candidates === undefined || candidates.includes(alternate.metric) ? alternate : CONTRADICTION
}

/** Where a row stands: OBX-4, and the blood of OBR-15. */
type Place = { readonly profile: Profile; readonly channel: string; readonly specimen: Specimen }

/** What the profile of its sender makes of a row that says nothing to the standard; null: nothing either. */
export function codeByProfile(field: string, { profile, channel, specimen }: Place): MetricCode | null {
  const analyte = profile.hasAnalytesInPlace ? analyteInPlace(field, channel, specimen) : undefined
  return analyte === undefined ? (PROFILE_CODES.get(profile.id)?.get(field) ?? null) : codeFor(analyte.metric, null, analyte.laboratory)
}

const vendorCode = ({ code, name, system }: Triplet): Code | undefined =>
  VENDOR_CODES.get(`${code.toLowerCase()}^^${system}`) ?? VENDOR_CODES.get(`${code}^${name}^${system}`)

function meaningOf({ code, name, system }: Triplet): Code {
  const vendor = system === 'MDC' || system === '' ? undefined : vendorCode({ code, name, system })
  if (vendor !== undefined) {
    const other = metricOfId(name)
    return vendor.kind === 'metric' && other !== undefined && other !== vendor.metric ? CONTRADICTION : vendor
  }
  switch (system) {
    case 'MDC':
    case '':
      return DIGITS.test(code) ? mdcMeaning(Number(code), name) : withoutCode(code, name)
    case 'MDIL': {
      if (!HEXADECIMAL.test(code)) return { kind: 'left out', why: 'a code of the vendor' }
      const [partition = '', term = ''] = code.split('-')
      // Labels of Philips monitors are in the language of the ward: only a reference id says anything.
      return mdcMeaning(Number.parseInt(partition, 16) * PARTITION + Number.parseInt(term, 16), name.startsWith('MDC_') ? name : '')
    }
    case 'LN': {
      const analyte = analyteOfLoinc(code)
      if (analyte !== undefined) return codeFor(analyte.metric, null, analyte.laboratory)
      const metrics = BY_LOINC.get(code) ?? []
      const [metric] = metrics
      if (metric === undefined) return { kind: 'left out', why: 'a LOINC code of no metric' }
      return metrics.length === 1 ? codeFor(metric) : { kind: 'left out', why: 'a LOINC code that several metrics share' }
    }
    default:
      return { kind: 'left out', why: 'a code of the vendor' }
  }
}

function mdcMeaning(mdc: number, name: string): Code {
  const metric = metricOfCode(mdc)
  if (metric !== undefined) {
    if (name === metric.id || (name === '' && mdc < PRIVATE_CODES)) return codeFor(metric)
    if (mdc >= PRIVATE_CODES) return { kind: 'left out', why: 'a code of the vendor' }
    return { kind: 'fault', why: `code ${mdc} is ${metric.id}, and is called ${shown(name)} here` }
  }
  const named = metricOfId(name)
  if (named !== undefined) return { kind: 'fault', why: `${named.id} has code ${named.mdc}, and has code ${mdc} here` }
  const isAboutDevice = Math.floor(mdc / PARTITION) === OBJECT_PARTITION || name.startsWith('MDC_ATTR_')
  return isAboutDevice ? { kind: 'device' } : { kind: 'left out', why: 'a code of no metric' }
}

function withoutCode(code: string, name: string): Code {
  const named = metricOfId(name) ?? metricOfId(code)
  return named === undefined ? { kind: 'left out', why: 'no code' } : { kind: 'fault', why: `${named.id} without its code` }
}

/** The unit that OBX-6 names, or what is wrong with it. */
export function unitOf(field: string, separators: Separators): Unit | string {
  const common = COMMON_UNITS.get(field)
  if (common !== undefined && separators.component === '^') return common
  const whole = POWER_OF_TEN.test(field) ? unitOfName(field) : undefined
  if (whole !== undefined) return whole
  const first = unitMeaning(tripletOf(field, separators, 1))
  if (typeof first !== 'string') return first
  const second = unitMeaning(tripletOf(field, separators, 4))
  return typeof second === 'string' ? first : second
}

function unitMeaning({ code, name, system }: Triplet): Unit | string {
  if (code === '' && name === '') return 'no unit'
  const mdc = HEXADECIMAL.test(code) ? Number.parseInt(code.replace('-', ''), 16) : DIGITS.test(code) && code !== '1' ? Number(code) : null
  if (mdc === null) {
    const unit = unitOfName(code) ?? unitOfName(name)
    return unit ?? `unit ${shown(code === '' ? name : code)} is not known`
  }
  const unit = unitOfCode(mdc)
  if (unit === undefined) return `unit code ${mdc} is not known`
  if (name === '' || system === 'MDIL') return unit
  return unitOfName(name) === unit ? unit : `unit code ${mdc} is ${unit.ucum}, and is called ${shown(name)} here`
}
