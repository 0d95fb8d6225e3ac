import { expect, test } from 'vitest'
import type { FrozenView } from '../../src/api/stay-wire.ts'
import { type Draft, draftOf, enteredOf, problemOf, requestOf, scoreOf } from '../../src/web/observation.ts'
import { isFrozenView, isLimitsView } from '../../src/web/wire-guard.ts'
import { limitsView } from './fake-stay.ts'
import { T } from './fixtures.ts'

const range = (low: number, high: number, decimals = 0) => ({ low, high, decimals, unit: '' })
const FROZEN: FrozenView = {
  at: T,
  values: [
    { name: 'rr', label: 'RR imp', device: 'mon-7', value: 18, at: T - 1_000, isDoubtful: false, isTimeUncertain: false },
    { name: 'spo2', label: 'SpO₂', device: 'mon-7', value: 95, at: T - 2_000, isDoubtful: false, isTimeUncertain: false },
    { name: 'sbp', label: 'NIBP s', device: 'mon-7', value: 118, at: T - 600_000, isDoubtful: false, isTimeUncertain: false },
    { name: 'pulse', label: 'HR', device: 'mon-7', value: 88, at: T, isDoubtful: false, isTimeUncertain: false },
  ],
  missing: ['temperature'],
  spo2Scale: 1,
  ranges: { rr: range(1, 100), spo2: range(40, 100), sbp: range(30, 300), pulse: range(20, 300), temperature: range(25, 45, 1) },
}
const typed = (draft: Draft, change: Partial<Draft['typed']>): Draft => ({ ...draft, typed: { ...draft.typed, ...change } })
const start = draftOf(FROZEN)

test('a set begins with what was frozen; what no sensor knows is not guessed', () => {
  expect(start).toMatchObject({ typed: { rr: '18', spo2: '95', sbp: '118', pulse: '88', temperature: '' }, onOxygen: null, consciousness: null })
  expect(scoreOf(start)).toMatchObject({ min: 1, max: 9, missing: ['oxygen', 'consciousness', 'temperature'] })
})

test('the score follows each correction', () => {
  const whole = { ...typed(start, { rr: '25', temperature: '39,1' }), onOxygen: true, consciousness: 'V' as const }
  expect(scoreOf(whole)).toMatchObject({ total: 11, complete: true, parts: { rr: 3, spo2: 1, oxygen: 2, sbp: 0, pulse: 0, consciousness: 3, temperature: 2 } })
  expect(scoreOf({ ...whole, frozen: { ...FROZEN, spo2Scale: 2 } }).parts['spo2']).toBe(2)
})

test.each([
  ['', 'absent'], ['  ', 'absent'], ['0', 'wrong'], ['-3', 'wrong'], ['1e2', 'wrong'], ['101', 'wrong'], ['abc', 'wrong'], ['100', 'value'], ['1', 'value'],
])('respirations typed as %j are %s', (text, kind) => {
  expect(enteredOf(typed(start, { rr: text }), 'rr').kind).toBe(kind)
})

test('a number typed again as it stood is not a correction', () => {
  expect(enteredOf(typed(start, { rr: '18' }), 'rr')).toMatchObject({ corrected: false })
  expect(enteredOf(typed(start, { rr: '19' }), 'rr')).toMatchObject({ corrected: true })
})

test('what is sent says when each value was measured, what was corrected and what was typed where nothing stood', () => {
  expect(requestOf({ ...typed(start, { rr: '22', pulse: '', temperature: '36,8' }), consciousness: 'A' })).toEqual({
    takenAt: T,
    values: { rr: { value: 22, at: T, frozen: 18 }, spo2: { value: 95, at: T - 2_000 }, sbp: { value: 118, at: T - 600_000 }, temperature: { value: 36.8, at: T, frozen: null } },
    consciousness: 'A',
  })
})

test('nothing, or what cannot be right, is not confirmed', () => {
  expect(problemOf(start)).toBeNull()
  expect(problemOf(typed(start, { rr: '400' }))).toBe('A value cannot be right.')
  const empty = typed(start, { rr: '', spo2: '', sbp: '', pulse: '' })
  expect(problemOf(empty)).toBe('Nothing is entered.')
  expect(problemOf({ ...empty, onOxygen: false })).toBeNull()
})

test('only what has the shape of a freeze, or of limits, enters the page', () => {
  expect(isFrozenView(FROZEN)).toBe(true)
  expect(isFrozenView({ ...FROZEN, ranges: { rr: null } })).toBe(false)
  expect(isFrozenView({ ...FROZEN, values: [{ name: 'rr' }] })).toBe(false)
  expect(isLimitsView(limitsView([]))).toBe(true)
  expect(isLimitsView({ limits: [] })).toBe(false)
})
