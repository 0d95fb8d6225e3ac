/** `vigil evaluate sepsis`: a table of real stays through the rules as they run live, and what each policy is worth on it. */

import { basename } from 'node:path'
import { statSync } from 'node:fs'
import type { PolicyResult } from '../evaluate/tally.ts'
import { type CliContext, CommandFailed, type Register, UsageError } from './context.ts'
import { progressBar } from './progress.ts'

type Options = { readonly data: string; readonly rules?: string; readonly frontier?: boolean; readonly json?: boolean }

const WARNING = [
  'Stays in intensive care, hourly, and nothing is known of consciousness: NEWS2 has five or six of its seven parameters here.',
  'Every bedside rule is weak at foreseeing sepsis. These are prompts to look at a patient; none of them detects sepsis.',
]

export const register: Register = (program, context) => {
  const evaluate = program.command('evaluate').description('what the rules would have done on stays that are over')
  evaluate
    .command('sepsis')
    .description('hourly values of many stays with SepsisLabel (PhysioNet/CinC Challenge 2019) through the live rules; each stay by itself')
    .requiredOption('--data <csv>', 'the table: .csv or .csv.gz with patient, hour, values and SepsisLabel')
    .option('--rules <yaml>', 'settings of the rules instead of those that Vigil ships')
    .option('--frontier', 'also walk over other settings of the alert policy: how its default was chosen')
    .option('--json', 'the last line is one JSON object')
    .action((options: Options) => run(options, context))
}

async function run({ data, rules, frontier = false, json = false }: Options, context: CliContext): Promise<void> {
  const bytes = sizeOf(data)
  // Imported late: every other command starts without them.
  const [{ evaluateSepsis }, { BadTable }, { DEFAULT_NAME, NAIVE_NEWS2 }, { DEFAULT_SETTINGS }, { loadRules }] = await Promise.all([
    import('../evaluate/sepsis.ts'), import('../evaluate/challenge-csv.ts'), import('../evaluate/policies.ts'),
    import('../rules/watcher.ts'), import('../config/rules.ts'),
  ])
  const loaded = rules === undefined ? { kind: 'ok' as const, settings: DEFAULT_SETTINGS } : loadRules(rules)
  if (loaded.kind === 'wrong') throw new UsageError(loaded.problems.join('\n'))
  const bar = progressBar(context, 'Evaluating', bytes)
  try {
    const progress = (done: number): void => bar.at(done)
    const { stays, rows, policies } = await evaluateSepsis({ path: data, settings: loaded.settings, frontier, progress, stop: context.stop })
    if (context.stop.aborted) throw new CommandFailed('stopped before the end')
    if (stays === 0) throw new CommandFailed(`${data} holds no stay`)
    const naive = policies.find(({ name }) => name === NAIVE_NEWS2)
    const footing = ['', `${stays} stays, ${rows} hours. Episodes in per cent are those of naive ${NAIVE_NEWS2}.`, ...WARNING]
    for (const line of [...tableOf(policies, naive?.episodesPer100PatientDays ?? null), ...footing]) context[json ? 'note' : 'write'](line)
    if (json) context.write(JSON.stringify({ dataset: basename(data), stays, rows, default: DEFAULT_NAME, policies: policies.map(plainly) }))
  } catch (error) {
    if (error instanceof BadTable) throw new UsageError(`${data}, ${error.message}`)
    if (error instanceof Error && 'code' in error && typeof error.code === 'string') throw new UsageError(`${data} cannot be read: ${error.message}`)
    throw error
  }
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const DIGITS = 4
const short = (value: number | null): number | null => (value === null ? null : Number(value.toFixed(DIGITS)))

/** The contract of `--json`, key by key. */
const plainly = (of: PolicyResult): object => ({
  name: of.name, auroc: short(of.auroc), auprc: short(of.auprc), utility: short(of.utility),
  hour: { sensitivity: short(of.hour.sensitivity), specificity: short(of.hour.specificity), ppv: short(of.hour.ppv) },
  septicInWindow: short(of.septicInWindow), septicBy3h: short(of.septicBy3h), nonSepticAlerted: short(of.nonSepticAlerted),
  episodesPer100PatientDays: short(of.episodesPer100PatientDays), leadHoursMedian: of.leadHoursMedian,
})

const COLUMNS = [
  'policy', 'AUROC', 'AUPRC', 'utility', 'sens/h', 'spec/h', 'PPV/h', 'new in −12..+3 h', 'any by +3 h', 'others alerted', 'episodes/100 d', '% of naive', 'lead h',
] as const

/** Markdown, so that it can stand in a README as it is. */
function tableOf(policies: readonly PolicyResult[], naiveEpisodes: number | null): readonly string[] {
  const fixed = (value: number | null, digits = 3): string => (value === null ? '–' : value.toFixed(digits))
  const ofNaive = (episodes: number | null): string => (episodes === null || naiveEpisodes === null ? '–' : `${Math.round((episodes / naiveEpisodes) * 100)} %`)
  const rows = policies.map(({ name, auroc, auprc, utility, hour, ...of }) => [
    name, fixed(auroc), fixed(auprc), fixed(utility), fixed(hour.sensitivity), fixed(hour.specificity), fixed(hour.ppv),
    fixed(of.septicInWindow), fixed(of.septicBy3h), fixed(of.nonSepticAlerted),
    fixed(of.episodesPer100PatientDays, 1), ofNaive(of.episodesPer100PatientDays), fixed(of.leadHoursMedian, 1),
  ])
  const widths = COLUMNS.map((column, index) => Math.max(column.length, ...rows.map((row) => row[index]?.length ?? 0)))
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`
  return [line(COLUMNS), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)]
}
