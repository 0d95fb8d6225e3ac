/** How delivery stands when there are several sinks: as the worst of them does, with each beside it. Pure. */

import type { SyncStatus } from '../domain/batch.ts'
import type { WallMs } from '../domain/time.ts'

const RANK: Readonly<Record<SyncStatus['kind'], number>> = { off: 0, ok: 1, behind: 2, paused: 3 }
const BREAKER_RANK: Readonly<Record<SyncStatus['breaker'], number>> = { closed: 0, 'half-open': 1, open: 2 }

/** In the order of the configuration. One sink stands for itself. */
export function combined(sinks: ReadonlyMap<string, SyncStatus>): SyncStatus | null {
  const all = [...sinks]
  const [first] = all
  if (first === undefined) return null
  if (all.length === 1) return first[1]
  const [worstId, worst] = all.reduce((a, b) => (RANK[b[1].kind] > RANK[a[1].kind] ? b : a))
  const named = (id: string, why: string): string => (why === '' ? '' : `${id}: ${why}`)
  return {
    kind: worst.kind,
    lagRows: Math.max(...all.map(([, { lagRows }]) => lagRows)),
    why: named(worstId, worst.why),
    lastAcceptedAt: lastOf(all.map(([, status]) => status)),
    deadLetters: all.reduce((sum, [, { deadLetters }]) => sum + deadLetters, 0),
    stoppedByScanner: all.reduce((sum, [, { stoppedByScanner }]) => sum + stoppedByScanner, 0),
    breaker: all.reduce((a, [, { breaker }]) => (BREAKER_RANK[breaker] > BREAKER_RANK[a] ? breaker : a), first[1].breaker),
    fenced: all.some(([, { fenced }]) => fenced),
    sinks: all.map(([id, { kind, lagRows, why, lastAcceptedAt, deadLetters, breaker }]) => ({ id, kind, lagRows, why, lastAcceptedAt, deadLetters, breaker })),
  }
}

/** Of those for which rows wait the one that is longest without; a sink that all is well with may have had nothing to take for days. */
function lastOf(sinks: readonly SyncStatus[]): WallMs | null {
  const waiting = sinks.filter(({ lagRows }) => lagRows > 0)
  const times = (waiting.length > 0 ? waiting : sinks).map(({ lastAcceptedAt }) => lastAcceptedAt)
  if (waiting.length > 0) return times.reduce((a, b) => (a === null || b === null ? null : b < a ? b : a))
  return times.reduce((a, b) => (a === null || (b !== null && b > a) ? b : a))
}

/** How far all of them are; null until each has said it. */
export const slowest = (ids: readonly string[], positions: ReadonlyMap<string, number>): number | null =>
  ids.every((id) => positions.has(id)) ? Math.min(...ids.map((id) => positions.get(id) ?? 0)) : null
