/** The objects of a simulated IntelliVue: numerics, waves and alarms, made of what the sensors see. */

import type { Moment, Sign } from '../patients/patient.ts'
import type { WaveKind, Waves } from '../patients/waves.ts'
import { absoluteTime, attribute, float, put, text, type Thing, type Writer } from './philips-intellivue-wire.ts'
import type { SentValue } from './wire.ts'

export type Module = 'ecg' | 'oximeter' | 'pressure' | 'cuff' | 'temperature' | 'gas'

const BPM = 0x0aa0
const RPM = 0x0ae0
const PERCENT = 0x0220
const MMHG = 0x0f20
const CELSIUS = 0x17a0
const NO_DIMENSION = 0x0200

type Part = {
  readonly code: number
  readonly unit: number
  readonly decimals: number
  readonly metric: string
  readonly sign: (moment: Moment) => Sign
}
type Numeric = {
  readonly module: Module
  readonly context: number
  readonly handle: number
  readonly label: number
  readonly names: readonly [english: string, french: string]
  readonly parts: readonly Part[]
  readonly isCompound?: true
}

const NOTHING: Sign = { kind: 'none', why: 'failed' }
const part = (code: number, unit: number, metric: string, sign: (moment: Moment) => Sign, decimals = 0): Part => ({ code, unit, decimals, metric, sign })
const alone = (module: Module, handle: number, names: Numeric['names'], only: Part): Numeric => ({
  module, context: 1, handle, label: 0x20000 + only.code, names, parts: [only],
})

/** As a patient monitor numbers and names them; the metric is what IEEE 11073-10101 calls the same thing. */
const NUMERICS: readonly Numeric[] = [
  alone('ecg', 0x82b3, ['HR', 'FC'], part(0x4182, BPM, 'MDC_ECG_HEART_RATE', ({ signs }) => signs.heartRate)),
  alone('ecg', 0x82ba, ['RR', 'FR'], part(0x500a, RPM, 'MDC_RESP_RATE', ({ signs }) => signs.breaths)),
  alone('oximeter', 0x83d5, ['SpO₂', 'SpO₂'], part(0x4bb8, PERCENT, 'MDC_PULS_OXIM_SAT_O2', ({ signs }) => signs.saturation, 1)),
  alone('oximeter', 0x83dc, ['Pulse', 'Pouls'], part(0x4822, BPM, 'MDC_PULS_OXIM_PULS_RATE', ({ signs }) => signs.pulse)),
  alone('oximeter', 0x83e3, ['Perf', 'Perf'], part(0x4bb0, NO_DIMENSION, 'MDC_PULS_OXIM_PERF_REL', ({ signs }) => signs.perfusion, 2)),
  {
    module: 'pressure', context: 0, handle: 0x891a, label: 0x24a14, names: ['ABP', 'PA'], isCompound: true,
    parts: [
      part(0x4a17, MMHG, 'MDC_PRESS_BLD_ART_ABP_MEAN', ({ signs }) => signs.mean),
      part(0x4a15, MMHG, 'MDC_PRESS_BLD_ART_ABP_SYS', ({ signs }) => signs.systolic),
      part(0x4a16, MMHG, 'MDC_PRESS_BLD_ART_ABP_DIA', ({ signs }) => signs.diastolic),
    ],
  },
  {
    module: 'cuff', context: 1, handle: 0x826a, label: 0x24a04, names: ['NBP', 'PB'], isCompound: true,
    parts: [
      part(0x4a05, MMHG, 'MDC_PRESS_BLD_NONINV_SYS', ({ signs }) => signs.cuff?.systolic ?? NOTHING),
      part(0x4a06, MMHG, 'MDC_PRESS_BLD_NONINV_DIA', ({ signs }) => signs.cuff?.diastolic ?? NOTHING),
      part(0x4a07, MMHG, 'MDC_PRESS_BLD_NONINV_MEAN', ({ signs }) => signs.cuff?.mean ?? NOTHING),
    ],
  },
  alone('temperature', 0x8694, ['Tcore', 'Tcent'], part(0x4b60, CELSIUS, 'MDC_TEMP_CORE', ({ signs }) => signs.temperature, 2)),
  {
    module: 'gas', context: 1, handle: 0x8800, label: 0x250ac, names: ['CO2', 'CO2'], isCompound: true,
    parts: [part(0x50b0, MMHG, 'MDC_CONC_AWAY_CO2_ET', ({ signs }) => signs.carbonDioxide)],
  },
]

