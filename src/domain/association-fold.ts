/**
 * The fold over facts: in the order in which they were true, from which follows who lay in which bed at any time, as far as it
 * is known. Pure; facts may come in any order, and the same set of them gives the same answer.
 */

import type { Erased, Fact, FactBody, Occupant, Segment, Standing } from './association.ts'
import { isSamePerson, personOf } from './association.ts'
import { type Corrections, correctionsOf } from './association-corrections.ts'
import type { BedId, DeviceId } from './ids.ts'
import type { PatientIdentity } from './reading.ts'

export type Person = {
  readonly key: string
  identity: PatientIdentity
  /** Where he is believed to lie. */
  bed: BedId | null
  standing: Exclude<Standing, 'asserted'>
  /** The registry's word: a bed, null for elsewhere, undefined where it says nothing, or no more. */
  registered: BedId | null | undefined
  /** The registry says that he is gone. */
  isGone: boolean
  isAway: boolean
  /** What the registry says of his bed was denied by somebody who stood there. */
  isDenied: boolean
  /** The fact about somebody else, or the bed, by which he does not lie where he was said to: without it he would come back. */
  outBy: number | null
  /** The last time that a fact of him was true from. */
  lastAt: number
}

export type Word = { readonly at: number; readonly key: string; readonly bed: BedId | null }

type BedState = { readonly persons: Set<Person>; asserted: { readonly key: string; readonly device: DeviceId | null } | null; readonly segments: Segment[] }

const NOBODY: Occupant = { kind: 'unassigned', why: 'nobody' }
const DISPUTED: Occupant = { kind: 'unassigned', why: 'disputed' }
const EMPTY: Segment = { from: -Infinity, to: Infinity, occupant: NOBODY }

function isSameOccupant(one: Occupant, other: Occupant): boolean {
  if (one.kind === 'unassigned') return other.kind === 'unassigned' && one.why === other.why
  return other.kind === 'patient' && one.key === other.key && one.standing === other.standing
}

export class AssociationFold {
  readonly persons = new Map<string, Person>()
  readonly beds = new Map<BedId, BedState>()
  /** Whom each device named, at which bed, in the order of time. */
  readonly words = new Map<DeviceId, Word[]>()
  readonly corrections: Corrections
  /** Of whom devices spoke, by fact: what they say means somebody else at another bed. */
  readonly #meant = new Map<number, string>()
  #lastAt = -Infinity
  /** The fact that is folded in. */
  #current = 0

  /** `facts` in any order. */
  constructor(beds: readonly BedId[], facts: readonly Fact[]) {
    for (const bed of beds) this.beds.set(bed, { persons: new Set(), asserted: null, segments: [EMPTY] })
    const ordered = facts.toSorted(inOrder)
    this.corrections = correctionsOf(ordered)
    for (const fact of ordered) this.#apply(fact)
  }

  /** True where the fact is newer than all others and changes nothing of them: then it is folded in. Else a fold has to be made anew. */
  append(fact: Fact): boolean {
    if (fact.effectiveAt <= this.#lastAt || fact.source === 'hand' || IS_RETROACTIVE[fact.body.kind]) return false
    this.#apply(fact)
    return true
  }

  keyOf(identity: PatientIdentity, visit: string | null = null): string {
    return this.corrections.keyOf(identity, visit)
  }

  /** Whom a fact is about; null for those that are about other facts or a bed. */
  keyOfFact({ id, body }: Fact): string | null {
    const identity = personOf(body)
    return identity === null ? null : (this.#meant.get(id) ?? this.keyOf(identity, 'visit' in body ? body.visit : null))
  }

  // ── one fact ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #apply(fact: Fact): void {
    const { body, effectiveAt: at } = fact
    this.#current = fact.id
    // What is cancelled may still come, and what followed from it.
    this.#lastAt = Math.max(this.#lastAt, body.kind === 'cancelled' ? fact.learnedAt : at)
    if (this.corrections.isVoid(fact)) {
      const bed = this.corrections.instead.get(fact.id)
      const identity = personOf(body)
      if (bed !== undefined && identity) this.#registered(this.#person(identity, 'visit' in body ? body.visit : null, at), bed, 'admitted', at)
      return
    }
    switch (body.kind) {
      case 'placed':
        return this.#placed(body, at)
      case 'described':
        return erase(this.#person(body.patient, body.visit, at), body.erased)
      case 'discharged':
        return this.#discharged(this.#person(body.patient, body.visit, at), at)
      case 'away':
        return this.#away(this.#person(body.patient, body.visit, at), at)
      case 'returned': {
        const person = this.#person(body.patient, body.visit, at)
        const bed = body.bed ?? person.registered ?? null
        person.isAway = false
        person.registered = undefined
        return this.#registered(person, bed, 'transferred', at)
      }
      case 'cancelled':
        return this.#cancelsNothing(body, at)
      case 'asserted':
        return void this.#meant.set(fact.id, this.#asserted(body, at))
      case 'unassigned':
        return this.#cleared(body.bed, at)
      // They were looked at before, for they have no time of their own.
      case 'merged':
      case 'visit-moved':
        return void this.#person(body.patient, null, at)
      case 'confirmed':
      case 'withdrawn':
        return
    }
  }

  #placed({ how, patient, visit, bed, erased }: Extract<FactBody, { kind: 'placed' }>, at: number): void {
    const person = this.#person(patient, visit, at)
    erase(person, erased)
    if (how === 'seen') this.#seen(person, bed, at)
    else this.#registered(person, bed, how, at)
  }

  /** What the registry says again is no news: it moves nobody back whom somebody has seen elsewhere since. That he was moved is. */
  #registered(person: Person, bed: BedId | null, how: 'admitted' | 'transferred' | 'updated', at: number): void {
    if (person.registered === bed && (how !== 'transferred' || person.bed === bed)) return
    // Words of the coding clerk, days later.
    if (how === 'updated' && person.isGone) return
    Object.assign(person, { registered: bed, isGone: false, isDenied: false })
    if (person.isAway && how === 'updated') return
    person.isAway = false
    if (person.bed !== bed) this.#move(person, bed, 'registered', at)
  }

