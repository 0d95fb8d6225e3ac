/**
 * Waves: OBX of type NA with the samples, and rows that say their rate, their resolution and which sample is none (IHE PCD
 * waveform content; Mindray). Samples that are none are gaps: what lies between two is a wave of its own.
 */

import { type Fault, type Hl7Message, type Segment, type Waveform, driverLimits, part, readNumber, shown, unitOfName, wallMs } from '#driver'
import { unitOf } from './codes.ts'
import type { Surroundings } from './observation.ts'
import { type Reader, placeOf, surroundingsOf } from './reader.ts'

/** Codes of waves with their reference ids, the usual one first. Partition 2, as in numerics. */
const ROWS: readonly (readonly [mdc: number, ...ids: string[]])[] = [
  [131328, 'MDC_ECG_ELEC_POTL'],
  [131329, 'MDC_ECG_ELEC_POTL_I', 'MDC_ECG_LEAD_I'],
  [131330, 'MDC_ECG_ELEC_POTL_II', 'MDC_ECG_LEAD_II'],
  [131389, 'MDC_ECG_ELEC_POTL_III', 'MDC_ECG_LEAD_III'],
  [131390, 'MDC_ECG_ELEC_POTL_AVR', 'MDC_ECG_LEAD_AVR'],
  [131391, 'MDC_ECG_ELEC_POTL_AVL', 'MDC_ECG_LEAD_AVL'],
  [131392, 'MDC_ECG_ELEC_POTL_AVF', 'MDC_ECG_LEAD_AVF'],
  [131395, 'MDC_ECG_ELEC_POTL_V', 'MDC_ECG_LEAD_V'],
  [131331, 'MDC_ECG_ELEC_POTL_V1', 'MDC_ECG_LEAD_V1'],
  [131332, 'MDC_ECG_ELEC_POTL_V2', 'MDC_ECG_LEAD_V2'],
  [131333, 'MDC_ECG_ELEC_POTL_V3', 'MDC_ECG_LEAD_V3'],
  [131334, 'MDC_ECG_ELEC_POTL_V4', 'MDC_ECG_LEAD_V4'],
  [131335, 'MDC_ECG_ELEC_POTL_V5', 'MDC_ECG_LEAD_V5'],
  [131336, 'MDC_ECG_ELEC_POTL_V6', 'MDC_ECG_LEAD_V6'],
  [150452, 'MDC_PULS_OXIM_PLETH'],
  [151552, 'MDC_RESP'],
  [150036, 'MDC_PRESS_BLD_ART_ABP'],
  [150032, 'MDC_PRESS_BLD_ART'],
  [150044, 'MDC_PRESS_BLD_ART_PULM'],
  [150084, 'MDC_PRESS_BLD_VEN_CENT'],
  [153608, 'MDC_PRESS_INTRA_CRAN'],
  [151724, 'MDC_AWAY_CO2'],
]
const WAVES: ReadonlyMap<number, readonly string[]> = new Map(ROWS.map(([mdc, ...ids]) => [mdc, ids]))

const RATE = 'MDC_ATTR_SAMP_RATE'
const RESOLUTION = 'MDC_ATTR_NU_MSMT_RES'
/** Mindray: the sample that stands where there is none. */
const INVALID = 'MDC_EVT_INOP'
/** Largest of 16 bits: also where nothing says so, no measurement. */
const INVALID_SAMPLE = 32_767
const HERTZ = /^(?:MDC_DIM_HZ|Hz|MDC_DIM_PER_SEC|\/s)$/i
const INTEGER = /^-?\d{1,9}$/

/** A row of samples, and the rows about it. */
type Wave = { readonly obx: Segment; readonly row: number; readonly around: Surroundings; readonly about: Map<string, Segment> }
type Sink = { readonly waveforms: Waveform[]; readonly faults: Fault[]; readonly leftOut: Fault[] }

export function readWaves(message: Hl7Message, reader: Reader, sink: Sink): void {
  const { separators } = message
  for (const wave of wavesOf(message, reader)) {
    const told = readWave(wave)
    const at = placeOf(wave.obx, wave.row, separators)
    if ('why' in told) (told.kind === 'fault' ? sink.faults : sink.leftOut).push({ why: told.why, at })
    else if (sink.waveforms.length + told.length > driverLimits.hl7WaveformsPerFrameMax) sink.leftOut.push({ why: 'more pieces of waves than are taken', at })
    else sink.waveforms.push(...told)
  }
}

function wavesOf(message: Hl7Message, reader: Reader): readonly Wave[] {
  const waves: Wave[] = []
  let around = surroundingsOf(null, message, reader)
  let group = 0
  let row = 0
  for (const segment of message.segments) {
    if (segment.id === 'OBR') {
      around = surroundingsOf(segment, message, reader)
      group = waves.length
    }
    if (segment.id !== 'OBX') continue
    row++
    const type = segment.field(2)
    if (type === 'NA' || type === 'MA') waves.push({ obx: segment, row, around, about: new Map() })
    else ownerOf(segment, waves.slice(group))?.about.set(segment.component(3, 2).trim(), segment)
  }
  return waves
}

