/**
 * The fold over facts: in the order in which they were true, from which follows who lay in which bed at any time, as far as it
 * is known. Pure; facts may come in any order, and the same set of them gives the same answer.
 */

import type { Fact, FactBody, Occupant, Segment, Standing } from './association.ts'
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
  /** The last time that a fact of him was true from. */
  lastAt: number
}

export type Word = { readonly at: number; readonly key: string; readonly bed: BedId | null }

type BedState = { readonly persons: Set<Person>; asserted: { readonly key: string; readonly device: DeviceId | null } | null; readonly segments: Segment[] }

const NOBODY: Occupant = { kind: 'unassigned', why: 'nobody' }
const DISPUTED: Occupant = { kind: 'unassigned', why: 'disputed' }
const EMPTY: Segment = { from: -Infinity, to: Infinity, occupant: NOBODY }

const isSameOccupant = (one: Occupant, other: Occupant): boolean =>
  one.kind === 'patient' ? other.kind === 'patient' && one.key === other.key && one.standing === other.standing : other.kind === 'unassigned' && one.why === other.why

export class AssociationFold {
  readonly persons = new Map<string, Person>()
  readonly beds = new Map<BedId, BedState>()
  /** Whom each device named, at which bed, in the order of time. */
  readonly words = new Map<DeviceId, Word[]>()
  readonly corrections: Corrections
  #lastAt = -Infinity

  /** `facts` in any order. */
  constructor(beds: readonly BedId[], facts: readonly Fact[]) {
    for (const bed of beds) this.beds.set(bed, { persons: new Set(), asserted: null, segments: [EMPTY] })
    const ordered = facts.toSorted(inOrder)
    this.corrections = correctionsOf(ordered)
    for (const fact of ordered) this.#apply(fact)
  }

  /** True where the fact is newer than all others and changes nothing of them: then it is folded in. Else a fold has to be made anew. */
  append(fact: Fact): boolean {
    if (fact.effectiveAt <= this.#lastAt || fact.source === 'hand' || IS_RETROACTIVE[fact.body.kind] || this.corrections.isWaiting) return false
    this.#apply(fact)
    return true
  }

  keyOf(identity: PatientIdentity, visit: string | null = null): string {
    return this.corrections.keyOf(identity, visit)
  }

  // ── one fact ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #apply(fact: Fact): void {
    const { body, effectiveAt: at } = fact
    // What is cancelled may still come, and what followed from it.
    this.#lastAt = Math.max(this.#lastAt, body.kind === 'cancelled' ? fact.learnedAt : at)
    if (this.corrections.isVoid(fact)) {
      const bed = this.corrections.instead.get(fact.id)
      const identity = personOf(body)
      if (bed !== undefined && identity) this.#registered(this.#person(identity, 'visit' in body ? body.visit : null, at), bed, 'transferred', at)
      return
    }
    switch (body.kind) {
      case 'placed':
        return this.#placed(body, at)
      case 'described':
        return void this.#person(body.patient, body.visit, at)
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
        return this.#asserted(body, at)
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

  #placed({ how, patient, visit, bed }: Extract<FactBody, { kind: 'placed' }>, at: number): void {
    const person = this.#person(patient, visit, at)
    if (how === 'seen') this.#seen(person, bed, at)
    else this.#registered(person, bed, how, at)
  }

  /** What the registry says again is no news: it moves nobody back whom somebody has seen elsewhere since. */
  #registered(person: Person, bed: BedId | null, how: 'admitted' | 'transferred' | 'updated', at: number): void {
    if (person.registered === bed) return
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
    for (const other of this.beds.get(bed)?.persons ?? []) if (other !== person) this.#leave(other, at)
    this.#resolve(bed, at)
  }

  #discharged(person: Person, at: number): void {
    Object.assign(person, { registered: undefined, isGone: true, isAway: false })
    this.#leave(person, at)
    this.#forgetWord(person.key, null, at)
  }

  #away(person: Person, at: number): void {
    person.isAway = true
    this.#leave(person, at)
    this.#forgetWord(person.key, null, at)
  }

  /** Of what is cancelled nothing was heard. */
  #cancelsNothing({ what, patient, visit, bed }: Extract<FactBody, { kind: 'cancelled' }>, at: number): void {
    const person = this.#person(patient, visit, at)
    if (what === 'admitted') this.#discharged(person, at)
    else if (bed !== null) this.#registered(person, bed, 'admitted', at)
  }

  /** A device that changes its mind is no longer at the patient of before. */
  #asserted({ bed, device, patient }: Extract<FactBody, { kind: 'asserted' }>, at: number): void {
    const words = device === null ? undefined : this.words.get(device)
    const before = words?.at(-1)
    const key = this.keyAt(bed, patient)
    const word = { at, key, bed }
    if (words) words.push(word)
    else if (device !== null) this.words.set(device, [word])
    if (bed === null) return void this.#personOf(key, patient, at)
    const state = this.beds.get(bed)
    if (!state) return
    this.#personOf(key, patient, at)
    if (before && before.bed === bed && before.key !== key) {
      const previous = this.persons.get(before.key)
      if (previous?.bed === bed) this.#leave(previous, at)
    }
    const isElsewhere = (this.persons.get(key)?.bed ?? bed) !== bed
    // It claims nothing against those who are known to lie here, or somebody who is known to lie elsewhere.
    state.asserted = state.persons.size > 0 || isElsewhere ? null : { key, device }
    this.#resolve(bed, at)
  }

  #cleared(bed: BedId, at: number): void {
    const state = this.beds.get(bed)
    if (!state) return
    for (const person of this.persons.values()) if (person.registered === bed) person.isDenied = true
    for (const person of [...state.persons]) this.#leave(person, at)
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
      key, identity: number === null ? identity : { ...identity, mrn: number }, bed: null, standing: 'registered', registered: undefined, isGone: false, isAway: false, isDenied: false, lastAt: at,
    }
    this.persons.set(key, person)
    return person
  }

  /** A device that knows only a name means the one of that name who lies at its bed; a number that it learns later is that one's. */
  keyAt(bed: BedId | null, identity: PatientIdentity): string {
    const key = this.keyOf(identity)
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
    this.#forgetWord(person.key, bed, at)
    if (bed === null) return
    const state = this.beds.get(bed)
    if (!state) return
    person.bed = bed
    person.standing = standing
    state.persons.add(person)
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

/** The newest words about a person; what is not said again stays. */
const merged = (known: PatientIdentity, said: PatientIdentity, mrn: string | null): PatientIdentity => ({ ...known, ...said, mrn: mrn ?? said.mrn ?? known.mrn, name: said.name ?? known.name })
