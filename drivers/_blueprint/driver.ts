/** Blueprint: one line a second, `HR=072 SPO2=097`, dashes for what is not measured; 9600 8N1. The device only talks. */

import {
  type Driver, type Fault, type Frame, type LineFrame, LineFramer, type Measurement, type Metric, type Reading, type Sender, type Session, type SessionOutput,
  absent, driverLimits, latin1, measured, metricOfCode, shown, within,
} from '#driver'

const driver: Driver = {
  id: '_blueprint',
  title: 'Blueprint over a serial line',
  transport: 'serial',
  // checksum: the protocol notices damage by itself. transport: TCP does. none: a limit waits for two lines that agree.
  integrity: 'none',
  settings: [],
  open: () => openSession(),
}
export default driver

const NOTHING: SessionOutput = { frames: [], send: [], wakeAt: null }
/** The serial line settles whose bytes these are. */
const SENDER: Sender = { name: null, location: null }

/** Key on the line; MDC code of its metric (src/domain/metrics.ts); what a value looks like. */
const FIELDS: readonly { readonly key: string; readonly mdc: number; readonly form: RegExp }[] = [
  { key: 'HR', mdc: 147842, form: /^\d{3}$/ },
  { key: 'SPO2', mdc: 150456, form: /^\d{3}$/ },
]

function openSession(): Session {
  const framer = new LineFramer({ lineBytesMax: driverLimits.asciiLineBytesMax })
  // Whoever plugs in while the device speaks hears the tail of a line first.
  let isFirst = true
  const output = (lines: readonly LineFrame[]): SessionOutput => {
    const frames = lines.map((line) => {
      const frame = judge(line, isFirst)
      isFirst = false
      return frame
    })
    return frames.length === 0 ? NOTHING : { ...NOTHING, frames }
  }
  return {
    receive: (bytes) => output(framer.push(bytes)),
    wake: () => NOTHING,
    end: () => {
      const last = output(framer.end())
      isFirst = true
      return last
    },
    atRest: () => framer.isAtRest,
  }
}

function judge(line: LineFrame, isFirst: boolean): Frame {
  const { offset, length, bytes } = line
  const bad = (why: string): Frame => ({ offset, length, kind: 'bad', bytes, why, reply: null })
  if (line.kind === 'bad') return bad('no line end where one must be: wrong speed?')
  const read = readLine(latin1(bytes))
  if (read === null && isFirst) return { offset, length, kind: 'skipped', why: 'the tail of a line, first after connecting' }
  // Without its end the last number may lack a digit.
  if (line.kind === 'unfinished') return bad('cut off within a line')
  if (read === null) return { offset, length, kind: 'quarantined', bytes, sender: SENDER, why: 'a line of another kind', reply: null }
  return { offset, length, kind: 'good', bytes, sender: SENDER, messageId: null, sentAt: null, ...read, waveforms: [], alarms: [], identity: null, reply: null }
}

type Line = { readonly readings: readonly Reading[]; readonly faults: readonly Fault[]; readonly leftOut: readonly Fault[] }

/** Null: this is no line of the device. What is not understood within one is named, and never guessed. */
function readLine(text: string): Line | null {
  if (!/^[A-Z0-9]+=\S+( [A-Z0-9]+=\S+)*$/.test(text)) return null
  const pairs = text.split(' ').map((field): [string, string] => [field.slice(0, field.indexOf('=')), field.slice(field.indexOf('=') + 1)])
  const fields = new Map(pairs)
  if (fields.size < pairs.length || !FIELDS.every(({ key }) => fields.has(key))) return null
  const readings: Reading[] = []
  const faults: Fault[] = []
  for (const { key, mdc, form } of FIELDS) {
    const metric = metricOfCode(mdc)
    const measurement = metric === undefined ? null : readValue(fields.get(key) ?? '', form, metric)
    if (metric === undefined || measurement === null) faults.push({ why: 'neither a number of the usual width nor dashes', at: key })
    else readings.push({ metric, measurement, channel: '', deviceAt: null, flags: [] })
    fields.delete(key)
  }
  return { readings, faults, leftOut: Array.from(fields.keys(), (key) => ({ why: 'a field without a metric', at: shown(key) })) }
}

/** Null: neither a value nor dashes. Zero is a value where the metric has one: a heart rate of 0 is asystole. */
function readValue(text: string, form: RegExp, metric: Metric): Measurement | null {
  if (/^-+$/.test(text)) return absent('not-measured')
  if (!form.test(text)) return null
  const value = Number(text)
  return within(metric.parsed, value) ? measured(value) : absent('out-of-range')
}
