import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import hl7 from '../../../drivers/hl7/driver.ts'
import { type RegistryAnswer, type RegistryDialect, type RegistryQuestion, readRegistryAnswer, registryQuery } from '../../../drivers/hl7/query.ts'
import { type HospitalRegistry, type Person, type Place, type RegistryHabit, createRegistry } from '../../../simulators/monitors/hl7-adt.ts'
import type { Outgoing } from '../../../simulators/monitors/wire.ts'
import { MllpFramer, mllpFrame } from '../../../src/codec/mllp.ts'
import type { PatientFact } from '../../../src/domain/reading.ts'
import { wallMs } from '../../../src/domain/time.ts'
import { framesOf } from '../../contract/driver.ts'

const HABITS: readonly RegistryHabit[] = ['modern', 'old', 'odd']
const AT = Date.UTC(2026, 3, 1, 8, 0, 0)
const MINUTE = 60_000

const personOf = (index: number): Person => ({
  mrn: `10${index}`, laboratory: `L-${index}`, visit: `V-${index}`, family: ['Müster', 'Åberg', "O'Neil", 'Quist & Co', 'a|b~c'][index % 5] ?? '', given: 'Änne', born: '19620401', sex: index % 2 === 0 ? 'F' : 'M',
})
const placeOf = (index: number): Place => ({ unit: 'ICU', room: String(Math.floor(index / 2)), bed: String(index) })
const textOf = ({ unit, room, bed }: Place): string => `${unit}^${room}^${bed}`

/** The driver at the other end: what it makes of one message. */
function heard({ bytes }: Outgoing): readonly PatientFact[] {
  const [frame, ...rest] = framesOf(hl7.open({ authority: '' }), [mllpFrame(bytes)])
  if (frame?.kind !== 'good' || rest.length > 0) throw new Error(frame?.kind === 'quarantined' ? frame.why : 'no good frame')
  expect(frame.faults).toEqual([])
  return frame.facts ?? []
}

describe('a registry and the driver', () => {
  it.each(HABITS)('%s: an admission comes through whole', (habit) => {
    const registry = createRegistry({ habit, lateMs: 5 * MINUTE })
    const person = personOf(0)
    expect(heard(registry.admit(person, placeOf(3), AT))).toEqual([{
      kind: 'admitted', effectiveAt: AT, visit: 'V-0', patient: { mrn: '100', name: 'Müster, Änne', bornOn: '1962-04-01', sex: 'F' }, location: 'ICU^1^3',
    }])
  })

  it('knows the visit of the old one by PID-18', () => {
    expect(heard(createRegistry({ habit: 'old' }).admit(personOf(1), placeOf(1), AT))[0]?.visit).toBe('V-1')
  })

  /** What facts say, folded in the simplest way: the registry's own book must come out. */
  type Book = Map<string, { place: string | null; before: string | null }>
  function fold(book: Book, fact: PatientFact): void {
    const put = (mrn: string | null, place: string | null): void => {
      if (mrn !== null) book.set(mrn, { place, before: book.get(mrn)?.place ?? null })
    }
    switch (fact.kind) {
      case 'admitted':
      case 'transferred':
        return put(fact.patient.mrn, fact.location)
      case 'discharged':
        return put(fact.patient.mrn, null)
      case 'cancelled':
        return put(fact.patient.mrn, fact.what === 'admitted' ? null : fact.location)
      case 'swapped':
        for (const { patient, location } of fact.patients) put(patient.mrn, location)
        return
      case 'merged':
        if (fact.patient.mrn !== null && (book.get(fact.patient.mrn)?.place ?? null) === null) put(fact.patient.mrn, book.get(fact.prior)?.place ?? null)
        book.delete(fact.prior)
        return
      case 'visit-moved':
        put(fact.patient.mrn, book.get(fact.prior)?.place ?? null)
        return put(fact.prior, null)
      case 'away':
      case 'returned':
      case 'updated':
    }
  }

  const change = fc.record({ what: fc.constantFrom('admit', 'transfer', 'discharge', 'cancel', 'swap', 'leave', 'comeBack', 'correct', 'merge', 'moveVisit'), one: fc.nat(4), other: fc.nat(4), place: fc.nat(20) })
  type Change = typeof change extends fc.Arbitrary<infer Of> ? Of : never

  /** The message of a change; null for one that cannot be. */
  function apply(registry: HospitalRegistry, last: Map<string, string>, { what, one, other, place }: Change, at: number): Outgoing | null {
    const mrn = personOf(one).mrn
    const second = personOf(other).mrn
    const known = new Map(registry.registered().map((each) => [each.mrn, each.place]))
    const before = last.get(mrn)
    last.set(mrn, what)
    if (what === 'admit') return known.get(mrn) ? null : registry.admit(personOf(one), placeOf(place), at)
    if (!known.has(mrn)) return null
    const isHere = known.get(mrn) !== null
    switch (what) {
      case 'transfer':
        return isHere ? registry.transfer(mrn, placeOf(place), at) : null
      case 'discharge':
        return isHere ? registry.discharge(mrn, at) : null
      case 'cancel':
        if (before === 'transfer' && isHere) return registry.cancel(mrn, 'transfer', at)
        if (before === 'discharge' && !isHere) return registry.cancel(mrn, 'discharge', at)
        return before === 'admit' && isHere ? registry.cancel(mrn, 'admission', at) : null
      case 'leave':
        return registry.leave(mrn, at)
      case 'comeBack':
        return registry.comeBack(mrn, at)
      case 'correct':
        return registry.correct(mrn, { given: 'Berta' }, at)
      case 'swap':
      case 'merge':
      case 'moveVisit':
        if (mrn === second || !known.has(second)) return null
        if (what === 'swap') return isHere && known.get(second) ? registry.swap(mrn, second, at) : null
        return what === 'merge' ? registry.merge(mrn, second, at) : registry.moveVisit(mrn, second, at)
    }
  }

  it.each(HABITS)('%s: whatever happens, the facts lead to the registry\'s own book', (habit) => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const registry = createRegistry({ habit, lateMs: 10 * MINUTE })
        const book: Book = new Map()
        const last = new Map<string, string>()
        for (const [index, one] of changes.entries()) {
          const at = AT + index * MINUTE
          // A cancelled move is of the one before it, and what is between takes it away.
          if (one.what !== 'cancel' && (one.what === 'swap' || one.what === 'merge' || one.what === 'moveVisit')) last.clear()
          const message = apply(registry, last, one, at)
          if (message === null) continue
          for (const fact of heard(message)) {
            expect(fact.effectiveAt).toBe(at)
            fold(book, fact)
          }
        }
        const whereabouts = (places: Iterable<readonly [string, string | null]>): string[] => Array.from(places, ([mrn, place]) => `${mrn} ${place ?? 'nowhere'}`).toSorted()
        expect(whereabouts(Array.from(book, ([mrn, { place }]) => [mrn, place] as const))).toEqual(
          whereabouts(registry.registered().map(({ mrn, place }) => [mrn, place === null ? null : textOf(place)] as const)),
        )
      }),
      { numRuns: 80 },
    )
  })
})

