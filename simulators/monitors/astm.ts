/**
 * A blood-gas analyser on its line to a host (ASTM E1381 and E1394, spelled as Radiometer's): measures a sample now and then,
 * bids, sends, and waits 15 s for each answer; repeats a refused frame six times, gives up and bids again. Sometimes a result
 * is doubted, sometimes somebody types a temperature later and the whole message comes again as a correction.
 */

import type { Moment } from '../patients/patient.ts'
import { hashOf, randomOf } from '../patients/random.ts'
import type { SimulatedDevice } from './device.ts'
import type { SentValue } from './wire.ts'

/** What one message says; pressures in mmHg, whatever unit they are sent in. */
export type SentResults = { readonly number: number; readonly kind: 'new' | 'corrected' | 'control'; readonly values: readonly SentValue[] }

export type AstmOptions = {
  readonly name: string
  /** Between two samples. */
  readonly everySeconds: number
  /** The analyser's clock: ms since 1970 as it shows them. */
  readonly clock: (atMs: number) => number
  /** Told when the last frame of a message was acknowledged. */
  readonly acknowledged?: (results: SentResults) => void
}

const [STX, ETX, EOT, ENQ, ACK, NAK] = [2, 3, 4, 5, 6, 0x15] as const
const ETB = 0x17
const TEXT_CHARS_MAX = 240
const ANSWER_MS = 15_000
const REPEATS_MAX = 6
/** After a transmission that failed, and after a host that is busy. */
const REST_MS = 10_000
const WAITING_MAX = 20
const CONTROL_EVERY = 7
const CORRECTED_EVERY = 4
const SPECIMENS = ['Arterial', 'Venous', 'Capillary', 'Not specified'] as const

type Job = SentResults & { readonly frames: readonly Uint8Array[] }

const LATIN = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0) & 0xff)

/** Records into frames: long ones are cut, each record begins a frame of its own. */
function framesOf(records: readonly string[]): readonly Uint8Array[] {
  const frames: Uint8Array[] = []
  for (const record of records) {
    const text = LATIN(`${record}\r`)
    for (let from = 0; from < text.length; from += TEXT_CHARS_MAX) {
      const isLast = from + TEXT_CHARS_MAX >= text.length
      const body = [0x30 + ((frames.length + 1) % 8), ...text.slice(from, from + TEXT_CHARS_MAX), isLast ? ETX : ETB]
      const sum = body.reduce((total, byte) => total + byte, 0) % 256
      frames.push(Uint8Array.from([STX, ...body, ...LATIN(sum.toString(16).toUpperCase().padStart(2, '0')), 13, 10]))
    }
  }
  return frames
}

const stamp = (at: number): string => new Date(at).toISOString().replace(/\D/g, '').slice(0, 14)

type Sample = {
  readonly number: number
  readonly takenAt: number
  readonly specimen: (typeof SPECIMENS)[number]
  readonly isControl: boolean
  readonly patient: string
  readonly results: readonly Result[]
}
type Result = {
  readonly name: string
  readonly text: string
  readonly unit: string
  readonly metric: string
  readonly value: number
  readonly doubted: boolean
}

