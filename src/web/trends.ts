/** The trend of each bed: history asked for once, live points added as they come. A new patient begins with nothing. */

import { signal, type Signal } from '@preact/signals'
import { webLimits } from '../limits.ts'
import type { BedView } from '../api/wire.ts'
import { get, paths } from './api.ts'
import { appendBed, joinTrends, NO_TREND, type Trend, trendOf } from './trend.ts'
import { isTrendView } from './wire-guard.ts'

export interface Trends {
  /** Grows when lines want to be drawn again: seldom, because a line of two hours does not change in a second. */
  readonly drawn: Signal<number>
  of(bed: BedView): Trend
  take(beds: readonly BedView[], now: number): void
  /** Asks for the history of each bed, few at a time. A newer call replaces an older one. */
  load(beds: readonly BedView[]): Promise<void>
  forget(): void
}

type Kept = { readonly stay: string | null; readonly trend: Trend }

export function createTrends(): Trends {
  const kept = new Map<string, Kept>()
  const drawn = signal(0)
  let drawnAt = Number.NEGATIVE_INFINITY
  let loading = 0

  const of = (bed: BedView): Trend => {
    const known = kept.get(bed.id)
    return known !== undefined && known.stay === bed.stay ? known.trend : NO_TREND
  }

  function take(bed: BedView, history: Trend): void {
    const known = kept.get(bed.id)
    // While the answer was under way another patient may have come: the history of the one before is not theirs.
    if (known !== undefined && known.stay !== bed.stay) return
    kept.set(bed.id, { stay: bed.stay, trend: joinTrends(history, known?.trend ?? NO_TREND) })
    drawn.value += 1
  }

  return {
    drawn,
    of,
    take(beds, now) {
      for (const bed of beds) kept.set(bed.id, { stay: bed.stay, trend: appendBed(of(bed), bed) })
      if (now - drawnAt < webLimits.trendRedrawEveryMs) return
      drawnAt = now
      drawn.value += 1
    },
    async load(beds) {
      loading += 1
      const mine = loading
      const queue = [...beds]
      const ask = async (): Promise<void> => {
        for (let bed = queue.shift(); bed !== undefined; bed = queue.shift()) {
          const answer = await get(paths.trend(bed.id))
          if (mine !== loading) return
          if (answer.kind === 'done' && isTrendView(answer.body)) take(bed, trendOf(answer.body))
        }
      }
      await Promise.all(Array.from({ length: webLimits.trendRequestsMax }, ask))
    },
    forget() {
      loading += 1
      kept.clear()
    },
  }
}
