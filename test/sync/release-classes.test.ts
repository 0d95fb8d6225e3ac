import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AGE_BANDS, AGE_GROUPS, type Classed, NOBODY, type Person, SEXES, ageBandOf, toldOf } from '../../src/sync/release-classes.ts'

const K = 5
const person = (over: Partial<Person> = {}): Person => ({ ageBand: '70-79', ageGroup: 'adult', sex: 'F', site: [], ...over })
const stays = (count: number, over: Partial<Person> = {}, year = 2026): readonly Classed[] => Array.from({ length: count }, () => ({ year, person: person(over) }))

describe('what is told of who lay there', () => {
  it('is all that is known where five stays share it, and nothing where four do', () => {
    expect(toldOf(stays(5), K)).toEqual(Array(5).fill(person()))
    expect(toldOf(stays(4), K)).toEqual(Array(4).fill(NOBODY))
  })

  it('is as much as five share: the sex goes before the age, and what the site adds goes first', () => {
    expect(toldOf([...stays(3), ...stays(2, { sex: 'M' })], K)).toEqual(Array(5).fill(person({ sex: 'none' })))
    expect(toldOf([...stays(4, { site: [{ name: 'care', value: 'AAA' }] }), ...stays(1)], K)).toEqual(Array(5).fill(person()))
    expect(toldOf([...stays(3), ...stays(2, { ageBand: '90+', sex: 'M' })], K)).toEqual(Array.from({ length: 5 }, () => ({ ...NOBODY, ageGroup: 'adult' })))
  })

  it('does not leave one alone among many of whom something is told', () => {
    const told = toldOf([...stays(5), ...stays(5, { ageBand: '20-29', sex: 'M' }), ...stays(1, { ageBand: '90+', ageGroup: 'none', sex: 'O' })], K)
    const classes = Map.groupBy(told, (one) => JSON.stringify(one))
    expect([...classes.values()].map(({ length }) => length).toSorted((a, b) => a - b)).toEqual([5, 6])
  })

  it('counts people, not stays: one who lay there five times is one', () => {
    const five = stays(5).map((stay) => ({ ...stay, who: 'one' }))
    expect(toldOf(five, K)).toEqual(Array(5).fill(NOBODY))
    expect(toldOf([...five, ...stays(3)], K)).toEqual(Array(8).fill(NOBODY))
    expect(toldOf([...five, ...stays(4)], K)).toEqual(Array(9).fill(person()))
    // And he is no company for one of whom nothing is told.
    expect(new Set(toldOf([...stays(4), ...stays(1).map((stay) => ({ ...stay, who: 'one' })), ...stays(4, { ageBand: '20-29', sex: 'M', ageGroup: 'child' }).map((stay) => ({ ...stay, who: 'two' }))], K).map((told) => JSON.stringify(told)))).toEqual(new Set([JSON.stringify(NOBODY)]))
  })

  it('counts stays of one year alone, for the year stands in their times', () => {
    expect(toldOf([...stays(4, {}, 2025), ...stays(5)], K)).toEqual([...Array(4).fill(NOBODY), ...Array(5).fill(person())])
  })

  it('never makes a class of fewer than five, but of those of whom nothing is told, in a year of fewer than five', () => {
    const anyPerson = fc.record({
      ageBand: fc.constantFrom(...AGE_BANDS), ageGroup: fc.constantFrom(...AGE_GROUPS), sex: fc.constantFrom(...SEXES),
      site: fc.constantFrom([], [{ name: 'care', value: 'AAA' }], [{ name: 'care', value: 'BBB' }]),
    })
    fc.assert(fc.property(fc.array(fc.record({ year: fc.constantFrom(2025, 2026), person: anyPerson }), { maxLength: 60 }), (all) => {
      const told = toldOf(all, K)
      expect(told).toHaveLength(all.length)
      const years = Map.groupBy(all.map(({ year }, place) => ({ year, told: JSON.stringify(told[place]) })), ({ year }) => year)
      for (const of of years.values()) {
        for (const [name, members] of Map.groupBy(of, (one) => one.told)) {
          if (members.length < K) expect([name, of.length < K]).toEqual([JSON.stringify(NOBODY), true])
        }
      }
      // And nothing is told that is not so.
      told.forEach(({ ageBand, ageGroup, sex, site }, place) => {
        const known = all[place]?.person
        expect([[known?.ageBand, 'none'].includes(ageBand), [known?.ageGroup, 'none'].includes(ageGroup), [known?.sex, 'none'].includes(sex)]).toEqual([true, true, true])
        if (site.length > 0) expect(site).toEqual(known?.site)
      })
    }))
  })
})

describe('the age', () => {
  const at = Date.UTC(2026, 0, 15)
  it.each([
    ['1936-01-15', '90+', true], ['1936-01-16', '80-89', true], ['1912', '90+', true], ['2026-01-10', '0-9', false], ['2010-01-15', '10-19', true], ['2010-01-16', '10-19', false],
    ['1966', 'none', true], ['1960-05', '60-69', true], ['2010', '10-19', null], ['2027-01-01', 'none', null], ['1850-01-01', 'none', null], ['Doe', 'none', null], [undefined, 'none', null],
  ] as const)('of who was born on %s is %s', (bornOn, ageBand, isAdult) => {
    expect(ageBandOf(bornOn, at)).toEqual({ ageBand, isAdult })
  })
})
