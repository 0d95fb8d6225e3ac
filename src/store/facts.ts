/** What was learned of who lies where, as rows. */

import type { Database } from 'better-sqlite3'
import { FACT_SOURCES, type Fact, type FactBody } from '../domain/association.ts'
import { wallMs } from '../domain/time.ts'
import { rowCrc } from './crc.ts'
import { readerQueries } from './queries.ts'
import type { Damage } from './rows.ts'

export type FactRow = {
  readonly id: number
  readonly learnedAt: number
  readonly effectiveAt: number
  readonly source: string
  readonly by: string
  readonly body: string
  readonly crc: number
}

const crcOf = ({ id, learnedAt, effectiveAt, source, by, body }: Omit<FactRow, 'crc'>): number => rowCrc(id, learnedAt, effectiveAt, source, by, body)

export const isRightFact = (row: FactRow): boolean => row.crc === crcOf(row)

export function factRow({ body, ...fact }: Fact): FactRow {
  const row = { ...fact, body: JSON.stringify(body) }
  return { ...row, crc: crcOf(row) }
}

export function factOf(row: FactRow): Fact | null {
  const source = FACT_SOURCES.find((known) => known === row.source)
  if (!isRightFact(row) || source === undefined) return null
  const body: FactBody = JSON.parse(row.body)
  return { id: row.id, learnedAt: wallMs(row.learnedAt), effectiveAt: wallMs(row.effectiveAt), source, by: row.by, body }
}

/** All of them, as they were learned; one that is damaged is told, and is as if nobody had said it. */
export function readFacts(db: Database, damaged: Damage[]): readonly Fact[] {
  const facts: Fact[] = []
  for (const row of db.prepare<[], FactRow>(readerQueries.FACTS).all()) {
    const fact = factOf(row)
    if (fact) facts.push(fact)
    else damaged.push({ table: 'fact', row: row.id, why: 'its bytes are not those that were written' })
  }
  return facts
}
