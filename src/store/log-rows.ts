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

/** The same without the readings: their length, -1 where they are no bytes any more. */
type LogHead =
  | (Omit<Extract<LogRow, { kind: null }>, 'readings'> & { readonly bytes: number })
  | (Exclude<LogRow, { kind: null }> & { readonly bytes: number })

export type LogPage = { readonly afterSeq: number; readonly rowsMax: number }

export class LogRows {
  readonly #both: Statement<[LogPage], LogRow>
  readonly #snapshots: Statement<[LogPage], LogRow>
  readonly #events: Statement<[LogPage], LogRow>
  readonly #alerts: Statement<[LogPage & { lastSeq: number }], LogRow>
  readonly #lastSeq: Statement<[], { readonly seq: number }>
  readonly #sweep: (page: LogPage) => readonly LogRow[] | null

  constructor(db: Database) {
    this.#both = db.prepare(readerQueries.LOG_AFTER)
    this.#snapshots = db.prepare(readerQueries.LOGGED_SNAPSHOTS_AFTER)
    this.#events = db.prepare(readerQueries.LOGGED_EVENTS_AFTER)
    this.#alerts = db.prepare(readerQueries.ALERTS_AFTER)
    this.#lastSeq = db.prepare(readerQueries.LAST_SEQ)
    const heads: Statement<[LogPage], LogHead> = db.prepare(readerQueries.LOG_HEADS_AFTER)
    const readings: Statement<[{ afterSeq: number; lastSeq: number }], { readonly readings: Uint8Array | null }> = db.prepare(readerQueries.LOG_READINGS)
    // Both at one instant: a row that retention deletes in between would shift the readings of all behind it.
    this.#sweep = db.transaction((page: LogPage) => {
      const rows = heads.all(page)
      return withReadings(rows, readings.get({ afterSeq: page.afterSeq, lastSeq: rows.at(-1)?.seq ?? page.afterSeq })?.readings ?? NO_BYTES)
    })
  }

  /** The same rows, for who goes through all of them: their readings lie in one piece of memory, which lives as long as one of them. */
  sweep(page: LogPage, onDamage: (damage: Damage) => void): readonly LogRow[] {
    try {
      const rows = this.#sweep(page)
      if (rows) return rows
    } catch (error) {
      if (!isUnreadable(error)) throw error
    }
    return this.after(page, onDamage)
  }

  /** Alerts alone; null where a page among them cannot be read. */
  alerts(page: LogPage & { readonly lastSeq: number }): readonly LogRow[] | null {
    try {
      return patiently(() => this.#alerts.all(page))
    } catch (error) {
      if (!isUnreadable(error)) throw error
      return null
    }
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

const NO_BYTES = new Uint8Array(0)

/** Null where something is no bytes any more, or the piece is not as long as the heads say: then they are to be read one by one. */
function withReadings(heads: readonly LogHead[], piece: Uint8Array): readonly LogRow[] | null {
  const rows: LogRow[] = []
  let end = 0
  for (const head of heads) {
    if (head.kind !== null) rows.push(head)
    else {
      if (head.bytes < 0) return null
      const { seq, stream, at, sentAt, crc, bytes } = head
      end += bytes
      rows.push({ seq, at, crc, kind: null, stream, sentAt, readings: piece.subarray(end - bytes, end) })
    }
  }
  return end === piece.length ? rows : null
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
