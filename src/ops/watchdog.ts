/**
 * A loop that never ends cannot be interrupted from within: another thread watches main's heartbeat and kills the process
 * when it stops. The supervisor (systemd; in the demo the parent) starts it again within a second.
 */

import { Worker } from 'node:worker_threads'
import { watchdogLimits } from '../limits.ts'
import type { MarkFiles } from './in-flight.ts'

export type WatchdogData = { readonly beats: Int32Array<SharedArrayBuffer>; readonly stallMs: number; readonly checkMs: number; readonly marks: MarkFiles | null }

export interface Watchdog {
  /** Main is alive. Cheap: call it in every turn that matters. */
  beat(): void
  stop(): Promise<void>
}

/** `marks`: where main writes down whose bytes it reads; of a stall it is kept. */
export function startWatchdog(marks: MarkFiles | null = null): Watchdog {
  const beats = new Int32Array(new SharedArrayBuffer(4))
  const data: WatchdogData = { beats, stallMs: watchdogLimits.stallMs, checkMs: watchdogLimits.checkMs, marks }
  const worker = new Worker(new URL('../thread-watchdog.ts', import.meta.url), { workerData: data })
  worker.unref()
  const timer = setTimeout(beatOn, watchdogLimits.beatMs)
  timer.unref()
  function beatOn(): void {
    Atomics.add(beats, 0, 1)
    timer.refresh()
  }
  return {
    beat: () => void Atomics.add(beats, 0, 1),
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
