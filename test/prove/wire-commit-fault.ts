/**
 * Given to `node --import`: the commits of the gateway's store take VIGIL_PROVE_COMMIT_MS longer, and fail while the file
 * VIGIL_PROVE_COMMIT_FAILS is there. Nothing of the product is changed; the disk beneath it is.
 */

import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'

const ms = Number(process.env['VIGIL_PROVE_COMMIT_MS'] ?? 0)
const fails = process.env['VIGIL_PROVE_COMMIT_FAILS']
const clock = new Int32Array(new SharedArrayBuffer(4))

function methodOf(object: object, name: string): (this: unknown, ...of: readonly unknown[]) => unknown {
  const method: unknown = Reflect.get(object, name)
  if (typeof method !== 'function') throw new Error(`better-sqlite3 has no ${name}`)
  return function called(...of) {
    return Reflect.apply(method, this, of)
  }
}

const prepare = methodOf(Database.prototype, 'prepare')
Object.defineProperty(Database.prototype, 'prepare', {
  value(this: unknown, sql: string, ...of: readonly unknown[]): unknown {
    const statement = prepare.call(this, sql, ...of)
    if (typeof statement !== 'object' || statement === null || !/^\s*COMMIT/i.test(sql)) return statement
    const run = methodOf(statement, 'run')
    return Object.defineProperty(statement, 'run', {
      value(this: unknown, ...values: readonly unknown[]): unknown {
        if (ms > 0) Atomics.wait(clock, 0, 0, ms)
        if (fails !== undefined && existsSync(fails)) throw new Database.SqliteError('disk I/O error', 'SQLITE_IOERR_FSYNC')
        return run.call(this, ...values)
      },
    })
  },
})
