/** Waiting for something to happen, in real time: the simulated network does not run faster when the ward does. */

import { setTimeout as delay } from 'node:timers/promises'

/** Real milliseconds. Resolves early when `stop` aborts; never rejects. */
export async function pause(ms: number, stop: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: stop }).catch((reason: unknown) => {
    if (!stop.aborted) throw reason
  })
}

/** Waits for `promise`, but not longer than `ms` real milliseconds. */
export async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  const done = new AbortController()
  await Promise.race([promise.finally(() => done.abort()), pause(ms, done.signal)])
  done.abort()
}

export interface Bell {
  /** Wakes everybody who waits now. */
  ring(): void
  /** Until the next ring, at most `ms` real milliseconds, or until stopped. Look again at what you waited for. */
  wait(ms: number, stop: AbortSignal): Promise<void>
}

export function createBell(): Bell {
  const waiting = new Set<() => void>()
  return {
    ring() {
      // A woken waiter leaves the set, and may come back to it only in a later turn.
      for (const wake of waiting) wake()
    },
    wait(ms, stop) {
      if (stop.aborted) return Promise.resolve()
      return new Promise((resolve) => {
        const wake = (): void => {
          waiting.delete(wake)
          stop.removeEventListener('abort', wake)
          clearTimeout(timer)
          resolve()
        }
        const timer = setTimeout(wake, ms)
        waiting.add(wake)
        stop.addEventListener('abort', wake)
      })
    },
  }
}

/** Nobody waits longer than this without a look around, even if a ring was missed. */
export const LOOK_AROUND_MS = 1_000

/** How long a monitor waits before it tries again, in real milliseconds: 1 to 5 s. */
export const backoffMs = (attempt: number): number => Math.min(5_000, 1_000 + attempt * 1_000)
