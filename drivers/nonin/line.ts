/** A line of text: `SPO2=097 HR=072`, with `HH:MM:SS ` before it on models that have a clock, and marks behind it. */

import { type Fault, type Measurement, type Metric, type Reading, absent, measured, within } from '#driver'
import { PULSE, SATURATION } from './metrics.ts'

export type Line = { readonly readings: readonly Reading[]; readonly leftOut: readonly Fault[] }

/** Always three places: on a line without checksum a lost digit shows by nothing else. */
const LINE = /^(?:([01]\d|2[0-3]):[0-5]\d:[0-5]\d +)?SPO2=(\d{3}|---) +HR=(\d{3}|---)((?: *[*FB])*)$/
const TALKS_OF_VALUES = /SPO2|HR ?=/i

/** F, behind values that follow faster, is what the device was set to. */
const MARKS: ReadonlyMap<string, string> = new Map([['*', 'an event, marked at the device'], ['B', 'a breath']])

/** What a line says; 'other text' when it speaks of no values, as headers do; else why it is not believed. */
export function readLine(text: string): Line | 'other text' | 'not SPO2=nnn HR=nnn' {
  const found = LINE.exec(text.trim())
  if (found === null) return TALKS_OF_VALUES.test(text) ? 'not SPO2=nnn HR=nnn' : 'other text'
  const [, , saturation = '', pulse = '', marks = ''] = found
  return {
    readings: [readingOf(SATURATION, saturation), readingOf(PULSE, pulse)],
    leftOut: Array.from(marks).flatMap((mark) => {
      const why = MARKS.get(mark)
      return why === undefined ? [] : [{ why, at: mark }]
    }),
  }
}

const readingOf = (metric: Metric, text: string): Reading => ({ metric, measurement: measurementOf(metric, text), channel: '', deviceAt: null, flags: [] })

function measurementOf(metric: Metric, text: string): Measurement {
  if (text === '---') return absent('not-measured')
  const value = Number(text)
  return within(metric.parsed, value) ? measured(value) : absent('out-of-range')
}