  #seen(person: Person, bed: BedId | null, at: number): void {
    person.isAway = false
    person.standing = 'confirmed'
    if (person.bed !== bed) this.#move(person, bed, 'confirmed', at)
    if (bed === null) return
    // Who is seen in a bed lies there alone.
    for (const other of this.beds.get(bed)?.persons ?? []) if (other !== person) this.#giveWay(other, at)
    this.#resolve(bed, at)
  }

  #discharged(person: Person, at: number): void {
    Object.assign(person, { registered: undefined, isGone: true, isAway: false, outBy: null })
    this.#leave(person, at)
    this.#forgetWord(person.key, null, at)
  }

  #away(person: Person, at: number): void {
    Object.assign(person, { isAway: true, outBy: null })
    this.#leave(person, at)
    this.#forgetWord(person.key, null, at)
  }

  /** Of what is cancelled nothing was heard. */
  #cancelsNothing({ what, patient, visit, bed }: Extract<FactBody, { kind: 'cancelled' }>, at: number): void {
    const person = this.#person(patient, visit, at)
    if (what === 'admitted') this.#discharged(person, at)
    else if (bed !== null) this.#registered(person, bed, 'admitted', at)
  }

  /** A device that changes its mind is no longer at the patient of before. Returns whom it means. */
  #asserted({ bed, device, patient }: Extract<FactBody, { kind: 'asserted' }>, at: number): string {
    const words = device === null ? undefined : this.words.get(device)
    const before = words?.at(-1)
    const key = this.keyAt(bed, patient)
    const word = { at, key, bed }
    if (words) words.push(word)
    else if (device !== null) this.words.set(device, [word])
    this.#personOf(key, patient, at)
    if (before && before.bed !== bed) this.#unassert(before, device, at)
    const state = bed === null ? undefined : this.beds.get(bed)
    if (bed === null || !state) return key
    if (before && before.bed === bed && before.key !== key) {
      const previous = this.persons.get(before.key)
      if (previous?.bed === bed) this.#giveWay(previous, at)
    }
    const isElsewhere = (this.persons.get(key)?.bed ?? bed) !== bed
    this.#silence(state, key)
    // It claims nothing against those who are known to lie here, or somebody who is known to lie elsewhere.
    state.asserted = state.persons.size > 0 || isElsewhere ? null : { key, device }
    // One number lies in one bed: the newest word counts.
    if (state.asserted && this.corrections.numberOf(key) !== null) this.#forgetWord(key, bed, at)
    this.#resolve(bed, at)
    return key
  }

  /** The device stands at that bed no more: nobody lies there by its word, unless another there says the same. */
  #unassert({ bed, key }: Word, device: DeviceId | null, at: number): void {
    const state = bed === null ? undefined : this.beds.get(bed)
    if (bed === null || state?.asserted?.key !== key || state.asserted.device !== device) return
    const other = [...this.words].find(([, words]) => words.at(-1)?.bed === bed && words.at(-1)?.key === key)
    if (!other) this.#silence(state, null)
    state.asserted = other ? { key, device: other[0] } : null
    this.#resolve(bed, at)
  }

  #cleared(bed: BedId, at: number): void {
    const state = this.beds.get(bed)
    if (!state) return
    for (const person of this.persons.values()) if (person.registered === bed) Object.assign(person, { isDenied: true, outBy: this.#current })
    for (const person of state.persons) this.#giveWay(person, at)
    this.#silence(state, null)
    state.asserted = null
    this.#resolve(bed, at)
  }

  // ── who and where ──────────────────────────────────────────────────────────────────────────────────────────────────

  #person(said: PatientIdentity, visit: string | null, at: number): Person {
    const key = this.keyOf(said, visit)
    // Of a visit that is another's after all the words are about the wrong person.
    return this.#personOf(key, this.keyOf(said) === key ? said : { mrn: this.corrections.numberOf(key), name: null }, at)
  }

  #personOf(key: string, identity: PatientIdentity, at: number): Person {
    const known = this.persons.get(key)
    if (known) {
      known.lastAt = Math.max(known.lastAt, at)
      known.identity = merged(known.identity, identity, this.corrections.numberOf(key))
      return known
    }
    const number = this.corrections.numberOf(key)
    const person: Person = {
      key, identity: number === null ? identity : { ...identity, mrn: number }, bed: null, standing: 'registered', registered: undefined,
      isGone: false, isAway: false, isDenied: false, outBy: null, lastAt: at,
    }
    this.persons.set(key, person)
    return person
  }

  /**
   * A device that knows only a name means the one of that name who lies at its bed; a number that it learns later is that one's,
   * and not that of whoever has the same name at another bed.
   */
  keyAt(bed: BedId | null, identity: PatientIdentity): string {
    const key = identity.mrn === null && bed !== null ? `${this.keyOf(identity)}\u0000${bed}` : this.keyOf(identity)
    if (bed === null || this.persons.get(key)?.bed === bed) return key
    const asserted = this.beds.get(bed)?.asserted?.key
    if (asserted === key) return key
    for (const person of this.persons.values()) {
      const isThere = person.bed === bed || person.registered === bed || person.key === asserted
      if (isThere && (identity.mrn === null || person.identity.mrn === null) && isSamePerson(person.identity, identity)) return person.key
    }
    return key
  }

  #move(person: Person, bed: BedId | null, standing: Person['standing'], at: number): void {
    this.#leave(person, at)
    person.outBy = null
    this.#forgetWord(person.key, bed, at)
    if (bed === null) return
    const state = this.beds.get(bed)
    if (!state) return
    person.bed = bed
    person.standing = standing
    state.persons.add(person)
    this.#silence(state, person.key)
    state.asserted = null
    this.#resolve(bed, at)
  }

  #leave(person: Person, at: number): void {
    const { bed } = person
    if (bed === null) return
    person.bed = null
    this.beds.get(bed)?.persons.delete(person)
    this.#resolve(bed, at)
  }

  /** He leaves because of somebody else. */
  #giveWay(person: Person, at: number): void {
    person.outBy = this.#current
    this.#leave(person, at)
  }

  /** Whom a device named there is not believed to lie there, because of `but`. */
  #silence({ asserted }: BedState, but: string | null): void {
    const person = asserted && asserted.key !== but ? this.persons.get(asserted.key) : undefined
    if (person) person.outBy = this.#current
  }

  /** He is known to be elsewhere: what devices still say of him counts no more. */
  #forgetWord(key: string, but: BedId | null, at: number): void {
    for (const [bed, state] of this.beds) {
      if (state.asserted?.key !== key || bed === but) continue
      state.asserted = null
      this.#resolve(bed, at)
    }
  }

  #resolve(bed: BedId, at: number): void {
    const state = this.beds.get(bed)
    if (!state) return
    const occupant = occupantOf(state)
    const last = state.segments.at(-1) ?? EMPTY
    if (last.from === at) {
      state.segments.pop()
      const before = state.segments.at(-1)
      if (before && isSameOccupant(before.occupant, occupant)) state.segments[state.segments.length - 1] = { ...before, to: Infinity }
      else state.segments.push({ from: at, to: Infinity, occupant })
      return
    }
    if (isSameOccupant(last.occupant, occupant)) return
    state.segments[state.segments.length - 1] = { ...last, to: at }
    state.segments.push({ from: at, to: Infinity, occupant })
  }
}

