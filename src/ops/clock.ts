/** The real clock, scaled in a demo: all processes of one ward are given the same origin and speed, so they agree. */

import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { monoMs, wallMs } from '../domain/time.ts'
import type { Clock } from '../seams.ts'

export type ClockSetting = {
  /** Wall time, in ms, from which the ward's time runs faster than real time. */
  readonly originMs: number
  /** Ward seconds per real second; 1 outside a demo. */
  readonly speed: number
}

export const REAL_TIME: ClockSetting = { originMs: 0, speed: 1 }

/** setTimeout takes 31 bits; longer sleeps are slept in pieces. */
const TIMEOUT_MS_MAX = 2_147_000_000

export function realClock({ originMs, speed }: ClockSetting): Clock {
  return {
    wall: () => wallMs(speed === 1 ? Date.now() : originMs + (Date.now() - originMs) * speed),
    mono: () => monoMs(performance.now() * speed),
    async sleep(ms, stop) {
      let leftMs = Math.max(0, ms / speed)
      while (!stop.aborted) {
        const pieceMs = Math.min(leftMs, TIMEOUT_MS_MAX)
        await delay(pieceMs, undefined, { signal: stop }).catch((reason: unknown) => {
          if (!stop.aborted) throw reason
        })
        leftMs -= pieceMs
        if (leftMs <= 0) return
      }
    },
  }
}
