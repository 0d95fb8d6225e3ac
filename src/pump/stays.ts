/**
 * Stays as they follow from the ledger: each stretch of time in which one patient (or nobody known) held a bed has one. A stay
 * that is known keeps its id, and with it its limits, notes and alerts, for as long as it is the same patient's. Pure, but for
 * the `mint` of ids it is given.
 */

import { type Occupant, type OccupancyChange, isSamePerson } from '../domain/association.ts'
import type { AssociationLedger } from '../domain/association-ledger.ts'
import type { BedId, StayId } from '../domain/ids.ts'
import type { PatientIdentity } from '../domain/reading.ts'
import { populationOf } from '../domain/population.ts'
import { wallMs } from '../domain/time.ts'
import { associationLimits } from '../limits.ts'
import type { StayRecord } from '../seams.ts'
import { type Bed, freshContext } from './beds.ts'

/** One stay, and the time for which its bed was this patient's; `to` is Infinity while it is. `who`: his key in the ledger. */
type Entry = { record: StayRecord; who: string | null; from: number; to: number }

/** A stretch in which one patient held a bed, however well that was known; null: nobody who is known. */
type Stretch = { readonly from: number; to: number; readonly who: string | null }

/** Values of a bed in this time belong to this stay. */
export type Move = { readonly bed: BedId; readonly from: number; readonly to: number; readonly stay: StayId | null }

export type Settled = {
  /** Stays that read otherwise than before. */
  readonly written: readonly StayRecord[]
  readonly moves: readonly Move[]
  /** Who holds the bed now; null: nobody who is known, and nothing was heard of anybody. */
  readonly live: StayRecord | null
}

type Look = { readonly changes: readonly OccupancyChange[]; readonly now: number; /** How far back rows may be put right. */ readonly backTo: number }

const whoOf = (occupant: Occupant): string | null => (occupant.kind === 'patient' ? occupant.key : null)

export class StayBook {
  readonly #ledger: AssociationLedger
  readonly #entries = new Map<BedId, Entry[]>()
  readonly #mint: () => StayId

  constructor(ledger: AssociationLedger, of: { readonly restored: readonly StayRecord[]; readonly mint: () => StayId }) {
    this.#ledger = ledger
    this.#mint = of.mint
    for (const record of of.restored) this.#of(record.bed).push(this.#restored(record))
  }

  /** The stay that held a bed; null where none is known. */
  at(bed: BedId, at: number): StayRecord | null {
    return this.#of(bed).findLast(({ from, to }) => from <= at && at < to)?.record ?? null
  }