export function createAstmAnalyser(options: AstmOptions): SimulatedDevice {
  const { name, everySeconds, clock, acknowledged } = options
  const random = randomOf(hashOf(`${name}/astm`))
  let samples = 0
  let nextAt = 0
  const jobs: Job[] = []
  /** Where the sending is: `at` -1 is the bid, else the number of the frame. */
  let sending: { job: Job; at: number; repeats: number; since: number } | null = null
  let restUntil = 0
  let isOn = true

  function measure({ body }: Moment, atMs: number): Sample {
    samples++
    const specimen = SPECIMENS[Math.floor(random.uniform() * SPECIMENS.length)] ?? 'Arterial'
    const isControl = samples % CONTROL_EVERY === 0
    const isVenous = specimen === 'Venous'
    const site = specimen === 'Arterial' ? 'ART' : isVenous ? 'VEN' : 'GEN'
    const carbonDioxide = body.carbonDioxideMmHg + (isVenous ? 6 : 0)
    const lactate = Math.max(0.4, 1 + (1 - body.perfusion) * 6 + 0.1 * random.bell())
    const result = (called: string, value: number, digits: number, unit: string, metric: string): Result => ({
      name: called, text: value.toFixed(digits), unit, metric, value: Number(value.toFixed(digits)), doubted: random.uniform() < 0.05,
    })
    return {
      number: samples,
      takenAt: clock(atMs) - 95_000,
      specimen,
      isControl,
      patient: random.uniform() < 0.3 ? '' : String(1_000 + (samples % 9)),
      results: [
        result('pH', 7.4 - 0.008 * (carbonDioxide - 40) - 0.02 * (lactate - 1), 3, '', `MDC_CONC_PH_${site}`),
        result('pCO2', carbonDioxide * 0.133322, 2, 'kPa', `MDC_CONC_PCO2_${site}`),
        result('pO2', isVenous ? 38 + random.bell() : Math.min(500, body.alveolarOxygenMmHg), 0, 'mmHg', `MDC_CONC_PO2_${site}`),
        result('Na+', 140 + 2 * random.bell(), 0, 'mmol/L', 'MDC_CONC_NA_GEN'),
        result('K+', 4.1 + 0.3 * random.bell(), 1, 'mmol/L', 'MDC_CONC_K_GEN'),
        result('Glu', 6 + 0.8 * random.bell(), 1, 'mmol/L', 'MDC_CONC_GLU_GEN'),
        result('Lac', lactate, 1, 'mmol/L', 'NOM_CONC_LACT'),
      ],
    }
  }

  function jobOf(sample: Sample, kind: SentResults['kind'], sentAt: number): Job {
    const isAgain = kind === 'corrected'
    const status = isAgain ? 'R' : 'F'
    const values = sample.results.map(({ metric, value, unit }) => ({ metric, value: unit === 'kPa' ? Math.round(value * 750.062) / 100 : value }))
    const results = sample.results.flatMap(({ name: called, text, unit, doubted }, index) => {
      const corrected = isAgain && called === 'Lac'
      // The time stands in the first result alone.
      const times = index === 0 ? `|||${stamp(sample.takenAt)}` : '|||'
      const record = `R|${index + 1}|^^^${called}^M|${doubted ? '?' : ''}${text}|${unit}||N||${corrected ? 'C' : status}${times}`
      return [
        record,
        ...(doubted ? ['C|1|I|377^Calibration Drift 2 out of range|I'] : []),
        ...(corrected ? [`C|1|L|CHANGE^2026-11-22 08:00:00 (Operator Name) Lac: 9.9 -> ${text}|G`] : []),
      ]
    })
    const count = sample.results.length
    const frames = framesOf([
      `H|\\^&|||${name}^Ward Lab||||||||1|${stamp(sentAt)}`,
      `P|1||${sample.patient}||${sample.patient === '' ? '' : 'S\u00f8rensen^Susanne'}||19460123|F`,
      ['O', '1', '', `Sample #^${sample.number}`, '^^^', '', '', '', '', '', '', sample.isControl ? 'Q' : '', '', '', '', `${sample.specimen}^`].join('|'),
      ...results,
      `R|${count + 1}|^^^pH(T)^C|7.377|||N||${status}|||`,
      `R|${count + 2}|^^^pO2(A)^C|.....|mmHg||N||${status}|||`,
      `R|${count + 3}|^^^T^I|37.0|Cel||N||${status}|||`,
      `R|${count + 4}|^^^FIO2^I|0.210|||N||${status}|||`,
      'L|1|N',
    ])
    return { number: sample.number, kind, values, frames }
  }

  function begin(atMs: number): readonly Uint8Array[] {
    const job = jobs[0]
    if (sending !== null || job === undefined || atMs < restUntil) return []
    sending = { job, at: -1, repeats: 0, since: atMs }
    return [Uint8Array.of(ENQ)]
  }

  function giveUp(atMs: number): readonly Uint8Array[] {
    sending = null
    restUntil = atMs + REST_MS
    return [Uint8Array.of(EOT)]
  }

  function answered(isPositive: boolean, atMs: number): readonly Uint8Array[] {
    if (sending === null) return []
    sending.since = atMs
    if (!isPositive) {
      if (sending.at < 0 || ++sending.repeats > REPEATS_MAX) return giveUp(atMs)
    } else {
      sending.at++
      sending.repeats = 0
    }
    const frame = sending.job.frames[sending.at]
    if (frame !== undefined) return [frame]
    acknowledged?.(sending.job)
    jobs.shift()
    sending = null
    restUntil = atMs + 1_000
    return [Uint8Array.of(EOT)]
  }

  return {
    hear(bytes, atMs) {
      if (!isOn) return []
      return Array.from(bytes).flatMap((byte) => (byte === ACK ? answered(true, atMs) : byte === NAK ? answered(false, atMs) : []))
    },
    tick(moment, atMs) {
      if (moment.insult.power === 'off') {
        isOn = false
        sending = null
        return []
      }
      isOn = true
      if (atMs >= nextAt) {
        nextAt = atMs + everySeconds * 1_000
        const sample = measure(moment, atMs)
        jobs.push(jobOf(sample, sample.isControl ? 'control' : 'new', clock(atMs)))
        if (sample.number % CORRECTED_EVERY === 0 && !sample.isControl) jobs.push(jobOf(sample, 'corrected', clock(atMs) + 60_000))
        jobs.splice(0, sending === null ? Math.max(0, jobs.length - WAITING_MAX) : 0)
      }
      if (sending !== null && atMs - sending.since >= ANSWER_MS) return giveUp(atMs)
      return begin(atMs)
    },
  }
}
