/** What the rules of one stay share: the view of the patient, the shape of a verdict, and the way to stand alone as a Rule. */

import type { Alert } from '../domain/alert.ts'
import type { MonoMs, WallMs } from '../domain/time.ts'
import { ruleLimits } from '../limits.ts'
import type { Rule, RuleInput, Signal, StayContext } from '../seams.ts'
import { DEFAULT_PROFILES, type Profiles } from './profile.ts'
import { hearSnapshot, NO_VITALS, type Vitals } from './vitals.ts'

export type RuleSettings = {
  readonly profiles: Profiles
  /** How often the monitors of this stay promise a periodic value, in ms. */
  readonly periodicIntervalMs: number
}

export const DEFAULT_SETTINGS: RuleSettings = { profiles: DEFAULT_PROFILES, periodicIntervalMs: ruleLimits.periodicIntervalMs }

/** The patient, as far as a rule may look. */
export type View = {
  readonly vitals: Vitals
  readonly context: StayContext
  /** When the context was last said, where that is known. */
  readonly contextAt: WallMs | null
  readonly at: MonoMs
  readonly wall: WallMs
  /** How often the monitors of this stay promise a periodic value, in ms. */
  readonly intervalMs: number
}

export type Verdict<State> = { readonly state: State; readonly signals: readonly Signal[] }
export const NO_SIGNALS: readonly Signal[] = []

/** An alert that is open when a rule starts (after a restart of the gateway): the rule takes it over, to end it in time. */
export type OpenCondition = Pick<Alert, 'condition' | 'priority' | 'because'>

/** One rule over the shared view. States are plain data. A step without news returns the state it was given. */
export type Watcher<State> = {
  readonly id: string
  readonly version: string
  /**
   * Whether it looks at each snapshot, or only as time passes and when the context changes: at least once a second, however
   * much a monitor says (one that empties its memory says hundreds of things at once).
   */
  readonly looks: 'at-each-snapshot' | 'as-time-passes'
  readonly start: (context: StayContext) => State
  readonly step: (state: State, view: View, settings: RuleSettings) => Verdict<State>
  readonly adopt: (state: State, open: readonly OpenCondition[], settings: RuleSettings) => State
}

/** What a stay remembers between inputs, besides the states of its rules. */
export type Seen = { readonly vitals: Vitals; readonly context: StayContext; readonly contextAt: WallMs | null }

export const firstSeen = (context: StayContext): Seen => ({ vitals: NO_VITALS, context, contextAt: null })

/** What is seen after one input; the same object when nothing changed but the time. */
export function see(seen: Seen, input: RuleInput, settings: RuleSettings): Seen {
  switch (input.kind) {
    case 'tick':
      return seen
    case 'context':
      return { ...seen, context: input.context, contextAt: input.wall }
    case 'snapshot': {
      const vitals = hearSnapshot(seen.vitals, input.snapshot, settings.periodicIntervalMs)
      return vitals === seen.vitals ? seen : { ...seen, vitals }
    }
  }
}

export const viewOf = ({ vitals, context, contextAt }: Seen, input: RuleInput, { periodicIntervalMs }: RuleSettings): View => ({
  vitals, context, contextAt, intervalMs: periodicIntervalMs,
  at: input.kind === 'snapshot' ? input.snapshot.at : input.at,
  wall: input.kind === 'snapshot' ? input.snapshot.receivedAt : input.wall,
})

export type Alone<State> = { readonly seen: Seen; readonly own: State }

/** A watcher as a rule of its own, for tests, replay and comparison. A bed shares one view among all its watchers. */
export function ruleOf<State>(watcher: Watcher<State>, settings: RuleSettings = DEFAULT_SETTINGS): Rule<Alone<State>> {
  return {
    id: watcher.id,
    version: watcher.version,
    start: (context) => ({ seen: firstSeen(context), own: watcher.start(context) }),
    step(state, input) {
      const seen = see(state.seen, input, settings)
      const { state: own, signals } = watcher.step(state.own, viewOf(seen, input, settings), settings)
      return { state: seen === state.seen && own === state.own ? state : { seen, own }, signals }
    },
  }
}
