/**
 * Rows that were sent and turn out to be another patient's. An event holds a minute of one subject and metric, so one wrong row in it takes the whole
 * event back; what is left of it goes again, one revision on. Which event that was is not stored but told again from the rows that were cut with it.
 *
 * Rows that were never sent need nothing of this: their new rows are sent, and that is all.
 */

import { createHash } from 'node:crypto'
import type { KnownCut } from '../domain/batch.ts'
import type { StayId } from '../domain/ids.ts'
import type { LoggedRow } from '../seams.ts'
import type { TakenBack } from './hospital.ts'
import type { Surrogates } from './ledger.ts'
import { type Column, type Group, groupsOf } from './vital-groups.ts'

export const CORRECTION_REASONS = ['wrong-patient', 'wrong-device', 'wrong-time'] as const
export type CorrectionReason = (typeof CORRECTION_REASONS)[number]

/** A row that took the place of another. */
export type Revised = Extract<LoggedRow, { kind: 'snapshot' }> & { readonly supersedes: number; readonly revision: number }
export const isRevised = (row: LoggedRow): row is Revised => row.kind === 'snapshot' && row.supersedes !== undefined && row.revision !== undefined

/** An event that central holds, and that is not true any more. */
export type Withdrawn = {
  readonly group: Group
  /** Of the key. */
  readonly epoch: string
  /** What central holds of it is this revision. */
  readonly revision: number
  readonly gone: readonly Column[]
  readonly left: { readonly columns: readonly Column[]; readonly revision: number }
  /** Whose the values are now; null: nobody's. Of several, that of the first row. */
  readonly to: StayId | null
  readonly reason: CorrectionReason
  /** Of the rows that took the place. */
  readonly firstSeq: number
  readonly lastSeq: number
}

/** Where a value stood before: the event that held it. */
export type Before = { readonly group: Group; readonly epoch: string; readonly revision: number }

export type Amendments = {
  readonly withdrawn: readonly Withdrawn[]
  /** Of a column of a revised row, by `placeOf` of the row whose place it took; undefined: that was never sent. */
  readonly before: ReadonlyMap<string, Before>
  readonly cuts: readonly { readonly id: number; readonly passed: KnownCut['passed'] }[]
  /** Rows that were sent, and of which nobody can tell in which event. */
  readonly untold: number
  readonly cutOf: (seq: number) => number
}

export const NO_AMENDMENTS: Amendments = { withdrawn: [], before: new Map(), cuts: [], untold: 0, cutOf: () => 0 }

export const placeOf = (seq: number, { metric, sensor }: Pick<Group, 'metric' | 'sensor'>): string => `${seq} ${metric.id} ${sensor}`

/** By what the groups of a cut are told to be the same again, when they are made again; empty where there are none. */
export function digestOf(groups: readonly Group[]): string {
  if (groups.length === 0) return ''
  const lineOf = ({ stay, device, metric, ordinal, firstSeq, lastSeq, columns }: Group): string =>
    `${stay}\u0000${device}\u0000${metric.id}\u0000${ordinal}\u0000${firstSeq}-${lastSeq}\u0000${columns.length}\n`
  return createHash('sha256').update(groups.map(lineOf).join('')).digest('hex').slice(0, 16)
}

export type Sent = {
  /** The cut that holds this row; null: none is known. */
  readonly cutHolding: (seq: number) => KnownCut | null
  /** Whether the row may have been sent by a cut that is not known. */
  readonly isBehind: (seq: number) => boolean
  /** All rows of the log from one number to another. */
  readonly rowsOf: (seqFrom: number, seqTo: number) => readonly LoggedRow[]
  readonly sensors: Pick<Surrogates, 'sensorOf'>
}

/** The cut with which the row was sent; null: it was not, or nobody knows any more. */
function sentIn({ cutHolding }: Pick<Sent, 'cutHolding'>, seq: number): KnownCut | null {
  const cut = cutHolding(seq)
  return cut === null || cut.passed[0]?.includes(seq) === true ? null : cut
}

const cutOfIn = (sent: Pick<Sent, 'cutHolding'>) => (seq: number): number => sentIn(sent, seq)?.seqFrom ?? 0

/** It was sent, and what it was cut with is not known any more: nobody can be told what to take back. */
const isUntold = (sent: Sent, seq: number): boolean => sent.cutHolding(seq) === null && sent.isBehind(seq) && isSent(sent, seq)

type ByCut = { readonly cut: KnownCut; readonly revised: Revised[] }

/** What is to be said of the rows of a new cut that took the place of others. */
export function amendmentsOf(rows: readonly LoggedRow[], sent: Sent): Amendments {
  const byCut = new Map<number, ByCut>()
  let untold = 0
  for (const row of rows) {
    if (!isRevised(row)) continue
    const cut = sentIn(sent, row.supersedes)
    if (cut === null) {
      if (isUntold(sent, row.supersedes)) untold++
    } else {
      const known = byCut.get(cut.id)
      if (known) known.revised.push(row)
      else byCut.set(cut.id, { cut, revised: [row] })
    }
  }
  if (byCut.size === 0) return { ...NO_AMENDMENTS, untold }
  const cutOf = cutOfIn(sent)
  const withdrawn: Withdrawn[] = []
  const before = new Map<string, Before>()
  const cuts: { readonly id: number; readonly passed: KnownCut['passed'] }[] = []
  for (const one of byCut.values()) {
    const found = ofCut(one, sent)
    if (found === null) {
      untold += one.revised.length
      continue
    }
    withdrawn.push(...found.withdrawn)
    for (const [place, was] of found.before) before.set(place, was)
    if (found.passed.length > one.cut.passed.length) cuts.push({ id: one.cut.id, passed: found.passed })
  }
  return { withdrawn, before, cuts, untold, cutOf }
}

