/**
 * qSOFA, Sepsis-3 (JAMA 2016). 0 to 3. Shown, never the only trigger: the Surviving Sepsis Campaign 2021 advises against
 * it as a single screening tool. Two cut-offs of mentation are in use, so there are two rules with two names.
 */

import { adultGate, believe, type ScoreInputs } from './inputs.ts'
import { type Bands, banded, between, certain, type Item, notApplicable, type Score, sumOf, unknown } from './result.ts'

const RR: Bands = [[21, 0], [Infinity, 1]]
const SBP: Bands = [[100, 1], [Infinity, 0]]
const TOTAL_MAX = 3

/** `below-15` counts all altered mentation (qsofa.org); `13-or-less` is the cut-off of the derivation study. */
export type MentationCutOff = 'below-15' | '13-or-less'

function mentationItem({ gcs, consciousness }: ScoreInputs, cutOff: MentationCutOff): Item {
  if (gcs !== undefined) return certain('consciousness', gcs <= (cutOff === 'below-15' ? 14 : 13) ? 1 : 0)
  if (consciousness === undefined) return unknown('consciousness', 1)
  if (cutOff === 'below-15' || consciousness === 'A') return certain('consciousness', consciousness === 'A' ? 0 : 1)
  // Confused, or eyes opening to voice, may still make 14 on the Glasgow scale; pain and unresponsive cannot.
  return consciousness === 'C' || consciousness === 'V' ? between('consciousness', 0, 1, ['gcs']) : certain('consciousness', 1)
}

function qsofaWith(id: string, title: string, cutOff: MentationCutOff): Score {
  const identity = { id, version: '1' }
  return {
    ...identity,
    title,
    score(inputs) {
      const believed = believe(inputs)
      const why = adultGate(believed)
      if (why !== null) return notApplicable(identity, why, TOTAL_MAX, believed)
      const { values } = believed
      return sumOf(identity, [banded('rr', values.rr, RR), banded('sbp', values.sbp, SBP), mentationItem(values, cutOff)], believed)
    },
  }
}

export const qsofa = qsofaWith('qsofa', 'qSOFA, mentation GCS below 15', 'below-15')
export const qsofaGcs13 = qsofaWith('qsofa-gcs13', 'qSOFA, mentation GCS 13 or less', '13-or-less')
