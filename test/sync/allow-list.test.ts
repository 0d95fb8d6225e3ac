import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Shape, always, either, encoderOf, fieldNamesOf, form, linesOf, list, maybe, quantity, record, whole, word, wordsOf } from '../../src/sync/allow-list.ts'

const SHAPE = record({
  kind: always('reading'),
  unit: word(['mmHg', '%'], 'a unit'),
  id: form((text) => /^[0-9a-f]{4}$/.test(text), 'four hexadecimal digits'),
  values: list(maybe(quantity(0, 300, 'a value')), 3),
  count: whole(0, 9, 'how many'),
  said: record({ by: either(quantity(0, 9, 'a number'), word(['nobody'], 'or nobody')) }),
})
const GOOD = { kind: 'reading', unit: '%', id: '00ff', values: [1.5, null], count: 2, said: { by: 'nobody' } }
const encode = encoderOf(SHAPE)

describe('an encoder made of a shape', () => {
  it('lets through what the shape names, and nothing besides', () => {
    expect(encode({ ...GOOD, name: 'Doe^Jane', said: { by: 3, ward: 'ICU' } })).toEqual({ kind: 'allowed', value: { ...GOOD, said: { by: 3 } } })
  })

  it.each([
    ['a word that is not of the list', { ...GOOD, unit: 'Doe' }, 'unit'],
    ['a text of another form', { ...GOOD, id: 'jane' }, 'id'],
    ['a number out of range', { ...GOOD, values: [301] }, 'values[]'],
    ['a part of a number where whole ones are due', { ...GOOD, count: 1.5 }, 'count'],
    ['no number at all', { ...GOOD, values: [Number.NaN] }, 'values[]'],
    ['a list that is too long', { ...GOOD, values: [1, 2, 3, 4] }, 'values'],
    ['a field that is missing', { ...GOOD, said: undefined }, 'said'],
    ['a text where a record is due', { ...GOOD, said: 'Doe' }, 'said'],
    ['a list where a record is due', { ...GOOD, said: ['Doe'] }, 'said'],
    ['another word deep inside', { ...GOOD, said: { by: 'Doe' } }, 'said.by'],
    ['a getter that a prototype has', Object.create(GOOD), 'kind'],
  ])('refuses %s, and names the place, never what stands there', (_what, value, at) => {
    expect(encode(value)).toEqual({ kind: 'refused', at })
  })

  it('never lets a text through that is no word of it and has not its form, whatever it is given', () => {
    fc.assert(fc.property(fc.anything({ withNullPrototype: true }), fc.constantFrom('kind', 'unit', 'id', 'values', 'count', 'said'), (anything, field) => {
      const encoded = encode({ ...GOOD, [field]: anything })
      if (encoded.kind === 'refused') return
      const texts: string[] = []
      JSON.stringify(encoded.value, (_key, leaf: unknown) => (typeof leaf === 'string' && texts.push(leaf), leaf))
      expect(texts.every((text) => wordsOf(SHAPE).includes(text) || /^[0-9a-f]{4}$/.test(text))).toBe(true)
    }))
  })

  it('tells people what it lets through, each leaf once', () => {
    expect(linesOf(SHAPE)).toEqual([
      { path: 'kind', says: '`reading`' }, { path: 'unit', says: 'a unit' }, { path: 'id', says: 'four hexadecimal digits' }, { path: 'values[]', says: 'a value; or null' },
      { path: 'count', says: 'how many' }, { path: 'said.by', says: 'a number' }, { path: 'said.by', says: 'or nobody' },
    ])
    const shape: Shape = SHAPE
    expect(fieldNamesOf(shape)).toEqual(['kind', 'unit', 'id', 'values', 'count', 'said', 'by'])
  })
})
