/**
 * A loop that never ends cannot be interrupted from within: another thread watches main's heartbeat and kills the process
 * when it stops. The supervisor (systemd; in the demo the parent) starts it again within a second.
 */

import { Worker } from 'node:worker_threads'
import { watchdogLimits } from '../limits.ts'

/** `main`: how often it has beaten, and how long it may be silent, in ms. `mark`: where it writes down whose bytes it reads. */
export type WatchdogData = { readonly main: Int32Array<SharedArrayBuffer>; readonly checkMs: number; readonly mark: string | null }

export const [BEATS, STALL_MS] = [0, 1] as const

export interface Watchdog {
  /** Main is alive. Cheap: call it in every turn that matters. */
  beat(): void
  /** The start is over, with what it loads at once: from now on main may be silent for `stallMs` only. */
  awake(): void
  stop(): Promise<void>
}

/** Start it before the first byte is read. `mark`: of a stall it is said there. */
export function startWatchdog(mark: string | null = null): Watchdog {
  const main = new Int32Array(new SharedArrayBuffer(8))
  main[STALL_MS] = watchdogLimits.startStallMs
  const data: WatchdogData = { main, checkMs: watchdogLimits.checkMs, mark }
  const worker = new Worker(new URL('../thread-watchdog.ts', import.meta.url), { workerData: data })
  worker.unref()
  const timer = setTimeout(beatOn, watchdogLimits.beatMs)
  timer.unref()
  function beatOn(): void {
    Atomics.add(main, BEATS, 1)
    timer.refresh()
  }
  return {
    beat: () => void Atomics.add(main, BEATS, 1),
    awake: () => void Atomics.store(main, STALL_MS, watchdogLimits.stallMs),
    async stop() {
      clearTimeout(timer)
      await worker.terminate()
    },
  }
}

export type Judgement = { readonly beats: number; readonly silentMs: number; readonly stalled: boolean }

/**
 * Pure. Time in which nobody could run does not count: the watcher slept far longer than it meant to (a paused machine), or
 * main stood in the queue for a processor (a busy one), or the host of a virtual machine kept it away. What is left is main's own.
 */
export function judge(before: Judgement, seen: number, of: { readonly sleptMs: number; readonly queuedMs: number; readonly checkMs: number; readonly stallMs: number }): Judgement {
  if (seen !== before.beats) return { beats: seen, silentMs: 0, stalled: false }
  const countedMs = of.sleptMs > 3 * of.checkMs ? 0 : Math.max(0, of.sleptMs - of.queuedMs)
  const silentMs = before.silentMs + countedMs
  return { beats: seen, silentMs, stalled: silentMs >= of.stallMs }
}
