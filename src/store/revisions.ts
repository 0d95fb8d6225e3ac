/** Rows that were written again because they are another patient's: readers show the newest alone. */

import type { Database, Statement } from 'better-sqlite3'
import type { Snapshot } from '../domain/observation.ts'
import { rowCrc } from './crc.ts'
import { readerQueries } from './queries.ts'
import type { Damage, RowReader, SnapshotRow } from './rows.ts'

export type RevisionRow = { readonly seq: number; readonly supersedes: number; readonly revision: number; readonly crc: number }

export const revisionCrc = ({ seq, supersedes, revision }: Omit<RevisionRow, 'crc'>): number => rowCrc(seq, supersedes, revision)

type Span = { readonly firstSeq: number; readonly lastSeq: number }

export class Revisions {
  readonly #between: Statement<[Span], RevisionRow>
  readonly #superseded: Statement<[Span], { readonly seq: number }>

  constructor(db: Database) {
    this.#between = db.prepare(readerQueries.REVISIONS_BETWEEN)
    this.#superseded = db.prepare(readerQueries.SUPERSEDED_BETWEEN)
  }

  /** Of rows in this span, those whose place others have taken. */
  superseded(span: Span): ReadonlySet<number> {
    return new Set(this.#superseded.all(span).map(({ seq }) => seq))
  }

  /** Of rows in this span, those that took the place of another. */
  of(span: Span): ReadonlyMap<number, RevisionRow> {
    return new Map(this.#between.all(span).map((row) => [row.seq, row]))
  }
}

type Asked = { readonly from: number; readonly rowsMax: number; readonly rows: RowReader; readonly onDamage: (damage: Damage) => void }

/** Snapshots that were written again, received at or after `from`, in the order in which they were received: they lie at the end of the log. */
export function revisedSnapshots(db: Database, of: Asked): readonly Snapshot[] {
  const newest = db.prepare<[{ rowsMax: number }], SnapshotRow>(readerQueries.REVISED_NEWEST).all({ rowsMax: of.rowsMax })
  const revisions = new Revisions(db)
  const snapshots: Snapshot[] = []
  for (const row of newest) {
    if (row.receivedAt < of.from || revisions.superseded({ firstSeq: row.seq, lastSeq: row.seq }).size > 0) continue
    const snapshot = of.rows.snapshot(row)
    if (snapshot.kind === 'good') snapshots.push(snapshot.value)
    else of.onDamage(snapshot.damage)
  }
  return snapshots.toSorted((a, b) => a.receivedAt - b.receivedAt)
}
