/** `vigil decode`: captured bytes into readings, with the driver that the ward runs. Nothing is stored. */

import { createReadStream, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { nearest } from '../domain/nearest.ts'
import type { DeviceAlarm, MedicationGiven, PatientFact, Reading, Waveform } from '../domain/reading.ts'
import { type WallMs, isoOf } from '../domain/time.ts'
import type { Driver, DriverSettings, Frame } from '../seams.ts'
import { type CliContext, CommandFailed, type Register, UsageError } from './context.ts'
import type { Stream } from './decode-input.ts'
import type { Choice } from './decode-streams.ts'

type Options = { readonly driver: string; readonly settings?: readonly string[]; readonly json?: boolean }

/** No driver has this id. */
const AUTO = 'auto'

export const register: Register = (program, context) => {
  program
    .command('decode')
    .description('captured bytes into readings')
    .argument('<file>', 'what was captured: raw bytes of a line, a log of them in hexadecimal, a file of `driver capture`, pcap or pcapng; - reads standard input')
    .option('--driver <id>', 'which protocol the bytes speak; auto: the one whose driver believes most', AUTO)
    .option('--settings <name=value>', 'a setting of the driver; may be repeated', (setting: string, before: readonly string[]) => [...before, setting], [])
    .option('--json', 'one JSON object a line')
    .addHelpText('after', () => `\nDrivers: ${driverFolders(context.root).join(', ')}`)
    .action((file: string, options: Options) => decode(file, options, context))
}

/** For help only, which must not wait for the drivers to load. */
function driverFolders(root: string): readonly string[] {
  const folder = join(root, 'drivers')
  return readdirSync(folder).filter((name) => !name.startsWith('_') && existsSync(join(folder, name, 'driver.ts')))
}

async function decode(file: string, options: Options, context: CliContext): Promise<void> {
  const [{ DRIVERS }, { RecordedInput }, { StreamDecoder }, { percent }] = await Promise.all([
    import('../drivers.ts'), import('./decode-input.ts'), import('./decode-streams.ts'), import('../ops/guess.ts'),
  ])
  const choice = choiceOf(options, DRIVERS)
  const isJson = options.json === true
  const summary = new Summary()
  const framedBy = new Set<string>()
  let unreadBytes = 0
  let shown = ''
  const decoder = new StreamDecoder(choice, {
    found({ name }, believing) {
      const [first, second] = believing
      if (first === undefined) return
      const { id } = first.driver
      const said = { kind: 'driver', driver: id, sureness: Number(first.sureness.toFixed(2)), ...(name === '' ? {} : { stream: name }) }
      if (isJson) context.write(JSON.stringify(said))
      const next = second === undefined ? '' : `; ${second.driver.id}: ${percent(second.sureness)}`
      context.note(`${name === '' ? 'Read' : `${name}: read`} as ${id}, ${percent(first.sureness)} sure${next}.`)
    },
    unread({ name }, bytes, framed) {
      unreadBytes += bytes
      for (const { id } of framed) framedBy.add(name === '' ? id : `${id} in ${name}`)
    },
    frames(stream, frames) {
      for (const frame of frames) {
        summary.add(frame)
        for (const line of linesOf(frame)) {
          if (!isJson && stream.name !== shown) context.write(`── ${stream.name}`)
          shown = stream.name
          context.write(isJson ? jsonOf(line, stream) : rowOf(line))
        }
      }
    },
  })
  const input = new RecordedInput()
  for await (const chunk of untilStopped(file === '-' ? context.stdin : bytesOf(file), context.stop)) for (const heard of input.push(chunk)) decoder.take(heard)
  if (context.stop.aborted) throw new CommandFailed('stopped before the end of the input')
  for (const heard of input.end()) decoder.take(heard)
  decoder.end()
  context.write(isJson ? JSON.stringify(summary.line()) : summary.sentence())
  for (const sentence of [...input.remarks(), ...summary.leftOut()]) context.note(sentence)
  if (unreadBytes > 0) context.note(`Not read: ${unreadBytes} bytes in which ${options.driver === AUTO ? 'no driver' : options.driver} finds a good frame.`)
  for (const framed of framedBy) context.note(`Frames of ${framed}, of which none is believed: decode --driver ${framed.split(' ')[0]} says why.`)
  if (options.driver === AUTO && summary.isEmpty) {
    throw new CommandFailed(
      'No driver knows what this is. Of a serial line: was it recorded at the right speed and parity (vigil probe)? ' +
        'Else: a device that none of them speaks to.',
    )
  }
}

const jsonOf = (line: DecodedLine, { name }: Stream): string => JSON.stringify(name === '' ? line : { ...line, stream: name })

/** @throws UsageError for a driver that is not there, and for settings of none or that it does not take. */
function choiceOf(options: Options, drivers: ReadonlyMap<string, Driver>): Choice {
  if (options.driver === AUTO) {
    if ((options.settings ?? []).length > 0) throw new UsageError('--settings are those of a driver: say which with --driver')
    return { kind: 'auto', drivers: [...drivers.values()] }
  }
  const driver = drivers.get(options.driver)
  if (driver === undefined) throw new UsageError(`there is no driver "${options.driver}".${rightName(options.driver, [...drivers.keys()])}`)
  const settings = settingsOf(driver, options.settings ?? [])
  try {
    // Whether it takes them is said before the file is opened.
    driver.open(settings)
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message, { cause: error }) : error
  }
  return { kind: 'given', driver, settings }
}

