/** `vigil probe`: which serial ports there are, and what stands at the other end of one. */

import { realpath } from 'node:fs/promises'
import { measurementText } from './try-view.ts'
import { type CliContext, CommandFailed, type Register, UsageError } from './context.ts'
import type { LineSetting, PortListing, Target } from '../links/ports.ts'
import type { Ask, Attempt } from '../ops/probe.ts'
import { type Guessed, percent } from '../ops/guess.ts'
import type { Driver } from '../seams.ts'

type Options = { readonly listenOnly?: boolean; readonly json?: boolean }

export const register: Register = (program, context) => {
  program
    .command('probe')
    .description('what stands at the other end of a cable: tries speeds, parities and all drivers, for less than 30 s; without a port: which ports there are')
    .argument('[port]', 'a serial port, or host:port of a serial server; not one that the gateway has open')
    .option('--listen-only', 'say nothing to the device: finds those that talk by themselves')
    .option('--json', 'one JSON object a line')
    .action((port: string | undefined, options: Options) => (port === undefined ? list(options, context) : find(port, options, context)))
}

async function list({ json }: Options, context: CliContext): Promise<void> {
  const { listPorts } = await import('../links/ports.ts')
  const ports = await listPorts()
  for (const port of ports) context.write(json === true ? JSON.stringify(port) : listed(port))
  if (json === true) return
  context.note(
    ports.length === 0
      ? 'No serial port has a device. Of a USB adapter: is it plugged in, and does dmesg show it? In a container: was the device passed through?'
      : `Connect the monitor to one of them, then: vigil probe ${ports[0]?.path ?? ''}`,
  )
}

const listed = ({ path, device, what }: PortListing): string => `${path}${path === device ? '' : ` (now ${device})`}${what === '' ? '' : `: ${what}`}`

async function find(port: string, options: Options, context: CliContext): Promise<void> {
  const [{ listPorts, openPort, readLine, targetOf }, { asks, probe }, { listenedLines, usualLines }] = await Promise.all([
    import('../links/ports.ts'), import('../ops/probe.ts'), import('../ops/serial-lines.ts'),
  ])
  const [{ DRIVERS }, { REAL_TIME }] = await Promise.all([import('../drivers.ts'), import('../ops/clock.ts')])
  const lineOf = (text: string): LineSetting => readLine(text) ?? noLine(text)
  const target = targetOf(port, lineOf('9600'))
  if (target.kind === 'udp') throw new UsageError('over UDP nobody talks unasked: vigil driver try udp:host:port --driver philips-intellivue')
  const clock = context.clockOf(REAL_TIME)
  const isSerial = target.kind === 'serial'
  const drivers = [...DRIVERS.values()].filter(({ transport }) => transport !== 'mqtt')
  // A serial server may have any device behind it; a serial port has none that speaks over a network alone.
  const here = isSerial ? drivers.filter(({ transport }) => transport === 'serial') : drivers
  const asking = options.listenOnly === true ? [] : here.filter((driver) => asks(driver, clock.mono()))
  const isJson = options.json === true
  if (!isJson) {
    context.note(`Listening at ${port}${asking.length > 0 ? ', then asking as the drivers with a dialogue ask' : ''}: less than 30 s.`)
    context.write(row('line', 'how', 'heard', 'found'))
  }
  const result = await probe(
    {
      open: (line, heard) => openPort(isSerial && line !== null ? { ...target, line } : target, heard),
      drivers,
      listen: isSerial ? listenedLines(here).map(lineOf) : [null],
      ask: inTurn(asking.map((driver) => (isSerial ? usualLines(driver).map((line) => ({ driver, line: lineOf(line) })) : [{ driver, line: null }]))),
      clock,
      tried: (attempt) => context.write(isJson ? JSON.stringify(attemptLine(attempt)) : attemptRow(attempt)),
    },
    context.stop,
  )
  if (result.kind === 'failed') throw new CommandFailed(`${port} cannot be used: ${result.why}`)
  if (result.kind === 'nothing') throw new CommandFailed(context.stop.aborted ? 'stopped' : nothing(result.bytes))
  const where: Target = isSerial ? { ...target, path: await stableName(target.path, await listPorts()), line: result.line ?? target.line } : target
  for (const line of isJson ? [JSON.stringify(foundLine(result.guessed, where))] : foundText(result.guessed, where)) context.write(line)
}

