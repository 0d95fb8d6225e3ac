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
  /** How many at the front of each list come from ticks that failed, in the order in which they happened. */
  readonly held = { snapshots: 0, events: 0, stays: 0, quarantined: 0 }

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
  /** The store is going: what fails now is not tried again. */
  #drained = false
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
    } while (this.#state.kind === 'ok' && !this.#pending.empty)
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
    // While the disk fails, what is under way may come back: it has to be told before what happened after it.
    if (this.#pending.empty || (this.#state.kind === 'failing' && this.#underWay.size > 0)) return
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
      if (this.#underWay.size === 0 && this.#pending.waiters.length > 0) this.soon()
      else if (!this.#pending.empty) this.later()
    })
    this.#underWay.add(done)
  }

  /**
   * What a sender will send again is let go. What nobody will send again (alerts, stays, serial readings, quarantine) goes
   * into the next tick, before what happened since and after what failed earlier, so that an alert never ends before it
   * starts. The oldest make room when the disk stays away.
   */
  #failed(pending: PendingTick, why: string): void {
    const next = this.#pending
    const { held } = next
    const again = pending.snapshots.filter(({ answered }) => !answered)
    const snapshots = putBack(next.snapshots, again, { after: held.snapshots, max: pumpLimits.heldSnapshotsMax })
    held.snapshots = snapshots.held
    held.events = putBack(next.events, pending.events, { after: held.events, max: pumpLimits.heldEventsMax }).held
    held.stays = putBack(next.stays, pending.stays, { after: held.stays, max: pumpLimits.heldEventsMax }).held
    held.quarantined = putBack(next.quarantined, pending.quarantined, { after: held.quarantined, max: pumpLimits.heldQuarantinedFramesMax }).held
    const lost = (this.#state.kind === 'failing' ? this.#state.lostSnapshots : 0) + snapshots.dropped
    this.#state = { kind: 'failing', why, lostSnapshots: lost }
    this.later()
  }
}

/** Puts rows back behind those that were put back before them; drops the oldest beyond `max`. */
function putBack<Row>(rows: Row[], back: readonly Row[], { after, max }: { readonly after: number; readonly max: number }): { readonly held: number; readonly dropped: number } {
  const all = [...rows.slice(0, after), ...back, ...rows.slice(after)]
  const dropped = Math.max(0, all.length - max)
  rows.length = 0
  for (const row of all.slice(dropped)) rows.push(row)
  return { held: Math.max(0, after + back.length - dropped), dropped }
}
