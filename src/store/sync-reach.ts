/** How far sync has come with an incarnation of vigil.db, asked before that file is written to. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { syncQueries } from './sync-queries.ts'

/**
 * The greatest number that was sent or cut of this epoch: a database that ends before it was set back. 0 where nothing was, or
 * where the ledger cannot be read, for that is told by who opens it.
 */
export function ledgerReach(folder: string, epoch: string): number {
  const file = join(folder, 'sync.db')
  if (!existsSync(file)) return 0
  let db: Database.Database | null = null
  try {
    db = new Database(file, { readonly: true, fileMustExist: true, timeout: 1_000 })
    const inOrder = Number(db.prepare(syncQueries.REACH).pluck().get({ epoch, sink: null }))
    // A ledger of version 3 is migrated later, by who opens it to write.
    if (db.prepare(syncQueries.HAS_AHEAD).get() === undefined) return inOrder
    return Math.max(inOrder, Number(db.prepare(syncQueries.REACH_AHEAD).pluck().get({ epoch, sink: null })))
  } catch {
    return 0
  } finally {
    db?.close()
  }
}

/** Whether the ledger that is here can be read and has seen this incarnation: it knows what became of its rows. */
export function knowsEpoch(folder: string, epoch: string): boolean {
  const file = join(folder, 'sync.db')
  if (!existsSync(file)) return false
  let db: Database.Database | null = null
  try {
    db = new Database(file, { readonly: true, fileMustExist: true, timeout: 1_000 })
    if (db.pragma('quick_check(1)', { simple: true }) !== 'ok') return false
    return db.prepare(syncQueries.KNOWS_EPOCH).pluck().get({ epoch }) !== undefined
  } catch {
    return false
  } finally {
    db?.close()
  }
}
