/** Which SQLite the engine was built with. */

import Database from 'better-sqlite3'

/** @throws what loading the engine throws: a missing or unfit binary. */
export function sqliteVersion(): string {
  const db = new Database(':memory:')
  const version: unknown = db.prepare('SELECT sqlite_version()').pluck().get()
  db.close()
  return String(version)
}