const INVALID = 0x8000
const UNAVAILABLE = 0x2000
const DEMO = 0x0400
const EARLY = 0x0040
const ONGOING = 0x0020
/** A cuff shows its systolic value first, and the others when it is done. */
const CUFF_TAKES_S = 2

export type View = {
  readonly moment: Moment
  readonly isDemo: boolean
  readonly isFrench: boolean
  readonly pulled: readonly Module[]
  /** The monitor's own wall clock at second 0 of the ward, in ms. */
  readonly secondZero: number
}

/** What a value looks like on the wire now, and what of it is a measurement that has not been told yet. */
export type NumericResult = { readonly things: readonly Thing[]; readonly issued: readonly SentValue[] }

/** `withContext`: objects whose label and description come too. `cuffTold`: the second of the last cuff that was told as done. */
export function numericThings(view: View, withContext: (index: number) => boolean, cuffTold: number | null): NumericResult {
  const issued: SentValue[] = []
  const things = NUMERICS.flatMap((numeric, index): Thing[] => {
    const { moment } = view
    if (view.pulled.includes(numeric.module) || (numeric.module === 'cuff' && moment.signs.cuff === null)) return []
    const cuffAt = numeric.module === 'cuff' ? (moment.signs.cuff?.second ?? null) : null
    const isBusy = cuffAt !== null && moment.second - cuffAt < CUFF_TAKES_S
    const values = numeric.parts.map(({ code, unit, decimals, metric, sign: signOf }, order) => {
      const sign = signOf(moment)
      const isEarly = isBusy && order === 0
      const state = (view.isDemo ? DEMO : 0) | (sign.kind === 'none' ? (sign.why === 'failed' ? INVALID : INVALID | UNAVAILABLE) : 0)
      if (sign.kind === 'value' && !isBusy && (cuffAt === null || cuffAt !== cuffTold)) issued.push({ metric, value: sign.value })
      const measured = sign.kind === 'value' && (!isBusy || isEarly) ? float(sign.value, decimals) : float(null)
      return put().u16(code, state | (isBusy ? (isEarly ? EARLY | ONGOING : UNAVAILABLE | ONGOING) : 0), unit).add(measured)
    })
    const attributes: Writer[] = withContext(index) ? contextOf(numeric, view.isFrench) : []
    if (cuffAt !== null) attributes.push(attribute(0x0990, absoluteTime(view.secondZero + cuffAt * 1_000)))
    attributes.push(numeric.isCompound ? attribute(0x094b, put().list(values)) : attribute(0x0950, values[0] ?? put()))
    return [{ context: numeric.context, handle: numeric.handle, attributes }]
  })
  return { things, issued }
}

export const NUMERIC_COUNT: number = NUMERICS.length

function contextOf({ handle, label, names, module, isCompound, parts }: Numeric, isFrench: boolean): Writer[] {
  const specification = put().u32(0x2000).u16(1, module === 'cuff' ? 0x5228 : 0x4228).u8(isCompound ? 1 : 0, isCompound ? parts.length : 0).u16(0)
  return [
    attribute(0x0921, put().u16(handle)),
    attribute(0x092f, put().u16(1, 6)),
    attribute(0x093f, specification),
    attribute(0x0924, put().u32(label)),
    attribute(0x0927, text(names[isFrench ? 1 : 0].padEnd(6))),
    attribute(0x0911, put().u16(2)),
  ]
}

