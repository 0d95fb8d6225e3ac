/** Main's side of retention: says when it is time for a step, what central has, and how much room there is. */

import { statfs } from 'node:fs/promises'
import type { Logger } from 'pino'
import type { Site } from '../config/schema.ts'
import { type WallMs, wallMs } from '../domain/time.ts'
import { retentionLimits } from '../limits.ts'
import type { Clock } from '../seams.ts'
import type { Forced, Hold, RetentionOrder, RetentionReport } from './retention.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export type RetentionParts = {
  readonly folder: string
  readonly setting: Site['retention']
  /** The ward's time; and the time that passes for real, which paces the steps. */
  readonly clock: Clock
  readonly realTime: Clock
  readonly retain: (order: RetentionOrder) => Promise<RetentionReport>
  readonly sent: () => SentSoFar
  /** Facts of patients who are gone, a bounded number; not asked for again. */
  readonly factsOver?: (now: WallMs) => readonly number[]
  /** Rows went before their time: people must hear of it. Null: none has for a day. */
  readonly forced: (forced: Forced | null) => void
  readonly log: Logger
}

/** What is known of central: `off` when nothing is sent, `unknown` until the sync thread has spoken. */
export type SentSoFar =
  | { readonly kind: 'off' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'known'; readonly seq: number; readonly lastAcceptedAt: WallMs | null }

/** Steps until stopped. */
export async function keepRetention(parts: RetentionParts, stop: AbortSignal): Promise<void> {
  const { clock, realTime, log } = parts
  const axis = clock.wall() - clock.mono()
  let failing = ''
  /** Told, or left open by an earlier life of the gateway. */
  let isTold = true
  while (!stop.aborted) {
    const stepped = Math.abs(clock.wall() - clock.mono() - axis) > retentionLimits.clockStepMsMax
    const report = stepped ? null : await parts.retain(await orderOf(parts))
    if (report?.kind === 'done' && report.forced) {
      parts.forced(report.forced)
      isTold = true
      log.error({ ...report.forced }, 'Rows were deleted before their time.')
    }
    // By what the database remembers: a restart does not make it untrue. A clock that was set back must not keep it for ever.
    if (isTold && report?.kind === 'done' && (report.forcedAt === null || Math.abs(clock.wall() - report.forcedAt) >= retentionLimits.forcedHoldMs)) {
      parts.forced(null)
      isTold = false
    }
    const why = stepped ? 'the wall clock was set: nothing is deleted until the next start' : report?.kind === 'failed' ? report.why : ''
    if (why !== '' && why !== failing) log.warn({ why }, 'Retention waits.')
    failing = why
    const more = report?.kind === 'done' && report.more
    await realTime.sleep(more ? retentionLimits.stepPauseMs : retentionLimits.roundPauseMs, stop)
  }
}

async function orderOf({ folder, setting, clock, sent, factsOver }: RetentionParts): Promise<RetentionOrder> {
  const now = clock.wall()
  return {
    now,
    identityMs: setting.identityHours * HOUR_MS,
    numericsMs: setting.numericsDays * DAY_MS,
    framesMs: setting.framesHours * HOUR_MS,
    stripsMs: setting.stripsDays * DAY_MS,
    databaseBytesMax: setting.databaseGb * 1e9,
    freeBytes: await statfs(folder).then(({ bavail, bsize }) => bavail * bsize, () => null),
    hold: holdOf(sent(), now, setting.unsentDays * DAY_MS),
    ...(factsOver ? { facts: factsOver(now) } : {}),
  }
}

/** Central is dead when it has taken nothing for so long; what came before that is held no more. */
export function holdOf(sent: SentSoFar, now: WallMs, unsentMs: number): Hold {
  switch (sent.kind) {
    case 'off':
      return { kind: 'none' }
    case 'unknown':
      return { kind: 'unknown' }
    case 'known': {
      const isDead = sent.lastAcceptedAt === null || now - sent.lastAcceptedAt >= unsentMs
      return { kind: 'cursor', seq: sent.seq, deadBefore: isDead ? wallMs(now - unsentMs) : null }
    }
  }
}
