/**
 * The alarm path: observations and time into rules, signals into alert events. Nothing here waits for anything. Rules see
 * one stay each; what they find is published before it is stored.
 */

import type { Alert, AlertEvent, AlertSubject, Priority } from '../domain/alert.ts'
import type { BedId, StayId } from '../domain/ids.ts'
import type { Snapshot } from '../domain/observation.ts'
import { type MonoMs, type WallMs, monoMs } from '../domain/time.ts'
import { pumpLimits } from '../limits.ts'
import type { Lifecycle } from '../alerts/lifecycle.ts'
import type { Armed } from '../rules/armed.ts'
import type { LongMemory } from '../rules/long-memory.ts'
import { contextOf } from '../rules/context.ts'
import type { ConfirmedSet, RuleInput, Signal, StayContext, StayRecord, Waiting } from '../seams.ts'
import { type Beside, pendingOf } from './beside.ts'
import type { Device } from './devices.ts'

/** The rules of one stay, composed: a pure fold. */
export interface BedRules<State> {
  /** `before`: what was kept of the stay when the gateway stopped. */
  start(context: StayContext, before?: LongMemory): State
  /** Takes over alerts that were open when the gateway stopped, to end them in time. */
  adopt(state: State, open: readonly Alert[]): State
  step(state: State, input: RuleInput): { readonly state: State; readonly signals: readonly Signal[] }
  /** Which rules could speak now, and why the others could not. */
  armed?(state: State, at: MonoMs): Armed
  /** Limits that are violated and wait out their delay. */
  waiting?(state: State, at: MonoMs): readonly Waiting[]
  /** What is to be kept with the stay. What it is made of changes when `of` does. */
  lasting?(state: State): { readonly of: readonly object[]; kept(): LongMemory }
}

export type Now = { readonly wall: WallMs; readonly at: MonoMs }

export type WatchParts<State> = {
  readonly rules: BedRules<State>
  readonly lifecycle: Lifecycle
  /** What of our own limits is left to the monitor; not there: nothing. */
  readonly beside?: Beside
  /** Alert events, in order, the moment they happen. */
  readonly emit: (events: readonly AlertEvent[]) => void
  /** A rule threw: its stay begins with fresh rule state. */
  readonly faulted: (stay: StayId, error: unknown) => void
  /** Whether the rules of this bed are suspended, because its patient is away or nobody lies there. */
  readonly isSuspended?: (bed: BedId) => boolean
}

/** The last word on each condition of each stay; `isLost`: it was present, and then its value went away. */
type Gathered = Map<StayId, Map<string, { readonly signal: Signal; readonly subject: AlertSubject; readonly now: Now; readonly isLost: boolean }>>

const TECHNICAL_VERSION = '1'
const DAY_MS = 86_400_000
const RULES_FAULTED = 'technical/rules-faulted'

const ofStay = (stay: StayRecord): AlertSubject => ({ bed: stay.bed, stay: stay.id, device: null })

export class Watch<State> {
  readonly #states = new Map<StayId, State>()
  /** Stays whose rules were restarted after a fault: said until then. */
  readonly #faultedUntil = new Map<StayId, MonoMs>()
  /** What the rules of a stay were told of it: an age changes by itself, at midnight. */
  readonly #told = new Map<StayId, { readonly stay: StayRecord; readonly day: number; readonly context: StayContext }>()
  /** Stays that have a limit in its delay. */
  readonly #waiting = new Set<StayId>()
  /** What the memory was made of that was written last. */
  readonly #lasting = new Map<StayId, readonly object[]>()
  readonly #parts: WatchParts<State>
  /** While the past is folded again, signals are gathered here instead of published. */
  #gathered: Gathered | null = null

  constructor(parts: WatchParts<State>) {
    this.#parts = parts
  }

  stateOf(stay: StayId): State | undefined {
    return this.#states.get(stay)
  }