/** A row is about the wave whose place in OBX-4 it extends; where places say nothing, about the one before it. */
function ownerOf(row: Segment, waves: readonly Wave[]): Wave | undefined {
  const place = row.field(4)
  return waves.find(({ obx }) => obx.field(4) !== '' && (place === obx.field(4) || place.startsWith(`${obx.field(4)}.`))) ?? waves.at(-1)
}

type Untaken = { readonly kind: 'fault' | 'left out'; readonly why: string }
const leftOut = (why: string): Untaken => ({ kind: 'left out', why })
const fault = (why: string): Untaken => ({ kind: 'fault', why })

function readWave({ obx, around, about }: Wave): readonly Waveform[] | Untaken {
  const { separators, time, flags } = around
  const metric = metricIn(obx)
  if (typeof metric !== 'string') return metric
  if (obx.field(2) === 'MA') return leftOut('waves that share a row')
  // A wave carries no flags: what is no patient's is not passed on.
  if (flags !== 0 || obx.field(8).toUpperCase().includes('DEMO')) return leftOut('a wave of a demonstration or a test')
  if (obx.field(11).trim() === 'X') return leftOut('a wave that the monitor calls invalid')
  const rateHz = rateOf(about.get(RATE))
  if (rateHz === null) return leftOut('a wave without its sample rate in Hz')
  const resolution = about.get(RESOLUTION)
  const scale = resolution === undefined ? null : numberIn(resolution)
  if (resolution === undefined || scale === null || scale <= 0) return leftOut('a wave without its resolution')
  const field = resolution.isEmpty(6) ? obx.field(6) : resolution.field(6)
  const unit = field === '' ? unitOfName('1') : unitOf(field, separators)
  if (unit === undefined || typeof unit === 'string') return fault(unit ?? 'no unit')
  const at = obx.isEmpty(14) ? around.defaultTime : time(part(obx.field(14), separators.component, 1))
  if (at.kind === 'broken') return fault('the time of the wave is no HL7 time')
  const invalid = about.get(INVALID)
  const runs = runsOf(part(obx.field(5), separators.repetition, 1).split(separators.component), (invalid && numberIn(invalid)) ?? INVALID_SAMPLE)
  if (runs === null) return fault('OBX-5 is no row of whole numbers')
  const first = at.kind === 'at' ? at.at : null
  return runs.map(({ from, samples }) => ({
    metric, channel: obx.field(4), rateHz, scale, offset: 0, unit: unit.ucum, samples,
    deviceAt: first === null ? null : wallMs(Math.round(first + (from * 1_000) / rateHz)),
  }))
}

/** Code and name must agree, as for numbers. */
function metricIn(obx: Segment): string | Untaken {
  const [code, name] = [obx.component(3, 1).trim(), obx.component(3, 2).trim()]
  const ids = /^\d{1,10}$/.test(code) ? WAVES.get(Number(code)) : undefined
  const [id] = ids ?? []
  if (ids === undefined || id === undefined) return leftOut('a wave of a code that we do not know')
  if (name === '' || ids.includes(name)) return id
  return fault(`code ${code} is ${id}, and is called ${shown(name)} here`)
}

function numberIn(row: Segment): number | null {
  const text = row.value(5)
  // What marks an invalid sample is no value, so it is read where values are not.
  if (INTEGER.test(text)) return Number(text)
  const written = readNumber(text)
  return written.kind === 'number' ? written.value : null
}

function rateOf(row: Segment | undefined): number | null {
  if (row === undefined) return null
  const [code, name] = [row.value(6, 1), row.value(6, 2)]
  const rate = numberIn(row)
  return rate !== null && rate > 0 && (HERTZ.test(code) || HERTZ.test(name)) ? rate : null
}

type Run = { readonly from: number; readonly samples: Int16Array | Int32Array }

/** Stretches of samples without a gap; null when one is no whole number. */
function runsOf(texts: readonly string[], invalid: number): readonly Run[] | null {
  const runs: Run[] = []
  let from = 0
  let values: number[] = []
  const close = (next: number): void => {
    const isNarrow = values.every((value) => value >= -32_768 && value <= 32_767)
    if (values.length > 0) runs.push({ from, samples: isNarrow ? Int16Array.from(values) : Int32Array.from(values) })
    values = []
    from = next
  }
  for (const [index, text] of texts.entries()) {
    const value = Number(text)
    if (text.trim() === '' || value === invalid || value === INVALID_SAMPLE) close(index + 1)
    else if (INTEGER.test(text.trim())) values.push(value)
    else return null
  }
  close(texts.length)
  return runs
}
