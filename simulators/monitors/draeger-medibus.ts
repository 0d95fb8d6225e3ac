/**
 * A ventilator on its MEDIBUS port: talks with nobody before both have agreed to, answers one question after the other and takes
 * its time, puts a command of its own into an answer now and then, sends curves between and within all that, says that it is
 * there when nothing else is to be said, and begins anew after three seconds of silence or when it was switched off.
 */

import type { Moment, Signs } from '../patients/patient.ts'
import type { Waves } from '../patients/waves.ts'
import type { SimulatedDevice } from './device.ts'
import type { SentValue } from './wire.ts'

export type DraegerOptions = {
  readonly waves: Waves
  /** The device's clock: ms since 1970 as it shows them. */
  readonly clock: (atMs: number) => number
  /** Codes of questions that it refuses, as older devices do. */
  readonly refuses?: readonly number[]
  /** Told of the values of each answer as it goes out, in the units that are shown. */
  readonly sent?: (values: readonly SentValue[]) => void
  /** Told of each sample of a curve as it goes out. */
  readonly sampled?: (metric: string, value: number) => void
}

const [SOH, CR, ESC] = [1, 13, 27] as const
const ANSWER_AFTER_MS = 150
const ANSWERS_WAITING_MAX = 8
const IDLE_MS = 2_000
const SILENCE_MS = 3_000
const EMBED_EVERY = 5
const HEARD_BYTES_MAX = 600

const codes = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0))
const sumOf = (bytes: readonly number[]): number[] => codes((bytes.reduce((sum, byte) => sum + byte, 0) % 256).toString(16).toUpperCase().padStart(2, '0'))
const whole = (start: number, code: number, text: string): number[] => {
  const head = [start, code, ...codes(text)]
  return [...head, ...sumOf(head), CR]
}

/** What it can draw: code, every so many µs, from least to greatest, which is that bin. */
const CURVES = [
  { code: '00', metric: 'MDC_PRESS_AWAY', scale: '00   16000  -10  100370', min: -10, max: 100, bins: 0x370 },
  { code: '01', metric: 'MDC_FLOW_AWAY', scale: '01   16000 -150  150FA0', min: -150, max: 150, bins: 0xfa0 },
  { code: '06', metric: 'MDC_CONC_AWAY_CO2', scale: '06   16000    0  100FA0', min: 0, max: 100, bins: 0xfa0 },
] as const
const SAMPLES_PER_S = 62.5

type Curve = (typeof CURVES)[number]

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAI', 'JUN', 'JUL', 'AUG', 'SEP', 'OKT', 'NOV', 'DEZ']

