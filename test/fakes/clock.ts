/** A clock that stands still until it is told otherwise. */

import { type MonoMs, type WallMs, monoMs, wallMs } from '../../src/domain/time.ts'
import type { Clock } from '../../src/seams.ts'

export type FakeClock = Clock & {
  /** Time passes; sleepers whose time has come wake, in order. */
  pass(ms: number): Promise<void>
  /** The wall clock is set; durations do not notice. */
  step(ms: number): void
}

export function fakeClock(startWall = Date.UTC(2026, 0, 15, 2, 0, 0)): FakeClock {
  let mono = 0
  let offset = startWall
  const sleepers = new Set<{ readonly until: number; readonly wake: () => void }>()
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  return {
    wall: (): WallMs => wallMs(offset + mono),
    mono: (): MonoMs => monoMs(mono),
    sleep(ms, stop) {
      return new Promise((resolve) => {
        const sleeper = { until: mono + ms, wake: () => (sleepers.delete(sleeper), resolve()) }
        sleepers.add(sleeper)
        stop.addEventListener('abort', sleeper.wake, { once: true })
        if (stop.aborted || ms <= 0) sleeper.wake()
      })
    },
    async pass(ms) {
      const end = mono + ms
      for (;;) {
        const next = [...sleepers].filter(({ until }) => until <= end).sort((a, b) => a.until - b.until)[0]
        if (!next) break
        mono = Math.max(mono, next.until)
        next.wake()
        await settle()
      }
      mono = end
      await settle()
    },
    step(ms) {
      offset += ms
    },
  }
}
