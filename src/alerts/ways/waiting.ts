/** Waiting for one of several things: a bell, a time, the end. */

import type { Clock } from '../../seams.ts'

export class Bell {
  #rung = false
  #wake: (() => void) | null = null

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  /** Until it rings (or rang since the last wait), the time is over, or `stop`. */
  async wait(clock: Clock, ms: number, stop: AbortSignal): Promise<void> {
    if (!this.#rung && ms > 0) {
      const woken = new AbortController()
      this.#wake = () => woken.abort()
      await clock.sleep(ms, AbortSignal.any([stop, woken.signal]))
      this.#wake = null
    }
    this.#rung = false
  }
}

/** Aborts after `ms`, or with `stop`; `end` takes it back. `using` it is enough. */
export function deadline(clock: Clock, ms: number, stop: AbortSignal): Disposable & { readonly signal: AbortSignal } {
  const over = new AbortController()
  const done = new AbortController()
  void clock.sleep(ms, AbortSignal.any([stop, done.signal])).then(() => over.abort())
  return { signal: AbortSignal.any([stop, over.signal]), [Symbol.dispose]: () => done.abort() }
}

/** A promise and its end. */
export type Promised<Value> = { readonly promise: Promise<Value>; readonly resolve: (value: Value) => void }
export function promised<Value>(): Promised<Value> {
  const { promise, resolve } = Promise.withResolvers<Value>()
  return { promise, resolve }
}

export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 200)
