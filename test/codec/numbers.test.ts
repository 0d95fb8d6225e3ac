import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSentinel, readNumber } from '../../src/codec/numbers.ts'

const read = (text: string): string | number => {
  const written = readNumber(text)
  return written.kind === 'number' ? written.value : written.kind === 'absent' ? written.reason : written.why
}

describe('a number', () => {
  it.each([
    ['0', 0],
    ['80', 80],
    ['036.6', 36.6],
    ['36.8', 36.8],
    ['+1.5', 1.5],
    ['-2.25', -2.25],
    ['.5', 0.5],
    ['98.', 98],
    [' 12 ', 12],
    ['1234567.25', 1_234_567.25],
    ['36,8', 36.8],
    ['0,926', 0.926],
    ['1926,5', 1926.5],
    ['1,9265', 1.9265],
  ])('%j is %d', (text, value) => expect(read(text)).toBe(value))

  it('is what Number makes of it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_999_999 }), fc.integer({ min: 0, max: 7 }), (digits, decimals) => {
        const text = String(digits).padStart(decimals + 1, '0')
        const written = decimals === 0 ? text : `${text.slice(0, -decimals)}.${text.slice(-decimals)}`
        fc.pre(!isSentinel(Number(written)))
        expect(read(written)).toBe(Number(written))
        expect(read(`-${written}`)).toBe(isSentinel(-Number(written)) ? 'not-measured' : -Number(written))
      }),
    )
  })

  it('may be marked questionable', () => {
    expect(readNumber('?7.412')).toEqual({ kind: 'number', value: 7.412, questionable: true })
    expect(readNumber('?')).toEqual({ kind: 'absent', reason: 'not-measured' })
    expect(readNumber('??7')).toMatchObject({ kind: 'unreadable' })
    expect(readNumber('7')).toEqual({ kind: 'number', value: 7, questionable: false })
  })
})

describe('what is no number', () => {
  it.each([
    '', ' ', '""', '-', '---', '--.-', '-.-', '--.--', '***-', '-100', '-100.00', '-10000', '-999', '-999.0', '-99.9', '32767', '8388607', '-8388608',
    '-32767', '-32761', '-32768', '007FFFFF', '007fffff', '00800000',
  ])('%j was not measured', (text) => expect(read(text)).toBe('not-measured'))

  it.each([
    '>98', '<20', '98%', '1E2', 'NaN', 'Infinity', 'Alert', '1 2', '1-2', '90^160', '96~97', '0x10', '1.2.3', '--5', '.', '+', '٣', '−5', '98 '.repeat(20),
  ])('%j cannot be read', (text) => expect(read(text)).toBe('not a number'))

  it.each(['1,926', '-12,345', '999,000'])('%j could be two things', (text) => expect(read(text)).toBe('a comma that may part decimals or thousands'))

  it.each(['32766', '-101', '-99.8', '-32760', '-32769', '8388606'])('%j is next to a sentinel and none', (text) => expect(read(text)).toBe(Number(text)))

  it('is judged in linear time', () => {
    for (const text of ['-'.repeat(1_000_000), '?'.repeat(1_000_000), `${'-'.repeat(500_000)}x`, '1'.repeat(1_000_000)]) expect(read(text)).toBe('not a number')
  })
})
