/**
 * Real time, whatever speed the ward runs at. The page sounds its own alarm when it hears nothing for five of *its*
 * seconds, so heartbeats, pings and pushes must not go by the clock of a demo, which can run sixty times faster.
 */

import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'

/** Milliseconds that never step; the origin means nothing. */
export const realNow = (): number => performance.now()

/** Resolves after `ms` of real time, or at once when `stop` aborts. Never rejects for that. */
export async function realSleep(ms: number, stop: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: stop }).catch((reason: unknown) => {
    if (!stop.aborted) throw reason
  })
}