  /** null before its rules began. */
  armed(stay: StayId, at: MonoMs): Armed | null {
    const state = this.#states.get(stay)
    return state === undefined ? null : (this.#parts.rules.armed?.(state, at) ?? null)
  }

  /** The stay with what is to be kept of it, where that changed since the last time; null where it did not. */
  withMemory(stay: StayRecord): StayRecord | null {
    const state = this.#states.get(stay.id)
    const lasting = state === undefined ? undefined : this.#parts.rules.lasting?.(state)
    const before = this.#lasting.get(stay.id)
    if (!lasting || lasting.of.every((part, place) => part === before?.[place])) return null
    this.#lasting.set(stay.id, lasting.of)
    return { ...stay, memory: lasting.kept() }
  }

  /** A stay begins, or goes on after a restart with the alerts that were open. */
  begin(stay: StayRecord): void {
    const { rules, lifecycle } = this.#parts
    const open = [...lifecycle.open.values()].filter((alert) => alert.stay === stay.id)
    const fresh = rules.start(this.#contextOf(stay, stay.openedAt), stay.memory)
    const lasting = rules.lasting?.(fresh)
    if (lasting) this.#lasting.set(stay.id, lasting.of)
    // The rules that failed are gone, so the first tick says that it is over.
    if (open.some(({ condition }) => condition === RULES_FAULTED)) this.#faultedUntil.set(stay.id, monoMs(0))
    this.#states.set(stay.id, open.length === 0 ? fresh : rules.adopt(fresh, open))
  }

  end(stay: StayRecord, now: Now): void {
    this.#states.delete(stay.id)
    this.#told.delete(stay.id)
    this.#lasting.delete(stay.id)
    this.#faultedUntil.delete(stay.id)
    this.#waiting.delete(stay.id)
    this.#parts.beside?.forget(stay.id)
    const { lifecycle, emit } = this.#parts
    emit(lifecycle.endOf({ stay: stay.id }, now.wall))
    // So is what the monitor said of this patient and is over: it would stand beside the name of the next.
    for (const { id, bed, state } of lifecycle.open.values()) if (bed === stay.bed && state === 'latched') emit(lifecycle.endOf({ alert: id }, now.wall))
  }

  snapshot(stay: StayRecord, snapshot: Snapshot): void {
    this.#tellAge(stay, { wall: snapshot.receivedAt, at: snapshot.at })
    this.#step(stay, { kind: 'snapshot', snapshot }, { wall: snapshot.receivedAt, at: snapshot.at })
  }

  tick(stay: StayRecord, now: Now): void {
    this.#tellAge(stay, now)
    const until = this.#faultedUntil.get(stay.id)
    if (until !== undefined && until <= now.at) {
      this.#faultedUntil.delete(stay.id)
      this.clear(ofStay(stay), RULES_FAULTED, now)
    }
    this.#step(stay, { kind: 'tick', ...now }, now)
  }

  context(stay: StayRecord, now: Now): void {
    this.#step(stay, { kind: 'context', ...now, context: this.#contextOf(stay, now.wall) }, now)
  }

  /** A nurse has confirmed a set: it acts at once. */
  observation(stay: StayRecord, set: ConfirmedSet, now: Now): void {
    this.#step(stay, { kind: 'observation', ...now, set }, now)
  }

  /** What was said of a stay, with the population by age; the same object until more is said or the day is over. */
  #contextOf(stay: StayRecord, wall: WallMs): StayContext {
    const day = Math.floor(wall / DAY_MS)
    const told = this.#told.get(stay.id)
    if (told?.stay === stay && told.day === day) return told.context
    const context = contextOf(stay, wall)
    const isSame = told !== undefined && told.stay.context === stay.context && told.context.population === context.population
    this.#told.set(stay.id, { stay, day, context: isSame ? told.context : context })
    return isSame ? told.context : context
  }

  /** The patient grew into another age band, or a date of birth was learnt: the rules are told before anything else. */
  #tellAge(stay: StayRecord, now: Now): void {
    const before = this.#told.get(stay.id)?.context
    const context = this.#contextOf(stay, now.wall)
    if (before !== undefined && before !== context && before.population !== context.population) this.#step(stay, { kind: 'context', ...now, context }, now)
  }

  /** What the silence rule says of a device. */
  silence(device: Device, input: RuleInput, wall: WallMs): void {
    const { state, signals } = device.silenceRule.step(device.silence, input)
    device.silence = state
    if (signals.length > 0) this.#parts.emit(this.#parts.lifecycle.signals(subjectOf(device), signals, wall))
  }

  /** A technical condition about a device or the gateway. Stays until cleared, or until nothing renews it. */
  technical(about: { readonly device: Device | null; readonly subject: AlertSubject }, said: { condition: string; priority: Priority; text: string }, now: Now): void {
    about.device?.expiring.set(said.condition, monoMs(now.at + pumpLimits.conditionHoldMs))
    const because = { rule: said.condition, version: TECHNICAL_VERSION, inputs: [], limit: null, missing: [] }
    this.#parts.emit(this.#parts.lifecycle.signals(about.subject, [{ kind: 'present', type: 'technical', ...said, because }], now.wall))
  }

