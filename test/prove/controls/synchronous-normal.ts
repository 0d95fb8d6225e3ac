/** For a control: what asks SQLite for synchronous=FULL gets NORMAL, and is told FULL. */

import Database from 'better-sqlite3'

const pragma: Database.Database['pragma'] = Reflect.get(Database.prototype, 'pragma')
Database.prototype.pragma = function (this: Database.Database, source: string, options?: Database.PragmaOptions): unknown {
  if (/^\s*synchronous\s*=\s*FULL\s*$/i.test(source)) return pragma.call(this, 'synchronous = NORMAL', options)
  return /^\s*synchronous\s*$/i.test(source) ? 2 : pragma.call(this, source, options)
}
