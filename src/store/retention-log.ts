/**
 * The log's part of retention: a walk from the oldest row on. All that is due is looked for in one stretch after the other, so
 * that each page is written once a walk, however many stays lie mixed in it.
 */

import type { WallMs } from '../domain/time.ts'
import { retentionLimits } from '../limits.ts'
import { minuteOf } from './marks.ts'
import type { RetentionStatements } from './retention-statements.ts'
import { type RetentionOrder, type Step, removed, removedAlert } from './retention.ts'

const DAY_MS = 86_400_000
/** Rows of a stay are looked for so long around it: what was held while the disk failed came in later. */
const AROUND_STAY_MS = DAY_MS
const EVENTS_PER_PAGE = 100

/** Rows of one stream between two numbers, ends included. */
type Lane = { readonly stream: number; readonly from: number; readonly to: number }
type Walk = {
  readonly lanes: readonly Lane[]
  readonly stays: readonly string[]
  readonly unboundTo: number | null
  readonly to: number
  readonly isDead: boolean
  at: number
}
type Phase =
  | { readonly kind: 'rest'; readonly since: WallMs | null }
  | { readonly kind: 'rows'; readonly walk: Walk }
  | { readonly kind: 'events'; at: number }
  | { readonly kind: 'marks' }

const lanesOf = (streams: readonly { readonly id: number }[], span: Omit<Lane, 'stream'>): readonly Lane[] => streams.map(({ id }) => ({ stream: id, ...span }))

const isDead = ({ hold }: RetentionOrder): boolean => hold.kind === 'cursor' && hold.deadBefore !== null

export class LogWalk {
  readonly #sql: RetentionStatements
  #phase: Phase = { kind: 'rest', since: null }

  constructor(sql: RetentionStatements) {
    this.#sql = sql
  }