describe('a question put to the registry', () => {
  /** Over a wire in memory: everything the registry says, and what the first answer is. */
  function ask(registry: HospitalRegistry, dialect: RegistryDialect, question: RegistryQuestion, authority = ''): RegistryAnswer | null {
    const asking = { dialect, controlId: 'K1', at: wallMs(AT), application: 'REGISTRY', facility: 'HOSPITAL', authority }
    const framer = new MllpFramer({ frameBytesMax: 65_536, keptBytesMax: 0, noiseSpanBytesMax: 65_536 })
    for (const bytes of registry.hear(mllpFrame(registryQuery(question, asking)), AT)) {
      for (const frame of framer.push(bytes)) {
        const answer = frame.kind === 'message' ? readRegistryAnswer(frame.content, { controlId: 'K1', authority, question }) : null
        if (answer !== null) return answer
      }
    }
    return null
  }

  function full(count: number, answers?: 'at once' | 'after a word' | 'refuses' | 'never'): HospitalRegistry {
    const registry = createRegistry({ habit: 'modern', ...(answers === undefined ? {} : { answers }) })
    for (let index = 0; index < count; index++) registry.admit(personOf(index), placeOf(index), AT)
    return registry
  }
  const FIRST = { identity: { mrn: '101', name: 'Åberg, Änne', bornOn: '1962-04-01', sex: 'M' }, location: 'ICU^0^1', visit: 'V-1' }

  for (const dialect of ['A19', 'Q22'] as const) {
    describe(dialect, () => {
      it('finds who has this number on the wristband, of the patient or of the visit', () => {
        for (const number of ['101', 'L-1', 'V-1']) expect(ask(full(9), dialect, { by: 'number', number })).toEqual({ kind: 'found', patients: [FIRST], isMore: false })
      })

      it('believes of those that are alike only who has the number itself', () => {
        // 10 is a part of every number here, and nobody's.
        expect(ask(full(5), dialect, { by: 'number', number: '10' })).toEqual({ kind: 'nobody' })
      })

      it('finds who lies in a bed, and nobody in an empty one', () => {
        expect(ask(full(5), dialect, { by: 'location', location: 'ICU^0^1' })).toEqual({ kind: 'found', patients: [FIRST], isMore: false })
        expect(ask(full(5), dialect, { by: 'location', location: 'ICU^^1' })).toEqual({ kind: 'found', patients: [FIRST], isMore: false })
        expect(ask(full(5), dialect, { by: 'location', location: 'ICU^^9' })).toEqual({ kind: 'nobody' })
      })

      it('finds people by name, whatever stands in it, and says when there are more', () => {
        for (const index of [0, 1, 2, 3, 4]) {
          const { family, given, mrn } = personOf(index)
          expect(ask(full(5), dialect, { by: 'name', family, given })).toMatchObject({ kind: 'found', patients: [{ identity: { mrn } }] })
        }
        expect(ask(full(60), dialect, { by: 'name', family: 'Müster', given: '' })).toMatchObject({ kind: 'found', patients: { length: 10 }, isMore: true })
      })

      it('waits for the answer behind the word that it was heard, and takes a refusal for one', () => {
        expect(ask(full(3, 'after a word'), dialect, { by: 'number', number: '101' })).toMatchObject({ kind: 'found' })
        expect(ask(full(3, 'refuses'), dialect, { by: 'number', number: '101' })).toEqual({ kind: 'refused', why: 'The registry could not answer (AE, error 207).' })
        expect(ask(full(3, 'never'), dialect, { by: 'number', number: '101' })).toBe(null)
      })
    })
  }

  it('in words that it does not know is refused', () => {
    const [answer] = createRegistry({ habit: 'modern' }).hear(mllpFrame(new TextEncoder().encode('MSH|^~\\&|X||||1||QBP^Z99|K1|P|2.5\r')), AT)
    expect(new TextDecoder().decode(answer)).toContain('MSA|AR|K1')
  })
})
