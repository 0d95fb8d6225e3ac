/** `vigil replay`: what was recorded, through today's drivers and rules, into a database of its own; or two sets of rules compared. */

import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isoOf, wallMs } from '../domain/time.ts'
import type { RecordingFile } from '../record/reader.ts'
import type { ReplaySummary } from '../record/replay.ts'
import { type CliContext, CommandFailed, type Register, UsageError } from './context.ts'
import { progressBar } from './progress.ts'

type Options = {
  readonly into?: string
  readonly rules?: string
  readonly against?: string
  readonly report?: string
  readonly speed: string
  readonly from?: string
  readonly to?: string
  readonly device?: string
  readonly json?: boolean
}

export const register: Register = (program, context) => {
  program
    .command('replay')
    .description('a recording through the drivers and rules of this version, into a copy; the same every time')
    .argument('<recording>', 'a data folder, its folder of frames, or one file of it')
    .option('--into <folder>', 'where the copy goes: a folder that does not exist yet')
    .option('--rules <yaml>', 'compare: what these rules would have said …')
    .option('--against <yaml>', '… with what these would have; limits and alert policy as in config/rules.example.yaml')
    .option('--report <folder>', 'where the comparison goes: report.html and both journals')
    .option('--speed <factor>', 'recorded seconds per second, or max', 'max')
    .option('--from <time>', 'begin here: ISO 8601, or ms since 1970')
    .option('--to <time>', 'end here')
    .option('--device <id>', 'frames of this device alone')
    .option('--json', 'what came out as one JSON object')
    .action((recording: string, options: Options) => {
      const run = options.rules === undefined && options.against === undefined ? replay : compare
      return run(recording, options, context)
    })
}

/** A data folder is compared as it is stored; a recording by itself goes through the drivers first. */
async function compare(recording: string, options: Options, context: CliContext): Promise<void> {
  const { rules, against, report } = options
  if (rules === undefined || against === undefined || report === undefined) throw new UsageError('a comparison needs --rules, --against and --report')
  const { replayRules } = await import('./replay-rules.ts')
  const of = {
    rules, against, report, json: options.json === true,
    from: options.from === undefined ? null : timeOf(options.from), to: options.to === undefined ? null : timeOf(options.to),
  }
  if (existsSync(join(recording, 'vigil.db'))) return replayRules(recording, of, context)
  const folder = await mkdtemp(join(tmpdir(), 'vigil-rules-'))
  try {
    await replay(recording, { ...options, into: join(folder, 'copy') }, { ...context, write: context.note })
    await replayRules(join(folder, 'copy'), of, context)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function replay(recording: string, options: Options, context: CliContext): Promise<void> {
  const { into } = options
  if (into === undefined) throw new UsageError('where the copy goes is missing: --into <folder>')
  const setting = {
    into,
    speed: speedOf(options.speed),
    from: options.from === undefined ? null : timeOf(options.from),
    to: options.to === undefined ? null : timeOf(options.to),
    device: options.device ?? null,
  }
  if (existsSync(into)) throw new UsageError(`${into} exists already: a replay goes into a folder of its own`)
  // Imported late: every other command starts without the pump's weight.
  const [{ recordingFiles, readRecording }, { ReplayRefused, startReplay }, { driverOf }, { contentDigest }, { REAL_TIME }, { pino }] = await Promise.all([
    import('../record/reader.ts'), import('../record/replay.ts'), import('../drivers.ts'),
    import('../store/digest.ts'), import('../ops/clock.ts'), import('pino'),
  ])
  const files = await recordingFiles(recording).catch((error: unknown) => {
    throw new UsageError(`${recording} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  })
  if (files.length === 0) throw new UsageError(`${recording} holds no recording`)
  const running = startReplay({ ...setting, driverOf, realTime: context.clockOf(REAL_TIME), log: pino({ level: 'silent' }) })
  const bar = progressBar(context, 'Replaying', files.reduce((sum, { bytes }) => sum + bytes, 0))
  let torn = 0
  try {
    for await (const read of readRecording(files)) {
      if (context.stop.aborted) break
      if (read.kind === 'record') await running.take(read.record, context.stop)
      else if (read.kind === 'progress') bar.at(before(files, read.path) + read.bytes)
      else {
        torn++
        context.note(`${read.path}: ${read.bytes} bytes from ${read.offset} on cannot be read: cut off, or damaged.`)
      }
    }
    const summary = await running.end()
    if (context.stop.aborted) throw new CommandFailed(`stopped before the end: ${into} holds a part`)
    if (summary.runs === 0) throw new CommandFailed('nothing of that was recorded')
    const digest = contentDigest(into)
    if (options.json === true) context.write(JSON.stringify({ ...summary, torn, digest }))
    else for (const line of sentencesOf(summary, digest)) context.write(line)
  } catch (error) {
    throw error instanceof ReplayRefused ? new CommandFailed(error.message) : error
  }
}

const before = (files: readonly RecordingFile[], path: string): number =>
  files.slice(0, files.findIndex((file) => file.path === path)).reduce((sum, { bytes }) => sum + bytes, 0)

function speedOf(text: string): number | null {
  if (text === 'max') return null
  const speed = Number(text)
  if (!(speed > 0 && speed <= 1e6)) throw new UsageError(`--speed ${text}: write a number above 0, or max`)
  return speed
}

function timeOf(text: string): number {
  const at = /^\d{10,}$/.test(text) ? Number(text) : Date.parse(text)
  if (Number.isNaN(at)) throw new UsageError(`"${text}" is no time: write it like 2026-01-15T02:00:00Z`)
  return at
}

function sentencesOf(summary: ReplaySummary, digest: string): readonly string[] {
  const { good, bad, skipped, quarantined } = summary.frames
  const span = summary.firstAt === null || summary.lastAt === null ? 'nothing' : `${isoOf(wallMs(summary.firstAt))} to ${isoOf(wallMs(summary.lastAt))}`
  return [
    `replayed: ${span}, ${summary.records} records, ${summary.runs === 1 ? 'one life' : `${summary.runs} lives`} of the gateway`,
    `frames: ${good} good, ${quarantined} quarantined, ${bad} bad, ${skipped} skipped; ${summary.faults} parts not believed`,
    `readings: ${summary.readings}; alerts: ${summary.alerts}; kept in quarantine: ${summary.quarantined}`,
    ...(summary.missing > 0 ? [`missing: ${summary.missing} records that the disk did not take`] : []),
    ...(summary.wakes > 0 ? [`woken: drivers, ${summary.wakes} times, when they had asked for it`] : []),
    `digest: ${digest}`,
  ]
}
