/**
 * Whether our own screens show what is high: an alert of which no screen says so within a few seconds is told of by itself,
 * once for all of them, so that it reaches whoever is called on another way.
 */

import { type Alert, type Priority, isOpen } from '../../domain/alert.ts'
import type { AlertId } from '../../domain/ids.ts'
import { type MonoMs, monoMs } from '../../domain/time.ts'
import { wayLimits } from '../../limits.ts'
import { NO_SCREEN } from './condition.ts'

export type ScreensParts = {
  /** How grave it is that no screen shows an alert. */
  readonly priority: Priority
  readonly report: (condition: string, said: { readonly priority: Priority; readonly text: string } | null) => void
}

const TEXT = 'No screen shows alerts that are high: open Vigil at the nurse station'

export class Screens {
  readonly #parts: ScreensParts
  /** High alerts that no screen has shown, and from when that is told. */
  readonly #due = new Map<AlertId, MonoMs>()
  #isTold: boolean

  /** `isTold`: what a life before said still stands. */
  constructor(parts: ScreensParts, isTold: boolean) {
    this.#parts = parts
    this.#isTold = isTold
  }

  /** `calls`: it began, got worse, or wants somebody again. */
  note(alert: Alert, now: MonoMs, calls: boolean): void {
    const isWanted = isOpen(alert) && alert.state === 'active' && alert.priority === 'high' && alert.acknowledged === null
    if (!isWanted) this.#due.delete(alert.id)
    else if (calls && !this.#due.has(alert.id)) this.#due.set(alert.id, monoMs(now + wayLimits.displayedMs))
  }

  displayed(alert: AlertId): void {
    this.#due.delete(alert)
  }

  /** Ends when each of them was shown, or is over. */
  judge(now: MonoMs): void {
    const isMissed = [...this.#due.values()].some((due) => due <= now)
    if (isMissed === this.#isTold) return
    if (!isMissed && this.#due.size > 0) return
    this.#isTold = isMissed
    this.#parts.report(NO_SCREEN, isMissed ? { priority: this.#parts.priority, text: TEXT } : null)
  }
}
