/**
 * Loaded into a gateway with --import: writes the least heap it held since the last look, its event-loop delay and its
 * resident memory to the file named by VIGIL_PROBE, one JSON line each time the file VIGIL_PROBE.ask is touched. No collection
 * is forced: a full one takes the time that the watchdog lets main be silent, on a machine that gives no processor.
 */

import { appendFileSync, statSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

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
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  let answered = 0
  let least = Number.POSITIVE_INFINITY
  setInterval(() => {
    const { heapUsed, rss } = process.memoryUsage()
    least = Math.min(least, heapUsed)
    const asked = askedAt()
    if (asked <= answered) return
    answered = asked
    // The histogram counts from the beginning of one look to the beginning of the next.
    const inMs = (ns: number): number => Math.max(0, ns / 1e6 - RESOLUTION_MS)
    const delayMs = { p50: inMs(delay.percentile(50)), p99: inMs(delay.percentile(99)), max: inMs(delay.max) }
    appendFileSync(path, `${JSON.stringify({ heapMb: least / 2 ** 20, residentMb: rss / 2 ** 20, delayMs } satisfies Probed)}\n`)
    least = Number.POSITIVE_INFINITY
    delay.reset()
  }, LOOK_MS).unref()
}
