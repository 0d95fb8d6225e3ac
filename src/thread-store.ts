/** The store thread's door: see store/writer-thread.ts. */

import { parentPort, workerData } from 'node:worker_threads'
import { serveStore } from './store/writer-thread.ts'

if (!parentPort) throw new Error('thread-store.ts runs as a worker')
serveStore(parentPort, workerData.settings)
