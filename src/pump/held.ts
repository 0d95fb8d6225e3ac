/** What nobody will send again, kept in memory in its order while the disk fails. */

import type { Fact } from '../domain/association.ts'
import type { Snapshot } from '../domain/observation.ts'
import { pumpLimits } from '../limits.ts'
import type { QuarantinedFrame, Reissue, Standing, StayRecord, StoredEvent, Strip, Tick } from '../seams.ts'
import type { Lost, PendingTick } from './committer.ts'

/** How many of each kind at the front of what is held went into a tick, and how many of the tick's own had to queue up behind them. */
type Taken = { readonly [Kind in keyof Kinds]: { readonly held: number; readonly queued: boolean } }
type Kinds = { snapshots: Snapshot[]; events: StoredEvent[]; stays: StayRecord[]; quarantined: QuarantinedFrame[]; strips: Strip[]; facts: Fact[]; standing: Standing[]; reissues: Reissue[] }

/** Rows of each kind that are kept: the oldest make room. */
const MAX: { readonly [Kind in keyof Kinds]: number } = {
  snapshots: pumpLimits.heldSnapshotsMax,
  events: pumpLimits.heldEventsMax,
  stays: pumpLimits.heldEventsMax,
  quarantined: pumpLimits.heldQuarantinedFramesMax,
  strips: pumpLimits.heldStripsMax,
  facts: pumpLimits.heldEventsMax,
  standing: pumpLimits.heldEventsMax,
  reissues: pumpLimits.heldEventsMax,
}

export class Held {
  readonly #rows: Kinds = { snapshots: [], events: [], stays: [], quarantined: [], strips: [], facts: [], standing: [], reissues: [] }

  get isEmpty(): boolean {
    return KINDS.every((kind) => this.#rows[kind].length === 0)
  }

  /** A tick of the first that are held and of what is pending; what may not overtake the rest that is held queues up behind it. */
  before(pending: PendingTick): { readonly tick: Tick; readonly taken: Taken } {
    const answered: Snapshot[] = []
    const unanswered: Snapshot[] = []
    for (const { snapshot, answered: isAnswered } of pending.snapshots) (isAnswered ? answered : unanswered).push(snapshot)
    // What gathered while the disk hung may be as much as what is held when it fails.
    if (unanswered.length > pumpLimits.heldRowsPerTickMax) append(this.#rows.snapshots, unanswered.splice(0))
    const snapshots = front(this.#rows.snapshots, unanswered)
    const events = front(this.#rows.events, pending.events)
    const stays = front(this.#rows.stays, pending.stays)
    const quarantined = front(this.#rows.quarantined, pending.quarantined)
    const strips = front(this.#rows.strips, pending.strips)
    const facts = front(this.#rows.facts, pending.facts)
    const standing = front(this.#rows.standing, pending.standing)
    // Rows that wait are to be found by them.
    if (snapshots.taken.queued || snapshots.taken.held < this.#rows.snapshots.length) append(this.#rows.reissues, pending.reissues.splice(0))
    const reissues = snapshots.taken.held < this.#rows.snapshots.length ? NONE : front(this.#rows.reissues, pending.reissues)
    const told = pending.answeredEvents.length === 0 ? events.rows : [...events.rows, ...pending.answeredEvents]
    const rows = { events: told, stays: stays.rows, quarantined: quarantined.rows, messages: pending.messages, strips: strips.rows }
    const learned = { ...(facts.rows.length > 0 ? { facts: facts.rows } : {}), ...(standing.rows.length > 0 ? { standing: standing.rows } : {}), ...(reissues.rows.length > 0 ? { reissues: reissues.rows } : {}) }
    return {
      tick: { snapshots: [...snapshots.rows, ...answered], ...rows, ...learned },
      taken: {
        snapshots: snapshots.taken, events: events.taken, stays: stays.taken, quarantined: quarantined.taken, strips: strips.taken, facts: facts.taken,
        standing: standing.taken, reissues: reissues.taken,
      },
    }
  }

  /** What was taken is on the disk. */
  drop(taken: Taken): void {
    for (const kind of KINDS) if (taken[kind].held > 0) this.#rows[kind].splice(0, taken[kind].held)
  }

  /** The tick of `pending` failed: what is its own joins what is held. Returns how many of the oldest had to make room. */
  keep(pending: PendingTick, taken: Taken): Lost {
    const { snapshots, events, stays, quarantined, strips, facts, standing, reissues } = this.#rows
    if (!taken.snapshots.queued) for (const { snapshot, answered } of pending.snapshots) if (!answered) snapshots.push(snapshot)
    if (!taken.events.queued) append(events, pending.events)
    if (!taken.stays.queued) append(stays, pending.stays)
    if (!taken.quarantined.queued) append(quarantined, pending.quarantined)
    if (!taken.strips.queued) append(strips, pending.strips)
    if (!taken.facts.queued) append(facts, pending.facts)
    if (!taken.standing.queued) append(standing, pending.standing)
    if (!taken.reissues.queued) append(reissues, pending.reissues)
    return makeRoom(this.#rows)
  }
}

/** Of what waits behind a disk that hangs only that stays, in its place, which nobody will send again. Returns how many of the oldest had to make room. */
export function keepUnanswered(pending: PendingTick): Lost {
  const unanswered = pending.snapshots.filter(({ answered }) => !answered)
  pending.snapshots.length = 0
  append(pending.snapshots, unanswered)
  pending.answeredEvents.length = 0
  return makeRoom(pending)
}

/** Of a tick that can never be stored, what its senders will not send again. */
export const unanswered = (tick: Tick, pending: PendingTick): Lost => ({
  snapshots: tick.snapshots.length - pending.snapshots.filter(({ answered }) => answered).length,
  others: OTHERS.reduce((count, kind) => count + (tick[kind]?.length ?? 0), -pending.answeredEvents.length),
})

function makeRoom(rows: { readonly [Kind in keyof Kinds]: unknown[] }): Lost {
  // Copies of what was not believed: so many are enough to see what is wrong.
  trim(rows.quarantined, MAX.quarantined)
  return { snapshots: trim(rows.snapshots, MAX.snapshots), others: OTHERS.reduce((count, kind) => count + trim(rows[kind], MAX[kind]), 0) }
}

const KINDS = ['snapshots', 'events', 'stays', 'quarantined', 'strips', 'facts', 'standing', 'reissues'] as const

const OTHERS = ['events', 'stays', 'strips', 'facts', 'standing', 'reissues'] as const

const NONE = { rows: [], taken: { held: 0, queued: false } } as const

/** The first of `held`, then `own` if none of `held` is left behind; else `own` joins the queue. */
function front<Row>(held: Row[], own: readonly Row[]): { readonly rows: readonly Row[]; readonly taken: Taken[keyof Kinds] } {
  if (held.length === 0) return { rows: own, taken: { held: 0, queued: false } }
  const first = held.slice(0, pumpLimits.heldRowsPerTickMax)
  if (first.length === held.length) return { rows: [...first, ...own], taken: { held: first.length, queued: false } }
  append(held, own)
  return { rows: first, taken: { held: first.length, queued: true } }
}

/** Not with a spread: the arguments of a call are limited. */
function append<Row>(to: Row[], rows: readonly Row[]): void {
  for (const row of rows) to.push(row)
}

function trim(rows: unknown[], max: number): number {
  const dropped = Math.max(0, rows.length - max)
  if (dropped > 0) rows.splice(0, dropped)
  return dropped
}
