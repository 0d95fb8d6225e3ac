/**
 * What is old is deleted, in small steps, each a transaction of the writer's own: identity, raw frames, strips, then the
 * values and alerts of stays that ended. Never past what central has, until a dead central has held it for long, or the disk is nearly
 * full: then the oldest go first, and the log says which numbers they had.
 *
 * A number that was given is never given again: the floor rises in the transaction that deletes.
 */

import type { Database } from 'better-sqlite3'
import type { WallMs } from '../domain/time.ts'
import { retentionLimits } from '../limits.ts'
import { rowCrc } from './crc.ts'
import { LogWalk } from './retention-log.ts'
import { type RetentionStatements, retentionStatementsOf } from './retention-statements.ts'
import { blockOf } from './seal.ts'

/** How far deleting may go. `none`: nothing is sent anywhere. `unknown`: sync has not said yet, so nothing of the log goes. */
export type Hold =
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown' }
  /** Central has all up to `seq`; what came before `deadBefore` may go unsent, for central has been dead since. */
  | { readonly kind: 'cursor'; readonly seq: number; readonly deadBefore: WallMs | null }

export type RetentionOrder = {
  readonly now: WallMs
  readonly identityMs: number
  readonly numericsMs: number
  readonly framesMs: number
  readonly stripsMs: number
  readonly databaseBytesMax: number
  /** Free on the disk; null where nobody could say. */
  readonly freeBytes: number | null
  readonly hold: Hold
  /** What was learned of patients who are gone, by its numbers: it names them. */
  readonly facts?: readonly number[]
}

/** Rows that went before their time, by their numbers, ends included; others may lie between and be there still. */
export type Forced = { readonly why: string; readonly seqFrom: number; readonly seqTo: number; readonly rows: number; readonly unsent: number }

export type RetentionReport =
  | {
      readonly kind: 'done'
      readonly identities: number
      readonly frames: number
      /** Stretches of waveforms that were kept with alerts. */
      readonly strips: number
      readonly rows: number
      readonly forced: Forced | null
      /** When rows last went before their time, in this life of the gateway or in one before; null: never. */
      readonly forcedAt: number | null
      /** There is more to do at once. */
      readonly more: boolean
    }
  | { readonly kind: 'failed'; readonly why: string }

/** What retention did, as doctor shows it. */
export type RetentionState = {
  readonly at: number
  readonly rows: number
  readonly identities: number
  readonly frames: number
  readonly strips: number
  readonly unboundSeq: number
  readonly forcedAt: number | null
  readonly forcedFrom: number | null
  readonly forcedTo: number | null
  readonly forcedWhy: string | null
}

const NEVER: RetentionState = { at: 0, rows: 0, identities: 0, frames: 0, strips: 0, unboundSeq: 0, forcedAt: null, forcedFrom: null, forcedTo: null, forcedWhy: null }
/** One step in the making: what it did so far, and what it may still do. */
export type Step = {
  readonly order: RetentionOrder
  /** False when its time or its rows are used up. */
  readonly goesOn: () => boolean
  left: number
  identities: number
  frames: number
  strips: number
  rows: number
  highest: number
  /** Numbers of rows that central never had. */
  readonly unsent: number[]
  readonly blocks: Set<number>
}

/** A row of the log went. */
export function removed(step: Step, seq: number): void {
  const { hold } = step.order
  step.left--
  step.rows++
  step.highest = Math.max(step.highest, seq)
  step.blocks.add(blockOf(seq))
  // Nobody knows yet whether it was sent: people are told the worse.
  if (hold.kind === 'unknown' || (hold.kind === 'cursor' && seq > hold.seq)) step.unsent.push(seq)
}

/** What was kept with an alert goes with it. Call for each event of an alert that goes. */
export function removedAlert(sql: RetentionStatements, step: Step, alertId: string): void {
  step.strips += sql.removeStripsOf.run({ alertId }).changes
}

export class Retention {
  readonly #db: Database
  readonly #sql: RetentionStatements
  readonly #log: LogWalk
  #isPressed = false
  /** Erased words may still lie in pages of the WAL; those of an earlier life of the gateway too. */
  #hasTraces = true

