import { describe, expect, it } from 'vitest'
import { type Fact, type FactBody, isSamePerson } from '../../src/domain/association.ts'
import { AssociationLedger } from '../../src/domain/association-ledger.ts'
import { bedId, deviceId } from '../../src/domain/ids.ts'
import type { PatientIdentity } from '../../src/domain/reading.ts'
import { wallMs } from '../../src/domain/time.ts'

const ONE = bedId('bed-1')
const TWO = bedId('bed-2')
const MONITOR = deviceId('mon-1')
const A: PatientIdentity = { mrn: 'A', name: 'Meyer^Anna' }
const B: PatientIdentity = { mrn: 'B', name: 'Kim^Lee' }

type Said = { readonly at: number; readonly learnedAt?: number; readonly source?: Fact['source']; readonly by?: string; readonly body: FactBody }

const facts = (...said: readonly Said[]): readonly Fact[] =>
  said.map(({ at, learnedAt = at, source = 'adt', by = 'his', body }, place) => ({ id: place + 1, learnedAt: wallMs(learnedAt), effectiveAt: wallMs(at), source, by, body }))

const placed = (patient: PatientIdentity, bed: typeof ONE | null, how: 'admitted' | 'transferred' | 'updated' = 'admitted', visit: string | null = null): FactBody => ({ kind: 'placed', how, patient, visit, bed, prior: null })
const seen = (patient: PatientIdentity, bed: typeof ONE): FactBody => ({ kind: 'placed', how: 'seen', patient, visit: null, bed, prior: null })
const gone = (patient: PatientIdentity, visit: string | null = null): FactBody => ({ kind: 'discharged', patient, visit })
const named = (patient: PatientIdentity, bed = ONE): FactBody => ({ kind: 'asserted', bed, device: MONITOR, patient })

/** `A`, `nobody` or `disputed` in a bed, at each of these times. */
function who(known: readonly Fact[], bed: typeof ONE, ...times: readonly number[]): readonly string[] {
  const ledger = new AssociationLedger([ONE, TWO], known)
  return times.map((at) => {
    const occupant = ledger.occupantAt(bed, at)
    return occupant.kind === 'patient' ? (ledger.identityOf(occupant.key)?.mrn ?? 'no number') : occupant.why
  })
}

