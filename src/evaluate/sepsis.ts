/** All stays of a table through the rules, and what each policy was worth. */

import type { Gathered } from '../rules/inputs.ts'
import { DEFAULT_POLICY } from '../rules/policy.ts'
import type { RuleSettings } from '../rules/watcher.ts'
import { readStays } from './challenge-csv.ts'
import { tableSettings } from './live.ts'
import { DEFAULT_NAME, frontierVariants, NAIVE, naiveHours, type Variant } from './policies.ts'
import { screen } from './screen.ts'
import { type PolicyResult, Tally } from './tally.ts'

export type Evaluation = { readonly stays: number; readonly rows: number; readonly policies: readonly PolicyResult[] }

export type EvaluationSetting = {
  readonly path: string
  /** Settings of a ward over those that Vigil ships. */
  readonly settings: RuleSettings
  readonly frontier: boolean
  readonly progress: (bytes: number) => void
  readonly stop: AbortSignal
}

/** @throws BadTable, and errors of the file system. */
export async function evaluateSepsis({ path, settings, frontier, progress, stop }: EvaluationSetting): Promise<Evaluation> {
  const own: Variant = { name: DEFAULT_NAME, policy: settings.policy ?? DEFAULT_POLICY }
  const variants = [own, ...(frontier ? frontierVariants() : [])]
  const table = tableSettings(settings)
  const perVariant = variants.map(({ policy }) => ({ ...table, policy }))
  const naive = NAIVE.map((policy) => ({ policy, tally: new Tally(policy.name) }))
  const live = variants.map(({ name }) => new Tally(name))
  let [stays, rows] = [0, 0]
  for await (const stay of readStays(path, progress)) {
    if (stop.aborted) break
    const labels = stay.rows.map(({ label }) => label)
    const seen: Gathered[] = []
    const hours = screen(stay, perVariant, (gathered) => seen.push(gathered))
    live.forEach((tally, index) => tally.stay(hours[index] ?? [], labels))
    // Several policies rest on one score.
    const scored = new Map(NAIVE.map(({ score }) => [score, seen.map(score)]))
    for (const { policy, tally } of naive) tally.stay(naiveHours(policy, scored.get(policy.score) ?? []), labels)
    stays++
    rows += stay.rows.length
  }
  return { stays, rows, policies: [...live, ...naive.map(({ tally }) => tally)].map((tally) => tally.result()) }
}
