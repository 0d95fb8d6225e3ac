/** What the rules of one stay share: the view of the patient, the shape of a verdict, and the way to stand alone as a Rule. */

import type { Alert } from '../domain/alert.ts'
import type { MonoMs, WallMs } from '../domain/time.ts'
import { ruleLimits } from '../limits.ts'
import type { ConfirmedSet, Rule, RuleInput, Signal, StayContext } from '../seams.ts'
import { effectiveContext } from './context.ts'
import type { Contracts } from './contract.ts'
import { type LongMemory, recalled } from './long-memory.ts'
import { type Memory, NO_MEMORY, remember } from './memory.ts'
import type { AlertPolicy } from './policy.ts'
import { DEFAULT_PROFILES, type Profiles } from './profile.ts'
import { hearSnapshot, NO_VITALS, type Vitals } from './vitals.ts'

export type RuleSettings = {
  readonly profiles: Profiles
  /** How often a monitor promises a periodic value, in ms, unless its contract says otherwise. */
  readonly periodicIntervalMs: number
  readonly contracts?: Contracts
  /** When the screen calls; not there: as Vigil ships it. */
  readonly policy?: AlertPolicy
}

export const DEFAULT_SETTINGS: RuleSettings = { profiles: DEFAULT_PROFILES, periodicIntervalMs: ruleLimits.periodicIntervalMs }

/** The patient, as far as a rule may look. */
export type View = {
  readonly vitals: Vitals
  readonly memory: Memory
  /** The set that a nurse confirmed just now; null with every other input. */
  readonly observation: ConfirmedSet | null
  /** What holds now of what was said: what has ended by itself is not in it. */
  readonly context: StayContext
  /** When the context was last said, where that is known. */
  readonly contextAt: WallMs | null
  readonly at: MonoMs
  readonly wall: WallMs
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
export type Seen = {
  readonly vitals: Vitals
  readonly memory: Memory
  /** As it was said. */
  readonly said: StayContext
  /** What holds of it, until that wall time in ms; null: for good. */
  readonly context: StayContext
  readonly contextUntil: number | null
  readonly contextAt: WallMs | null
}

/** What of it has ended by now shows with the first input. */
/** `before`: what was kept of it when the gateway stopped. */
export const firstSeen = (context: StayContext, before?: LongMemory): Seen => {
  const isForGood = context.said === undefined && context.limits === undefined
  return { vitals: NO_VITALS, memory: before === undefined ? NO_MEMORY : recalled(before), said: context, context, contextUntil: isForGood ? null : 0, contextAt: null }
}

const wallOf = (input: RuleInput): WallMs => (input.kind === 'snapshot' ? input.snapshot.receivedAt : input.wall)

function seeContext(seen: Seen, said: StayContext, wall: WallMs): Seen {
  const { context, until } = effectiveContext(said, wall)
  return { ...seen, said, context, contextUntil: until === Infinity ? null : until }
}

/** What is seen after one input; the same object when nothing changed but the time. */
export function see(before: Seen, input: RuleInput, settings: RuleSettings): Seen {
  const wall = wallOf(input)
  const seen = before.contextUntil !== null && wall >= before.contextUntil ? seeContext(before, before.said, wall) : before
  switch (input.kind) {
    case 'tick':
    case 'observation':
      return seen
    case 'context':
      return { ...seeContext(seen, input.context, wall), contextAt: wall }
    case 'snapshot': {
      const vitals = hearSnapshot(seen.vitals, input.snapshot, settings)
      const memory = remember(seen.memory, { vitals, context: seen.context, snapshot: input.snapshot, promised: settings })
      return vitals === seen.vitals && memory === seen.memory ? seen : { ...seen, vitals, memory }
    }
  }
}

export const viewOf = ({ vitals, memory, context, contextAt }: Seen, input: RuleInput): View => ({
  vitals, memory, context, contextAt, observation: input.kind === 'observation' ? input.set : null, at: input.kind === 'snapshot' ? input.snapshot.at : input.at, wall: wallOf(input),
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
      const { state: own, signals } = watcher.step(state.own, viewOf(seen, input), settings)
      return { state: seen === state.seen && own === state.own ? state : { seen, own }, signals }
    },
  }
}
