/**
 * Observations as the open tele-ICU middleware takes them (ohcnetwork/teleicu_middleware, src/types/observation.ts): a list
 * in a list, one record an observation, `date-time` on a clock that names no zone, the monitor's address as `device_id`.
 */

import type { Moment, Sign } from '../patients/patient.ts'
import { createWaves, type WaveKind } from '../patients/waves.ts'
import { CODES, type Code } from './codes.ts'
import type { Composer } from './composer.ts'
import type { SentValue } from './wire.ts'

export type TeleicuSetting = {
  /** The monitor's IPv4 address. */
  readonly address: string
  readonly patient: { readonly mrn: string; readonly name: string } | null
  /** Minutes east of UTC of the clock on the wall: 330 in India. */
  readonly offsetMinutes: number
  /** Of the waves; null sends none. */
  readonly seed: number | null
}

type Numeric = { readonly id: string; readonly unit: string; readonly limits: readonly [low: number, high: number] }

const NUMERICS = {
  heartRate: { id: 'heart-rate', unit: 'bpm', limits: [40, 120] },
  pulse: { id: 'pulse-rate', unit: 'bpm', limits: [40, 120] },
  saturation: { id: 'SpO2', unit: '%', limits: [90, 100] },
  breaths: { id: 'respiratory-rate', unit: 'bpm', limits: [10, 30] },
  temperature: { id: 'body-temperature1', unit: 'C', limits: [36, 38] },
} as const satisfies Partial<Record<keyof Moment['signs'], Numeric>>
const ORDER = ['heartRate', 'pulse', 'saturation', 'breaths', 'temperature'] as const

const NIBP = [['systolic', CODES.nibpSystolic, [100, 160]], ['diastolic', CODES.nibpDiastolic, [60, 100]], ['mean', CODES.nibpMean, [70, 120]]] as const

/** Full swing of the converter, its middle, and what one step is worth. */
const WAVES = [
  { name: 'II', kind: 'ecg', rateHz: 250, resolution: '5uV', baseline: 2_048, high: 4_095, perUnit: 200 },
  { name: 'Pleth', kind: 'pleth', rateHz: 100, resolution: 'NA', baseline: 0, high: 255, perUnit: 255 },
  { name: 'Respiration', kind: 'resp', rateHz: 100, resolution: 'NA', baseline: 128, high: 255, perUnit: 100 },
] as const satisfies readonly { readonly kind: WaveKind; readonly [key: string]: unknown }[]

const UTF8 = new TextEncoder()

/** What the monitor says beside a value. A standing heart has one, and it is zero. */
function statusOf(sign: Sign, isHeart: boolean): string {
  if (sign.kind === 'value') return isHeart && sign.value === 0 ? 'Message-Asystole' : 'final'
  return WORDS[sign.why]
}

const WORDS = {
  'lead-off': 'Message-Leads Off',
  'probe-off': 'Message-Probe Unplugged',
  'no-pulse': 'Message-Measurement Invalid',
  failed: 'Message-Measurement error',
} as const

export function teleicuComposer({ address, patient, offsetMinutes, seed }: TeleicuSetting): Composer {
  const waves = seed === null ? null : createWaves(seed)
  let count = 0
  let cuffToldAt = -1
  let wavesToldAt = -1
  return {
    compose(moment, at) {
      const common = (second: number): Readonly<Record<string, string>> => ({
        device_id: address, 'date-time': localTime(at - (moment.second - second) * 1_000, offsetMinutes),
        ...(patient === null ? {} : { 'patient-id': patient.mrn, 'patient-name': patient.name }),
      })
      const values: SentValue[] = []
      const keep = (code: Code, sign: Sign): number | null => {
        if (sign.kind === 'none') return null
        values.push({ metric: code.reference, value: sign.value })
        return sign.value
      }
      const records: unknown[] = ORDER.map((name) => {
        const { id, unit, limits: [low, high] } = NUMERICS[name]
        const sign = moment.signs[name]
        return {
          observation_id: id, ...common(moment.second), status: statusOf(sign, name === 'heartRate'), value: keep(CODES[name], sign), unit,
          interpretation: readAs(sign, low, high), 'low-limit': low, 'high-limit': high,
        }
      })
      const { cuff } = moment.signs
      if (cuff !== null && cuff.second !== cuffToldAt) {
        cuffToldAt = cuff.second
        const parts = NIBP.map(([part, code, [low, high]]) => [
          part === 'mean' ? 'map' : part,
          { value: keep(code, cuff[part]), unit: 'mmHg', interpretation: readAs(cuff[part], low, high), 'low-limit': low, 'high-limit': high },
        ])
        records.push({ observation_id: 'blood-pressure', ...common(cuff.second), status: statusOf(cuff.systolic, false), ...Object.fromEntries(parts) })
      }
      const seconds = Math.min(10, moment.second - wavesToldAt)
      wavesToldAt = moment.second
      if (waves !== null) {
        for (const { name, kind, rateHz, resolution, baseline, high, perUnit } of WAVES) {
          const samples = waves.next(kind, moment.signs, rateHz, seconds)
          if (samples.some((sample) => Number.isNaN(sample))) continue
          records.push({
            observation_id: 'waveform', ...common(moment.second), 'wave-name': name, resolution, 'sampling rate': `${rateHz}/sec`, 'data-baseline': baseline,
            'data-low-limit': 0, 'data-high-limit': high,
            data: Array.from(samples, (sample) => Math.min(high, Math.max(0, Math.round(baseline + sample * perUnit)))).join(' '),
          })
        }
      }
      records.push({ observation_id: 'device-connection', ...common(moment.second), status: 'Connected' })
      return { id: `${address}-${++count}`, bytes: UTF8.encode(JSON.stringify([records])), values }
    },
    restart() {
      cuffToldAt = -1
    },
    replug: () => undefined,
  }
}

function readAs(sign: Sign, low: number, high: number): string {
  if (sign.kind === 'none') return 'NA'
  return sign.value < low ? 'low' : sign.value > high ? 'high' : 'normal'
}

/** `YYYY-MM-DD HH:MM:SS` of a clock that is so many minutes ahead of UTC. */
const localTime = (at: number, offsetMinutes: number): string => new Date(at + offsetMinutes * 60_000).toISOString().slice(0, 19).replace('T', ' ')
