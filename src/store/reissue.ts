/**
 * Rows that are another patient's, as is known now, are written again under the right stay, a bounded number at a time when
 * nobody waits. What is to be done is itself stored, so that it goes on after a restart. The old row stays where it is, for
 * what was believed then is part of the record; `revision` says which row took its place.
 */

import type { Database, Statement } from 'better-sqlite3'
import { wallMs } from '../domain/time.ts'
import { associationLimits } from '../limits.ts'
import { rowCrc, snapshotCrc } from './crc.ts'
import { seqsBetween } from './marks.ts'
import { type StreamRow, streamCrc } from './names.ts'
import { type PackedReading, packReadings, unpackReadings } from './packed.ts'
import { reissueQueries } from './queries.ts'
import { type RevisionRow, revisionCrc } from './revisions.ts'
import type { SnapshotRow } from './rows.ts'
import { Scratch } from './scratch.ts'
import type { EncodedReissue } from './tick-codec.ts'
import type { Connection } from './writer-connection.ts'

/** `atSeq`: the next row to look at; null: not begun, for what came before it has to be done first. */
type Order = {
  readonly id: number
  readonly learnedAt: number
  readonly ofBed: string | null
  readonly ofDevice: string | null
  readonly fromAt: number
  readonly toAt: number
  readonly stay: string | null
  readonly bed: string | null
  /** As JSON: for each device the number of its stream under that stay. */
  readonly streams: string
  readonly atSeq: number | null
  readonly lastSeq: number | null
  /** Rows that were written again, and rows that had to stay as they are. */
  readonly done: number
  readonly left: number
}
type OrderRow = Order & { readonly crc: number }

const orderCrc = ({ id, learnedAt, ofBed, ofDevice, fromAt, toAt, stay, bed, streams, atSeq, lastSeq, done, left }: Order): number =>
  rowCrc(id, learnedAt, ofBed, ofDevice, fromAt, toAt, stay, bed, streams, atSeq, lastSeq, done, left)

/** What one step came to. `said`: of an order that is done, for the log. */
export type ReissueStep = {
  readonly lastSeq: number
  readonly said: { readonly at: number; readonly what: string; readonly bed: string | null; readonly stay: string | null } | null
}

/** Looked through in one step: so many blocks of 256 numbers. */
const BLOCKS_PER_STEP_MAX = 64
/** The device's clock may say that a value was measured a moment after it came. */
const AHEAD_MS = 2_000

export function addReissue(db: Database, { of, from, to, stay, bed, streams, learnedAt }: EncodedReissue): void {
  const id = (db.prepare<[], { readonly id: number | null }>(reissueQueries.LAST_REISSUE).get()?.id ?? 0) + 1
  const order: Order = {
    id, learnedAt, ofBed: 'bed' in of ? of.bed : null, ofDevice: 'device' in of ? of.device : null, fromAt: from, toAt: to, stay, bed,
    streams: JSON.stringify(streams), atSeq: null, lastSeq: null, done: 0, left: 0,
  }
  db.prepare<[OrderRow]>(reissueQueries.PUT_REISSUE).run({ ...order, crc: orderCrc(order) })
}

type Place = { readonly seq: number; readonly stream: number }
/** `stream`: under which its values belong; undefined where nobody named it. `seq`: the last number that was given. */
type Meant = { readonly order: Order; readonly row: Place; readonly stream: number | undefined; readonly seq: number }
type Candidate = { readonly device: string; readonly isRight: boolean }

export class Reissuer {
  readonly #db: Database
  readonly #first: Statement<[], OrderRow>
  readonly #put: Statement<[OrderRow]>
  readonly #remove: Statement<[{ id: number }]>
  readonly #block: Statement<[{ block: number }], { readonly seq: number; readonly stream: number }>
  readonly #snapshot: Statement<[{ seq: number }], SnapshotRow>
  readonly #isSuperseded: Statement<[{ seq: number }], { readonly seq: number }>
  readonly #revisionOf: Statement<[{ seq: number }], RevisionRow>
  readonly #addRevision: Statement<[RevisionRow]>
  readonly #scratch = new Scratch()

  constructor(db: Database) {
    this.#db = db
    this.#first = db.prepare(reissueQueries.FIRST_REISSUE)
    this.#put = db.prepare(reissueQueries.PUT_REISSUE)
    this.#remove = db.prepare(reissueQueries.REMOVE_REISSUE)
    this.#block = db.prepare(reissueQueries.SEQS_OF_BLOCK)
    this.#snapshot = db.prepare(reissueQueries.SNAPSHOT)
    this.#isSuperseded = db.prepare(reissueQueries.IS_SUPERSEDED)
    this.#revisionOf = db.prepare(reissueQueries.REVISION_OF)
    this.#addRevision = db.prepare(reissueQueries.ADD_REVISION)
  }

  /** Whether something is to be done. */
  get isWanted(): boolean {
    return this.#first.get() !== undefined
  }

