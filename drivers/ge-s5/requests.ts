/**
 * What a computer may ask of the monitor (S/5 Computer Interface Specification, App. A). Nothing here changes a setting or an
 * alarm: each asks for transmission, or ends it.
 */

import { HEADER_BYTES, RECORD_TYPES } from './record.ts'

const DISPLAYED = 1
const TREND_TYPES = { 10: 2, 60: 3 } as const
export type TrendSeconds = keyof typeof TREND_TYPES

/** Basic and all extended values: the mask of the specification's example, which monitors are known to answer. */
const ALL_CLASSES = 0x0e
const END_OF_LIST = 0xff

/** Field of eight waveforms, then reserved. */
const WAVE_TYPES = 8
const WAVE_REQUEST_BYTES = 32
const START = 0
const STOP = 1
/** In a request to stop: all waveforms. */
const ALL_WAVES = 0

const ALARM_REQUEST_BYTES = 12
const SEND_ALARMS = 0

/** Header with one part of type 0 (a request), the request, checksum, escapes, flags. */
function request(type: number, body: readonly number[]): Uint8Array {
  const record = new Uint8Array(HEADER_BYTES + body.length)
  record[0] = record.length
  record[14] = type
  record[21] = END_OF_LIST
  record.set(body, HEADER_BYTES)
  const sum = record.reduce((total, byte) => total + byte, 0) & 0xff
  const escaped = [...record, sum].flatMap((byte) => (byte === 0x7e || byte === 0x7d ? [0x7d, byte & ~0x20] : [byte]))
  return Uint8Array.of(0x7e, ...escaped, 0x7e)
}

const values = (what: number, seconds: number, classes: number): Uint8Array =>
  request(RECORD_TYPES.physiological, [what, seconds & 0xff, seconds >> 8, classes, 0, 0, 0, 0, 0])

/** Displayed values each so many seconds, from 5 on. */
export const displayedRequest = (seconds: number): Uint8Array => values(DISPLAYED, seconds, ALL_CLASSES)
/** No more displayed values. */
export const stopRequest = (): Uint8Array => values(DISPLAYED, 0, 0)
/** Trended values as they come about. Answered only where displayed values are asked for too. */
export const trendRequest = (seconds: TrendSeconds): Uint8Array => values(TREND_TYPES[seconds], seconds, ALL_CLASSES)

/** Waveforms from now on, by their type numbers: one to eight. */
export function waveRequest(types: readonly number[]): Uint8Array {
  return wave(START, types)
}
/** No more waveforms. */
export const stopWavesRequest = (): Uint8Array => wave(STOP, [ALL_WAVES])

function wave(what: number, types: readonly number[]): Uint8Array {
  const body = Array.from({ length: WAVE_REQUEST_BYTES }, () => 0)
  body[0] = what
  const list = [...types, END_OF_LIST].slice(0, WAVE_TYPES)
  body.splice(4, list.length, ...list)
  return request(RECORD_TYPES.wave, body)
}

/** The list of alarms, once. */
export const alarmRequest = (): Uint8Array => request(RECORD_TYPES.alarm, [SEND_ALARMS, ...Array.from({ length: ALARM_REQUEST_BYTES - 1 }, () => 0)])
