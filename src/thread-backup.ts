/** A scheduled backup, in a thread of its own: see store/backup.ts. */

import { parentPort, workerData } from 'node:worker_threads'
import { makeBackup } from './store/backup.ts'

if (!parentPort) throw new Error('thread-backup.ts runs as a worker')
parentPort.postMessage(await makeBackup(workerData, () => {}, new AbortController().signal))
