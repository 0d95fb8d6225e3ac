/** The ledger: all facts that are known, and what follows from them for any bed, any time, and what was known at any time. Pure. */

import type { Dispute, Fact, Occupant, OccupancyChange, Segment } from './association.ts'
import { isOfKind } from './association-corrections.ts'
import { AssociationFold, type Person, type Word } from './association-fold.ts'
import type { BedId, DeviceId } from './ids.ts'
import type { PatientIdentity } from './reading.ts'

const UNKNOWN_BED: readonly Segment[] = [{ from: -Infinity, to: Infinity, occupant: { kind: 'unassigned', why: 'nobody' } }]

export class AssociationLedger {
  readonly #beds: readonly BedId[]
  readonly #facts = new Map<number, Fact>()
  #fold: AssociationFold
  /** Whom the registry has in each bed, as of the last fact; null until somebody asks. */
  #registered: ReadonlyMap<BedId | null | undefined, readonly Person[]> | null = null

  constructor(beds: readonly BedId[], facts: readonly Fact[] = []) {
    this.#beds = beds
    for (const fact of facts) this.#facts.set(fact.id, fact)
    this.#fold = new AssociationFold(beds, facts)
  }

  get size(): number {
    return this.#facts.size
  }

  facts(): IterableIterator<Fact> {
    return this.#facts.values()
  }

  fact(id: number): Fact | undefined {
    return this.#facts.get(id)
  }

