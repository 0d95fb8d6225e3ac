/** What is told of each bed at handover, from the watch ledger. Pure. */

import type { HandoverBed } from '../api/shift-wire.ts'
import type { HandoverView } from '../api/wire.ts'
import type { WallMs } from '../domain/time.ts'
import { type WatchChange, handoverOf, spansOf } from '../domain/watch.ts'
import { WATCHED } from '../rules/armed.ts'
import type { Bed } from './beds.ts'

const secondsOf = (ms: number): number => Math.round(ms / 100) / 10

/** `told`: what else is told of a bed. */
export function handoverView<Some extends Pick<Bed, 'id' | 'label'>>(beds: readonly Some[], { changes, isCut }: { readonly changes: readonly WatchChange[]; readonly isCut: boolean }, time: { readonly from: WallMs; readonly to: WallMs; readonly told?: (bed: Some) => HandoverBed }): HandoverView {
  const byBed = Map.groupBy(changes, ({ bed }) => bed)
  return {
    from: time.from,
    to: time.to,
    beds: beds.map((bed) => {
      const { id, label } = bed
      const spans = spansOf(byBed.get(id) ?? [], WATCHED, time)
      const { watchedMs, unwatchedMs, reasons } = handoverOf(spans, time)
      return {
        bed: id,
        label,
        watchedSeconds: secondsOf(watchedMs),
        unwatchedSeconds: secondsOf(unwatchedMs),
        reasons: [...reasons].toSorted((a, b) => b[1] - a[1]).map(([why, ms]) => ({ why, seconds: secondsOf(ms) })),
        rules: [...spans].map(([rule, list]) => ({ rule, unwatchedSeconds: secondsOf(list.reduce((sum, span) => sum + (span.state === 'armed' ? 0 : span.to - span.from), 0)) })),
        ...(time.told ? { told: time.told(bed) } : {}),
      }
    }),
    isCut,
  }
}
