/** `vigil replay --rules a.yaml --against b.yaml`: what was stored, or recorded, through two sets of rules, and how they differ. */

import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { AlertSpan } from '../evaluate/compare.ts'
import type { RangeResult } from '../evaluate/range.ts'
import type { Pictured } from '../evaluate/report.ts'
import type { CompareTask, FromCompare } from '../thread-compare.ts'
import { type CliContext, CommandFailed, UsageError } from './context.ts'
import { progressBar } from './progress.ts'

export type RulesOptions = {
  readonly rules: string
  readonly against: string
  readonly report: string
  readonly from: number | null
  readonly to: number | null
  readonly json: boolean
}

const THREAD = new URL('../thread-compare.ts', import.meta.url)
type Done = FromCompare & { readonly kind: 'done' }

/** `folder`: one with a database. What comes out lies in a folder that does not exist yet. */
export async function replayRules(folder: string, options: RulesOptions, context: CliContext): Promise<void> {
  const { report, from, to } = options
  if (existsSync(report)) throw new UsageError(`${report} exists already: a report goes into a folder of its own`)
  // Imported late: every other command starts without them.
  const [{ loadRules }, { openRangeReader }, { onlyIn }, { picturesOf }, { htmlOf, sentenceOf }, { evaluateLimits }] = await Promise.all([
    import('../config/rules.ts'), import('../store/range-reader.ts'), import('../evaluate/compare.ts'),
    import('../evaluate/range.ts'), import('../evaluate/report.ts'), import('../limits.ts'),
  ])
  const problems = [options.rules, options.against].map(loadRules).flatMap((rules) => (rules.kind === 'wrong' ? rules.problems : []))
  if (problems.length > 0) throw new UsageError(problems.join('\n'))
  using source = openRangeReader(folder)
  mkdirSync(report, { recursive: true })
  const bar = progressBar(context, 'Comparing', 1)
  const parts = [0, 0]
  const ran = (rules: string, index: number): Promise<Done> =>
    onThread({ folder, rules, journal: join(report, `${index === 0 ? 'first' : 'second'}.jsonl`), from, to }, context.stop, (part) => {
      parts[index] = part
      bar.at(parts.reduce((sum, done) => sum + done, 0) * 0.45)
    })
  const [first, second] = await Promise.all([ran(options.rules, 0), ran(options.against, 1)])
  if (first.result.snapshots === 0) throw new CommandFailed('there is nothing of a patient in that stretch')
  const lost = onlyIn(first.result.spans, second.result.spans)
  const gained = onlyIn(second.result.spans, first.result.spans)
  const [shownLost, shownGained] = [spread(lost, evaluateLimits.picturesMax), spread(gained, evaluateLimits.picturesMax)]
  const pictures = picturesOf(source, [...shownLost, ...shownGained])
  const pictured = (spans: readonly AlertSpan[], offset: number): readonly Pictured[] =>
    spans.flatMap((span, index) => {
      const picture = pictures[offset + index]
      return picture === undefined ? [] : [{ span, picture }]
    })
  const page = {
    title: `Two sets of alert rules over ${basename(folder)}`, first: first.result, second: second.result, offendersMax: evaluateLimits.offendersMax,
    lost: { all: lost.length, shown: pictured(shownLost, 0) }, gained: { all: gained.length, shown: pictured(shownGained, shownLost.length) },
  }
  writeFileSync(join(report, 'report.html'), htmlOf(page))
  bar.at(1)
  const only = { lost: lost.length, gained: gained.length }
  if (options.json) context.write(JSON.stringify(plainly(first.result, second.result, only)))
  else {
    context.write(sentenceOf(first.result, second.result))
    context.write(`lost: ${only.lost}; gained: ${only.gained}; rows not believed: ${first.damagedRows}`)
    context.write(`report: ${join(report, 'report.html')}`)
  }
}

async function onThread(task: CompareTask, stop: AbortSignal, progress: (part: number) => void): Promise<Done> {
  const worker = new Worker(THREAD, { workerData: task })
  const done = new Promise<Done>((resolve, reject) => {
    stop.addEventListener('abort', () => reject(new CommandFailed('stopped before the end: the report holds a part')), { once: true })
    worker.on('message', (message: FromCompare) => {
      if (message.kind === 'done') resolve(message)
      else progress(message.part)
    })
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('the thread that compares ended without an answer')))
  })
  try {
    return await done
  } finally {
    await worker.terminate()
  }
}

/** Those that are shown, spread evenly: what is last is not hidden behind the first hour. */
function spread(spans: readonly AlertSpan[], max: number): readonly AlertSpan[] {
  const step = Math.max(1, spans.length / max)
  return Array.from({ length: Math.min(max, spans.length) }, (_, index) => spans[Math.floor(index * step)]).filter((span) => span !== undefined)
}

function plainly(first: RangeResult, second: RangeResult, only: { readonly lost: number; readonly gained: number }): object {
  const { snapshots, beds, bedMs, firstAt, lastAt } = first
  const sets = [first, second].map(({ name, spans, digest }) => ({ name, alerts: spans.length, digest }))
  return { snapshots, beds, bedDays: bedMs / 86_400_000, firstAt, lastAt, sets, ...only }
}
