/** One message of ANSAR-B: lines such as `HR=1;80;ECG-II-DIAG;` (parameter, number, label, alarm) and a second of five waves. */

import {
  type AbsentReason, type DeviceAlarm, type Fault, type Measurement, type Metric, type Reading, type ReadingFlag, type Waveform,
  absent, flagBit, flagsOf, measured, metricOfCode, shown, within,
} from '#driver'

/** What a pressure line may be. */
export const LINE_CHOICES = ['by-label', 'art', 'cvp', 'pap', 'icp'] as const
export type LineChoice = (typeof LINE_CHOICES)[number]
export type LinePlan = { readonly P1: LineChoice; readonly P2: LineChoice }

type Content = {
  readonly readings: Reading[]
  readonly waveforms: Waveform[]
  readonly alarms: DeviceAlarm[]
  readonly faults: Fault[]
  readonly leftOut: Fault[]
}

/** @throws RangeError when the metrics table lost a row that this driver lives by. */
function row(mdc: number): Metric {
  const metric = metricOfCode(mdc)
  if (metric === undefined) throw new RangeError(`no metric has the code ${mdc}`)
  return metric
}

const HEART_RATE = row(147842)
const PULSE = row(149514)
const BREATHS = row(151562)
const GAS_BREATHS = row(151594)
const SATURATION = row(150456)
const OXIMETER_PULSE = row(149530)
const CO2_EXPIRED = row(151708)
const TEMPERATURE = row(150344)
const CUFF = [row(150021), row(150022), row(150023), row(149546)] as const

/** Systolic, diastolic, mean; a part without a metric is passed by. */
type PressureParts = readonly [Metric | null, Metric | null, Metric | null]
const LINES: Readonly<Record<Exclude<LineChoice, 'by-label'>, PressureParts>> = {
  art: [row(150033), row(150034), row(150035)],
  pap: [row(150045), row(150046), row(150047)],
  cvp: [null, null, row(150087)],
  icp: [null, null, row(153611)],
}
const LABELS: ReadonlyMap<string, keyof typeof LINES> = new Map([['ART', 'art'], ['ABP', 'art'], ['PA', 'pap'], ['PAP', 'pap'], ['CVP', 'cvp'], ['ICP', 'icp']])
const WAVE_NAMES: Readonly<Record<keyof typeof LINES, string>> = {
  art: 'MDC_PRESS_BLD_ART', pap: 'MDC_PRESS_BLD_ART_PULM', cvp: 'MDC_PRESS_BLD_VEN_CENT', icp: 'MDC_PRESS_INTRA_CRAN',
}

/** One line, cut at its semicolons. */
type Line = { readonly name: string; readonly numbers: readonly string[]; readonly label: string; readonly alarm: string }

/** Parameter, and how many numbers come before the label. */
const SHAPES: ReadonlyMap<string, number> = new Map([['HR', 1], ['RR', 1], ['ETCO2', 1], ['SPO2', 1], ['NIBP', 4], ['P1', 3], ['P2', 3], ['T1', 1], ['T2', 1]])
const NAMED = /^([A-Z][A-Z0-9]*)=[^;]*$/

/** Fixed forms: on a line without checksum a lost point or sign is seen by nothing else. */
const WHOLE = /^\d{1,3}$/
const SIGNED = /^-?\d{1,3}$/
const TENTHS = /^\d{2,3}\.\d$/
const NOTHING = /^[-\s]*$/

export class Reader {
  readonly #plan: LinePlan
  /** The cuff's numbers that were passed on last, which the monitor shows in each message until the next; null before the first. */
  #cuff: string | null = null
  /** As the message before had them. */
  #cuffBefore = ''
  /** What each line was when it last had a name that says so. */
  readonly #lines: { P1: keyof typeof LINES | null; P2: keyof typeof LINES | null } = { P1: null, P2: null }
  /** Alarms of the newest message, by parameter. Where a parameter's line is missing (damaged, perhaps), its alarm stays for one message more. */
  #alarms: ReadonlyMap<string, string> = new Map()
  #missed: ReadonlySet<string> = new Set()

  constructor(plan: LinePlan) {
    this.#plan = plan
  }

