/** What stands of the house, by key: one row each, written anew when it changes. */

import type { Database } from 'better-sqlite3'
import { wallMs } from '../domain/time.ts'
import type { Standing } from '../seams.ts'
import { rowCrc } from './crc.ts'
import { readerQueries } from './queries.ts'
import type { Damage } from './rows.ts'

export type StandingRow = { readonly key: string; readonly at: number; readonly body: string; readonly crc: number }

const crcOf = ({ key, at, body }: Omit<StandingRow, 'crc'>): number => rowCrc(key, at, body)

export const isRightStanding = (row: StandingRow): boolean => row.crc === crcOf(row)

export function standingRow({ key, at, value }: Standing): StandingRow {
  const row = { key, at, body: JSON.stringify(value) }
  return { ...row, crc: crcOf(row) }
}

/** What is said under one key, plain JSON to be parsed; null where nothing is said, or nothing that can be believed. */
export function standingOf(db: Database, key: string): unknown {
  const row = db.prepare<[], StandingRow>(readerQueries.STANDING).all().find((one) => one.key === key)
  return row !== undefined && isRightStanding(row) ? JSON.parse(row.body) : null
}

/** All of it; what is damaged is told, and is as if nobody had said it. */
export function readStanding(db: Database, damaged: Damage[]): readonly Standing[] {
  const standing: Standing[] = []
  for (const row of db.prepare<[], StandingRow>(readerQueries.STANDING).all()) {
    if (isRightStanding(row)) standing.push({ key: row.key, at: wallMs(row.at), value: JSON.parse(row.body) })
    else damaged.push({ table: 'standing', row: row.key, why: 'its bytes are not those that were written' })
  }
  return standing
}
