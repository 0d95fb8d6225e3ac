/** `vigil sim`: the simulated ward, or a real recording sent through the HL7 path. */

import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Recording, ReplayCount, ReplayOptions } from '../../simulators/replay.ts'
import type { parseWardPlan, WardPlan } from '../../simulators/ward.ts'
import { isId } from '../domain/ids.ts'
import { simulatorLimits } from '../limits.ts'
import { REAL_TIME } from '../ops/clock.ts'
import { type CliContext, CommandFailed, type Register, UsageError } from './context.ts'

type Options = {
  readonly plan?: string
  readonly replay?: string
  readonly as: string
  readonly to?: string
  readonly device: string
  readonly bed?: string
  readonly start?: string
  readonly speed?: string
  readonly origin: string
  readonly json?: boolean
}

export const register: Register = (program, context) => {
  program
    .command('sim')
    .description('simulated patients and monitors that speak the real bytes; or a recording, replayed')
    .option('--plan <file>', 'run the ward that this JSON file describes')
    .option('--replay <csv>', 'send a recording of numerics instead: a column `minute`, one row a minute')
    .option('--as <protocol>', 'replay: the protocol to send it in; hl7 is the one there is', 'hl7')
    .option('--to <host:port>', 'replay: the HL7 listener; without it, that of the demo which runs here')
    .option('--device <name>', 'replay: name of the sending device (MSH-3)', 'replay')
    .option('--bed <name>', 'replay: bed to name in PV1-3; none if left out')
    .option('--start <time>', 'replay: ISO time of minute 0; else the last row is now')
    .option('--speed <factor>', 'ward seconds per real second; replay: also `max`, as fast as acknowledgements come (its default)')
    .option('--origin <ms>', 'plan: wall time in ms from which the ward runs faster than real time', '0')
    .option('--json', 'replay: one JSON object a metric on stdout')
    .action(async (options: Options) => {
      if ((options.plan === undefined) === (options.replay === undefined)) throw new UsageError('Say either --plan <file> for a simulated ward or --replay <csv> for a recording.')
      if (options.plan !== undefined) await runPlan(options.plan, options, context)
      else if (options.replay !== undefined) await runReplay(options.replay, options, context)
    })
}

async function runPlan(path: string, options: Options, { clockOf, stop, note }: CliContext): Promise<void> {
  // Imported late, as all that is heavy: every other command starts without it.
  const ward = await import('../../simulators/ward.ts')
  const plan = await readPlan(path, ward.parseWardPlan)
  const speed = numberFrom(options.speed ?? '1', '--speed', 0.1, 1_000)
  const originMs = numberFrom(options.origin, '--origin', 0, Number.MAX_SAFE_INTEGER)
  await ward.runWard(plan, { clock: clockOf({ originMs, speed }), stop, note })
}

async function readPlan(path: string, parse: typeof parseWardPlan): Promise<WardPlan> {
  const text = await textOf(path)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (reason) {
    throw new UsageError(`${path} is not JSON: ${reason instanceof Error ? reason.message : String(reason)}`)
  }
  const parsed = parse(value)
  if (parsed.kind === 'wrong') throw new UsageError(`${path} is not a plan of a ward:\n${parsed.why.map((why) => `  ${why}`).join('\n')}`)
  return parsed.plan
}

async function textOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => null)
  if (found === null || !found.isFile()) throw new UsageError(`There is no file ${path}.`)
  if (found.size > simulatorLimits.recordingBytesMax) throw new UsageError(`${path} is larger than ${simulatorLimits.recordingBytesMax} bytes.`)
  return await readFile(path, 'utf8')
}

function numberFrom(text: string, name: string, low: number, high: number): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!(value >= low && value <= high)) throw new UsageError(`${name} must be a number from ${low} to ${high}, not ${JSON.stringify(text)}.`)
  return value
}

