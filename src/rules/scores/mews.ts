/** MEWS, Subbe et al., QJM 2001; 94: 521-6. 0 to 14. Other variants differ; this one is named on every screen. */

import { adultGate, believe, type ScoreInputs } from './inputs.ts'
import { type Bands, banded, between, certain, type Item, notApplicable, type Score, sumOf, unknown } from './result.ts'

const SBP: Bands = [[70, 3], [80, 2], [100, 1], [199, 0], [Infinity, 2]]
const PULSE: Bands = [[40, 2], [50, 1], [100, 0], [110, 1], [129, 2], [Infinity, 3]]
const RR: Bands = [[8, 2], [14, 0], [20, 1], [29, 2], [Infinity, 3]]
const TEMPERATURE: Bands = [[34.9, 2], [38.4, 0], [Infinity, 2]]
/** Subbe has AVPU. New confusion is not alert, so it counts the least that "not alert" counts. */
const CONSCIOUSNESS = { A: 0, C: 1, V: 1, P: 2, U: 3 } as const
const TOTAL_MAX = 14

function consciousnessItem({ consciousness, gcs }: ScoreInputs): Item {
  if (consciousness !== undefined) return certain('consciousness', CONSCIOUSNESS[consciousness])
  if (gcs === undefined) return unknown('consciousness', 3)
  // A Glasgow sum below 15 says "not alert", not which of V, P and U.
  return gcs >= 15 ? certain('consciousness', 0) : between('consciousness', 1, 3, ['consciousness'])
}

const identity = { id: 'mews', version: '1' }

export const mews: Score = {
  ...identity,
  title: 'MEWS (Subbe 2001)',
  score(inputs) {
    const believed = believe(inputs)
    const why = adultGate(believed)
    if (why !== null) return notApplicable(identity, why, TOTAL_MAX, believed)
    const { values } = believed
    const items = [
      banded('sbp', values.sbp, SBP),
      banded('pulse', values.pulse, PULSE),
      banded('rr', values.rr, RR),
      banded('temperature', values.temperature, TEMPERATURE, 1),
      consciousnessItem(values),
    ]
    return sumOf(identity, items, believed)
  },
}