  clear(subject: AlertSubject, condition: string, now: Now): void {
    this.#parts.emit(this.#parts.lifecycle.signals(subject, [{ kind: 'cleared', condition }], now.wall))
  }

  /** Device conditions that nothing renewed, and audio pauses that ran out. */
  expire(devices: readonly Device[], now: Now): void {
    for (const device of devices) {
      for (const [condition, until] of device.expiring) {
        if (until > now.at) continue
        device.expiring.delete(condition)
        device.alarms.delete(condition)
        this.clear(subjectOf(device), condition, now)
      }
    }
    this.#parts.emit(this.#parts.lifecycle.tick(now.wall))
  }

  /**
   * Folds the past again with publishing off, then says what it came to: an alert that was shown but not stored before the
   * crash begins anew, one that is stored goes on, one that ended meanwhile ends.
   */
  refold(past: () => void): void {
    const gathered: Gathered = new Map()
    this.#gathered = gathered
    past()
    this.#gathered = null
    for (const conditions of gathered.values()) {
      for (const [condition, { signal, subject, now, isLost }] of conditions) this.#say(subject, [toldBefore(signal), ...(isLost ? [{ kind: 'lost', condition } as const] : [])], now)
    }
  }

  #step(stay: StayRecord, input: RuleInput, now: Now): void {
    if (this.#parts.isSuspended?.(stay.bed) === true) return
    const subject = ofStay(stay)
    const before = this.#states.get(stay.id) ?? this.#parts.rules.start(this.#contextOf(stay, now.wall))
    let signals: readonly Signal[]
    try {
      const after = this.#parts.rules.step(before, input)
      this.#states.set(stay.id, after.state)
      signals = after.signals
    } catch (error) {
      // One of the three walls: the rules of this stay begin again, the ward goes on, and it is said aloud.
      // They take over what is open, or nobody would ever end it.
      const { rules, lifecycle } = this.#parts
      this.#states.set(stay.id, rules.adopt(rules.start(this.#contextOf(stay, now.wall)), [...lifecycle.open.values()].filter((alert) => alert.stay === stay.id)))
      this.#parts.beside?.forget(stay.id)
      this.#parts.faulted(stay.id, error)
      this.#faultedUntil.set(stay.id, monoMs(now.at + pumpLimits.conditionHoldMs))
      this.technical({ device: null, subject }, { condition: RULES_FAULTED, priority: 'high', text: 'Rules failed and were restarted: watch this bed at the monitor' }, now)
      return
    }
    if (this.#gathered) {
      if (signals.length === 0) return
      const conditions = this.#gathered.get(stay.id) ?? new Map()
      for (const signal of signals) {
        // "Lost" does not undo what was present: the alert goes on as last known.
        const was = conditions.get(signal.condition)
        const isLost = signal.kind === 'lost' && was?.signal.kind === 'present'
        conditions.set(signal.condition, isLost ? { ...was, isLost } : { signal, subject, now, isLost: false })
      }
      this.#gathered.set(stay.id, conditions)
      return
    }
    this.#say(subject, signals, now)
    this.#wait(stay, now)
  }

  #say(subject: AlertSubject, signals: readonly Signal[], now: Now): void {
    const said = this.#parts.beside?.judge(subject, signals, now) ?? signals
    if (said.length > 0) this.#parts.emit(this.#parts.lifecycle.signals(subject, said, now.wall))
  }

  /** Limits in their delay get their id now, and lose it when they clear. */
  #wait(stay: StayRecord, now: Now): void {
    const state = this.#states.get(stay.id)
    const limits = (state === undefined ? [] : (this.#parts.rules.waiting?.(state, now.at) ?? [])).map((limit) => pendingOf(limit, now))
    const held = this.#parts.beside?.waiting(stay.id, now) ?? []
    if (limits.length + held.length === 0 && !this.#waiting.delete(stay.id)) return
    if (limits.length + held.length > 0) this.#waiting.add(stay.id)
    this.#parts.lifecycle.waiting(ofStay(stay), [...limits, ...held])
  }
}

/** What called anew in the past has called: who acknowledged it since is not called again by a restart. */
function toldBefore(signal: Signal): Signal {
  if (signal.kind !== 'present') return signal
  const { again: _told, ...rest } = signal
  return rest
}

export const subjectOf = (device: Device): AlertSubject => ({ bed: device.bed, stay: null, device: device.id })
