/** A central that is away for minutes is nobody's alert; one that has taken nothing for an hour is told to the engineer. */

import type { SinkStanding, SyncStatus } from '../domain/batch.ts'
import type { WallMs } from '../domain/time.ts'
import { syncLimits } from '../limits.ts'

const HOUR_MS = 3_600_000

/**
 * What is to be said of rows that wait for central since `sinceMs` of `now`: whole hours, so that it changes once an hour.
 * null while all is well, while nothing waits, and where a pause is told of already. `startedAt` counts until central has taken something.
 */
export function lagText(status: SyncStatus, times: Times): string | null {
  if (!status.sinks) return sinkText({ id: 'Central', ...status }, times)
  const texts = status.sinks.map((sink) => sinkText(sink, times)).filter((text) => text !== null)
  return texts.length === 0 ? null : texts.join('; ')
}

type Times = { readonly startedAt: WallMs; readonly now: WallMs }

function sinkText({ id, kind, lagRows, why, lastAcceptedAt }: SinkStanding, { startedAt, now }: Times): string | null {
  const waitedMs = now - Math.max(lastAcceptedAt ?? startedAt, startedAt)
  if (kind !== 'behind' || lagRows === 0 || waitedMs < syncLimits.behindToldMs) return null
  return `${id} has taken nothing for ${Math.floor(waitedMs / HOUR_MS)} h and rows wait for it; none is lost${why === '' ? '' : `: ${why}`}`
}
