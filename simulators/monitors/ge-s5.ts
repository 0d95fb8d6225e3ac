/**
 * A GE S/5 or CARESCAPE monitor on its serial line: sends nothing until it is asked, then displayed values, trends and
 * waveforms for as long as it lives, and its list of alarms when asked. Forgets who asked when it is switched off, ends the
 * waveforms when nobody takes them, learns the ECG after the leads go on, and shows the last cuff measurement again and again.
 */

import { hashOf } from '../patients/random.ts'
import type { Cuff, Moment, Sign, Signs } from '../patients/patient.ts'
import type { WaveKind, Waves } from '../patients/waves.ts'
import type { SimulatedDevice } from './device.ts'
import {
  type Group, type GroupName, INVALID, NOT_UPDATED, type Part, type ShownAlarm, alarmPart, auxiliaryPart, basicPart, extendedPart, framed, recordOf, wavePart,
} from './ge-s5-record.ts'
import type { SentValue } from './wire.ts'

export type GeS5Options = {
  readonly name: string
  /** Of the interface: 9 for an S/5, 10 and more for a CARESCAPE, which also tells of its alarms. */
  readonly level: number
  /** Whether its records say when the cuff measured. */
  readonly tellsCuffTime: boolean
  readonly waves: Waves
  /** The monitor's clock: ms since 1970 as it shows them, for the wire's time. */
  readonly clock: (atMs: number) => number
  /** Told of each record of values as it goes out: what is a number in it. */
  readonly sent?: (values: readonly SentValue[], kind: 'displayed' | 'trend') => void
}

const AMBIENT_MMHG = 758
/** The gas is saturated with water where it is measured from. */
const VAPOUR_MMHG = 47

const ART = 1
const CORE = 15
const SOURCE_ECG = 1 << 3
const SOURCE_OXIMETER = 6 << 3
const ON = 0b11

/** The ECG is learned for so long after the leads go on. */
const LEARNING_S = 8
/** The cuff takes so long, and what it showed before stays on the screen meanwhile. */
const CUFF_TAKES_S = 18
/** Waveforms end when the line was blocked for so long. */
const BLOCKED_MS = 2_000
/** What a monitor shows that lost its clock. */
const UNSET_CLOCK_MS = 946_684_800_000

const number = (sign: Sign, scale: number, otherwise = INVALID): number => (sign.kind === 'value' ? Math.round(sign.value * scale) : otherwise)

type Repeat = { everyMs: number; nextAt: number } | null

