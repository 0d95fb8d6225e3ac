/**
 * The monitor itself is watched: "Monitor alarms off for 22 min". The monitor is the primary alarm, and somebody who turned it
 * off for a wash or a transport forgets. One fold a device, over what it says of its alarms as a whole and of each.
 */

import type { Priority } from '../domain/alert.ts'
import type { AlarmInactivation } from '../domain/reading.ts'
import { type MonoMs, monoMs, type WallMs } from '../domain/time.ts'
import { ruleLimits } from '../limits.ts'
import type { Signal } from '../seams.ts'
import { NO_SIGNALS, type OpenCondition } from './watcher.ts'

const ID = 'monitor-watch'
const VERSION = '1'
export const ALARMS_OFF_CONDITION = 'technical/monitor-alarm-off'

/** A usual pause is over by then. */
const LOW_MS = 180_000
const MEDIUM_MS = 600_000
/** How often the minutes are said anew. */
const RESTATE_MS = 300_000

/** What counts as off, from the gravest. */
const QUIET = ['alarm-off', 'alarm-paused', 'audio-off', 'audio-paused'] as const satisfies readonly AlarmInactivation[]
type Quiet = (typeof QUIET)[number]
const WORDS: Readonly<Record<Quiet, string>> = { 'alarm-off': 'alarms off', 'alarm-paused': 'alarms paused', 'audio-off': 'alarm sound off', 'audio-paused': 'alarm sound paused' }

export type MonitorWatchState = {
  /** Of the monitor as a whole, as it last said. */
  readonly whole: Quiet | null
  /** Its alarms that are active and kept from being heard or seen, by id. */
  readonly alarms: Readonly<Record<string, Quiet>>
  /** Since when without a break; null: it alarms as it should, as far as is known. */
  readonly since: { readonly at: MonoMs; readonly wall: WallMs } | null
  readonly told: { readonly priority: Priority; readonly at: MonoMs } | null
}

export const WATCHED: MonitorWatchState = { whole: null, alarms: {}, since: null, told: null }

/** The sound of an alarm that somebody saw is off on purpose. */
function quietOf(inactivation: readonly AlarmInactivation[]): Quiet | null {
  const found = QUIET.find((how) => inactivation.includes(how)) ?? null
  return inactivation.includes('alert-acknowledged') && (found === 'audio-off' || found === 'audio-paused') ? null : found
}

/** What a frame says; `whole` is not there where it does not say, `alarms` with an inactivation of null are over. */
export type SaidOfAlarms = {
  readonly whole?: readonly AlarmInactivation[]
  readonly alarms: readonly { readonly id: string; readonly inactivation: readonly AlarmInactivation[] | null }[]
}

const gravest = ({ whole, alarms }: Pick<MonitorWatchState, 'whole' | 'alarms'>): Quiet | null =>
  QUIET.find((how) => whole === how || Object.values(alarms).includes(how)) ?? null

export type Now = { readonly at: MonoMs; readonly wall: WallMs }
type Verdict = { readonly state: MonitorWatchState; readonly signals: readonly Signal[] }

/** What the monitor says now. */
export function hearAlarms(state: MonitorWatchState, said: SaidOfAlarms, now: Now): Verdict {
  if (said.whole === undefined && said.alarms.length === 0) return { state, signals: NO_SIGNALS }
  const whole = said.whole === undefined ? state.whole : quietOf(said.whole)
  const alarms = new Map(Object.entries(state.alarms))
  for (const { id, inactivation } of said.alarms) {
    const quiet = inactivation === null ? null : quietOf(inactivation)
    alarms.delete(id)
    if (quiet !== null && alarms.size < ruleLimits.quietAlarmsMax) alarms.set(id, quiet)
  }
  const heard = { whole, alarms: Object.fromEntries(alarms) }
  if (gravest(heard) === null) {
    return { state: { ...heard, since: null, told: null }, signals: state.told === null ? NO_SIGNALS : [{ kind: 'cleared', condition: ALARMS_OFF_CONDITION }] }
  }
  return { state: { ...heard, since: state.since ?? { at: now.at, wall: now.wall }, told: state.told }, signals: NO_SIGNALS }
}

/** Time passes; `device`: what the nurse calls it. */
export function tickAlarms(state: MonitorWatchState, device: string, now: Now): Verdict {
  const how = gravest(state)
  if (how === null || state.since === null) return { state, signals: NO_SIGNALS }
  const forMs = now.at - state.since.at
  const due: Priority | null = forMs >= MEDIUM_MS ? 'medium' : forMs >= LOW_MS ? 'low' : null
  const isNews = due !== null && (state.told === null || state.told.priority !== due || now.at - state.told.at >= RESTATE_MS)
  if (!isNews) return { state, signals: NO_SIGNALS }
  const minutes = Math.floor(forMs / 60_000)
  const signal: Signal = {
    kind: 'present',
    condition: ALARMS_OFF_CONDITION,
    priority: due,
    type: 'technical',
    text: `Monitor ${WORDS[how]} for ${minutes} min: look at ${device}`,
    because: {
      rule: ID,
      version: VERSION,
      inputs: [{ name: 'alarms of the monitor', value: how, unit: '', at: state.since.wall }],
      limit: { text: `longer than ${LOW_MS / 60_000} min`, setBy: 'built in' },
      missing: [],
    },
  }
  return { state: { ...state, told: { priority: due, at: now.at } }, signals: [signal] }
}

/**
 * Goes on counting where it was before a restart, from what is open, as soon as the monitor says again that its alarms are
 * off. A monitor that says nothing of it any more is nobody's word: then it ends by itself.
 */
export function adoptAlarms(state: MonitorWatchState, open: readonly OpenCondition[], now: Now): MonitorWatchState {
  const known = open.find(({ condition }) => condition === ALARMS_OFF_CONDITION)
  const since = known?.because.inputs[0]?.at
  if (known === undefined || since === undefined) return state
  return { ...state, since: { at: monoMs(now.at - (now.wall - since)), wall: since }, told: { priority: known.priority, at: now.at } }
}