  read(text: string, waves: Uint8Array): Content {
    const content: Content = { readings: [], waveforms: [], alarms: [], faults: [], leftOut: [] }
    const lines = new Map<string, Line>()
    const rows = text.split(/[\r\n]+/).filter((line) => line !== '')
    for (const line of rows) {
      const read = lineOf(line)
      if (typeof read === 'string') content.leftOut.push({ why: read, at: shown(line.split('=', 1)[0] ?? '') })
      else if (lines.has(read.name)) return { ...content, readings: [], faults: [{ why: 'twice: two messages run together', at: read.name }] }
      else lines.set(read.name, read)
    }
    for (const line of lines.values()) this.#line(line, lines, content)
    content.alarms.push(...this.#changes(lines))
    // A wave byte that was lost takes the first letter of the text with it.
    if (typeof lineOf(rows[0] ?? '') === 'string') content.leftOut.push({ why: 'the text does not begin where the waves should end', at: 'waves' })
    else this.#waves(waves, lines, content)
    return content
  }

  #line(line: Line, lines: ReadonlyMap<string, Line>, content: Content): void {
    const add = (metric: Metric, text: string, options: Options = {}): void => addReading(metric, text, { line, ...options }, content)
    const { name, numbers, label, alarm } = line
    const [first = ''] = numbers
    switch (name) {
      case 'HR':
        // Without a number there is no saying where it would come from.
        if (label.startsWith('ECG') || NOTHING.test(first) || offReason(line) === 'lead-off') return add(HEART_RATE, first, { zero: /ASYST/i.test(alarm) })
        return add(PULSE, first)
      case 'RR': {
        const isGas = WHOLE.test(lines.get('ETCO2')?.numbers[0] ?? '')
        return add(isGas ? GAS_BREATHS : BREATHS, first, { zero: true, doubted: first === '0' && !/APN/i.test(alarm) })
      }
      case 'ETCO2':
        if (!/KPA|%/i.test(label)) return add(CO2_EXPIRED, first, { zero: true })
        return void content.leftOut.push({ why: 'not in mmHg', at: name })
      case 'SPO2':
        add(SATURATION, first)
        return add(OXIMETER_PULSE, /^PR=(.*)$/.exec(label)?.[1]?.trim() ?? '')
      case 'NIBP':
        return this.#cuffLine(line, content, add)
      case 'P1':
      case 'P2':
        return this.#pressure(name, line, content)
      case 'T1':
      case 'T2':
        if (!/F/i.test(label)) return add(TEMPERATURE, first, { form: TENTHS, channel: name })
        return void content.leftOut.push({ why: 'not in °C', at: name })
    }
  }

  /**
   * No message says when the cuff measured: what stood there when the line opened may be hours old. Nothing would notice a digit
   * that was lost, so that numbers count when two messages in a row have them.
   */
  #cuffLine({ numbers }: Line, content: Content, add: (metric: Metric, text: string, options?: Options) => void): void {
    const cuff = numbers.join()
    const isFirst = this.#cuff === null
    const isSettled = cuff === this.#cuffBefore
    this.#cuffBefore = cuff
    if (cuff === this.#cuff || !isSettled) return
    this.#cuff = cuff
    if (isFirst && !NOTHING.test(numbers.join(''))) return void content.leftOut.push({ why: 'measured at a time that nobody knows', at: 'NIBP' })
    CUFF.forEach((metric, part) => add(metric, numbers[part] ?? '', { flag: 'episodic' }))
  }

  #pressure(name: 'P1' | 'P2', line: Line, content: Content): void {
    const planned = this.#plan[name]
    const told = planned === 'by-label' ? (LABELS.get(line.label) ?? null) : planned
    const isGone = offReason(line) !== null
    // Without a transducer the label names nothing: the line is what it was.
    const kind = told ?? (isGone ? this.#lines[name] : null)
    this.#lines[name] = kind
    if (kind === null) return void content.leftOut.push({ why: isGone ? 'no transducer' : 'a label that does not say what is measured', at: name })
    LINES[kind].forEach((metric, part) => {
      if (metric !== null) addReading(metric, line.numbers[part] ?? '', { line, form: SIGNED, zero: true, channel: name }, content)
    })
  }

  #changes(lines: ReadonlyMap<string, Line>): readonly DeviceAlarm[] {
    const before = this.#alarms
    const missed = [...before].filter(([name]) => !lines.has(name) && !this.#missed.has(name))
    const now = new Map([...missed, ...[...lines.values()].filter(({ alarm }) => alarm !== '').map(({ name, alarm }): [string, string] => [name, alarm])])
    this.#missed = new Set(missed.map(([name]) => name))
    this.#alarms = now
    const over = [...before].filter(([name, text]) => now.get(name) !== text)
    const begun = [...now].filter(([name, text]) => before.get(name) !== text)
    return [...over.map(([name, text]) => alarmOf(name, text, 'end')), ...begun.map(([name, text]) => alarmOf(name, text, 'start'))]
  }

