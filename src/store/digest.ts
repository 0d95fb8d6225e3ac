/** What a database says, apart from whose it is: two replays of one recording have the same digest. */

import { createHash } from 'node:crypto'
import { digestQueries } from './digest-queries.ts'
import { openReaderDatabase } from './database.ts'

/**
 * SHA-256 over all rows of the log, of stays, names, messages, quarantine and strips, in their order, in hex. Left out is what
 * belongs to the file and not to the ward: its epoch and place, seals, and what retention did.
 * @throws StoreUnreadable when there is no database, or none that this version can read.
 */
export function contentDigest(folder: string): string {
  const { db } = openReaderDatabase(folder)
  const hash = createHash('sha256')
  try {
    for (const [name, sql] of Object.entries(digestQueries)) {
      hash.update(`${name}\n`)
      for (const row of db.prepare<[], unknown[]>(sql).raw().iterate()) hash.update(`${JSON.stringify(row.map(textOf))}\n`)
    }
  } finally {
    db.close()
  }
  return hash.digest('hex')
}

const textOf = (field: unknown): unknown => (field instanceof Uint8Array ? Buffer.from(field).toString('hex') : field)