// ── Waves ────────────────────────────────────────────────────────────────────────────────────────────────────────────

type WaveObject = {
  readonly kind: WaveKind
  readonly module: Module
  readonly context: number
  readonly handle: number
  readonly code: number
  readonly unit: number
  readonly count: number
  readonly periodTicks: number
  readonly significant: number
  readonly flags: number
  /** Physical values of the scaled ones; null for a wave that has none. */
  readonly absolute: readonly [low: Writer, high: Writer, lowValue: number, highValue: number] | null
  readonly scaled: readonly [low: number, high: number]
}

const WAVES: readonly WaveObject[] = [
  {
    kind: 'ecg', module: 'ecg', context: 1, handle: 0x02ae, code: 0x0102, unit: 0x10b2, count: 128, periodTicks: 16, significant: 14, flags: 0x3000,
    absolute: [float(-40.96, 2), float(40.955, 3), -40.96, 40.955], scaled: [0, 0x3fff],
  },
  {
    kind: 'pleth', module: 'oximeter', context: 1, handle: 0x03da, code: 0x4bb4, unit: NO_DIMENSION, count: 32, periodTicks: 64, significant: 12, flags: 0x8000,
    absolute: null, scaled: [0, 0x0fff],
  },
  {
    kind: 'resp', module: 'ecg', context: 1, handle: 0x02b8, code: 0x5000, unit: 0x10c0, count: 16, periodTicks: 128, significant: 12, flags: 0x8000,
    absolute: [float(-0.6, 1), float(1.9, 1), -0.6, 1.9], scaled: [0, 0x0fff],
  },
  {
    kind: 'art', module: 'pressure', context: 0, handle: 0x091c, code: 0x4a14, unit: MMHG, count: 32, periodTicks: 64, significant: 13, flags: 0xa000,
    absolute: [float(-40), float(520), -40, 520], scaled: [160, 9_120],
  },
]
/** One result holds so long of each wave. */
export const WAVE_RESULT_MS = 256

const labelOf = (wave: WaveObject): number => 0x20000 + wave.code

/** `labels`: waves that were asked for. `withContext`: objects whose description comes too. */
export type WaveOptions = { readonly labels: readonly number[]; readonly withContext: (index: number) => boolean }

export function waveThings(view: View, waves: Waves, { labels, withContext }: WaveOptions): readonly Thing[] {
  return WAVES.flatMap((wave, index): Thing[] => {
    if (!labels.includes(labelOf(wave)) || view.pulled.includes(wave.module)) return []
    const samples = waves.next(wave.kind, view.moment.signs, 8_000 / wave.periodTicks, WAVE_RESULT_MS / 1_000)
    const isOff = samples.some(Number.isNaN)
    const block = put().u16(wave.code, (isOff ? INVALID : 0) | (view.isDemo ? DEMO : 0), wave.count * 2)
    for (const sample of samples) block.u16(isOff ? 0 : scaled(wave, sample))
    const context = withContext(index) ? waveContext(wave) : []
    return [{ context: wave.context, handle: wave.handle, attributes: [...context, attribute(0x096e, block)] }]
  })
}

export const WAVE_COUNT: number = WAVES.length

function scaled({ absolute, scaled: [low, high] }: WaveObject, sample: number): number {
  const [from, to] = absolute === null ? [0, 1] : [absolute[2], absolute[3]]
  return Math.round(Math.min(high, Math.max(low, low + ((sample - from) / (to - from)) * (high - low))))
}

