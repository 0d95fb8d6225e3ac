/** One result record into a reading: which analyte, how it came about, in which unit, and how far its analyser stands by it. */

import {
  type Fault, type Metric, type Reading, type WallMs, absent, flagBit, flagsOf, measure, measured, metricOfId, readNumber, unitOfName, within,
} from '#driver'
import type { Fields } from './records.ts'

/** What blood it was: also the channel of each reading. Empty: not said. */
export type Specimen = '' | 'arterial' | 'venous' | 'mixed-venous' | 'capillary' | 'other'

/** What surrounds a result. */
export type Context = {
  readonly specimen: Specimen
  /** When the blood was measured, where the analyser says so. */
  readonly at: WallMs | null
  /** Flags of all results of the message, as bits. */
  readonly marks: number
}

export type Outcome = { readonly reading: Reading | null; readonly faults: readonly Fault[]; readonly leftOut: readonly Fault[] }

type Analyte = {
  readonly metricOf: (specimen: Specimen) => Metric | undefined
  /** Unit of a value without one; null: it is not believed without. `fraction`: a part of one, of which the metric has percent. */
  readonly blank: string | null
}

const gas = (name: string) => (specimen: Specimen): Metric | undefined =>
  metricOfId(`MDC_CONC_${name}_${specimen === 'arterial' ? 'ART' : specimen === 'venous' ? 'VEN' : 'GEN'}`)
const always = (id: string) => (): Metric | undefined => metricOfId(id)

/** By the name in, as Radiometer's analysers spell it. */
const ANALYTES: ReadonlyMap<string, Analyte> = new Map([
  ['pH', { metricOf: gas('PH'), blank: '[pH]' }],
  ['pCO2', { metricOf: gas('PCO2'), blank: null }],
  ['pO2', { metricOf: gas('PO2'), blank: null }],
  ['Na+', { metricOf: always('MDC_CONC_NA_GEN'), blank: null }],
  ['K+', { metricOf: always('MDC_CONC_K_GEN'), blank: null }],
  ['Glu', { metricOf: always('MDC_CONC_GLU_GEN'), blank: null }],
  ['Lac', { metricOf: always('NOM_CONC_LACT'), blank: null }],
  // Of venous blood it is no arterial saturation.
  ['sO2', { metricOf: (specimen) => (specimen === 'arterial' ? metricOfId('MDC_SAT_O2_ART') : undefined), blank: 'fraction' }],
])
/** Typed in by a person. */
const TYPED: ReadonlyMap<string, Analyte> = new Map([['FIO2', { metricOf: always('MDC_CONC_AWAY_O2_INSP_SETTING'), blank: 'fraction' }]])
/** What an analyser takes where nobody typed anything: on such a number no one relies. */
const AIR_PERCENT = 21

const REASONS: ReadonlyMap<string, string> = new Map([['C', 'calculated'], ['E', 'estimated'], ['I', 'typed in']])

/** A comment of a correction: numbers alone are taken of it, for it names who made it. */
const CHANGE = /:\s*(\??-?[\d.]{1,12}) -> (\??-?[\d.]{1,12})\s*$/
const CODE = /^\d{1,8}$/

