/**
 * A high that nobody answers is told to one person after the other, by fixed timers: the nurse of the bed at once, then her
 * buddy, then the charge nurse, then the team where the site names one. A pure fold over open alerts and time. Who was told is
 * on the alert, as events: so no level is said twice or left out, whatever restarts in between.
 *
 * An acknowledgement ends it. What is over and latched, medium for now, or acknowledged at the monitor, waits: nobody more is told, and
 * if it comes back before the first timer would have run out, its time goes on, so that an alert that comes and goes is escalated too.
 */

import { type Alert, ESCALATION_LEVELS, type EscalationLevel, type Told } from '../domain/alert.ts'
import type { AlertId } from '../domain/ids.ts'
import { type MonoMs, type WallMs, monoMs } from '../domain/time.ts'

/** After how long unanswered each is told, growing; null: no team is called. */
export type EscalationTimes = { readonly buddyMs: number; readonly chargeMs: number; readonly teamMs: number | null }

/** Since when it is unanswered; since when it rests, where it does; whether anybody was told when last seen. */
type Unanswered = { readonly since: MonoMs; readonly restsSince: MonoMs | null; readonly wasTold: boolean }
export type Escalation = ReadonlyMap<AlertId, Unanswered>

export const NOTHING_UNANSWERED: Escalation = new Map()

export type EscalationInput = {
  /** Alerts that are open, as they stand. */
  readonly open: Iterable<Alert>
  /** Who is told at a level; null: the whole ward. */
  readonly toWhom: (alert: Alert, level: EscalationLevel) => string | null
  readonly now: { readonly at: MonoMs; readonly wall: WallMs }
}

/** `due`: whom to tell now, in order. The next step sees them on the alerts. */
export function escalate(times: EscalationTimes, before: Escalation, { open, toWhom, now }: EscalationInput): { readonly state: Escalation; readonly due: readonly { readonly alert: Alert; readonly told: Told }[] } {
  const state = new Map<AlertId, Unanswered>()
  const due: { alert: Alert; told: Told }[] = []
  for (const alert of open) {
    if (alert.unseenHigh !== true) continue
    const { round, told } = roundOf(times, alert, before.get(alert.id), now)
    const late = isResting(alert) ? [] : levelsDue(times, now.at - round.since).filter((level) => !told.some((one) => one.level === level))
    for (const level of late) due.push({ alert, told: { level, to: toWhom(alert, level), at: now.wall } })
    state.set(alert.id, { ...round, wasTold: told.length + late.length > 0 })
  }
  return { state, due }
}

function levelsDue(times: EscalationTimes, unansweredMs: number): readonly EscalationLevel[] {
  return ESCALATION_LEVELS.filter((level) => unansweredMs >= (afterMs(times, level) ?? Infinity))
}

function afterMs({ buddyMs, chargeMs, teamMs }: EscalationTimes, level: EscalationLevel): number | null {
  switch (level) {
    case 'nurse':
      return 0
    case 'buddy':
      return buddyMs
    case 'charge':
      return chargeMs
    case 'team':
      return teamMs
  }
}

/** Nobody more need come now: it is over, or less grave, or somebody has acknowledged it at the monitor. */
const isResting = ({ state, priority, bedside }: Alert): boolean => state === 'latched' || priority !== 'high' || (bedside?.how === 'alert-acknowledged' && bedside.isOver !== true)

type Now = EscalationInput['now']

/** Since when nobody answers, and who was told of that. */
function roundOf(times: EscalationTimes, alert: Alert, known: Unanswered | undefined, now: Now): { readonly round: Omit<Unanswered, 'wasTold'>; readonly told: readonly Told[] } {
  const told = alert.escalated ?? []
  const rests = isResting(alert)
  const anew = { round: { since: now.at, restsSince: rests ? now.at : null }, told: [] }
  // It was answered, or was not high, since we looked: who was told is no longer on it.
  if (known?.wasTold === true && told.length === 0) return anew
  if (known === undefined) return told.length === 0 ? anew : { round: { since: restoredSince(times, told, now), restsSince: anew.round.restsSince }, told }
  const restedMs = known.restsSince === null ? 0 : now.at - known.restsSince
  if (!rests && restedMs >= times.buddyMs) return anew
  return { round: { since: known.since, restsSince: rests ? (known.restsSince ?? now.at) : null }, told }
}

/**
 * A life before ours told somebody, and its clock is gone: how long that was ago is known by wall time alone, which may have been
 * set. Not less than what had passed when the last was told, so that a clock set back delays the next level by its own time at most.
 */
function restoredSince(times: EscalationTimes, told: readonly Told[], now: Now): MonoMs {
  const passedMs = Math.max(0, ...told.map(({ level }) => afterMs(times, level) ?? 0))
  const first = told[0]?.at ?? now.wall
  return monoMs(now.at - Math.max(passedMs, now.wall - first))
}