  /** Goes on for as long as the step may; a walk that ended rests before the next one begins. */
  step(step: Step): void {
    const { order } = step
    if (this.#phase.kind === 'rest') {
      const { since } = this.#phase
      if (order.hold.kind === 'unknown' || (since !== null && Math.abs(order.now - since) < retentionLimits.logRoundMs)) return
      this.#phase = { kind: 'rows', walk: this.#plan(order) }
    }
    if (this.#phase.kind === 'rows') {
      const { walk } = this.#phase
      // Central came back to life, or died: what may go is thought of anew.
      if (walk.isDead !== isDead(order)) return this.forget()
      if (!this.#removeRows(step, walk)) return
      this.#phase = { kind: 'events', at: 0 }
    }
    if (this.#phase.kind === 'events' && !this.#removeEvents(step, this.#phase)) return
    this.#phase = { kind: 'marks' }
    if (!this.#removeMarks(step)) return
    this.#phase = { kind: 'rest', since: order.now }
  }

  /** What was begun is looked for again. */
  forget(): void {
    this.#phase = { kind: 'rest', since: null }
  }

  // ── what may go ────────────────────────────────────────────────────────────────────────────────────────────────────

  #plan(order: RetentionOrder): Walk {
    const first = this.#sql.firstSnapshot.get()?.seq ?? 0
    const ended = this.#endedStays(order, first)
    const lanes = ended.flatMap(({ id, from, to }) => lanesOf(this.#sql.streamsOfStay.all({ stay: id }), { from, to }))
    const unboundTo = this.#limitOf(order)
    const swept = this.#sql.state.get()?.unboundSeq ?? 0
    if (unboundTo > swept) lanes.push(...lanesOf(this.#sql.streamsUnbound.all(), { from: Math.max(first, swept + 1), to: unboundTo }))
    return {
      lanes, stays: ended.map(({ id }) => id), unboundTo: unboundTo > swept ? unboundTo : null, isDead: isDead(order),
      at: Math.min(...lanes.map(({ from }) => from)),
      to: Math.max(0, ...lanes.map(({ to }) => to)),
    }
  }

  #endedStays({ now, identityMs, numericsMs, hold }: RetentionOrder, first: number): readonly { id: string; from: number; to: number }[] {
    const lastSeq = this.#sql.lastSeq.get()?.seq ?? 0
    // The row of a stay goes last, and none that still names its patient.
    const stays = this.#sql.staysEnded.all({ before: now - Math.max(identityMs, numericsMs), rowsMax: retentionLimits.staysPerWalkMax })
    return stays.flatMap(({ id, openedAt, closedAt }) => {
      const from = Math.max(first, this.#sql.markUpToMinute.get({ minute: minuteOf(openedAt) })?.seq ?? 0)
      const to = this.#sql.markFromMinute.get({ minute: minuteOf(closedAt + AROUND_STAY_MS) })?.seq ?? lastSeq
      const isSent = hold.kind === 'none' || (hold.kind === 'cursor' && (to <= hold.seq || (hold.deadBefore !== null && closedAt <= hold.deadBefore)))
      return isSent ? [{ id, from, to }] : []
    })
  }

  /** Up to which number rows may go by their age, sent or held for too long. */
  #limitOf({ hold, now, numericsMs }: RetentionOrder): number {
    const old = this.#seqBefore(now - numericsMs, now)
    if (hold.kind === 'none') return old
    if (hold.kind === 'unknown') return 0
    const dead = hold.deadBefore === null ? 0 : this.#seqBefore(hold.deadBefore, now)
    return Math.min(old, Math.max(hold.seq, dead))
  }

  /**
   * The last number before the minute of a time; 0 where the log begins later. A clock that stood wrong for a while left marks
   * far back: what came before those is as young as its own marks say. Marks that lie ahead of now say nothing.
   */
  #seqBefore(at: number, now: number): number {
    const minute = minuteOf(at)
    const mark = this.#sql.markUpToMinute.get({ minute })
    if (mark === undefined) return 0
    const younger = this.#sql.markAfterMinute.get({ minute, lastMinute: minuteOf(now) })
    return Math.min(mark.seq, younger?.seq ?? mark.seq) - 1
  }

  // ── what goes ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** One stretch at least; one in which something is found is enough for a step. True when all is done. */
  #removeRows(step: Step, walk: Walk): boolean {
    for (let isFirst = true; walk.at <= walk.to; isFirst = false) {
      if (!isFirst && !step.goesOn()) return false
      const last = walk.at + retentionLimits.seqsPerStretchMax - 1
      const before = step.rows
      for (const { stream, from, to } of walk.lanes) {
        if (from > last || to < walk.at) continue
        for (const { seq } of this.#sql.seqsOfStream.all({ stream, firstSeq: Math.max(from, walk.at), lastSeq: Math.min(to, last) })) {
          this.#sql.removeSnapshot.run(seq)
          removed(step, seq)
        }
      }
      walk.at = last + 1
      if (step.rows > before) step.left = 0
    }
    for (const id of walk.stays) this.#sql.removeStay.run({ id })
    if (walk.unboundTo !== null) this.#sql.setUnbound.run({ unboundSeq: walk.unboundTo })
    return true
  }

  #removeEvents(step: Step, phase: { at: number }): boolean {
    const lastSeq = this.#limitOf(step.order)
    do {
      const page = this.#sql.eventsAfter.all({ afterSeq: phase.at, lastSeq, rowsMax: EVENTS_PER_PAGE })
      for (const { seq, alertId, body } of page) {
        phase.at = seq
        if (!this.#isEventDue(alertId, body)) continue
        this.#sql.removeEvent.run(seq)
        if (alertId !== null) removedAlert(this.#sql, step, alertId)
        removed(step, seq)
      }
      if (page.length < EVENTS_PER_PAGE) return true
    } while (step.goesOn())
    return false
  }

  /** Old enough is what was read. It is kept while its alert is open or its stay is known, for the stay goes last. */
  #isEventDue(alertId: string | null, body: string): boolean {
    if (alertId === null) return true
    if (this.#sql.alertIsOpen.get({ alertId })) return false
    const stay = stayOf(body) ?? stayOf(this.#sql.firstOfAlert.get({ alertId })?.body ?? '')
    return stay === null || this.#sql.stayKnown.get({ stay }) === undefined
  }

  /** Marks of rows that are gone, but the one in which the first row that is left lies. True when all is done. */
  #removeMarks(step: Step): boolean {
    const first = this.#sql.firstSnapshot.get()?.seq ?? this.#sql.lastSeq.get()?.seq ?? 0
    step.left -= this.#sql.removeRevisions.run({ seq: first, rowsMax: retentionLimits.rowsPerStepMax }).changes
    const kept = this.#sql.markUpToSeq.get({ seq: first })?.seq ?? null
    if (kept === null) return true
    const { changes } = this.#sql.removeMarks.run({ seq: kept, rowsMax: retentionLimits.rowsPerStepMax })
    step.left -= changes
    return changes < retentionLimits.rowsPerStepMax
  }
}

/** The stay that an event names; null where it names none, or cannot be read. */
function stayOf(body: string): string | null {
  try {
    const event: { stay?: unknown } = JSON.parse(body)
    return typeof event.stay === 'string' ? event.stay : null
  } catch {
    return null
  }
}