  /** One bounded step, within the transaction that the caller has begun; `lastSeq`: the last number that the log has given. */
  step(connection: Connection, lastSeq: number): ReissueStep {
    const found = this.#first.get()
    if (!found) return { lastSeq, said: null }
    const { crc, ...order } = found
    if (crc !== orderCrc(order)) {
      this.#remove.run({ id: order.id })
      const what = 'association: an order to put rows right was damaged, and is not followed'
      return { lastSeq, said: { at: order.learnedAt, what, bed: null, stay: null } }
    }
    const begun = order.atSeq === null ? this.#begin(order, lastSeq) : order
    const after = this.#look(connection, begun, lastSeq)
    if (after.order.atSeq !== null && after.order.atSeq <= (after.order.lastSeq ?? 0)) {
      this.#put.run({ ...after.order, crc: orderCrc(after.order) })
      return { lastSeq: after.lastSeq, said: null }
    }
    this.#remove.run({ id: order.id })
    const { done, left } = after.order
    const what = `association: ${done} rows put right${left > 0 ? `, ${left} could not be` : ''}`
    const said = { at: order.learnedAt, what, bed: order.bed ?? order.ofBed, stay: order.stay }
    return { lastSeq: after.lastSeq, said: done + left === 0 ? null : said }
  }

  /** Rows lie behind the mark of the minute in which the first of them can have come; the log ends where it ends now. */
  #begin(order: Order, lastSeq: number): Order {
    const span = seqsBetween(this.#db, order.fromAt - AHEAD_MS, null)
    return { ...order, atSeq: span?.firstSeq ?? lastSeq + 1, lastSeq }
  }

  #look(connection: Connection, order: Order, before: number): { readonly order: Order; readonly lastSeq: number } {
    const end = order.lastSeq ?? before
    const candidates = this.#candidates(order)
    const streams = new Map<string, number>(JSON.parse(order.streams))
    let atSeq = order.atSeq ?? end + 1
    let { done, left } = order
    let seq = before
    let rowsLeft: number = associationLimits.reissueRowsPerStepMax
    for (let blocks = 0; blocks < BLOCKS_PER_STEP_MAX && atSeq <= end && rowsLeft > 0; blocks++) {
      const block = Math.floor(atSeq / 256)
      const first = atSeq
      const isMeant = ({ seq: at, stream }: Place): boolean => at >= first && at <= end && candidates.get(stream)?.isRight === false
      const rows = this.#block.all({ block }).filter(isMeant).toSorted((a, b) => a.seq - b.seq)
      atSeq = (block + 1) * 256
      for (const row of rows) {
        if (rowsLeft-- === 0) {
          atSeq = row.seq
          break
        }
        const result = this.#putRight(connection, { order, row, stream: streams.get(candidates.get(row.stream)?.device ?? ''), seq })
        seq = result.seq
        if (result.kind === 'done') done++
        else if (result.kind === 'left') left++
      }
    }
    return { order: { ...order, atSeq, lastSeq: end, done, left }, lastSeq: seq }
  }

  /** The streams in which rows may lie that are meant; `isRight`: all in it is as it should be. */
  #candidates({ ofBed, ofDevice, bed, stay }: Order): ReadonlyMap<number, Candidate> {
    const rows = ofBed !== null
      ? this.#db.prepare<[{ bed: string }], StreamRow>(reissueQueries.STREAM_ROWS_OF_BED).all({ bed: ofBed })
      : this.#db.prepare<[{ device: string }], StreamRow>(reissueQueries.STREAM_ROWS_OF_DEVICE).all({ device: ofDevice ?? '' })
    return new Map(rows.filter((row) => row.crc === streamCrc(row)).map((row) => [row.id, { device: row.device, isRight: row.stay === stay && row.bed === bed }]))
  }

  #putRight(connection: Connection, { order, row, stream, seq }: Meant): { readonly kind: 'done' | 'left' | 'passed'; readonly seq: number } {
    if (this.#isSuperseded.get({ seq: row.seq })) return { kind: 'passed', seq }
    const found = this.#snapshot.get({ seq: row.seq })
    // Of what is damaged nobody can say when it was measured.
    if (!found || found.crc !== snapshotCrc(found)) return { kind: 'left', seq }
    const times = { receivedAt: wallMs(found.receivedAt), sentAt: found.sentAt === null ? null : wallMs(found.sentAt) }
    const meant: PackedReading[] = []
    const others: PackedReading[] = []
    for (const reading of unpackReadings(found.readings, times)) {
      const part = reading.correctedAt >= order.fromAt && reading.correctedAt < order.toAt ? meant : others
      part.push(reading)
    }
    if (meant.length === 0) return { kind: 'passed', seq }
    if (stream === undefined) return { kind: 'left', seq }
    const revision = (this.#revisionOf.get({ seq: row.seq })?.revision ?? 0) + 1
    let last = seq
    for (const part of [{ stream, readings: meant }, { stream: row.stream, readings: others }]) {
      if (part.readings.length === 0) continue
      last++
      this.#scratch.clear()
      packReadings(this.#scratch, { ...times, observations: part.readings }, (reading) => reading.series)
      const readings = this.#scratch.since(0).slice()
      const { receivedAt, sentAt } = found
      connection.addSnapshot.run(last, part.stream, receivedAt, sentAt, readings, snapshotCrc({ seq: last, stream: part.stream, receivedAt, sentAt, readings }))
      const written = { seq: last, supersedes: row.seq, revision }
      this.#addRevision.run({ ...written, crc: revisionCrc(written) })
    }
    return { kind: 'done', seq: last }
  }
}

/** For who looks at everything: orders that are not as they were written. */
export const isRightOrder = ({ crc, ...order }: OrderRow): boolean => crc === orderCrc(order)
export type { OrderRow }