const IS_RETROACTIVE: Readonly<Record<FactBody['kind'], boolean>> = {
  placed: false, described: false, discharged: false, away: false, returned: false, asserted: false, unassigned: false,
  cancelled: true, merged: true, 'visit-moved': true, confirmed: true, withdrawn: true,
}

/** By when they were true; of one instant by when they were learned. */
export const inOrder = (one: Fact, other: Fact): number => one.effectiveAt - other.effectiveAt || one.id - other.id

function occupantOf({ persons, asserted }: BedState): Occupant {
  let found: Person | null = null
  let isDisputed = false
  for (const person of persons) {
    if (found === null || (person.standing === 'confirmed' && found.standing !== 'confirmed')) {
      found = person
      isDisputed = false
    } else if (person.standing === found.standing) isDisputed = true
  }
  if (isDisputed) return DISPUTED
  if (found) return { kind: 'patient', key: found.key, standing: found.standing }
  return asserted ? { kind: 'patient', key: asserted.key, standing: 'asserted' } : NOBODY
}

/** What the registry takes back of somebody is not known any more. */
function erase(person: Person, erased: Erased = []): void {
  for (const what of erased) {
    const { bornOn, sex, ...rest } = person.identity
    const born = bornOn === undefined || what === 'bornOn' ? {} : { bornOn }
    const known = sex === undefined || what === 'sex' ? {} : { sex }
    person.identity = { ...rest, ...born, ...known, name: what === 'name' ? null : rest.name }
  }
}

/** The newest words about a person; what is not said again stays. */
const merged = (known: PatientIdentity, said: PatientIdentity, mrn: string | null): PatientIdentity => ({
  ...known, ...said, mrn: mrn ?? said.mrn ?? known.mrn, name: said.name ?? known.name,
})
