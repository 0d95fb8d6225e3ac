/** What facts say of other facts: numbers that are one person, visits that were another's, and what never was. Pure. */

import type { Fact, FactBody } from './association.ts'
import type { BedId } from './ids.ts'
import type { PatientIdentity } from './reading.ts'

export type Corrections = {
  /** One patient, one key, whatever numbers he had. */
  keyOf(identity: PatientIdentity, visit: string | null): string
  /** The record number that a key stands for now; null where there is none. */
  numberOf(key: string): string | null
  /** It was cancelled, taken back, or waits for a second person. */
  isVoid(fact: Fact): boolean
  /** Of facts that are void: the bed in which the patient was from then on after all. */
  readonly instead: ReadonlyMap<number, BedId>
}

const NUMBER = 'mrn:'
const NAME = 'name:'
const MOVES_MAX = 16

/** @param ordered facts in the order in which they were true. */
export function correctionsOf(ordered: readonly Fact[]): Corrections {
  const numbers = numbersOf(ordered)
  const keyOf = (identity: PatientIdentity, visit: string | null): string =>
    identity.mrn === null ? NAME + (identity.name ?? '') : NUMBER + numbers.of(identity.mrn, visit)
  const voided = new Set<number>(unconfirmed(ordered))
  const instead = new Map<number, BedId>()
  if (ordered.some(({ body }) => body.kind === 'cancelled')) cancel(ordered, { keyOf, voided, instead })
  return { keyOf, instead, isVoid: ({ id }) => voided.has(id), numberOf: (key) => (key.startsWith(NUMBER) ? key.slice(NUMBER.length) : null) }
}

/** Merges (A40) and moved visits (A45) have no time: the numbers always were one. The last word counts where two go in a circle. */
function numbersOf(facts: readonly Fact[]): { of(mrn: string, visit: string | null): string } {
  const into = new Map<string, string>()
  const moved = new Map<string, string>()
  const root = (mrn: string): string => {
    let at = mrn
    for (let next = into.get(at); next !== undefined; next = into.get(at)) at = next
    return at
  }
  for (const { body } of facts.filter(({ body: { kind } }) => kind === 'merged' || kind === 'visit-moved').toSorted((a, b) => a.id - b.id)) {
    if (body.kind === 'visit-moved' && body.patient.mrn !== null) moved.set(`${body.visit}\u0000${body.prior}`, body.patient.mrn)
    if (body.kind !== 'merged' || body.patient.mrn === null || body.patient.mrn === body.prior) continue
    if (root(body.patient.mrn) === root(body.prior)) into.delete(body.patient.mrn)
    into.set(body.prior, body.patient.mrn)
  }
  return {
    of(mrn, visit) {
      let at = root(mrn)
      if (visit === null || moved.size === 0) return at
      for (let moves = 0; moves < MOVES_MAX; moves++) {
        const next = moved.get(`${visit}\u0000${at}`) ?? moved.get(`${visit}\u0000${mrn}`)
        if (next === undefined || root(next) === at) break
        at = root(next)
      }
      return at
    },
  }
}

/** What was typed, and nobody else has confirmed; and what was taken back. */
function unconfirmed(facts: readonly Fact[]): readonly number[] {
  const typed = facts.filter(({ source, body }) => source === 'hand' && body.kind === 'placed')
  if (typed.length === 0) return []
  const words = facts.filter(({ body: { kind } }) => kind === 'confirmed' || kind === 'withdrawn')
  const about = (id: number, kind: FactBody['kind']): readonly Fact[] => words.filter(({ body }) => body.kind === kind && 'of' in body && body.of === id)
  return typed.filter(({ id, by }) => about(id, 'withdrawn').length > 0 || !about(id, 'confirmed').some((word) => word.by !== by)).map(({ id }) => id)
}

type Cancelling = { readonly keyOf: Corrections['keyOf']; readonly voided: Set<number>; readonly instead: Map<number, BedId> }
type Of<Kind extends FactBody['kind']> = Fact & { readonly body: Extract<FactBody, { kind: Kind }> }

const isA = <Kind extends FactBody['kind']>(kind: Kind, fact: Fact): fact is Of<Kind> => fact.body.kind === kind

type Cancelled = Of<'cancelled'>['body']['what']

/** Whether a cancellation of this kind may take it back. */
export const isOfKind = ({ body }: Fact, what: Cancelled): boolean =>
  what === 'discharged' ? body.kind === 'discharged' : body.kind === 'placed' && body.how === what

/** The last that was true then; else what was planned, and is not true yet. `own`: in the order in which they were true. */
function meantBy(word: Of<'cancelled'>, own: readonly Fact[]): Fact | undefined {
  const past = own.filter(({ effectiveAt }) => effectiveAt <= word.effectiveAt)
  // An admission that is made again after it was cancelled has the time of the first, where the registry tells when the patient came.
  const first = word.body.what === 'admitted' ? past.findLast(({ id }) => id < word.id) : undefined
  return first ?? past.at(-1) ?? own.find(({ id, effectiveAt }) => id < word.id && effectiveAt > word.learnedAt)
}

export const agree = (one: string | null, other: string | null): boolean => one === null || other === null || one === other

/** A11, A12 and A13 take back the last of their kind; that which followed from it alone goes too. */
function cancel(ordered: readonly Fact[], { keyOf, voided, instead }: Cancelling): void {
  const byKey = new Map<string, Fact[]>()
  for (const fact of ordered) {
    const { body } = fact
    if (fact.source !== 'adt' || !('visit' in body) || !('patient' in body)) continue
    const key = keyOf(body.patient, body.visit)
    const own = byKey.get(key)
    if (own) own.push(fact)
    else byKey.set(key, [fact])
  }
  for (const word of ordered) {
    if (!isA('cancelled', word)) continue
    const { what, patient, visit, bed } = word.body
    const own = (byKey.get(keyOf(patient, visit)) ?? []).filter((fact) => !voided.has(fact.id) && 'visit' in fact.body && agree(fact.body.visit, visit))
    const meant = meantBy(word, own.filter((fact) => isOfKind(fact, what)))
    if (meant === undefined) continue
    voided.add(meant.id)
    // It is done with.
    voided.add(word.id)
    const after = own.slice(own.indexOf(meant) + 1).filter((fact) => fact.effectiveAt <= word.learnedAt)
    if (what === 'admitted') for (const fact of after) if (fact.body.kind !== 'placed' || fact.body.how !== 'admitted') voided.add(fact.id)
    const wrong = isA('placed', meant) ? meant.body.bed : null
    if (what === 'transferred') for (const fact of after) if (isA('placed', fact) && fact.body.how === 'updated' && fact.body.bed === wrong) voided.add(fact.id)
    const right = bed ?? (isA('placed', meant) ? meant.body.prior : null)
    if (what !== 'admitted' && right !== null) instead.set(meant.id, right)
  }
}
