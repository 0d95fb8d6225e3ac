/** The policies that are compared: each makes of a stay's hours what it would have said. */

import type { Gathered } from '../rules/inputs.ts'
import { type AlertPolicy, DEFAULT_POLICY } from '../rules/policy.ts'
import { findingsOf, isPressureLow } from '../rules/evidence.ts'
import { mews } from '../rules/scores/mews.ts'
import { qsofa } from '../rules/scores/qsofa.ts'
import { sirsVitals } from '../rules/scores/sirs.ts'
import type { Hour } from './tally.ts'

/** A score with a bar: an alert begins in each hour that reaches it, after one that did not, and after the pause that is set. */
export type Naive = {
  readonly name: string
  readonly score: (gathered: Gathered) => number
  readonly bar: number
  /** Hours in a row that must reach the bar. */
  readonly hours?: number
  /** No other alert for so many hours. */
  readonly quiet?: number
  /** Armed again only below this. */
  readonly rearmBelow?: number
}

/** What is missing counts nothing. Without the oxygen that the table measures now and then: on scale 1 no other part hangs on it. */
const news2Vitals = ({ news2 }: Gathered): number => news2.min - (news2.parts['oxygen'] ?? 0)
const news2WithOxygen = ({ news2 }: Gathered): number => news2.min
const sirsFull = ({ sirs }: Gathered): number => sirs.min
const qsofaPoints = ({ inputs }: Gathered): number => qsofa.score(inputs).min
const shockIndex = ({ inputs: { pulse, sbp } }: Gathered): number => (pulse === undefined || sbp === undefined ? 0 : Math.round((pulse / sbp) * 1_000) / 1_000)
const hypotension = (gathered: Gathered): number => isPressureLow(findingsOf(gathered), null) ? 1 : 0
const singleThree = ({ news2 }: Gathered): number => Math.max(0, ...Object.values(news2.parts))

export const NAIVE_NEWS2 = 'news2>=5'

export const NAIVE: readonly Naive[] = [
  { name: NAIVE_NEWS2, score: news2Vitals, bar: 5 },
  { name: 'news2>=7', score: news2Vitals, bar: 7 },
  { name: 'news2>=3', score: news2Vitals, bar: 3 },
  { name: 'news2>=5 for 2 h', score: news2Vitals, bar: 5, hours: 2 },
  { name: 'news2>=5, quiet 8 h', score: news2Vitals, bar: 5, quiet: 8 },
  { name: 'news2>=5, re-arm below 4', score: news2Vitals, bar: 5, rearmBelow: 4 },
  { name: 'news2+o2>=5', score: news2WithOxygen, bar: 5 },
  { name: 'news2+o2>=7', score: news2WithOxygen, bar: 7 },
  { name: 'single 3', score: singleThree, bar: 3 },
  { name: 'sirs>=2', score: sirsFull, bar: 2 },
  { name: 'sirs>=3', score: sirsFull, bar: 3 },
  { name: 'sirs-vitals>=2', score: ({ inputs }) => sirsVitals.score(inputs).min, bar: 2 },
  { name: 'qsofa>=1', score: qsofaPoints, bar: 1 },
  { name: 'qsofa>=2', score: qsofaPoints, bar: 2 },
  { name: 'mews>=4', score: ({ inputs }) => mews.score(inputs).min, bar: 4 },
  { name: 'shock-index>=0.9', score: shockIndex, bar: 0.9 },
  { name: 'SBP<90 or MAP<65', score: hypotension, bar: 1 },
]

/** The hours of one stay by their scores. */
export function naiveHours({ bar, hours = 1, quiet = 0, rearmBelow = bar }: Naive, scores: readonly number[]): readonly Hour[] {
  let run = 0
  let isOn = false
  let lastAt = -Infinity
  return scores.map((score, index) => {
    run = score >= bar ? run + 1 : 0
    const begins = !isOn && run >= hours
    if (begins) isOn = true
    else if (score < rearmBelow) isOn = false
    const calls = begins && index - lastAt >= quiet
    if (calls) lastAt = index
    return { score, positive: run >= hours, alerts: calls ? 1 : 0 }
  })
}

/** Vigil's own screen with other numbers: what `--frontier` walks over. */
export type Variant = { readonly name: string; readonly policy: AlertPolicy }

export const DEFAULT_NAME = 'vigil'

const NEVER_SIRS = 5
const NEVER_FEVER = 45

/** How long 5 and 6 must stand, and how long it is quiet after a call; then, with the default, each other part left out. */
export function frontierVariants(): readonly Variant[] {
  const policies: AlertPolicy[] = []
  for (const urgentSeconds of [60, 3_600, 7_200]) {
    for (const quietHours of [0, 8, 12, 16, 20, 24]) policies.push({ ...DEFAULT_POLICY, urgentSeconds, quietHours })
  }
  policies.push(
    { ...DEFAULT_POLICY, supportSirs: 3 }, { ...DEFAULT_POLICY, askSirs: NEVER_SIRS },
    { ...DEFAULT_POLICY, feverAbove: NEVER_FEVER }, { ...DEFAULT_POLICY, feverAbove: 38 },
  )
  return policies.map((policy) => ({ name: nameOf(policy), policy }))
}

const nameOf = ({ urgentSeconds, quietHours, feverAbove, supportSirs, askSirs }: AlertPolicy): string =>
  [
    urgentSeconds >= 3_600 ? `5-6 after ${urgentSeconds / 3_600} h` : '5-6 at once',
    urgentSeconds >= 3_600 && supportSirs < NEVER_SIRS ? `at once with SIRS ${supportSirs}` : '',
    `quiet ${quietHours} h`,
    feverAbove < NEVER_FEVER ? `asks at ${feverAbove} °C` : '',
    askSirs < NEVER_SIRS ? `asks at SIRS ${askSirs} and low pressure` : '',
  ].filter((part) => part !== '').join(', ')
