/** What retention has done in a folder, and how far back its log goes: for `vigil doctor`. */

import { type WallMs, isoOf, wallMs } from '../domain/time.ts'
import { openReaderDatabase } from './database.ts'
import { retentionQueries as Q } from './retention-queries.ts'
import type { RetentionState } from './retention.ts'

export type RetentionNews = {
  /** One sentence. */
  readonly what: string
  /** Rows went before their time lately: what to do about it; null: all is well. */
  readonly remedy: string | null
}

const WEEK_MS = 7 * 86_400_000

/** @throws StoreUnreadable when there is no database, or none that this version can read. */
export function retentionNews(folder: string, now: WallMs): RetentionNews {
  const { db } = openReaderDatabase(folder)
  try {
    const oldest = db.prepare<[], { readonly at: number }>(Q.FIRST_SNAPSHOT).get()
    const state = db.prepare<[], RetentionState>(Q.STATE).get()
    const reach = oldest === undefined ? 'The log is empty' : `The log goes back to ${timeOf(oldest.at)}`
    const done =
      state === undefined || state.at === 0
        ? 'nothing was old enough to delete yet'
        : `last deleted ${timeOf(state.at)}; in all ${state.rows} rows, ${state.identities} identities, ${state.frames} frames, ${state.strips} waveforms of alerts`
    const isForced = state !== undefined && state.forcedAt !== null && now - state.forcedAt < WEEK_MS
    if (!isForced) return { what: `${reach}; ${done}`, remedy: null }
    return {
      what: `${reach}; rows ${state.forcedFrom} to ${state.forcedTo} went before their time at ${timeOf(state.forcedAt ?? 0)}: ${state.forcedWhy}`,
      remedy: 'Make room on the disk, or look why central takes nothing ("vigil sync status").',
    }
  } finally {
    db.close()
  }
}

const timeOf = (at: number): string => isoOf(wallMs(at))