export function createDraeger(options: DraegerOptions): SimulatedDevice {
  const { waves, clock, refuses = [], sent, sampled } = options
  let isOn = false
  let isUp = false
  let heard: number[] = []
  let heardAt = 0
  let saidAt = 0
  let answers: { readonly at: number; readonly code: number }[] = []
  let said = 0
  let streams: readonly Curve[] = []
  let areStreamsOn = false
  let drawnUntil = 0
  let now: Moment | null = null

  function forget(): void {
    isUp = false
    heard = []
    answers = []
    streams = []
    areStreamsOn = false
  }

  /** One frame of the computer, without its checksum and CR. */
  function obey(frame: readonly number[], atMs: number): void {
    const [start, code = 0, ...rest] = frame
    const body = rest.slice(0, -2)
    if (sumOf([start ?? 0, code, ...body]).join() !== rest.slice(-2).join()) return
    if (start === SOH) {
      if (code === 0x51) isUp = true
      return
    }
    if (code === 0x51) {
      isUp = true
      areStreamsOn = false
    }
    if (!isUp) return
    const text = String.fromCharCode(...body)
    if (code === 0x54) streams = (text.match(/..../g) ?? []).flatMap((piece) => CURVES.filter((curve) => curve.code === piece.slice(0, 2)))
    if (answers.length < ANSWERS_WAITING_MAX) answers.push({ at: atMs + ANSWER_AFTER_MS, code: refuses.includes(code) ? 0x15 : code })
  }

  function hear(bytes: Uint8Array, atMs: number): readonly Uint8Array[] {
    if (!isOn) return []
    heardAt = atMs
    for (const byte of bytes) {
      if (byte >= 0x80) areStreamsOn ||= isUp && byte === 0xd0
      else if (byte === ESC || byte === SOH) heard = [byte]
      else if (byte !== CR) heard.push(byte)
      else {
        obey(heard, atMs)
        heard = []
      }
    }
    heard = heard.slice(-HEARD_BYTES_MAX)
    return []
  }

  function answerTo(code: number, { signs, body }: Moment, atMs: number): string {
    switch (code) {
      case 0x24: {
        const items = measuredOf(signs, body.breathsPerMinute)
        sent?.(items.map(({ metric, value }) => ({ metric, value })))
        return items.map(({ item, text }) => `${item}${text.padStart(4)}`).join('')
      }
      case 0x27:
        return alarmsOf(signs).join('')
      case 0x28: {
        const date = new Date(clock(atMs))
        const two = (value: number): string => String(value).padStart(2, '0')
        const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':')
        return `${time}${two(date.getUTCDate())}-${MONTHS[date.getUTCMonth()]}-${two(date.getUTCFullYear() % 100)}`
      }
      case 0x29:
        return `01${'40'.padStart(5)}0B${'5.0'.padStart(5)}09${'12'.padStart(5)}`
      case 0x2a:
        return `0E${String.fromCharCode(0x30 + 5)}BIPAP\x03`
      case 0x52:
        return "8240'Evita 4        '03.10:04.03"
      case 0x53:
        return CURVES.map(({ scale }) => scale).join('')
      default:
        return ''
    }
  }

  /** The samples of the time that went by, as sync bytes and pairs. */
  function drawn(moment: Moment, atMs: number): readonly number[][] {
    if (!areStreamsOn || streams.length === 0) {
      drawnUntil = atMs
      return []
    }
    const samples = Math.floor(((atMs - drawnUntil) / 1_000) * SAMPLES_PER_S)
    if (samples <= 0) return []
    drawnUntil += (samples * 1_000) / SAMPLES_PER_S
    const breath = waves.next('resp', moment.signs, SAMPLES_PER_S, samples / SAMPLES_PER_S)
    const gas = waves.next('co2', moment.signs, SAMPLES_PER_S, samples / SAMPLES_PER_S)
    return Array.from({ length: samples }, (_, index) => {
      const values = { '00': 5 + 24 * Math.max(0, breath[index] ?? NaN), '01': 90 * (breath[index] ?? NaN), '06': gas[index] ?? NaN }
      const record = [0xd0 | ((1 << streams.length) - 1)]
      for (const { code, metric, min, max, bins } of streams) {
        const bin = Math.min(bins, Math.max(0, Math.round(((values[code] - min) / (max - min)) * bins)))
        const raw = Number.isNaN(values[code]) ? 0xfff : bin
        if (raw === bin) sampled?.(metric, min + (bin * (max - min)) / bins)
        record.push(0x80 | (raw & 0x3f), 0x80 | (raw >> 6))
      }
      return record
    })
  }

  function tick(moment: Moment, atMs: number): readonly Uint8Array[] {
    now = moment
    if (moment.insult.power === 'off') {
      isOn = false
      forget()
      return []
    }
    const slow: number[] = []
    if (!isOn || atMs - heardAt > SILENCE_MS) {
      forget()
      isOn = true
      heardAt = atMs
      slow.push(...whole(ESC, 0x51, ''))
    }
    for (const { code } of answers.filter(({ at }) => at <= atMs)) {
      const frame = whole(SOH, code, answerTo(code, now, atMs))
      said++
      // A command within an answer has its own checksum, and is none of the answer's.
      if (said % EMBED_EVERY === 0 && frame.length > 8) frame.splice(5, 0, ...whole(ESC, 0x30, ''))
      slow.push(...frame)
    }
    answers = answers.filter(({ at }) => at > atMs)
    if (slow.length === 0 && atMs - saidAt >= IDLE_MS) slow.push(...whole(ESC, isUp ? 0x30 : 0x51, ''))
    if (slow.length > 0) saidAt = atMs
    return merged(slow, drawn(moment, atMs))
  }

  return { hear, tick }
}

