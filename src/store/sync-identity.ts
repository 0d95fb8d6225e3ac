/** Who lay in a stay, for what is told to the hospital's own systems: read from vigil.db when it is sent, kept nowhere else. */

import { openReaderDatabase } from './database.ts'
import { identityQueries as Q } from './sync-queries.ts'

export interface StayIdentities {
  /** null: there is no such stay (any more). */
  of(stay: string): { readonly bed: string; readonly mrn: string | null; readonly name: string | null } | null
  close(): void
}

/** @throws StoreUnreadable when there is no database, or none that this version can read. */
export function openStayIdentities(folder: string): StayIdentities {
  const { db } = openReaderDatabase(folder)
  const find = db.prepare<[object], { bed: string; mrn: string | null; name: string | null }>(Q.IDENTITY_OF_STAY)
  return {
    of: (stay) => find.get({ stay }) ?? null,
    close: () => void db.close(),
  }
}
