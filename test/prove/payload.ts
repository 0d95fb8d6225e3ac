/**
 * A numbered message in each protocol, and its number read back from what the store holds of it. The number stands in the
 * message three times (a value, an echo of it, the device's clock), so that a corrupted value is told from a right one.
 */

import type { Snapshot } from '../../src/domain/observation.ts'

export const TRANSPORTS = ['mllp', 'mqtt', 'hospital', 'serial'] as const
/** hospital: MQTT through a broker that is not ours. */
export type Transport = (typeof TRANSPORTS)[number]

/** Volumes are 0 to 3,000 mL, and no rule looks at them. */
const NUMBER = { mdc: 151980, id: 'MDC_VOL_AWAY_TIDAL', unit: '263762^MDC_DIM_MILLI_L^MDC', perStep: 100_000 } as const
/** Central venous pressure, -15 to 50 mmHg; no rule looks at it either. */
const ECHO = { mdc: 150084, id: 'MDC_PRESS_BLD_VEN_CENT', unit: '266016^MDC_DIM_MMHG^MDC' } as const
const SERIAL = { saturation: 'MDC_PULS_OXIM_SAT_O2', pulse: 'MDC_PULS_OXIM_PULS_RATE', perfusion: 'MDC_BLD_PERF_INDEX' } as const

/** The device's clock counts messages: milliseconds, or seconds where the protocol has no finer time. */
const BASE_MS = Date.UTC(2026, 0, 1)

const numberOf = (id: number): number => id / NUMBER.perStep
const echoOf = (id: number): number => ((id * 7_919) % 40_000) / 1_000
const serialOf = (id: number) => ({ saturation: 92 + (id % 8), pulse: 60 + (id % 40), perfusion: (id % 3_000) / 100 })

/** MSH-10 and its like: found again in the pages of the store. Nothing else in a message looks like it. */
export const controlId = (id: number): string => `vgl${String(id).padStart(9, '0')}`
export const CONTROL_ID = /vgl(\d{9})/g

const hl7Time = (ms: number): string => `${new Date(ms).toISOString().replaceAll(/[-:TZ]/g, '')}+0000`

/** ORU^R01 in an MLLP frame; asks for an accept acknowledgement. */
export function hl7Message(device: string, id: number): Buffer {
  const at = hl7Time(BASE_MS + id)
  const obx = (place: number, { mdc, id: name, unit }: typeof NUMBER | typeof ECHO, value: number): string =>
    `OBX|${place}|NM|${mdc}^${name}^MDC|1.${place}.1.${mdc}|${value}|${unit}|||||R`
  return mllp([
    `MSH|^~\\&|${device}|WARD|VIGIL|WARD|${at}||ORU^R01^ORU_R01|${controlId(id)}|P|2.6|||AL|NE||UNICODE UTF-8`,
    `OBR|1|||182777000^monitoring of patient^SCT|||${at}`,
    obx(1, NUMBER, numberOf(id)),
    obx(2, ECHO, echoOf(id)),
  ])
}

/** A saturation and nothing else, measured now: what the rules look at. */
export function saturationMessage(device: string, control: string, percent: number): Buffer {
  const at = hl7Time(Date.now())
  return mllp([
    `MSH|^~\\&|${device}|WARD|VIGIL|WARD|${at}||ORU^R01^ORU_R01|${control}|P|2.6|||AL|NE||UNICODE UTF-8`,
    `OBR|1|||182777000^monitoring of patient^SCT|||${at}`,
    `OBX|1|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.3.1.150456|${percent}|262688^MDC_DIM_PERCENT^MDC|||||R`,
  ])
}

const mllp = (segments: readonly string[]): Buffer => Buffer.from(`\x0b${segments.join('\r')}\r\x1c\r`)

/** Vigil's JSON, as published to `vigil/v1/{device}/readings`. */
export const jsonMessage = (id: number): string =>
  JSON.stringify({
    id: controlId(id),
    at: new Date(BASE_MS + id).toISOString(),
    readings: [
      { mdc: NUMBER.mdc, value: numberOf(id), unit: 'mL' },
      { mdc: ECHO.mdc, value: echoOf(id), unit: 'mm[Hg]' },
    ],
  })

/** One line of Masimo ASCII-1. */
export function serialLine(id: number): Buffer {
  const [date = '', time = ''] = new Date(BASE_MS + id * 1_000).toISOString().slice(2, 19).split('T')
  const [year = '', month = '', day = ''] = date.split('-')
  const { saturation, pulse, perfusion } = serialOf(id)
  const three = (value: number): string => String(value).padStart(3, '0')
  const fields = ['SN=0000000001', `SPO2=${three(saturation)}%`, `BPM=${three(pulse)}`, `PI=${perfusion.toFixed(2).padStart(5, '0')}`, 'EXC=000800']
  return Buffer.from(`${month}/${day}/${year} ${time} ${fields.join(' ')}\r\n`)
}

export type Found = { readonly id: number; readonly intact: boolean }

/** The number of a message from what was stored of it; null for a row that is no message of ours. */
export function foundIn(snapshot: Snapshot): Found | null {
  const values = new Map(snapshot.observations.map(({ metric, measurement }) => [metric.id, measurement.kind === 'measured' ? measurement.value : null]))
  const { sentAt } = snapshot
  const number = values.get(NUMBER.id)
  if (typeof number === 'number') {
    const id = Math.round(number * NUMBER.perStep)
    return { id, intact: values.size === 2 && numberOf(id) === number && values.get(ECHO.id) === echoOf(id) && sentAt === BASE_MS + id }
  }
  if (!values.has(SERIAL.perfusion) || sentAt === null) return null
  const id = (sentAt - BASE_MS) / 1_000
  const wanted = serialOf(id)
  const isRight = (name: keyof typeof SERIAL): boolean => values.get(SERIAL[name]) === wanted[name]
  return { id, intact: isRight('saturation') && isRight('pulse') && isRight('perfusion') }
}