  constructor(db: Database) {
    this.#db = db
    // Within pages that are written anyway, what is deleted is overwritten: it costs nothing.
    db.pragma('secure_delete = FAST')
    this.#sql = retentionStatementsOf(db)
    this.#log = new LogWalk(this.#sql)
  }

  /**
   * Does one step within the transaction that the caller has begun. `monoMs` tells time that never steps.
   * @throws SqliteError when the disk fails; then `forget` what this step began.
   */
  step(order: RetentionOrder, monoMs: () => number): Extract<RetentionReport, { kind: 'done' }> {
    const until = monoMs() + retentionLimits.stepMsMax
    const step: Step = {
      order, left: retentionLimits.rowsPerStepMax, identities: 0, frames: 0, strips: 0, rows: 0, highest: 0, unsent: [], blocks: new Set(),
      goesOn: () => step.left > 0 && monoMs() < until,
    }
    this.#secretly(() => {
      this.#forgetPeople(step)
      this.#removeFacts(step)
      if (step.goesOn()) this.#removeFrames(step)
    })
    this.#removeStrips(step, step.order.now - step.order.stripsMs)
    const pressed = step.goesOn() ? this.#relievePressure(step) : null
    // However slow the machine: the log comes on in each step that has rows left.
    if (step.left > 0) this.#log.step(step)
    return this.#account(step, pressed, !step.goesOn())
  }

  /** The step was rolled back: what is remembered of it is looked for again. */
  forget(): void {
    this.#log.forget()
  }

  /**
   * Empties the WAL, where erased words lie in old pages until others take their place. For when nobody waits.
   * Returns false while a reader still looks at them: ask again.
   */
  eraseTraces(): boolean {
    if (!this.#hasTraces) return true
    const waitMs = Number(this.#db.pragma('busy_timeout', { simple: true }))
    this.#db.pragma('busy_timeout = 0')
    try {
      this.#hasTraces = this.#sql.truncateWal.get()?.busy !== 0
    } finally {
      this.#db.pragma(`busy_timeout = ${waitMs}`)
    }
    return !this.#hasTraces
  }

  /** What is deleted meanwhile is overwritten, in pages that become free too. Costs writing, so only for words that name people. */
  #secretly(work: () => void): void {
    this.#db.pragma('secure_delete = ON')
    try {
      work()
    } finally {
      this.#db.pragma('secure_delete = FAST')
    }
  }

  // ── people and frames ──────────────────────────────────────────────────────────────────────────────────────────────

  #forgetPeople(step: Step): void {
    const { now, identityMs } = step.order
    const stays = this.#sql.staysNamed.all({ before: now - identityMs, rowsMax: step.left })
    for (const { id, bed, patient, openedAt, closedAt, context, crc } of stays) {
      // A row that is damaged stays known as damaged.
      const isRight = crc === rowCrc(id, bed, patient, openedAt, closedAt, context)
      this.#sql.unnameStay.run({ id, crc: isRight ? rowCrc(id, bed, null, openedAt, closedAt, context) : crc })
      this.#sql.forgetPatient.run({ patient, crc: rowCrc(id, null, null) })
    }
    step.identities += stays.length
    step.left -= stays.length
  }

  #removeFacts(step: Step): void {
    for (const id of step.order.facts ?? []) step.identities += this.#sql.removeFact.run({ id }).changes
  }

  #removeFrames(step: Step): void {
    const { now, framesMs } = step.order
    const { changes } = this.#sql.removeFrames.run({ before: now - framesMs, rowsMax: step.left })
    step.frames += changes
    step.left -= changes
  }

  #removeStrips(step: Step, before: number): void {
    const rowsMax: number = retentionLimits.stripsPerDeleteMax
    for (let changes = rowsMax; changes === rowsMax && step.goesOn(); ) {
      changes = this.#sql.removeStrips.run({ before, rowsMax }).changes
      step.strips += changes
      step.left -= changes
    }
  }

  // ── when there is no room ──────────────────────────────────────────────────────────────────────────────────────────

  /** Null while there is room, or nothing that may go. */
  #relievePressure(step: Step): Omit<Forced, 'unsent'> | null {
    const why = this.#pressure(step.order)
    this.#isPressed = why !== null
    if (why === null) return null
    const keptFrom = step.order.now - retentionLimits.keptMsMin
    const before = step.rows
    let seqFrom = Number.MAX_SAFE_INTEGER
    let seqTo = 0
    let goneTo = Number.NEGATIVE_INFINITY
    const gone = (seq: number): void => {
      removed(step, seq)
      seqFrom = Math.min(seqFrom, seq)
      seqTo = Math.max(seqTo, seq)
    }
    // Some of the step is left for events.
    for (const { seq, at } of this.#sql.oldestSnapshots.all({ rowsMax: Math.ceil(step.left * 0.9) })) {
      // Of the future: a clock was wrong, and what stands at the front of the log is old all the same.
      if ((at >= keptFrom && at <= step.order.now) || !step.goesOn()) break
      this.#sql.removeSnapshot.run(seq)
      gone(seq)
      if (at < keptFrom) goneTo = at
    }
    // Events up to there go with them, but never one of an alert that is open.
    if (seqTo > 0 && step.goesOn()) {
      for (const { seq, at, alertId } of this.#sql.oldestEvents.all({ lastSeq: seqTo, rowsMax: step.left })) {
        if (at >= keptFrom || (alertId !== null && this.#sql.alertIsOpen.get({ alertId }))) continue
        this.#sql.removeEvent.run(seq)
        if (alertId !== null) removedAlert(this.#sql, step, alertId)
        gone(seq)
      }
    }
    // And strips as old as that.
    this.#removeStrips(step, goneTo)
    return seqTo === 0 ? null : { why, seqFrom, seqTo, rows: step.rows - before }
  }

  /** Once rows go before their time, they go until there is some room to breathe. */
  #pressure({ freeBytes, databaseBytesMax }: RetentionOrder): string | null {
    const pageBytes = 4_096
    const pages = this.#sql.pages.get()?.page_count ?? 0
    const freePages = this.#sql.freePages.get()?.freelist_count ?? 0
    const relief = this.#isPressed ? retentionLimits.reliefBytesMin : 0
    const usedBytes = (pages - freePages) * pageBytes
    if (usedBytes > databaseBytesMax - relief) return `vigil.db holds ${megabytes(usedBytes)} of the ${megabytes(databaseBytesMax)} that it may`
    // Free pages count as room: the file does not shrink, it stops growing.
    const room = (freeBytes ?? Number.MAX_SAFE_INTEGER) + freePages * pageBytes
    return room < retentionLimits.freeBytesMin + relief ? `the disk has room for ${megabytes(room)} only` : null
  }

  // ── what was done ──────────────────────────────────────────────────────────────────────────────────────────────────

  #account(step: Step, pressed: Omit<Forced, 'unsent'> | null, isCut: boolean): Extract<RetentionReport, { kind: 'done' }> {
    const { identities, frames, strips, rows, unsent, order } = step
    if (identities + frames > 0) this.#hasTraces = true
    const held = { why: 'central has taken nothing for too long', seqFrom: Math.min(...unsent), seqTo: Math.max(...unsent), rows: unsent.length }
    const forced = pressed ? { ...pressed, unsent: unsent.length } : unsent.length > 0 ? { ...held, unsent: unsent.length } : null
    if (rows > 0) this.#sql.raiseFloor.run({ seq: step.highest })
    for (const block of step.blocks) this.#sql.unseal.run({ block })
    const before = this.#sql.state.get() ?? NEVER
    if (identities + frames + strips + rows > 0) {
      const loud = forced ? { forcedAt: order.now, forcedFrom: forced.seqFrom, forcedTo: forced.seqTo, forcedWhy: forced.why } : {}
      this.#sql.putState.run({
        ...before, ...loud, at: order.now, rows: before.rows + rows, identities: before.identities + identities, frames: before.frames + frames,
        strips: before.strips + strips,
      })
    }
    return { kind: 'done', identities, frames, strips, rows, forced, forcedAt: forced ? order.now : before.forcedAt, more: isCut || (this.#isPressed && rows > 0) }
  }
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`

/** What the log says when rows went before their time. */
export const forcedSentence = ({ why, seqFrom, seqTo, rows, unsent }: Forced): string =>
  `retention: ${rows} rows from ${seqFrom} to ${seqTo} deleted before their time, ${unsent} of them never sent: ${why}`