/** Curves go between the bytes of all else, record after record. */
function merged(slow: readonly number[], records: readonly number[][]): readonly Uint8Array[] {
  if (slow.length === 0 && records.length === 0) return []
  const bytes: number[] = []
  const parts = Math.max(1, records.length)
  for (let part = 0; part < parts; part++) {
    bytes.push(...slow.slice(Math.floor((slow.length * part) / parts), Math.floor((slow.length * (part + 1)) / parts)), ...(records[part] ?? []))
  }
  return [Uint8Array.from(bytes)]
}

type Measured = { readonly item: string; readonly text: string; readonly metric: string; readonly value: number }

/** mbar as cmH2O, two digits behind the point. */
const asWater = (mbar: number): number => Math.round((mbar * 0.750062 * 100) / 0.735559) / 100

function measuredOf({ saturation, pulse, carbonDioxide }: Signs, breaths: number): readonly Measured[] {
  const rate = Math.round(breaths)
  const tidal = 470
  const peak = 17 + (rate % 5)
  const items: Measured[] = [
    { item: 'D6', text: String(rate), metric: 'MDC_VENT_RESP_BTSD_PSAZC_RATE', value: rate },
    { item: 'B8', text: ((rate * tidal) / 1_000).toFixed(1), metric: 'MDC_VOL_MINUTE_AWAY', value: Number(((rate * tidal) / 1_000).toFixed(1)) },
    { item: '88', text: String(tidal), metric: 'MDC_VOL_AWAY_TIDAL', value: tidal },
    { item: '78', text: '5.0', metric: 'MDC_PRESS_AWAY_END_EXP_POS', value: asWater(5) },
    { item: '7D', text: String(peak), metric: 'MDC_PRESS_AWAY_MAX', value: asWater(peak) },
    { item: '73', text: '9', metric: 'MDC_PRESS_AWAY_MEAN', value: asWater(9) },
    { item: 'F0', text: '40', metric: 'MDC_CONC_AWAY_O2_INSP', value: 40 },
  ]
  // What is not valid is not there.
  if (saturation.kind === 'value') items.push({ item: 'EB', text: String(saturation.value), metric: 'MDC_PULS_OXIM_SAT_O2', value: saturation.value })
  if (pulse.kind === 'value') items.push({ item: 'E1', text: String(pulse.value), metric: 'MDC_PULS_OXIM_PULS_RATE', value: pulse.value })
  if (carbonDioxide.kind === 'value') {
    items.push({ item: 'E6', text: String(carbonDioxide.value), metric: 'MDC_CONC_AWAY_CO2_ET', value: carbonDioxide.value })
  }
  return items
}

/** Priority, code, twelve characters. */
function alarmsOf({ saturation, breaths }: Signs): readonly string[] {
  const alarm = (priority: number, code: string, phrase: string): string => `${String.fromCharCode(0x30 + priority)}${code}${phrase.padEnd(12)}`
  const alarms: string[] = []
  if (breaths.kind === 'value' && breaths.value === 0) alarms.push(alarm(29, '98', 'APNOE'))
  if (saturation.kind === 'value' && saturation.value < 90) alarms.push(alarm(28, '07', 'SPO2 TIEF'))
  if (saturation.kind === 'none') alarms.push(alarm(12, '35', 'SPO2-SENSOR'))
  return alarms
}
