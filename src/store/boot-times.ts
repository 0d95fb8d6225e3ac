/** Rows that were stored before the box knew the time, as they leave: with their true times, or said to be uncertain (domain/boot-time.ts). */

import type { Database } from 'better-sqlite3'
import type { AlertEvent } from '../domain/alert.ts'
import { BOOT_KEY, type BootStretch, movedBy, parseBoot } from '../domain/boot-time.ts'
import type { Snapshot } from '../domain/observation.ts'
import { type WallMs, wallMs } from '../domain/time.ts'
import type { LoggedRow, StoredEvent } from '../seams.ts'
import { minuteOf } from './marks.ts'
import { readerQueries } from './queries.ts'
import { type StandingRow, isRightStanding } from './standing.ts'

/** What stands of it when the reader is opened: it is opened once the time is known. */
export function readBootTimes(db: Database): readonly BootStretch[] {
  return db.prepare<[], StandingRow>(readerQueries.STANDING).all().flatMap((row) => {
    const boot = row.key.startsWith(BOOT_KEY) && isRightStanding(row) ? parseBoot(JSON.parse(row.body)) : null
    return boot === null || boot.byMs === 0 ? [] : [boot]
  })
}

/** Nobody knows when: for a quality code, as long as a boot without the time may last. */
const LOST_MS = 31 * 86_400_000

export function inTime(row: LoggedRow, stretches: readonly BootStretch[]): LoggedRow {
  if (stretches.length === 0) return row
  const by = movedBy(stretches, row.seq, row.kind === 'snapshot' ? row.snapshot.receivedAt : row.stored.at)
  if (row.kind === 'event' && row.stored.kind === 'alert' && by !== 'lost') {
    // What it rests on may have been stamped before the time was known, and the alert itself after.
    const timeOf = (at: WallMs): WallMs => {
      const own = movedBy(stretches, row.seq, at)
      return later(at, own === 'lost' || own === 0 ? by : own)
    }
    return { ...row, stored: { ...row.stored, at: later(row.stored.at, by), event: movedAlert(row.stored.event, timeOf) } }
  }
  if (by === 0) return row
  if (row.kind === 'snapshot') return { ...row, snapshot: by === 'lost' ? uncertain(row.snapshot) : moved(row.snapshot, by) }
  return by === 'lost' ? row : { ...row, stored: movedEvent(row.stored, by) }
}

type Marks = (of: { readonly firstMinute: number; readonly lastMinute: number }) => { readonly firstSeq: number | null; readonly lastMark: number | null } | undefined

/**
 * The true time of what has no number in the log (a stay): moved where the clock showed it while it was wrong, and at no other time. A minute that was lived
 * outside of that too, before or once more after, tells nobody which of both is meant: then it stays as it is.
 */
export function trueTime(at: WallMs, stretches: readonly BootStretch[], marksOf: Marks): WallMs {
  for (const { fromSeq, toSeq, from, to, byMs } of stretches) {
    if (byMs === null || to === null || at < from || at > to) continue
    const { firstSeq = null, lastMark = null } = marksOf({ firstMinute: minuteOf(at), lastMinute: minuteOf(to) }) ?? {}
    if (firstSeq !== null && lastMark !== null && firstSeq >= fromSeq && (toSeq === null || lastMark <= toSeq)) return later(at, byMs)
  }
  return at
}

/** Rows that were received at this true time may have a number as small as this, while the clock showed another; null: at no such time. */
export function shownSince(at: WallMs, stretches: readonly BootStretch[]): number | null {
  const seqs = stretches.flatMap(({ fromSeq, from, to, byMs }) => (byMs !== null && to !== null && at >= from + byMs && at <= to + byMs ? [fromSeq] : []))
  return seqs.length === 0 ? null : Math.min(...seqs)
}

const later = (at: WallMs, byMs: number): WallMs => wallMs(at + byMs)

const uncertain = (snapshot: Snapshot): Snapshot => ({ ...snapshot, observations: snapshot.observations.map((one) => ({ ...one, boundMs: Math.max(one.boundMs, LOST_MS) })) })

const moved = (snapshot: Snapshot, byMs: number): Snapshot => ({
  ...snapshot, receivedAt: later(snapshot.receivedAt, byMs),
  observations: snapshot.observations.map((one) => ({ ...one, correctedAt: later(one.correctedAt, byMs) })),
})

function movedEvent(stored: StoredEvent, byMs: number): StoredEvent {
  const at = later(stored.at, byMs)
  // What was written of the time before belongs to a clock of before.
  if (stored.kind === 'watch') return { ...stored, at, changes: stored.changes.map((change) => ({ ...change, from: later(change.from, byMs) })) }
  return { ...stored, at }
}

/** With all times that it names. */
function movedAlert(event: AlertEvent, timeOf: (at: WallMs) => WallMs): AlertEvent {
  const at = timeOf(event.at)
  if (event.kind === 'audio-paused') return { ...event, at, until: wallMs(at + event.until - event.at) }
  if (event.kind !== 'phase') return { ...event, at }
  const { because, onsetAt, bedside } = event
  return {
    ...event, at,
    because: { ...because, inputs: because.inputs.map((input) => ({ ...input, at: timeOf(input.at) })) },
    ...(onsetAt === undefined ? {} : { onsetAt: timeOf(onsetAt) }),
    ...(bedside === undefined ? {} : { bedside: { ...bedside, at: timeOf(bedside.at) } }),
  }
}