  /** The same; where it is known who lay there and no value of his came yet, his stay is made, and is to be written. */
  hold(bed: Bed, at: number, now: number): { readonly stay: StayRecord | null; readonly isNew: boolean } {
    const known = this.at(bed.id, at)
    if (known) return { stay: known, isNew: false }
    const stretch = this.#stretchAt(bed.id, at)
    return stretch.who === null ? { stay: null, isNew: false } : { stay: this.#entryFor(bed, stretch, { now, isHeard: false }).record, isNew: true }
  }

  /** Since when the one who held a bed then did; -Infinity where nothing is known of before. */
  since(bed: BedId, at: number): number {
    return this.#stretchAt(bed, at).from
  }

  count(bed: BedId): number {
    return this.#of(bed).length
  }

  /** The stay that the same patient had in another bed until this one began, give or take `withinMs`; null: none. */
  movedFrom({ id, bed, identity, openedAt }: StayRecord, withinMs: number): StayRecord | null {
    if (identity === null) return null
    let last: StayRecord | null = null
    for (const entries of this.#entries.values()) {
      for (const { record } of entries) {
        if (record.id === id || record.bed === bed || record.closedAt === null || record.identity === null) continue
        if (Math.abs(openedAt - record.closedAt) > withinMs || !isSamePerson(record.identity, identity)) continue
        const lastAt = last?.closedAt ?? null
        if (lastAt === null || record.closedAt > lastAt) last = record
      }
    }
    return last
  }

  /** What was said of a stay, or of its patient. */
  put(record: StayRecord): void {
    const entry = this.#of(record.bed).find((candidate) => candidate.record.id === record.id)
    if (entry) entry.record = record
  }

  /** A stay for values of a bed whose patient nobody knows; the one of a patient where he is known. */
  open(bed: Bed, now: number): StayRecord {
    return this.#entryFor(bed, this.#stretchAt(bed.id, now), { now, isHeard: true }).record
  }

  /** After the ledger has learned something of this bed. */
  settle(bed: Bed, { changes, now, backTo }: Look): Settled {
    const entries = this.#of(bed.id)
    const before = new Map(entries.map(({ record }) => [record.id, record]))
    const stretches = this.#stretches(bed.id)
    const isTouched = (from: number, to: number): boolean => changes.some((change) => change.from < to && change.to > from)
    const matched = this.#match(bed, stretches, now)
    for (const entry of entries) {
      if (matched.has(entry) || !isTouched(entry.from, entry.to)) continue
      // It held the bed for no time at all, as is known now.
      const closedAt = entry.record.closedAt ?? wallMs(Math.max(entry.record.openedAt, Math.min(now, ...changes.map(({ from }) => from))))
      Object.assign(entry, { from: closedAt, to: closedAt, record: { ...entry.record, closedAt } })
    }
    const current = this.#stretchAt(bed.id, now)
    const moves: Move[] = []
    for (const stretch of stretches) {
      const isCurrent = stretch.from === current.from
      const spans = changes.flatMap((change) => {
        const from = Math.max(change.from, stretch.from, backTo, bed.rowsFrom)
        const to = Math.min(change.to, stretch.to)
        return from < to && from <= bed.rowsTo ? [{ from, to }] : []
      })
      if (spans.length === 0 && !(isCurrent && stretch.who !== null)) continue
      const { record } = this.#entryFor(bed, stretch, { now, isHeard: false })
      moves.push(...spans.map((span) => ({ bed: bed.id, ...span, stay: record.id })))
    }
    this.#trim(bed.id)
    const written = this.#of(bed.id).flatMap(({ record }) => (before.get(record.id) === record ? [] : [record]))
    return { written, moves, live: this.#of(bed.id).find(({ record, from }) => record.closedAt === null && from === current.from)?.record ?? null }
  }

  // ── who is who ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Each stretch takes the stay that is already its patient's; one that nobody was known for takes the name of who lay there all the time. */
  #match(bed: Bed, stretches: readonly Stretch[], now: number): ReadonlySet<Entry> {
    const taken = new Set<Entry>()
    const entries = this.#of(bed.id)
    const endOf = ({ record }: Entry): number => record.closedAt ?? Math.max(now, record.openedAt) + 1
    const overlap = (entry: Entry, { from, to }: Stretch): number => Math.min(to, endOf(entry)) - Math.max(from, entry.record.openedAt)
    const isLive = ({ record }: Entry): number => Number(record.id === bed.stay?.id)
    const bestOf = (some: readonly Entry[], stretch: Stretch): Entry | undefined =>
      some.toSorted((a, b) => isLive(b) - isLive(a) || overlap(b, stretch) - overlap(a, stretch))[0]
    for (const stretch of stretches) {
      const isNear = (entry: Entry): boolean => overlap(entry, stretch) > (entry.record.closedAt === null ? -1 : 0)
      const best = bestOf(entries.filter((entry) => !taken.has(entry) && this.#isOf(entry, stretch.who) && isNear(entry)), stretch)
      if (best) {
        taken.add(best)
        this.#fit(best, stretch, now)
      }
    }
    for (const stretch of stretches) {
      if (stretch.who === null || [...taken].some((entry) => this.#isFor(entry, stretch))) continue
      const isWithin = ({ record }: Entry): boolean => record.openedAt >= stretch.from && (record.closedAt ?? now) <= stretch.to
      const best = bestOf(entries.filter((entry) => !taken.has(entry) && entry.who === null && isWithin(entry)), stretch)
      if (best) {
        taken.add(best)
        this.#fit(best, stretch, now)
      }
    }
    return taken
  }

  #entryFor(bed: Bed, stretch: Stretch, { now, isHeard }: { readonly now: number; /** Values came just now. */ readonly isHeard: boolean }): Entry {
    const entries = this.#of(bed.id)
    const known = entries.find((entry) => this.#isFor(entry, stretch))
    if (known) return known
    const openedAt = Number.isFinite(stretch.from) && !(isHeard && stretch.who === null) ? stretch.from : Math.min(now, stretch.to)
    const identity = stretch.who === null ? null : this.#ledger.identityOf(stretch.who)
    const context = freshContext(populationOf(identity?.bornOn, bed.population, wallMs(openedAt)))
    const record: StayRecord = { id: this.#mint(), bed: bed.id, identity, openedAt: wallMs(openedAt), closedAt: null, context }
    const entry: Entry = { record, ...stretch }
    entries.push(entry)
    this.#fit(entry, stretch, now)
    return entry
  }

  /** Gives a stay the time and the name of its stretch. The record stays the same object where nothing changes. */
  #fit(entry: Entry, { from, to, who }: Stretch, now: number): void {
    Object.assign(entry, { who, from, to })
    const { record } = entry
    const openedAt = !Number.isFinite(from) ? record.openedAt : who === null ? Math.max(record.openedAt, from) : from
    const closedAt = to <= now ? to : null
    const identity = who === null ? null : (this.#ledger.identityOf(who) ?? record.identity)
    if (openedAt === record.openedAt && closedAt === record.closedAt && isSameIdentity(identity, record.identity)) return
    entry.record = { ...record, identity, openedAt: wallMs(openedAt), closedAt: closedAt === null ? null : wallMs(Math.max(closedAt, openedAt)) }
  }

  #isFor(entry: Entry, stretch: Stretch): boolean {
    return entry.from === stretch.from && entry.to === stretch.to && this.#isOf(entry, stretch.who)
  }

  #restored(record: StayRecord): Entry {
    const { identity } = record
    const until = record.closedAt ?? Infinity
    const isHis = (who: string | null): boolean => {
      const known = who === null ? null : ledger.identityOf(who)
      return identity === null ? who === null : known !== null && isSamePerson(known, identity)
    }
    const ledger = this.#ledger
    const stretch = this.#stretches(record.bed).find(({ from, to, who }) => from < until && to > record.openedAt && isHis(who))
    // What is over keeps its own time: several may lie in one stretch.
    if (stretch && until === Infinity) return { record, ...stretch }
    if (stretch) return { record, who: stretch.who, from: Math.max(record.openedAt, stretch.from), to: Math.min(until, stretch.to) }
    return { record, who: identity === null ? null : ledger.keyAt(record.bed, identity), from: record.openedAt, to: until }
  }

  #isOf(entry: Entry, who: string | null): boolean {
    return entry.who === null || who === null ? entry.who === who : this.#ledger.keyNow(entry.who) === who
  }

  // ── stretches ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #stretches(bed: BedId): readonly Stretch[] {
    const stretches: Stretch[] = []
    for (const { from, to, occupant } of this.#ledger.segments(bed)) {
      const last = stretches.at(-1)
      const who = whoOf(occupant)
      if (last && last.who === who) last.to = to
      else stretches.push({ from, to, who })
    }
    return stretches
  }

  #stretchAt(bed: BedId, at: number): Stretch {
    return this.#stretches(bed).findLast(({ from }) => from <= at) ?? { from: -Infinity, to: Infinity, who: null }
  }

  #of(bed: BedId): Entry[] {
    const known = this.#entries.get(bed)
    if (known) return known
    const entries: Entry[] = []
    this.#entries.set(bed, entries)
    return entries
  }

  /** The oldest that are over go. */
  #trim(bed: BedId): void {
    const entries = this.#of(bed)
    for (let excess = entries.length - associationLimits.staysPerBedMax; excess > 0; excess--) {
      const oldest = entries.filter(({ record }) => record.closedAt !== null).toSorted((a, b) => a.record.openedAt - b.record.openedAt)[0]
      if (!oldest) return
      entries.splice(entries.indexOf(oldest), 1)
    }
  }
}

export const isSameIdentity = (one: PatientIdentity | null, other: PatientIdentity | null): boolean =>
  one === other || (one !== null && other !== null && one.mrn === other.mrn && one.name === other.name && one.bornOn === other.bornOn && one.sex === other.sex)