const noLine = (text: string): never => {
  throw new UsageError(`"${text}" is no setting of a line: write it like 9600 8N1`)
}

/** First the likeliest line of each driver, then the second of each. */
export function inTurn(asks: readonly (readonly Ask[])[]): readonly Ask[] {
  const rounds = Math.max(0, ...asks.map(({ length }) => length))
  return Array.from({ length: rounds }, (_, round) => asks.flatMap((each) => each.slice(round, round + 1))).flat()
}

async function stableName(path: string, ports: readonly PortListing[]): Promise<string> {
  const real = await realpath(path).catch(() => path)
  return ports.find(({ device }) => device === real)?.path ?? path
}

function nothing(bytes: number): string {
  if (bytes === 0) {
    return 'Nothing was heard. Is the device on, its output switched on in its menu, and the cable the right one (many need a null modem: 2 and 3 crossed)?'
  }
  const what = 'a device that none speaks to, or a line that is set otherwise. Record it with vigil driver capture.'
  return `${bytes} bytes were heard, and no driver finds a frame in them at any speed that was tried: ${what}`
}

// ── What is printed ──────────────────────────────────────────────────────────────────────────────────────────────────

const row = (...[line, how, heard, found]: readonly [string, string, string, string]): string =>
  [line.padEnd(12), how.padEnd(28), heard.padStart(8), found].join('  ').trimEnd()

const shownLine = (line: LineSetting | null): string =>
  line === null ? '–' : `${line.baudRate} ${line.dataBits}${line.parity.slice(0, 1).toUpperCase()}${line.stopBits}`

function attemptRow({ line, asked, bytes, best }: Attempt): string {
  const found = best === null ? '–' : `${best.driver.id} ${percent(best.sureness)}: ${framesText(best)}`
  return row(shownLine(line), asked === null ? 'listened' : `asked as ${asked.id}`, `${bytes} B`, found)
}

function foundText({ driver, belief, sureness }: Guessed, where: Target): readonly string[] {
  const said = belief.readings.map(({ metric, measurement }) => `${metric.label} ${measurementText(metric, measurement)}`)
  return [
    '', `${driver.id}, ${percent(sureness)} sure: ${driver.title}.`,
    ...(said.length > 0 ? [`It said last: ${said.join(', ')}. Is that what the monitor shows?`] : []),
    'Nothing is bound to a bed. Once you have compared, and looked a while with vigil driver try, site.yaml takes:', '', yamlOf(driver, where),
  ]
}

const foundLine = ({ driver, sureness }: Guessed, where: Target): object => ({
  kind: 'found',
  driver: driver.id,
  sureness: Number(sureness.toFixed(2)),
  port: where,
  yaml: yamlOf(driver, where),
})

const framesText = ({ belief: { frames } }: Guessed): string => `${frames.good} frames good, ${frames.quarantined} not believed, ${frames.bad} bad`

const attemptLine = ({ line, asked, bytes, best, tookMs }: Attempt): object => ({
  kind: 'tried',
  line,
  asked: asked?.id ?? null,
  bytes,
  tookMs: Math.round(tookMs),
  best: best === null ? null : { driver: best.driver.id, sureness: Number(best.sureness.toFixed(2)), frames: best.belief.frames },
})

/** What a site file takes; with no bed, for that is for a person to say. */
export function yamlOf(driver: Driver, target: Target): string {
  const where =
    target.kind === 'serial'
      ? [`path: ${target.path}`, ...Object.entries(target.line).map(([name, value]) => `${name}: ${value}`)]
      : [`host: ${target.host}`, `port: ${target.port}`]
  const link = [`kind: ${target.kind === 'serial' ? 'serial' : `${target.kind}-connect`}`, 'id: port-1', 'device: monitor-1', ...where]
  return [
    'links:', `  - ${link.join('\n    ')}`,
    'devices:', `  - id: monitor-1\n    driver: ${driver.id}`,
    '    # bed: whose monitor this is, when a person has said so. Without one its values are shown, and belong to nobody.',
  ].join('\n')
}
