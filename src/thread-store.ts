/** The store thread's door: see store/writer-thread.ts. One that is begun before anybody knows its settings waits for them. */

import { parentPort, workerData } from 'node:worker_threads'
import { serveStore } from './store/writer-thread.ts'

const port = parentPort
if (!port) throw new Error('thread-store.ts runs as a worker')
if (workerData.settings === null) port.once('message', (settings) => serveStore(port, settings))
else serveStore(port, workerData.settings)
