/**
 * Loaded into a gateway with --import: writes its heap after a full collection, its event-loop delay and its resident memory
 * to the file named by VIGIL_PROBE, one JSON line each time the file VIGIL_PROBE.ask is touched.
 */

import { appendFileSync, statSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

export type Probed = { readonly heapMb: number; readonly residentMb: number; readonly delayMs: { readonly p50: number; readonly p99: number; readonly max: number } }

const path = process.env['VIGIL_PROBE']
const LOOK_MS = 200
const RESOLUTION_MS = 5

const askedAt = (): number => {
  try {
    return statSync(`${path}.ask`).mtimeMs
  } catch {
    return 0
  }
}

if (isMainThread && path !== undefined) {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  let answered = 0
  setInterval(() => {
    const asked = askedAt()
    if (asked <= answered) return
    answered = asked
    // The histogram counts from the beginning of one look to the beginning of the next.
    const inMs = (ns: number): number => Math.max(0, ns / 1e6 - RESOLUTION_MS)
    const delayMs = { p50: inMs(delay.percentile(50)), p99: inMs(delay.percentile(99)), max: inMs(delay.max) }
    if (typeof collect === 'function') collect()
    const { heapUsed, rss } = process.memoryUsage()
    appendFileSync(path, `${JSON.stringify({ heapMb: heapUsed / 2 ** 20, residentMb: rss / 2 ** 20, delayMs } satisfies Probed)}\n`)
    // The pause of our own collection is nobody's delay.
    setImmediate(() => delay.reset())
  }, LOOK_MS).unref()
}