/** The name that was meant, and all there are. */
export function rightName(name: string, names: readonly string[]): string {
  if (names.length === 0) return ' There are none.'
  const near = nearest(name, names)
  return `${near === null ? '' : ` Did you mean "${near}"?`} There are: ${names.join(', ')}.`
}

/** @throws UsageError for a setting that the driver does not have, or a value that it does not take. */
export function settingsOf(driver: Driver, texts: readonly string[]): DriverSettings {
  const names = driver.settings.map(({ name }) => name)
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw new UsageError(`--settings ${text}: write name=value`)
      const [name, value] = [text.slice(0, at), text.slice(at + 1)]
      const spec = driver.settings.find((candidate) => candidate.name === name)
      if (spec === undefined) throw new UsageError(`driver ${driver.id} has no setting "${name}".${rightName(name, names)}`)
      if (spec.choices === undefined || spec.choices.includes(value)) return [name, value]
      throw new UsageError(`setting ${name}: "${value}" is not one of ${spec.choices.join(', ')}`)
    }),
  )
}

export async function* bytesOf(file: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(file)) {
      if (chunk instanceof Uint8Array) yield chunk
    }
  } catch (error) {
    throw error instanceof Error && 'code' in error ? new UsageError(`${file} cannot be read: ${error.message}`, { cause: error }) : error
  }
}

/** Ends early when `stop` aborts, also while a terminal or a pipe says nothing. */
export async function* untilStopped(source: AsyncIterable<Uint8Array>, stop: AbortSignal): AsyncGenerator<Uint8Array> {
  const stopped = new Promise<'stopped'>((resolve) => {
    if (stop.aborted) resolve('stopped')
    else stop.addEventListener('abort', () => resolve('stopped'), { once: true })
  })
  const chunks = source[Symbol.asyncIterator]()
  for (;;) {
    const next = await Promise.race([chunks.next(), stopped])
    if (next === 'stopped' || next.done === true) return
    yield next.value
  }
}

// ── What is printed ──────────────────────────────────────────────────────────────────────────────────────────────────

/** One line of output, its keys in the order in which they are printed. The shapes are a contract with scripts. */
export type DecodedLine =
  | {
      readonly kind: 'reading'
      readonly metric: string
      readonly value?: number
      readonly absent?: string
      readonly unit: string
      readonly channel: string
      readonly deviceAt: string | null
      readonly flags: readonly string[]
    }
  | ({ readonly kind: 'alarm'; readonly deviceAt: string | null } & Omit<DeviceAlarm, 'deviceAt'>)
  | {
      readonly kind: 'waveform'
      readonly metric: string
      readonly rate: number
      readonly samples: readonly number[]
      readonly scale: number
      readonly offset: number
      readonly unit: string
      readonly channel: string
      readonly deviceAt: string | null
    }
  /** Of whom is not told: of numbers and names of patients nothing is printed. */
  | { readonly kind: 'fact'; readonly fact: string; readonly location: string | null; readonly effectiveAt: string | null }
  | ({ readonly kind: 'given'; readonly from: string | null; readonly until: string | null } & Omit<MedicationGiven, 'from' | 'until'>)
  | { readonly kind: 'frame'; readonly result: 'quarantined' | 'bad' | 'skipped'; readonly why: string; readonly offset: number }

const isoOrNull = (at: WallMs | null): string | null => (at === null ? null : isoOf(at))

/** All that a frame says: what is believed first, then what is not. */
export function linesOf(frame: Frame): readonly DecodedLine[] {
  if (frame.kind !== 'good') return [{ kind: 'frame', result: frame.kind, why: frame.why, offset: frame.offset }]
  return [
    ...frame.readings.map(readingLine),
    ...frame.alarms.map(({ deviceAt, ...alarm }): DecodedLine => ({ kind: 'alarm', ...alarm, deviceAt: isoOrNull(deviceAt) })),
    ...frame.waveforms.map(waveformLine),
    ...(frame.facts ?? []).flatMap(factLines),
    ...(frame.given ?? []).map(({ from, until, ...given }): DecodedLine => ({ kind: 'given', ...given, from: isoOrNull(from), until: isoOrNull(until) })),
    ...frame.faults.map(({ why, at }): DecodedLine => ({ kind: 'frame', result: 'quarantined', why: `${at}: ${why}`, offset: frame.offset })),
  ]
}

