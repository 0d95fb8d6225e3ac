/** What is told of each bed at handover, from the watch ledger. Pure. */

import type { HandoverView } from '../api/wire.ts'
import type { WallMs } from '../domain/time.ts'
import { type WatchChange, handoverOf, spansOf } from '../domain/watch.ts'
import { WATCHED } from '../rules/armed.ts'
import type { Bed } from './beds.ts'

const secondsOf = (ms: number): number => Math.round(ms / 100) / 10

export function handoverView(beds: readonly Pick<Bed, 'id' | 'label'>[], { changes, isCut }: { readonly changes: readonly WatchChange[]; readonly isCut: boolean }, time: { readonly from: WallMs; readonly to: WallMs }): HandoverView {
  const byBed = Map.groupBy(changes, ({ bed }) => bed)
  return {
    ...time,
    beds: beds.map(({ id, label }) => {
      const spans = spansOf(byBed.get(id) ?? [], WATCHED, time)
      const { watchedMs, unwatchedMs, reasons } = handoverOf(spans, time)
      return {
        bed: id,
        label,
        watchedSeconds: secondsOf(watchedMs),
        unwatchedSeconds: secondsOf(unwatchedMs),
        reasons: [...reasons].toSorted((a, b) => b[1] - a[1]).map(([why, ms]) => ({ why, seconds: secondsOf(ms) })),
        rules: [...spans].map(([rule, list]) => ({ rule, unwatchedSeconds: secondsOf(list.reduce((sum, span) => sum + (span.state === 'armed' ? 0 : span.to - span.from), 0)) })),
      }
    }),
    isCut,
  }
}