/** `comments`: the C records behind it. */
export function resultOf(record: Fields, comments: readonly Fields[], context: Context): Outcome {
  const faults: Fault[] = []
  const leftOut: Fault[] = []
  const [, , , name = '', type = ''] = record.components(3)
  const at = shownAnalyte(type === '' ? name : `${name}^${type}`)
  for (const comment of comments) leftOut.push(noteOf(comment, at))
  const analyte = type === '' || type === 'M' ? ANALYTES.get(name) : type === 'I' ? TYPED.get(name) : undefined
  const metric = analyte?.metricOf(context.specimen)
  const done = (reading: Reading | null): Outcome => ({ reading, faults, leftOut })
  if (analyte === undefined || metric === undefined) {
    leftOut.push({ why: REASONS.get(type) ?? 'no metric for it', at })
    return done(null)
  }
  const letter = record.field(9).trim()
  const status = STATUSES.get(letter)
  if (status === undefined || status === 'no-result') {
    if (status === undefined) faults.push({ why: 'a result status that is none', at })
    else leftOut.push({ why: 'no result', at })
    return done(null)
  }
  if (letter === 'C' && comments.length === 0) leftOut.push({ why: 'corrected', at })
  const value = valueOf(record, analyte, metric)
  if (typeof value === 'string') {
    faults.push({ why: value, at })
    return done(null)
  }
  if (type === 'I' && value.measurement.kind === 'measured' && value.measurement.value <= AIR_PERCENT) {
    leftOut.push({ why: 'what stands where nobody typed anything', at })
    return done(null)
  }
  const doubt = value.isDoubted || status === 'doubtful' || context.at === null ? flagBit('questionable') : 0
  const standing = status === 'repeated' ? flagBit('history') : status === 'validated' ? flagBit('validated') : 0
  const marks = context.marks | doubt | standing | flagBit('episodic')
  const measurement = status === 'absent' ? absent('device-invalid') : value.measurement
  return done({ metric, measurement, channel: type === 'I' ? '' : context.specimen, deviceAt: context.at, flags: flagsOf(marks) })
}

/**
 * R-9 (E1394, 9.9). A corrected result replaces one that went before, and until that can be told to everybody it is marked
 * as questionable. R and Q bring again what was sent before, or long ago: an old value is not a new one.
 */
const STATUSES: ReadonlyMap<string, 'usual' | 'validated' | 'doubtful' | 'repeated' | 'absent' | 'no-result'> = new Map([
  ['', 'usual'], ['F', 'usual'], ['V', 'validated'], ['C', 'doubtful'], ['P', 'doubtful'], ['W', 'doubtful'], ['R', 'repeated'], ['Q', 'repeated'],
  ['X', 'absent'], ['I', 'no-result'], ['N', 'no-result'],
])

type Value = { readonly measurement: Reading['measurement']; /** A leading `?`. */ readonly isDoubted: boolean }

/** What was measured, or why the record is not believed. */
function valueOf(record: Fields, { blank }: Analyte, metric: Metric): Value | string {
  const text = record.field(4).trim()
  const isBeyond = /^[<>]/.test(text) || ['<', '>'].includes(record.field(7).trim())
  if (isBeyond) return { measurement: absent('out-of-range'), isDoubted: false }
  // Dots stand where nothing could be calculated or measured.
  if (/^\.+$/.test(text)) return { measurement: absent('not-measured'), isDoubted: false }
  const written = readNumber(text)
  if (written.kind === 'unreadable') return written.why
  if (written.kind === 'absent') return { measurement: absent(written.reason), isDoubted: false }
  const { value, questionable: isDoubted } = written
  const unit = record.field(5).trim()
  const asked = unit === '' ? blank : unit
  if (asked === null) return 'no unit'
  if (asked === 'fraction') {
    if (value > 1) return 'more than one where a fraction is meant'
    const percent = Math.round(value * 100_000) / 1_000
    return { measurement: within(metric.parsed, percent) ? measured(percent) : absent('out-of-range'), isDoubted }
  }
  const known = unitOfName(asked)
  const measurement = known === undefined || known.quantity === 'ratio' ? null : measure(value, known, metric)
  return measurement === null ? 'a unit that is not converted' : { measurement, isDoubted }
}

/** Of a comment: the numbers before and after a correction, or the code of an instrument's message. Never its words. */
function noteOf(comment: Fields, at: string): Fault {
  const code = comment.components(4)[0] ?? ''
  if (code.startsWith('CHANGE')) {
    const [, before, after] = CHANGE.exec(comment.field(4)) ?? []
    return { why: 'corrected', at: before === undefined || after === undefined ? at : `${at} ${before} -> ${after}` }
  }
  return { why: 'a comment', at: CODE.test(code) ? `${at} ${code}` : at }
}

/** A name of an analyte may be read by an engineer; a text with blanks may be anything. */
const shownAnalyte = (name: string): string => (/^[A-Za-z0-9+().,/^-]{1,32}$/.test(name) ? name : '–')
