import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Fact } from '../../src/domain/association.ts'
import { AssociationLedger } from '../../src/domain/association-ledger.ts'
import { OPERATIONS, type Operation, type Row, type Schedule, schedule } from '../domain/association-oracle.ts'
import { type Trouble, playWard } from './ledger-ward.ts'

const SEED = 20_260_115
const RUNS = 10_000
const CONTROL_RUNS = 200

/**
 * Whether somebody had said by then that this patient lay in this bed at that time, and nobody that he did not: then nobody could
 * know better. Told from the words alone, without the ledger.
 */
function wasSaid(name: string, row: Row, facts: readonly Fact[]): boolean {
  const heard = facts.filter(({ learnedAt, body }) => learnedAt <= row.arrivesAt && 'patient' in body && body.patient.name === name)
  // What is taken back, or said of another number, changes what earlier words mean.
  if (heard.some(({ body: { kind } }) => kind === 'cancelled' || kind === 'visit-moved')) return true
  const numbers = new Set(heard.map(({ body }) => ('patient' in body ? body.patient.mrn : null)))
  if (facts.some(({ learnedAt, body }) => learnedAt <= row.arrivesAt && body.kind === 'visit-moved' && numbers.has(body.prior))) return true
  // A monitor elsewhere moves nobody: its word is the weakest.
  const isWord = ({ body }: Fact): boolean => body.kind !== 'described' && body.kind !== 'merged' && !(body.kind === 'asserted' && body.bed !== row.bed)
  // Until it is heard that two numbers are one patient's, each stands for one.
  return [...numbers].some((mrn) => {
    const own = heard.filter((fact) => fact.effectiveAt <= row.at && isWord(fact) && 'patient' in fact.body && fact.body.patient.mrn === mrn)
    const last = own.toSorted((a, b) => a.effectiveAt - b.effectiveAt || a.id - b.id).at(-1)
    return last !== undefined && 'bed' in last.body && last.body.bed === row.bed
  })
}

const wrongIn = (rows: readonly Trouble[]): readonly Trouble[] => rows.filter(({ row, said }) => said !== null && said !== row.patient)
const isWhole = (ward: Schedule, isDeaf = false): boolean => playWard(ward, isDeaf).last.every(({ row, said }) => said === row.patient)

describe('whatever is said late, twice, wrongly or in the wrong order', () => {
  it(`when all is known no row is another patient's, and before none that was not said to be, in ${RUNS} random schedules`, () => {
    const done = new Map<Operation, number>()
    const counts = { rows: 0, moved: 0, late: 0, unassigned: 0 }
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const ward = schedule(seed, (operation) => done.set(operation, (done.get(operation) ?? 0) + 1))
        const { ward: played, first, last } = playWard(ward)
        const early = wrongIn(first).filter(({ row, said }) => said !== null && !wasSaid(said, row, ward.facts))
        const wrong = last.filter(({ row, said }) => said !== row.patient)
        if (early.length + wrong.length > 0) throw new Error(JSON.stringify({ early, wrong }))
        for (const bed of ward.beds) if ([...played.stays.values()].filter((stay) => stay.bed === bed && stay.closedAt === null).length > 1) throw new Error(`two stays hold ${bed}`)
        counts.rows += last.length
        counts.moved += played.moved()
        counts.unassigned += first.filter(({ said }) => said === null).length
        counts.late += ward.facts.filter(({ learnedAt, effectiveAt }) => learnedAt > effectiveAt).length
      }),
      { numRuns: RUNS, seed: SEED },
    )
    // It was tried: each operation, late facts, values without a patient, and rows that were put right.
    for (const operation of OPERATIONS) expect(done.get(operation) ?? 0).toBeGreaterThan(RUNS / 4)
    expect(counts.rows).toBeGreaterThan(RUNS * 10)
    for (const count of [counts.late, counts.moved, counts.unassigned]) expect(count).toBeGreaterThan(RUNS)
  })

  const without = (kind: Fact['body']['kind']) => (facts: readonly Fact[]): readonly Fact[] => facts.filter(({ body }) => body.kind !== kind)
  const controls: readonly (readonly [string, (facts: readonly Fact[]) => readonly Fact[]])[] = [
    ['what is learned late counts from then on alone', (facts) => facts.map((fact) => ({ ...fact, effectiveAt: fact.learnedAt }))],
    ['numbers of one patient stay two', without('merged')],
    ['visits stay with the wrong patient', without('visit-moved')],
    ['nothing is taken back', without('cancelled')],
    ['nobody is on leave', without('away')],
  ]
  it.each(controls)('a ledger in which %s puts rows to the wrong patient, and this test sees it', (_what, broken) => {
    const isSeen = Array.from({ length: CONTROL_RUNS }, (_, seed) => schedule(seed)).some((ward) => !isWhole({ ...ward, facts: broken(ward.facts) }))
    expect(isSeen).toBe(true)
  })

  it('a store that puts no row right keeps rows of the wrong patient, and this test sees it', () => {
    expect(Array.from({ length: CONTROL_RUNS }, (_, seed) => schedule(seed)).some((ward) => !isWhole(ward, true))).toBe(true)
  })

  it('facts folded in one by one give what all of them give at once, and what was known at any time is what was learned by then', () => {
    for (let seed = 0; seed < CONTROL_RUNS; seed++) {
      const { beds, facts } = schedule(seed)
      const ledger = new AssociationLedger(beds)
      const half = facts[Math.floor(facts.length / 2)]?.learnedAt ?? 0
      let then: unknown = null
      for (const fact of facts) {
        if (fact.learnedAt > half) then ??= beds.map((bed) => structuredClone(ledger.segments(bed)))
        ledger.learn(fact)
      }
      const whole = new AssociationLedger(beds, facts)
      expect(beds.map((bed) => ledger.segments(bed))).toEqual(beds.map((bed) => whole.segments(bed)))
      if (then !== null) expect(beds.map((bed) => ledger.asKnown(half).segments(bed))).toEqual(then)
    }
  })
})
