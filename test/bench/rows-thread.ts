/** The peer of the store bench: better-sqlite3 at FULL on a thread of its own, one row a reading, what queued meanwhile is one transaction. */

import { join } from 'node:path'
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'

/** Doubles of one reading: time, stream, metric, channel, value. */
export const READING_DOUBLES = 5

const TICKS_PER_GROUP_MAX = 256

function main(port: MessagePort, folder: string): void {
  const db = new Database(join(folder, 'rows.db'))
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  // As small as such a table can be: names live elsewhere, and one index, like that of `snapshot`, finds a stream's rows.
  db.exec('CREATE TABLE reading (id INTEGER PRIMARY KEY, at REAL NOT NULL, stream INTEGER NOT NULL, metric INTEGER NOT NULL, channel INTEGER NOT NULL, value REAL NOT NULL) STRICT')
  db.exec('CREATE INDEX reading_by_block ON reading (id >> 12, stream)')
  const add = db.prepare<[number, number, number, number, number]>('INSERT INTO reading (at, stream, metric, channel, value) VALUES (?, ?, ?, ?, ?)')
  const commit = db.transaction((ticks: readonly Float64Array[]) => {
    for (const tick of ticks) {
      for (let at = 0; at < tick.length; at += READING_DOUBLES) add.run(tick[at] ?? 0, tick[at + 1] ?? 0, tick[at + 2] ?? 0, tick[at + 3] ?? 0, tick[at + 4] ?? 0)
    }
  })
  port.on('message', (first: Float64Array | 'close') => {
    const group: Float64Array[] = []
    let isLast = first === 'close'
    if (first !== 'close') group.push(first)
    while (group.length < TICKS_PER_GROUP_MAX && !isLast) {
      const next: { readonly message: Float64Array | 'close' } | undefined = receiveMessageOnPort(port)
      if (!next) break
      if (next.message === 'close') isLast = true
      else group.push(next.message)
    }
    if (group.length > 0) {
      commit(group)
      port.postMessage(group.length)
    }
    if (!isLast) return
    db.pragma('wal_checkpoint(TRUNCATE)')
    db.close()
    port.close()
  })
  port.postMessage(0)
}

if (parentPort) main(parentPort, String(workerData))
