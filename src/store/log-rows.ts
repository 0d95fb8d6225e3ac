/**
 * Pages of the log, over damage in the file. A page of the file that cannot be read hides the rows on it and none besides: the
 * tables are then read one by one, and what cannot be reached is stepped over and told.
 */

import { type Database, SqliteError, type Statement } from 'better-sqlite3'
import { patiently } from './database.ts'
import { readerQueries } from './queries.ts'
import type { Damage } from './rows.ts'

/** A row of the log as both tables are read together; kind null: a snapshot. */
export type LogRow = { readonly seq: number; readonly at: number; readonly crc: number } & (
  | { readonly kind: null; readonly stream: number; readonly sentAt: number | null; readonly readings: Uint8Array }
  | { readonly kind: string; readonly alertId: string | null; readonly body: string }
)

export type LogPage = { readonly afterSeq: number; readonly rowsMax: number }

export class LogRows {
  readonly #both: Statement<[LogPage], LogRow>
  readonly #snapshots: Statement<[LogPage], LogRow>
  readonly #events: Statement<[LogPage], LogRow>
  readonly #lastSeq: Statement<[], { readonly seq: number }>

  constructor(db: Database) {
    this.#both = db.prepare(readerQueries.LOG_AFTER)
    this.#snapshots = db.prepare(readerQueries.LOGGED_SNAPSHOTS_AFTER)
    this.#events = db.prepare(readerQueries.LOGGED_EVENTS_AFTER)
    this.#lastSeq = db.prepare(readerQueries.LAST_SEQ)
  }

  /** Fewer than were asked for: there are no more. */
  after(page: LogPage, onDamage: (damage: Damage) => void): readonly LogRow[] {
    try {
      // What is stepped over is never sent: a disk that is away for a moment gets it.
      return patiently(() => this.#both.all(page))
    } catch (error) {
      if (!isUnreadable(error)) throw error
    }
    const end = this.#lastSeq.get()?.seq ?? page.afterSeq
    const snapshots = stepOver(this.#snapshots, page, end, (damage) => onDamage({ table: 'snapshot', ...damage }))
    const events = stepOver(this.#events, page, end, (damage) => onDamage({ table: 'event', ...damage }))
    return [...snapshots, ...events].toSorted((a, b) => a.seq - b.seq).slice(0, page.rowsMax)
  }
}

const isUnreadable = (error: unknown): error is SqliteError => error instanceof SqliteError && /^SQLITE_(CORRUPT|IOERR)/.test(error.code)

type Unreadable = Pick<Damage, 'row' | 'why'>

function stepOver(statement: Statement<[LogPage], LogRow>, { afterSeq, rowsMax }: LogPage, end: number, onDamage: (damage: Unreadable) => void): readonly LogRow[] {
  const rows: LogRow[] = []
  let after = afterSeq
  while (rows.length < rowsMax) {
    const page = tryRead(statement, { afterSeq: after, rowsMax: rowsMax - rows.length }) ?? tryRead(statement, { afterSeq: after, rowsMax: 1 })
    if (page) {
      rows.push(...page)
      const last = page.at(-1)
      if (last === undefined) break
      after = last.seq
      continue
    }
    const beyond = firstReadable(statement, after, end)
    onDamage({ row: `${after + 1} to ${beyond}`, why: 'the page that holds them cannot be read' })
    after = beyond
    if (after >= end) break
  }
  return rows
}

function tryRead(statement: Statement<[LogPage], LogRow>, page: LogPage): readonly LogRow[] | null {
  try {
    return statement.all(page)
  } catch (error) {
    if (!isUnreadable(error)) throw error
    return null
  }
}

/** The least number behind which something can be read again, or `end`: by doubling, then by halves. */
function firstReadable(statement: Statement<[LogPage], LogRow>, after: number, end: number): number {
  const reads = (seq: number): boolean => tryRead(statement, { afterSeq: seq, rowsMax: 1 }) !== null
  let bad = after
  let good = end
  for (let hop = 1; bad + hop < end; hop *= 2) {
    if (reads(bad + hop)) {
      good = bad + hop
      break
    }
    bad += hop
  }
  while (good - bad > 1) {
    const middle = Math.floor((good + bad) / 2)
    if (reads(middle)) good = middle
    else bad = middle
  }
  return good
}