function readingLine({ metric, measurement, channel, deviceAt, flags }: Reading): DecodedLine {
  const what = measurement.kind === 'measured' ? { value: measurement.value } : { absent: measurement.reason }
  return { kind: 'reading', metric: metric.id, ...what, unit: metric.unit, channel, deviceAt: isoOrNull(deviceAt), flags }
}

function waveformLine({ metric, rateHz, samples, scale, offset, unit, channel, deviceAt }: Waveform): DecodedLine {
  return { kind: 'waveform', metric, rate: rateHz, samples: Array.from(samples), scale, offset, unit, channel, deviceAt: isoOrNull(deviceAt) }
}

/** One a patient. */
function factLines(fact: PatientFact): readonly DecodedLine[] {
  const effectiveAt = isoOrNull(fact.effectiveAt)
  const line = (location: string | null): DecodedLine => ({ kind: 'fact', fact: fact.kind === 'cancelled' ? `${fact.what}, cancelled` : fact.kind, location, effectiveAt })
  return fact.kind === 'swapped' ? fact.patients.map(({ location }) => line(location)) : [line('location' in fact ? fact.location : null)]
}

export function rowOf(line: DecodedLine): string {
  switch (line.kind) {
    case 'reading': {
      const what = line.value === undefined ? `(${line.absent})` : `${line.value} ${line.unit}`
      const columns = [(line.deviceAt ?? '–').padEnd(24), line.metric.padEnd(34), what.padEnd(18), line.channel.padEnd(14), line.flags.join(' ')]
      return columns.join('  ').trimEnd()
    }
    case 'alarm':
      return `${(line.deviceAt ?? '–').padEnd(24)}  alarm ${line.phase} ${line.priority} ${line.type}: ${line.code} ${line.text}`
    case 'waveform':
      return `${(line.deviceAt ?? '–').padEnd(24)}  ${line.metric} ${line.samples.length} samples at ${line.rate} Hz ${line.channel}`
    case 'fact':
      return `${(line.effectiveAt ?? '–').padEnd(24)}  patient ${line.fact}  ${line.location ?? ''}`.trimEnd()
    case 'given':
      return `${(line.from ?? '–').padEnd(24)}  ${givenWords(line)}`
    case 'frame':
      return `${`byte ${line.offset}`.padEnd(24)}  ${line.result}: ${line.why}`
  }
}

function givenWords({ code, system, name, dose, route, status, action }: DecodedLine & { readonly kind: 'given' }): string {
  const amount = dose === undefined ? '' : `${dose.amount} ${dose.unit}${dose.per === undefined ? '' : ` per ${dose.per}`}`
  return [action === 'added' ? 'medicine' : `medicine ${action}`, system === '' ? code : `${system} ${code}`, name, amount, route, status].filter((word) => word !== '').join('  ')
}

/** Counts, in constant memory. */
export class Summary {
  readonly #frames = { good: 0, bad: 0, skipped: 0, quarantined: 0 }
  readonly #leftOut = new Map<string, number>()
  #readings = 0
  #absent = 0
  #alarms = 0
  #waveforms = 0

  add(frame: Frame): void {
    this.#frames[frame.kind === 'good' && frame.faults.length > 0 ? 'quarantined' : frame.kind]++
    if (frame.kind !== 'good') return
    this.#readings += frame.readings.length
    this.#absent += frame.readings.filter(({ measurement }) => measurement.kind === 'absent').length
    this.#alarms += frame.alarms.length
    this.#waveforms += frame.waveforms.length
    for (const { why } of frame.leftOut ?? []) this.#leftOut.set(why, (this.#leftOut.get(why) ?? 0) + 1)
  }

  /** Whether no frame was worth a word. */
  get isEmpty(): boolean {
    return this.#frames.good + this.#frames.quarantined + this.#frames.bad === 0
  }

  line(): object {
    return { kind: 'summary', frames: this.#frames, readings: this.#readings, absent: this.#absent, alarms: this.#alarms, waveforms: this.#waveforms }
  }

  sentence(): string {
    const { good, bad, skipped, quarantined } = this.#frames
    const frames = `${good} frames good, ${quarantined} quarantined, ${bad} bad, ${skipped} skipped`
    return `${frames}; ${this.#readings} readings, ${this.#absent} of them absent; ${this.#alarms} alarms, ${this.#waveforms} waveforms`
  }

  /** What the driver understood and passed by. Drivers give reasons from a short list, so this stays small. */
  leftOut(): readonly string[] {
    return Array.from(this.#leftOut, ([why, count]) => `Left out: ${count} × ${why}.`)
  }
}
