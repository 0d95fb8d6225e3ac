/** Every score that Vigil computes, by name. */

import { mews } from './mews.ts'
import { news2 } from './news2.ts'
import { pews } from './pews.ts'
import { map, shockIndex } from './pressure.ts'
import { qsofa, qsofaGcs13 } from './qsofa.ts'
import type { Score } from './result.ts'
import { sirs, sirsVitals } from './sirs.ts'

export const SCORES: readonly Score[] = [news2, qsofa, qsofaGcs13, sirs, sirsVitals, mews, pews, shockIndex, map]
export const scoreOf = (id: string): Score | undefined => SCORES.find((score) => score.id === id)