async function runReplay(path: string, options: Options, context: CliContext): Promise<void> {
  if (options.as !== 'hl7') throw new UsageError(`A recording can be sent --as hl7, not ${JSON.stringify(options.as)}.`)
  for (const name of [options.device, options.bed ?? options.device]) if (!isId(name)) throw new UsageError(`${JSON.stringify(name)} is no name of a device or bed: 1 to 64 letters, digits and ._:@/-`)
  const { host, port } = options.to === undefined ? await demoAddress(context) : addressFrom(options.to)
  const { parseRecording, replay } = await import('../../simulators/replay.ts')
  const parsed = parseRecording(await textOf(path))
  if (parsed.kind === 'wrong') throw new UsageError(`${path}: ${parsed.why}`)
  const { recording } = parsed
  if (recording.unknown.length > 0) context.note(`Left out, because nothing is known of them: ${recording.unknown.join(', ')}.`)
  const clock = context.clockOf(REAL_TIME)
  const result = await replay({
    recording,
    device: options.device,
    bed: options.bed ?? null,
    host,
    port,
    pace: paceOf(options, recording, clock.wall()),
    clock,
    stop: context.stop,
    note: context.note,
    progress: progressBar(context),
  })
  for (const count of result.counts) if (options.json === true) context.write(jsonOf(options.device, count))
  if (options.json !== true) for (const line of table(result.counts)) context.write(line)
  const { sent, acknowledged } = result.messages
  context.note(`${acknowledged} of ${recording.rows.length} messages acknowledged by ${host}:${port}.`)
  if (result.gaveUp !== null) throw new CommandFailed(`The replay did not finish: ${result.gaveUp}. ${recording.rows.length - acknowledged} messages are not acknowledged.`)
  if (acknowledged < sent) throw new CommandFailed(`${sent - acknowledged} messages were refused for good: the gateway's quarantine says why.`)
}

function paceOf({ speed, start }: Options, { rows }: Recording, now: number): ReplayOptions['pace'] {
  const lastMinute = rows.at(-1)?.minute ?? 0
  if (speed !== undefined && speed !== 'max') {
    if (start !== undefined) throw new UsageError('--start goes with --speed max: at another speed every row is measured when it is sent.')
    return { kind: 'live', speed: numberFrom(speed, '--speed', 0.01, 100_000) }
  }
  if (start === undefined) return { kind: 'placed', firstAt: now - lastMinute * 60_000 }
  const firstAt = Date.parse(start)
  if (!Number.isFinite(firstAt)) throw new UsageError(`--start must be a time such as 2026-01-31T08:00:00Z, not ${JSON.stringify(start)}.`)
  return { kind: 'placed', firstAt }
}

function addressFrom(text: string): { readonly host: string; readonly port: number } {
  const found = /^(?<host>.+):(?<port>\d{1,5})$/.exec(text)?.groups
  const port = Number(found?.['port'] ?? 0)
  if (found === undefined || port < 1 || port > 65_535) throw new UsageError(`--to wants host:port, such as 127.0.0.1:2575, not ${JSON.stringify(text)}.`)
  return { host: (found['host'] ?? '').replace(/^\[(.*)\]$/, '$1'), port }
}

/** The demo's parent writes where its HL7 listener is. */
async function demoAddress({ root }: CliContext): Promise<{ readonly host: string; readonly port: number }> {
  const path = join(root, '.vigil', 'demo', 'ward.json')
  const ward: unknown = await readFile(path, 'utf8').then(JSON.parse).catch(() => null)
  const hl7: unknown = typeof ward === 'object' && ward !== null && 'hl7' in ward ? ward.hl7 : null
  if (typeof hl7 === 'object' && hl7 !== null && 'host' in hl7 && 'port' in hl7 && typeof hl7.host === 'string' && typeof hl7.port === 'number') return { host: hl7.host, port: hl7.port }
  throw new UsageError(`No demo has run here (${path} is missing). Start one with \`npm start\` in another terminal, or say where to send: --to host:port.`)
}

const BAR_CELLS = 30
const REDRAW_EVERY = 20
/** One line up, and clear it: notes are whole lines, so the bar is drawn over its own last line. */
const OVER = '\u001b[1A\u001b[2K'

function progressBar({ isTerminal, note }: CliContext): (done: number, of: number) => void {
  let drawn = false
  return (done, of) => {
    if (!isTerminal || (done % REDRAW_EVERY !== 0 && done !== of)) return
    const cells = Math.round((done / of) * BAR_CELLS)
    note(`${drawn ? OVER : ''}[${'█'.repeat(cells)}${'·'.repeat(BAR_CELLS - cells)}] ${done}/${of} messages acknowledged`)
    drawn = true
  }
}

const jsonOf = (device: string, { metric, sent, acknowledged, unusual }: ReplayCount): string => JSON.stringify({ device, metric, sent, acknowledged, unusual })

/** `unusual`: outside of what such a sensor can mean, so that a gateway may keep it as absent. */
function table(counts: readonly ReplayCount[]): readonly string[] {
  const row = (name: string, ...cells: readonly (string | number)[]): string => name.padEnd(28) + cells.map((cell) => String(cell).padStart(14)).join('')
  const total = (of: (count: ReplayCount) => number): number => counts.reduce((sum, count) => sum + of(count), 0)
  return [
    row('metric', 'sent', 'acknowledged', 'unusual'),
    ...counts.map(({ metric, sent, acknowledged, unusual }) => row(metric, sent, acknowledged, unusual)),
    row('all', total((count) => count.sent), total((count) => count.acknowledged), total((count) => count.unusual)),
  ]
}
