/** What waits for the disk: one tick at a time is filled, handed to the store, and answered for. */

import type { CommitResult, MessageIdentity, QuarantinedFrame, Reissue, Standing, StayRecord, Store, StoredEvent, Strip, Tick } from '../seams.ts'
import type { Fact } from '../domain/association.ts'
import type { Snapshot } from '../domain/observation.ts'
import { pumpLimits } from '../limits.ts'
import { Held, keepUnanswered, unanswered } from './held.ts'

type Waiter = (result: CommitResult) => void

/** One transaction in the making, or under way. */
export class PendingTick {
  readonly snapshots: { readonly snapshot: Snapshot; /** Its sender is told, and sends again if it failed. */ readonly answered: boolean }[] = []
  readonly events: StoredEvent[] = []
  /** What a message told whose sender sends it again if it failed. */
  readonly answeredEvents: StoredEvent[] = []
  readonly stays: StayRecord[] = []
  readonly quarantined: QuarantinedFrame[] = []
  readonly messages: MessageIdentity[] = []
  readonly strips: Strip[] = []
  readonly facts: Fact[] = []
  readonly standing: Standing[] = []
  readonly reissues: Reissue[] = []
  readonly waiters: Waiter[] = []

  get empty(): boolean {
    return this.snapshots.length + this.events.length + this.answeredEvents.length + this.stays.length + this.quarantined.length + this.messages.length + this.strips.length + this.facts.length + this.standing.length + this.reissues.length + this.waiters.length === 0
  }
}

/** Of what nobody sends again, that which had to make room or can never be stored: sets of readings; words on alerts, stays and the house, and strips. */
export type Lost = { readonly snapshots: number; readonly others: number }

export const NOTHING_LOST: Lost = { snapshots: 0, others: 0 }

export type StoreState =
  | { readonly kind: 'ok' }
  /** `lost`: since the disk fails. */
  | { readonly kind: 'failing'; readonly why: string; readonly lost: Lost }

/** One commit and what became of it; `tick` also holds what earlier commits had failed to store. */
export type Settled = { readonly pending: PendingTick; readonly tick: Tick; readonly result: CommitResult }

export type CommitterParts = {
  readonly store: Store
  /** After each commit, before its waiters hear of it. */
  readonly settled: (settled: Settled) => void
}

/**
 * No timer while a sender waits: what gathered in this turn of the event loop is handed over at its end, and the store
 * commits it when it is idle. Where nobody waits, rows gather for up to `idleCommitDelayMs`: flash wears.
 *
 * When a commit fails, what its sender will send again is let go. What nobody will send again (alerts, stays, serial
 * readings, quarantine, strips) is held, and goes before what happened since, a bounded part with each tick: an alert never ends
 * before it starts, and a long fault costs the alarm path nothing.
 */
export class Committer {
  #pending = new PendingTick()
  readonly #held = new Held()
  #soon: NodeJS.Immediate | null = null
  #later: NodeJS.Timeout | null = null
  #state: StoreState = { kind: 'ok' }
  #lost: Lost = NOTHING_LOST
  readonly #underWay = new Set<Promise<void>>()
  #answered = 0
  /** How many of them hold events or stays. */
  #ordered = 0
  /** The store is going: what fails now is not tried again. */
  #drained = false
  readonly #parts: CommitterParts

  constructor(parts: CommitterParts) {
    this.#parts = parts
  }

  get state(): StoreState {
    return this.#state
  }

  /** In all: it stays lost when the disk is well again. */
  get lost(): Lost {
    return this.#lost
  }

