/**
 * Time that was lived through. A wall clock is set, by people and by other clocks: a delay that was read off it would be over at once for every stay,
 * and tell when each of them ended. So what the clock shows more than time has passed is no time, and neither is what passed while nobody looked.
 */

import type { MonoMs, WallMs } from '../domain/time.ts'
import { releaseLimits } from '../limits.ts'
import type { Clock } from '../seams.ts'
import type { SyncLedger } from './ledger.ts'

export type LivedParts = {
  readonly sink: string
  readonly ledger: Pick<SyncLedger, 'memory' | 'remember' | 'transaction'>
  readonly clock: Pick<Clock, 'mono'>
}

/** What the wall clock showed when it was last looked at, over a restart. */
const SHOWN = 'release: clock showed'

/**
 * To be called again and again with what the wall clock shows. `wasSet` is called once for each time that it was set, in the transaction that remembers
 * it, with how much more (or less) the clock shows than time has passed. Less than `clockStepMsMin` at once is no step: clocks are steered, and a restart
 * takes its time.
 */
export function createLived({ sink, ledger, clock }: LivedParts): (at: WallMs, wasSet: (byMs: number) => void) => void {
  let last: { readonly at: WallMs; readonly mono: MonoMs } | null = null

  function before(): { readonly at: number; readonly mono: MonoMs } | null {
    if (last !== null) return last
    const shown = ledger.memory(sink, SHOWN)
    // How long nobody looked, nobody knows.
    return shown === null ? null : { at: Number(shown), mono: clock.mono() }
  }

  return (at, wasSet) => {
    const from = before()
    const mono = clock.mono()
    const livedMs = from === null ? 0 : mono - from.mono
    const byMs = from === null ? 0 : at - from.at - livedMs
    const isStep = Math.abs(byMs) >= releaseLimits.clockStepMsMin
    if (last !== null && !isStep && livedMs < releaseLimits.lookMs) return
    ledger.transaction(() => {
      if (isStep) wasSet(byMs)
      ledger.remember(sink, SHOWN, String(at))
    })
    last = { at, mono }
  }
}