describe('who lay where', () => {
  it('follows from what was true when, not from when it was heard', () => {
    const known = facts({ at: 20, learnedAt: 20, body: placed(A, TWO, 'transferred') }, { at: 10, learnedAt: 90, body: placed(A, ONE) })
    expect([who(known, ONE, 5, 10, 19, 20), who(known, TWO, 19, 20)]).toEqual([['nobody', 'A', 'A', 'nobody'], ['nobody', 'A']])
  })

  it('and what was known at any time can be asked for', () => {
    const ledger = new AssociationLedger([ONE, TWO], facts({ at: 10, body: placed(A, ONE) }, { at: 20, learnedAt: 50, body: gone(A) }))
    expect([40, 50].map((knownAt) => ledger.asKnown(knownAt).occupantAt(ONE, 30).kind)).toEqual(['patient', 'unassigned'])
  })

  it('the registry’s words after a discharge admit nobody again: they are of the coding clerk', () => {
    expect(who(facts({ at: 10, body: placed(A, ONE) }, { at: 20, body: gone(A) }, { at: 30, body: placed(A, ONE, 'updated') }), ONE, 15, 30)).toEqual(['A', 'nobody'])
    expect(who(facts({ at: 10, body: placed(A, ONE, 'updated') }), ONE, 10)).toEqual(['A'])
  })

  it('two whom the registry puts into one bed are disputed until one of them is known to be elsewhere', () => {
    const two = [{ at: 10, body: placed(A, ONE) }, { at: 20, body: placed(B, ONE) }]
    expect(who(facts(...two), ONE, 15, 25)).toEqual(['A', 'disputed'])
    expect(who(facts(...two, { at: 18, learnedAt: 60, body: gone(A) }), ONE, 15, 19, 25)).toEqual(['A', 'nobody', 'B'])
  })

  it('who was seen lies there alone, and who was said to lie there before does not come back', () => {
    const known = facts({ at: 10, body: placed(A, ONE) }, { at: 20, source: 'scan', body: seen(B, ONE) }, { at: 30, body: placed(B, TWO, 'transferred') })
    expect(who(known, ONE, 15, 25, 35)).toEqual(['A', 'B', 'nobody'])
  })

  it('what the registry says again moves nobody back, and that it moves him does', () => {
    const before = [{ at: 10, body: placed(A, TWO) }, { at: 20, source: 'scan', body: seen(A, ONE) }] as const
    expect(who(facts(...before, { at: 30, body: placed(A, TWO, 'updated') }), ONE, 35)).toEqual(['A'])
    expect(who(facts(...before, { at: 30, body: placed(A, TWO, 'transferred') }), TWO, 25, 35)).toEqual(['nobody', 'A'])
  })

  it('what was typed counts from its own time on, once another person has confirmed it, and not if it was taken back', () => {
    const typed: Said = { at: 10, source: 'hand', by: 'Ana', body: seen(A, ONE) }
    const word = (kind: 'confirmed' | 'withdrawn', by: string): Said => ({ at: 20, source: 'hand', by, body: { kind, of: 1 } })
    expect([who(facts(typed), ONE, 15), who(facts(typed, word('confirmed', 'Ana')), ONE, 15), who(facts(typed, word('confirmed', 'Bert')), ONE, 15)]).toEqual([['nobody'], ['nobody'], ['A']])
    expect(who(facts(typed, word('confirmed', 'Bert'), word('withdrawn', 'Ana')), ONE, 15)).toEqual(['nobody'])
  })

  it('merged numbers always were one patient, whichever fact came first', () => {
    const merge: FactBody = { kind: 'merged', patient: { mrn: 'A2', name: null }, prior: 'A' }
    expect(who(facts({ at: 10, body: placed(A, ONE) }, { at: 15, body: merge }, { at: 20, body: gone({ mrn: 'A2', name: null }) }), ONE, 12, 25)).toEqual(['A2', 'nobody'])
    expect(who(facts({ at: 5, body: merge }, { at: 10, learnedAt: 40, body: placed(A, ONE) }), ONE, 12)).toEqual(['A2'])
  })

  it('numbers that are merged in a circle end with the last word', () => {
    const merge = (mrn: string, prior: string): FactBody => ({ kind: 'merged', patient: { mrn, name: null }, prior })
    expect(who(facts({ at: 1, body: merge('B', 'A') }, { at: 2, body: merge('A', 'B') }, { at: 10, body: placed(B, ONE) }), ONE, 12)).toEqual(['A'])
  })

  it('what is cancelled never was: a transfer, an admission, a discharge', () => {
    const cancel = (what: 'admitted' | 'transferred' | 'discharged', bed: typeof ONE | null = null): FactBody => ({ kind: 'cancelled', what, patient: A, visit: null, bed })
    const admission = { at: 10, body: placed(A, ONE) }
    expect(who(facts(admission, { at: 20, body: placed(A, TWO, 'transferred') }, { at: 40, body: cancel('transferred', ONE) }), ONE, 30, 50)).toEqual(['A', 'A'])
    expect(who(facts(admission, { at: 20, body: placed(A, ONE, 'updated') }, { at: 40, body: cancel('admitted') }), ONE, 15, 30)).toEqual(['nobody', 'nobody'])
    expect(who(facts(admission, { at: 20, body: gone(A) }, { at: 40, body: cancel('discharged', ONE) }), ONE, 30)).toEqual(['A'])
    // Of what nobody heard: where he is after all, and that he is gone.
    expect(who(facts({ at: 40, body: cancel('transferred', ONE) }), ONE, 45)).toEqual(['A'])
    expect(who(facts(admission, { at: 15, body: placed(A, ONE, 'updated') }, { at: 40, body: { ...cancel('admitted'), visit: 'another' } as FactBody }), ONE, 45)).toEqual(['nobody'])
  })

  it('a device’s word holds where nothing better is known, and is over when it is contradicted', () => {
    const known = facts({ at: 10, source: 'device', body: named(A) }, { at: 20, body: placed(B, ONE) }, { at: 30, body: gone(B) })
    expect(who(known, ONE, 15, 25, 35)).toEqual(['A', 'B', 'nobody'])
    expect(who(facts({ at: 10, source: 'device', body: named(A) }, { at: 20, body: gone(A) }), ONE, 15, 25)).toEqual(['A', 'nobody'])
  })

  it('a device that names another patient ends the association, whoever made it', () => {
    const known = facts({ at: 10, source: 'scan', body: seen(A, ONE) }, { at: 12, source: 'device', body: named(A) }, { at: 20, source: 'device', body: named(B) })
    expect(who(known, ONE, 15, 25)).toEqual(['A', 'B'])
    // Who is known to lie elsewhere is not believed to lie here too.
    expect(who(facts({ at: 5, body: placed(B, TWO) }, { at: 10, source: 'device', body: named(A) }, { at: 20, source: 'device', body: named(B) }), ONE, 15, 25)).toEqual(['A', 'nobody'])
  })
})

describe('what is forgotten', () => {
  const known = facts({ at: 10, body: placed(A, ONE) }, { at: 20, body: gone(A) }, { at: 30, body: placed(B, TWO) }, { at: 5, source: 'device', body: named(A) }, { at: 6, source: 'hand', body: { kind: 'unassigned', bed: ONE } })

  it('is what is about those who have been gone for long, and nobody else', () => {
    const ledger = new AssociationLedger([ONE, TWO], known)
    expect([ledger.due(19, 100), ledger.due(20, 100)]).toEqual([[5], [1, 2, 4, 5]])
    ledger.forget(ledger.due(20, 100))
    expect([ledger.occupantAt(TWO, 40).kind, ledger.size]).toEqual(['patient', 1])
  })

  it('are the oldest of those who are gone, where there are too many; never who lies here', () => {
    const ledger = new AssociationLedger([ONE, TWO], known)
    expect(ledger.due(0, 4)).toHaveLength(1)
    expect(ledger.due(0, 0)).not.toContain(3)
  })
})

it('a person is known by number where both have one, else by name, however it is written', () => {
  expect(isSamePerson(A, { mrn: 'A', name: 'anybody' })).toBe(true)
  expect(isSamePerson(A, { mrn: 'B', name: 'Meyer^Anna' })).toBe(false)
  expect(isSamePerson(A, { mrn: null, name: 'ANNA MEYER' })).toBe(true)
  expect(isSamePerson({ mrn: 'A', name: null }, { mrn: null, name: 'Meyer^Anna' })).toBe(false)
})