  /** Commits that were answered so far, and whether one is not: for who judges whether the disk hangs. */
  get progress(): { readonly answered: number; readonly isWaiting: boolean } {
    return { answered: this.#answered, isWaiting: this.#underWay.size > 0 }
  }

  /** The tick that is being filled: put things in, then call `soon` or `later`. */
  get filling(): PendingTick {
    return this.#pending
  }

  /** Somebody waits for the answer. A turn that brings much hands it over in parts, so that the disk works while the rest is read. */
  soon(): void {
    if (this.#drained) return
    if (this.#pending.waiters.length >= pumpLimits.handoverMessagesMax) this.#flush()
    else this.#soon ??= setImmediate(() => this.#flush())
  }

  /** Nobody waits. */
  later(): void {
    if (this.#soon === null && !this.#drained) this.#later ??= setTimeout(() => this.#flush(), pumpLimits.idleCommitDelayMs)
  }

  /** Hands over what there is and waits for all of it; a disk that fails is not tried again. What comes afterwards is taken by nobody. */
  async drain(): Promise<void> {
    await Promise.all(this.#underWay)
    do {
      this.#flush()
      await Promise.all(this.#underWay)
    } while (this.#state.kind === 'ok' && !(this.#pending.empty && this.#held.isEmpty))
    this.#drained = true
    this.#rest()
  }

  #rest(): void {
    if (this.#soon !== null) clearImmediate(this.#soon)
    if (this.#later !== null) clearTimeout(this.#later)
    this.#soon = null
    this.#later = null
  }

  #flush(): void {
    this.#rest()
    if (this.#pending.empty && this.#held.isEmpty) return
    // What is under way may come back: where it holds what must be told in order, or something is held already, nothing overtakes it.
    // Rows that are under way are to be found by what puts rows right.
    const isOrdering = this.#ordered > 0 || this.#pending.reissues.length > 0
    if (this.#underWay.size > 0 && (isOrdering || this.#state.kind === 'failing' || !this.#held.isEmpty)) {
      if (this.#pending.waiters.length > pumpLimits.waitersBehindMax) this.#turnAway()
      return
    }
    const pending = this.#pending
    this.#pending = new PendingTick()
    const { tick, taken } = this.#held.before(pending)
    const isOrdered = tick.events.length + tick.stays.length + (tick.facts?.length ?? 0) + (tick.standing?.length ?? 0) + (tick.reissues?.length ?? 0) > 0
    if (isOrdered) this.#ordered++
    const done = this.#parts.store.commit(tick).then((result) => {
      if (result.kind === 'failed') this.#fails(result.why, result.isFinal ? unanswered(tick, pending) : this.#held.keep(pending, taken))
      else this.#state = { kind: 'ok' }
      // What can never be stored is lost, and said to be, so that it does not keep all that comes behind it from the disk.
      if (result.kind === 'durable' || result.isFinal) this.#held.drop(taken)
      this.#parts.settled({ pending, tick, result })
      for (const waiter of pending.waiters) waiter(result)
      this.#underWay.delete(done)
      this.#answered++
      if (isOrdered) this.#ordered--
      if (this.#pending.waiters.length > 0 || (result.kind === 'durable' && !this.#held.isEmpty)) this.soon()
      else if (!this.#pending.empty || !this.#held.isEmpty) this.later()
    })
    this.#underWay.add(done)
  }

  /** Behind a disk that hangs: senders are told to send again; what nobody sends again waits on, in its place. */
  #turnAway(): void {
    const away = new PendingTick()
    for (const message of this.#pending.messages.splice(0)) away.messages.push(message)
    for (const waiter of this.#pending.waiters.splice(0)) away.waiters.push(waiter)
    this.#fails(HANGS, keepUnanswered(this.#pending))
    const result = { kind: 'failed', why: HANGS } as const
    this.#parts.settled({ pending: away, tick: { snapshots: [], events: [], stays: [], quarantined: [], messages: away.messages }, result })
    for (const waiter of away.waiters) waiter(result)
  }

  #fails(why: string, dropped: Lost): void {
    this.#state = { kind: 'failing', why, lost: sum(this.#state.kind === 'failing' ? this.#state.lost : NOTHING_LOST, dropped) }
    this.#lost = sum(this.#lost, dropped)
  }
}

const sum = (a: Lost, b: Lost): Lost => ({ snapshots: a.snapshots + b.snapshots, others: a.others + b.others })

const HANGS = `More than ${pumpLimits.waitersBehindMax} frames wait for a commit that does not end.`