  /** Adds a fact, and says of which beds and times another now lies there than was believed before. */
  learn(fact: Fact): readonly OccupancyChange[] {
    const before = new Map(this.#beds.map((bed) => [bed, this.segments(bed).slice()]))
    this.#facts.set(fact.id, fact)
    this.#registered = null
    if (!this.#fold.append(fact)) this.#fold = new AssociationFold(this.#beds, [...this.#facts.values()])
    return this.#beds.flatMap((bed) => changesOf(bed, { before: before.get(bed) ?? UNKNOWN_BED, after: this.segments(bed), keyNow: (key) => this.keyNow(key) }))
  }

  /** Facts that need not be known any more. Says nothing of beds: what was decided with them stands. */
  forget(ids: Iterable<number>): void {
    for (const id of ids) this.#facts.delete(id)
    this.#registered = null
    this.#fold = new AssociationFold(this.#beds, [...this.#facts.values()])
  }

  /** As it was known then. */
  asKnown(at: number): AssociationLedger {
    return new AssociationLedger(this.#beds, [...this.#facts.values()].filter(({ learnedAt }) => learnedAt <= at))
  }

  /** Without a gap, in their order. */
  segments(bed: BedId): readonly Segment[] {
    return this.#fold.beds.get(bed)?.segments ?? UNKNOWN_BED
  }

  segmentAt(bed: BedId, at: number): Segment {
    const segments = this.segments(bed)
    let low = 0
    for (let high = segments.length - 1; low < high; ) {
      const middle = Math.ceil((low + high) / 2)
      if ((segments[middle]?.from ?? Infinity) <= at) low = middle
      else high = middle - 1
    }
    return segments[low] ?? { from: -Infinity, to: Infinity, occupant: { kind: 'unassigned', why: 'nobody' } }
  }

  occupantAt(bed: BedId, at: number): Occupant {
    return this.segmentAt(bed, at).occupant
  }

  identityOf(key: string): PatientIdentity | null {
    return this.#fold.persons.get(key)?.identity ?? null
  }

  keyOf(identity: PatientIdentity): string {
    return this.#fold.keyOf(identity)
  }

  /** The key that a key of before is now, after numbers were merged. */
  keyNow(key: string): string {
    const mrn = this.#fold.corrections.numberOf(key)
    return mrn === null ? key : this.#fold.keyOf({ mrn, name: null })
  }

  /** Whom a fact is about; null for those that are about other facts or a bed. */
  keyOfFact(fact: Fact): string | null {
    return this.#fold.keyOfFact(fact)
  }

  /** Whom each device named last, and where. */
  lastWords(): ReadonlyMap<DeviceId, Word> {
    return new Map([...this.#fold.words].flatMap(([device, words]) => words.slice(-1).map((word) => [device, word] as const)))
  }

  /** Whether it was said before, by a sender that heard no answer; not where it was taken back since, or says again what was. */
  isKnown({ source, effectiveAt, body }: Pick<Fact, 'source' | 'effectiveAt' | 'body'>): boolean {
    let said: Fact | null = null
    for (const fact of this.#facts.values()) {
      if (fact.effectiveAt !== effectiveAt || fact.source !== source || fact.body.kind !== body.kind) continue
      if (JSON.stringify(fact.body) === JSON.stringify(body)) said = fact
    }
    if (said === null) return false
    const { corrections } = this.#fold
    if (body.kind !== 'cancelled') return source !== 'adt' || !corrections.isVoid(said)
    const [{ id }, key] = [said, this.#fold.keyOfFact(said)]
    const isMeant = (fact: Fact): boolean => isOfKind(fact, body.what) && this.#fold.keyOfFact(fact) === key
    return ![...this.#facts.values()].some((fact) => fact.id > id && isMeant(fact) && !corrections.isVoid(fact))
  }

  /** Whether anything is known of this patient. */
  knows(identity: PatientIdentity): boolean {
    return this.#fold.persons.has(this.#fold.keyOf(identity))
  }

  /** Whether it says nothing that is not known: registries tell of a patient many times a day. */
  isNoNews({ body, effectiveAt }: Pick<Fact, 'body' | 'effectiveAt'>): boolean {
    if (body.kind !== 'described' && !(body.kind === 'placed' && body.how === 'updated')) return false
    const person = this.#fold.persons.get(this.#fold.keyOf(body.patient, body.visit))
    if (!person || effectiveAt < person.lastAt || (body.kind === 'placed' && person.registered !== body.bed)) return false
    if (body.erased !== undefined) return false
    const { identity } = person
    const { name, bornOn = identity.bornOn, sex = identity.sex } = body.patient
    return (name === null || name === identity.name) && bornOn === identity.bornOn && sex === identity.sex
  }

  /** The bed in which a patient lay; null where none is known. */
  bedOf(key: string, at: number): BedId | null {
    return this.#beds.find((bed) => {
      const occupant = this.occupantAt(bed, at)
      return occupant.kind === 'patient' && occupant.key === key
    }) ?? null
  }

  /** Whom a device names at a bed, as a key. */
  keyAt(bed: BedId | null, identity: PatientIdentity): string {
    return this.#fold.keyAt(bed, identity)
  }

  /** Whom a device had named last at that time, and where; undefined where nobody. */
  wordAt(device: DeviceId, at: number): Word | undefined {
    return this.#fold.words.get(device)?.findLast((word) => word.at <= at)
  }

  /** Whom a device named, in the order of time. */
  wordsOf(device: DeviceId): readonly Word[] {
    return this.#fold.words.get(device) ?? []
  }

  /** The next time after which another lies somewhere, by what is planned; Infinity where nothing is. */
  nextChangeAfter(at: number): number {
    let next = Infinity
    for (const bed of this.#beds) {
      const { to } = this.segmentAt(bed, at)
      next = Math.min(next, to)
    }
    return next
  }

  /** Typed, and neither confirmed nor taken back. */
  proposals(bed: BedId): readonly Fact[] {
    const answered = new Set([...this.#facts.values()].flatMap(({ body }) => (body.kind === 'confirmed' || body.kind === 'withdrawn' ? [body.of] : [])))
    return [...this.#facts.values()].filter(({ id, source, body }) => source === 'hand' && body.kind === 'placed' && body.bed === bed && !answered.has(id))
  }

  /** What does not fit together in a bed. `devices`: those that name somebody there just now. */
  disputes(bed: BedId, at: number, devices: Iterable<DeviceId>): readonly Dispute[] {
    const occupant = this.occupantAt(bed, at)
    // Asked of every bed once a second: not everybody is looked at for each.
    this.#registered ??= Map.groupBy([...this.#fold.persons.values()].filter((person) => !person.isDenied && !person.isAway), (person) => person.registered)
    const registered = this.#registered.get(bed) ?? []
    const found: Dispute[] = []
    if (occupant.kind === 'unassigned' && occupant.why === 'disputed') found.push({ kind: 'two-patients', bed })
    if (occupant.kind === 'patient' && occupant.standing === 'confirmed') found.push(...this.#against(occupant.key, bed, registered))
    const known = occupant.kind === 'patient' && occupant.standing !== 'asserted' ? [occupant.key] : registered.map(({ key }) => key)
    for (const device of devices) {
      const word = this.#fold.words.get(device)?.at(-1)
      if (word?.bed === bed && known.length > 0 && !known.includes(this.keyNow(word.key))) found.push({ kind: 'monitor-names-another', bed, device })
    }
    return found
  }

  #against(key: string, bed: BedId, registered: readonly Person[]): readonly Dispute[] {
    if (registered.some((person) => person.key !== key)) return [{ kind: 'registry-has-another', bed }]
    const person = this.#fold.persons.get(key)
    if (!person || person.registered === bed || (person.registered === undefined && !person.isGone)) return []
    return [{ kind: 'registry-has-elsewhere', bed, elsewhere: person.registered ?? null }]
  }

  /**
   * Facts that are over since `before`, or else the oldest of those who lie here no more until `atMost` are left: of patients
   * in no bed, and of nobody in particular. All of one patient's or none; never those without which somebody else would come back.
   */
  due(before: number, atMost: number): readonly number[] {
    const groups = this.#over(before)
    const old = groups.filter(({ lastAt }) => lastAt <= before)
    let excess = this.#facts.size - old.reduce((sum, { ids }) => sum + ids.length, 0) - atMost
    const young = groups.filter(({ lastAt }) => lastAt > before).toSorted((a, b) => a.lastAt - b.lastAt).filter(({ ids }) => {
      const isTooMany = excess > 0
      if (isTooMany) excess -= ids.length
      return isTooMany
    })
    return this.#harmless([...old, ...young]).flatMap(({ ids }) => ids)
  }

  /** Facts about those who are not here, by patient; what was said of a proposal goes with it. */
  #over(before: number): readonly Group[] {
    const here = new Set([...this.#fold.beds.values()].flatMap(({ asserted }) => asserted?.key ?? []))
    const spoken = this.lastWords()
    for (const { key, bed, isAway, registered } of this.#fold.persons.values()) if (bed !== null || isAway || (registered ?? null) !== null) here.add(key)
    const groups = new Map<string, { readonly key: string | null; readonly ids: number[]; lastAt: number }>()
    for (const fact of this.#facts.values()) {
      const { body } = fact
      const about = 'of' in body ? this.#facts.get(body.of) : fact
      const key = about ? this.#fold.keyOfFact(about) : null
      // What a device says now is compared with what it says next.
      if (key !== null && body.kind === 'asserted' && body.device !== null && spoken.get(body.device)?.key === key && fact.effectiveAt > before) here.add(key)
      const group = groups.get(key ?? `${fact.id}`)
      const lastAt = (key === null ? undefined : this.#fold.persons.get(key)?.lastAt) ?? fact.effectiveAt
      if (group) group.ids.push(fact.id)
      else groups.set(key ?? `${fact.id}`, { key, ids: [fact.id], lastAt })
    }
    return [...groups.values()].filter(({ key }) => key === null || !here.has(key))
  }

  /** Without those by which somebody who is remembered does not lie where he was said to. */
  #harmless(groups: readonly Group[]): readonly Group[] {
    const going = new Set(groups.map(({ key }) => key))
    const held = new Set([...this.#fold.persons.values()].flatMap(({ key, outBy }) => (outBy === null || going.has(key) ? [] : [outBy])))
    const left = groups.filter(({ ids }) => !ids.some((id) => held.has(id)))
    return left.length === groups.length ? left : this.#harmless(left)
  }
}

/** Facts about one patient, or one that is about nobody in particular. */
type Group = { readonly key: string | null; readonly ids: readonly number[]; readonly lastAt: number }

type Lines = { readonly before: readonly Segment[]; readonly after: readonly Segment[]; readonly keyNow: (key: string) => string }

/** Stretches of time in which somebody else lay there than was believed; how well it is known does not matter. */
function changesOf(bed: BedId, { before, after, keyNow }: Lines): readonly OccupancyChange[] {
  const changes: OccupancyChange[] = []
  let at = -Infinity
  for (let one = 0, other = 0; one < before.length && other < after.length; ) {
    const was = before[one]
    const is = after[other]
    if (!was || !is) break
    const to = Math.min(was.to, is.to)
    if (whoOf(was.occupant, keyNow) !== whoOf(is.occupant, keyNow) && to > at) {
      const last = changes.at(-1)
      if (last && last.to === at) changes[changes.length - 1] = { ...last, to }
      else changes.push({ bed, from: at, to })
    }
    if (was.to === to) one++
    if (is.to === to) other++
    at = to
  }
  return changes
}

const whoOf = (occupant: Occupant, keyNow: (key: string) => string): string | null => (occupant.kind === 'patient' ? keyNow(occupant.key) : null)
