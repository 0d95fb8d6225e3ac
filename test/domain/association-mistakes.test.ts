/** Ways in which values could get another patient's name: what is forgotten, cancelled and said again, and names that two people have. */

import { describe, expect, it } from 'vitest'
import type { Fact, FactBody } from '../../src/domain/association.ts'
import { AssociationLedger } from '../../src/domain/association-ledger.ts'
import { type BedId, bedId, deviceId } from '../../src/domain/ids.ts'
import type { PatientIdentity } from '../../src/domain/reading.ts'
import { wallMs } from '../../src/domain/time.ts'
import { schedule } from './association-oracle.ts'

const ONE = bedId('bed-1')
const TWO = bedId('bed-2')
const A: PatientIdentity = { mrn: 'A', name: 'Meyer^Anna' }
const B: PatientIdentity = { mrn: 'B', name: 'Kim^Lee' }

type Said = { readonly at: number; readonly learnedAt?: number; readonly source?: Fact['source']; readonly by?: string; readonly body: FactBody }

const ledgerOf = (...said: readonly Said[]): AssociationLedger =>
  new AssociationLedger([ONE, TWO], said.map(({ at, learnedAt = at, source = 'adt', by = 'his', body }, place) => (
    { id: place + 1, learnedAt: wallMs(learnedAt), effectiveAt: wallMs(at), source, by, body })))

const placed = (patient: PatientIdentity, bed: BedId, how: 'admitted' | 'seen' = 'admitted'): FactBody => ({ kind: 'placed', how, patient, visit: null, bed, prior: null })
const gone = (patient: PatientIdentity): FactBody => ({ kind: 'discharged', patient, visit: null })
const cancelled = (what: 'admitted' | 'transferred' | 'discharged', patient = A): FactBody => ({ kind: 'cancelled', what, patient, visit: null, bed: null })
const named = (patient: PatientIdentity, bed: BedId | null, device = 'mon-1'): FactBody => ({ kind: 'asserted', bed, device: deviceId(device), patient })

const whoIn = (ledger: AssociationLedger, bed: BedId, at: number): string => {
  const occupant = ledger.occupantAt(bed, at)
  return occupant.kind === 'patient' ? (ledger.identityOf(occupant.key)?.mrn ?? ledger.identityOf(occupant.key)?.name ?? '') : occupant.why
}
/** The ledger after all that is due at `before` is forgotten. */
const forgetting = (ledger: AssociationLedger, before: number, atMost = 1_000): AssociationLedger => {
  ledger.forget(ledger.due(before, atMost))
  return ledger
}