function waveContext(wave: WaveObject): Writer[] {
  const scale = wave.absolute === null ? float(null).add(float(null)) : put().add(wave.absolute[0]).add(wave.absolute[1])
  const marks = [[4, 0x8008], [3, 0x4001], [2, 0x8004]].map(([id = 0, mask = 0]) => put().u16(id, mask))
  return [
    attribute(0x0921, put().u16(wave.handle)),
    attribute(0x096d, put().u16(wave.count).u8(16, wave.significant).u16(wave.flags)),
    ...(wave.kind === 'ecg' ? [attribute(0x0a16, put().list(marks))] : []),
    attribute(0x098d, put().u32(wave.periodTicks)),
    attribute(0x0924, put().u32(labelOf(wave))),
    attribute(0x0996, put().u16(wave.unit)),
    attribute(0x096f, scale.u16(...wave.scaled)),
  ]
}

// ── Alarms ───────────────────────────────────────────────────────────────────────────────────────────────────────────

type Condition = {
  readonly source: number
  readonly code: number
  readonly type: number
  readonly words: string
  readonly isThere: (view: View) => boolean
}

const isBelow = (sign: Sign, limit: number): boolean => sign.kind === 'value' && sign.value < limit
const isStill = (sign: Sign): boolean => sign.kind === 'value' && sign.value === 0

/** ECG LEADS OFF as captures have it; the codes of the others are made up. */
const TECHNICAL: readonly Condition[] = [
  {
    source: 0x0100, code: 0x0112, type: 0x0002, words: 'ECG LEADS OFF',
    isThere: ({ moment, pulled }) => moment.insult.ecgLeads === 'off' && !pulled.includes('ecg'),
  },
  {
    source: 0x4bb8, code: 0x0120, type: 0x0002, words: 'SpO₂ SENSOR OFF',
    isThere: ({ moment, pulled }) => moment.insult.oximeter === 'off' && !pulled.includes('oximeter'),
  },
]
const PATIENT: readonly Condition[] = [
  {
    source: 0x4bb8, code: 0x0004, type: 0x0200, words: '** SpO₂ LOW',
    isThere: ({ moment: { signs } }) => isBelow(signs.saturation, 90) && !isBelow(signs.saturation, 80),
  },
  { source: 0x4bb8, code: 0x0004, type: 0x0400, words: '*** DESAT', isThere: ({ moment: { signs } }) => isBelow(signs.saturation, 80) },
  { source: 0x4182, code: 0x0008, type: 0x0400, words: '*** ASYSTOLE', isThere: ({ moment: { signs } }) => isStill(signs.heartRate) },
]

const NEW = 0x0008
const SILENCED = 0x1000
const DEMO_MODE = 0x0100
/** Somebody comes and presses Silence. */
const SILENCED_AFTER_S = 25

/** Remembers since when each alarm is there. */
export function createAlarms(): (view: View) => readonly Thing[] {
  const since = new Map<string, number>()
  const entry = (condition: Condition, second: number, isDemo: boolean): Writer => {
    const key = `${condition.source}/${condition.code}`
    const began = since.get(key) ?? second
    since.set(key, began)
    const state = (second === began ? NEW : second - began >= SILENCED_AFTER_S ? SILENCED : 0) | (isDemo ? DEMO_MODE : 0)
    const body = put().u16(1).u32(0x80000000 + condition.code).u16(0, 0x4000).add(text(condition.words))
    return put().u16(condition.source, condition.code, condition.type, state, 6, 1, 0x8000 + condition.code, 0x0204, body.length).add(body)
  }
  return (view) => {
    const { second } = view.moment
    const now = [PATIENT, TECHNICAL].map((list) => list.filter(({ isThere }) => isThere(view)))
    const keys = new Set(now.flat().map(({ source, code }) => `${source}/${code}`))
    for (const key of since.keys()) if (!keys.has(key)) since.delete(key)
    const [patient = [], technical = []] = now.map((list) => list.map((condition) => entry(condition, second, view.isDemo)))
    const condition = put().u16(view.isDemo ? DEMO_MODE : 0, 0, 0, 0, 0)
    const lists = [attribute(0x0902, put().list(patient)), attribute(0x0904, put().list(technical))]
    return [{ context: 1, handle: 0x8401, attributes: [attribute(0x0916, condition), ...lists] }]
  }
}
