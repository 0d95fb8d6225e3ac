/** A sink behind its breaker, and another behind its own for as long as the first is open. */

import type { ClaimAnswer, Clock, Sink, SinkAnswer, SinkBatch, SinkClaim } from '../seams.ts'
import { type Breaker, createBreaker } from './breaker.ts'

export interface Route {
  /** Of the first sink alone, which knows what it has of us. @throws BrokenCircuitError before `claimWaitMs` is over. */
  claim(claim: SinkClaim, stop: AbortSignal): Promise<ClaimAnswer>
  /** `byFallback`: the other sink answered. */
  send(batch: SinkBatch, stop: AbortSignal): Promise<{ readonly answer: SinkAnswer; readonly byFallback: boolean }>
  /** Of the first sink. */
  state(): ReturnType<Breaker['state']>
  /** How long nothing may be tried, given that a failed call is followed by a rest of `delayMs`. */
  waitMs(delayMs: number): number
  /** The same of a claim, whatever the fallback does. */
  claimWaitMs(delayMs: number): number
}

export function createRoute(sink: Sink, fallback: Sink | undefined, clock: Pick<Clock, 'mono'>): Route {
  const first = createBreaker(clock)
  const second = createBreaker(clock)
  const claimWaitMs = (delayMs: number): number => Math.max(first.waitMs(), delayMs)
  return {
    claim: (claim, stop) => first.run<ClaimAnswer>(async () => (await sink.claim?.(claim, stop)) ?? { kind: 'unknown' }),
    async send(batch, stop) {
      if (first.waitMs() === 0 || fallback === undefined) return { answer: await first.run(() => sink.send(batch, stop)), byFallback: false }
      if (second.waitMs() > 0) return { answer: { kind: 'retry', why: 'neither the sink nor its fallback answers', afterMs: null }, byFallback: true }
      return { answer: await second.run(() => fallback.send(batch, stop)), byFallback: true }
    },
    state: () => first.state(),
    claimWaitMs,
    waitMs(delayMs) {
      if (fallback === undefined || first.waitMs() === 0) return claimWaitMs(delayMs)
      // The one that may be asked first decides; a fallback that is well is asked at once.
      if (second.waitMs() > 0) return Math.min(first.waitMs(), second.waitMs())
      return second.failures() === 0 ? 0 : delayMs
    },
  }
}