export function createGeS5(options: GeS5Options): SimulatedDevice {
  const { level, clock, sent } = options
  let heard: number[] = []
  let isOn = true
  let records = 0
  let displayed: Repeat = null
  let trend: (NonNullable<Repeat> & { readonly type: 2 | 3 }) | null = null
  let waves: readonly number[] = []
  let wavesFrom = 0
  let blockedSince: number | null = null
  let leadsOnSince = 0
  let alarmsAsked = false
  /** Shown, and under way. */
  let cuff: Cuff | null = null

  const record = (type: number, parts: readonly Part[], shownMs: number): Uint8Array => {
    records = (records + 1) % 256
    return framed(recordOf({ number: records, level, plug: hashOf(options.name) % 65_536, time: Math.floor(shownMs / 1_000), type, garbage: 0xaa }, parts))
  }

  function obey(request: readonly number[], atMs: number): void {
    const at = (place: number): number => request[place] ?? 0
    if (at(0) + at(1) * 256 !== request.length - 1 || request.length < 41) return
    switch (at(14)) {
      case 0: {
        const everyMs = (at(41) + at(42) * 256) * 1_000
        const repeat = everyMs === 0 ? null : { everyMs: Math.max(5_000, everyMs), nextAt: atMs + 400 }
        if (at(40) === 1) displayed = repeat
        else if (repeat !== null && (at(40) === 2 || at(40) === 3)) trend = { ...repeat, type: at(40) === 2 ? 2 : 3 }
        return
      }
      case 1: {
        const types = request.slice(44, 52)
        const end = types.indexOf(0xff)
        waves = at(40) === 1 ? [] : types.slice(0, end < 0 ? 8 : end).filter((type) => Object.hasOwn(SAMPLED, type))
        wavesFrom = atMs
        return
      }
      case 4:
        alarmsAsked = level >= 10
    }
  }

  function hear(bytes: Uint8Array, atMs: number): readonly Uint8Array[] {
    if (!isOn) return []
    for (const byte of bytes) {
      if (byte !== 0x7e) heard.push(byte)
      else {
        obey(heard.flatMap((value, index) => (value === 0x7d ? [] : heard[index - 1] === 0x7d ? [value + 0x20] : [value])), atMs)
        heard = []
      }
    }
    heard = heard.slice(-512)
    return []
  }

  function sampled(moment: Moment, atMs: number): readonly Part[] {
    const seconds = Math.max(0, (atMs - wavesFrom) / 1_000)
    // Whole samples of the slowest waveform.
    const taken = Math.floor(seconds * 25) / 25
    if (taken <= 0) return []
    wavesFrom += taken * 1_000
    return waves.flatMap((type) => {
      const channel = SAMPLED[type]
      if (channel === undefined) return []
      const isOff = channel.kind === 'ecg' && moment.insult.ecgLeads === 'off'
      const physical = options.waves.next(channel.kind, moment.signs, channel.rateHz, taken)
      return [wavePart(type, Array.from(physical, (sample) => (Number.isNaN(sample) ? INVALID : Math.round(sample * channel.perUnit))), isOff ? 8 : 0)]
    })
  }

  function values(moment: Moment): { readonly groups: Partial<Record<GroupName, Group>>; readonly ecgRate: number } {
    const { signs, body, second, insult } = moment
    if (insult.ecgLeads === 'off') leadsOnSince = second
    const isMeasuring = signs.cuff !== null && signs.cuff !== cuff && second - signs.cuff.second < CUFF_TAKES_S
    if (!isMeasuring) cuff = signs.cuff
    const isLearning = second - leadsOnSince < LEARNING_S
    const ecgRate = ecgRateOf(signs.heartRate, isLearning)
    const groups = {
      ...groupsOf(signs, Math.round(body.breathsPerMinute)),
      ecg: ecgOf(signs, ecgRate, isLearning),
      nibp: nibpOf(cuff, isMeasuring, second),
      t1: { status: ON, label: CORE, values: [number(signs.temperature, 100)] },
    }
    return { groups, ecgRate }
  }

  function valueRecord(type: 1 | 2 | 3, moment: Moment, shownMs: number): Uint8Array {
    const shownS = Math.floor(shownMs / 1_000)
    const { groups, ecgRate } = values(moment)
    // The cuff's time is on the monitor's own clock too, however wrong that is.
    const cuffAt = cuff === null ? 0 : shownS - (moment.second - cuff.second)
    const parts = [basicPart(type, shownS, groups, { ecgRate }), ...[1, 2, 3].map((extended) => extendedPart(type, shownS, extended))]
    sent?.(valuesIn(groups), type === 1 ? 'displayed' : 'trend')
    return record(0, options.tellsCuffTime && type === 1 ? [...parts, auxiliaryPart(cuffAt)] : parts, shownMs)
  }

  function tick(moment: Moment, atMs: number): readonly Uint8Array[] {
    const { insult } = moment
    if (insult.power === 'off') {
      isOn = false
      heard = []
      displayed = null
      trend = null
      waves = []
      cuff = null
      alarmsAsked = false
      return []
    }
    if (!isOn) leadsOnSince = moment.second
    isOn = true
    const shownMs = insult.monitorClock === 'unset' ? UNSET_CLOCK_MS + moment.second * 1_000 : clock(atMs)
    if (insult.cable === 'pulled') {
      blockedSince ??= atMs
      if (atMs - blockedSince >= BLOCKED_MS) waves = []
      return []
    }
    blockedSince = null
    const out: Uint8Array[] = []
    const parts = sampled(moment, atMs)
    if (parts.length > 0) out.push(record(1, parts, shownMs))
    if (displayed !== null && atMs >= displayed.nextAt) {
      displayed.nextAt = atMs + displayed.everyMs
      out.push(valueRecord(1, moment, shownMs))
    }
    // Trends come only where displayed values are asked for.
    if (trend !== null && displayed !== null && atMs >= trend.nextAt) {
      trend.nextAt = atMs + (trend.type === 2 ? 10_000 : 60_000)
      out.push(valueRecord(trend.type, moment, shownMs))
    }
    if (alarmsAsked) {
      alarmsAsked = false
      out.push(record(4, [alarmPart(alarmsOf(moment.signs))], shownMs))
    }
    return out
  }

  return { hear, tick }
}

/** By type number. `perUnit`: what one of the source's units is on the wire. */
const SAMPLED: Readonly<Record<number, { readonly kind: WaveKind; readonly rateHz: number; readonly perUnit: number }>> = {
  1: { kind: 'ecg', rateHz: 300, perUnit: 1_000 },
  4: { kind: 'art', rateHz: 100, perUnit: 100 },
  8: { kind: 'pleth', rateHz: 100, perUnit: 10_000 },
  9: { kind: 'co2', rateHz: 25, perUnit: 10_000 / (AMBIENT_MMHG - VAPOUR_MMHG) },
}

function ecgRateOf(heartRate: Sign, isLearning: boolean): number {
  if (heartRate.kind === 'none') return INVALID
  // The real trap: a zero while the ECG is being learned.
  return isLearning && heartRate.value > 0 ? 0 : heartRate.value
}

