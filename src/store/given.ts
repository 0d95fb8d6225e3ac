/** Medicines given to one stay, read from the log: each as it was said last. */

import type { Database } from 'better-sqlite3'
import type { MedicationGiven } from '../domain/reading.ts'
import { storeLimits } from '../limits.ts'
import { seqsBetween } from './marks.ts'
import { readerQueries } from './queries.ts'
import { type Damage, type EventRow, eventOf } from './rows.ts'

export type GivenQuery = { readonly stay: string; /** What was learned since, wall ms. */ readonly from: number }

export type KeptGiven = {
  /** The newest first; `at`: when it was learned. */
  readonly given: readonly (MedicationGiven & { readonly at: number })[]
  readonly damaged: readonly Damage[]
  /** There are more than one answer holds: the oldest are missing. */
  readonly isCut: boolean
}

/** An order that is said again, corrected or taken back takes the place of what was said of it before. */
export function readGiven(db: Database, { stay, from }: GivenQuery, { givenRowsMax } = storeLimits): KeptGiven {
  const given: (MedicationGiven & { readonly at: number })[] = []
  const damaged: Damage[] = []
  const known = new Set<string>()
  // No mark: no value ever came, and the log is short.
  const firstSeq = seqsBetween(db, from, null)?.firstSeq ?? 0
  for (const row of db.prepare<[{ firstSeq: number }], EventRow>(readerQueries.GIVEN_SINCE).iterate({ firstSeq })) {
    const read = eventOf(row)
    if (read.kind === 'damaged') {
      damaged.push(read.damage)
      continue
    }
    if (read.value.kind !== 'given' || read.value.subject.stay !== stay || read.value.at < from) continue
    const { at, given: one } = read.value
    if (one.id !== '' && known.has(one.id)) continue
    known.add(one.id)
    if (given.length >= givenRowsMax) return { given, damaged, isCut: true }
    given.push({ ...one, at })
  }
  return { given, damaged, isCut: false }
}
