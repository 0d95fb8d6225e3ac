/** One set of rules over a stretch of the log, on a thread of its own: two sets take the time of one. */

import { createWriteStream } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { loadRules } from './config/rules.ts'
import { type RangeResult, runRange } from './evaluate/range.ts'
import { openRangeReader } from './store/range-reader.ts'

export type CompareTask = {
  readonly folder: string
  readonly rules: string
  readonly journal: string
  readonly from: number | null
  readonly to: number | null
}
export type FromCompare =
  | { readonly kind: 'progress'; readonly part: number }
  | { readonly kind: 'done'; readonly result: RangeResult; readonly damagedRows: number }

const say = (message: FromCompare): void => parentPort?.postMessage(message)

async function compare({ folder, rules, journal, from, to }: CompareTask): Promise<void> {
  const loaded = loadRules(rules)
  if (loaded.kind === 'wrong') throw new Error(loaded.problems.join('\n'))
  using source = openRangeReader(folder)
  const lines = createWriteStream(journal)
  const set = { name: loaded.name, settings: loaded.settings, journal: (line: string): void => void lines.write(`${line}\n`) }
  const result = await runRange({ source, from, to, set, progress: (part) => say({ kind: 'progress', part }), stop: new AbortController().signal })
  await new Promise<void>((resolve) => {
    lines.end(() => resolve())
  })
  say({ kind: 'done', result, damagedRows: source.damagedRows() })
}

const task: CompareTask = workerData
await compare(task)
