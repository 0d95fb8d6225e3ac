/** The history thread's door: see store/history-thread.ts. */

import { parentPort, workerData } from 'node:worker_threads'
import { serveHistory } from './store/history-thread.ts'

if (!parentPort) throw new Error('thread-history.ts runs as a worker')
serveHistory(parentPort, workerData.folder)
