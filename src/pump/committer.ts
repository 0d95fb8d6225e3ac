/** What waits for the disk: one tick at a time is filled, handed to the store, and answered for. */

import type { QuarantinedFrame, CommitResult, MessageIdentity, StayRecord, Store, StoredEvent } from '../seams.ts'
import type { Snapshot } from '../domain/observation.ts'
import { pumpLimits } from '../limits.ts'

type Waiter = (result: CommitResult) => void

/** One transaction in the making, or under way. */
export class PendingTick {
  readonly snapshots: { readonly snapshot: Snapshot; /** Its sender is told, and sends again if it failed. */ readonly answered: boolean }[] = []
  readonly events: StoredEvent[] = []
  readonly stays: StayRecord[] = []
  readonly quarantined: QuarantinedFrame[] = []
  readonly messages: MessageIdentity[] = []
  readonly waiters: Waiter[] = []

  get empty(): boolean {
    return this.snapshots.length + this.events.length + this.stays.length + this.quarantined.length + this.messages.length + this.waiters.length === 0
  }
}

export type StoreState = { readonly kind: 'ok' } | { readonly kind: 'failing'; readonly why: string; readonly lostSnapshots: number }

export type CommitterParts = {
  readonly store: Store
  /** After each commit, before its waiters hear of it. */
  readonly settled: (pending: PendingTick, result: CommitResult) => void
}

/**
 * No timer while a sender waits: what gathered in this turn of the event loop is handed over at its end, and the store
 * commits it when it is idle. Where nobody waits, rows gather for up to `idleCommitDelayMs`: flash wears.
 */
export class Committer {
  #pending = new PendingTick()
  #soon: NodeJS.Immediate | null = null
  #later: NodeJS.Timeout | null = null
  #state: StoreState = { kind: 'ok' }
  readonly #underWay = new Set<Promise<void>>()
  readonly #parts: CommitterParts

  constructor(parts: CommitterParts) {
    this.#parts = parts
  }

  get state(): StoreState {
    return this.#state
  }

  /** The tick that is being filled: put things in, then call `soon` or `later`. */
  get filling(): PendingTick {
    return this.#pending
  }

  /** Somebody waits for the answer. */
  soon(): void {
    this.#soon ??= setImmediate(() => this.#flush())
  }

  /** Nobody waits. */
  later(): void {
    if (this.#soon === null) this.#later ??= setTimeout(() => this.#flush(), pumpLimits.idleCommitDelayMs)
  }

  /** Hands over what there is and waits for all of it. */
  async drain(): Promise<void> {
    this.#flush()
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  #flush(): void {
    if (this.#soon !== null) clearImmediate(this.#soon)
    if (this.#later !== null) clearTimeout(this.#later)
    this.#soon = null
    this.#later = null
    if (this.#pending.empty) return
    const pending = this.#pending
    this.#pending = new PendingTick()
    const { events, stays, quarantined, messages } = pending
    const snapshots = pending.snapshots.map(({ snapshot }) => snapshot)
    const done = this.#parts.store.commit({ snapshots, events, stays, quarantined, messages }).then((result) => {
      if (result.kind === 'failed') this.#failed(pending, result.why)
      else this.#state = { kind: 'ok' }
      this.#parts.settled(pending, result)
      for (const waiter of pending.waiters) waiter(result)
      this.#underWay.delete(done)
    })
    this.#underWay.add(done)
  }

  /**
   * What a sender will send again is let go. What nobody will send again (alerts, stays, serial readings, quarantine) goes
   * into the next tick, the oldest readings making room when the disk stays away.
   */
  #failed(pending: PendingTick, why: string): void {
    const next = this.#pending
    const kept = [...pending.snapshots.filter(({ answered }) => !answered), ...next.snapshots]
    const dropped = Math.max(0, kept.length - pumpLimits.heldSnapshotsMax)
    next.snapshots.splice(0, next.snapshots.length, ...kept.slice(dropped))
    next.events.unshift(...pending.events)
    next.stays.unshift(...pending.stays)
    next.quarantined.unshift(...pending.quarantined)
    next.quarantined.splice(0, Math.max(0, next.quarantined.length - pumpLimits.quarantinedFramesPerDeviceMax))
    next.events.splice(0, Math.max(0, next.events.length - pumpLimits.heldEventsMax))
    const lost = (this.#state.kind === 'failing' ? this.#state.lostSnapshots : 0) + dropped
    this.#state = { kind: 'failing', why, lostSnapshots: lost }
    this.later()
  }
}
