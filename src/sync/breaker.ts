/**
 * The circuit breaker in front of a sink: open after five failures in a row, one probe after a minute. cockatiel keeps the
 * states; the minute is counted on our clock, which a step of the wall clock does not touch.
 */

import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhenResult } from 'cockatiel'
import type { MonoMs } from '../domain/time.ts'
import { syncLimits } from '../limits.ts'
import type { ClaimAnswer, Clock, SinkAnswer } from '../seams.ts'

export interface Breaker {
  /** @throws BrokenCircuitError when `waitMs` is not over: ask it first. */
  run<Answer extends SinkAnswer | ClaimAnswer>(send: () => Promise<Answer>): Promise<Answer>
  state(): 'closed' | 'open' | 'half-open'
  /** How long until a call may be tried; 0 for now. */
  waitMs(): number
  /** Failed calls since the last that did not. */
  failures(): number
}

/** No answer, or one that says "not now" and not when. A central that names a time is well: it is obeyed, not broken off. */
const isFailure = (answer: unknown): boolean =>
  typeof answer === 'object' && answer !== null && 'kind' in answer && answer.kind === 'retry' && 'afterMs' in answer && answer.afterMs === null

type Pause = { readonly duration: number; next(): Pause }

export function createBreaker(clock: Pick<Clock, 'mono'>): Breaker {
  let openedAt: MonoMs | null = null
  const leftMs = (): number => (openedAt === null ? 0 : Math.max(0, openedAt + syncLimits.breakerHalfOpenMs - clock.mono()))
  // cockatiel compares Date.now() with this: either always over or never, so that only our clock decides.
  const pause: Pause = {
    get duration() {
      return leftMs() === 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
    },
    next() {
      openedAt = clock.mono()
      return pause
    },
  }
  const policy = circuitBreaker(handleWhenResult(isFailure), { breaker: new ConsecutiveBreaker(syncLimits.breakerFailures), halfOpenAfter: pause })
  let failures = 0
  return {
    async run(send) {
      const answer = await policy.execute(send)
      failures = isFailure(answer) ? failures + 1 : 0
      return answer
    },
    failures: () => failures,
    state() {
      switch (policy.state) {
        case CircuitState.Closed:
          return 'closed'
        case CircuitState.HalfOpen:
          return 'half-open'
        case CircuitState.Open:
        case CircuitState.Isolated:
          return 'open'
      }
    },
    waitMs: () => (policy.state === CircuitState.Open ? leftMs() : 0),
  }
}

/** Full jitter: anything between nothing and a doubling bound. `attempt` counts from 1; `random` is 0 ≤ x < 1. */
export function retryDelayMs(attempt: number, random: () => number): number {
  const boundMs = Math.min(syncLimits.retryDelayMsMax, syncLimits.retryDelayMsMin * 2 ** Math.min(attempt - 1, 20))
  return Math.floor(random() * boundMs)
}
