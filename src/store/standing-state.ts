/** What stands of the house in a folder: for `vigil doctor`, which looks while the gateway runs. */

import type { Standing } from '../seams.ts'
import { openReaderDatabase } from './database.ts'
import { readStanding } from './standing.ts'

/** @throws StoreUnreadable when there is no database, or none that this version can read. */
export function standingIn(folder: string): readonly Standing[] {
  const { db } = openReaderDatabase(folder)
  try {
    return readStanding(db, [])
  } finally {
    db.close()
  }
}