describe('what is forgotten moves nobody', () => {
  it('who lies here because two people say so does, however long ago they did', () => {
    const typed: Said = { at: 10, source: 'hand', by: 'Ana', body: placed(A, ONE, 'seen') }
    const confirmed: Said = { at: 11, source: 'hand', by: 'Bert', body: { kind: 'confirmed', of: 1 } }
    const ledger = forgetting(ledgerOf(typed, confirmed), 1_000)
    expect(whoIn(ledger, ONE, 1_000)).toBe('A')
    expect(ledger.proposals(ONE)).toEqual([])
  })

  it('what was taken back is not proposed again', () => {
    const ledger = forgetting(ledgerOf(
      { at: 5, body: placed(A, TWO) },
      { at: 10, source: 'hand', by: 'Ana', body: placed(A, ONE, 'seen') }, { at: 11, source: 'hand', by: 'Ana', body: { kind: 'withdrawn', of: 2 } },
    ), 1_000)
    expect(ledger.proposals(ONE)).toEqual([])
    expect(whoIn(ledger, TWO, 1_000)).toBe('A')
  })

  it('of whom somebody said that he does not lie here does not, although the registry still says so', () => {
    const ledger = forgetting(ledgerOf({ at: 10, body: placed(A, ONE) }, { at: 20, source: 'hand', body: { kind: 'unassigned', bed: ONE } }), 1_000)
    expect(whoIn(ledger, ONE, 1_000)).toBe('nobody')
  })

  it('who gave way to one that was seen here does not come back when that one is forgotten', () => {
    const ledger = forgetting(ledgerOf({ at: 10, body: placed(A, ONE) }, { at: 20, source: 'scan', body: placed(B, ONE, 'seen') }, { at: 30, body: gone(B) }), 1_000)
    expect(whoIn(ledger, ONE, 1_000)).toBe('nobody')
  })

  it('where there are too many, a patient is forgotten as a whole: his discharge may have been heard before his admission', () => {
    for (const atMost of [0, 1, 2, 3]) {
      const ledger = forgetting(ledgerOf({ at: 20, body: gone(A) }, { at: 10, learnedAt: 21, body: placed(A, ONE) }, { at: 30, body: placed(B, TWO) }), 0, atMost)
      expect([whoIn(ledger, ONE, 1_000), whoIn(ledger, TWO, 1_000)]).toEqual(['nobody', 'B'])
    }
  })

  it('a word that a device gave of a name before it gave the number is of who lies there', () => {
    const ledger = ledgerOf({ at: 10, source: 'device', body: named({ mrn: null, name: 'Kim^Lee' }, ONE) }, { at: 20, source: 'device', body: named(B, ONE) })
    expect(whoIn(forgetting(ledger, 1_000), ONE, 1_000)).toBe('B')
  })

  it('whatever was said, in whatever order: who lies where is the same with and without what is forgotten, 300 wards', () => {
    let forgotten = 0
    for (let seed = 1; seed <= 300; seed++) {
      const { beds, facts } = schedule(seed)
      const short = new AssociationLedger(beds)
      for (const [place, fact] of facts.entries()) {
        short.learn(fact)
        if (place % 7 !== 6 && place !== facts.length - 1) continue
        const due = short.due(place % 2 === 0 ? fact.learnedAt - 60 * 60_000 : 0, Math.max(3, short.size - 5))
        const before = beds.map((bed) => whoIn(short, bed, fact.learnedAt))
        short.forget(due)
        forgotten += due.length
        expect([seed, place, beds.map((bed) => whoIn(short, bed, fact.learnedAt))]).toEqual([seed, place, before])
      }
    }
    expect(forgotten).toBeGreaterThan(1_000)
  })
})

describe('what is cancelled', () => {
  it('and said again otherwise is as it was said last, although both name the time of admission', () => {
    const ledger = ledgerOf({ at: 10, body: placed(A, ONE) }, { at: 20, body: cancelled('admitted') }, { at: 10, learnedAt: 21, body: placed(A, TWO) })
    expect([whoIn(ledger, ONE, 30), whoIn(ledger, TWO, 30)]).toEqual(['nobody', 'A'])
  })

  it('before it came true does not come true', () => {
    const plan = ledgerOf({ at: 50, learnedAt: 10, body: placed(A, ONE) }, { at: 20, body: cancelled('admitted') })
    expect(whoIn(plan, ONE, 60)).toBe('nobody')
    const leaving = ledgerOf({ at: 5, body: placed(A, ONE) }, { at: 50, learnedAt: 10, body: gone(A) }, { at: 20, body: cancelled('discharged') })
    expect(whoIn(leaving, ONE, 60)).toBe('A')
  })
})

describe('a name that two people have', () => {
  it('is one patient’s at one bed: the number of the one is not the other’s', () => {
    const smith = { mrn: null, name: 'Smith^John' }
    const ledger = ledgerOf(
      { at: 10, source: 'device', body: named(smith, ONE) }, { at: 20, source: 'device', body: named({ ...smith, mrn: 'B' }, ONE) },
      { at: 30, source: 'device', body: named(smith, TWO, 'mon-2') },
    )
    expect([whoIn(ledger, ONE, 40), whoIn(ledger, TWO, 40)]).toEqual(['B', 'Smith^John'])
  })
})

describe('one number', () => {
  it('lies in one bed: where a second monitor names him, the first no longer speaks of him', () => {
    const ledger = ledgerOf({ at: 10, source: 'device', body: named(A, ONE) }, { at: 20, source: 'device', body: named(A, TWO, 'mon-2') })
    expect([whoIn(ledger, ONE, 15), whoIn(ledger, ONE, 25), whoIn(ledger, TWO, 25)]).toEqual(['A', 'nobody', 'A'])
  })

  it('is not where the device stood that has gone to another bed, and says so', () => {
    const ledger = ledgerOf({ at: 10, source: 'device', body: named(A, ONE) }, { at: 20, source: 'device', body: named(B, TWO) })
    expect([whoIn(ledger, ONE, 25), whoIn(ledger, TWO, 25)]).toEqual(['nobody', 'B'])
  })
})