function ecgOf({ heartRate, breaths, pulse }: Signs, ecgRate: number, isLearning: boolean): Group {
  const asystole = ecgRate === 0 && !isLearning ? 1 << 2 : 0
  const learning = isLearning ? 1 << 9 : 0
  const off = heartRate.kind === 'none' ? 0b111 << 11 : 0
  // Without leads the monitor counts the heart at the finger.
  const [source, rate] = heartRate.kind === 'none' ? [pulse.kind === 'value' ? SOURCE_OXIMETER : 0, number(pulse, 1)] : [SOURCE_ECG, ecgRate]
  const impedance = isLearning ? INVALID : number(breaths, 1)
  return { status: ON | source | asystole | learning | off, label: 0x3275, values: [rate, isLearning ? INVALID : 12, INVALID, INVALID, impedance] }
}

function groupsOf({ saturation, pulse, systolic, diastolic, mean, heartRate, carbonDioxide }: Signs, breaths: number): Partial<Record<GroupName, Group>> {
  const isApnoea = breaths < 2
  const nothing = saturation.kind === 'none' && saturation.why === 'no-pulse' ? NOT_UPDATED : INVALID
  const beats = heartRate.kind === 'value' && heartRate.value > 0 ? heartRate.value : INVALID
  return {
    spo2: { status: ON, label: 0, values: [number(saturation, 100, nothing), number(pulse, 1, nothing)] },
    p1: { status: ON, label: ART, values: [number(systolic, 100), number(diastolic, 100), number(mean, 100), beats] },
    co2: {
      status: ON | (isApnoea ? (1 << 2) | (1 << 7) : 0),
      label: 0,
      values: [number(carbonDioxide, 10_000 / (AMBIENT_MMHG - VAPOUR_MMHG)), 4, isApnoea ? 0 : breaths, AMBIENT_MMHG * 10],
    },
    o2: { status: ON, label: 0, values: [1_650, 2_100] },
  }
}

function nibpOf(cuff: Cuff | null, isMeasuring: boolean, second: number): Group {
  const age = cuff === null ? 0 : second - cuff.second
  const label = (isMeasuring ? 1 << 5 : 0) | (age >= 60 ? 1 << 8 : 0) | (1 << 3)
  return { status: ON, label, values: cuff === null ? [] : [number(cuff.systolic, 100), number(cuff.diastolic, 100), number(cuff.mean, 100)] }
}

const NAMES: readonly (readonly [GroupName, number, string, number])[] = [
  ['ecg', 4, 'MDC_RESP_RATE', 1],
  ['spo2', 0, 'MDC_PULS_OXIM_SAT_O2', 0.01],
  ['spo2', 1, 'MDC_PULS_OXIM_PULS_RATE', 1],
  ['p1', 0, 'MDC_PRESS_BLD_ART_SYS', 0.01],
  ['p1', 1, 'MDC_PRESS_BLD_ART_DIA', 0.01],
  ['p1', 2, 'MDC_PRESS_BLD_ART_MEAN', 0.01],
  ['p1', 3, 'MDC_BLD_PULS_RATE_INV', 1],
  ['t1', 0, 'MDC_TEMP_CORE', 0.01],
  ['co2', 0, 'MDC_CONC_AWAY_CO2_ET', (AMBIENT_MMHG - VAPOUR_MMHG) / 10_000],
  ['co2', 2, 'MDC_CO2_RESP_RATE', 1],
  ['o2', 1, 'MDC_CONC_AWAY_O2_INSP', 0.01],
]

/** What is a number in a record, apart from the cuff's, which is one only once. */
function valuesIn(groups: Partial<Record<GroupName, Group>>): readonly SentValue[] {
  const { status = 0, values = [] } = groups.ecg ?? {}
  const [rate = INVALID] = values
  const isEcg = (status & (0xf << 3)) === SOURCE_ECG
  const isRate = isEcg && (rate > 0 || (rate === 0 && (status & (1 << 2)) !== 0))
  const found: SentValue[] = isRate ? [{ metric: 'MDC_ECG_HEART_RATE', value: rate }] : []
  for (const [group, place, metric, scale] of NAMES) {
    const raw = groups[group]?.values[place] ?? INVALID
    if (raw > -32_001) found.push({ metric, value: raw * scale })
  }
  return found
}

function alarmsOf({ heartRate, saturation }: Signs): readonly ShownAlarm[] {
  const alarms: ShownAlarm[] = []
  if (heartRate.kind === 'value' && heartRate.value === 0) alarms.push({ text: 'ASYSTOLIE', colour: 3 })
  if (saturation.kind === 'value' && saturation.value < 85) alarms.push({ text: 'SpO2 niedrig', colour: 3 })
  else if (saturation.kind === 'value' && saturation.value < 90) alarms.push({ text: 'SpO2 niedrig', colour: 2 })
  if (saturation.kind === 'none') alarms.push({ text: 'SpO2-Sensor prüfen', colour: 1 })
  if (heartRate.kind === 'none') alarms.push({ text: 'EKG-Elektroden ab', colour: 1 })
  return alarms
}
