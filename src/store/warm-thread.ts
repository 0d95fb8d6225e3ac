/**
 * The store's thread, begun while main still loads: a machine of two cores listens again the sooner after a crash. It weighs
 * nothing by itself, so that it may be asked for before anything else is loaded.
 */

import { Worker } from 'node:worker_threads'

const THREAD = new URL('../thread-store.ts', import.meta.url)

let warm: Worker | null = null

/** Begins one; it waits for its orders, and keeps no process alive that turns out to have none. */
export function warmStoreThread(): void {
  warm = new Worker(THREAD, { workerData: { settings: null } })
  // A thread that dies before it is asked for says why when it is begun again.
  warm.once('error', () => (warm = null))
  warm.unref()
}

/** The one that waits, or a new one. `settings` are what it is to serve with. */
export function takeStoreThread(settings: object): Worker {
  const waiting = warm
  warm = null
  if (waiting === null) return new Worker(THREAD, { workerData: { settings } })
  waiting.removeAllListeners('error')
  waiting.ref()
  waiting.postMessage(settings)
  return waiting
}
