/** The store thread with a disk that obeys the test: see fake-disk.ts for what the words of the control mean. */

import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { serveStore } from '../../src/store/writer-thread.ts'
import { CONTROL, FAULT } from './fake-disk.ts'

const control: Int32Array = new Int32Array(workerData.data.control)
if (!parentPort) throw new Error('runs as a worker')

serveStore(parentPort, workerData.settings, {
  afterOpen: (db) => void (workerData.data.synchronous !== undefined && db.pragma(`synchronous = ${workerData.data.synchronous}`)),
  beforeCommit() {
    Atomics.add(control, CONTROL.commits, 1)
    Atomics.notify(control, CONTROL.commits)
    Atomics.wait(control, CONTROL.hold, 1)
    const fault = Atomics.load(control, CONTROL.fault)
    if (fault === FAULT.ioError) throw new Database.SqliteError('the disk is away', 'SQLITE_IOERR_FSYNC')
    if (fault === FAULT.corrupt) throw new Database.SqliteError('a page is not what it was', 'SQLITE_CORRUPT')
    if (fault === FAULT.crash) throw new Error('a bug')
  },
})
