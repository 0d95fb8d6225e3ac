import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AGE_OF, POPULATIONS, populationByAge, populationOf } from '../../src/domain/population.ts'
import { wallMs } from '../../src/domain/time.ts'

const on = (day: string) => wallMs(Date.parse(`${day}T12:00:00Z`))
const TODAY = on('2026-06-15')

describe('the population by date of birth', () => {
  it.each([
    ['2026-06-15', 'neonate'], ['2026-05-18', 'neonate'], ['2026-05-17', 'infant'], ['2025-06-16', 'infant'], ['2025-06-15', 'young-child'], ['2021-06-16', 'young-child'],
    ['2021-06-15', 'child'], ['2013-06-16', 'child'], ['2013-06-15', 'adolescent'], ['2010-06-16', 'adolescent'], ['2010-06-15', 'adult'], ['1926-06-15', 'adult'],
  ])('born on %s is %s, by calendar birthdays', (bornOn, population) => expect(populationByAge(bornOn, TODAY)).toBe(population))

  it.each([
    ['2019', 'child'], ['2012-01', 'adolescent'], ['1950', 'adult'], ['2026-06', 'neonate'],
    // 12 or 13 years: a child, and too little is known for one chart. 15 or 16: not even that.
    ['2013', 'paediatric'], ['2026', 'paediatric'], ['2010', null],
  ])('of %s, which is not a whole date, is %s', (bornOn, population) => expect(populationByAge(bornOn, TODAY)).toBe(population))

  it.each(['', 'unknown', '2026-13-01', '2025-02-29', '2026-06-16', '2027', '1880-01-01', '15.06.1980'])('of %j is not known', (bornOn) => {
    expect(populationByAge(bornOn, TODAY)).toBeNull()
    expect(populationOf(bornOn, 'neonate', TODAY)).toBe('neonate')
  })

  it('changes with the birthday, on a leap day too', () => {
    expect([populationByAge('2012-02-29', on('2025-02-28')), populationByAge('2012-02-29', on('2025-03-01'))]).toEqual(['child', 'adolescent'])
    expect([populationByAge('2026-01-01', on('2026-01-29')), populationByAge('2026-01-01', on('2026-01-30'))]).toEqual(['neonate', 'infant'])
  })

  it('is of the ward where nobody knows it, and a mother of a maternity ward is pregnant while her child is not', () => {
    expect(populationOf(undefined, 'paediatric', TODAY)).toBe('paediatric')
    expect(populationOf('1995-03-01', 'pregnant', TODAY)).toBe('pregnant')
    expect(populationOf('2012-03-01', 'pregnant', TODAY)).toBe('pregnant')
    expect(populationOf('2026-06-14', 'pregnant', TODAY)).toBe('neonate')
    expect(populationOf('1940-01-01', 'pregnant', TODAY)).toBe('adult')
    expect(populationOf('1995-03-01', 'paediatric', TODAY)).toBe('adult')
  })

  it('is one of the list for any text and any time, and no child is ever an adult', () => {
    const born = fc.date({ min: new Date('2011-01-01'), max: new Date('2026-06-14'), noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10))
    fc.assert(
      fc.property(born, (bornOn) => {
        const population = populationByAge(bornOn, TODAY)
        expect(population !== null && population !== 'adult' && AGE_OF[population] !== null).toBe(true)
      }),
    )
    fc.assert(fc.property(fc.string(), fc.integer({ min: 0, max: 4e12 }), (bornOn, at) => {
      expect([null, ...POPULATIONS]).toContain(populationByAge(bornOn, wallMs(at)))
    }))
  })
})