/** Of nobody's row nothing was sent. */
const isSent = ({ rowsOf }: Sent, seq: number): boolean => rowsOf(seq, seq).some((row) => row.kind === 'snapshot' && row.snapshot.stay !== null)

type OfCut = { readonly withdrawn: readonly Withdrawn[]; readonly before: ReadonlyMap<string, Before>; readonly passed: KnownCut['passed'] }

/** null: the rows do not give what they gave then. */
function ofCut({ cut, revised }: ByCut, sent: Sent): OfCut | null {
  const { epoch, seqFrom, seqTo, digest, passed } = cut
  const leftOut = new Set(passed[0])
  const rows = sent.rowsOf(seqFrom, seqTo).filter(({ seq }) => !leftOut.has(seq)).map(asCut)
  const groups = groupsOf(rows, { sensors: sent.sensors, cutOf: cutOfIn(sent) })
  if (digestOf(groups) !== digest) return null

  const roundOf = new Map(passed.flatMap((seqs, round) => seqs.map((seq): [number, number] => [seq, round])))
  const firstOf = new Map<number, Revised>()
  for (const row of revised) if (!firstOf.has(row.supersedes)) firstOf.set(row.supersedes, row)
  const round = passed.length
  const fresh = [...firstOf.keys()].filter((seq) => !roundOf.has(seq))
  for (const seq of fresh) roundOf.set(seq, round)

  const old = new Map(rows.map((row) => [row.seq, row]))
  const before = new Map<string, Before>()
  const withdrawn: Withdrawn[] = []
  for (const group of groups) {
    if (!group.columns.some(({ seq }) => firstOf.has(seq))) continue
    const rounds = group.columns.map(({ seq }) => roundOf.get(seq) ?? 0)
    const revisionBefore = (limit: number): number => group.revision + Math.max(0, ...rounds.filter((one) => one < limit))
    for (const { seq } of group.columns) if (firstOf.has(seq)) before.set(placeOf(seq, group), { group, epoch, revision: revisionBefore(roundOf.get(seq) ?? round) })
    const gone = group.columns.filter(({ seq }) => roundOf.get(seq) === round)
    const [first] = gone
    const by = first && firstOf.get(first.seq)
    if (!first || !by) continue
    const seqs = gone.flatMap(({ seq }) => firstOf.get(seq)?.seq ?? [])
    withdrawn.push({
      group, epoch, gone, revision: revisionBefore(round), to: by.snapshot.stay, reason: reasonOf(old.get(first.seq), by),
      left: { columns: group.columns.filter(({ seq }) => !roundOf.has(seq)), revision: group.revision + round },
      firstSeq: Math.min(...seqs), lastSeq: Math.max(...seqs),
    })
  }
  return { withdrawn, before, passed: fresh.length === 0 ? passed : [...passed, fresh] }
}

export type TakenBackRows = { readonly takenBack: readonly TakenBack[]; readonly cuts: Amendments['cuts']; readonly untold: number }

/** The same where each value went alone: rows that were sent, with the first that took the place of each. */
export function takenBackOf(rows: readonly LoggedRow[], sent: Sent): TakenBackRows {
  const takenBack: TakenBack[] = []
  const cuts = new Map<number, { readonly id: number; passed: readonly (readonly number[])[]; readonly back: number[] }>()
  let untold = 0
  for (const row of rows) {
    if (!isRevised(row)) continue
    const cut = sentIn(sent, row.supersedes)
    if (cut === null) {
      if (isUntold(sent, row.supersedes)) untold++
      continue
    }
    const known = cuts.get(cut.id) ?? { id: cut.id, passed: cut.passed, back: [] }
    cuts.set(cut.id, known)
    if (known.back.includes(row.supersedes) || known.passed.some((round) => round.includes(row.supersedes))) continue
    known.back.push(row.supersedes)
    for (const was of sent.rowsOf(row.supersedes, row.supersedes)) takenBack.push({ row: was, epoch: cut.epoch, afterSeq: row.seq })
  }
  return { takenBack, untold, cuts: [...cuts.values()].flatMap(({ id, passed, back }) => (back.length === 0 ? [] : [{ id, passed: [...passed, back] }])) }
}

/** As it was when it was cut: what took its place came later. */
const asCut = (row: LoggedRow): LoggedRow => {
  if (row.kind === 'event' || row.isSuperseded === undefined) return row
  const { isSuperseded: _later, ...then } = row
  return then
}

function reasonOf(was: LoggedRow | undefined, { snapshot }: Revised): CorrectionReason {
  if (was?.kind !== 'snapshot' || was.snapshot.stay !== snapshot.stay) return 'wrong-patient'
  return was.snapshot.device === snapshot.device ? 'wrong-time' : 'wrong-device'
}