  #waves(bytes: Uint8Array, lines: ReadonlyMap<string, Line>, { waveforms, leftOut }: Content): void {
    const heart = lines.get('HR')
    const lead = /^ECG-(III|II|I|AVR|AVL|AVF|V)\b/.exec(heart?.label ?? '')?.[1]
    const pressure = (kind: keyof typeof LINES | null): string => (kind === null ? 'MDC_PRESS_BLD' : WAVE_NAMES[kind])
    const isGas = WHOLE.test(lines.get('ETCO2')?.numbers[0] ?? '')
    const waves: readonly (readonly [name: string, metric: string, from: number, rateHz: number])[] = [
      ['HR', lead === undefined ? 'MDC_ECG_ELEC_POTL' : `MDC_ECG_ELEC_POTL_${lead}`, 0, 200],
      ['RR', isGas ? 'MDC_CONC_AWAY_CO2' : 'MDC_IMPED_TTHOR', 200, 50],
      ['SPO2', 'MDC_PULS_OXIM_PLETH', 250, 50],
      ['P1', pressure(this.#lines.P1), 300, 50],
      ['P2', pressure(this.#lines.P2), 350, 50],
    ]
    for (const [name, metric, from, rateHz] of waves) {
      const line = lines.get(name)
      if (line === undefined || offReason(line) !== null) leftOut.push({ why: 'no sensor', at: `${name} wave` })
      else {
        const channel = name === 'P1' || name === 'P2' ? name : ''
        const samples = Int16Array.from(bytes.subarray(from, from + rateHz))
        waveforms.push({ metric, channel, rateHz, scale: 1, offset: 0, unit: '1', samples, deviceAt: null })
      }
    }
  }
}

/** Or why there is nothing in it to read. */
function lineOf(text: string): Line | string {
  const fields = text.split(';')
  const name = NAMED.exec(fields[0] ?? '')?.[1]
  const numbers = name === undefined ? undefined : SHAPES.get(name)
  if (name === undefined || numbers === undefined) return 'a line that is not read'
  // Parameter, numbers, label, alarm: where a semicolon was lost or doubled, every number stands in another's place.
  if (fields.length !== numbers + 3) return 'not as many fields as its parameter has'
  const field = (index: number): string => (fields[index] ?? '').trim()
  return { name, numbers: Array.from({ length: numbers }, (_, index) => field(index + 1)), label: field(numbers + 1), alarm: field(numbers + 2) }
}

type Options = {
  readonly form?: RegExp
  /** Whether zero is a number: of a heart only where the monitor says asystole. */
  readonly zero?: boolean
  readonly doubted?: boolean
  readonly channel?: string
  readonly flag?: ReadingFlag
}

function addReading(metric: Metric, text: string, options: Options & { readonly line: Line }, { readings, faults }: Content): void {
  const { line, form = WHOLE, zero = false, doubted = false, channel = '', flag } = options
  if (!form.test(text) && !NOTHING.test(text)) return void faults.push({ why: 'not a number of the usual form', at: line.name })
  const marks = (flag === undefined ? 0 : flagBit(flag)) | (doubted ? flagBit('questionable') : 0)
  readings.push({ metric, measurement: measurementOf(metric, text, line, zero), channel, deviceAt: null, flags: flagsOf(marks) })
}

function measurementOf(metric: Metric, text: string, line: Line, zero: boolean): Measurement {
  const off = offReason(line)
  if (off !== null) return absent(off)
  if (NOTHING.test(text)) return absent('not-measured')
  const value = Number(text)
  if (value === 0 && !zero) return absent('device-invalid')
  return within(metric.parsed, value) ? measured(value === 0 ? 0 : value) : absent('out-of-range')
}

/** The monitor's own words, in label or alarm, decide before the number does. */
function offReason({ label, alarm }: Line): AbsentReason | null {
  const words = `${label} ${alarm}`
  if (/\bLEADS?\b/i.test(words)) return 'lead-off'
  return /\bNO (TRANSDUCER|SENSOR|PROBE)\b|\b(SENSOR|PROBE) OFF\b/i.test(words) ? 'probe-off' : null
}

function alarmOf(source: string, text: string, phase: 'start' | 'end'): DeviceAlarm {
  const isOff = /LEAD|SENSOR|PROBE|TRANSDUCER|CABLE|CHECK/i.test(text)
  return {
    id: `ivy-450c:${source}:${text}`, code: `ivy-450c:${text}`, text, source, phase,
    priority: /ASYST|APN/i.test(text) ? 'high' : isOff ? 'low' : 'medium',
    type: isOff ? 'technical' : 'physiological',
    state: phase === 'start' ? 'active' : 'inactive',
    inactivation: [], flags: [], deviceAt: null,
  }
}
